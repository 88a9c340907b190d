import { sql } from 'kysely';
import type pg from 'pg';
import { compile, type Db, type Tx } from '../../../platform/postgres.ts';
import type { BillingRun } from '../model.ts';

export interface SettingRow {
  automatic: boolean;
  grace_s: number;
  from_date: string | null;
  switched_on_at: string | null;
}

export function selectSetting(db: Db): Promise<SettingRow | undefined> {
  return db.maybe(sql<SettingRow>`
    SELECT automatic, grace_s, from_date, switched_on_at FROM billing_setting WHERE tenant_id = ${db.tenant_id}`);
}

/** The same, and nobody changes it until the transaction ends. */
export function holdSetting(tx: Tx): Promise<SettingRow | undefined> {
  return tx.maybe(sql<SettingRow>`
    SELECT automatic, grace_s, from_date, switched_on_at FROM billing_setting WHERE tenant_id = ${tx.tenant_id} FOR SHARE`);
}

/** Switched on is from the moment that it was off before. */
export async function upsertSetting(tx: Tx, setting: Omit<SettingRow, 'switched_on_at'>): Promise<SettingRow> {
  const now = tx.now.toString();
  const [row] = await tx.write<SettingRow>(sql`
    INSERT INTO billing_setting AS s (tenant_id, automatic, grace_s, from_date, switched_on_at, updated_at)
    VALUES (${tx.tenant_id}, ${setting.automatic}, ${setting.grace_s}, ${setting.from_date}, CASE WHEN ${setting.automatic} THEN ${now}::timestamptz END, ${now})
    ON CONFLICT (tenant_id) DO UPDATE SET automatic = excluded.automatic, grace_s = excluded.grace_s, from_date = excluded.from_date,
      switched_on_at = CASE WHEN excluded.automatic AND NOT s.automatic THEN excluded.switched_on_at ELSE s.switched_on_at END,
      updated_at = excluded.updated_at
    RETURNING automatic, grace_s, from_date, switched_on_at`);
  return row!;
}

export interface DueCycle {
  tenant_id: string;
  org_id: string;
  /** Whole seconds since it fell due, by the tenant's clock. */
  lag_s: number;
}

/**
 * Organizations to look at, as the role `due`: of each tenant that wants it the longest due, by its own clock where it has one. A look into
 * an index for each such tenant, however many organizations wait for their day.
 */
export async function selectDue(
  pool: pg.Pool,
  { now, clocks, limit }: { now: Temporal.Instant; clocks: ReadonlyMap<string, string>; limit: number },
): Promise<DueCycle[]> {
  const { rows } = await pool.query<DueCycle>(
    compile(sql`
      SELECT s.tenant_id, d.org_id, floor(extract(epoch FROM coalesce(c.at, ${now.toString()}::timestamptz) - d.due_at))::int AS lag_s
        FROM billing_setting s
        LEFT JOIN unnest(${[...clocks.keys()]}::uuid[], ${[...clocks.values()]}::timestamptz[]) AS c (tenant_id, at) ON c.tenant_id = s.tenant_id
        CROSS JOIN LATERAL (
          SELECT org_id, due_at::timestamptz AS due_at FROM billing_cycle_due w
           WHERE w.tenant_id = s.tenant_id AND w.due_at <= coalesce(c.at, ${now.toString()}::timestamptz)
             AND (w.retry_at IS NULL OR w.retry_at <= ${now.toString()}::timestamptz)
           ORDER BY w.due_at, w.org_id LIMIT ${limit}) d
       WHERE s.automatic ORDER BY d.due_at`),
  );
  return rows;
}

export interface DueRow {
  org_id: string;
  to_date: string | null;
  time_zone: string | null;
}

/** Those of the organizations that are due, and that nobody else is looking at. */
export function lockDue(tx: Tx, org_ids: readonly string[]): Promise<DueRow[]> {
  return tx.write(sql<DueRow>`
    SELECT org_id, to_date, time_zone FROM billing_cycle_due
     WHERE tenant_id = ${tx.tenant_id} AND org_id = ANY (${[...org_ids]}::uuid[]) AND due_at <= ${tx.now.toString()}
     ORDER BY org_id FOR UPDATE SKIP LOCKED`);
}

/** Has organizations looked at now, or sooner if they were to be; also those that were put off, for what was in the way may be gone. */
export function markDue(tx: Tx, org_ids: readonly string[]): Promise<unknown> {
  return tx.write(sql`
    INSERT INTO billing_cycle_due AS d (tenant_id, org_id, due_at)
    SELECT ${tx.tenant_id}, org_id, ${tx.now.toString()} FROM unnest(${[...org_ids]}::uuid[]) AS t (org_id) ORDER BY org_id
    ON CONFLICT (tenant_id, org_id) DO UPDATE SET due_at = least(d.due_at::timestamptz, excluded.due_at::timestamptz), retry_at = NULL`);
}

export interface NextLook {
  org_id: string;
  due_at: string;
  from_date: string;
  to_date: string;
  time_zone: string;
  to_at: string;
}

