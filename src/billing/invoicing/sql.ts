import { type RawBuilder, sql } from 'kysely';
import type { InvoiceDocument } from '../../kernel/bundle.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { BillingRun, InvoiceStatus, RunError } from './model.ts';

export interface RunRow {
  run_id: string;
  from_date: string;
  to_date: string;
  org_id: string | null;
  /** In which its dates are, where that is not each organization's own of today. */
  time_zone: string | null;
  status: BillingRun['status'];
  total: number;
  done: number;
  invoices: number;
  already_billed: number;
  errors: RunError[];
  created_at: string;
  finished_at: string | null;
}

const runColumns: RawBuilder<unknown> = sql`run_id, from_date, to_date, org_id, time_zone, status, total, done, invoices, already_billed, errors, created_at, finished_at`;

export function insertRun(
  tx: Tx,
  run: { run_id: string; from_date: string; to_date: string; org_id: string | null; time_zone: string | null },
): Promise<unknown> {
  return tx.write(sql`
    INSERT INTO billing_run (tenant_id, run_id, from_date, to_date, org_id, time_zone, status, requested_by, created_at)
    VALUES (${tx.tenant_id}, ${run.run_id}, ${run.from_date}, ${run.to_date}, ${run.org_id}, ${run.time_zone}, 'queued', ${`${tx.actor.kind}:${tx.actor.id}`}, ${tx.now.toString()})`);
}

export function selectRun(db: Db, run_id: string): Promise<RunRow | undefined> {
  return db.maybe(sql<RunRow>`SELECT ${runColumns} FROM billing_run WHERE tenant_id = ${db.tenant_id} AND run_id = ${run_id}`);
}

export function selectRuns(db: Db, page: { limit: number; before: string | null }): Promise<RunRow[]> {
  return db.rows(sql<RunRow>`
    SELECT ${runColumns} FROM billing_run WHERE tenant_id = ${db.tenant_id} AND (${page.before}::uuid IS NULL OR run_id < ${page.before})
     ORDER BY run_id DESC LIMIT ${page.limit + 1}`);
}

/** Starts a run that waits, or takes one over that a killed process left; its counts begin anew. */
export function startRun(tx: Tx, run_id: string, total: number): Promise<unknown> {
  return tx.write(sql`
    UPDATE billing_run SET status = 'running', total = ${total}, done = 0, already_billed = 0, errors = '[]', finished_at = NULL,
           invoices = (SELECT count(*) FROM invoice i WHERE i.tenant_id = ${tx.tenant_id} AND i.run_id = ${run_id})
     WHERE tenant_id = ${tx.tenant_id} AND run_id = ${run_id} AND status <> 'completed'`);
}

export function advanceRun(
  tx: Tx,
  run_id: string,
  by: { done: number; invoices: number; already_billed: number; errors: readonly RunError[] },
): Promise<unknown> {
  return tx.write(sql`
    UPDATE billing_run SET done = least(total, done + ${by.done}), invoices = invoices + ${by.invoices}, already_billed = already_billed + ${by.already_billed},
           errors = CASE WHEN jsonb_array_length(errors) < 1000 THEN errors || ${JSON.stringify(by.errors)}::jsonb ELSE errors END
     WHERE tenant_id = ${tx.tenant_id} AND run_id = ${run_id} AND status <> 'completed'`);
}

/** Answers whether the run ends by it: one that is completed stays as it is. */
export async function finishRun(
  tx: Tx,
  run_id: string,
  status: 'completed' | 'failed',
  problem: readonly RunError[],
): Promise<boolean> {
  const ended = await tx.write(sql`
    UPDATE billing_run SET status = ${status}, finished_at = ${tx.now.toString()}, errors = errors || ${JSON.stringify(problem)}::jsonb
     WHERE tenant_id = ${tx.tenant_id} AND run_id = ${run_id} AND status <> 'completed' RETURNING run_id`);
  return ended.length > 0;
}

