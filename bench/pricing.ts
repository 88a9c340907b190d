import { Decimal } from 'decimal.js';
import { formatFixed, parseDecimal } from '../src/kernel/decimal.ts';
import { checkPrice } from '../src/pricing/check.ts';
import { compilePrice } from '../src/pricing/compile.ts';
import { evaluateCompiled, minorAmountOf } from '../src/pricing/evaluate.ts';
import type { Figure } from './figure.ts';

/** Five-tier graduated evaluations, from quantity text to amount text, against decimal.js: interleaved rounds, medians. */
export async function run(): Promise<Figure[]> {
  const quantities = Array.from({ length: 1000 }, (_, index) => `${(index * 7919) % 120_000}.${(index * 31) % 1000}`);
  const compiled = compilePrice(checkPrice({ model: 'graduated', tiers: TIERS }, { currency: 'USD' }), 'USD');
  const ours = {
    amount: (quantity: string) => formatFixed({ units: minorAmountOf(compiled, parseDecimal(quantity)), scale: 2 }),
    explained: (quantity: string) => evaluateCompiled(compiled, { quantity }),
  };
  const theirs = decimalJs();
  for (const quantity of quantities) {
    const amount = ours.amount(quantity);
    if (amount !== theirs.amount(quantity) || amount !== theirs.prefixed(quantity))
      throw new Error(`the two sides differ at ${quantity}`);
    if (ours.explained(quantity).steps.length !== theirs.explained(quantity).steps.length)
      throw new Error(`the steps differ at ${quantity}`);
  }
  return [
    compareSides('five-tier amount vs decimal.js', quantities, ours.amount, theirs.amount),
    compareSides('five-tier amount with its steps vs decimal.js', quantities, ours.explained, theirs.explained),
    compareSides('five-tier amount vs decimal.js with the same prefix sums', quantities, ours.amount, theirs.prefixed),
  ];
}

const TIERS = [
  { up_to: '1000', unit_amount: '0.0125' },
  { up_to: '10000', unit_amount: '0.01' },
  { up_to: '50000', unit_amount: '0.0085' },
  { up_to: '100000', unit_amount: '0.007' },
  { up_to: null, unit_amount: '0.0055' },
];

const ROUNDS = 15;
const ROUND_MS = 60;

/** The same calculation as one would write it with decimal.js, its constants parsed beforehand. */
function decimalJs() {
  const tiers = TIERS.map((tier) => ({
    up_to: tier.up_to === null ? null : new Decimal(tier.up_to),
    unit: new Decimal(tier.unit_amount),
    rate: tier.unit_amount,
  }));
  const eachTier = (quantity: Decimal, visit: (index: number, part: Decimal, amount: Decimal) => void): Decimal => {
    let start = new Decimal(0);
    let total = new Decimal(0);
    for (const [index, { up_to, unit }] of tiers.entries()) {
      const end = up_to === null || quantity.lessThan(up_to) ? quantity : up_to;
      const part = end.minus(start);
      const amount = part.times(unit);
      total = total.plus(amount);
      visit(index, part, amount);
      if (end === quantity) break;
      start = end;
    }
    return total;
  };
  const below = tiers.map(({ up_to }, index) => ({
    start: tiers[index - 1]?.up_to ?? new Decimal(0),
    end: up_to,
    total: index === 0 ? new Decimal(0) : eachTier(tiers[index - 1]!.up_to!, () => undefined),
  }));
  return {
    /** As our own side does it: what full tiers cost is known beforehand. */
    prefixed: (text: string) => {
      const quantity = new Decimal(text);
      const index = below.findIndex(({ end }) => end === null || quantity.lessThanOrEqualTo(end));
      const { start, total } = below[index]!;
      return total.plus(quantity.minus(start).times(tiers[index]!.unit)).toFixed(2, Decimal.ROUND_HALF_UP);
    },
    amount: (quantity: string) => eachTier(new Decimal(quantity), () => undefined).toFixed(2, Decimal.ROUND_HALF_UP),
    explained: (quantity: string) => {
      const steps: object[] = [];
      const total = eachTier(new Decimal(quantity), (index, part, amount) => {
        steps.push({
          kind: 'tier',
          amount: amount.toFixed(),
          quantity: part.toFixed(),
          rate: tiers[index]!.rate,
          tier: index + 1,
        });
      });
      return { currency: 'USD', quantity, amount: total.toFixed(2, Decimal.ROUND_HALF_UP), amount_exact: total.toFixed(), steps };
    },
  };
}

function compareSides(
  name: string,
  quantities: readonly string[],
  ours: (quantity: string) => unknown,
  theirs: (quantity: string) => unknown,
): Figure {
  round(quantities, ours);
  round(quantities, theirs);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const left = round(quantities, ours);
    const right = round(quantities, theirs);
    return { left, right, ratio: right / left };
  });
  const ratio = median(rounds.map((one) => one.ratio));
  const detail = `${nanoseconds(median(rounds.map((one) => one.left)))} against ${nanoseconds(median(rounds.map((one) => one.right)))} each, median of ${ROUNDS} rounds`;
  return { name, ratio, detail };
}

/** Milliseconds per evaluation over one round. */
function round(quantities: readonly string[], evaluate: (quantity: string) => unknown): number {
  const start = performance.now();
  let done = 0;
  let kept: unknown;
  while (performance.now() - start < ROUND_MS) {
    for (const quantity of quantities) kept = evaluate(quantity);
    done += quantities.length;
  }
  if (kept === undefined) throw new Error('nothing was evaluated');
  return (performance.now() - start) / done;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000_000)} ns`;
}
