import { recordAudits } from '../../../foundation/audit/service.ts';
import { emitMany } from '../../../foundation/events/service.ts';
import { appendReceipts, receiptFor } from '../../../foundation/receipts/service.ts';
import { organizationsByIds } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import type { CreditNoteDocument } from '../../../kernel/bundle.ts';
import { canonicalJson } from '../../../kernel/canonical-json.ts';
import { newId } from '../../../kernel/id.ts';
import { documentHash, utcText } from '../../../kernel/proof.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { correctLines } from '../../ledger/service.ts';
import { retireCharges } from '../../rating/service.ts';
import { type CreditPlan, creditNoteDocument, planCredit } from '../decide/credit-notes.ts';
import { documentNumber } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { CreditKind, CreditNote, CreditNoteSummary, LinesToCredit } from '../model.ts';
import {
  type CreditNoteRow,
  insertCreditNoteLines,
  insertCreditNotes,
  type LineOfCharge,
  lockInvoices,
  selectCreditableLines,
  selectCreditNote,
  selectCreditNoteDocument,
  selectCreditNotes,
  selectLinesOfCharges,
} from '../sql/credit-notes.ts';
import { type InvoiceRow, lockBilling, selectDocuments, selectInvoicesByIds, takeNumbers } from '../sql.ts';
import { requireInvoice, type Sight } from './invoices.ts';
import { amountOf } from './issue.ts';
import { applyLifecycle } from './lifecycle.ts';
import { postDocuments } from './post.ts';

const series = 'CN';

export interface CreditRequest {
  invoice_id: string;
  kind: CreditKind;
  reason: string;
  lines: LinesToCredit;
}

interface Issued {
  invoice: InvoiceRow;
  request: CreditRequest;
  plan: CreditPlan;
  credit_note_id: string;
  seq: bigint;
  number: string;
  document: CreditNoteDocument;
  lines: readonly { line_id: string; entry_id: string; invoice_line_id: string; corrects: string; amount_minor: bigint }[];
}

/**
 * Takes lines of an issued invoice back, in part or whole; an open invoice of which nothing is left to pay is paid by it. Its receipt is
 * provable once `sealCheckpoint` ran. Throws `invoice_unknown`, and what `planCredit` throws.
 */
export async function issueCreditNote(tx: Tx, request: CreditRequest, org_ids: Sight = null): Promise<CreditNote> {
  await requireInvoice(tx, request.invoice_id, org_ids);
  const [issued] = await issueCreditNotes(tx, [request]);
  assert(issued, 'a correction credits something, or is refused');
  return creditNoteById(tx, issued.credit_note_id, org_ids);
}

/** A line that billed a charge. */
export interface RetiredLine extends LineOfCharge {
  /** The line that takes it back; null where credit notes before had left nothing. */
  credited: { credit_note_id: string; number: string; line_id: string } | null;
}

/**
 * Makes room for billing again: credits the lines of these charges as far as they stand, one credit note for each invoice they are on,
 * and sets the billed periods behind them free. `charge_ids` are all charges of some billed periods. The caller bills the periods anew
 * in the same transaction, and seals a checkpoint after it. Throws `invoice_not_creditable`.
 */
export async function creditAndRetire(
  tx: Tx,
  { charge_ids, reason }: { charge_ids: readonly string[]; reason: string },
): Promise<RetiredLine[]> {
  const billed = await selectLinesOfCharges(tx, charge_ids);
  assert(billed.length === new Set(charge_ids).size, 'a charge of a billed period is on an invoice');
  const requests = [...Map.groupBy(billed, (line) => line.invoice_id)].map(
    ([invoice_id, lines]): CreditRequest => ({
      invoice_id,
      kind: 'rebill',
      reason,
      lines: lines.map(({ line_id }) => ({ line_id })),
    }),
  );
  const issued = await issueCreditNotes(tx, requests);
  await retireCharges(tx, charge_ids);
  const credits = new Map(
    issued.flatMap(({ credit_note_id, number, lines }) =>
      lines.map(({ line_id, invoice_line_id }) => [invoice_line_id, { credit_note_id, number, line_id }] as const),
    ),
  );
  return billed.map((line) => ({ ...line, credited: credits.get(line.line_id) ?? null }));
}

