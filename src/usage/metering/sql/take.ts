import { type RawBuilder, sql } from 'kysely';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Part, Piece } from '../decide/take.ts';
import { eventsAnd } from './archived-events.ts';
import { boolArray, int4Array, textArray, uuidArray } from './arrays.ts';
import { type BlockRow, blocksOf, hasCorrected, readBlocks, readByCursor } from './blocks.ts';

interface DaysOfTake {
  take: number;
  org_id: string;
  sku: string;
  time_zone: string;
}

export interface WholeDaysRow extends Omit<Part, 'count' | 'counted'> {
  /** Place in the question, from 1. */
  n: number;
  /** The organization's rollups are cut in another zone: they say nothing here. */
  moved: boolean;
  count: string;
  counted: string;
  /** A day changed after the take's watermark, or holds what no take does: the sums are not the answer. */
  stale: boolean;
  /** Leaves of the days in order, one after another. */
  day_leaves: Buffer | null;
}

/** Adds up the rollups of whole days, each question by itself. */
export async function sumWholeDays(
  db: Db,
  asked: readonly (DaysOfTake & { first_day: string; end_day: string; arrived_to: string })[],
): Promise<WholeDaysRow[]> {
  return db.rows(sql<WholeDaysRow>`
    SELECT t.n::int, coalesce(z.time_zone <> t.time_zone, false) AS moved, s.*
      FROM ${wholeDayRows(asked)}
      LEFT JOIN usage_zone z ON z.tenant_id = ${db.tenant_id} AND z.org_id = t.org_id
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.count), 0)::text AS count, coalesce(sum(r.counted), 0)::text AS counted, 0 AS late_count, trim_scale(coalesce(sum(r.quantity_sum), 0)) AS quantity_sum,
               trim_scale(max(r.quantity_max)) AS quantity_max, trim_scale(min(r.quantity_min)) AS quantity_min,
               trim_scale((max(ARRAY[(r.day - '2000-01-01'::date)::numeric, r.quantity_latest::numeric])
                 FILTER (WHERE r.quantity_latest IS NOT NULL))[2]) AS quantity_latest, trim_scale(sum(r.amount_sum)) AS amount_sum,
               coalesce(max(r.watermark) > t.arrived_to::xid8 OR bool_or(r.absorbed > 0), false) AS stale,
               string_agg(r.day_leaf, ''::bytea ORDER BY r.day) AS day_leaves
          FROM usage_rollup r
         WHERE r.tenant_id = ${db.tenant_id} AND r.org_id = t.org_id AND r.sku = t.sku
           AND r.day >= t.first_day::date AND r.day < t.end_day::date) s`);
}

export interface WholeDayRow extends Omit<Part, 'count' | 'counted'> {
  n: number;
  moved: boolean;
  /** Null where there is no day; the row then only tells whether the organization moved. */
  day: string | null;
  stale: boolean;
  count: string;
  counted: string;
  root: Buffer;
  day_leaf: Buffer;
}

/** The same day by day, where days have to be put in order with others. */
export async function selectWholeDays(
  db: Db,
  asked: readonly (DaysOfTake & { first_day: string; end_day: string; arrived_to: string })[],
): Promise<WholeDayRow[]> {
  return db.rows(sql<WholeDayRow>`
    SELECT t.n::int, coalesce(z.time_zone <> t.time_zone, false) AS moved, r.day, r.watermark > t.arrived_to::xid8 OR r.absorbed > 0 AS stale, r.count::text,
           r.counted::text, 0 AS late_count, trim_scale(r.quantity_sum) AS quantity_sum, trim_scale(r.quantity_max) AS quantity_max,
           trim_scale(r.quantity_min) AS quantity_min, trim_scale(r.quantity_latest) AS quantity_latest, trim_scale(r.amount_sum) AS amount_sum,
           r.root, r.day_leaf
      FROM ${wholeDayRows(asked)}
      LEFT JOIN usage_zone z ON z.tenant_id = ${db.tenant_id} AND z.org_id = t.org_id
      LEFT JOIN usage_rollup r ON r.tenant_id = ${db.tenant_id} AND r.org_id = t.org_id AND r.sku = t.sku
       AND r.day >= t.first_day::date AND r.day < t.end_day::date`);
}

export interface LateDaysRow {
  n: number;
  moved: boolean;
  /** Days on which something may have arrived late; none is left out. */
  days: string[] | null;
}

