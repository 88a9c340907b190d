import type { Line, NewLine } from '../../../billing/ledger/model.ts';
import type { CreditNoteDocument, CreditNoteLineDocument } from '../../../kernel/bundle.ts';
import { canonicalJson, type JsonObject } from '../../../kernel/canonical-json.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { fromMinor, toMinor } from '../../../kernel/money.ts';
import type { FieldDifference } from '../model.ts';
import { fieldDifferences, standing } from './fields.ts';
import { entryDifferences } from './line.ts';

/** A credit note's line in every place that keeps it. */
export interface CreditAsIssued {
  row_minor: bigint;
  document: CreditNoteLineDocument | undefined;
  entry: Line | undefined;
}

/** What a correction was asked to credit of a line: what the places mostly say. */
export function askedMinor({ row_minor, document, entry }: CreditAsIssued, currency: string): bigint {
  const places = [
    `${row_minor}`,
    ...(document ? [`${toMinor(parseDecimal(document.amount), currency)}`] : []),
    ...(entry ? [`${-entry.gross_minor}`] : []),
  ];
  const most = [...Map.groupBy(places, (place) => place).values()].sort((a, b) => b.length - a.length)[0]!;
  return BigInt(most[0]!);
}

export interface CreditAgain {
  amount_minor: bigint;
  document: CreditNoteLineDocument;
  /** The line that takes back, as it comes of the invoice's ledger line as that mostly is; null where it cannot. */
  entry: NewLine | null;
  /** The same of the ledger line as it is stored: where the books agree with it, that line is named and this is not. */
  accepted: NewLine | null;
}

export function creditDifferences(
  { row_minor, document, entry }: CreditAsIssued,
  again: CreditAgain,
  currency: string,
): FieldDifference[] {
  const money = (minor: bigint) => fromMinor(minor, currency);
  const said = (line: CreditNoteLineDocument) => canonicalJson(restOf(line));
  return [
    ...(document ? [] : fieldDifferences('line', 'present', { document: null })),
    ...(entry ? [] : fieldDifferences('line', 'present', { 'ledger line': null })),
    ...fieldDifferences('amount', money(again.amount_minor), {
      'credit note line': money(row_minor),
      ...(document ? { document: document.amount } : {}),
      ...(entry ? { 'ledger line': money(-entry.gross_minor) } : {}),
    }),
    ...(document ? fieldDifferences('left', again.document.left, { document: document.left }) : []),
    ...(document ? fieldDifferences('content', said(again.document), { document: said(document) }) : []),
    ...(entry && again.entry ? takenBack(entry, again.entry, again.accepted) : []),
  ];
}

function restOf({ line_id, corrects, amount, left, ...rest }: JsonObject) {
  return rest;
}

function takenBack(entry: Line, again: NewLine, accepted: NewLine | null): FieldDifference[] {
  const found = differencesOf(entry, again);
  return found.length > 0 && accepted && differencesOf(entry, accepted).length === 0 ? [] : found;
}

function differencesOf(entry: Line, again: NewLine): FieldDifference[] {
  return [
    ...fieldDifferences('quantity', again.quantity, { 'ledger line': entry.quantity }),
    ...fieldDifferences('amount_exact', again.amount_exact, { 'ledger line': entry.amount_exact }),
    ...entryDifferences(entry, again),
  ];
}

/** What of a credit note, its lines apart, does not come to the same again. */
export function creditNoteDifferences(
  note: { total_minor: string; document: CreditNoteDocument },
  again: { total_minor: bigint; places_minor: readonly bigint[]; document: CreditNoteDocument; invoice_hash: string | null },
): FieldDifference[] {
  const { document } = note;
  const money = (minor: bigint) => fromMinor(minor, document.currency);
  const total = BigInt(standing(`${again.total_minor}`, again.places_minor.map(String)));
  const said = (each: CreditNoteDocument) => canonicalJson(bareOf(each));
  return [
    ...fieldDifferences('total', money(total), { 'credit note': money(BigInt(note.total_minor)), document: document.total }),
    ...fieldDifferences('content', said(again.document), { document: said(document) }),
    // What the note took from an invoice that is itself named says nothing more.
    ...(again.invoice_hash === null
      ? []
      : [
          ...fieldDifferences('invoice', again.invoice_hash, { document: document.corrects.hash }),
          ...fieldDifferences('parties', partiesOf(again.document), { document: partiesOf(document) }),
        ]),
  ];
}

/** Without ids, times, numbers, and what is compared by itself. */
function bareOf({ credit_note_id, number, issued_at, corrects, lines, total, seller, customer, ...rest }: JsonObject) {
  return rest;
}

function partiesOf({ seller = null, customer = null }: JsonObject): string {
  return canonicalJson({ seller, customer });
}