/** One run at a time writes a tenant's bills; others wait here until it commits. */
export function lockBilling(tx: Tx): Promise<unknown> {
  return tx.write(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`billing ${tx.tenant_id}`}, 0))`);
}

/** A point of the transaction to which `returnToSavepoint` takes it back; a later one takes the place of the one before. */
export async function markSavepoint(tx: Tx): Promise<void> {
  await tx.write(sql`SAVEPOINT invoicing`);
}

/** Everything since the savepoint is as if it had not been. */
export async function returnToSavepoint(tx: Tx): Promise<void> {
  await tx.write(sql`ROLLBACK TO SAVEPOINT invoicing`);
}

/** Takes `count` numbers of a series and answers the first; the counter's row stays locked until the transaction ends. */
export async function takeNumbers(tx: Tx, series: string, count: number): Promise<bigint> {
  const rows = await tx.write<{ last: string }>(sql`
    INSERT INTO invoice_counter (tenant_id, series, last) VALUES (${tx.tenant_id}, ${series}, ${count})
    ON CONFLICT (tenant_id, series) DO UPDATE SET last = invoice_counter.last + ${count} RETURNING last`);
  return BigInt(rows[0]!.last) - BigInt(count) + 1n;
}

export interface NewInvoice {
  invoice_id: string;
  series: string;
  seq: bigint;
  number: string;
  org_id: string;
  run_id: string;
  currency: string;
  from_date: string;
  to_date: string;
  total_minor: bigint;
  document: string;
  document_hash: Buffer;
  ledger_transaction_id: string | null;
  issued_at: string;
  due_at: string;
}

export function insertInvoices(tx: Tx, invoices: readonly NewInvoice[]): Promise<unknown> {
  const column = <T>(read: (invoice: NewInvoice) => T) => invoices.map(read);
  return tx.write(sql`
    INSERT INTO invoice (tenant_id, invoice_id, series, seq, number, org_id, run_id, currency, status, from_date, to_date, total_minor, document, document_hash,
                         ledger_transaction_id, issued_at, due_at)
    SELECT ${tx.tenant_id}, invoice_id, series, seq, number, org_id, run_id, currency, 'draft', from_date, to_date, total_minor, document, document_hash,
           ledger_transaction_id, issued_at, due_at
      FROM unnest(${column((each) => each.invoice_id)}::uuid[], ${column((each) => each.series)}::text[], ${column((each) => each.seq.toString())}::bigint[],
        ${column((each) => each.number)}::text[], ${column((each) => each.org_id)}::uuid[], ${column((each) => each.run_id)}::uuid[],
        ${column((each) => each.currency)}::text[], ${column((each) => each.from_date)}::date[], ${column((each) => each.to_date)}::date[],
        ${column((each) => each.total_minor.toString())}::bigint[], ${column((each) => each.document)}::jsonb[],
        ${column((each) => each.document_hash)}::bytea[], ${column((each) => each.ledger_transaction_id)}::uuid[],
        ${column((each) => each.issued_at)}::timestamptz[], ${column((each) => each.due_at)}::timestamptz[])
        AS t (invoice_id, series, seq, number, org_id, run_id, currency, from_date, to_date, total_minor, document, document_hash, ledger_transaction_id,
              issued_at, due_at)`);
}

export interface NewInvoiceLine {
  invoice_id: string;
  line_id: string;
  position: number;
  charge_id: string;
  entry_id: string;
  description: string;
  sku: string | null;
  unit: string | null;
  quantity: string;
  amount_exact: string;
  amount_minor: bigint;
  from: string;
  to: string;
}

export function insertInvoiceLines(tx: Tx, lines: readonly NewInvoiceLine[]): Promise<unknown> {
  const column = <T>(read: (line: NewInvoiceLine) => T) => lines.map(read);
  return tx.write(sql`
    INSERT INTO invoice_line (tenant_id, invoice_id, line_id, position, charge_id, entry_id, description, sku, unit, quantity, amount_exact, amount_minor, during)
    SELECT ${tx.tenant_id}, invoice_id, line_id, position, charge_id, entry_id, description, sku, unit, quantity, amount_exact, amount_minor,
           tstzrange(starts, ends)
      FROM unnest(${column((each) => each.invoice_id)}::uuid[], ${column((each) => each.line_id)}::uuid[], ${column((each) => each.position)}::int[],
        ${column((each) => each.charge_id)}::uuid[], ${column((each) => each.entry_id)}::uuid[], ${column((each) => each.description)}::text[],
        ${column((each) => each.sku)}::text[], ${column((each) => each.unit)}::text[], ${column((each) => each.quantity)}::numeric[],
        ${column((each) => each.amount_exact)}::numeric[], ${column((each) => each.amount_minor.toString())}::bigint[],
        ${column((each) => each.from)}::timestamptz[], ${column((each) => each.to)}::timestamptz[])
        AS t (invoice_id, line_id, position, charge_id, entry_id, description, sku, unit, quantity, amount_exact, amount_minor, starts, ends)`);
}

export interface InvoiceRow {
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
  ledger_transaction_id: string | null;
  issued_at: string;
  due_at: string;
  paid_at: string | null;
  payment_reference: string | null;
  voided_at: string | null;
  void_reason: string | null;
  uncollectible_at: string | null;
  credit_notes: number;
  credited_minor: string;
  credited_after_payment_minor: string;
}

const invoiceColumns: RawBuilder<unknown> = sql`i.invoice_id, seq, number, org_id, run_id, currency, status, from_date, to_date, total_minor,
  ledger_transaction_id, issued_at, due_at, paid_at, payment_reference, voided_at, void_reason, uncollectible_at, credit_notes, credited_minor, credited_after_payment_minor`;

/** What credit notes took back of each invoice. */
const credits: RawBuilder<unknown> = sql`CROSS JOIN LATERAL (
  SELECT count(*)::int AS credit_notes, coalesce(sum(n.total_minor), 0)::bigint AS credited_minor,
         coalesce(sum(n.total_minor) FILTER (WHERE n.after_payment), 0)::bigint AS credited_after_payment_minor
    FROM credit_note n WHERE n.tenant_id = i.tenant_id AND n.invoice_id = i.invoice_id) AS credited`;

/** `org_ids` null sees all. An invoice that cannot be seen has no row. */
export function selectInvoicesByIds(
  db: Db,
  invoice_ids: readonly string[],
  org_ids: readonly string[] | null,
): Promise<InvoiceRow[]> {
  return db.rows(sql<InvoiceRow>`
    SELECT ${invoiceColumns} FROM invoice i ${credits} WHERE i.tenant_id = ${db.tenant_id} AND i.invoice_id = ANY (${[...invoice_ids]}::uuid[])
       AND (${org_ids === null} OR i.org_id = ANY (${[...(org_ids ?? [])]}::uuid[]))`);
}

export interface InvoiceFilter {
  org_id?: string | undefined;
  status?: InvoiceStatus | undefined;
  run_id?: string | undefined;
  org_ids: readonly string[] | null;
  limit: number;
  before: string | null;
}

export function selectInvoices(db: Db, filter: InvoiceFilter): Promise<InvoiceRow[]> {
  return db.rows(sql<InvoiceRow>`
    SELECT ${invoiceColumns} FROM invoice i ${credits}
     WHERE tenant_id = ${db.tenant_id} AND (${filter.org_id ?? null}::uuid IS NULL OR org_id = ${filter.org_id ?? null})
       AND (${filter.status ?? null}::text IS NULL OR status = ${filter.status ?? null})
       AND (${filter.run_id ?? null}::uuid IS NULL OR run_id = ${filter.run_id ?? null})
       AND (${filter.org_ids === null} OR org_id = ANY (${[...(filter.org_ids ?? [])]}::uuid[]))
       AND (${filter.before}::bigint IS NULL OR seq < ${filter.before})
     ORDER BY seq DESC LIMIT ${filter.limit + 1}`);
}

export interface InvoiceLineRow {
  line_id: string;
  charge_id: string;
  entry_id: string;
  description: string;
  sku: string | null;
  unit: string | null;
  quantity: string;
  amount_exact: string;
  amount_minor: string;
  from: string;
  to: string;
}

export function selectLines(db: Db, invoice_id: string): Promise<InvoiceLineRow[]> {
  return db.rows(sql<InvoiceLineRow>`
    SELECT line_id, charge_id, entry_id, description, sku, unit, quantity, amount_exact, amount_minor, lower(during) AS "from", upper(during) AS "to"
      FROM invoice_line WHERE tenant_id = ${db.tenant_id} AND invoice_id = ${invoice_id} ORDER BY position`);
}

/** Invoice → the document that was issued. */
export async function selectDocuments(db: Db, invoice_ids: readonly string[]): Promise<Map<string, InvoiceDocument>> {
  const rows = await db.rows(sql<{ invoice_id: string; document: InvoiceDocument }>`
    SELECT invoice_id, document FROM invoice WHERE tenant_id = ${db.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[])`);
  return new Map(rows.map((row) => [row.invoice_id, row.document]));
}
