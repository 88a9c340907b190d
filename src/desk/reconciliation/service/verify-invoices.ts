import {
  type IssuedInvoice,
  type IssuedLineRow,
  invoiceAgain,
  ledgerLineAgain,
} from '../../../billing/invoicing/service/again.ts';
import type { RatedCharge, StoredCharge } from '../../../billing/rating/model.ts';
import type { InvoiceDocument } from '../../../kernel/bundle.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { toMinor } from '../../../kernel/money.ts';
import type { Db } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { fieldDifferences } from '../decide/fields.ts';
import { hashDifferences, invoiceDifferences, type LineInTotal } from '../decide/invoice.ts';
import { lineDifferences } from '../decide/line.ts';
import type { Checked, Difference, FieldDifference } from '../model.ts';
import { type IssuedFacts, readFacts } from './issued-facts.ts';
import { creditNoteDifferencesOf } from './verify-credit-notes.ts';

/** Works out some issued invoices again, with their lines, postings and credit notes, and answers what does not come to the same. */
export async function verifyInvoices(db: Db, invoices: readonly IssuedInvoice[], checked: Checked): Promise<Difference[]> {
  const facts = await readFacts(db, invoices, checked);
  checked.invoices += invoices.length;
  return invoices.flatMap((invoice) => verifyInvoice(invoice, facts, checked));
}

function verifyInvoice(invoice: IssuedInvoice, facts: IssuedFacts, checked: Checked): Difference[] {
  const again = againOf(invoice, facts);
  const lines = invoice.lines.map((row, index) => verifyLine(invoice, row, { index, facts, document: again }));
  checked.lines += lines.length;
  const found = lines.flatMap((line) => (line.difference ? [line.difference] : []));
  const stray = strayLines(invoice, facts);
  // Where lines are missing or too many, what they add up to says nothing more.
  const fields =
    stray.length > 0
      ? stray
      : invoiceDifferences(
          invoice,
          lines.map((line) => line.in_total),
          booksOf(invoice, facts),
        );
  const hashes = found.length > 0 || fields.length > 0 ? [] : hashesOf(invoice, facts);
  const own = [...fields, ...hashes];
  if (own.length > 0) found.push(differenceOf(invoice, own));
  checked.credit_notes += invoice.credit_notes.length;
  if (stray.length > 0) return found;
  const shares = new Map(lines.map((line) => [line.row.line_id, line.in_total]));
  return [...found, ...creditNoteDifferencesOf(invoice, { facts, document: again, shares, is_sound: found.length === 0 })];
}

/** The invoice over what its charges come to again; a charge that comes to nothing stands as it was. */
function againOf(invoice: IssuedInvoice, { charges, rated }: IssuedFacts): InvoiceDocument {
  return invoiceAgain(
    invoice,
    invoice.lines.map((row) => {
      const { line_id, charge_id } = row;
      const charge = rated.get(charge_id)?.charge ?? asStored(charges.get(charge_id), row) ?? asRow(invoice, row);
      return { charge, line_id, charge_id };
    }),
  );
}

/** A stored charge in the form of a rated one, as its line describes it. */
function asStored(charge: StoredCharge | undefined, { unit, description }: IssuedLineRow): RatedCharge | null {
  if (!charge) return null;
  const { usage_count, usage_sum, usage_root, amount_minor, ...rest } = charge;
  const usage =
    usage_count !== null && usage_sum !== null && usage_root !== null
      ? { count: Number.parseInt(usage_count, 10), sum: usage_sum, root: usage_root }
      : null;
  return { ...rest, amount_minor: BigInt(amount_minor), usage, unit, description, request_id: null };
}

interface VerifiedLine {
  row: IssuedLineRow;
  difference: Difference | null;
  in_total: LineInTotal;
}

