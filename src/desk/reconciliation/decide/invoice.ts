import { type Line, type NewLine, paidLegs } from '../../../billing/ledger/model.ts';
import { splitGross } from '../../../billing/partners/model.ts';
import type { CreditNoteDocument, InvoiceDocument } from '../../../kernel/bundle.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { fromMinor, toMinor } from '../../../kernel/money.ts';
import { documentHash } from '../../../kernel/proof.ts';
import type { FieldDifference } from '../model.ts';
import { type BookLeg, bookDifferences, documentLegs, opposite, type PostedShare } from './books.ts';
import { fieldDifferences, mostFrequent, standing } from './fields.ts';

/** A line as its invoice has to add up: what it comes to again, what each place says, and its ledger line. */
export interface LineInTotal {
  again_minor: bigint;
  places_minor: readonly bigint[];
  entry: Line | undefined;
  entry_again: NewLine;
}

export interface InvoiceAsIssued {
  org_id: string;
  currency: string;
  status: string;
  from_date: string;
  to_date: string;
  total_minor: string;
  document: InvoiceDocument;
  credit_notes: readonly NoteInTotal[];
}

/** A credit note in every place that says what it comes to. */
export interface NoteInTotal {
  total_minor: string;
  after_payment: boolean;
  document: CreditNoteDocument;
  lines: readonly { amount_minor: string }[];
}

export interface InvoiceBooks {
  posted: readonly BookLeg[];
  reversal: readonly BookLeg[];
  payment: readonly BookLeg[];
}

/** What a line mostly is said to come to: see `standing`. */
export function standingMinor({ again_minor, places_minor }: Pick<LineInTotal, 'again_minor' | 'places_minor'>): bigint {
  return BigInt(standing(`${again_minor}`, places_minor.map(String)));
}

/** Its ledger line over that amount, at the partner's rate that was stored. */
export function standingShare(line: LineInTotal): PostedShare {
  const gross_minor = standingMinor(line);
  const { partner_id, partner_pct } = line.entry_again;
  return { gross_minor, partner_id, ...splitGross({ gross_minor, pct: partner_pct }) };
}

/** Everything about an invoice, its lines apart, that does not come to the same again: total, members, books. */
export function invoiceDifferences(
  invoice: InvoiceAsIssued,
  lines: readonly LineInTotal[],
  books: InvoiceBooks,
): FieldDifference[] {
  const { currency, document, org_id, from_date, to_date } = invoice;
  const money = (minor: bigint) => fromMinor(minor, currency);
  const shares = lines.map(standingShare);
  const total_minor = shares.reduce((sum, share) => sum + share.gross_minor, 0n);
  const legs = documentLegs(invoice, shares);
  const stored = lines.map((line) => line.entry).filter((entry) => entry !== undefined);
  const accepted = [
    documentLegs(invoice, stored.filter(isWhole)),
    documentLegs(
      invoice,
      lines.map((line) => line.entry_again),
    ),
  ];
  const credited_minor = invoice.credit_notes
    .filter((note) => !note.after_payment)
    .reduce((sum, note) => sum + creditedMinor(note, currency), 0n);
  const due_minor = invoice.status === 'paid' ? total_minor - credited_minor : 0n;
  const reversed = invoice.status === 'void' ? opposite(legs) : [];
  return [
    ...fieldDifferences('total', money(total_minor), { invoice: money(BigInt(invoice.total_minor)), document: document.total }),
    ...fieldDifferences('organization', org_id, { document: document.org_id }),
    ...fieldDifferences('currency', currency, { document: document.currency }),
    ...fieldDifferences('period', `${from_date} to ${to_date}`, { document: periodText(document) }),
    // Without a ledger line the partner's rate is not known: that line is named.
    ...(stored.length < lines.length ? [] : bookDifferences('posting', legs, { found: books.posted, accepted })),
    ...bookDifferences('posting of the void', reversed, {
      found: books.reversal,
      accepted: invoice.status === 'void' ? [opposite(books.posted)] : [],
    }),
    ...bookDifferences('posting of the payment', paymentLegs({ org_id, currency, due_minor }), { found: books.payment }),
  ];
}

function creditedMinor({ total_minor, document, lines }: NoteInTotal, currency: string): bigint {
  const of_lines = lines.reduce((sum, line) => sum + BigInt(line.amount_minor), 0n);
  return BigInt(mostFrequent([`${of_lines}`, total_minor, `${toMinor(parseDecimal(document.total), currency)}`])!);
}

/** A ledger line whose shares are its gross: others are named by themselves. */
function isWhole({ gross_minor, partner_minor, net_minor }: Line): boolean {
  return partner_minor + net_minor === gross_minor;
}

function periodText({ period }: InvoiceDocument): string {
  const { from, to } = period as { from: string; to: string };
  return `${from} to ${to}`;
}

function paymentLegs({ org_id, currency, due_minor }: { org_id: string; currency: string; due_minor: bigint }): BookLeg[] {
  if (due_minor === 0n) return [];
  const legs = paidLegs({ currency, cash: 'cash', receivable: 'receivable', amount_minor: due_minor });
  return legs.map(({ account_id: kind, amount_minor }) => ({
    ...{ kind, currency, amount_minor },
    owner: kind === 'receivable' ? org_id : null,
  }));
}

/** Whether a document is the one that was issued, to the last member: asked where nothing else of it differs. */
export function hashDifferences(
  document: InvoiceDocument | Parameters<typeof documentHash>[0],
  { stored, receipt }: { stored: string; receipt: string | null },
): FieldDifference[] {
  const hash = documentHash(document).toString('hex');
  return fieldDifferences('document', receipt, { document: hash, 'hash of the document': stored });
}
