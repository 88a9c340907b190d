import type { CreditNoteDocument, CreditNoteLineDocument, InvoiceDocument, InvoiceLineDocument } from '../../../kernel/bundle.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { fromMinor, toMinor } from '../../../kernel/money.ts';
import { documentHash, utcText } from '../../../kernel/proof.ts';
import { errors } from '../errors.ts';
import type { CreditKind, InvoiceStatus, LinesToCredit } from '../model.ts';

/** A line of an issued invoice, and how much of it credit notes took back before. Minor units. */
export interface CreditableLine {
  invoice_line_id: string;
  entry_id: string;
  amount_minor: bigint;
  credited_minor: bigint;
  /** A line over nothing can be credited too, once: by a rebill, which replaces it. */
  credit_notes: number;
}

export interface CreditableInvoice {
  invoice_id: string;
  number: string;
  currency: string;
  status: InvoiceStatus;
  total_minor: bigint;
  credited_minor: bigint;
  lines: readonly CreditableLine[];
}

export interface CreditPlan {
  /** In the order of the invoice; `left_minor` is what of the line stands afterwards. */
  lines: readonly { line: CreditableLine; amount_minor: bigint; left_minor: bigint }[];
  total_minor: bigint;
  /** The invoice was paid before: the payer is owed the amount. */
  after_payment: boolean;
  /** Nothing is left to pay of an open invoice. */
  settles: boolean;
}

/**
 * What a credit note over these lines takes back. A line without an amount is taken back as far as it stands; a rebill passes over lines
 * of which nothing is left, and may come to no line at all. Throws `invoice_not_creditable`, `credit_line_unknown`, `credit_line_repeated`, `credit_currency`, `amount_inexact`, `credit_nothing_left`,
 * `credit_exceeds_line` and, for a correction, `credit_exceeds_invoice`.
 */
export function planCredit(invoice: CreditableInvoice, request: { kind: CreditKind; lines: LinesToCredit }): CreditPlan {
  const { status, currency, total_minor: bill_minor } = invoice;
  if (status !== 'open' && status !== 'paid')
    throw errors.invoice_not_creditable({
      detail: `Invoice ${invoice.number} is ${status}: only an open or paid one is credited.`,
    });
  const lines = (
    request.lines === 'all' ? everyLine(invoice, request.kind) : namedLines(invoice, request.kind, request.lines)
  ).map(({ line, amount_minor }) => ({ line, amount_minor, left_minor: standing(line) - amount_minor }));
  if (lines.length === 0 && request.kind === 'correction')
    throw errors.credit_nothing_left({ detail: `Nothing of invoice ${invoice.number} is left to credit.` });
  const total_minor = lines.reduce((sum, line) => sum + line.amount_minor, 0n);
  const credited_minor = invoice.credited_minor + total_minor;
  if (request.kind === 'correction' && !isWithin(credited_minor, bill_minor)) {
    const [credited, bill] = [fromMinor(credited_minor, currency), fromMinor(bill_minor, currency)];
    throw errors.credit_exceeds_invoice({
      detail: `Credits of ${credited} ${currency} would not be within the ${bill} ${currency} of invoice ${invoice.number}.`,
    });
  }
  return { lines, total_minor, after_payment: status === 'paid', settles: status === 'open' && credited_minor === bill_minor };
}

type Credited = { line: CreditableLine; amount_minor: bigint };

/** Every line that stands, and for a rebill those over nothing too. */
function everyLine({ lines }: CreditableInvoice, kind: CreditKind): Credited[] {
  return lines.filter((line) => isCreditable(line, kind)).map((line) => ({ line, amount_minor: standing(line) }));
}