export async function selectLateDays(
  db: Db,
  asked: readonly (DaysOfTake & { first_day: string; last_day: string; arrived_from: string })[],
): Promise<LateDaysRow[]> {
  return db.rows(sql<LateDaysRow>`
    SELECT t.n::int, coalesce(z.time_zone <> t.time_zone, false) AS moved,
           (SELECT array_agg(r.day ORDER BY r.day)::text[] FROM usage_rollup r
             WHERE r.tenant_id = ${db.tenant_id} AND r.org_id = t.org_id AND r.sku = t.sku
               AND r.day >= t.first_day::date AND r.day <= t.last_day::date AND r.watermark > t.arrived_from::xid8) AS days
      FROM unnest(${uuidArray(asked.map((each) => each.org_id))}::uuid[], ${textArray(asked.map((each) => each.sku))}::text[],
                  ${textArray(asked.map((each) => each.time_zone))}::text[], ${textArray(asked.map((each) => each.first_day))}::text[],
                  ${textArray(asked.map((each) => each.last_day))}::text[], ${textArray(asked.map((each) => each.arrived_from))}::text[])
           WITH ORDINALITY AS t(org_id, sku, time_zone, first_day, last_day, arrived_from, n)
      LEFT JOIN usage_zone z ON z.tenant_id = ${db.tenant_id} AND z.org_id = t.org_id`);
}

export interface PieceBlockRow extends BlockRow {
  take: number;
}

/** Pieces, and the lines of the archived events among theirs. */
export interface Question {
  pieces: readonly Piece[];
  archived: readonly string[];
}

/** The events of pieces, in blocks by take and local day. */
export async function* readPieces(db: Db, { pieces, archived }: Question): AsyncGenerator<PieceBlockRow[]> {
  const query = sql<PieceBlockRow>`
    WITH picked AS (
      SELECT p.take, (e.event_time AT TIME ZONE p.time_zone)::date AS day, e.event_time, e.request_id, e.voids, e.quantity, e.amount, e.leaf,
             p.late
        FROM ${pieceRows(pieces)}
        JOIN ${eventsAnd(archived)} e ON e.tenant_id = ${db.tenant_id} AND e.org_id = p.org_id AND e.sku = p.sku
         AND e.event_time >= p.starts::timestamptz AND e.event_time < p.ends::timestamptz
       WHERE e.xid >= p.arrived_from::xid8 AND e.xid < p.arrived_to::xid8 AND NOT e.absorbed),
    ${blocksOf(sql`take`, archived.length > 0 || (await hasCorrected(db)))}`;
  yield* readBlocks(db, query);
}

export interface TakenEventRow {
  take: number;
  day: string;
  request_id: string;
  sku: string;
  quantity: string | null;
  amount: string | null;
  properties: JsonObject | null;
  org_id: string;
  project_id: string | null;
  time: string;
  source: string;
  metadata: JsonObject | null;
  voids: string | null;
  amends: string | null;
  salt: Buffer;
  leaf: Buffer;
}

/** The events of the pieces by take and in the order of leaves, some thousands at a time. */
export function readEventsOfPieces(db: Db, { pieces, archived }: Question): AsyncGenerator<TakenEventRow[]> {
  const query = sql<TakenEventRow>`
    SELECT p.take, ${eventColumns(sql`p.time_zone`)}
      FROM ${pieceRows(pieces)}
      JOIN ${eventsAnd(archived)} e ON e.tenant_id = ${db.tenant_id} AND e.org_id = p.org_id AND e.sku = p.sku
       AND e.event_time >= p.starts::timestamptz AND e.event_time < p.ends::timestamptz
     WHERE e.xid >= p.arrived_from::xid8 AND e.xid < p.arrived_to::xid8 AND NOT e.absorbed
     ORDER BY p.take, e.event_time, e.request_id COLLATE "C"`;
  return readByCursor(db, query, { first: 2000 });
}

export interface PricedEventRow {
  take: number;
  request_id: string;
  voids: string | null;
  time: string;
  quantity: string | null;
  amount: string | null;
  properties: JsonObject | null;
}

/** What a price needs of the events of pieces, by take and in the order of leaves, some thousands at a time. */
export function readPricedEvents(db: Db, { pieces, archived }: Question): AsyncGenerator<PricedEventRow[]> {
  const query = sql<PricedEventRow>`
    SELECT p.take, e.request_id, e.voids, e.event_time AS time, trim_scale(e.quantity)::text AS quantity, trim_scale(e.amount)::text AS amount, e.properties
      FROM ${pieceRows(pieces)}
      JOIN ${eventsAnd(archived)} e ON e.tenant_id = ${db.tenant_id} AND e.org_id = p.org_id AND e.sku = p.sku
       AND e.event_time >= p.starts::timestamptz AND e.event_time < p.ends::timestamptz
     WHERE e.xid >= p.arrived_from::xid8 AND e.xid < p.arrived_to::xid8 AND NOT e.absorbed
     ORDER BY p.take, e.event_time, e.request_id COLLATE "C"`;
  return readByCursor(db, query, { first: 5000 });
}

