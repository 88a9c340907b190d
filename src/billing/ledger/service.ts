import { assert } from '../../kernel/assert.ts';
import { formatDecimal, parseDecimal, type Rounding } from '../../kernel/decimal.ts';
import { newId } from '../../kernel/id.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { assertBalanced, correctLine, runOn, toRunning } from './decide.ts';
import { errors } from './errors.ts';
import type { AccountKind, AccountName, Correction, Line, LineStatus, NewLine, NewTransaction, RunningCharge } from './model.ts';
import * as store from './sql.ts';

export type { LineFilter } from './sql.ts';

/** Lines inserted, or transactions posted, in one statement; more go in several. */
const CHUNK = 10_000;

/** The accounts of these names, created where missing, in the order asked. */
export async function accountsFor(tx: Tx, names: readonly AccountName[]): Promise<string[]> {
  if (names.length === 0) return [];
  const keyOf = (name: AccountName) => `${name.kind} ${name.owner ?? ''} ${name.currency}`;
  const distinct = [...new Map(names.map((name) => [keyOf(name), name])).values()];
  const found = new Map<string, string>();
  const look = async (wanted: readonly AccountName[]) => {
    for (const { place, account_id } of await store.selectAccounts(tx, wanted)) found.set(keyOf(wanted[place - 1]!), account_id);
    return wanted.filter((name) => !found.has(keyOf(name)));
  };
  const missing = await look(distinct);
  if (missing.length > 0) {
    await store.insertAccounts(
      tx,
      missing.map((name) => ({ ...name, account_id: newId(tx.now) })),
    );
    await look(missing);
  }
  return names.map((name) => {
    const account_id = found.get(keyOf(name));
    assert(account_id !== undefined, `the account ${keyOf(name)} is there once it was made`);
    return account_id;
  });
}

/**
 * Posts transactions, set-based; answers their ids in the order given. Every leg must be in the currency of its account. Throws
 * AssertionError for one that does not balance; the database refuses the same.
 */
export async function postMany(tx: Tx, transactions: readonly NewTransaction[]): Promise<string[]> {
  for (const transaction of transactions) assertBalanced(transaction);
  const headers = transactions.map(({ kind, idem_key, memo }) => ({
    transaction_id: newId(tx.now),
    kind,
    idem_key,
    memo: memo ?? null,
  }));
  for (let start = 0; start < headers.length; start += CHUNK) {
    const chunk = headers.slice(start, start + CHUNK);
    await store.insertTransactions(tx, chunk);
    await store.insertPostings(
      tx,
      chunk.flatMap(({ transaction_id }, index) =>
        transactions[start + index]!.postings.map((leg, place) => ({ ...leg, transaction_id, line: place + 1 })),
      ),
    );
  }
  return headers.map((header) => header.transaction_id);
}

/** Posts one transaction; answers its id. */
export async function postTransaction(tx: Tx, transaction: NewTransaction): Promise<string> {
  const [transaction_id] = await postMany(tx, [transaction]);
  return transaction_id!;
}

/**
 * Undoes a transaction by another, built from the legs that are on record. Throws `transaction_unknown`; a second reversal is
 * refused by the database (`transaction_reversed`).
 */
export async function reverseTransaction(
  tx: Tx,
  transaction_id: string,
  { kind, idem_key, memo = null }: { kind: string; idem_key: string; memo?: string | null },
): Promise<string> {
  if ((await store.selectTransaction(tx, transaction_id)) === undefined) throw errors.transaction_unknown();
  const reversal = newId(tx.now);
  const legs = await store.insertReversal(tx, { transaction_id: reversal, reverses: transaction_id, kind, idem_key, memo });
  assert(legs >= 2, 'a posted transaction has legs to reverse');
  return reversal;
}

/** Inserts ledger lines, set-based; answers their ids in the order given. */
export async function insertLines(tx: Tx, lines: readonly NewLine[]): Promise<string[]> {
  const named = lines.map((line) => ({ ...line, entry_id: line.entry_id ?? newId(tx.now) }));
  for (const line of named)
    assert(line.partner_minor + line.net_minor === line.gross_minor, 'the shares of a line are its gross');
  for (let start = 0; start < named.length; start += CHUNK) await store.insertLines(tx, named.slice(start, start + CHUNK));
  return named.map((line) => line.entry_id);
}

