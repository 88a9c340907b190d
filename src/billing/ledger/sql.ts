import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { AccountKind, AccountName, Leg, Line, LineStatus, NewLine, RunningCharge } from './model.ts';

/** What lines are asked for. Times are RFC 3339 and compare with `created_at`, half-open. */
export interface LineFilter {
  readonly org_id?: string | undefined;
  /** Restricts to these organizations; null or absent is all of them. */
  readonly org_ids?: readonly string[] | null | undefined;
  readonly sku?: string | undefined;
  readonly status?: LineStatus | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly charge_ids?: readonly string[] | undefined;
  readonly entry_ids?: readonly string[] | undefined;
  readonly invoice_ids?: readonly string[] | undefined;
  /** Corrections of these lines. */
  readonly corrects?: readonly string[] | undefined;
}

/** Creates the accounts that are missing, in an order that two transactions share, so that they wait and never deadlock. */
export async function insertAccounts(tx: Tx, accounts: readonly (AccountName & { account_id: string })[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO ledger_account (tenant_id, account_id, kind, owner, currency, created_at)
    SELECT ${tx.tenant_id}, a.account_id, a.kind, a.owner, a.currency, ${tx.now.toString()}
      FROM unnest(${accounts.map((a) => a.account_id)}::uuid[], ${accounts.map((a) => a.kind)}::text[],
                  ${accounts.map((a) => a.owner)}::uuid[], ${accounts.map((a) => a.currency)}::text[]) AS a (account_id, kind, owner, currency)
     ORDER BY a.kind, a.owner, a.currency
    ON CONFLICT ON CONSTRAINT ledger_account_named_once DO NOTHING`);
}

/** The id of each account by its place in `accounts`; a missing one has no row. */
export function selectAccounts(db: Db, accounts: readonly AccountName[]): Promise<{ place: number; account_id: string }[]> {
  return db.rows(sql`
    SELECT a.place::int AS place, l.account_id
      FROM unnest(${accounts.map((a) => a.kind)}::text[], ${accounts.map((a) => a.owner)}::uuid[], ${accounts.map((a) => a.currency)}::text[])
           WITH ORDINALITY AS a (kind, owner, currency, place)
      JOIN ledger_account l ON l.kind = a.kind AND l.currency = a.currency AND l.owner = a.owner
    UNION ALL
    SELECT a.place::int, l.account_id
      FROM unnest(${accounts.map((a) => a.kind)}::text[], ${accounts.map((a) => a.owner)}::uuid[], ${accounts.map((a) => a.currency)}::text[])
           WITH ORDINALITY AS a (kind, owner, currency, place)
      JOIN ledger_account l ON l.kind = a.kind AND l.currency = a.currency AND l.owner IS NULL AND a.owner IS NULL`);
}

export interface Header {
  readonly transaction_id: string;
  readonly kind: string;
  readonly idem_key: string;
  readonly memo: string | null;
}

export async function insertTransactions(tx: Tx, headers: readonly Header[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO ledger_transaction (tenant_id, transaction_id, kind, idem_key, memo, created_at)
    SELECT ${tx.tenant_id}, h.transaction_id, h.kind, h.idem_key, h.memo, ${tx.now.toString()}
      FROM unnest(${headers.map((h) => h.transaction_id)}::uuid[], ${headers.map((h) => h.kind)}::text[],
                  ${headers.map((h) => h.idem_key)}::text[], ${headers.map((h) => h.memo)}::text[]) AS h (transaction_id, kind, idem_key, memo)`);
}

export async function insertPostings(
  tx: Tx,
  postings: readonly (Leg & { transaction_id: string; line: number })[],
): Promise<void> {
  await tx.write(sql`
    INSERT INTO posting (tenant_id, transaction_id, line, account_id, currency, amount_minor)
    SELECT ${tx.tenant_id}, p.*
      FROM unnest(${postings.map((p) => p.transaction_id)}::uuid[], ${postings.map((p) => p.line)}::smallint[],
                  ${postings.map((p) => p.account_id)}::uuid[], ${postings.map((p) => p.currency)}::text[],
                  ${postings.map((p) => p.amount_minor.toString())}::bigint[]) AS p`);
}

