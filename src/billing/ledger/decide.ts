import { assert } from '../../kernel/assert.ts';
import { add, type Decimal, parseDecimal, type Rounding } from '../../kernel/decimal.ts';
import { roundToMinor } from '../../kernel/money.ts';
import type { NewTransaction } from './model.ts';

/** What a running total stands at. */
export interface Running {
  readonly amount_exact: Decimal;
  readonly posted_minor: bigint;
}

/**
 * Adds charges to a running total one after another. Each posts round(total so far) − already posted, so that however small
 * the charges are, what was posted is never off by more than half a minor unit; a difference of zero posts nothing.
 */
export function runOn(
  before: Running,
  amounts: readonly Decimal[],
  { currency, rounding }: { currency: string; rounding: Rounding },
): { after: Running; posts_minor: bigint[] } {
  let { amount_exact, posted_minor } = before;
  const posts_minor = amounts.map((amount) => {
    amount_exact = add(amount_exact, amount);
    const rounded = roundToMinor(amount_exact, currency, rounding);
    const difference = rounded - posted_minor;
    posted_minor = rounded;
    return difference;
  });
  return { after: { amount_exact, posted_minor }, posts_minor };
}

/** A programming error, never a caller's: what is posted balances before the database is asked. */
export function assertBalanced(transaction: NewTransaction): void {
  const { postings, idem_key } = transaction;
  assert(postings.length >= 2, `the ledger transaction ${idem_key} has fewer than two legs`);
  const sums = new Map<string, bigint>();
  for (const { currency, amount_minor } of postings) {
    assert(amount_minor !== 0n, `the ledger transaction ${idem_key} has a leg of zero`);
    sums.set(currency, (sums.get(currency) ?? 0n) + amount_minor);
  }
  for (const [currency, sum] of sums) assert(sum === 0n, `the ledger transaction ${idem_key} is off by ${sum} ${currency}`);
}

export const toRunning = (row: { amount_exact: string; posted_minor: string }): Running => ({
  amount_exact: parseDecimal(row.amount_exact),
  posted_minor: BigInt(row.posted_minor),
});
