import { parseArgs } from 'node:util';
import { NewReplay, type ReplayJob } from '../../desk/reconciliation/model.ts';
import { controlReplay, createReplay, executeReplay, replayById } from '../../desk/reconciliation/service/replays.ts';
import { leftUntil, scopeOfTenant } from '../../desk/reconciliation/service/verifications.ts';
import { organizationBySlug } from '../../foundation/tenancy/service.ts';
import { clock } from '../../platform/clock.ts';
import { foreseenBy } from '../reactions.ts';
import { print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

/** Sends stored events through the reactions again, or says what that would do. */
export async function replayEvents(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      type: { type: 'string', multiple: true },
      'aggregate-type': { type: 'string' },
      aggregate: { type: 'string' },
      org: { type: 'string' },
      correlation: { type: 'string' },
      id: { type: 'string', multiple: true },
      dead: { type: 'boolean' },
      rate: { type: 'string', default: '1000' },
      reason: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      tenant: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (!/^[1-9]\d{0,5}$/.test(values.rate)) throw new UsageError('--rate is how many events a second, from 1.');
  return withDatabase(async ({ postgres }) => {
    const tenant_id = await requireTenantId(postgres, values.tenant);
    const deps = { postgres, clock, beside_queue: true };
    const scope = await scopeOfTenant(deps, tenant_id);
    const made = await postgres.transact(scope, async (tx) => {
      const organization = values.org === undefined ? undefined : await organizationBySlug(tx, values.org);
      if (values.org !== undefined && !organization) throw new UsageError(`There is no organization ${values.org}.`);
      const asked = {
        dry_run: values['dry-run'],
        rate_per_second: Number.parseInt(values.rate, 10),
        reason: values.reason,
        selection: {
          ...{ from: values.from, to: values.to, types: values.type, org_id: organization?.org_id, event_ids: values.id },
          ...{ aggregate_type: values['aggregate-type'], aggregate_id: values.aggregate, correlation_id: values.correlation },
          dead_only: values.dead,
        },
      };
      const request = NewReplay.safeParse(asked);
      if (!request.success) {
        const [issue] = request.error.issues;
        throw new UsageError(`${issue?.path.join('.') ?? 'the selection'}: ${issue?.message ?? 'is not as it should be'}`);
      }
      return createReplay(tx, request.data, { reactionsTo: foreseenBy(deps.postgres), run_at: leftUntil(deps) });
    });
    const replay = made.dry_run ? made : await executeReplay(deps, { tenant_id, replay_id: made.replay_id });
    print(values.json, replay, lines(replay));
    return replay.status === 'completed' ? 0 : 1;
  });
}

/** Looks at a replay, or pauses, resumes or cancels it. */
export async function controlReplayJob(
  control: 'show' | 'pause' | 'resume' | 'cancel',
  argv: readonly string[],
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { tenant: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [replay_id, ...more] = positionals;
  if (replay_id === undefined || !/^[0-9a-f-]{36}$/.test(replay_id) || more.length > 0)
    throw new UsageError('Name one replay by its id.');
  return withDatabase(async ({ postgres }) => {
    const tenant_id = await requireTenantId(postgres, values.tenant);
    const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
    const replay = await postgres.transact(scope, (tx) =>
      control === 'show' ? replayById(tx, replay_id) : controlReplay(tx, replay_id, control),
    );
    print(values.json, replay, lines(replay));
    return 0;
  });
}

function lines({ replay_id, status, progress, forecast }: ReplayJob): string[] {
  const foreseen = (forecast?.by_type ?? []).flatMap(({ type, events, dead, reactions }) => [
    `${type.padEnd(30)} ${events} events${dead > 0 ? `, ${dead} of them dead` : ''}`,
    ...reactions.map(({ reaction, had, would_run }) => `  ${reaction}: had its effect for ${had}, would run for ${would_run}`),
  ]);
  return [
    ...foreseen,
    `replay     ${replay_id} ${status}`,
    forecast
      ? `events     ${forecast.events} selected; nothing was done`
      : `events     ${progress.done} of ${progress.total} sent again`,
  ];
}