function verifyLine(
  invoice: IssuedInvoice,
  row: IssuedLineRow,
  { index, facts, document }: { index: number; facts: IssuedFacts; document: InvoiceDocument },
): VerifiedLine {
  const charge = facts.charges.get(row.charge_id);
  const rated = facts.rated.get(row.charge_id);
  const entry = facts.entries.get(row.entry_id);
  const issued = invoice.document.lines.find((line) => line.line_id === row.line_id);
  const rating = rated?.charge ?? asStored(charge, row) ?? asRow(invoice, row);
  const entry_again = ledgerLineAgain(rating, {
    invoice_id: invoice.invoice_id,
    entry_id: row.entry_id,
    partner_pct: entry?.partner_pct ?? '0',
  });
  const places_minor = [
    ...(charge ? [BigInt(charge.amount_minor)] : []),
    BigInt(row.amount_minor),
    ...(issued ? [toMinor(parseDecimal(issued.amount), invoice.currency)] : []),
    ...(entry ? [entry.gross_minor] : []),
  ];
  const again = { charge: rating, document: document.lines.find((line) => line.line_id === row.line_id)!, entry: entry_again };
  const stored = charge && { ...charge, usage_sum: charge.usage_sum && shortestDecimal(charge.usage_sum) };
  const fields = stored
    ? rated?.charge
      ? lineDifferences({ charge: stored, row, document: issued, entry }, again)
      : fieldDifferences('line', rated?.fault ?? null, { charge: `${stored.quantity} for ${stored.amount_exact}` })
    : fieldDifferences('charge', 'present', { charge: null });
  const changed = rated?.changed ?? [];
  const leaves = fields.length === 0 && changed.length > 0 ? fieldDifferences('usage.leaves', null, { event: changed[0]! }) : [];
  const all: FieldDifference[] = [...fields, ...leaves];
  return {
    row,
    in_total: { again_minor: rating.amount_minor, places_minor, entry, entry_again },
    difference:
      all.length === 0
        ? null
        : {
            ...{ subject: 'invoice_line', document: invoice.number, org_id: invoice.org_id, line: index + 1, sku: row.sku },
            ...{ subject_id: row.line_id, fields: all, events: changed },
          },
  };
}

/** What is left to go by where a line's charge is gone. */
function asRow(invoice: IssuedInvoice, row: IssuedLineRow): RatedCharge {
  const { description, sku, unit, from, to, quantity, amount_exact } = row;
  return {
    ...{ kind: 'usage', subscription_id: '', org_id: invoice.org_id, project_id: null, price_version_id: null, adjusts: null },
    ...{ description, sku, unit, from, to, quantity, amount_exact, amount_minor: BigInt(row.amount_minor) },
    ...{ currency: invoice.currency, inputs_hash: Buffer.alloc(32), steps: [], usage: null, request_id: null },
    inputs: { currency: invoice.currency, rounding: 'half_up', price: {}, quantity },
  };
}

/** Lines that one place has and another has not. */
function strayLines(invoice: IssuedInvoice, { entriesOf }: IssuedFacts): FieldDifference[] {
  const rows = new Set(invoice.lines.map((row) => row.line_id));
  const surplus = invoice.document.lines.filter((line) => !rows.has(line.line_id));
  const known = new Set([...invoice.lines, ...invoice.credit_notes.flatMap((note) => note.lines)].map((row) => row.entry_id));
  const strange = (entriesOf.get(invoice.invoice_id) ?? []).filter((entry) => !known.has(entry.entry_id));
  return [
    ...surplus.flatMap((line) => fieldDifferences('line', null, { document: `${line.sku ?? 'base'} ${line.amount}` })),
    ...strange.flatMap((entry) =>
      fieldDifferences('ledger line', null, { 'ledger line': `${entry.sku ?? 'base'} ${entry.quantity}` }),
    ),
  ];
}

function booksOf({ invoice_id, ledger_transaction_id }: IssuedInvoice, { posted }: IssuedFacts) {
  return {
    posted: posted.get(`invoice/${invoice_id}`)?.legs ?? [],
    reversal: (ledger_transaction_id === null ? undefined : posted.get(`reverses ${ledger_transaction_id}`))?.legs ?? [],
    payment: posted.get(`payment/${invoice_id}`)?.legs ?? [],
  };
}

function hashesOf({ document, document_hash, invoice_id }: IssuedInvoice, { receipts }: IssuedFacts): FieldDifference[] {
  return hashDifferences(document, { stored: document_hash, receipt: receipts.get(invoice_id) ?? null });
}

function differenceOf({ number, org_id, invoice_id }: IssuedInvoice, fields: FieldDifference[]): Difference {
  return { subject: 'invoice', document: number, org_id, line: null, sku: null, subject_id: invoice_id, fields, events: [] };
}