/** The first events of one piece in the order of leaves, of those that are not archived; the index gives them without reading the others. */
export async function selectFirstEvents(db: Db, piece: Piece, most: number): Promise<TakenEventRow[]> {
  return db.rows(sql<TakenEventRow>`
    SELECT 0 AS take, ${eventColumns(sql`${piece.time_zone}`)}
      FROM metering_event e
     WHERE e.tenant_id = ${db.tenant_id} AND e.org_id = ${piece.org_id} AND e.sku = ${piece.sku}
       AND e.event_time >= ${piece.from}::timestamptz AND e.event_time < ${piece.to}::timestamptz
       AND e.xid >= ${piece.arrived_from}::xid8 AND e.xid < ${piece.arrived_to}::xid8 AND NOT e.absorbed
     ORDER BY e.event_time, e.request_id COLLATE "C" LIMIT ${most}`);
}

/** Organizations with a rollup of these months that changed after the watermark: an organization with late usage is among them. */
export async function selectOrgsWithLateUsage(
  db: Db,
  periods: readonly { org_id: string; first_month: string; last_month: string; watermark: string }[],
): Promise<string[]> {
  const rows = await db.rows(sql<{ org_id: string }>`
    SELECT DISTINCT p.org_id
      FROM unnest(${uuidArray(periods.map((each) => each.org_id))}::uuid[], ${textArray(periods.map((each) => each.first_month))}::text[],
                  ${textArray(periods.map((each) => each.last_month))}::text[], ${textArray(periods.map((each) => each.watermark))}::text[])
           AS p(org_id, first_month, last_month, watermark)
     WHERE EXISTS (SELECT FROM usage_month m WHERE m.tenant_id = ${db.tenant_id} AND m.org_id = p.org_id
                      AND m.month >= p.first_month::date AND m.month <= p.last_month::date AND m.watermark > p.watermark::xid8)`);
  return rows.map((row) => row.org_id);
}

export async function upsertClosures(tx: Tx, closures: readonly { org_id: string; closed_until: string }[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO usage_closure (tenant_id, org_id, closed_until)
    SELECT ${tx.tenant_id}, c.org_id, c.closed_until::timestamptz
      FROM unnest(${uuidArray(closures.map((each) => each.org_id))}::uuid[], ${textArray(closures.map((each) => each.closed_until))}::text[])
           AS c(org_id, closed_until) ORDER BY c.org_id
    ON CONFLICT (tenant_id, org_id) DO UPDATE SET closed_until = excluded.closed_until`);
}

function wholeDayRows(asked: readonly (DaysOfTake & { first_day: string; end_day: string; arrived_to: string })[]) {
  return sql`unnest(${uuidArray(asked.map((each) => each.org_id))}::uuid[], ${textArray(asked.map((each) => each.sku))}::text[],
                    ${textArray(asked.map((each) => each.time_zone))}::text[], ${textArray(asked.map((each) => each.first_day))}::text[],
                    ${textArray(asked.map((each) => each.end_day))}::text[], ${textArray(asked.map((each) => each.arrived_to))}::text[])
             WITH ORDINALITY AS t(org_id, sku, time_zone, first_day, end_day, arrived_to, n)`;
}

function eventColumns(time_zone: RawBuilder<unknown>) {
  return sql`(e.event_time AT TIME ZONE ${time_zone})::date AS day, e.request_id, e.sku, trim_scale(e.quantity)::text AS quantity,
             trim_scale(e.amount)::text AS amount, e.properties, e.org_id, e.project_id, e.event_time AS time, e.source, e.metadata, e.voids, e.amends,
             e.salt, e.leaf`;
}

/** As the table `p`; `n` is the place of a piece, from 1. */
export function pieceRows(pieces: readonly Piece[]) {
  return sql`(SELECT * FROM unnest(${int4Array(pieces.map((each) => each.take))}::int[], ${uuidArray(pieces.map((each) => each.org_id))}::uuid[],
                    ${textArray(pieces.map((each) => each.sku))}::text[], ${textArray(pieces.map((each) => each.time_zone))}::text[],
                    ${textArray(pieces.map((each) => each.from))}::text[], ${textArray(pieces.map((each) => each.to))}::text[],
                    ${textArray(pieces.map((each) => each.arrived_from))}::text[], ${textArray(pieces.map((each) => each.arrived_to))}::text[],
                    ${boolArray(pieces.map((each) => each.late))}::boolean[]) WITH ORDINALITY
               AS piece(take, org_id, sku, time_zone, starts, ends, arrived_from, arrived_to, late, n)) AS p`;
}