/** A header that undoes another, and its legs from those that are on record. Answers how many legs there were. */
export async function insertReversal(
  tx: Tx,
  reversal: { transaction_id: string; reverses: string; kind: string; idem_key: string; memo: string | null },
): Promise<number> {
  await tx.write(sql`
    INSERT INTO ledger_transaction (tenant_id, transaction_id, kind, idem_key, reverses, memo, created_at)
    VALUES (${tx.tenant_id}, ${reversal.transaction_id}, ${reversal.kind}, ${reversal.idem_key}, ${reversal.reverses}, ${reversal.memo}, ${tx.now.toString()})`);
  const legs = await tx.write(sql`
    INSERT INTO posting (tenant_id, transaction_id, line, account_id, currency, amount_minor)
    SELECT tenant_id, ${reversal.transaction_id}::uuid, line, account_id, currency, -amount_minor
      FROM posting WHERE transaction_id = ${reversal.reverses} RETURNING line`);
  return legs.length;
}

export function selectTransaction(db: Db, transaction_id: string): Promise<{ transaction_id: string } | undefined> {
  return db.maybe(sql`SELECT transaction_id FROM ledger_transaction WHERE transaction_id = ${transaction_id}`);
}

export async function insertLines(tx: Tx, lines: readonly (NewLine & { entry_id: string })[]): Promise<void> {
  const column = <T>(of: (line: NewLine & { entry_id: string }) => T): T[] => lines.map(of);
  await tx.write(sql`
    INSERT INTO ledger (tenant_id, entry_id, org_id, project_id, sku, quantity, amount_exact, amount_gross, currency, partner_id, partner_pct,
                        partner_amount, net, status, charge_id, invoice_id, period, corrects, created_at)
    SELECT ${tx.tenant_id}, l.entry_id, l.org_id, l.project_id, l.sku, l.quantity, l.amount_exact, l.gross, l.currency, l.partner_id, l.pct,
           l.partner_amount, l.net, l.status, l.charge_id, l.invoice_id,
           CASE WHEN l.starts IS NOT NULL THEN tstzrange(l.starts, l.ends, '[)') END, l.corrects, ${tx.now.toString()}
      FROM unnest(${column((l) => l.entry_id)}::uuid[], ${column((l) => l.org_id)}::uuid[], ${column((l) => l.project_id)}::uuid[],
                  ${column((l) => l.sku)}::text[], ${column((l) => l.quantity)}::numeric[], ${column((l) => l.amount_exact)}::numeric[],
                  ${column((l) => l.gross_minor.toString())}::bigint[], ${column((l) => l.currency)}::text[],
                  ${column((l) => l.partner_id)}::uuid[], ${column((l) => l.partner_pct)}::numeric[],
                  ${column((l) => l.partner_minor.toString())}::bigint[], ${column((l) => l.net_minor.toString())}::bigint[],
                  ${column((l) => l.status ?? 'pending')}::text[], ${column((l) => l.charge_id)}::uuid[], ${column((l) => l.invoice_id)}::uuid[],
                  ${column((l) => l.period?.from ?? null)}::timestamptz[], ${column((l) => l.period?.to ?? null)}::timestamptz[],
                  ${column((l) => l.corrects ?? null)}::uuid[])
           AS l (entry_id, org_id, project_id, sku, quantity, amount_exact, gross, currency, partner_id, pct, partner_amount, net, status,
                 charge_id, invoice_id, starts, ends, corrects)`);
}

/** Answers the ids that were changed; one that does not exist is not among them. */
export async function updateLineStatus(tx: Tx, entry_ids: readonly string[], status: LineStatus): Promise<string[]> {
  const changed = await tx.write<{ entry_id: string }>(sql`
    UPDATE ledger SET status = ${status} WHERE entry_id = ANY (${entry_ids}::uuid[]) RETURNING entry_id`);
  return changed.map((row) => row.entry_id);
}

interface LineRow extends Omit<Line, 'gross_minor' | 'partner_minor' | 'net_minor' | 'period'> {
  readonly gross_minor: string;
  readonly partner_minor: string;
  readonly net_minor: string;
  readonly period_from: string | null;
  readonly period_to: string | null;
}