/** Throws `credit_note_unknown`, for another's as for none. */
export async function creditNoteById(db: Db, credit_note_id: string, org_ids: Sight): Promise<CreditNote> {
  const row = await requireCreditNote(db, credit_note_id, org_ids);
  const [summary] = await summaries(db, [row]);
  const { lines } = (await selectCreditNoteDocument(db, credit_note_id)) as CreditNoteDocument;
  const receipt = await receiptFor(db, 'credit_note', credit_note_id);
  const { currency } = row;
  return {
    ...summary!,
    lines: lines.map(({ line_id, corrects, description, sku, amount, left }) => ({
      line_id,
      invoice_line_id: corrects.line_id,
      description: typeof description === 'string' ? description : '',
      sku: typeof sku === 'string' ? sku : null,
      amount: { amount, currency },
      left: { amount: left, currency },
    })),
    receipt: receipt ? { seq: receipt.seq, hash: receipt.hash, issued_at: receipt.issued_at } : null,
  };
}

/** Throws `credit_note_unknown`. */
export async function requireCreditNote(db: Db, credit_note_id: string, org_ids: Sight): Promise<CreditNoteRow> {
  const row = await selectCreditNote(db, credit_note_id, org_ids);
  if (!row) throw errors.credit_note_unknown({ detail: `There is no credit note ${credit_note_id}.` });
  return row;
}

export interface CreditNoteQuery {
  org_id?: string | undefined;
  invoice_id?: string | undefined;
  org_ids: Sight;
  limit: number;
  cursor?: string | undefined;
}

/** Newest number first. Throws `cursor_invalid`. */
export async function listCreditNotes(
  db: Db,
  query: CreditNoteQuery,
): Promise<{ data: CreditNoteSummary[]; next_cursor: string | null }> {
  const sort = 'credit_notes.seq';
  const [before = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { org_id, invoice_id, org_ids, limit } = query;
  const rows = await selectCreditNotes(db, { org_id, invoice_id, org_ids, limit, before });
  const { data, next_cursor } = toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.seq]));
  return { data: await summaries(db, data), next_cursor };
}

/**
 * One credit note for each request, each for another invoice, set-based: ledger lines that take back what the invoice's posted, the
 * partner's share with them, one zero-sum transaction each, gapless numbers, lines, audit, events, receipts. A rebill of lines of
 * which nothing is left issues none.
 */
async function issueCreditNotes(tx: Tx, requests: readonly CreditRequest[]): Promise<Issued[]> {
  await lockBilling(tx);
  const planned = await plan(tx, requests);
  if (planned.length === 0) return [];
  const first = await takeNumbers(tx, series, planned.length);
  const issued = await draft(tx, planned, first);
  const entries = await correctLines(
    tx,
    issued.flatMap(({ lines }) =>
      lines.map(({ entry_id, corrects, amount_minor }) => ({ entry_id, corrects, credit_minor: amount_minor })),
    ),
  );
  const byId = new Map(entries.map((entry) => [entry.entry_id, entry]));
  const transactions = await postDocuments(
    tx,
    issued.map(({ credit_note_id, number, invoice: { org_id, currency }, lines }) => ({
      kind: 'credit_note' as const,
      document_id: credit_note_id,
      ...{ number, org_id, currency },
      entries: lines.map((line) => byId.get(line.entry_id)!),
    })),
  );
  await insertCreditNotes(
    tx,
    issued.map(({ credit_note_id, seq, number, invoice, request, plan, document }, index) => ({
      ...{ credit_note_id, series, seq, number },
      kind: request.kind,
      invoice_id: invoice.invoice_id,
      org_id: invoice.org_id,
      currency: invoice.currency,
      total_minor: plan.total_minor,
      reason: request.reason,
      after_payment: plan.after_payment,
      document: canonicalJson(document),
      document_hash: documentHash(document),
      ledger_transaction_id: transactions[index] ?? null,
      issued_at: document.issued_at,
    })),
  );
  await insertCreditNoteLines(
    tx,
    issued.flatMap(({ credit_note_id, lines }) =>
      lines.map(({ line_id, invoice_line_id, entry_id, amount_minor }, index) => ({
        ...{ credit_note_id, line_id, invoice_line_id, entry_id, amount_minor },
        position: index + 1,
      })),
    ),
  );
  await settle(tx, issued);
  await tell(tx, issued);
  await appendReceipts(
    tx,
    issued.map(({ credit_note_id, document }) => ({ kind: 'credit_note', subject_id: credit_note_id, payload: document })),
  );
  return issued;
}

