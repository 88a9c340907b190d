import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { UsagePeriod, UsageProblem, UsageState, UsageStateEntry } from '../model/lifecycle.ts';

const keys = (
  periods: readonly UsagePeriod[],
) => sql`unnest(${periods.map((each) => each.org_id)}::uuid[], ${periods.map((each) => each.sku)}::text[],
  ${periods.map((each) => each.from)}::timestamptz[], ${periods.map((each) => each.to)}::timestamptz[])`;

type NewUsageState = UsagePeriod & { usage_state_id: string; subscription_id: string };

/** What is on record already stays as it is. */
export async function insertReported(tx: Tx, reported: readonly NewUsageState[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO usage_state (tenant_id, usage_state_id, org_id, sku, subscription_id, during, state, changed_at)
    SELECT ${tx.tenant_id}, id, org_id, sku, subscription_id, tstzrange(starts, ends), 'reported', ${tx.now.toString()}
      FROM unnest(${reported.map((each) => each.usage_state_id)}::uuid[], ${reported.map((each) => each.subscription_id)}::uuid[],
        ${reported.map((each) => each.org_id)}::uuid[], ${reported.map((each) => each.sku)}::text[], ${reported.map((each) => each.from)}::timestamptz[],
        ${reported.map((each) => each.to)}::timestamptz[]) AS r (id, subscription_id, org_id, sku, starts, ends)
    ON CONFLICT ON CONSTRAINT usage_state_once DO NOTHING`);
}

/** Why usage stays as it is: it joins the record as reported where it is not on it yet. */
export async function keepProblems(tx: Tx, problems: readonly (UsageProblem & { usage_state_id: string })[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO usage_state (tenant_id, usage_state_id, org_id, sku, subscription_id, during, state, problem, changed_at)
    SELECT ${tx.tenant_id}, id, org_id, sku, subscription_id, tstzrange(starts, ends), 'reported', problem, ${tx.now.toString()}
      FROM unnest(${problems.map((each) => each.usage_state_id)}::uuid[], ${problems.map((each) => each.subscription_id)}::uuid[],
        ${problems.map((each) => each.org_id)}::uuid[], ${problems.map((each) => each.sku)}::text[], ${problems.map((each) => each.from)}::timestamptz[],
        ${problems.map((each) => each.to)}::timestamptz[], ${problems.map((each) => JSON.stringify(each.problem))}::jsonb[])
        AS r (id, subscription_id, org_id, sku, starts, ends, problem)
    ON CONFLICT ON CONSTRAINT usage_state_once DO UPDATE SET problem = EXCLUDED.problem WHERE usage_state.state IN ('reported', 'voided')`);
}

export interface UsageStateRow {
  /** Which of those asked for, from 0. */
  place: number;
  usage_state_id: string;
  state: UsageState;
}

/** In one order for everybody; they wait until the transaction ends. */
export function lockUsageStates(tx: Tx, periods: readonly UsagePeriod[]): Promise<UsageStateRow[]> {
  return tx.write(sql<UsageStateRow>`
    SELECT k.place::int - 1 AS place, u.usage_state_id, u.state
      FROM ${keys(periods)} WITH ORDINALITY AS k (org_id, sku, starts, ends, place)
      JOIN usage_state u ON u.tenant_id = ${tx.tenant_id} AND u.org_id = k.org_id AND u.sku = k.sku AND u.during = tstzrange(k.starts, k.ends)
     ORDER BY u.org_id, u.sku, u.during FOR UPDATE OF u`);
}

export interface UsageStateChange {
  usage_state_id: string;
  /** Null keeps the one before. */
  subscription_id: string | null;
  charge_id: string | null;
  invoice_id: string | null;
}

export async function updateUsageStates(tx: Tx, state: UsageState, changes: readonly UsageStateChange[]): Promise<void> {
  await tx.write(sql`
    UPDATE usage_state u SET state = ${state}, subscription_id = coalesce(c.subscription_id, u.subscription_id), charge_id = coalesce(c.charge_id, u.charge_id),
           invoice_id = CASE WHEN ${state}::text = 'rated' THEN NULL ELSE coalesce(c.invoice_id, u.invoice_id) END, problem = NULL, changed_at = ${tx.now.toString()}
      FROM unnest(${changes.map((each) => each.usage_state_id)}::uuid[], ${changes.map((each) => each.subscription_id)}::uuid[],
        ${changes.map((each) => each.charge_id)}::uuid[], ${changes.map((each) => each.invoice_id)}::uuid[]) AS c (usage_state_id, subscription_id, charge_id, invoice_id)
     WHERE u.tenant_id = ${tx.tenant_id} AND u.usage_state_id = c.usage_state_id`);
}

/** What was only reported of a time that is billed now, in other parts or for nothing, is not on record any more. */
export async function deleteReported(
  tx: Tx,
  billed: { periods: readonly { subscription_id: string; from: string; to: string }[]; charged: readonly UsagePeriod[] },
): Promise<void> {
  const { periods, charged } = billed;
  await tx.write(sql`
    DELETE FROM usage_state u WHERE u.tenant_id = ${tx.tenant_id} AND u.state = 'reported' AND (
      EXISTS (SELECT FROM unnest(${periods.map((each) => each.subscription_id)}::uuid[], ${periods.map((each) => each.from)}::timestamptz[],
                ${periods.map((each) => each.to)}::timestamptz[]) AS p (subscription_id, starts, ends)
               WHERE p.subscription_id = u.subscription_id AND u.during && tstzrange(p.starts, p.ends))
      OR EXISTS (SELECT FROM ${keys(charged)} AS k (org_id, sku, starts, ends)
                  WHERE k.org_id = u.org_id AND k.sku = u.sku AND u.during && tstzrange(k.starts, k.ends)))`);
}

export interface UsageStateFilter {
  org_id?: string | undefined;
  sku?: string | undefined;
  state?: UsageState | undefined;
  org_ids: readonly string[] | null;
  limit: number;
  below: string | null;
}

type Row = Omit<UsageStateEntry, 'period'> & UsageStateEntry['period'];

/** Newest first, one more than a page. */
export async function selectUsageStates(db: Db, filter: UsageStateFilter): Promise<UsageStateEntry[]> {
  const rows = await db.rows(sql<Row>`
    SELECT usage_state_id, org_id, sku, subscription_id, lower(during) AS "from", upper(during) AS "to", state, charge_id, invoice_id, problem, changed_at
      FROM usage_state
     WHERE tenant_id = ${db.tenant_id} AND (${filter.org_id ?? null}::uuid IS NULL OR org_id = ${filter.org_id ?? null})
       AND (${filter.sku ?? null}::text IS NULL OR sku = ${filter.sku ?? null}) AND (${filter.state ?? null}::text IS NULL OR state = ${filter.state ?? null})
       AND (${filter.org_ids === null} OR org_id = ANY (${[...(filter.org_ids ?? [])]}::uuid[]))
       AND (${filter.below}::uuid IS NULL OR usage_state_id < ${filter.below})
     ORDER BY usage_state_id DESC LIMIT ${filter.limit + 1}`);
  return rows.map(({ from, to, ...row }) => ({ ...row, period: { from, to } }));
}
