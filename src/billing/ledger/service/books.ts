import { parseDecimal, type Rounding, ZERO } from '../../../kernel/decimal.ts';
import type { Db } from '../../../platform/postgres.ts';
import { correctLine, type Running, runOn } from '../decide.ts';
import type { AccountName, Correction, Line, NewLine } from '../model.ts';
import { selectPosted } from '../sql/books.ts';

export type { Running };

/** A leg by the name of its account. */
export type NamedLeg = AccountName & { readonly amount_minor: bigint };

/** A transaction as it is in the books. */
export interface PostedTransaction {
  readonly transaction_id: string;
  readonly kind: string;
  readonly idem_key: string;
  /** The transaction that it undoes. */
  readonly reverses: string | null;
  readonly legs: readonly NamedLeg[];
}

/** What is in the books under some keys, and what undoes some transactions; in no order. */
export async function postedTransactions(
  db: Db,
  asked: { idem_keys: readonly string[]; reverses: readonly string[] },
): Promise<PostedTransaction[]> {
  const rows = await selectPosted(db, asked);
  return rows.map(({ legs, ...row }) => ({
    ...row,
    legs: legs.map(({ amount_minor, kind, ...leg }) => ({
      ...leg,
      kind: kind as AccountName['kind'],
      amount_minor: BigInt(amount_minor),
    })),
  }));
}

/** The line that takes a part of another back on top of earlier corrections, worked out and not inserted. */
export function correctionAgain(line: Line, earlier: readonly Line[], correction: Correction): NewLine {
  const { whole: _whole, ...correcting } = correctLine(line, earlier, correction);
  return correcting;
}

/** What a charge outside a cycle posts on top of a running total, and what that stands at then. Begin with `nothingRun`. */
export function runningAgain(
  before: Running,
  amount_exact: string,
  { currency, rounding }: { currency: string; rounding: Rounding },
): { after: Running; posts_minor: bigint } {
  const { after, posts_minor } = runOn(before, [parseDecimal(amount_exact)], { currency, rounding });
  return { after, posts_minor: posts_minor[0]! };
}

export const nothingRun: Running = { amount_exact: ZERO, posted_minor: 0n };
