import { add, type Decimal, formatDecimal, formatFixed, type Rounding, subtract, ZERO } from '../kernel/decimal.ts';
import { type Exact, ended, formatExact, roundExact, shownDecimal } from '../kernel/exact.ts';
import type { Step, StepKind } from './step.ts';
import { sumSteps } from './step.ts';

/** A step as JSON: amounts, quantities and rates are shortest decimal texts. Fields that say nothing are absent. */
export interface ShownStep {
  kind: StepKind;
  amount: string;
  quantity?: string;
  rate?: string;
  tier?: number;
  part?: string;
  event?: string;
  bucket?: string;
}

/** A priced quantity as JSON. The steps' amounts sum to `amount_exact`. */
export interface Evaluation {
  currency: string;
  /** As given, or the events' aggregate. */
  quantity: string;
  /** Rounded once, with exactly the currency's decimals. */
  amount: string;
  amount_exact: string;
  steps: ShownStep[];
}

/** Writes an evaluation down. The rounded amount comes from the exact total, never from a shown, cut one. */
export function explain(
  steps: readonly Step[],
  { currency, decimals, quantity, rounding }: { currency: string; decimals: number; quantity: string; rounding: Rounding },
): Evaluation {
  const total = sumSteps(steps);
  return {
    currency,
    quantity,
    amount: formatFixed(roundExact(total, decimals, rounding)),
    amount_exact: formatExact(total),
    steps: shownSteps(steps, total),
  };
}

/** Amounts that do not end are cut half to even at 18 decimals; the last step then takes the rest, so that the sum holds. */
function shownSteps(steps: readonly Step[], total: Exact): ShownStep[] {
  if (steps.every(({ amount }) => amount.over === 1n || ended(amount)))
    return steps.map((step) => shown(step, step.texts?.amount ?? formatExact(step.amount)));
  let before: Decimal = ZERO;
  return steps.map((step, index) => {
    if (index === steps.length - 1) return shown(step, formatDecimal(subtract(shownDecimal(total), before)));
    const amount = shownDecimal(step.amount);
    before = add(before, amount);
    return shown(step, formatDecimal(amount));
  });
}

function shown({ kind, quantity, rate, tier, part, event, bucket, texts }: Step, amount: string): ShownStep {
  const line: ShownStep = { kind, amount };
  if (quantity !== undefined) line.quantity = texts?.quantity ?? formatExact(quantity);
  if (rate !== undefined) line.rate = rate;
  if (tier !== undefined) line.tier = tier;
  if (part !== undefined) line.part = part;
  if (event !== undefined) line.event = event;
  if (bucket !== undefined) line.bucket = bucket;
  return line;
}
