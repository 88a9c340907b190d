import { recordAudit } from '../../../foundation/audit/service.ts';
import { emitMany } from '../../../foundation/events/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { applyTransition } from '../../../kernel/lifecycle.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { lifecycle, type UsagePeriod, type UsageProblem, type UsageState, type UsageStateEntry } from '../model/lifecycle.ts';
import type { ChargeOnRecord, PlannedPeriod } from '../model.ts';
import {
  deleteReported,
  insertReported,
  keepProblems,
  lockUsageStates,
  selectUsageStates,
  type UsageStateFilter,
  updateUsageStates,
} from '../sql/lifecycle.ts';

/** Usage that moves; what is not named stays as it was. */
interface Moved extends UsagePeriod {
  readonly subscription_id?: string;
  readonly charge_id?: string;
  readonly invoice_id?: string;
}

/** Who moves it, for the record: one entry, however much usage. */
interface Cause {
  readonly target_type: string;
  readonly target_id: string;
}

/**
 * Moves the usage of organizations, SKUs and periods to a state: held, checked against the table, written, put on record. Nothing else
 * changes a state; who calls it tells it. Throws `usage_transition`.
 */
async function applyLifecycle(tx: Tx, to: UsageState, moved: readonly Moved[], cause: Cause): Promise<void> {
  const held = new Map((await lockUsageStates(tx, moved)).map((row) => [row.place, row]));
  const changes = moved.map(({ subscription_id = null, charge_id = null, invoice_id = null }, place) => {
    const row = held.get(place);
    assert(row, 'usage that moves is on record');
    applyTransition(lifecycle, { from: row.state, to }, errors.usage_transition);
    return { usage_state_id: row.usage_state_id, subscription_id, charge_id, invoice_id };
  });
  await updateUsageStates(tx, to, changes);
  const organizations = new Set(moved.map((each) => each.org_id));
  await recordAudit(tx, {
    action: `usage.${to}`,
    ...cause,
    org_id: organizations.size === 1 ? moved[0]!.org_id : null,
    before: null,
    after: { state: to, organizations: organizations.size, periods: moved.length },
  });
}

/**
 * The usage of planned periods is rated by their charges, in the transaction that stores both. Corrections move nothing: their usage is
 * billed. Throws `usage_transition`.
 */
export async function rateUsage(tx: Tx, planned: readonly PlannedPeriod[], charges: readonly ChargeOnRecord[]): Promise<void> {
  const periods = planned.filter(({ kind }) => kind === 'period');
  const [first] = periods;
  if (!first) return;
  const rated = firstCharges(charges);
  if (rated.length > 0) {
    await insertReported(
      tx,
      rated.map((each) => ({ ...each, usage_state_id: newId(tx.now) })),
    );
    await applyLifecycle(tx, 'rated', rated, { target_type: 'billing_run', target_id: first.run_id });
  }
  await deleteReported(tx, { periods, charged: rated });
  await emitMany<typeof events>(
    tx,
    ofOrganizations(rated).map(({ org_id, usage }) => ({
      type: 'usage.rated' as const,
      ...aboutUsageOf(org_id),
      data: { org_id, run_id: first.run_id, usage: usage.map(named) },
    })),
  );
}

/** Usage is billed by the invoices that its charges are on, in the transaction that finalises them. Throws `usage_transition`. */
export async function billUsage(
  tx: Tx,
  run_id: string,
  billed: readonly { charge: ChargeOnRecord; invoice_id: string }[],
): Promise<void> {
  const invoices = new Map(billed.map(({ charge, invoice_id }) => [charge.charge_id, invoice_id]));
  const moved = firstCharges(billed.map(({ charge }) => charge)).map((each) => {
    return { ...each, invoice_id: invoices.get(each.charge_id)! };
  });
  if (moved.length === 0) return;
  await applyLifecycle(tx, 'billed', moved, { target_type: 'billing_run', target_id: run_id });
  await emitMany<typeof events>(
    tx,
    [...Map.groupBy(moved, (each) => each.invoice_id)].map(([invoice_id, usage]) => {
      const { org_id } = usage[0]!;
      return { type: 'usage.billed' as const, ...aboutUsageOf(org_id), data: { org_id, invoice_id, usage: usage.map(named) } };
    }),
  );
}

