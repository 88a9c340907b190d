import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Source } from '../../metering/model.ts';

export interface UsageRowKept {
  usage_id: string;
  meter_id: string;
  register: string;
  starts_at: string;
  ends_at: string;
  request_id: string;
  replaces: string | null;
  org_id: string;
  sku: string;
  quantity: string;
  quality: string;
  source: Source;
}

export type LiveRow = Pick<UsageRowKept, 'usage_id' | 'starts_at' | 'ends_at' | 'request_id' | 'org_id' | 'quantity' | 'quality'>;

/** What metering has of a register's usage that begins in `[from, to)`. */
export function selectLiveWithin(db: Db, meter_id: string, register: string, from: string, to: string): Promise<LiveRow[]> {
  return db.rows(sql<LiveRow>`${live(db, meter_id, register)} AND starts_at >= ${from} AND starts_at < ${to}`);
}

export function selectLiveAt(db: Db, meter_id: string, register: string, times: readonly string[]): Promise<LiveRow[]> {
  return db.rows(sql<LiveRow>`${live(db, meter_id, register)} AND starts_at = ANY (${times}::timestamptz[])`);
}

/** How many usage events there were, by the time that they begin. */
export async function countUsageAt(
  db: Db,
  meter_id: string,
  register: string,
  times: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.rows(sql<{ starts_at: string; count: number }>`
    SELECT starts_at, count(*)::int AS count FROM reading_usage
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register} AND starts_at = ANY (${times}::timestamptz[])
     GROUP BY starts_at`);
  return new Map(rows.map((row) => [row.starts_at, row.count]));
}

export async function insertUsage(tx: Tx, rows: readonly UsageRowKept[]): Promise<void> {
  for (const row of rows) {
    await tx.write(sql`
      INSERT INTO reading_usage (tenant_id, usage_id, meter_id, register, starts_at, ends_at, request_id, replaces, org_id, sku, quantity, quality, source, created_at)
      VALUES (${tx.tenant_id}, ${row.usage_id}, ${row.meter_id}, ${row.register}, ${row.starts_at}, ${row.ends_at}, ${row.request_id}, ${row.replaces},
        ${row.org_id}, ${row.sku}, ${row.quantity}, ${row.quality}, ${row.source}, ${tx.now.toString()})`);
  }
}

export async function updateUsageState(tx: Tx, usage_ids: readonly string[], state: 'replaced' | 'voided'): Promise<void> {
  if (usage_ids.length === 0) return;
  await tx.write(
    sql`UPDATE reading_usage SET state = ${state} WHERE tenant_id = ${tx.tenant_id} AND usage_id = ANY (${usage_ids}::uuid[])`,
  );
}

export type UntoldUsage = UsageRowKept & { state: 'live' | 'replaced' | 'voided'; told: boolean };

/** What metering has not been told of a meter, in the order in which it came to be. */
export function selectUntold(db: Db, meter_id: string, most: number): Promise<UntoldUsage[]> {
  return db.rows(sql<UntoldUsage>`
    SELECT usage_id, meter_id, register, starts_at, ends_at, request_id, replaces, org_id, sku, trim_scale(quantity)::text AS quantity, quality, source,
           state, told
      FROM reading_usage WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND (NOT told OR (state = 'voided' AND NOT void_told))
     ORDER BY seq LIMIT ${most}`);
}

export async function updateTold(tx: Tx, usage_ids: readonly string[], refusals: ReadonlyMap<string, string>): Promise<void> {
  await tx.write(sql`
    UPDATE reading_usage SET told = true, void_told = void_told OR state = 'voided', refusal = coalesce(r.refusal, reading_usage.refusal)
      FROM unnest(${usage_ids}::uuid[], ${usage_ids.map((id) => refusals.get(id) ?? null)}::text[]) AS r(usage_id, refusal)
     WHERE tenant_id = ${tx.tenant_id} AND reading_usage.usage_id = r.usage_id`);
}

function live(db: Db, meter_id: string, register: string) {
  return sql`
    SELECT usage_id, starts_at, ends_at, request_id, org_id, trim_scale(quantity)::text AS quantity, quality FROM reading_usage
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register} AND state = 'live'`;
}
