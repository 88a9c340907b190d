import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';
import type { Db } from '../../../platform/postgres.ts';
import type { Piece } from '../decide/take.ts';
import { byteaArray, int4Array, textArray, uuidArray } from './arrays.ts';
import { pieceRows } from './take.ts';

/** An event as the document has it, and what its place in it is decided by. */
export interface ArchivableRow {
  tenant_id: string;
  org_id: string;
  sku: string;
  time: string;
  xid: string;
  leaf: Buffer;
  /** JSON of the row, decimals as text. */
  line: string;
}

export interface BlockEntry {
  tenant_id: string;
  block: number;
  at: number;
  bytes: number;
  sha256: Buffer;
  events: number;
  first: ArchivableRow;
  last: ArchivableRow;
  first_time: string;
  last_time: string;
  first_xid: string;
  last_xid: string;
}

export interface Manifest {
  gen: number;
  document: string;
  bytes: number;
  sha256: Buffer;
  events: number;
  root: Buffer;
}

/** One process archives at a time: false where another does. Ended by `endArchiving`, or with the connection. */
export async function beginArchiving(client: pg.ClientBase): Promise<boolean> {
  const result = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock(7310223) AS mine');
  if (result.rows[0]!.mine) await client.query("SET statement_timeout = '30min'");
  return result.rows[0]!.mine;
}

export async function endArchiving(client: pg.ClientBase): Promise<void> {
  await client.query('RESET statement_timeout; SELECT pg_advisory_unlock(7310223)');
}

/** Closed generations of months before `month` (YYYY-MM-01), oldest first. */
export async function selectClosed(
  client: pg.ClientBase,
  month: string,
): Promise<{ gen: number; month: string; events: string }[]> {
  const result = await client.query<{ gen: number; month: string; events: string }>(
    "SELECT gen, month::text, events FROM metering_generation WHERE state = 'closed' AND month < $1 ORDER BY gen",
    [month],
  );
  return result.rows;
}

/** Organizations with events of the generation that are not rolled up, or of a time that is not billed yet. */
export async function selectUnsettled(
  client: pg.ClientBase,
  gen: number,
): Promise<{ tenant_id: string; org_id: string; reason: string }[]> {
  const result = await client.query<{ tenant_id: string; org_id: string; reason: string }>(
    `SELECT e.tenant_id, e.org_id, CASE WHEN e.xid < w.watermark THEN 'not_billed' ELSE 'not_rolled_up' END AS reason
       FROM (SELECT tenant_id, org_id, max(xid) AS xid, max(event_time) AS event_time FROM metering_event WHERE gen = $1 GROUP BY tenant_id, org_id) e
       LEFT JOIN usage_watermark w ON w.tenant_id = e.tenant_id
       LEFT JOIN usage_closure c ON c.tenant_id = e.tenant_id AND c.org_id = e.org_id
      WHERE NOT coalesce(e.xid < w.watermark AND e.event_time < c.closed_until, false) ORDER BY e.tenant_id, e.org_id`,
    [gen],
  );
  return result.rows;
}

/** The events of a generation in the order of its document: by tenant, organization, SKU, time and request id. Within a transaction. */
export async function* readGeneration(client: pg.ClientBase, gen: number): AsyncGenerator<ArchivableRow[]> {
  await client.query(`
    DECLARE archive NO SCROLL CURSOR FOR
    SELECT tenant_id, org_id, sku, event_time AS time, xid::text, leaf,
           (to_jsonb(e) - 'gen' || jsonb_build_object('quantity', trim_scale(quantity)::text, 'amount', trim_scale(amount)::text))::text AS line
      FROM metering_event e WHERE gen = ${Math.trunc(gen)} ORDER BY tenant_id, org_id, sku, event_time, request_id COLLATE "C"`);
  for (;;) {
    const { rows } = await client.query<ArchivableRow>('FETCH 2000 FROM archive');
    if (rows.length === 0) break;
    yield rows;
  }
  await client.query('CLOSE archive');
}

/** The manifest that a process wrote before it could take the events away. */
export async function selectManifest(client: pg.ClientBase, gen: number): Promise<Manifest | undefined> {
  const result = await client.query<Omit<Manifest, 'bytes' | 'events'> & { bytes: string; events: string }>(
    'SELECT gen, document, bytes, sha256, events, root FROM metering_archive WHERE gen = $1',
    [gen],
  );
  const [row] = result.rows;
  return row && { ...row, bytes: Number.parseInt(row.bytes, 10), events: Number.parseInt(row.events, 10) };
}

