import { recordAudit } from '../../../foundation/audit/service.ts';
import { organizationBySlug, organizationsByIds } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { isId, newId } from '../../../kernel/id.ts';
import { documentHash } from '../../../kernel/proof.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Scope, Tx } from '../../../platform/postgres.ts';
import { most_listed } from '../decide/tally.ts';
import { errors } from '../errors.ts';
import type { ImportOptions, ImportStatus, UsageImport, UsageImportReport } from '../model.ts';
import { selectMapping } from '../sql/csv-mappings.ts';
import {
  type ImportFilter,
  insertImport,
  insertRepeat,
  type NewImport,
  selectFaults,
  selectImport,
  selectImports,
  selectSameImport,
} from '../sql/imports.ts';
import type { ImportDeps } from './import-progress.ts';
import { runImport } from './run-import.ts';
import { removeFile, type StoredFile, storeFile } from './stored-file.ts';

export const import_job = 'meters.import';

/** What may be said about a file. Names are as on the command line and in the multipart form. */
export interface ImportRequest {
  /** Id or slug of the organization. */
  org?: string | undefined;
  format?: ImportOptions['format'] | undefined;
  on_error?: ImportOptions['on_error'] | undefined;
  sku?: string | undefined;
  registers?: Readonly<Record<string, string>> | undefined;
  create_missing?: boolean | undefined;
  /** The name of a saved CSV mapping. */
  mapping?: string | undefined;
}

/**
 * What an import will do, all said. Whoever may act only for some organizations names one of them, and makes nothing new.
 * Throws `import_field_invalid`.
 */
export async function importOptions(db: Db, request: ImportRequest, org_ids: readonly string[] | null): Promise<ImportOptions> {
  const org_id = request.org === undefined ? null : await orgIdOf(db, request.org);
  const hidden = org_ids !== null && (org_id === null || !org_ids.includes(org_id));
  if (hidden || (request.org !== undefined && org_id === null)) {
    const detail =
      request.org === undefined ? 'name the organization' : `there is no organization “${request.org.slice(0, 60)}” here`;
    throw errors.import_field_invalid({ detail: `org: ${detail}.`, errors: [{ pointer: '/org', code: 'org_unknown', detail }] });
  }
  for (const [register, sku] of [['sku', request.sku ?? 'energy'] as const, ...Object.entries(request.registers ?? {})]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(sku)) {
      const detail = `“${sku.slice(0, 60)}” cannot be the name of a SKU`;
      const pointer = register === 'sku' ? '/sku' : '/registers';
      throw errors.import_field_invalid({
        detail: `${register}: ${detail}.`,
        errors: [{ pointer, code: 'sku_unknown', detail }],
      });
    }
  }
  const mapping = request.mapping === undefined ? undefined : await namedMapping(db, request.mapping, request.format);
  return {
    format: request.format ?? 'auto',
    on_error: request.on_error ?? 'reject',
    org_id,
    sku: request.sku ?? null,
    registers: request.registers ?? {},
    create_missing: (request.create_missing ?? true) && org_ids === null,
    org_ids,
    ...(mapping === undefined ? {} : { mapping }),
  };
}

export type StartedImport = { started: boolean; import: UsageImport };

/**
 * Puts an uploaded file on record and on the queue. The same bytes with the same options, if all of them are stored already, become an
 * import that is completed at once and says whose repetition it is; if they are being imported, that import is the answer.
 * `run_at`: when the queue takes it up, at once unless given.
 */
export async function startImport(
  tx: Tx,
  upload: { import_id: string; filename: string; file: StoredFile; options: ImportOptions },
  run_at?: Temporal.Instant,
): Promise<StartedImport> {
  const { import_id, filename, file, options } = upload;
  const it: NewImport = {
    import_id,
    filename,
    sha256: file.sha256,
    bytes: file.bytes,
    options,
    options_hash: documentHash({ ...options } as unknown as JsonObject),
    bytes_to_read: options.on_error === 'reject' ? 2 * file.bytes : file.bytes,
  };
  for (let tries = 1; !(await insertImport(tx, it)); tries += 1) {
    const same = await selectSameImport(tx, it.sha256, it.options_hash);
    if (same && same.status !== 'completed') return { started: false, import: same };
    if (same) {
      await insertRepeat(tx, it, same);
      await audited(tx, it, 'import.repeated', same.import_id);
      return { started: false, import: await requireImport(tx, import_id) };
    }
    assert(tries < 5, 'an import that stands in the way can be seen');
  }
  await audited(tx, it, 'import.started', null);
  await enqueue(tx, import_job, { import_id }, { key: `import ${import_id}`, ...(run_at ? { run_at } : {}) });
  return { started: true, import: await requireImport(tx, import_id) };
}

