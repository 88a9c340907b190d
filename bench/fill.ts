import type pg from 'pg';
import type { Postgres } from '../src/platform/postgres.ts';
import { tendGenerations } from '../src/usage/metering/service/generations.ts';

/** How `fill` makes events: an SQL query over `n` with the columns request_id, org_id, sku, quantity, properties and event_time. */
export interface Filling {
  tenant_id: string;
  /** Events of each generation; all but the last are closed. */
  generations: readonly number[];
  /** The first `n`; 0 if it is left out. */
  start?: number;
  /** The rows for `n` from $1 to $2. */
  rows: string;
}

const rows_per_statement = 250_000;

/**
 * Stores events past the way in, in the generations that the product would have made: with keys, leaves of the right length, and closed by the
 * product's own code, so with indexes and filters. Answers the bytes of log that each closing took, by event.
 */
export async function fill(
  client: pg.Pool | pg.Client,
  postgres: Postgres,
  { tenant_id, generations, start = 0, rows }: Filling,
): Promise<number[]> {
  const closings: number[] = [];
  let n = start;
  for (const [at, size] of generations.entries()) {
    const standing = await client.query<{ gen: number }>("SELECT gen FROM tally.metering_generation WHERE state = 'hot'");
    const { gen } = standing.rows[0]!;
    const end = n + size;
    while (n < end) {
      const next = Math.min(n + rows_per_statement, end);
      await client.query(
        `WITH made AS MATERIALIZED (
           SELECT *, substring(sha256(int8send(random(0, 9223372036854775807))) FOR 16) AS salt, sha256(convert_to(request_id, 'UTF8')) AS leaf FROM (${rows}) AS row),
         keyed AS (INSERT INTO tally.metering_key_${gen % 2} SELECT tally.metering_key($3, request_id), salt, leaf FROM made)
         INSERT INTO tally.metering_event (gen, tenant_id, request_id, event_id, org_id, sku, quantity, properties, event_time, source, salt, leaf, received_at)
         SELECT ${gen}, $3, request_id, uuidv7(), org_id, sku, quantity, properties, event_time, 'backend', salt, leaf, now() FROM made`,
        [n, next - 1, tenant_id],
      );
      n = next;
    }
    if (at === generations.length - 1) break;
    const before = await position(client);
    await tendGenerations(postgres, { over: gen });
    closings.push(((await position(client)) - before) / size);
  }
  await client.query('ANALYZE tally.metering_event');
  return closings;
}

/** Bytes of log written since the beginning. */
export async function position(client: pg.Pool | pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes");
  return Number.parseInt(rows[0]!.bytes, 10);
}
