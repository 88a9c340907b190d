import { sql } from 'kysely';
import type { Actor, Db, Tx } from '../../../platform/postgres.ts';
import type { ImportFault, ImportFormat, ImportOptions, ImportStatus, UsageImport } from '../model.ts';

export interface NewImport {
  import_id: string;
  filename: string;
  sha256: Buffer;
  bytes: number;
  options: ImportOptions;
  options_hash: Buffer;
  bytes_to_read: number;
}

/** False when the same bytes with the same options are imported, or being imported, already. */
export async function insertImport(tx: Tx, it: NewImport): Promise<boolean> {
  const { import_id, filename, sha256, bytes, options } = it;
  const rows = await tx.write(sql`
    INSERT INTO usage_import (tenant_id, import_id, filename, sha256, bytes, options, options_hash, org_id, format, on_error, status, bytes_to_read,
      created_by, created_at)
    VALUES (${tx.tenant_id}, ${import_id}, ${filename}, ${sha256}, ${bytes}, ${JSON.stringify(options)}::jsonb, ${it.options_hash},
      ${options.org_id}, ${options.format}, ${options.on_error}, 'queued', ${it.bytes_to_read}, ${JSON.stringify(tx.actor)}::jsonb, ${tx.now.toString()})
    ON CONFLICT (tenant_id, sha256, options_hash) WHERE ${imported_once} DO NOTHING RETURNING 1`);
  return rows.length === 1;
}

/** On record that a file came again: finished at once, its events all duplicates of `first`'s. */
export async function insertRepeat(tx: Tx, it: NewImport, first: UsageImport): Promise<void> {
  const { totals } = first;
  await tx.write(sql`
    INSERT INTO usage_import (tenant_id, import_id, filename, sha256, bytes, options, options_hash, org_id, format, on_error, status, bytes_to_read,
      bytes_read, lines, duplicates, unmapped, missing, held, quantities, same_as, created_by, created_at, finished_at)
    VALUES (${tx.tenant_id}, ${it.import_id}, ${it.filename}, ${it.sha256}, ${it.bytes}, ${JSON.stringify(it.options)}::jsonb, ${it.options_hash},
      ${it.options.org_id}, ${first.format}, ${it.options.on_error}, 'completed', ${it.bytes}, ${it.bytes}, ${totals.lines},
      ${totals.accepted + totals.duplicates}, ${totals.unmapped}, ${totals.missing}, ${totals.held}, ${JSON.stringify(totals.quantities)}::jsonb, ${first.import_id},
      ${JSON.stringify(tx.actor)}::jsonb, ${tx.now.toString()}, ${tx.now.toString()})`);
}

/** The import of these bytes with these options that is queued, runs, or stored all of it. */
export function selectSameImport(db: Db, sha256: Buffer, options_hash: Buffer): Promise<UsageImport | undefined> {
  return db.maybe(sql<UsageImport>`
    SELECT ${columns} FROM usage_import
     WHERE tenant_id = ${db.tenant_id} AND sha256 = ${sha256} AND options_hash = ${options_hash} AND (${imported_once})`);
}

export function selectImport(db: Db, import_id: string): Promise<UsageImport | undefined> {
  return db.maybe(
    sql<UsageImport>`SELECT ${columns} FROM usage_import WHERE tenant_id = ${db.tenant_id} AND import_id = ${import_id}`,
  );
}

export interface ImportFilter {
  org_id: string | null;
  /** Only imports for one of these; null for all. */
  org_ids: readonly string[] | null;
  status: ImportStatus | null;
  below: string | null;
  limit: number;
}

/** Newest first, one more than the limit. */
export function selectImports(db: Db, filter: ImportFilter): Promise<UsageImport[]> {
  return db.rows(sql<UsageImport>`
    SELECT ${columns} FROM usage_import
     WHERE tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR import_id < ${filter.below}::uuid)
       AND (${filter.org_id}::uuid IS NULL OR org_id = ${filter.org_id}::uuid)
       AND (${filter.org_ids}::uuid[] IS NULL OR org_id = ANY (${filter.org_ids}::uuid[]))
       AND (${filter.status}::text IS NULL OR status = ${filter.status}::text)
     ORDER BY import_id DESC LIMIT ${filter.limit + 1}`);
}

/** What the job needs beside what a caller sees. */
export interface ImportWork {
  options: ImportOptions;
  created_by: Actor;
  /** Findings of the file that are dealt with, in order: where a run that was killed goes on. */
  items_done: number;
  phase: 'check' | 'store';
}

export type Lease = { import_id: string; lease: string };

