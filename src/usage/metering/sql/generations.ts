import type pg from 'pg';
import { int4Array, textArray, uuidArray } from './arrays.ts';

/** Where the generations stand, for as long as the transaction that asked lasts. */
export interface Standing {
  /** Takes what comes. */
  hot: number;
  /** Full, and not closed yet. */
  sealed: number | null;
  oldest: number;
  /** False after a crash, until `recoverKeys`. */
  is_ready: boolean;
  /** Pages of the hot generation's table of keys. */
  key_pages: number;
  /** The hot generation is of an earlier month. */
  month_is_over: boolean;
}

/** Salt and leaf of a stored event, by which a duplicate is told from a conflict. */
export interface StoredLeaf {
  salt: Buffer;
  leaf: Buffer;
}

/** Begins the transaction that stores events. To its end nobody changes generations. */
export async function beginStoring(client: pg.ClientBase): Promise<Standing> {
  const results = (await client.query(
    'BEGIN ISOLATION LEVEL READ COMMITTED; SELECT * FROM metering_enter()',
  )) as unknown as pg.QueryResult<Standing>[];
  return results[1]!.rows[0]!;
}

/** Which of these events the closed generations hold, each asked for in one of them. `n` is the place in the question, from 0. */
export async function selectInClosed(
  client: pg.ClientBase,
  asked: readonly { gen: number; tenant_id: string; request_id: string; key: string }[],
): Promise<(StoredLeaf & { n: number })[]> {
  const result = await client.query<StoredLeaf & { n: number }>({
    name: 'metering-in-closed',
    // Where the events were archived, 64 bytes are kept of each: key, salt and leaf, some hundred to a row.
    text: `
      WITH found AS MATERIALIZED (
        SELECT k.n, k.key, (SELECT e FROM metering_event e WHERE e.gen = k.gen AND e.tenant_id = k.tenant_id AND e.request_id = k.request_id) AS stored,
               (SELECT a.entries FROM metering_archive_key a WHERE a.gen = k.gen AND a.first_key <= k.key ORDER BY a.first_key DESC LIMIT 1) AS entries
          FROM unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[]) WITH ORDINALITY AS k(gen, tenant_id, request_id, key, n))
      SELECT n::int - 1 AS n, (stored).salt, (stored).leaf FROM found WHERE (stored).leaf IS NOT NULL
      UNION ALL
      SELECT n::int - 1, substring(entries FROM 17 + 64 * i FOR 16), substring(entries FROM 33 + 64 * i FOR 32)
        FROM found CROSS JOIN generate_series(0, length(entries) / 64 - 1) AS i
       WHERE (stored).leaf IS NULL AND substring(entries FROM 1 + 64 * i FOR 16) = uuid_send(key)`,
    values: [
      int4Array(asked.map((each) => each.gen)),
      uuidArray(asked.map((each) => each.tenant_id)),
      textArray(asked.map((each) => each.request_id)),
      uuidArray(asked.map((each) => each.key)),
    ],
  });
  return result.rows;
}

/** What the hot and the sealed generation hold under these keys. */
export async function selectByKey(client: pg.ClientBase, keys: readonly string[]): Promise<(StoredLeaf & { n: number })[]> {
  const result = await client.query<StoredLeaf & { n: number }>({
    name: 'metering-by-key',
    text: `SELECT n::int - 1 AS n, coalesce((one).salt, (other).salt) AS salt, coalesce((one).leaf, (other).leaf) AS leaf
             FROM (SELECT k.n, (SELECT a FROM metering_key_0 a WHERE a.key = k.key) AS one, (SELECT b FROM metering_key_1 b WHERE b.key = k.key) AS other
                     FROM unnest($1::uuid[]) WITH ORDINALITY AS k(key, n) OFFSET 0) found
            WHERE (one).leaf IS NOT NULL OR (other).leaf IS NOT NULL`,
    values: [uuidArray(keys)],
  });
  return result.rows;
}

/** Fills the tables of keys that a crash has emptied, from the events. */
export async function recoverKeys(client: pg.ClientBase): Promise<void> {
  await client.query("BEGIN; SET LOCAL statement_timeout = '30min'; SELECT metering_recover(); COMMIT");
}

