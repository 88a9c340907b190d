import { recordAudit } from '../../../foundation/audit/service.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { mappingFaults } from '../decide/csv-mapping.ts';
import { errors } from '../errors.ts';
import type { CsvMapping, CsvMappingDefinition } from '../model.ts';
import { deleteMapping, insertMapping, lockMapping, selectMapping, selectMappings, updateMapping } from '../sql/csv-mappings.ts';

/** Saves how a kind of CSV is read. Throws `csv_mapping_invalid` with every fault by its field, and by constraint `csv_mapping_name_taken`. */
export async function createMapping(tx: Tx, name: string, definition: CsvMappingDefinition): Promise<CsvMapping> {
  requireUsable(definition);
  await insertMapping(tx, { mapping_id: newId(tx.now), name, definition });
  return audited(tx, 'csv_mapping.created', null, await requireMapping(tx, name));
}

/** Imports that are under way go on by what the mapping said before. Throws `csv_mapping_not_found`, `csv_mapping_invalid`. */
export async function replaceMapping(tx: Tx, name: string, definition: CsvMappingDefinition): Promise<CsvMapping> {
  requireUsable(definition);
  const before = await lock(tx, name);
  await updateMapping(tx, { mapping_id: before.mapping_id, definition });
  return audited(tx, 'csv_mapping.replaced', before, await requireMapping(tx, name));
}

/** Throws `csv_mapping_not_found`. */
export async function removeMapping(tx: Tx, name: string): Promise<CsvMapping> {
  const before = await lock(tx, name);
  await deleteMapping(tx, before.mapping_id);
  await audited(tx, 'csv_mapping.removed', before, null);
  return before;
}

/** Throws `csv_mapping_not_found`. */
export async function requireMapping(db: Db, name: string): Promise<CsvMapping> {
  const found = await selectMapping(db, name);
  if (!found) throw notFound(name);
  return found;
}

/** By name. Throws `cursor_invalid`. */
export async function listMappings(
  db: Db,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ data: CsvMapping[]; next_cursor: string | null }> {
  const sort = 'csv_mappings.name';
  const [after = ''] = cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, cursor);
  const rows = await selectMappings(db, { after, limit });
  return toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.name]));
}

function requireUsable(definition: CsvMappingDefinition): void {
  const faults = mappingFaults(definition).map((fault) => ({ ...fault, pointer: `/definition${fault.pointer}` }));
  const [first] = faults;
  if (first) throw errors.csv_mapping_invalid({ detail: `${first.pointer}: ${first.detail}.`, errors: faults });
}

async function lock(tx: Tx, name: string): Promise<CsvMapping> {
  const found = await lockMapping(tx, name);
  if (!found) throw notFound(name);
  return found;
}

function notFound(name: string) {
  return errors.csv_mapping_not_found({ detail: `There is no CSV mapping “${name}”.` });
}

async function audited<After extends CsvMapping | null>(
  tx: Tx,
  action: string,
  before: CsvMapping | null,
  after: After,
): Promise<After> {
  await recordAudit(tx, {
    action,
    target_type: 'csv_mapping',
    target_id: (after ?? before)!.mapping_id,
    before: before as unknown as JsonObject | null,
    after: after as unknown as JsonObject | null,
  });
  return after;
}
