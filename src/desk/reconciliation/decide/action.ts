import type { Line, NewLine } from '../../../billing/ledger/model.ts';
import type { PriorCharge, RatedCharge, StoredCharge } from '../../../billing/rating/model.ts';
import { add, formatDecimal, parseDecimal } from '../../../kernel/decimal.ts';
import { fromMinor } from '../../../kernel/money.ts';
import { documentHash } from '../../../kernel/proof.ts';
import type { FieldDifference } from '../model.ts';
import { fieldDifferences, mostFrequent, type Places, standing } from './fields.ts';
import { entryDifferences, inputsDifferences } from './line.ts';

/** What an item's charges outside cycles came to in an interval, before one of them. */
export type Counted = Pick<PriorCharge, 'quantity' | 'amount_exact'>;

/** The charges of one item, interval and price count on each other. */
export function counterOf({ subscription_id, sku, inputs, from }: StoredCharge): string {
  return `${subscription_id} ${sku} ${String(inputs.price_hash)} ${from}`;
}

/**
 * Charges in the order in which they counted on each other. Ids are nearly in that order: two calls at once may have waited for each other the
 * other way round, and what each says was there before it tells.
 */
export function inOrderOfCounting(charges: readonly StoredCharge[], before: ReadonlyMap<string, Counted>): StoredCharge[] {
  const counters = new Map<string, Counted>(before);
  const waiting = [...charges];
  const ordered: StoredCharge[] = [];
  while (waiting.length > 0) {
    const name = counterOf(waiting[0]!);
    const known = counters.get(name);
    const fits = (charge: StoredCharge) => counterOf(charge) === name && isSame(charge.inputs.prior, known);
    const at = Math.max(0, waiting.slice(0, most_apart).findIndex(fits));
    const [next] = waiting.splice(at, 1) as [StoredCharge];
    counters.set(name, countOn(known, next));
    ordered.push(next);
  }
  return ordered;
}

/** Calls that can have waited for each other. */
export const most_apart = 50;

function isSame(prior: PriorCharge | undefined, known: Counted | undefined): boolean {
  return prior?.quantity === known?.quantity && prior?.amount_exact === known?.amount_exact;
}

export function countOn(known: Counted | undefined, charge: Counted): Counted {
  const sum = (a: string, b: string) => formatDecimal(add(parseDecimal(a), parseDecimal(b)));
  return {
    quantity: sum(known?.quantity ?? '0', charge.quantity),
    amount_exact: sum(known?.amount_exact ?? '0', charge.amount_exact),
  };
}

/** What a charge mostly is said to come to: others count on that. */
export function standingCount(charge: StoredCharge, again: RatedCharge, entry: Line | undefined): Counted {
  const others = (of: (line: Line) => string) => (entry ? [of(entry)] : []);
  const quantities = [charge.inputs.quantity, charge.quantity, ...others((line) => line.quantity)];
  return {
    quantity: mostFrequent(quantities)!,
    amount_exact: standing(again.amount_exact, [charge.amount_exact, ...others((line) => line.amount_exact)]),
  };
}

/** Everything about a charge outside a cycle that does not come to the same again. `entry_again` has the gross that the running total gives. */
export function actionDifferences(
  { charge, entry }: { charge: StoredCharge; entry: Line | undefined },
  again: { charge: RatedCharge; entry: NewLine; known: Counted | undefined },
): FieldDifference[] {
  const money = (minor: bigint) => fromMinor(minor, charge.currency);
  const line = (value: string | null): Places => (entry ? { 'ledger line': value } : {});
  const steps = (each: Pick<RatedCharge, 'steps'>) => documentHash([...each.steps]).toString('hex');
  const before = (counted: Counted | undefined) => counted && `${counted.quantity} for ${counted.amount_exact}`;
  return [
    ...(entry ? [] : fieldDifferences('line', 'present', { 'ledger line': null })),
    ...fieldDifferences('prior', before(again.known) ?? null, { 'inputs of the charge': before(charge.inputs.prior) ?? null }),
    ...fieldDifferences('quantity', again.charge.quantity, { charge: charge.quantity, ...line(entry?.quantity ?? null) }),
    ...fieldDifferences('amount', money(again.charge.amount_minor), { charge: money(BigInt(charge.amount_minor)) }),
    ...fieldDifferences('amount_exact', again.charge.amount_exact, {
      charge: charge.amount_exact,
      ...line(entry?.amount_exact ?? null),
    }),
    ...fieldDifferences('steps', steps(again.charge), { charge: steps(charge) }),
    ...inputsDifferences(charge, { document: undefined, again: again.charge.inputs }),
    ...(entry
      ? [
          ...fieldDifferences('posted', money(again.entry.gross_minor), { 'ledger line': money(entry.gross_minor) }),
          ...entryDifferences(entry, again.entry),
        ]
      : []),
  ];
}
