import type { Line, NewLine } from '../../../billing/ledger/model.ts';
import type { RatedCharge, StoredCharge } from '../../../billing/rating/model.ts';
import type { ChargeInputs, InvoiceLineDocument } from '../../../kernel/bundle.ts';
import { canonicalJson, type JsonObject } from '../../../kernel/canonical-json.ts';
import { fromMinor } from '../../../kernel/money.ts';
import { documentHash } from '../../../kernel/proof.ts';
import type { FieldDifference } from '../model.ts';
import { fieldDifferences, mostFrequent } from './fields.ts';

/** A line of an invoice in every place that keeps it. */
export interface LineAsIssued {
  charge: StoredCharge;
  row: {
    description: string;
    sku: string | null;
    unit: string | null;
    quantity: string;
    amount_exact: string;
    amount_minor: string;
    from: string;
    to: string;
  };
  /** Absent where the document has no such line. */
  document: InvoiceLineDocument | undefined;
  /** Absent where the books have none. */
  entry: Line | undefined;
}

/** The same worked out again. */
export interface LineAgain {
  charge: RatedCharge;
  document: InvoiceLineDocument;
  entry: NewLine;
}

/** Everything about a line that does not come to the same again. */
export function lineDifferences({ charge, row, document, entry }: LineAsIssued, again: LineAgain): FieldDifference[] {
  const { currency } = charge;
  const money = (minor: bigint | string) => fromMinor(BigInt(minor), currency);
  const expected = again.charge;
  const compared = (field: string, value: string | null, places: Record<string, string | null | undefined>) =>
    fieldDifferences(field, value, present(places));
  return [
    ...(document ? [] : fieldDifferences('line', 'present', { document: null })),
    ...(entry ? [] : fieldDifferences('line', 'present', { 'ledger line': null })),
    ...compared('usage.count', expected.usage && `${expected.usage.count}`, {
      charge: charge.usage_count,
      document: document && (document.usage ? `${document.usage.count}` : null),
    }),
    ...compared('usage.sum', expected.usage?.sum ?? null, {
      charge: charge.usage_sum,
      document: document && (document.usage?.sum ?? null),
    }),
    ...compared('usage.root', expected.usage?.root.toString('hex') ?? null, {
      charge: charge.usage_root?.toString('hex'),
      document: document && (document.usage?.root ?? null),
    }),
    ...compared('usage.opening', expected.inputs.opening ?? null, { charge: charge.inputs.opening ?? null }),
    ...compared('quantity', expected.quantity, {
      charge: charge.quantity,
      'invoice line': row.quantity,
      document: document?.quantity,
      'ledger line': entry?.quantity,
    }),
    ...compared('amount', money(expected.amount_minor), {
      charge: money(charge.amount_minor),
      'invoice line': money(row.amount_minor),
      document: document?.amount,
      'ledger line': entry && money(entry.gross_minor),
    }),
    ...compared('amount_exact', expected.amount_exact, {
      charge: charge.amount_exact,
      'invoice line': row.amount_exact,
      document: document?.amount_exact,
      'ledger line': entry?.amount_exact,
    }),
    ...compared('steps', stepsHash(expected.steps), { charge: stepsHash(charge.steps), document: document?.steps_hash }),
    ...inputsDifferences(charge, { document, again: expected.inputs }),
    ...descriptions({ charge, row, document }, again),
    ...(entry ? entryDifferences(entry, again.entry) : []),
  ];
}

function present(places: Record<string, string | null | undefined>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(places).filter((place): place is [string, string | null] => place[1] !== undefined));
}

function stepsHash(steps: readonly JsonObject[]): string {
  return documentHash([...steps]).toString('hex');
}

/**
 * The inputs are what everything else is worked out from: they are held against the hashes that were stored and issued, and put together again
 * by the code that made them. What was priced is told by the quantity.
 */
export function inputsDifferences(
  charge: StoredCharge,
  { document, again }: { document: InvoiceLineDocument | undefined; again: ChargeInputs },
): FieldDifference[] {
  const places = {
    ...(document ? { document: document.inputs_hash } : {}),
    charge: charge.inputs_hash.toString('hex'),
    'inputs of the charge': documentHash(charge.inputs).toString('hex'),
    'inputs put together again': documentHash(asPriced(again, charge.inputs)).toString('hex'),
  };
  return fieldDifferences('inputs', mostFrequent(Object.values(places)) ?? null, places);
}

/** Inputs put together again over the usage that was priced: what differs by that is told by itself. */
function asPriced(again: ChargeInputs, { quantity, opening }: ChargeInputs): ChargeInputs {
  return { ...again, quantity, ...(opening === undefined || again.opening === undefined ? {} : { opening }) };
}

/** What a reader sees of a line beside its numbers. Ids of other documents (`adjusts`, `replaces`) are not compared. */
function descriptions({ charge, row, document }: Omit<LineAsIssued, 'entry'>, again: LineAgain): FieldDifference[] {
  const time = ({ from, to }: { from: string; to: string }) => `${from} to ${to}`;
  const said = (line: InvoiceLineDocument) => canonicalJson(restOf(line));
  return [
    ...fieldDifferences('description', again.charge.description, { 'invoice line': row.description }),
    ...fieldDifferences('sku', charge.sku, { 'invoice line': row.sku }),
    ...fieldDifferences('period', time(again.charge), { 'invoice line': time(row) }),
    ...(document ? fieldDifferences('content', said(again.document), { document: said(document) }) : []),
  ];
}

/** Members that are compared by themselves, or that name other documents. */
function restOf({
  line_id,
  adjusts,
  replaces,
  quantity,
  amount,
  amount_exact,
  inputs_hash,
  steps_hash,
  usage,
  ...rest
}: JsonObject) {
  return rest;
}

/** The partner's split, and whose line it is. Quantity and amounts are compared with those of the line. */
export function entryDifferences(entry: Line, again: NewLine): FieldDifference[] {
  const money = (minor: bigint) => fromMinor(minor, entry.currency);
  const place = (found: string | null) => ({ 'ledger line': found });
  const time = (period: NewLine['period']) => period && `${period.from} to ${period.to}`;
  return [
    ...fieldDifferences('partner', again.partner_id, place(entry.partner_id)),
    ...fieldDifferences('partner_amount', money(again.partner_minor), place(money(entry.partner_minor))),
    ...fieldDifferences('net', money(again.net_minor), place(money(entry.net_minor))),
    ...fieldDifferences('organization', again.org_id, place(entry.org_id)),
    ...fieldDifferences('project', again.project_id, place(entry.project_id)),
    ...fieldDifferences('sku', again.sku, place(entry.sku)),
    ...fieldDifferences('currency', again.currency, place(entry.currency)),
    ...fieldDifferences('period', time(again.period), place(time(entry.period))),
  ];
}
