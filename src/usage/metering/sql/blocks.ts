import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';

/** The most leaves of one row: a day of any size is read in pieces. */
export const block_events = 4096;

/** Up to `block_events` events of one day that follow each other in the order of leaves. */
export interface BlockRow {
  day: string;
  count: string;
  counted: string;
  late_count: string;
  quantity_sum: string;
  quantity_max: string | null;
  quantity_min: string | null;
  quantity_latest: string | null;
  amount_sum: string | null;
  first_time: string;
  last_time: string;
  /** Leaf hashes, one after another. */
  leaves: Buffer;
}

/**
 * The rest of a statement whose last CTE is `picked`, with the columns `keys`, day, event_time, request_id, voids, quantity, amount, leaf,
 * late: its events by keys and day, in blocks, all in order. An event stands where no counter-event of it is picked beside it; as the two
 * share their moment, that is seen in passing, and need not be looked for where the tenant has not `corrected` anything.
 */
export function blocksOf(keys: RawBuilder<unknown>, corrected: boolean): RawBuilder<BlockRow> {
  const stands = corrected
    ? sql`count(voids) OVER (PARTITION BY ${keys}, day, event_time, coalesce(voids, request_id)) = 0`
    : sql`true`;
  return sql<BlockRow>`
    numbered AS (
      SELECT *, (row_number() OVER (PARTITION BY ${keys}, day ORDER BY event_time, request_id COLLATE "C") - 1) / ${sql.lit(block_events)} AS block,
             ${stands} AS stands
        FROM picked),
    blocks AS (
      SELECT ${keys}, day, block, count(*) AS count, count(*) - 2 * count(voids) AS counted,
             count(*) FILTER (WHERE late) AS late_count, trim_scale(coalesce(sum(quantity), 0)) AS quantity_sum,
             trim_scale(max(quantity) FILTER (WHERE stands)) AS quantity_max, trim_scale(min(quantity) FILTER (WHERE stands)) AS quantity_min,
             array_agg(quantity::numeric ORDER BY event_time, request_id COLLATE "C") FILTER (WHERE stands AND quantity IS NOT NULL) AS quantities,
             trim_scale(sum(amount)) AS amount_sum, min(event_time) AS first_time, max(event_time) AS last_time,
             string_agg(leaf, ''::bytea ORDER BY event_time, request_id COLLATE "C") AS leaves
        FROM numbered GROUP BY ${keys}, day, block)
    SELECT ${keys}, day, count, counted, late_count, quantity_sum, quantity_max, quantity_min, trim_scale(quantities[cardinality(quantities)]) AS quantity_latest,
           amount_sum, first_time, last_time, leaves
      FROM blocks ORDER BY ${keys}, day, block`;
}

/** Whether any event of the tenant was ever taken back. */
export async function hasCorrected(db: Db): Promise<boolean> {
  const row = await db.one(sql<{ found: boolean }>`
    SELECT EXISTS (SELECT FROM metering_event WHERE tenant_id = ${db.tenant_id} AND voids IS NOT NULL) AS found`);
  return row.found;
}

/**
 * The blocks of a query, some megabytes at a time. With `ahead` the next read is under way while the last is worked on: only where the
 * transaction does nothing else meanwhile.
 */
export function readBlocks<R extends BlockRow>(db: Db, query: RawBuilder<R>, { ahead = false } = {}): AsyncGenerator<R[]> {
  const sizeAfter = (rows: readonly R[]) => {
    const bytes = rows.reduce((total, row) => total + row.leaves.length + 500, 0);
    return Math.max(50, Math.min(5000, Math.floor((most_bytes_per_read * rows.length) / bytes)));
  };
  return readByCursor(db, query, { first: 200, sizeAfter, ahead });
}

const most_bytes_per_read = 4 * 1024 * 1024;

let cursors = 0;

/** The rows of a query by a cursor of the transaction, however many there are. */
export async function* readByCursor<R>(
  db: Db,
  query: RawBuilder<R>,
  {
    first,
    sizeAfter = () => first,
    ahead = false,
  }: { first: number; sizeAfter?: (rows: readonly R[]) => number; ahead?: boolean },
): AsyncGenerator<R[]> {
  cursors += 1;
  const name = sql.raw(`metering_cursor_${cursors}`);
  const fetch = (most: number) => db.rows(sql<R>`FETCH ${sql.lit(most)} FROM ${name}`);
  await db.rows(sql`DECLARE ${name} NO SCROLL CURSOR FOR ${query}`);
  let most = first;
  let rows = await fetch(most);
  while (rows.length === most) {
    most = sizeAfter(rows);
    const next = ahead ? fetch(most) : undefined;
    // Should the reader stop here, nobody else waits for what is under way.
    if (next) void Promise.allSettled([next]);
    yield rows;
    rows = await (next ?? fetch(most));
  }
  if (rows.length > 0) yield rows;
  await db.rows(sql`CLOSE ${name}`);
}
