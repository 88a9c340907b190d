import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { CreditKind } from '../model.ts';

/** Invoices are held until the transaction ends, in one order for everybody; what is read of them afterwards stands. */
export async function lockInvoices(tx: Tx, invoice_ids: readonly string[]): Promise<void> {
  await tx.write(sql`
    SELECT 1 FROM invoice WHERE tenant_id = ${tx.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[]) ORDER BY invoice_id FOR UPDATE`);
}

export interface CreditableLineRow {
  invoice_id: string;
  invoice_line_id: string;
  entry_id: string;
  amount_minor: string;
  credited_minor: string;
  credit_notes: number;
}

/** The lines of some invoices in their order, each with what was credited of it. */
export function selectCreditableLines(db: Db, invoice_ids: readonly string[]): Promise<CreditableLineRow[]> {
  return db.rows(sql<CreditableLineRow>`
    SELECT l.invoice_id, l.line_id AS invoice_line_id, l.entry_id, l.amount_minor, coalesce(sum(c.amount_minor), 0)::text AS credited_minor,
           count(c.line_id)::int AS credit_notes
      FROM invoice_line l LEFT JOIN credit_note_line c ON (c.tenant_id, c.invoice_line_id) = (l.tenant_id, l.line_id)
     WHERE l.tenant_id = ${db.tenant_id} AND l.invoice_id = ANY (${[...invoice_ids]}::uuid[])
     GROUP BY l.tenant_id, l.line_id ORDER BY l.invoice_id, l.position`);
}

export interface LineOfCharge {
  charge_id: string;
  invoice_id: string;
  invoice_number: string;
  line_id: string;
}

/** Which line of which invoice each charge is; a charge that is on none is not among them. */
export function selectLinesOfCharges(db: Db, charge_ids: readonly string[]): Promise<LineOfCharge[]> {
  return db.rows(sql<LineOfCharge>`
    SELECT l.charge_id, l.invoice_id, i.number AS invoice_number, l.line_id
      FROM invoice_line l JOIN invoice i ON (i.tenant_id, i.invoice_id) = (l.tenant_id, l.invoice_id)
     WHERE l.tenant_id = ${db.tenant_id} AND l.charge_id = ANY (${[...charge_ids]}::uuid[]) ORDER BY l.invoice_id, l.position`);
}

export interface NewCreditNote {
  credit_note_id: string;
  series: string;
  seq: bigint;
  number: string;
  kind: CreditKind;
  invoice_id: string;
  org_id: string;
  currency: string;
  total_minor: bigint;
  reason: string;
  after_payment: boolean;
  document: string;
  document_hash: Buffer;
  ledger_transaction_id: string | null;
  issued_at: string;
}

export function insertCreditNotes(tx: Tx, notes: readonly NewCreditNote[]): Promise<unknown> {
  const column = <T>(read: (note: NewCreditNote) => T) => notes.map(read);
  return tx.write(sql`
    INSERT INTO credit_note (tenant_id, credit_note_id, series, seq, number, kind, invoice_id, org_id, currency, total_minor, reason, after_payment,
                             document, document_hash, ledger_transaction_id, issued_at)
    SELECT ${tx.tenant_id}, n.*
      FROM unnest(${column((each) => each.credit_note_id)}::uuid[], ${column((each) => each.series)}::text[],
        ${column((each) => each.seq.toString())}::bigint[], ${column((each) => each.number)}::text[], ${column((each) => each.kind)}::text[],
        ${column((each) => each.invoice_id)}::uuid[], ${column((each) => each.org_id)}::uuid[], ${column((each) => each.currency)}::text[],
        ${column((each) => each.total_minor.toString())}::bigint[], ${column((each) => each.reason)}::text[],
        ${column((each) => each.after_payment)}::boolean[], ${column((each) => each.document)}::jsonb[],
        ${column((each) => each.document_hash)}::bytea[], ${column((each) => each.ledger_transaction_id)}::uuid[],
        ${column((each) => each.issued_at)}::timestamptz[]) AS n`);
}

export interface NewCreditNoteLine {
  credit_note_id: string;
  line_id: string;
  position: number;
  invoice_line_id: string;
  entry_id: string;
  amount_minor: bigint;
}

export function insertCreditNoteLines(tx: Tx, lines: readonly NewCreditNoteLine[]): Promise<unknown> {
  const column = <T>(read: (line: NewCreditNoteLine) => T) => lines.map(read);
  return tx.write(sql`
    INSERT INTO credit_note_line (tenant_id, credit_note_id, line_id, position, invoice_line_id, entry_id, amount_minor)
    SELECT ${tx.tenant_id}, l.*
      FROM unnest(${column((each) => each.credit_note_id)}::uuid[], ${column((each) => each.line_id)}::uuid[],
        ${column((each) => each.position)}::int[], ${column((each) => each.invoice_line_id)}::uuid[], ${column((each) => each.entry_id)}::uuid[],
        ${column((each) => each.amount_minor.toString())}::bigint[]) AS l`);
}

export interface CreditNoteRow {
  credit_note_id: string;
  seq: string;
  number: string;
  kind: CreditKind;
  invoice_id: string;
  invoice_number: string;
  org_id: string;
  currency: string;
  total_minor: string;
  reason: string;
  after_payment: boolean;
  issued_at: string;
}

const noteColumns: RawBuilder<unknown> = sql`n.credit_note_id, n.seq, n.number, n.kind, n.invoice_id, i.number AS invoice_number, n.org_id, n.currency,
  n.total_minor, n.reason, n.after_payment, n.issued_at`;

/** `org_ids` null sees all. */
export function selectCreditNote(
  db: Db,
  credit_note_id: string,
  org_ids: readonly string[] | null,
): Promise<CreditNoteRow | undefined> {
  return db.maybe(sql<CreditNoteRow>`
    SELECT ${noteColumns} FROM credit_note n JOIN invoice i ON (i.tenant_id, i.invoice_id) = (n.tenant_id, n.invoice_id)
     WHERE n.tenant_id = ${db.tenant_id} AND n.credit_note_id = ${credit_note_id}
       AND (${org_ids === null} OR n.org_id = ANY (${[...(org_ids ?? [])]}::uuid[]))`);
}

export interface CreditNoteFilter {
  org_id?: string | undefined;
  invoice_id?: string | undefined;
  org_ids: readonly string[] | null;
  limit: number;
  before: string | null;
}

export function selectCreditNotes(db: Db, filter: CreditNoteFilter): Promise<CreditNoteRow[]> {
  return db.rows(sql<CreditNoteRow>`
    SELECT ${noteColumns} FROM credit_note n JOIN invoice i ON (i.tenant_id, i.invoice_id) = (n.tenant_id, n.invoice_id)
     WHERE n.tenant_id = ${db.tenant_id} AND (${filter.org_id ?? null}::uuid IS NULL OR n.org_id = ${filter.org_id ?? null})
       AND (${filter.invoice_id ?? null}::uuid IS NULL OR n.invoice_id = ${filter.invoice_id ?? null})
       AND (${filter.org_ids === null} OR n.org_id = ANY (${[...(filter.org_ids ?? [])]}::uuid[]))
       AND (${filter.before}::bigint IS NULL OR n.seq < ${filter.before})
     ORDER BY n.seq DESC LIMIT ${filter.limit + 1}`);
}

export async function selectCreditNoteDocument(db: Db, credit_note_id: string): Promise<unknown> {
  const row = await db.one(sql<{ document: unknown }>`
    SELECT document FROM credit_note WHERE tenant_id = ${db.tenant_id} AND credit_note_id = ${credit_note_id}`);
  return row.document;
}