/** Moves lines to a status: pending → settled, and either → reversed. Throws `line_unknown` or `line_status`. */
export async function setLineStatus(tx: Tx, entry_ids: readonly string[], status: LineStatus): Promise<void> {
  const distinct = [...new Set(entry_ids)];
  if (distinct.length === 0) return;
  const changed = await store.updateLineStatus(tx, distinct, status);
  if (changed.length !== distinct.length) throw errors.line_unknown();
}

/**
 * Takes lines back, in part or whole, by lines of the other sign; answers those in the order given. A pending line that is taken back
 * whole becomes `reversed`, and its corrections with it; a settled one stays, and its corrections wait for the partner's next
 * settlement. Each line at most once in a call; the caller holds what they are lines of. Throws `line_unknown`.
 */
export async function correctLines(tx: Tx, corrections: readonly Correction[]): Promise<NewLine[]> {
  if (corrections.length === 0) return [];
  const corrected = corrections.map((each) => each.corrects);
  assert(new Set(corrected).size === corrected.length, 'a line is corrected once in a call');
  const lines = new Map((await linesOf(tx, { entry_ids: corrected })).map((line) => [line.entry_id, line]));
  const earlier = Map.groupBy(await linesOf(tx, { corrects: corrected }), (line) => line.corrects);
  const gone: string[] = [];
  const made = corrections.map((correction): NewLine => {
    const line = lines.get(correction.corrects);
    if (!line) throw errors.line_unknown();
    const before = earlier.get(line.entry_id) ?? [];
    const { whole, ...correcting } = correctLine(line, before, correction);
    if (!whole || line.status === 'settled') return correcting;
    gone.push(line.entry_id, ...before.map((each) => each.entry_id));
    return { ...correcting, status: 'reversed' };
  });
  await insertLines(tx, made);
  await setLineStatus(tx, gone, 'reversed');
  return made;
}

/** Lines of a filter, newest first; all of them unless `limit` is given. `after` is the last entry of the page before. */
export function linesOf(
  db: Db,
  filter: store.LineFilter,
  page: { limit?: number; after?: string | undefined } = {},
): Promise<Line[]> {
  return store.selectLines(db, filter, { limit: page.limit ?? null, after: page.after });
}

/**
 * Adds charges outside a cycle to their running totals; answers, in the order given, what each posts in minor units:
 * round(running exact total) − already posted, half away from zero unless told. Zero posts nothing. The totals stay locked until the
 * transaction ends. Insert each charge's line with `period: null` and the answered gross: the audit compares them.
 */
export async function postRunning(tx: Tx, charges: readonly RunningCharge[], rounding: Rounding = 'half_up'): Promise<bigint[]> {
  if (charges.length === 0) return [];
  const keyOf = (charge: RunningCharge) => JSON.stringify([charge.org_id, charge.project_id, charge.sku, charge.currency]);
  const groups = [...Map.groupBy(charges.keys(), (index) => keyOf(charges[index]!)).values()];
  const keys = groups.map((indexes) => ({ ...charges[indexes[0]!]!, running_id: newId(tx.now) }));
  const answers: bigint[] = [];
  const totals = (await store.lockRunning(tx, keys)).map((row) => {
    const indexes = groups[row.place - 1]!;
    const amounts = indexes.map((index) => parseDecimal(charges[index]!.amount_exact));
    const { after, posts_minor } = runOn(toRunning(row), amounts, { currency: keys[row.place - 1]!.currency, rounding });
    for (const [place, index] of indexes.entries()) answers[index] = posts_minor[place]!;
    return { running_id: row.running_id, amount_exact: formatDecimal(after.amount_exact), posted_minor: after.posted_minor };
  });
  assert(totals.length === groups.length, 'every charge has a running total');
  await store.updateRunning(tx, totals);
  return answers;
}

/** Sums of all legs up to and including `at`, minor units. Debit and credit of each currency are equal. */
export interface Balance {
  readonly kind: AccountKind;
  readonly currency: string;
  readonly debit_minor: bigint;
  readonly credit_minor: bigint;
}

export async function trialBalance(db: Db, at: Temporal.Instant): Promise<Balance[]> {
  const rows = await store.selectBalances(db, at.toString());
  return rows.map((row) => ({ ...row, debit_minor: BigInt(row.debit_minor), credit_minor: BigInt(row.credit_minor) }));
}