/** When to look at organizations next, and the cycle that runs until then. */
export function setNextLooks(tx: Tx, looks: readonly NextLook[]): Promise<unknown> {
  const column = (read: (look: NextLook) => string) => looks.map(read);
  return tx.write(sql`
    UPDATE billing_cycle_due d SET due_at = n.due_at, from_date = n.from_date, to_date = n.to_date, time_zone = n.time_zone, to_at = n.to_at,
           failures = 0, retry_at = NULL
      FROM unnest(${column((each) => each.org_id)}::uuid[], ${column((each) => each.due_at)}::timestamptz[], ${column((each) => each.from_date)}::date[],
        ${column((each) => each.to_date)}::date[], ${column((each) => each.time_zone)}::text[], ${column((each) => each.to_at)}::timestamptz[])
        AS n (org_id, due_at, from_date, to_date, time_zone, to_at)
     WHERE d.tenant_id = ${tx.tenant_id} AND d.org_id = n.org_id`);
}

/** Nothing of these organizations will end: nobody looks until they have a subscription again. */
export function deleteDue(tx: Tx, org_ids: readonly string[]): Promise<unknown> {
  return tx.write(sql`
    DELETE FROM billing_cycle_due WHERE tenant_id = ${tx.tenant_id} AND org_id = ANY (${[...org_ids]}::uuid[])`);
}

/** Leaves an organization that cannot be looked at for a while: 1, 2, 4, … minutes by the wall clock, at most six hours. */
export function putOff(tx: Tx, org_id: string, wall: Temporal.Instant): Promise<unknown> {
  return tx.write(sql`
    UPDATE billing_cycle_due SET failures = failures + 1,
           retry_at = ${wall.toString()}::timestamptz + least(interval '1 minute' * power(2, least(failures, 10)), interval '6 hours')
     WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id}`);
}

export interface NewCycle {
  cycle_id: string;
  org_id: string;
  from_date: string;
  to_date: string;
  time_zone: string;
  from_at: string;
  to_at: string;
}

export interface ClosedCycle {
  cycle_id: string;
  org_id: string;
  from_date: string;
  to_date: string;
  time_zone: string;
}

/**
 * Closes cycles and answers those that were not closed already, not even in part. A cycle begins at the moment at which the one that it
 * adjoins ended and ends where the next began, also where the organization's midnights moved in between.
 */
export function insertCycles(
  tx: Tx,
  cycles: readonly NewCycle[],
  by: { closed_by: 'scheduler' | 'run'; run_id: string | null },
): Promise<ClosedCycle[]> {
  const column = (read: (cycle: NewCycle) => string) => cycles.map(read);
  return tx.write(sql<ClosedCycle>`
    INSERT INTO billing_cycle (tenant_id, cycle_id, org_id, from_date, to_date, time_zone, from_at, to_at, closed_at, closed_by, run_id)
    SELECT ${tx.tenant_id}, n.cycle_id, n.org_id, n.from_date, n.to_date, n.time_zone, b.from_at, b.to_at, ${tx.now.toString()}, ${by.closed_by}, ${by.run_id}::uuid
      FROM unnest(${column((each) => each.cycle_id)}::uuid[], ${column((each) => each.org_id)}::uuid[], ${column((each) => each.from_date)}::date[],
        ${column((each) => each.to_date)}::date[], ${column((each) => each.time_zone)}::text[], ${column((each) => each.from_at)}::timestamptz[],
        ${column((each) => each.to_at)}::timestamptz[]) AS n (cycle_id, org_id, from_date, to_date, time_zone, from_at, to_at)
      LEFT JOIN LATERAL (SELECT to_date, to_at::timestamptz AS at FROM billing_cycle o WHERE o.tenant_id = ${tx.tenant_id} AND o.org_id = n.org_id
         AND o.to_date <= n.from_date ORDER BY to_date DESC LIMIT 1) AS before ON true
      LEFT JOIN LATERAL (SELECT from_date, from_at::timestamptz AS at FROM billing_cycle o WHERE o.tenant_id = ${tx.tenant_id} AND o.org_id = n.org_id
         AND o.from_date >= n.to_date ORDER BY from_date LIMIT 1) AS after ON true
      CROSS JOIN LATERAL (SELECT
        CASE WHEN before.to_date = n.from_date THEN before.at ELSE greatest(n.from_at, before.at) END AS from_at,
        CASE WHEN after.from_date = n.to_date THEN after.at ELSE least(n.to_at, after.at) END AS to_at) AS b
     WHERE b.from_at < b.to_at ORDER BY n.org_id
    ON CONFLICT DO NOTHING RETURNING cycle_id, org_id, from_date, to_date, time_zone`);
}