function namedLines(invoice: CreditableInvoice, kind: CreditKind, named: Exclude<LinesToCredit, 'all'>): Credited[] {
  const wanted = new Map<string, bigint>();
  const known = new Map(invoice.lines.map((line) => [line.invoice_line_id, line]));
  for (const [index, { line_id, amount }] of named.entries()) {
    const at = `/lines/${index}`;
    const line = known.get(line_id);
    if (!line) throw refusal('credit_line_unknown', `${at}/line_id`, `There is no line ${line_id} on invoice ${invoice.number}.`);
    if (wanted.has(line_id)) throw refusal('credit_line_repeated', `${at}/line_id`, `Line ${line_id} is named twice.`);
    if (!isCreditable(line, kind)) {
      if (kind === 'rebill') continue;
      throw refusal('credit_nothing_left', at, `Nothing of line ${line_id} is left to credit.`);
    }
    wanted.set(line_id, amount === undefined ? standing(line) : amountOfLine(invoice, line, amount, `${at}/amount`));
  }
  return invoice.lines.flatMap((line) => {
    const amount_minor = wanted.get(line.invoice_line_id);
    return amount_minor === undefined ? [] : [{ line, amount_minor }];
  });
}

function amountOfLine(
  { currency }: CreditableInvoice,
  line: CreditableLine,
  amount: { amount: string; currency: string },
  at: string,
): bigint {
  if (amount.currency !== currency)
    throw refusal('credit_currency', `${at}/currency`, `The invoice is in ${currency}, and the credit in ${amount.currency}.`);
  const amount_minor = toMinor(parseDecimal(amount.amount), currency);
  const left = standing(line);
  if (isWithin(amount_minor, left) && (amount_minor !== 0n || left === 0n)) return amount_minor;
  const detail = `${amount.amount} ${currency} is not a part of the ${fromMinor(left, currency)} ${currency} that the line has left.`;
  throw refusal('credit_exceeds_line', `${at}/amount`, detail);
}

function refusal(
  code: 'credit_line_unknown' | 'credit_line_repeated' | 'credit_nothing_left' | 'credit_currency' | 'credit_exceeds_line',
  pointer: string,
  detail: string,
) {
  return errors[code]({ detail, errors: [{ pointer, code, detail }] });
}

function standing(line: CreditableLine): bigint {
  return line.amount_minor - line.credited_minor;
}

function isCreditable(line: CreditableLine, kind: CreditKind): boolean {
  return standing(line) !== 0n || (kind === 'rebill' && line.amount_minor === 0n && line.credit_notes === 0);
}

/** Between nothing and the whole, whichever sign that has. */
function isWithin(part: bigint, whole: bigint): boolean {
  return whole < 0n ? part <= 0n && part >= whole : part >= 0n && part <= whole;
}

export interface CreditNoteFacts {
  credit_note_id: string;
  number: string;
  kind: CreditKind;
  reason: string;
  issued_at: Temporal.Instant;
  plan: CreditPlan;
  /** Of each line of the plan, in its place. */
  line_ids: readonly string[];
}

/** The credit note as it is issued: the invoice's parties, and each line bound to the invoice's by hash. */
export function creditNoteDocument(invoice: InvoiceDocument, facts: CreditNoteFacts): CreditNoteDocument {
  const { plan, line_ids } = facts;
  const { tenant_id, org_id, currency } = invoice;
  const lines = new Map(invoice.lines.map((line) => [line.line_id, line]));
  return {
    ...{ tenant_id, org_id, currency },
    credit_note_id: facts.credit_note_id,
    number: facts.number,
    kind: facts.kind,
    reason: facts.reason,
    issued_at: utcText(facts.issued_at),
    after_payment: plan.after_payment,
    corrects: { invoice_id: invoice.invoice_id, number: invoice.number, hash: documentHash(invoice).toString('hex') },
    seller: invoice.seller ?? null,
    customer: invoice.customer ?? null,
    lines: plan.lines.map(({ line, amount_minor, left_minor }, index): CreditNoteLineDocument => {
      const corrected = lines.get(line.invoice_line_id)!;
      return {
        line_id: line_ids[index]!,
        corrects: { line_id: line.invoice_line_id, hash: documentHash(corrected).toString('hex') },
        ...described(corrected),
        amount: fromMinor(amount_minor, currency),
        left: fromMinor(left_minor, currency),
      };
    }),
    total: fromMinor(plan.total_minor, currency),
  };
}

/** What a reader of the credit note wants to see of the line that it corrects. */
function described(line: InvoiceLineDocument) {
  const { description, period, sku } = line;
  return {
    ...(description === undefined ? {} : { description }),
    ...(period === undefined ? {} : { period }),
    ...(sku === undefined ? {} : { sku }),
  };
}
