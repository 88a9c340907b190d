import { sql } from 'kysely';
import type { CreditNoteDocument, InvoiceDocument } from '../../../kernel/bundle.ts';
import type { Db } from '../../../platform/postgres.ts';
import type { CreditKind, InvoiceStatus } from '../model.ts';
import type { InvoiceLineRow } from '../sql.ts';

export interface IssuedFilter {
  org_id: string | null;
  /** Local dates, half-open: invoices whose period has a day of it. */
  from: string | null;
  to: string | null;
}

export interface IssuedRow {
  invoice_id: string;
  seq: string;
  number: string;
  org_id: string;
  run_id: string;
  currency: string;
  status: InvoiceStatus;
  from_date: string;
  to_date: string;
  total_minor: string;
  document: InvoiceDocument;
  /** Hexadecimal. */
  document_hash: string;
  ledger_transaction_id: string | null;
}

const within = (filter: IssuedFilter) => sql`(${filter.org_id}::uuid IS NULL OR org_id = ${filter.org_id})
  AND (${filter.from}::date IS NULL OR to_date > ${filter.from}::date) AND (${filter.to}::date IS NULL OR from_date < ${filter.to}::date)`;

/** Invoices in order of number, those after `after_seq`; void ones too. */
export function selectIssued(db: Db, filter: IssuedFilter & { after_seq: string; limit: number }): Promise<IssuedRow[]> {
  return db.rows(sql<IssuedRow>`
    SELECT invoice_id, seq, number, org_id, run_id, currency, status, from_date, to_date, total_minor, document,
           encode(document_hash, 'hex') AS document_hash, ledger_transaction_id
      FROM invoice WHERE tenant_id = ${db.tenant_id} AND seq > ${filter.after_seq} AND ${within(filter)} ORDER BY seq LIMIT ${filter.limit}`);
}

export async function countIssued(db: Db, filter: IssuedFilter): Promise<number> {
  const { count } = await db.one(sql<{ count: number }>`
    SELECT count(*)::int AS count FROM invoice WHERE tenant_id = ${db.tenant_id} AND ${within(filter)}`);
  return count;
}

/** The lines of some invoices, in order of place. */
export function selectIssuedLines(
  db: Db,
  invoice_ids: readonly string[],
): Promise<(InvoiceLineRow & { invoice_id: string; position: number })[]> {
  return db.rows(sql<InvoiceLineRow & { invoice_id: string; position: number }>`
    SELECT invoice_id, position, line_id, charge_id, entry_id, description, sku, unit, quantity, amount_exact, amount_minor,
           lower(during) AS "from", upper(during) AS "to"
      FROM invoice_line WHERE tenant_id = ${db.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[]) ORDER BY invoice_id, position`);
}

export interface IssuedNoteRow {
  credit_note_id: string;
  number: string;
  kind: CreditKind;
  invoice_id: string;
  total_minor: string;
  reason: string;
  after_payment: boolean;
  document: CreditNoteDocument;
  document_hash: string;
  ledger_transaction_id: string | null;
}

/** The credit notes of some invoices, in order of number. */
export function selectIssuedNotes(db: Db, invoice_ids: readonly string[]): Promise<IssuedNoteRow[]> {
  return db.rows(sql<IssuedNoteRow>`
    SELECT credit_note_id, number, kind, invoice_id, total_minor, reason, after_payment, document, encode(document_hash, 'hex') AS document_hash,
           ledger_transaction_id
      FROM credit_note WHERE tenant_id = ${db.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[]) ORDER BY invoice_id, seq`);
}

export interface IssuedNoteLineRow {
  credit_note_id: string;
  line_id: string;
  position: number;
  invoice_line_id: string;
  entry_id: string;
  amount_minor: string;
}

export function selectIssuedNoteLines(db: Db, credit_note_ids: readonly string[]): Promise<IssuedNoteLineRow[]> {
  return db.rows(sql<IssuedNoteLineRow>`
    SELECT credit_note_id, line_id, position, invoice_line_id, entry_id, amount_minor
      FROM credit_note_line WHERE tenant_id = ${db.tenant_id} AND credit_note_id = ANY (${[...credit_note_ids]}::uuid[])
     ORDER BY credit_note_id, position`);
}
