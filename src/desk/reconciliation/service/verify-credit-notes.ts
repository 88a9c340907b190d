import {
  type CreditableInvoice,
  creditNoteAgain,
  type IssuedInvoice,
  type IssuedNote,
} from '../../../billing/invoicing/service/again.ts';
import type { Line, NewLine } from '../../../billing/ledger/model.ts';
import { correctionAgain } from '../../../billing/ledger/service/books.ts';
import { AssertionError } from '../../../kernel/assert.ts';
import type { InvoiceDocument } from '../../../kernel/bundle.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { toMinor } from '../../../kernel/money.ts';
import { documentHash } from '../../../kernel/proof.ts';
import { bookDifferences, documentLegs } from '../decide/books.ts';
import { askedMinor, type CreditAsIssued, creditDifferences, creditNoteDifferences } from '../decide/credit-note.ts';
import { fieldDifferences } from '../decide/fields.ts';
import { hashDifferences, type LineInTotal, standingMinor, standingShare } from '../decide/invoice.ts';
import type { Difference, FieldDifference } from '../model.ts';
import type { IssuedFacts } from './issued-facts.ts';

/** A ledger line that takes back, as it comes to again and as it is stored. */
interface TakenBack {
  again: NewLine | null;
  stored: Line | undefined;
}

interface Corrected {
  facts: IssuedFacts;
  /** The invoice as it comes to again. */
  document: InvoiceDocument;
  /** By line id. */
  shares: ReadonlyMap<string, LineInTotal>;
  /** Nothing of the invoice itself differs. */
  is_sound: boolean;
}

/** Works out an invoice's credit notes again, in the order in which they were issued. */
export function creditNoteDifferencesOf(invoice: IssuedInvoice, corrected: Corrected): Difference[] {
  const credited = new Map<string, { minor: bigint; notes: number; entries: TakenBack[] }>();
  let credited_minor = 0n;
  return invoice.credit_notes.flatMap((note) => {
    const lines = note.lines.map((row) => ({ row, issued: issuedLine(note, row, corrected.facts) }));
    const standing: CreditableInvoice = {
      ...{ invoice_id: invoice.invoice_id, number: invoice.number, currency: invoice.currency, credited_minor },
      status: note.after_payment ? 'paid' : 'open',
      total_minor: [...corrected.shares.values()].reduce((sum, line) => sum + standingMinor(line), 0n),
      lines: invoice.lines.map((line) => ({
        ...{ invoice_line_id: line.line_id, entry_id: line.entry_id },
        amount_minor: standingMinor(corrected.shares.get(line.line_id)!),
        credited_minor: credited.get(line.line_id)?.minor ?? 0n,
        credit_notes: credited.get(line.line_id)?.notes ?? 0,
      })),
    };
    const earlier = (line_id: string) => credited.get(line_id)?.entries ?? [];
    const { found, entries: taken } = verifyNote(invoice, note, { standing, lines, corrected, earlier });
    for (const [index, { row, issued }] of lines.entries()) {
      const minor = askedMinor(issued, invoice.currency);
      const before = credited.get(row.invoice_line_id) ?? { minor: 0n, notes: 0, entries: [] };
      const entries = [...before.entries, ...(taken[index] ? [taken[index]] : [])];
      credited.set(row.invoice_line_id, { minor: before.minor + minor, notes: before.notes + 1, entries });
      credited_minor += minor;
    }
    return found;
  });
}

type NoteLine = IssuedNote['lines'][number];

function issuedLine(note: IssuedNote, row: NoteLine, facts: IssuedFacts): CreditAsIssued {
  return {
    row_minor: BigInt(row.amount_minor),
    document: note.document.lines.find((line) => line.line_id === row.line_id),
    entry: facts.entries.get(row.entry_id),
  };
}

