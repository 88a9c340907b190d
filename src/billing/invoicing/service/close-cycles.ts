import { testClocks } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import { startOfDay } from '../../../kernel/period.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Tx } from '../../../platform/postgres.ts';
import type { SchedulerMetrics } from '../../../platform/scheduler/metrics.ts';
import type { Duty } from '../../../platform/scheduler/scheduler.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { unpricedSubscriptions } from '../../rating/service/subscriptions.ts';
import { unbilledSubscriptions } from '../../subscriptions/service/cycles.ts';
import { type Cycle, type CycleSubscription, nextCycle } from '../decide/cycles.ts';
import {
  type DueRow,
  deleteDue,
  holdSetting,
  lockDue,
  type NextLook,
  putOff,
  type SettingRow,
  selectClosedTo,
  selectDue,
  setNextLooks,
} from '../sql/cycles.ts';
import { closeCycles } from './billed-cycles.ts';
import { type RunDeps, scopeOfTenant } from './run.ts';

/** Organizations of a tenant that are looked at together. */
const batch = 100;

export type CycleDeps = Pick<RunDeps, 'postgres' | 'clock'> & { log: Pick<Logger, 'warn'>; metrics: SchedulerMetrics };

/** Closes what is due, for the scheduler. */
export function cycleDuty(deps: CycleDeps): Duty {
  return { name: 'invoicing.cycles', attend: (mayGoOn) => closeDueCycles(deps, mayGoOn) };
}

/**
 * Closes every cycle whose end, and the tenant's grace after it, has passed by the tenant's clock: the longest due first, and an
 * organization's own in their order, each in a transaction with its event. Two that do this at once close each cycle once.
 */
export async function closeDueCycles(deps: CycleDeps, mayGoOn: () => boolean): Promise<void> {
  while (mayGoOn()) {
    const clocks = await testClocks(deps.postgres);
    const due = await selectDue(deps.postgres.pool('due'), { now: deps.clock.now(), clocks, limit: batch });
    deps.metrics.lag_s.set(Math.max(0, ...due.map((each) => each.lag_s)));
    let looked = 0;
    for (const [tenant_id, rows] of Map.groupBy(due, (each) => each.tenant_id)) {
      if (!mayGoOn()) return;
      looked += await lookAt(
        deps,
        tenant_id,
        rows.map((row) => row.org_id),
      );
    }
    // What is left is in the hands of another, or is put off.
    if (looked === 0) return;
  }
}

/** Answers how many organizations were looked at. One that cannot be is put off, and holds up no other. */
async function lookAt(deps: CycleDeps, tenant_id: string, org_ids: readonly string[]): Promise<number> {
  const scope = { ...(await scopeOfTenant(deps, tenant_id)), actor: { kind: 'system', id: 'scheduler' } as const };
  try {
    const { looked, closed } = await deps.postgres.transact(scope, (tx) => look(tx, org_ids));
    if (closed > 0) failpoint('scheduler.cycle-closed-not-run');
    deps.metrics.cycles.inc(closed);
    return looked;
  } catch (error) {
    const [org_id, ...others] = org_ids;
    if (org_id !== undefined && others.length === 0) {
      deps.log.warn({ err: error, tenant_id, org_id }, 'the cycle of an organization cannot be closed now');
      await deps.postgres.transact(scope, (tx) => putOff(tx, org_id, deps.clock.now()));
      return 0;
    }
    let looked = 0;
    for (const each of org_ids) looked += await lookAt(deps, tenant_id, [each]);
    return looked;
  }
}

async function look(tx: Tx, org_ids: readonly string[]): Promise<{ looked: number; closed: number }> {
  const setting = await holdSetting(tx);
  const rows = await lockDue(tx, org_ids);
  if (!setting?.automatic || setting.switched_on_at === null || rows.length === 0) return { looked: 0, closed: 0 };
  const cycleOf = await readCycles(tx, { ...setting, switched_on_at: setting.switched_on_at }, rows);
  const running = rows.map((row) => ({ row, cycle: cycleOf(row) }));
  const due = running.flatMap(({ row, cycle }) => (cycle && isDue(cycle, setting, tx.now) ? [{ row, cycle }] : []));
  const closed = await closeCycles(
    tx,
    due.map(({ row: { org_id }, cycle: { from, to, ends_at, time_zone } }) => ({
      ...{ cycle_id: newId(tx.now), org_id, from_date: `${from}`, to_date: `${to}`, time_zone },
      ...{ from_at: `${startOfDay(from, time_zone)}`, to_at: `${ends_at}` },
    })),
    { closed_by: 'scheduler', run_id: null },
  );
  // What was closed, by this or by a run meanwhile, is followed by another cycle: that is looked at in its turn.
  const after = new Set(due.map(({ row }) => row.org_id));
  await setNextLooks(
    tx,
    running.flatMap(({ row, cycle }) => (cycle ? [nextLook(row, cycle, { setting, closed: after.has(row.org_id) })] : [])),
  );
  const idle = running.flatMap(({ row, cycle }) => (cycle ? [] : [row.org_id]));
  if (idle.length > 0) await deleteDue(tx, idle);
  return { looked: rows.length, closed: closed.size };
}

type CycleInZone = Cycle & { time_zone: string };

/** Which cycle of an organization ends next. One that runs keeps the time zone that it began with. */
async function readCycles(
  tx: Tx,
  setting: SettingRow & { switched_on_at: string },
  rows: readonly DueRow[],
): Promise<(row: DueRow) => CycleInZone | null> {
  const org_ids = rows.map((row) => row.org_id);
  const subscriptions = await unbilledSubscriptions(tx, org_ids);
  const bare = await unpricedSubscriptions(tx, subscriptions);
  const owned = Map.groupBy(
    bare.map((each, index) => ({ ...each, ...subscriptions[index]!, time_zone: each.time_zone })),
    (each) => each.org_id,
  );
  const closedTo = await selectClosedTo(tx, org_ids);
  return ({ org_id, to_date, time_zone: begun_in }) => {
    const own = owned.get(org_id);
    if (!own) return null;
    const closed = closedTo.get(org_id) ?? null;
    const runs = begun_in !== null && to_date !== null && (closed === null || to_date > closed.to_date);
    const time_zone = runs ? begun_in : own[0]!.time_zone;
    const cycle = nextCycle({ subscriptions: own satisfies readonly CycleSubscription[], closed, settings: setting, time_zone });
    return cycle && { ...cycle, time_zone };
  };
}

function isDue({ ends_at }: Cycle, { grace_s }: SettingRow, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(ends_at.add({ seconds: grace_s }), now) <= 0;
}

function nextLook(row: DueRow, cycle: CycleInZone, { setting, closed }: { setting: SettingRow; closed: boolean }): NextLook {
  return {
    org_id: row.org_id,
    // At once for what follows it: it may be due too.
    due_at: `${closed ? cycle.ends_at : cycle.ends_at.add({ seconds: setting.grace_s })}`,
    from_date: `${cycle.from}`,
    to_date: `${cycle.to}`,
    time_zone: cycle.time_zone,
    to_at: `${cycle.ends_at}`,
  };
}
