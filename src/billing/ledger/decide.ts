import { allocate } from '../../kernel/allocate.ts';
import { assert } from '../../kernel/assert.ts';
import { add, type Decimal, formatDecimal, negate, parseDecimal, type Rounding } from '../../kernel/decimal.ts';
import { minorToDecimal, roundToMinor } from '../../kernel/money.ts';
import type { Correction, Line, NewLine, NewTransaction } from './model.ts';

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

/**
 * The line that takes back `credit_minor` of another, on top of what `earlier` corrections took. Partner and tenant give back by the
 * shares that are left to them, by largest remainder: neither ever gives back more than it has, and a line taken back whole, however
 * often it was cut, comes to exactly nothing. The last part also takes the rest of quantity and exact amount.
 */
export function correctLine(
  line: Line,
  earlier: readonly Line[],
  { entry_id, credit_minor }: Correction,
): NewLine & { whole: boolean } {
  const sum = (of: (line: Line) => bigint) => earlier.reduce((total, each) => total + of(each), of(line));
  const [gross, partner, net] = [
    sum((each) => each.gross_minor),
    sum((each) => each.partner_minor),
    sum((each) => each.net_minor),
  ];
  assert(
    magnitude(credit_minor) <= magnitude(gross) && credit_minor * gross >= 0n,
    `line ${line.entry_id} is not credited beyond itself`,
  );
  const whole = credit_minor === gross;
  const [partner_minor, net_minor] = whole ? [partner, net] : shares(credit_minor, [partner, net]);
  const rest = (of: (line: Line) => string) =>
    earlier.reduce((total, each) => add(total, parseDecimal(of(each))), parseDecimal(of(line)));
  const { org_id, project_id, sku, currency, partner_id, partner_pct, invoice_id, period } = line;
  return {
    whole,
    entry_id,
    ...{ org_id, project_id, sku, currency, partner_id, partner_pct, invoice_id, period },
    quantity: whole ? formatDecimal(negate(rest((each) => each.quantity))) : '0',
    amount_exact: formatDecimal(negate(whole ? rest((each) => each.amount_exact) : minorToDecimal(credit_minor, currency))),
    gross_minor: -credit_minor,
    partner_minor: -partner_minor,
    net_minor: -net_minor,
    charge_id: null,
    corrects: line.entry_id,
  };
}

function shares(credit_minor: bigint, left: readonly [bigint, bigint]): [bigint, bigint] {
  return allocate(credit_minor, left.map(magnitude)) as [bigint, bigint];
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
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