/** Where each organization's latest cycle ended. */
export async function selectClosedTo(
  db: Db,
  org_ids: readonly string[],
): Promise<Map<string, { to_date: string; to_at: string }>> {
  const rows = await db.rows(sql<{ org_id: string; to_date: string; to_at: string }>`
    SELECT o.org_id, c.to_date, c.to_at FROM unnest(${[...org_ids]}::uuid[]) AS o (org_id)
     CROSS JOIN LATERAL (SELECT to_date, to_at FROM billing_cycle b WHERE b.tenant_id = ${db.tenant_id} AND b.org_id = o.org_id
        ORDER BY to_date DESC LIMIT 1) AS c`);
  return new Map(rows.map(({ org_id, ...closed }) => [org_id, closed]));
}

export interface CycleRow extends ClosedCycle {
  from_at: string;
  to_at: string;
  closed_at: string;
  closed_by: 'scheduler' | 'run';
  run_id: string | null;
  refusal: { code: string; detail: string } | null;
  run_status: BillingRun['status'] | null;
  run_invoices: number | null;
  run_errors: number | null;
}

const columns = sql`c.cycle_id, c.org_id, c.from_date, c.to_date, c.time_zone, c.from_at, c.to_at, c.closed_at, c.closed_by, c.run_id, c.refusal,
  r.status AS run_status, r.invoices AS run_invoices, jsonb_array_length(r.errors) AS run_errors`;

/** Newest first. */
export function selectCycles(db: Db, query: { org_id: string | null; limit: number; below: string | null }): Promise<CycleRow[]> {
  return db.rows(sql<CycleRow>`
    SELECT ${columns} FROM billing_cycle c LEFT JOIN billing_run r ON r.tenant_id = c.tenant_id AND r.run_id = c.run_id
     WHERE c.tenant_id = ${db.tenant_id} AND (${query.org_id}::uuid IS NULL OR c.org_id = ${query.org_id})
       AND (${query.below}::uuid IS NULL OR c.cycle_id < ${query.below})
     ORDER BY c.cycle_id DESC LIMIT ${query.limit}`);
}

/** A cycle with its run, and nobody else gives it another until the transaction ends. */
export function lockCycle(tx: Tx, cycle_id: string): Promise<CycleRow | undefined> {
  return tx.maybe(sql<CycleRow>`
    SELECT ${columns} FROM billing_cycle c LEFT JOIN billing_run r ON r.tenant_id = c.tenant_id AND r.run_id = c.run_id
     WHERE c.tenant_id = ${tx.tenant_id} AND c.cycle_id = ${cycle_id} FOR NO KEY UPDATE OF c`);
}

/** The run that bills a cycle, or why there is none. */
export function setOutcome(
  tx: Tx,
  cycle_id: string,
  outcome: { run_id: string } | { code: string; detail: string },
): Promise<unknown> {
  const run_id = 'run_id' in outcome ? outcome.run_id : null;
  const refusal = 'run_id' in outcome ? null : JSON.stringify(outcome);
  return tx.write(sql`
    UPDATE billing_cycle SET run_id = ${run_id}, refusal = ${refusal}::jsonb WHERE tenant_id = ${tx.tenant_id} AND cycle_id = ${cycle_id}`);
}

/** The runs of an organization's earlier cycles that have not come to an end, oldest first, where a run bills a cycle. */
export async function selectEarlierRuns(db: Db, run_id: string): Promise<string[]> {
  const rows = await db.rows(sql<{ run_id: string }>`
    SELECT r.run_id FROM billing_cycle mine
      JOIN billing_cycle c ON c.tenant_id = mine.tenant_id AND c.org_id = mine.org_id AND c.to_date <= mine.from_date
      JOIN billing_run r ON r.tenant_id = c.tenant_id AND r.run_id = c.run_id AND r.status IN ('queued', 'running')
     WHERE mine.tenant_id = ${db.tenant_id} AND mine.run_id = ${run_id} AND mine.closed_by = 'scheduler' ORDER BY c.from_date`);
  return rows.map((row) => row.run_id);
}

export interface UpcomingRow extends NextLook {
  failures: number;
}

/** Cycles that run, those that end soonest first; none where the tenant closes its cycles by hand. */
export function selectUpcoming(
  db: Db,
  query: { org_id: string | null; limit: number; after: { due_at: string; org_id: string } | null },
): Promise<UpcomingRow[]> {
  return db.rows(sql<UpcomingRow>`
    SELECT d.org_id, d.due_at, d.from_date, d.to_date, d.time_zone, d.to_at, d.failures
      FROM billing_cycle_due d JOIN billing_setting s ON s.tenant_id = d.tenant_id AND s.automatic
     WHERE d.tenant_id = ${db.tenant_id} AND d.from_date IS NOT NULL AND (${query.org_id}::uuid IS NULL OR d.org_id = ${query.org_id})
       AND (${query.after?.due_at ?? null}::timestamptz IS NULL
            OR (d.due_at::timestamptz, d.org_id) > (${query.after?.due_at ?? null}::timestamptz, ${query.after?.org_id ?? null}::uuid))
     ORDER BY d.due_at, d.org_id LIMIT ${query.limit}`);
}
