import { z } from 'zod';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { SkuCode } from '../../../offer/catalog/model.ts';
import { Amount, Decimal, DecimalText, Id, page } from '../../../platform/schemas.ts';
import type { Price } from '../../../pricing/language.ts';

/** Months that one backtest may cover. */
export const most_months = 36;

export const BACKTEST_STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;
export type BacktestStatus = (typeof BACKTEST_STATUSES)[number];

/** What is compared: what was billed before, the draft, and the draft beside it. */
export const SIDES = ['before', 'draft', 'compare'] as const;
export type Side = (typeof SIDES)[number];

/** A price as an offer has it; null as id where it is a draft's. */
export interface OfferedPrice {
  readonly sku: string;
  readonly price_version_id: string | null;
  readonly version: number;
  readonly price: Price;
  readonly price_hash: string;
}

/** What a plan costs its subscriptions: fee and prices, before their overrides. */
export interface Offer {
  readonly base_amount: string | null;
  readonly prices: readonly OfferedPrice[];
}

/** As they were when the backtest was asked for: what is edited since changes nothing. */
export interface Offers {
  readonly live: Offer;
  readonly draft: Offer;
  readonly compare: Offer | null;
}

const Month = z
  .string()
  .regex(/^20\d\d-(0[1-9]|1[0-2])(-01)?$/, 'must be a month YYYY-MM, or its first day')
  .transform((text) => `${text.slice(0, 7)}-01`);

export const NewBacktest = z.strictObject({
  draft_id: Id.optional(),
  plan_id: Id.optional().meta({ description: 'instead of draft_id, with base_amount and skus: a change that is not kept' }),
  base_amount: z.union([z.string(), z.number()]).nullish(),
  skus: z.record(SkuCode, z.unknown()).optional(),
  compare_draft_id: Id.optional(),
  from: Month.meta({ description: 'first month, YYYY-MM' }),
  to: Month.meta({ description: 'the month after the last' }),
  org_ids: z
    .union([z.literal('all'), z.array(Id).min(1).max(1000)])
    .optional()
    .meta({ description: 'all with a subscription to the plan unless given' }),
  over_percent: Decimal.optional().meta({ description: 'who pays more than this: 10 unless given' }),
});
export type NewBacktest = z.output<typeof NewBacktest>;

/** p5 is what 5 % of the organizations do not exceed. */
const percentiles = <T extends z.ZodType>(value: T) => z.object({ p5: value, p25: value, p50: value, p75: value, p95: value });

const Distribution = z.array(
  z.object({
    from: DecimalText.nullable().meta({ description: 'percent, inclusive; null is without bound' }),
    to: DecimalText.nullable().meta({ description: 'percent, exclusive; null is without bound' }),
    organizations: z.int(),
  }),
);

/** One draft against what was before. Organizations that paid nothing before have a change, and no percentage. */
const SideSummary = z.object({
  revenue: Amount,
  partners: Amount.meta({ description: 'the partners’ commission' }),
  difference: Amount,
  percent: DecimalText.nullable(),
  paying_more: z.int(),
  paying_less: z.int(),
  paying_the_same: z.int(),
  over: z.object({ percent: DecimalText, organizations: z.int(), share: DecimalText.nullable() }),
  change: percentiles(Amount).nullable(),
  change_percent: percentiles(DecimalText).nullable(),
  distribution: Distribution,
});
export type SideSummary = z.infer<typeof SideSummary>;

const Columns = { before: Amount, draft: Amount, compare: Amount.nullable() };

export const BacktestSummary = z.object({
  currency: z.string(),
  organizations: z.int(),
  organization_months: z.int(),
  before: z.object({ revenue: Amount, partners: Amount }),
  draft: SideSummary,
  compare: SideSummary.nullable(),
  by_month: z.array(z.object({ month: z.string(), ...Columns })),
  by_sku: z.array(z.object({ sku: z.string().nullable().meta({ description: 'null is the base fee' }), ...Columns })),
  faulty_organizations: z.int().meta({ description: 'could not be rated, and are in no other figure' }),
  faults: z.array(z.object({ org_id: z.string(), side: z.enum(SIDES), code: z.string(), detail: z.string() })),
});
export type BacktestSummary = z.infer<typeof BacktestSummary>;

