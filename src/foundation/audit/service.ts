import type { JsonObject } from '../../kernel/canonical-json.ts';
import { newId } from '../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { AuditEntry } from './model.ts';
import { insertEntry, selectEntries } from './sql.ts';

export interface AuditRecord {
  /** `noun.verb` in the past tense: `organization.created`. */
  action: string;
  target_type: string;
  target_id: string;
  org_id?: string | null;
  /** The target as it was; null when it is new. Never holds a secret. */
  before: JsonObject | null;
  /** The target as it is now; null when it is gone. Never holds a secret. */
  after: JsonObject | null;
}

/** Puts on record, in the transaction of the change, who made it and what it was. Answers the entry's id. */
export async function recordAudit(tx: Tx, record: AuditRecord): Promise<string> {
  const audit_id = newId(tx.now);
  await insertEntry(tx, { ...record, audit_id });
  return audit_id;
}

export interface AuditQuery {
  target_type?: string;
  target_id?: string;
  action?: string;
  /** RFC 3339, inclusive. */
  from?: string;
  /** RFC 3339, exclusive. */
  to?: string;
  /** Only entries about these organizations; null for all. */
  org_ids: readonly string[] | null;
  limit: number;
  cursor?: string;
}

/** Entries, newest first. Throws `cursor_invalid`. */
export async function listAuditEntries(db: Db, query: AuditQuery): Promise<{ data: AuditEntry[]; next_cursor: string | null }> {
  const sort = 'audit.at';
  const [at, audit_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const after = at !== undefined && audit_id !== undefined ? { at, audit_id } : null;
  const rows = await selectEntries(db, { ...query, after });
  return toPage(rows, query.limit, (entry) => encodeCursor(db.tenant_id, sort, [entry.at, entry.audit_id]));
}
