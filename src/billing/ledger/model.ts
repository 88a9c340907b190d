import { z } from 'zod';
import { assert } from '../../kernel/assert.ts';
import { fromMinor } from '../../kernel/money.ts';
import { Amount, DecimalText } from '../../platform/schemas.ts';

/** The accounts there are. A debit is above zero, a credit below. */
export const ACCOUNT_KINDS = [
  'receivable',
  'revenue',
  'partner_payable',
  'cash',
  'rounding',
  'tax_payable',
  'write_off',
] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** What names an account: its kind, the organization it is about (null for the tenant's own), its currency. */
export interface AccountName {
  readonly kind: AccountKind;
  readonly owner: string | null;
  readonly currency: string;
}

/** One leg. Minor units, never zero: a debit is above zero, a credit below. */
export interface Leg {
  readonly account_id: string;
  readonly currency: string;
  readonly amount_minor: bigint;
}

/** A transaction to post: at least two legs, zero in sum for each currency. `idem_key` is used once in a tenant, for ever. */
export interface NewTransaction {
  readonly kind: string;
  readonly idem_key: string;
  readonly memo?: string | null;
  readonly postings: readonly Leg[];
}

export const LINE_STATUSES = ['pending', 'settled', 'reversed'] as const;
export type LineStatus = (typeof LINE_STATUSES)[number];

/** A ledger line to insert. `partner_minor + net_minor = gross_minor`; amounts in minor units but for `amount_exact`. */
export interface NewLine {
  /** Given by the caller, or made here. */
  readonly entry_id?: string | undefined;
  readonly org_id: string;
  readonly project_id: string | null;
  /** Null for a plan's base fee. */
  readonly sku: string | null;
  readonly quantity: string;
  /** Major units, decimal text, before rounding. */
  readonly amount_exact: string;
  readonly gross_minor: bigint;
  readonly currency: string;
  readonly partner_id: string | null;
  /** Percent with at most two decimals; '0' without a partner. */
  readonly partner_pct: string;
  readonly partner_minor: bigint;
  readonly net_minor: bigint;
  readonly status?: LineStatus | undefined;
  readonly charge_id: string | null;
  readonly invoice_id: string | null;
  /** RFC 3339, half-open; null for a charge outside a cycle, whose gross came from `postRunning`. */
  readonly period: { readonly from: string; readonly to: string } | null;
  /** The line that this one takes back, in part or whole; such a line has no charge of its own. */
  readonly corrects?: string | null | undefined;
}

/** A ledger line as stored. */
export interface Line extends Required<Omit<NewLine, 'entry_id' | 'status' | 'corrects'>> {
  readonly entry_id: string;
  readonly status: LineStatus;
  readonly corrects: string | null;
  readonly created_at: string;
}

/** What is taken back of a line, minor units with the sign of the line. */
export interface Correction {
  /** Of the line that takes back. */
  readonly entry_id: string;
  /** The line that it takes back from. */
  readonly corrects: string;
  readonly credit_minor: bigint;
}

/** What a charge outside a cycle adds to: one running total per organization, project, SKU and currency. */
export interface RunningCharge {
  readonly org_id: string;
  readonly project_id: string | null;
  readonly sku: string;
  readonly currency: string;
  /** Major units, decimal text. */
  readonly amount_exact: string;
}

/**
 * The legs of billed lines, the one template that invoices and single charges share: the customer owes gross and tax; the
 * tenant earns net; the partner is owed the rest. Legs of zero are left out, so nothing billed is no leg.
 */
export function billedLegs(billed: {
  readonly currency: string;
  readonly receivable: string;
  readonly revenue: string;
  readonly gross_minor: bigint;
  readonly net_minor: bigint;
  readonly partners?: readonly { readonly account_id: string; readonly amount_minor: bigint }[];
  readonly tax?: { readonly account_id: string; readonly amount_minor: bigint } | undefined;
}): Leg[] {
  const { currency, partners = [], tax } = billed;
  const shares = partners.reduce((total, partner) => total + partner.amount_minor, 0n);
  assert(shares + billed.net_minor === billed.gross_minor, 'the shares of billed lines are their gross');
  const legs: Leg[] = [
    { account_id: billed.receivable, currency, amount_minor: billed.gross_minor + (tax?.amount_minor ?? 0n) },
    { account_id: billed.revenue, currency, amount_minor: -billed.net_minor },
    ...partners.map(({ account_id, amount_minor }) => ({ account_id, currency, amount_minor: -amount_minor })),
    ...(tax ? [{ account_id: tax.account_id, currency, amount_minor: -tax.amount_minor }] : []),
  ];
  return legs.filter((leg) => leg.amount_minor !== 0n);
}

/** Money received for what was owed. */
export function paidLegs(paid: {
  readonly currency: string;
  readonly cash: string;
  readonly receivable: string;
  readonly amount_minor: bigint;
}): Leg[] {
  const { currency, amount_minor } = paid;
  assert(amount_minor !== 0n, 'a payment is of something');
  return [
    { account_id: paid.cash, currency, amount_minor },
    { account_id: paid.receivable, currency, amount_minor: -amount_minor },
  ];
}

/** A ledger line as answers carry it. */
export const LineBody = z.object({
  entry_id: z.string(),
  org_id: z.string(),
  project_id: z.string().nullable(),
  sku: z.string().nullable().meta({ description: "null for a plan's base fee" }),
  quantity: DecimalText,
  amount_exact: DecimalText.meta({ description: 'before rounding' }),
  amount_gross: Amount,
  partner_id: z.string().nullable(),
  partner_pct: DecimalText,
  partner_amount: Amount,
  net: Amount,
  status: z.enum(LINE_STATUSES),
  charge_id: z.string().nullable(),
  invoice_id: z.string().nullable(),
  period: z.object({ from: z.string(), to: z.string() }).nullable().meta({ description: 'null for a charge outside a cycle' }),
  corrects: z.string().nullable().meta({ description: 'the entry that this one takes back, in part or whole' }),
  created_at: z.string(),
});
export type LineBody = z.infer<typeof LineBody>;

export function lineBody(line: Line): LineBody {
  const { gross_minor, partner_minor, net_minor, currency, ...rest } = line;
  const amount = (minor: bigint) => ({ amount: fromMinor(minor, currency), currency });
  return { ...rest, amount_gross: amount(gross_minor), partner_amount: amount(partner_minor), net: amount(net_minor) };
}

export const TrialBalance = z.object({
  at: z.string(),
  data: z.array(
    z.object({ kind: z.string(), currency: z.string(), debit: DecimalText, credit: DecimalText, balance: DecimalText }),
  ),
  totals: z.array(z.object({ currency: z.string(), debit: DecimalText, credit: DecimalText })),
});