export const Backtest = z.object({
  backtest_id: z.string(),
  plan_id: z.string(),
  draft_id: z.string().nullable(),
  compare_draft_id: z.string().nullable(),
  content_hash: z.string().meta({ description: 'of the draft as it was tried' }),
  currency: z.string(),
  from: z.string(),
  to: z.string(),
  months: z.array(z.string()),
  org_ids: z.array(z.string()).nullable(),
  over_percent: DecimalText,
  status: z.enum(BACKTEST_STATUSES),
  progress: z.object({ done: z.int(), total: z.int() }).meta({ description: 'organization-months' }),
  summary: BacktestSummary.nullable(),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Backtest = z.infer<typeof Backtest>;
export const BacktestPage = page(Backtest.omit({ summary: true }));

export const ORGANIZATION_SORTS = ['change', '-change', 'percent', '-percent', 'before', '-before', 'draft', '-draft'] as const;
export type OrganizationSort = (typeof ORGANIZATION_SORTS)[number];

const Changed = z.object({ amount: Amount, partners: Amount, difference: Amount, percent: DecimalText.nullable() });

/** What the months of a backtest come to for one organization. */
export const BacktestOrganization = z.object({
  org_id: z.string(),
  legal_name: z.string(),
  org_slug: z.string(),
  basis: z
    .enum(['billed', 'rated', 'mixed'])
    .meta({ description: 'before is what was billed, or what the live prices make of the usage' }),
  before: z.object({ amount: Amount, partners: Amount }).nullable(),
  draft: Changed.nullable(),
  compare: Changed.nullable(),
  months: z.array(z.object({ month: z.string(), before: Amount, draft: Amount, compare: Amount.nullable() })),
  fault: z.object({ side: z.enum(SIDES), code: z.string(), detail: z.string() }).nullable(),
});
export type BacktestOrganization = z.infer<typeof BacktestOrganization>;
export const BacktestOrganizationPage = page(BacktestOrganization);

/** Whether a backtest met what a plan demands, and if not, every reason. */
export const Verdict = z.object({ passed: z.boolean(), reasons: z.array(z.object({ code: z.string(), detail: z.string() })) });
export type Verdict = z.infer<typeof Verdict>;

/** What publishing a draft needs, and what is there of it. */
export const PublicationCheck = z.object({
  draft_id: z.string(),
  plan_id: z.string(),
  demand: z.record(z.string(), z.unknown()).nullable(),
  may_publish: z.boolean(),
  backtest_id: z.string().nullable().meta({ description: 'the newest that passes' }),
  backtests: z.array(z.object({ backtest_id: z.string(), finished_at: z.string(), ...Verdict.shape })),
});
export type PublicationCheck = z.infer<typeof PublicationCheck>;

export const Publication = z.strictObject({
  backtest_id: Id.optional().meta({ description: 'the passed backtest to stand on; the newest unless given' }),
});

/** Why an organization could not be rated under one of the sides. */
export interface TrialFault extends JsonObject {
  readonly side: Side;
  readonly code: string;
  readonly detail: string;
}

/** One organization in one month: minor units by side; absent compare is null. */
export interface TrialResult {
  readonly org_id: string;
  /** YYYY-MM-01. */
  readonly month: string;
  readonly basis: 'billed' | 'rated' | 'mixed';
  readonly amounts: Readonly<Record<Side, bigint | null>>;
  readonly partners: Readonly<Record<Side, bigint | null>>;
  readonly fault: TrialFault | null;
}

/** The same of a month and a SKU ('' is the base fee), over all organizations of a chunk. */
export interface TrialTotal {
  readonly month: string;
  readonly sku: string;
  readonly amounts: Readonly<Record<Side, bigint>>;
}
