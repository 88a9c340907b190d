import type {
  BundleCharge,
  ChargeInputs,
  CreditNoteDocument,
  InvoiceDocument,
  InvoiceLineDocument,
} from '../../src/kernel/bundle.ts';
import { canonicalJson, type JsonValue } from '../../src/kernel/canonical-json.ts';
import { add, formatDecimal, formatFixed, parseDecimal, subtract, ZERO } from '../../src/kernel/decimal.ts';
import { CodedError } from '../../src/kernel/errors.ts';
import { isCurrency, minorToDecimal, toMinor } from '../../src/kernel/money.ts';
import { documentHash } from '../../src/kernel/proof.ts';
import { priceCharge } from '../../src/pricing/charge.ts';
import type { MeteredEvent } from '../../src/pricing/metered.ts';
import type { Findings } from './report.ts';

/** Prices one line again from its inputs, and its events where these are priced, with the engine that billed it, and holds every number and step against what is stated. */
export function checkCharge(
  {
    line,
    charge,
    currency,
    events,
  }: { line: InvoiceLineDocument; charge: BundleCharge; currency: string; events: readonly MeteredEvent[] },
  place: { at: string; line_at: string },
  findings: Findings,
): void {
  const { inputs } = charge;
  const { at, line_at } = place;
  const inputs_hash = documentHash(inputs).toString('hex');
  if (inputs_hash !== line.inputs_hash)
    findings.fault(`${at}/inputs`, 'inputs_hash_wrong', `hash to ${inputs_hash}, the line is for ${line.inputs_hash}`);
  const steps_hash = documentHash(charge.steps).toString('hex');
  if (steps_hash !== line.steps_hash)
    findings.fault(`${at}/steps`, 'steps_hash_wrong', `hash to ${steps_hash}, the line is for ${line.steps_hash}`);
  if (inputs.currency !== currency)
    findings.fault(`${at}/inputs/currency`, 'currency_differs', 'is not the currency of the invoice');
  const quantity = refusalOf(() => ownQuantity(inputs));
  if (quantity !== line.quantity)
    findings.fault(`${line_at}/quantity`, 'quantity_wrong', `is ${line.quantity}, and the inputs make it ${quantity}`);
  const priced = refusalOf(() => priceCharge(inputs, events));
  if (typeof priced === 'string') {
    findings.fault(`${at}/inputs`, 'price_refused', priced);
    return;
  }
  const expect = (where: string, code: string, stated: string, found: string) => {
    if (stated !== found) findings.fault(where, code, `is stated as ${stated} and comes out as ${found}`);
  };
  expect(`${at}/inputs/quantity`, 'quantity_wrong', inputs.quantity, priced.quantity);
  expect(`${line_at}/amount`, 'amount_wrong', line.amount, priced.amount);
  expect(`${line_at}/amount_exact`, 'amount_exact_wrong', line.amount_exact, priced.amount_exact);
  if (charge.steps.length !== priced.steps.length)
    findings.fault(`${at}/steps`, 'steps_wrong', `there are ${charge.steps.length} steps, and ${priced.steps.length} come out`);
  for (const [index, step] of priced.steps.entries()) {
    const stated = charge.steps[index];
    if (stated) expect(`${at}/steps/${index}`, 'steps_wrong', canonicalJson(stated), canonicalJson(step as JsonValue));
  }
}

/** What of the priced quantity the line adds: all of it, but for what was billed before. */
function ownQuantity({ quantity, billed }: ChargeInputs): string {
  return billed ? formatDecimal(subtract(parseDecimal(quantity), parseDecimal(billed.quantity))) : quantity;
}

/** The lines' amounts sum to the total, in the currency's own decimals. */
export function checkTotal(
  at: '/invoice' | '/credit_note',
  document: Pick<InvoiceDocument | CreditNoteDocument, 'currency' | 'total'> & {
    readonly lines: readonly { readonly amount: string }[];
  },
  findings: Findings,
): void {
  if (!isCurrency(document.currency)) {
    findings.fault(`${at}/currency`, 'currency_unknown', 'is not a currency known here');
    return;
  }
  const sum = document.lines.reduce((total, line) => add(total, parseDecimal(line.amount)), ZERO);
  const total = refusalOf(() => formatFixed(minorToDecimal(toMinor(sum, document.currency), document.currency)));
  if (total !== document.total)
    findings.fault(`${at}/total`, 'total_wrong', `is stated as ${document.total} and comes out as ${total}`);
}

/** The work's result, or why there is none: an input that the engine cannot take is a fault of the bundle, whatever it throws. */
function refusalOf<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`;
    return error instanceof Error ? error.message : String(error);
  }
}
