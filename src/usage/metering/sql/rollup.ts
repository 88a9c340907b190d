import { sql } from 'kysely';
import type pg from 'pg';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { eventsAnd } from './archived-events.ts';
import { byteaArray, textArray, uuidArray } from './arrays.ts';
import { type BlockRow, blocksOf, hasCorrected, readBlocks } from './blocks.ts';

/** The lowest id of a running transaction, and the id that follows the highest one that has ended. */
export async function selectHorizon(pool: pg.Pool): Promise<{ oldest_running: string; next: string }> {
  const result = await pool.query<{ oldest_running: string; next: string }>(
    'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_running, pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  return result.rows[0]!;
}

/** Tenants with events that are not rolled up. For the role `due`. */
export async function selectDueTenants(pool: pg.Pool): Promise<string[]> {
  const result = await pool.query<{ tenant_id: string }>(`
    WITH RECURSIVE tenant AS (
      (SELECT tenant_id FROM metering_event ORDER BY tenant_id LIMIT 1)
      UNION ALL
      SELECT (SELECT e.tenant_id FROM metering_event e WHERE e.tenant_id > t.tenant_id ORDER BY e.tenant_id LIMIT 1)
        FROM tenant t WHERE t.tenant_id IS NOT NULL)
    SELECT t.tenant_id FROM tenant t
     WHERE t.tenant_id IS NOT NULL
       AND EXISTS (SELECT FROM metering_event e WHERE e.tenant_id = t.tenant_id
                      AND e.xid >= coalesce((SELECT w.watermark FROM usage_watermark w WHERE w.tenant_id = t.tenant_id), '0'))`);
  return result.rows.map((row) => row.tenant_id);
}

/** Waits until no other rollup of the tenant runs; held to the end of the transaction. */
export async function lockRollup(db: Db): Promise<void> {
  await db.rows(sql`SET LOCAL statement_timeout = '30min'`);
  await db.rows(sql`SET LOCAL work_mem = '64MB'`);
  await db.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`metering.rollup ${db.tenant_id}`}, 0))`);
}

/** '0' before the first rollup. */
export async function selectWatermark(db: Db): Promise<string> {
  const row = await db.maybe(
    sql<{ watermark: string }>`SELECT watermark::text FROM usage_watermark WHERE tenant_id = ${db.tenant_id}`,
  );
  return row?.watermark ?? '0';
}

export async function upsertWatermark(tx: Tx, watermark: string): Promise<void> {
  await tx.write(sql`
    INSERT INTO usage_watermark (tenant_id, watermark, at) VALUES (${tx.tenant_id}, ${watermark}, ${tx.now.toString()})
    ON CONFLICT (tenant_id) DO UPDATE SET watermark = excluded.watermark, at = excluded.at`);
}

/** The arrival of the event that `most` others came before, counted from `from`; undefined when there are no more than that below `to`. */
export async function selectStep(db: Db, from: string, to: string, most: number): Promise<string | undefined> {
  const row = await db.maybe(sql<{ xid: string }>`
    SELECT xid::text FROM metering_event WHERE tenant_id = ${db.tenant_id} AND xid >= ${from}::xid8 AND xid < ${to}::xid8
     ORDER BY xid OFFSET ${most} LIMIT 1`);
  return row?.xid;
}

export async function hasEventsBetween(db: Db, from: string, to: string): Promise<boolean> {
  const row = await db.one(sql<{ found: boolean }>`
    SELECT EXISTS (SELECT FROM metering_event WHERE tenant_id = ${db.tenant_id} AND xid >= ${from}::xid8 AND xid < ${to}::xid8) AS found`);
  return row.found;
}

/** Organizations that have moved to another time zone since their rollups were cut. */
export async function selectMovedOrgs(db: Db): Promise<{ org_id: string; time_zone: string }[]> {
  return db.rows(sql<{ org_id: string; time_zone: string }>`
    SELECT o.org_id, o.time_zone FROM usage_zone z JOIN metering_org o USING (tenant_id, org_id)
     WHERE z.tenant_id = ${db.tenant_id} AND z.time_zone <> o.time_zone ORDER BY o.org_id`);
}

export interface DayBlockRow extends BlockRow {
  org_id: string;
  sku: string;
  time_zone: string;
}

export interface TouchedDay {
  org_id: string;
  sku: string;
  day: string;
  time_zone: string;
}

/** The days that events of `[from, to)` fall on and that archived events may lie on, too. To the end of the transaction no more are archived. */
export async function selectArchivedTouched(db: Db, from: string, to: string): Promise<TouchedDay[]> {
  await db.rows(sql`LOCK TABLE ONLY metering_event IN ACCESS SHARE MODE`);
  const { archives } = await db.one(sql<{ archives: boolean }>`
    SELECT EXISTS (SELECT FROM metering_archive_block WHERE tenant_id = ${db.tenant_id}) AS archives`);
  if (!archives) return [];
  return db.rows(sql<TouchedDay>`
    SELECT t.* FROM (
      SELECT DISTINCT e.org_id, e.sku, (e.event_time AT TIME ZONE coalesce(z.time_zone, o.time_zone))::date AS day, coalesce(z.time_zone, o.time_zone) AS time_zone
        FROM metering_event e JOIN metering_org o USING (tenant_id, org_id) LEFT JOIN usage_zone z USING (tenant_id, org_id)
       WHERE e.tenant_id = ${db.tenant_id} AND e.xid >= ${from}::xid8 AND e.xid < ${to}::xid8) t
     WHERE EXISTS (
       SELECT FROM metering_archive_block b JOIN metering_generation g ON g.gen = b.gen AND g.state = 'archived'
        WHERE b.tenant_id = ${db.tenant_id} AND (b.first_org, b.first_sku) <= (t.org_id, t.sku) AND (b.last_org, b.last_sku) >= (t.org_id, t.sku)
          AND b.last_time >= day_start(t.day, t.time_zone) AND b.first_time < day_start(t.day + 1, t.time_zone))
     ORDER BY t.org_id, t.sku, t.day`);
}

/** The days of another zone on which an organization with archived events may have any, from its rollups; none where nothing is archived. */
export async function selectArchivedDays(db: Db, org_id: string, time_zone: string): Promise<TouchedDay[]> {
  await db.rows(sql`LOCK TABLE ONLY metering_event IN ACCESS SHARE MODE`);
  return db.rows(sql<TouchedDay>`
    SELECT DISTINCT r.org_id, r.sku, r.day + near AS day, ${time_zone}::text AS time_zone
      FROM usage_rollup r CROSS JOIN generate_series(-1, 1) AS near
     WHERE r.tenant_id = ${db.tenant_id} AND r.org_id = ${org_id}
       AND EXISTS (SELECT FROM metering_archive_block b JOIN metering_generation g ON g.gen = b.gen AND g.state = 'archived'
                    WHERE b.tenant_id = r.tenant_id AND ${org_id} BETWEEN b.first_org AND b.last_org)
     ORDER BY r.org_id, r.sku, day`);
}

/** All events of one day below `to`, the archived ones by their lines. */
export async function* readDay(
  db: Db,
  { org_id, sku, day, time_zone }: TouchedDay,
  { to, archived }: { to: string; archived: readonly string[] },
): AsyncGenerator<DayBlockRow[]> {
  const query = sql<DayBlockRow>`
    WITH picked AS (
      SELECT e.org_id, e.sku, ${day}::date AS day, ${time_zone}::text AS time_zone, e.event_time, e.request_id, e.voids, e.quantity, e.amount,
             e.leaf, e.absorbed AS late
        FROM ${eventsAnd(archived)} e
       WHERE e.tenant_id = ${db.tenant_id} AND e.org_id = ${org_id} AND e.sku = ${sku} AND e.event_time >= day_start(${day}::date, ${time_zone})
         AND e.event_time < day_start(${day}::date + 1, ${time_zone}) AND e.xid < ${to}::xid8),
    ${blocksOf(sql`org_id, sku, time_zone`, archived.length > 0 || (await hasCorrected(db)))}`;
  yield* readBlocks(db, query);
}

/** All events below `to` of the days that events of `[from, to)` fall on, but for the `others`, in blocks, by organization, SKU and day. */
export async function* readTouchedDays(
  db: Db,
  from: string,
  to: string,
  others: readonly TouchedDay[],
): AsyncGenerator<DayBlockRow[]> {
  const zone = sql`
    zone AS MATERIALIZED (
      SELECT o.org_id, coalesce(z.time_zone, o.time_zone) AS time_zone
        FROM metering_org o LEFT JOIN usage_zone z USING (tenant_id, org_id) WHERE o.tenant_id = ${db.tenant_id})`;
  const touched = sql`
    touched AS MATERIALIZED (
      SELECT DISTINCT e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date AS day, z.time_zone
        FROM metering_event e JOIN zone z USING (org_id)
       WHERE e.tenant_id = ${db.tenant_id} AND e.xid >= ${from}::xid8 AND e.xid < ${to}::xid8
         ${others.length === 0 ? sql`` : sql`AND (e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date) NOT IN (${daysRows(others)})`})`;
  const open = await selectFirstUnclosed(db);
  // Closed generations have an index by time. The others are read once, whole, and each event looked up in a hash of the days: IS TRUE keeps it so.
  const days = sql`
    SELECT t.org_id, t.sku, t.day, t.time_zone, e.event_time, e.request_id, e.voids, e.quantity, e.amount, e.leaf, e.absorbed AS late
      FROM touched t JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = t.org_id AND e.sku = t.sku
       AND e.event_time >= day_start(t.day, t.time_zone) AND e.event_time < day_start(t.day + 1, t.time_zone)
     WHERE e.gen < ${open} AND e.xid < ${to}::xid8
    UNION ALL
    SELECT e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date, z.time_zone, e.event_time, e.request_id, e.voids, e.quantity, e.amount,
           e.leaf, e.absorbed
      FROM metering_event e JOIN zone z USING (org_id)
     WHERE e.tenant_id = ${db.tenant_id} AND e.gen >= ${open} AND e.xid < ${to}::xid8
       AND ((e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date) IN (SELECT t.org_id, t.sku, t.day FROM touched t)) IS TRUE`;
  const everything = sql`
    SELECT e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date AS day, z.time_zone, e.event_time, e.request_id, e.voids, e.quantity,
           e.amount, e.leaf, e.absorbed AS late
      FROM metering_event e JOIN zone z USING (org_id) WHERE e.tenant_id = ${db.tenant_id} AND e.xid < ${to}::xid8`;
  const picked = from === '0' ? sql`WITH ${zone}, picked AS (${everything})` : sql`WITH ${zone}, ${touched}, picked AS (${days})`;
  const blocks = blocksOf(sql`org_id, sku, time_zone`, await hasCorrected(db));
  yield* readBlocks(db, sql<DayBlockRow>`${picked}, ${blocks}`, { ahead: true });
}

/** The lowest generation without its indexes. */
async function selectFirstUnclosed(db: Db): Promise<number> {
  const row = await db.one(
    sql<{ gen: number }>`SELECT min(gen) AS gen FROM metering_generation WHERE state IN ('hot', 'sealed')`,
  );
  return row.gen;
}

function daysRows(days: readonly TouchedDay[]) {
  return sql`SELECT o.org_id, o.sku, o.day::date FROM unnest(${uuidArray(days.map((each) => each.org_id))}::uuid[],
                    ${textArray(days.map((each) => each.sku))}::text[], ${textArray(days.map((each) => each.day))}::text[]) AS o(org_id, sku, day)`;
}

/** All events of one organization that arrived below `to`, in blocks, by the days of a zone. */
export async function* readOrganization(db: Db, org_id: string, time_zone: string, to: string): AsyncGenerator<DayBlockRow[]> {
  const query = sql<DayBlockRow>`
    WITH picked AS (
      SELECT e.org_id, e.sku, (e.event_time AT TIME ZONE ${time_zone})::date AS day, ${time_zone}::text AS time_zone, e.event_time,
             e.request_id, e.voids, e.quantity, e.amount, e.leaf, e.absorbed AS late
        FROM metering_event e WHERE e.tenant_id = ${db.tenant_id} AND e.org_id = ${org_id} AND e.xid < ${to}::xid8),
    ${blocksOf(sql`org_id, sku, time_zone`, await hasCorrected(db))}`;
  yield* readBlocks(db, query);
}

export interface RollupRow {
  org_id: string;
  sku: string;
  day: string;
  time_zone: string;
  count: number;
  counted: number;
  /** How many of them were told that they are not billed. */
  absorbed: number;
  quantity_sum: string;
  quantity_max: string | null;
  quantity_min: string | null;
  quantity_latest: string | null;
  amount_sum: string | null;
  root: Buffer;
  day_leaf: Buffer;
  first_time: string;
  last_time: string;
}

/** A row that a later rollup made is left alone. */
export async function upsertRollups(tx: Tx, rows: readonly RollupRow[], watermark: string): Promise<void> {
  const text = (
    column:
      | 'day'
      | 'quantity_sum'
      | 'quantity_max'
      | 'quantity_min'
      | 'quantity_latest'
      | 'amount_sum'
      | 'first_time'
      | 'last_time',
  ) => textArray(rows.map((row) => row[column]));
  const zones = new Map(rows.map((row) => [row.org_id, row.time_zone]));
  await tx.write(sql`
    INSERT INTO usage_zone (tenant_id, org_id, time_zone)
    SELECT ${tx.tenant_id}, z.* FROM unnest(${uuidArray([...zones.keys()])}::uuid[], ${textArray([...zones.values()])}::text[]) AS z
    ON CONFLICT (tenant_id, org_id) DO NOTHING`);
  const months = new Map(
    rows.map((row) => [`${row.org_id}${row.day.slice(0, 7)}`, { org_id: row.org_id, month: `${row.day.slice(0, 7)}-01` }]),
  );
  await tx.write(sql`
    INSERT INTO usage_month (tenant_id, org_id, month, watermark)
    SELECT ${tx.tenant_id}, m.org_id, m.month::date, ${watermark}::xid8
      FROM unnest(${uuidArray([...months.values()].map((each) => each.org_id))}::uuid[],
                  ${textArray([...months.values()].map((each) => each.month))}::text[]) AS m(org_id, month)
    ON CONFLICT (tenant_id, org_id, month) DO UPDATE SET watermark = excluded.watermark WHERE usage_month.watermark < excluded.watermark`);
  await tx.write(sql`
    INSERT INTO usage_rollup (tenant_id, org_id, sku, day, count, counted, absorbed, quantity_sum, quantity_max, quantity_min, quantity_latest, amount_sum, root,
                              day_leaf, first_time, last_time, watermark)
    SELECT ${tx.tenant_id}, r.org_id, r.sku, r.day::date, r.count::bigint, r.counted::bigint, r.absorbed::bigint, r.quantity_sum::numeric, r.quantity_max::numeric,
           r.quantity_min::numeric, r.quantity_latest::numeric, r.amount_sum::numeric, r.root, r.day_leaf, r.first_time::timestamptz,
           r.last_time::timestamptz, ${watermark}::xid8
      FROM unnest(${uuidArray(rows.map((row) => row.org_id))}::uuid[], ${textArray(rows.map((row) => row.sku))}::text[],
                  ${text('day')}::text[], ${textArray(rows.map((row) => `${row.count}`))}::text[], ${textArray(rows.map((row) => `${row.counted}`))}::text[],
                  ${textArray(rows.map((row) => `${row.absorbed}`))}::text[], ${text('quantity_sum')}::text[],
                  ${text('quantity_max')}::text[], ${text('quantity_min')}::text[], ${text('quantity_latest')}::text[],
                  ${text('amount_sum')}::text[], ${byteaArray(rows.map((row) => row.root))}::bytea[],
                  ${byteaArray(rows.map((row) => row.day_leaf))}::bytea[], ${text('first_time')}::text[], ${text('last_time')}::text[])
           AS r(org_id, sku, day, count, counted, absorbed, quantity_sum, quantity_max, quantity_min, quantity_latest, amount_sum, root, day_leaf, first_time,
                last_time)
    ON CONFLICT (tenant_id, org_id, sku, day) DO UPDATE
       SET count = excluded.count, counted = excluded.counted, absorbed = excluded.absorbed, quantity_sum = excluded.quantity_sum, quantity_max = excluded.quantity_max,
           quantity_min = excluded.quantity_min, quantity_latest = excluded.quantity_latest, amount_sum = excluded.amount_sum,
           root = excluded.root, day_leaf = excluded.day_leaf, first_time = excluded.first_time, last_time = excluded.last_time,
           watermark = excluded.watermark
     WHERE usage_rollup.watermark <= excluded.watermark`);
}

/** Takes away an organization's rollups and says in which zone the new ones are cut. */
export async function resetOrganization(tx: Tx, org_id: string, time_zone: string): Promise<void> {
  await tx.write(sql`DELETE FROM usage_rollup WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id}`);
  await tx.write(sql`
    UPDATE usage_zone SET time_zone = ${time_zone} WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id}`);
}