/** The charges of usage do not count any more: it may be rated again. Throws `usage_transition`. */
export async function voidUsage(tx: Tx, voided: readonly UsagePeriod[]): Promise<void> {
  for (const { org_id, usage } of ofOrganizations(voided))
    await applyLifecycle(tx, 'voided', usage, { target_type: 'organization', target_id: org_id });
  await emitMany<typeof events>(
    tx,
    ofOrganizations(voided).map(({ org_id, usage }) => ({
      type: 'usage.voided' as const,
      ...aboutUsageOf(org_id),
      data: { org_id, usage: usage.map(({ sku, from, to }) => ({ sku, from, to })) },
    })),
  );
}

/** A subscription that a run could not rate; `usage` is what was reported of its periods, as far as it could be read. */
export interface RatingFault {
  readonly subscription_id: string;
  readonly org_id: string;
  readonly code: string;
  readonly detail: string;
  readonly usage: readonly { sku: string; from: string; to: string }[];
}

/** Puts on record and tells how rating a part of a run went, once its charges are stored. */
export async function tellRating(
  tx: Tx,
  {
    run_id,
    subscriptions,
    charges,
    faults,
  }: { run_id: string; subscriptions: number; charges: number; faults: readonly RatingFault[] },
): Promise<void> {
  const problems = faults.flatMap(({ subscription_id, org_id, code, detail, usage }): UsageProblem[] =>
    usage.map((period) => ({ ...period, org_id, subscription_id, problem: { code, detail } })),
  );
  if (problems.length > 0)
    await keepProblems(
      tx,
      problems.map((each) => ({ ...each, usage_state_id: newId(tx.now) })),
    );
  await emitMany<typeof events>(tx, [
    ...faults.map((fault) => ({
      type: 'rating.failed' as const,
      aggregate_type: 'subscription',
      aggregate_id: fault.subscription_id,
      org_id: fault.org_id,
      data: { run_id, ...fault, usage: [...fault.usage] },
    })),
    {
      type: 'rating.completed' as const,
      aggregate_type: 'billing_run',
      aggregate_id: run_id,
      data: { run_id, subscriptions, charges, failed: faults.length },
    },
  ]);
}

export type UsageStateQuery = Omit<UsageStateFilter, 'below'> & { cursor?: string | undefined };

/** Newest first. Throws `cursor_invalid`. */
export async function listUsageStates(
  db: Db,
  query: UsageStateQuery,
): Promise<{ data: UsageStateEntry[]; next_cursor: string | null }> {
  const sort = 'usage_states.usage_state_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectUsageStates(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.usage_state_id]));
}

/** The charges by which usage is billed first: those that move it. */
function firstCharges(charges: readonly ChargeOnRecord[]) {
  return charges.flatMap(({ kind, adjusts, org_id, sku, from, to, subscription_id, charge_id }) =>
    kind === 'usage' && adjusts === null && sku !== null ? [{ org_id, sku, from, to, subscription_id, charge_id }] : [],
  );
}

function ofOrganizations<Period extends UsagePeriod>(periods: readonly Period[]): { org_id: string; usage: Period[] }[] {
  return [...Map.groupBy(periods, (each) => each.org_id)].map(([org_id, usage]) => ({ org_id, usage }));
}

const named = ({ sku, from, to, charge_id }: UsagePeriod & { charge_id: string }) => ({ sku, from, to, charge_id });

const aboutUsageOf = (org_id: string) => ({ aggregate_type: 'usage', aggregate_id: org_id, org_id });