/** Takes an unfinished import to work on, unless somebody has worked on it in the last minute. */
export async function takeImport(tx: Tx, { import_id, lease }: Lease): Promise<(ImportWork & { attempts: number }) | undefined> {
  const rows = await tx.write<ImportWork & { attempts: number }>(sql`
    UPDATE usage_import SET status = 'running', lease = ${lease}, leased_at = clock_timestamp(), attempts = attempts + 1
     WHERE tenant_id = ${tx.tenant_id} AND import_id = ${import_id} AND status IN ('queued', 'running')
       AND (lease IS NULL OR leased_at < clock_timestamp() - interval '60 seconds')
    RETURNING options, created_by, items_done::float8 AS items_done, phase, attempts`);
  return rows[0];
}

/** Gives an import back unfinished, for whoever comes next. */
export async function releaseImport(tx: Tx, { import_id, lease }: Lease): Promise<void> {
  await tx.write(
    sql`UPDATE usage_import SET lease = NULL WHERE tenant_id = ${tx.tenant_id} AND import_id = ${import_id} AND lease = ${lease}`,
  );
}

export interface Checkpoint {
  format: ImportFormat | 'auto';
  phase: 'check' | 'store';
  items_done: number;
  bytes_read: number;
  bytes_to_read: number;
  totals: UsageImport['totals'];
  error_count: number;
}

/** False when another run holds the lease by now. */
export async function updateProgress(
  tx: Tx,
  { import_id, lease }: Lease,
  at: Checkpoint,
  status: ImportStatus,
): Promise<boolean> {
  const { totals } = at;
  const finished_at = status === 'running' ? null : tx.now.toString();
  const rows = await tx.write(sql`
    UPDATE usage_import
       SET format = ${at.format}, phase = ${at.phase}, items_done = ${at.items_done}, bytes_read = ${at.bytes_read}, bytes_to_read = ${at.bytes_to_read},
           lines = ${totals.lines}, accepted = ${totals.accepted}, duplicates = ${totals.duplicates}, rejected = ${totals.rejected},
           unmapped = ${totals.unmapped}, missing = ${totals.missing}, held = ${totals.held}, quantities = ${JSON.stringify(totals.quantities)}::jsonb,
           error_count = ${at.error_count}, status = ${status}, finished_at = ${finished_at}, leased_at = clock_timestamp(), attempts = 0
     WHERE tenant_id = ${tx.tenant_id} AND import_id = ${import_id} AND lease = ${lease} RETURNING 1`);
  return rows.length === 1;
}

export type Severity = 'error' | 'note';

export async function deleteFaults(tx: Tx, import_id: string): Promise<void> {
  await tx.write(sql`DELETE FROM usage_import_error WHERE tenant_id = ${tx.tenant_id} AND import_id = ${import_id}`);
}

/** Adds findings behind `listed` earlier ones. */
export async function insertFaults(
  tx: Tx,
  import_id: string,
  severity: Severity,
  listed: number,
  faults: readonly ImportFault[],
): Promise<void> {
  if (faults.length === 0) return;
  await tx.write(sql`
    INSERT INTO usage_import_error (tenant_id, import_id, severity, position, line, code, detail)
    SELECT ${tx.tenant_id}, ${import_id}, ${severity}, ${listed} + n, line, code, detail
      FROM unnest(${faults.map((one) => one.line)}::int[], ${faults.map((one) => one.code)}::text[], ${faults.map((one) => one.detail)}::text[])
           WITH ORDINALITY AS f(line, code, detail, n)`);
}

/** In the order of the file as far as it was read in order, one more than the limit. */
export function selectFaults(
  db: Db,
  import_id: string,
  of: { severity: Severity; after: number; limit: number },
): Promise<(ImportFault & { position: number })[]> {
  return db.rows(sql<ImportFault & { position: number }>`
    SELECT position, line, code, detail FROM usage_import_error
     WHERE tenant_id = ${db.tenant_id} AND import_id = ${import_id} AND severity = ${of.severity} AND position > ${of.after}
     ORDER BY position LIMIT ${of.limit + 1}`);
}

/** How many findings of each kind are listed. */
export function listedFaults(db: Db, import_id: string): Promise<Record<Severity, number>> {
  return db.one(sql<Record<Severity, number>>`
    SELECT count(*) FILTER (WHERE severity = 'error')::int AS error, count(*) FILTER (WHERE severity = 'note')::int AS note
      FROM usage_import_error WHERE tenant_id = ${db.tenant_id} AND import_id = ${import_id}`);
}

const imported_once = sql`status IN ('queued', 'running') OR (status = 'completed' AND rejected = 0 AND same_as IS NULL)`;

const columns = sql`
  import_id, filename, encode(sha256, 'hex') AS sha256, bytes::float8 AS bytes, format, on_error, org_id, options->'mapping'->>'name' AS mapping, status,
  jsonb_build_object('bytes_done', bytes_read, 'bytes_total', bytes_to_read, 'rows_done', lines) AS progress,
  jsonb_build_object('lines', lines, 'accepted', accepted, 'duplicates', duplicates, 'rejected', rejected, 'unmapped', unmapped,
    'missing', missing, 'held', held, 'quantities', quantities) AS totals,
  error_count::float8 AS error_count, same_as, created_at, finished_at`;