function verifyNote(
  invoice: IssuedInvoice,
  note: IssuedNote,
  facts: {
    standing: CreditableInvoice;
    lines: readonly { row: NoteLine; issued: CreditAsIssued }[];
    corrected: Corrected;
    earlier: (line_id: string) => readonly TakenBack[];
  },
): { found: Difference[]; entries: TakenBack[] } {
  const { standing, lines, corrected, earlier } = facts;
  const about = { document: note.number, org_id: invoice.org_id, events: [] };
  const whole = (fields: FieldDifference[]): Difference[] =>
    fields.length === 0
      ? []
      : [{ ...about, subject: 'credit_note', line: null, sku: null, subject_id: note.credit_note_id, fields }];
  const asked = new Map(lines.map(({ row, issued }) => [row.invoice_line_id, askedMinor(issued, invoice.currency)]));
  const again = planned(corrected.document, { invoice: standing, note, asked });
  if (typeof again === 'string')
    return { found: whole(fieldDifferences('credit', again, { 'credit note': 'issued' })), entries: [] };
  const found: Difference[] = [];
  const entries: TakenBack[] = [];
  for (const [index, { row, issued }] of lines.entries()) {
    const plan = again.plan.lines.find(({ line }) => line.invoice_line_id === row.invoice_line_id);
    const document = again.document.lines.find((line) => line.corrects.line_id === row.invoice_line_id);
    const amount_minor = plan?.amount_minor ?? 0n;
    const taken = takenBack(row, { credit_minor: amount_minor, earlier: earlier(row.invoice_line_id) }, corrected);
    entries.push({ again: taken.entry, stored: issued.entry });
    const fields = document
      ? creditDifferences(issued, { amount_minor, document, ...taken }, invoice.currency)
      : fieldDifferences('line', null, { 'credit note line': 'present' });
    const sku = typeof document?.sku === 'string' ? document.sku : null;
    if (fields.length > 0)
      found.push({ ...about, subject: 'credit_note_line', line: index + 1, sku, subject_id: row.line_id, fields });
  }
  const fields = [
    ...creditNoteDifferences(note, {
      total_minor: again.plan.total_minor,
      places_minor: totals(note, lines, invoice.currency),
      document: again.document,
      invoice_hash: corrected.is_sound ? documentHash(invoice.document).toString('hex') : null,
    }),
    ...posting(invoice, note, entries, corrected.facts),
  ];
  const sound = found.length === 0 && fields.length === 0 && corrected.is_sound;
  const receipt = corrected.facts.receipts.get(note.credit_note_id) ?? null;
  const hashes = sound ? hashDifferences(note.document, { stored: note.document_hash, receipt }) : [];
  return { found: [...found, ...whole([...fields, ...hashes])], entries };
}

/** The code of why not, where the credit would be refused. */
function planned(...args: Parameters<typeof creditNoteAgain>): ReturnType<typeof creditNoteAgain> | string {
  try {
    return creditNoteAgain(...args);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return error.code;
  }
}

/** The ledger line that takes back, worked out from the invoice's as that mostly is, and as it is stored. */
function takenBack(
  row: NoteLine,
  { credit_minor, earlier }: { credit_minor: bigint; earlier: readonly TakenBack[] },
  { shares }: Corrected,
): { entry: NewLine | null; accepted: NewLine | null } {
  const share = shares.get(row.invoice_line_id);
  const line = share?.entry;
  if (!share || !line) return { entry: null, accepted: null };
  const correction = { entry_id: row.entry_id, corrects: line.entry_id, credit_minor };
  const { quantity, amount_exact } = share.entry_again;
  const stored = earlier.flatMap((each) => (each.stored ? [each.stored] : []));
  const before = earlier.flatMap((each) => (each.again && each.stored ? [{ ...each.stored, ...sharesOf(each.again) }] : []));
  const mostly = { ...line, ...standingShare(share), partner_id: line.partner_id };
  return {
    entry: correctedOrNot(
      standingMinor(share) === share.again_minor ? { ...mostly, quantity, amount_exact } : mostly,
      before,
      correction,
    ),
    accepted: correctedOrNot(line, stored, correction),
  };
}

function sharesOf({ quantity, amount_exact, gross_minor, partner_minor, net_minor }: NewLine) {
  return { quantity, amount_exact, gross_minor, partner_minor, net_minor };
}

function correctedOrNot(...args: Parameters<typeof correctionAgain>): NewLine | null {
  try {
    return correctionAgain(...args);
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    return null;
  }
}

/** What the note's lines come to in each place. */
function totals(note: IssuedNote, lines: readonly { issued: CreditAsIssued }[], currency: string): bigint[] {
  const sum = (of: (each: CreditAsIssued) => bigint) => lines.reduce((total, { issued }) => total + of(issued), 0n);
  return [
    sum((each) => each.row_minor),
    note.document.lines.reduce((total, line) => total + toMinor(parseDecimal(line.amount), currency), 0n),
    sum((each) => -(each.entry?.gross_minor ?? 0n)),
  ];
}

function posting(
  invoice: IssuedInvoice,
  note: IssuedNote,
  entries: readonly TakenBack[],
  { posted }: IssuedFacts,
): FieldDifference[] {
  const found = posted.get(`credit_note/${note.credit_note_id}`)?.legs ?? [];
  const stored = entries.flatMap((each) => (each.stored && sums(each.stored) ? [each.stored] : []));
  const again = entries.flatMap((each) => (each.again ? [each.again] : []));
  const complete = again.length === entries.length;
  const legs = documentLegs(invoice, complete ? again : stored);
  return bookDifferences('posting', legs, { found, accepted: [documentLegs(invoice, stored)] });
}

function sums({ gross_minor, partner_minor, net_minor }: Line): boolean {
  return partner_minor + net_minor === gross_minor;
}