/** Keeps the manifest, the blocks and the keys of a generation, all or none. */
export async function insertArchive(client: pg.ClientBase, manifest: Manifest, blocks: readonly BlockEntry[]): Promise<void> {
  const { gen, document, bytes, sha256, events, root } = manifest;
  const texts = (of: (block: BlockEntry) => string) => textArray(blocks.map(of));
  await client.query('BEGIN');
  await client.query(
    'INSERT INTO metering_archive (gen, document, bytes, sha256, events, root, verified_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())',
    [gen, document, bytes, sha256, events, root],
  );
  await client.query(
    `INSERT INTO metering_archive_block (tenant_id, gen, block, at, bytes, sha256, events, first_org, first_sku, last_org, last_sku, first_time, last_time,
                                         first_xid, last_xid)
     SELECT b.tenant_id, $1, b.block, b.at::bigint, b.bytes, b.sha256, b.events, b.first_org, b.first_sku, b.last_org, b.last_sku, b.first_time::timestamptz,
            b.last_time::timestamptz, b.first_xid::xid8, b.last_xid::xid8
       FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::bytea[], $7::int[], $8::uuid[], $9::text[], $10::uuid[], $11::text[], $12::text[],
                   $13::text[], $14::text[], $15::text[])
            AS b(tenant_id, block, at, bytes, sha256, events, first_org, first_sku, last_org, last_sku, first_time, last_time, first_xid, last_xid)`,
    [
      gen,
      uuidArray(blocks.map((each) => each.tenant_id)),
      int4Array(blocks.map((each) => each.block)),
      texts((each) => `${each.at}`),
      int4Array(blocks.map((each) => each.bytes)),
      byteaArray(blocks.map((each) => each.sha256)),
      int4Array(blocks.map((each) => each.events)),
      uuidArray(blocks.map((each) => each.first.org_id)),
      texts((each) => each.first.sku),
      uuidArray(blocks.map((each) => each.last.org_id)),
      texts((each) => each.last.sku),
      texts((each) => each.first_time),
      texts((each) => each.last_time),
      texts((each) => each.first_xid),
      texts((each) => each.last_xid),
    ],
  );
  await client.query(
    `INSERT INTO metering_archive_key (gen, first_key, entries)
     SELECT $1, min(key::text)::uuid, string_agg(uuid_send(key) || salt || leaf, ''::bytea ORDER BY key)
       FROM (SELECT metering_key(tenant_id, request_id) AS key, salt, leaf::bytea, (row_number() OVER (ORDER BY metering_key(tenant_id, request_id)) - 1) / 120 AS part
               FROM metering_event WHERE gen = $1) k GROUP BY part`,
    [gen],
  );
  await client.query('COMMIT');
}

/** Takes the events of a generation away whose manifest and keys are kept. */
export async function dropGeneration(client: pg.ClientBase, gen: number): Promise<void> {
  await client.query('SELECT metering_archived($1)', [gen]);
}

export interface ArchivedBlock {
  document: string;
  at: number;
  bytes: number;
  sha256: Buffer;
  events: number;
}

/** To the end of the transaction no more events are archived. */
export async function keepUnarchived(db: Db): Promise<void> {
  await db.rows(sql`LOCK TABLE ONLY metering_event IN ACCESS SHARE MODE`);
}

/** The places, from 1, of the pieces that archived events may lie in. To the end of the transaction no more events are archived. */
export async function selectArchivedPieces(db: Db, pieces: readonly Piece[]): Promise<number[]> {
  await keepUnarchived(db);
  const rows = await db.rows(sql<{ n: number }>`
    SELECT p.n::int FROM ${pieceRows(pieces)} WHERE EXISTS (SELECT ${blocksOfPieces(db)}) ORDER BY p.n`);
  return rows.map((row) => row.n);
}

/** The archived blocks that hold all archived events of the pieces, and others beside them. */
export async function selectArchivedBlocks(db: Db, pieces: readonly Piece[]): Promise<ArchivedBlock[]> {
  const rows = await db.rows(sql<Omit<ArchivedBlock, 'at'> & { at: string }>`
    SELECT DISTINCT b.gen, b.block, b.document, b.at, b.bytes, b.sha256, b.events
      FROM ${pieceRows(pieces)} CROSS JOIN LATERAL (SELECT b.gen, b.block, a.document, b.at, b.bytes, b.sha256, b.events ${blocksOfPieces(db)}) b
     ORDER BY b.gen, b.block`);
  return rows.map((row) => ({ ...row, at: Number.parseInt(row.at, 10) }));
}

function blocksOfPieces(db: Db): RawBuilder<unknown> {
  return sql`
    FROM metering_archive_block b JOIN metering_archive a ON a.gen = b.gen JOIN metering_generation g ON g.gen = b.gen
   WHERE b.tenant_id = ${db.tenant_id} AND (b.first_org, b.first_sku) <= (p.org_id, p.sku) AND (b.last_org, b.last_sku) >= (p.org_id, p.sku)
     AND b.last_time >= p.starts::timestamptz AND b.first_time < p.ends::timestamptz
     AND b.last_xid >= p.arrived_from::xid8 AND b.first_xid < p.arrived_to::xid8
     AND g.state = 'archived'`;
}

/** True where archived events may be of an organization, of a SKU (null: of any) and of `[from, to)`. */
export function hasArchivedOf(
  db: Db,
  asked: { org_id: RawBuilder<unknown>; sku: RawBuilder<unknown> | null; from: RawBuilder<unknown>; to: RawBuilder<unknown> },
): RawBuilder<unknown> {
  const { org_id, sku, from, to } = asked;
  const place =
    sku === null
      ? sql`${org_id} BETWEEN b.first_org AND b.last_org`
      : sql`(b.first_org, b.first_sku) <= (${org_id}, ${sku}) AND (b.last_org, b.last_sku) >= (${org_id}, ${sku})`;
  return sql`EXISTS (
    SELECT FROM metering_archive_block b JOIN metering_generation g ON g.gen = b.gen AND g.state = 'archived'
     WHERE b.tenant_id = ${db.tenant_id} AND ${place} AND b.last_time >= ${from} AND b.first_time < ${to})`;
}

/** Whether any usage of these organizations (null: of all) in `[from, to)` is archived. */
export async function hasArchived(
  db: Db,
  range: { org_ids: readonly string[] | null; from: string; to: string },
): Promise<boolean> {
  const { org_ids, from, to } = range;
  const row = await db.one(sql<{ found: boolean }>`
    SELECT EXISTS (
      SELECT FROM metering_archive_block b
       WHERE b.tenant_id = ${db.tenant_id} AND b.last_time >= ${from}::timestamptz AND b.first_time < ${to}::timestamptz
         AND ${org_ids === null ? sql`true` : sql`EXISTS (SELECT FROM unnest(${uuidArray(org_ids)}::uuid[]) AS o(org_id) WHERE o.org_id BETWEEN b.first_org AND b.last_org)`}) AS found`);
  return row.found;
}