/** The filters of closed generations; undefined for one that does not match its checksum. */
export async function selectFilters(pool: pg.Pool, gens: readonly number[]): Promise<{ gen: number; filter: Buffer }[]> {
  const result = await pool.query<{ gen: number; filter: Buffer }>(
    "SELECT gen, filter FROM metering_generation WHERE gen = ANY ($1) AND state IN ('closed', 'archived') AND filter_hash = sha256(filter)",
    [gens],
  );
  return result.rows;
}

/** Seals the hot generation, if it is still that, and opens the next. False where the last one is not closed yet. */
export async function roll(client: pg.ClientBase, gen: number): Promise<boolean> {
  const result = await client.query<{ rolled: boolean }>('SELECT metering_roll($1) AS rolled', [gen]);
  return result.rows[0]!.rolled;
}

/** The hot and the sealed generation, outside of any transaction. */
export async function selectUnclosed(
  client: pg.ClientBase,
): Promise<{ hot: number; sealed: number | null; month_is_over: boolean }> {
  const result = await client.query<{ hot: number; sealed: number | null; month_is_over: boolean }>(`
    SELECT h.gen AS hot, (SELECT s.gen FROM metering_generation s WHERE s.state = 'sealed') AS sealed,
           h.month < date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AS month_is_over
      FROM metering_generation h WHERE h.state = 'hot'`);
  return result.rows[0]!;
}

/** One process rolls and closes at a time: false where another does. Ended by `endTending`, or with the connection. */
export async function beginTending(client: pg.ClientBase): Promise<boolean> {
  const result = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock(7310222) AS mine');
  if (result.rows[0]!.mine) await client.query("SET statement_timeout = '30min'");
  return result.rows[0]!.mine;
}

export async function endTending(client: pg.ClientBase): Promise<void> {
  await client.query('RESET statement_timeout; SELECT pg_advisory_unlock(7310222)');
}

/** Builds a sealed generation's indexes and freezes its pages. */
export async function indexGeneration(client: pg.ClientBase, gen: number): Promise<void> {
  await client.query('SELECT metering_index($1)', [gen]);
  await client.query(`VACUUM (FREEZE, ANALYZE, PARALLEL 0) metering_event_${Math.trunc(gen)}`);
}

/** The keys of a sealed generation, in hexadecimal, some ten thousands at a time. */
export async function* readKeys(client: pg.ClientBase, gen: number): AsyncGenerator<string[]> {
  let after = no_key;
  for (;;) {
    const result = await client.query<{ key: string }>(
      `SELECT key FROM metering_key_${Math.trunc(gen) % 2} WHERE key > $1 ORDER BY key LIMIT 20000`,
      [after],
    );
    if (result.rows.length === 0) return;
    after = result.rows.at(-1)!.key;
    yield result.rows.map((row) => row.key);
  }
}

/** The row of zeros that tells a table of keys from an emptied one. */
const no_key = '00000000-0000-0000-0000-000000000000';

/** False where a crash has emptied the generation's table of keys. */
export async function hasKeys(client: pg.ClientBase, gen: number): Promise<boolean> {
  const result = await client.query<{ filled: boolean }>(
    `SELECT EXISTS (SELECT FROM metering_key_${Math.trunc(gen) % 2} WHERE key = $1) AS filled`,
    [no_key],
  );
  return result.rows[0]!.filled;
}

export async function countKeys(client: pg.ClientBase, gen: number): Promise<number> {
  const result = await client.query<{ count: number }>(
    `SELECT count(*)::int FROM metering_key_${Math.trunc(gen) % 2} WHERE key <> $1`,
    [no_key],
  );
  return result.rows[0]!.count;
}

/** Closes a sealed generation with the filter over all its keys. Throws where their number is not that of its events. */
export async function closeGeneration(client: pg.ClientBase, gen: number, keys: number, filter: Buffer): Promise<void> {
  await client.query('SELECT metering_close($1, $2, $3)', [gen, keys, filter]);
  await client.query('SELECT metering_trim($1)', [gen]);
}
