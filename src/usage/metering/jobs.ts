import { tenantNow } from '../../foundation/tenancy/model.ts';
import { requireTenant } from '../../foundation/tenancy/service.ts';
import { enqueue, type JobContext, type JobDefinition } from '../../platform/jobs.ts';
import type { Scope } from '../../platform/postgres.ts';
import type { Ingest } from './model.ts';
import { archiveUsage } from './service/archive.ts';
import { deprecation_job, runDeprecation } from './service/deprecations.ts';
import { tendGenerations } from './service/generations.ts';
import { replay_job, runReplay } from './service/replays.ts';
import { rollUpWhatIsNew, tenantsToRollUp } from './service/rollup.ts';

/** How long a tenant with news waits for its next rollup. */
const pause_s = 5;

/**
 * Each minute, every tenant with usage that is not rolled up gets a job; that job rolls up and, while there was something new, asks for
 * itself again. Two jobs of a tenant do no harm: the second waits, and finds nothing to do.
 */
export function jobs({ ingest }: { ingest: Ingest }): JobDefinition[] {
  return [
    {
      // Ingest closes what it fills. This is for what a process that died left sealed, and for months in which nothing comes.
      name: 'metering.generations',
      cron: '* * * * *',
      catch_up: 'none',
      run: async (_payload, { postgres }) => void (await tendGenerations(postgres, { over: null })),
    },
    {
      name: 'metering.rollup',
      cron: '* * * * *',
      catch_up: 'none',
      async run(_payload, { postgres, clock }) {
        for (const tenant_id of await tenantsToRollUp(postgres)) {
          await postgres.transact({ tenant_id, now: clock.now(), actor }, (tx) =>
            enqueue(tx, 'metering.rollup_tenant', {}, { key: jobKey(tenant_id) }),
          );
        }
      },
    },
    {
      name: 'metering.rollup_tenant',
      async run({ tenant_id = '' }, { postgres, clock, signal }) {
        const began = clock.now();
        const tenant = await postgres.read({ tenant_id, now: began }, requireTenant);
        if (!(await rollUpWhatIsNew(postgres, tenant_id, tenantNow(tenant, began))) || signal.aborted) return;
        // A tenant whose rollups take long is rolled up less often, so that rollups never fill the machine.
        const took = clock.now().since(began);
        const run_at = clock.now().add(took).add(took).add({ seconds: pause_s });
        await postgres.transact({ tenant_id, now: clock.now(), actor }, (tx) =>
          enqueue(tx, 'metering.rollup_tenant', {}, { key: jobKey(tenant_id), run_at }),
        );
      },
    },
    {
      name: deprecation_job,
      async run({ tenant_id = '', deprecation_id = '' }, { postgres, clock, signal }) {
        const scope = await scopeOf({ postgres, clock }, tenant_id);
        if (await runDeprecation(postgres, scope, deprecation_id, signal)) return;
        await postgres.transact(scope, (tx) => enqueue(tx, deprecation_job, { deprecation_id }));
      },
    },
    {
      name: replay_job,
      async run({ tenant_id = '', replay_id = '' }, { postgres, clock, signal }) {
        const scope = await scopeOf({ postgres, clock }, tenant_id);
        if (await runReplay({ postgres, ingest }, scope, replay_id, signal)) return;
        await postgres.transact(scope, (tx) => enqueue(tx, replay_job, { replay_id }));
      },
    },
  ];
}

/** Archives usage that is older than the server keeps, each night; nothing where it keeps all. */
export function archivingJobs({ retention_months }: { retention_months: number | null }): JobDefinition[] {
  if (retention_months === null) return [];
  return [
    {
      name: 'metering.archive',
      cron: '20 2 * * *',
      async run(_payload, { postgres, clock, log, signal }) {
        const month = clock
          .now()
          .toZonedDateTimeISO('UTC')
          .toPlainDate()
          .toPlainYearMonth()
          .subtract({ months: retention_months });
        const done = await archiveUsage(postgres, { before: `${month}`, signal });
        for (const { gen, document, unsettled } of done) {
          if (document !== null) log.info({ gen, document }, 'usage was archived');
          else log.info({ gen, organizations: unsettled.length }, 'usage stays that is not billed yet');
        }
      },
    },
  ];
}

const actor = { kind: 'system', id: 'metering' } as const;

function jobKey(tenant_id: string): string {
  return `metering.rollup ${tenant_id}`;
}

/** The tenant's time, and who acts. */
async function scopeOf({ postgres, clock }: Pick<JobContext, 'postgres' | 'clock'>, tenant_id: string): Promise<Scope> {
  const tenant = await postgres.read({ tenant_id, now: clock.now() }, requireTenant);
  return { tenant_id, now: tenantNow(tenant, clock.now()), actor };
}