/** Imports a file to its end in this process: the command line's way. Answers what came of it. Throws `import_*`. */
export async function importFile(
  deps: ImportDeps,
  scope: Scope,
  source: { content: AsyncIterable<Uint8Array>; filename: string; request: ImportRequest; org_ids?: readonly string[] | null },
): Promise<UsageImportReport> {
  const options = await deps.postgres.read(scope, (db) => importOptions(db, source.request, source.org_ids ?? null));
  const import_id = newId(scope.now);
  const file = await storeFile(deps.data_dir, import_id, source.content, deps.max_bytes);
  const upload = { import_id, filename: plainFilename(source.filename), file, options };
  // Should this process die, the queue takes the import up later.
  const later = deps.clock.now().add({ minutes: 2 });
  const started = await deps.postgres.transact(scope, (tx) => startImport(tx, upload, later));
  if (!started.started) await removeFile(deps.data_dir, import_id);
  // Also one that a killed process left behind; while another works on it this does nothing.
  if (started.import.finished_at === null) await runImport(deps, scope.tenant_id, started.import.import_id);
  return deps.postgres.read(scope, (db) => importReport(db, started.import.import_id, { limit: most_listed }));
}

/** Throws `import_not_found`. */
export async function requireImport(db: Db, import_id: string): Promise<UsageImport> {
  const found = await selectImport(db, import_id);
  if (!found) throw errors.import_not_found({ detail: `There is no import ${import_id}.` });
  return found;
}

/** Throws `import_not_found`, also where the import is for none of `org_ids`; `cursor_invalid`. */
export async function importReport(
  db: Db,
  import_id: string,
  query: { limit: number; cursor?: string | undefined; org_ids?: readonly string[] | null },
): Promise<UsageImportReport> {
  const found = await requireImport(db, import_id);
  const { org_ids = null, limit, cursor } = query;
  if (org_ids !== null && !(found.org_id !== null && org_ids.includes(found.org_id))) {
    throw errors.import_not_found({ detail: `There is no import ${import_id}.` });
  }
  const sort = `import.errors ${import_id}`;
  const [after = '0'] = cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, cursor);
  const rows = await selectFaults(db, import_id, { severity: 'error', after: Number.parseInt(after, 10), limit });
  const { data, next_cursor } = toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [String(row.position)]));
  const notes = await selectFaults(db, import_id, { severity: 'note', after: 0, limit: 100 });
  const plain = ({ line, code, detail }: (typeof rows)[number]) => ({ line, code, detail });
  return { ...found, errors: data.map(plain), notes: notes.slice(0, 100).map(plain), next_cursor };
}

/** Newest first. Throws `cursor_invalid`. */
export async function listImports(
  db: Db,
  query: Pick<ImportFilter, 'org_ids' | 'limit'> & {
    org_id?: string | undefined;
    status?: ImportStatus | undefined;
    cursor?: string | undefined;
  },
): Promise<{ data: UsageImport[]; next_cursor: string | null }> {
  const sort = 'imports.import_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const filter = {
    org_id: query.org_id ?? null,
    status: query.status ?? null,
    org_ids: query.org_ids,
    limit: query.limit,
    below,
  };
  const rows = await selectImports(db, filter);
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.import_id]));
}

/** The last part of whatever path a client sends, without what cannot be stored or shown. */
export function plainFilename(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .trim();
  return [...plain].slice(0, 255).join('') || 'unnamed';
}

/** A mapping as it is now. It says that the file is a CSV, so no other format can be asked for. */
async function namedMapping(
  db: Db,
  name: string,
  format: ImportRequest['format'],
): Promise<NonNullable<ImportOptions['mapping']>> {
  const refuse = (pointer: string, code: string, detail: string) =>
    errors.import_field_invalid({ detail: `${pointer.slice(1)}: ${detail}.`, errors: [{ pointer, code, detail }] });
  if (format !== undefined && format !== 'auto' && format !== 'csv')
    throw refuse('/format', 'format_other', 'a mapping is for CSV');
  const found = await selectMapping(db, name);
  if (!found) throw refuse('/mapping', 'csv_mapping_not_found', `there is no CSV mapping “${name.slice(0, 63)}”`);
  return { name, definition: found.definition };
}

async function orgIdOf(db: Db, org: string): Promise<string | null> {
  const found = isId(org) ? (await organizationsByIds(db, [org])).get(org) : await organizationBySlug(db, org);
  return found?.org_id ?? null;
}

async function audited(tx: Tx, it: NewImport, action: string, same_as: string | null): Promise<void> {
  await recordAudit(tx, {
    action,
    target_type: 'import',
    target_id: it.import_id,
    org_id: it.options.org_id,
    before: null,
    after: {
      filename: it.filename,
      sha256: it.sha256.toString('hex'),
      bytes: it.bytes,
      options: { ...it.options } as unknown as JsonObject,
      same_as,
    },
  });
}