/** Newest first; at most `limit`, those before the entry `after`. */
export async function selectLines(
  db: Db,
  filter: LineFilter,
  page: { limit: number | null; after?: string | undefined },
): Promise<Line[]> {
  const where: RawBuilder<unknown>[] = [sql`true`];
  if (filter.org_id !== undefined) where.push(sql`org_id = ${filter.org_id}`);
  if (filter.org_ids) where.push(sql`org_id = ANY (${filter.org_ids}::uuid[])`);
  if (filter.sku !== undefined) where.push(sql`sku = ${filter.sku}`);
  if (filter.status !== undefined) where.push(sql`status = ${filter.status}`);
  if (filter.from !== undefined) where.push(sql`created_at >= ${filter.from}::timestamptz`);
  if (filter.to !== undefined) where.push(sql`created_at < ${filter.to}::timestamptz`);
  if (filter.charge_ids !== undefined) where.push(sql`charge_id = ANY (${filter.charge_ids}::uuid[])`);
  if (filter.entry_ids !== undefined) where.push(sql`entry_id = ANY (${filter.entry_ids}::uuid[])`);
  if (filter.invoice_ids !== undefined) where.push(sql`invoice_id = ANY (${filter.invoice_ids}::uuid[])`);
  if (filter.corrects !== undefined) where.push(sql`corrects = ANY (${filter.corrects}::uuid[])`);
  if (page.after !== undefined) where.push(sql`entry_id < ${page.after}::uuid`);
  const rows = await db.rows<LineRow>(sql`
    SELECT entry_id, org_id, project_id, sku, trim_scale(quantity)::text AS quantity, trim_scale(amount_exact)::text AS amount_exact,
           amount_gross AS gross_minor, currency, partner_id, trim_scale(partner_pct)::text AS partner_pct, partner_amount AS partner_minor,
           net AS net_minor, status, charge_id, invoice_id, corrects, lower(period) AS period_from, upper(period) AS period_to, created_at
      FROM ledger WHERE ${sql.join(where, sql` AND `)} ORDER BY entry_id DESC LIMIT ${page.limit}`);
  return rows.map(({ period_from, period_to, gross_minor, partner_minor, net_minor, ...rest }) => ({
    ...rest,
    gross_minor: BigInt(gross_minor),
    partner_minor: BigInt(partner_minor),
    net_minor: BigInt(net_minor),
    period: period_from !== null && period_to !== null ? { from: period_from, to: period_to } : null,
  }));
}

export interface RunningRow {
  readonly running_id: string;
  readonly place: number;
  readonly amount_exact: string;
  readonly posted_minor: string;
}

/** Makes the running totals that are missing, then locks all of them, in one order for everybody. */
export async function lockRunning(tx: Tx, keys: readonly (RunningCharge & { running_id: string })[]): Promise<RunningRow[]> {
  const asked = sql`
    unnest(${keys.map((k) => k.running_id)}::uuid[], ${keys.map((k) => k.org_id)}::uuid[], ${keys.map((k) => k.project_id)}::uuid[],
           ${keys.map((k) => k.sku)}::text[], ${keys.map((k) => k.currency)}::text[])
    WITH ORDINALITY AS k (running_id, org_id, project_id, sku, currency, place)`;
  await tx.write(sql`
    INSERT INTO ledger_running (tenant_id, running_id, org_id, project_id, sku, currency)
    SELECT ${tx.tenant_id}, k.running_id, k.org_id, k.project_id, k.sku, k.currency FROM ${asked}
     ORDER BY k.org_id, k.sku, k.currency, k.project_id
    ON CONFLICT ON CONSTRAINT ledger_running_once DO NOTHING`);
  return tx.write<RunningRow>(sql`
    SELECT r.running_id, k.place::int AS place, r.amount_exact, r.posted_minor
      FROM ledger_running r JOIN ${asked} ON (r.org_id, r.sku, r.currency) = (k.org_id, k.sku, k.currency)
       AND r.project_id IS NOT DISTINCT FROM k.project_id
     ORDER BY r.running_id FOR UPDATE OF r`);
}

export async function updateRunning(
  tx: Tx,
  totals: readonly { running_id: string; amount_exact: string; posted_minor: bigint }[],
): Promise<void> {
  await tx.write(sql`
    UPDATE ledger_running r SET amount_exact = n.amount_exact, posted_minor = n.posted_minor
      FROM unnest(${totals.map((t) => t.running_id)}::uuid[], ${totals.map((t) => t.amount_exact)}::numeric[],
                  ${totals.map((t) => t.posted_minor.toString())}::bigint[]) AS n (running_id, amount_exact, posted_minor)
     WHERE r.running_id = n.running_id`);
}

export interface BalanceRow {
  readonly kind: AccountKind;
  readonly currency: string;
  readonly debit_minor: string;
  readonly credit_minor: string;
}

/** The sums of all legs posted up to and including `at`, by kind of account and currency. */
export function selectBalances(db: Db, at: string): Promise<BalanceRow[]> {
  return db.rows(sql`
    SELECT a.kind, p.currency, coalesce(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0)::text AS debit_minor,
           coalesce(-sum(p.amount_minor) FILTER (WHERE p.amount_minor < 0), 0)::text AS credit_minor
      FROM posting p
      JOIN ledger_transaction t ON t.tenant_id = p.tenant_id AND t.transaction_id = p.transaction_id
      JOIN ledger_account a ON a.tenant_id = p.tenant_id AND a.account_id = p.account_id
     WHERE t.created_at <= ${at}::timestamptz GROUP BY a.kind, p.currency ORDER BY p.currency, a.kind`);
}
