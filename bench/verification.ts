import { openDatabase } from '../src/app/database.ts';
import { executeRun, requestRun, scopeOfTenant } from '../src/billing/invoicing/service/run.ts';
import { executeVerification, requestVerification } from '../src/desk/reconciliation/service/verifications.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { listOrganizations } from '../src/foundation/tenancy/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres, Scope } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { createIngest } from '../src/usage/metering/service/ingest.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import { makeSubscriptions, skus, subscriptions, timed } from './billing.ts';
import type { Figure } from './figure.ts';

const events_per_sku = 6;

/**
 * A verification of 10,000 invoices over 5 SKUs each and 300,000 events, received through ingest, as a ratio to the billing run that made
 * them, rollups included. Both read the same events; the verification hashes each of them anew.
 */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('error'));
  try {
    return await measure(database.postgres);
  } finally {
    await database.stop();
    folder.remove();
  }
}

async function measure(postgres: Postgres): Promise<Figure[]> {
  const tenant = { name: 'Bench', slug: 'bench', currency: 'AUD' };
  const { tenant_id } = await createTenantWithAdmin({ postgres, clock }, tenant, async (tx) => {
    await createTenantKeys(tx);
  });
  const deps = { postgres, clock };
  const scope = await scopeOfTenant(deps, tenant_id);
  await makeSubscriptions(postgres, scope);
  await receive(postgres, scope);
  const run_s = await timed(async () => {
    const { run_id } = await postgres.transact(scope, (tx) =>
      requestRun(tx, { from: '2026-03-01', to: '2026-04-01' }, { run_at: clock.now().add({ hours: 1 }) }),
    );
    const done = await executeRun(deps, { tenant_id, run_id });
    if (done.invoices !== subscriptions) throw new Error(`the run made ${done.invoices} invoices`);
  });
  const { verification_id } = await postgres.transact(scope, (tx) => requestVerification(tx, {}));
  let events = 0;
  const verify_s = await timed(async () => {
    const done = await executeVerification(deps, { tenant_id, verification_id });
    if (done.differences !== 0 || done.checked.invoices !== subscriptions) throw new Error(JSON.stringify(done));
    events = done.checked.events;
  });
  const rate = (count: number) => Math.round(count / verify_s).toLocaleString('en');
  return [
    {
      name: 'verification of 10,000 invoices vs the run that made them, rollups from nothing',
      ratio: verify_s / run_s,
      detail: `${verify_s.toFixed(1)} s against ${run_s.toFixed(1)} s; ${rate(subscriptions)} invoices/s, ${rate(events)} events/s, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
    },
  ];
}

/** Ten thousand at a time, as clients send them. */
async function receive(postgres: Postgres, scope: Scope): Promise<void> {
  const ingest = createIngest(postgres, { queue_events: 100_000 });
  let made = 0;
  for (let cursor: string | undefined, more = true; more; ) {
    const asked = { limit: 100, cursor, org_ids: null };
    const page = await postgres.read(scope, (db) => listOrganizations(db, asked));
    const customers = page.data.filter((organization) => !organization.is_own);
    const events = customers.flatMap(({ org_id }) =>
      skus.flatMap((sku) =>
        Array.from({ length: events_per_sku }, (_, at) => {
          made += 1;
          const time = `2026-03-${String(1 + ((made * 7 + at * 5) % 31)).padStart(2, '0')}T0${at}:00:00Z`;
          return { request_id: `bench/${made}`, org_id, sku, quantity: `${1 + (made % 30)}.5`, time };
        }),
      ),
    );
    if (events.length === 0) break;
    const outcome = await ingest.ingestEvents(scope.tenant_id, events, { now: scope.now });
    if (outcome.accepted !== events.length) throw new Error(JSON.stringify(outcome.rejected.slice(0, 3)));
    more = page.next_cursor !== null;
    cursor = page.next_cursor ?? undefined;
  }
  await ingest.close();
}
