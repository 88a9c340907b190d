import { recordAudit } from '../../../foundation/audit/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { subscribers } from '../../subscriptions/service/cycles.ts';
import { errors } from '../errors.ts';
import type { BillingCycle, BillingSettings, NewBillingSettings, UpcomingCycle } from '../model/cycles.ts';
import {
  type CycleRow,
  lockCycle,
  markDue,
  type SettingRow,
  selectCycles,
  selectEarlierRuns,
  selectSetting,
  selectUpcoming,
  setOutcome,
  upsertSetting,
} from '../sql/cycles.ts';
import type { RunRow } from '../sql.ts';
import { executeRun, type RunDeps, type RunToExecute, requestRun, scopeOfTenant } from './run.ts';

const default_grace_s = 6 * 3600;
const unset: SettingRow = { automatic: false, grace_s: default_grace_s, from_date: null, switched_on_at: null };

/** How the tenant's cycles are closed; by hand until it says otherwise. */
export async function billingSettings(db: Db): Promise<BillingSettings> {
  return toSettings((await selectSetting(db)) ?? unset);
}

/** What is not given is as it is by default. Switched on, every organization with a subscription is looked at anew. */
export async function changeBillingSettings(tx: Tx, wanted: NewBillingSettings): Promise<BillingSettings> {
  const before = (await selectSetting(tx)) ?? unset;
  const { automatic, grace: grace_s = default_grace_s, from: from_date = null } = wanted;
  const after = await upsertSetting(tx, { automatic, grace_s, from_date });
  await recordAudit(tx, {
    action: 'billing_settings.changed',
    target_type: 'tenant',
    target_id: tx.tenant_id,
    before: toSettings(before),
    after: toSettings(after),
  });
  if (automatic) await markDue(tx, await subscribers(tx));
  return toSettings(after);
}

/** Has an organization's cycles looked at anew. */
export async function watchOrganization(tx: Tx, org_id: string): Promise<void> {
  await markDue(tx, [org_id]);
}

/**
 * Requests the run of a cycle that the scheduler closed, unless it has one. What refuses the run (its days may have been billed in another
 * way meanwhile) is kept with the cycle, to be seen: trying the same again would not help.
 */
export async function billClosedCycle(tx: Tx, cycle_id: string): Promise<void> {
  const cycle = await lockCycle(tx, cycle_id);
  if (!cycle || cycle.run_id !== null) return;
  try {
    await setOutcome(tx, cycle_id, await runOf(tx, cycle));
  } catch (error) {
    if (!(error instanceof CodedError) || error.status >= 500) throw error;
    await setOutcome(tx, cycle_id, { code: error.code, detail: error.message });
  }
}

/** Bills a cycle again, where its run failed, had errors or was refused. Throws `cycle_unknown`, `cycle_running`, and what `requestRun` does. */
export async function retryCycle(tx: Tx, cycle_id: string): Promise<BillingCycle> {
  const cycle = await lockCycle(tx, cycle_id);
  if (!cycle) throw errors.cycle_unknown({ detail: `There is no billing cycle ${cycle_id}.` });
  if (cycle.run_status === 'queued' || cycle.run_status === 'running') {
    throw errors.cycle_running({ detail: `Its run ${cycle.run_id} is ${cycle.run_status}.` });
  }
  await setOutcome(tx, cycle_id, await runOf(tx, cycle));
  return toCycle((await lockCycle(tx, cycle_id))!);
}

/**
 * Bills a run to its end, and before it what the organization's earlier cycles still have to be billed: several that were closed at once, as
 * after a downtime, become invoices in their order. One that has failed for good holds up none.
 */
export async function executeInOrder(deps: RunDeps, run: RunToExecute): Promise<RunRow> {
  const scope = await scopeOfTenant(deps, run.tenant_id);
  for (const run_id of await deps.postgres.read(scope, (db) => selectEarlierRuns(db, run.run_id))) {
    await executeRun(deps, { tenant_id: run.tenant_id, run_id });
  }
  return executeRun(deps, run);
}

/** Closed cycles, newest first. Throws `cursor_invalid`. */
export async function listCycles(
  db: Db,
  query: { org_id?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ data: BillingCycle[]; next_cursor: string | null }> {
  const sort = 'billing_cycles.cycle_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectCycles(db, { org_id: query.org_id ?? null, limit: query.limit + 1, below });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.cycle_id]));
  return { data: data.map(toCycle), next_cursor };
}

/** Cycles that will be closed without being asked for, soonest first. Throws `cursor_invalid`. */
export async function listUpcoming(
  db: Db,
  query: { org_id?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ data: UpcomingCycle[]; next_cursor: string | null }> {
  const sort = 'upcoming_cycles.due_at';
  const [due_at, org_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const after = due_at === undefined || org_id === undefined ? null : { due_at, org_id };
  const rows = await selectUpcoming(db, { org_id: query.org_id ?? null, limit: query.limit + 1, after });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.due_at, row.org_id]));
  return {
    next_cursor,
    data: data.map(({ org_id, from_date, to_date, time_zone, to_at, due_at, failures }) => ({
      ...{ org_id, from: from_date, to: to_date, time_zone, ends_at: to_at, closes_at: due_at, failures },
    })),
  };
}

async function runOf(tx: Tx, { org_id, from_date: from, to_date: to, time_zone }: CycleRow): Promise<{ run_id: string }> {
  const { run_id } = await requestRun(tx, { from, to, org_id }, { time_zone });
  return { run_id };
}

function toSettings({ automatic, grace_s, from_date, switched_on_at }: SettingRow): BillingSettings {
  const grace = Temporal.Duration.from({ seconds: grace_s }).round({ largestUnit: 'hours' }).toString();
  return { automatic, grace, from: from_date, switched_on_at };
}

function toCycle(row: CycleRow): BillingCycle {
  return {
    cycle_id: row.cycle_id,
    org_id: row.org_id,
    from: row.from_date,
    to: row.to_date,
    time_zone: row.time_zone,
    from_at: row.from_at,
    to_at: row.to_at,
    closed_at: row.closed_at,
    closed_by: row.closed_by,
    run:
      row.run_id === null || row.run_status === null
        ? null
        : { run_id: row.run_id, status: row.run_status, invoices: row.run_invoices ?? 0, errors: row.run_errors ?? 0 },
    refusal: row.refusal,
  };
}
