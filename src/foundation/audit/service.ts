import { newId } from '../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { AuditEntry, AuditQuery, AuditRecord } from './model.ts';
import { insertEntries, selectEntries } from './sql.ts';

/** Puts on record, in the transaction of the change, who made it and what it was. Answers the entry's id. */
export async function recordAudit(tx: Tx, record: AuditRecord): Promise<string> {
  const audit_id = newId(tx.now);
  await insertEntries(tx, [{ ...record, audit_id }]);
  return audit_id;
}

/** The same for any number of changes, in one statement and in their order. */
export async function recordAudits(tx: Tx, records: readonly AuditRecord[]): Promise<void> {
  if (records.length === 0) return;
  await insertEntries(
    tx,
    records.map((record) => ({ ...record, audit_id: newId(tx.now) })),
  );
}

/** Entries, newest first. Throws `cursor_invalid`. */
export async function listAuditEntries(db: Db, query: AuditQuery): Promise<{ data: AuditEntry[]; next_cursor: string | null }> {
  const sort = 'audit.at';
  const [at, audit_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const after = at !== undefined && audit_id !== undefined ? { at, audit_id } : null;
  const rows = await selectEntries(db, { ...query, after });
  return toPage(rows, query.limit, (entry) => encodeCursor(db.tenant_id, sort, [entry.at, entry.audit_id]));
}
