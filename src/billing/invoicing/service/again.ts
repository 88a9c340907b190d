import type { CreditNoteDocument, InvoiceDocument } from '../../../kernel/bundle.ts';
import type { Db } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import type { NewLine } from '../../ledger/model.ts';
import type { RatedCharge } from '../../rating/model.ts';
import { type CreditableInvoice, type CreditPlan, creditNoteDocument, planCredit } from '../decide/credit-notes.ts';
import { draftInvoice } from '../decide.ts';
import {
  countIssued,
  type IssuedFilter,
  type IssuedNoteLineRow,
  type IssuedNoteRow,
  type IssuedRow,
  selectIssued,
  selectIssuedLines,
  selectIssuedNoteLines,
  selectIssuedNotes,
} from '../sql/again.ts';
import { selectLinesOfCharges } from '../sql/credit-notes.ts';
import type { InvoiceLineRow } from '../sql.ts';
import { amountOf, ledgerLine } from './issue.ts';

export type { CreditableInvoice, IssuedFilter };

/** A line as its row has it; `position` is from 1. */
export type IssuedLineRow = InvoiceLineRow & { position: number };

export type IssuedNote = IssuedNoteRow & { lines: readonly IssuedNoteLineRow[] };

/** An invoice as it was issued, whatever became of it, with what was credited of it since. */
export type IssuedInvoice = IssuedRow & { lines: readonly IssuedLineRow[]; credit_notes: readonly IssuedNote[] };

/** Invoices in order of number, those after `after_seq`; void ones too. */
export async function issuedInvoices(
  db: Db,
  filter: IssuedFilter & { after_seq: string; limit: number },
): Promise<IssuedInvoice[]> {
  const invoices = await selectIssued(db, filter);
  const ids = invoices.map((invoice) => invoice.invoice_id);
  const lines = Map.groupBy(await selectIssuedLines(db, ids), (line) => line.invoice_id);
  const notes = await selectIssuedNotes(db, ids);
  const note_ids = notes.map((note) => note.credit_note_id);
  const credited = Map.groupBy(await selectIssuedNoteLines(db, note_ids), (line) => line.credit_note_id);
  const notesOf = Map.groupBy(notes, (note) => note.invoice_id);
  return invoices.map((invoice) => ({
    ...invoice,
    lines: (lines.get(invoice.invoice_id) ?? []).map(({ invoice_id: _of, ...line }) => ({
      ...line,
      quantity: shortestDecimal(line.quantity),
      amount_exact: shortestDecimal(line.amount_exact),
    })),
    credit_notes: (notesOf.get(invoice.invoice_id) ?? []).map((note) => ({
      ...note,
      lines: credited.get(note.credit_note_id) ?? [],
    })),
  }));
}

export function countInvoices(db: Db, filter: IssuedFilter): Promise<number> {
  return countIssued(db, filter);
}

/** The numbers of the invoices that billed charges, by charge. */
export async function invoiceNumbersOfCharges(db: Db, charge_ids: readonly string[]): Promise<Map<string, string>> {
  const lines = charge_ids.length === 0 ? [] : await selectLinesOfCharges(db, charge_ids);
  return new Map(lines.map((line) => [line.charge_id, line.invoice_number]));
}

/** The invoice drafted again over charges that were rated again, each in the place of its line; what is no charge's is as it was issued. */
export function invoiceAgain(
  {
    document,
    ...invoice
  }: Pick<IssuedInvoice, 'document' | 'invoice_id' | 'number' | 'org_id' | 'currency' | 'from_date' | 'to_date'>,
  charges: readonly { charge: RatedCharge; line_id: string; charge_id: string }[],
): InvoiceDocument {
  const { seller, customer } = document as InvoiceDocument & { seller: InvoiceDocument; customer: InvoiceDocument };
  return draftInvoice({
    tenant_id: document.tenant_id,
    ...{ invoice_id: invoice.invoice_id, number: invoice.number, org_id: invoice.org_id, currency: invoice.currency },
    period: { from: invoice.from_date, to: invoice.to_date },
    issued_at: Temporal.Instant.from(document.issued_at),
    ...{ seller, customer },
    charges: charges.map((each) => ({ ...each, adjusts: null, replaces: null })),
  }).document;
}

/** The ledger line of a charge that was rated again, at a partner's rate that was stored; '0' and no partner where there was none. */
export function ledgerLineAgain(
  charge: RatedCharge,
  { invoice_id, entry_id, partner_pct }: { invoice_id: string | null; entry_id: string; partner_pct: string },
): NewLine {
  const partner_id = charge.inputs.partner_id;
  const partner = typeof partner_id === 'string' ? { partner_id, pctOf: () => partner_pct } : undefined;
  return ledgerLine({ ...charge, charge_id: '', billed_period_id: null }, invoice_id, entry_id, partner);
}

/**
 * A credit note planned and drafted again on the invoice as it stood. What a correction was asked to credit of each line, by line id in minor
 * units, is an input; a rebill takes what stood. Throws what `planCredit` throws.
 */
export function creditNoteAgain(
  document: InvoiceDocument,
  { invoice, note, asked }: { invoice: CreditableInvoice; note: IssuedNote; asked: ReadonlyMap<string, bigint> },
): { document: CreditNoteDocument; plan: CreditPlan } {
  const lines = note.lines.map(({ invoice_line_id: line_id }) => ({
    line_id,
    ...(note.kind === 'rebill' ? {} : { amount: amountOf(asked.get(line_id) ?? 0n, invoice.currency) }),
  }));
  const plan = planCredit(invoice, { kind: note.kind, lines });
  const ids = new Map(note.lines.map((line) => [line.invoice_line_id, line.line_id]));
  return {
    plan,
    document: creditNoteDocument(document, {
      ...{ credit_note_id: note.credit_note_id, number: note.number, kind: note.kind, reason: note.reason, plan },
      issued_at: Temporal.Instant.from(note.document.issued_at),
      line_ids: plan.lines.map(({ line }) => ids.get(line.invoice_line_id) ?? ''),
    }),
  };
}