interface Planned {
  invoice: InvoiceRow;
  request: CreditRequest;
  plan: CreditPlan;
}

/** The invoices are held first, and then read: nobody else credits or pays them until this transaction ends. */
async function plan(tx: Tx, requests: readonly CreditRequest[]): Promise<Planned[]> {
  const invoice_ids = requests.map((request) => request.invoice_id);
  assert(new Set(invoice_ids).size === invoice_ids.length, 'an invoice is credited once in a call');
  await lockInvoices(tx, invoice_ids);
  const invoices = new Map((await selectInvoicesByIds(tx, invoice_ids, null)).map((row) => [row.invoice_id, row]));
  const lines = Map.groupBy(await selectCreditableLines(tx, invoice_ids), (line) => line.invoice_id);
  return requests.flatMap((request) => {
    const invoice = invoices.get(request.invoice_id);
    assert(invoice, 'an invoice that is credited is there');
    const plan = planCredit(
      {
        ...invoice,
        total_minor: BigInt(invoice.total_minor),
        credited_minor: BigInt(invoice.credited_minor),
        lines: (lines.get(request.invoice_id) ?? []).map((line) => ({
          ...line,
          amount_minor: BigInt(line.amount_minor),
          credited_minor: BigInt(line.credited_minor),
        })),
      },
      request,
    );
    return plan.lines.length === 0 ? [] : [{ invoice, request, plan }];
  });
}

async function draft(tx: Tx, planned: readonly Planned[], first: bigint): Promise<Issued[]> {
  const documents = await selectDocuments(
    tx,
    planned.map(({ invoice }) => invoice.invoice_id),
  );
  return planned.map(({ invoice, request, plan }, index) => {
    const [credit_note_id, seq] = [newId(tx.now), first + BigInt(index)];
    const number = documentNumber(series, seq);
    const lines = plan.lines.map(({ line, amount_minor }) => ({
      line_id: newId(tx.now),
      entry_id: newId(tx.now),
      invoice_line_id: line.invoice_line_id,
      corrects: line.entry_id,
      amount_minor,
    }));
    const document = creditNoteDocument(documents.get(invoice.invoice_id)!, {
      ...{ credit_note_id, number, plan },
      kind: request.kind,
      reason: request.reason,
      issued_at: tx.now,
      line_ids: lines.map((line) => line.line_id),
    });
    return { invoice, request, plan, credit_note_id, seq, number, document, lines };
  });
}

/** An open invoice of which nothing is left to pay is paid, without a payment. */
async function settle(tx: Tx, issued: readonly Issued[]): Promise<void> {
  const settled = issued.filter(({ plan }) => plan.settles).map(({ invoice }) => invoice);
  if (settled.length === 0) return;
  await applyLifecycle(
    tx,
    settled.map((invoice) => invoice.invoice_id),
    { to: 'paid', paid_at: utcText(tx.now), reference: null },
  );
}

async function tell(tx: Tx, issued: readonly Issued[]): Promise<void> {
  const told = issued.map(({ credit_note_id, number, invoice, request, plan, document }) => ({
    org_id: invoice.org_id,
    data: {
      credit_note_id,
      number,
      kind: request.kind,
      invoice_id: invoice.invoice_id,
      invoice_number: invoice.number,
      org_id: invoice.org_id,
      total: { amount: document.total, currency: invoice.currency },
      after_payment: plan.after_payment,
    },
    reason: request.reason,
    settles: plan.settles,
  }));
  await recordAudits(
    tx,
    told.map(({ org_id, data, reason, settles }) => ({
      action: 'credit_note.issued',
      target_type: 'credit_note',
      target_id: data.credit_note_id,
      org_id,
      before: null,
      after: { ...data, reason, settles_invoice: settles },
    })),
  );
  await emitMany<typeof events>(
    tx,
    told.map(({ org_id, data }) => ({
      type: 'credit_note.issued' as const,
      aggregate_type: 'credit_note',
      aggregate_id: data.credit_note_id,
      org_id,
      data,
    })),
  );
}

async function summaries(db: Db, rows: readonly CreditNoteRow[]): Promise<CreditNoteSummary[]> {
  const organizations = await organizationsByIds(db, [...new Set(rows.map((row) => row.org_id))]);
  return rows.map(({ seq: _, total_minor, ...row }) => ({
    ...row,
    org_name: organizations.get(row.org_id)?.legal_name ?? '',
    total: amountOf(total_minor, row.currency),
  }));
}
