import { z } from 'zod';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { isCalendarInterval } from '../../kernel/period.ts';
import { Currency, Decimal, DecimalText, Id, page, Text } from '../../platform/schemas.ts';
import type { Price, Tier } from '../../pricing/language.ts';

export const SKU_TYPES = ['hosting', 'object', 'validation', 'action', 'analytics', 'energy'] as const;

/** How a period's events become one quantity, as the contract names them. */
export const AGGREGATIONS = ['sum', 'count', 'max', 'min', 'latest', 'unique_count', 'average', 'weighted_sum'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** What happens to usage that arrives after its period was billed. */
export const LATE_POLICIES = ['adjust_next', 'absorb', 'rebill', 'reject'] as const;
export type LatePolicy = (typeof LATE_POLICIES)[number];

export const STATUSES = ['active', 'retired'] as const;

export const SkuCode = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 letters, digits, dots, colons, underscores or hyphens');

/** A name of an event property. */
const Dimension = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, 'must be the name of an event property');

const Metadata = z
  .record(Text(100), z.json())
  .refine((value) => JSON.stringify(value).length <= 16_384, 'must be at most 16 KiB of JSON');

/** A thing with a unit and a price. Decimals are text. */
export const Sku = z.object({
  sku: z.string(),
  type: z.enum(SKU_TYPES),
  unit: z.string(),
  aggregation: z.enum(AGGREGATIONS),
  dimensions: z.array(z.string()).meta({ description: 'event properties that prices and queries may tell apart' }),
  late_policy: z.enum(LATE_POLICIES),
  allow_negative: z.boolean(),
  cost: DecimalText.nullable(),
  retail: DecimalText.nullable(),
  tax_code: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
});
export type Sku = z.infer<typeof Sku>;
export const SkuPage = page(Sku);

export const NewSku = z.strictObject({
  sku: SkuCode,
  type: z.enum(SKU_TYPES),
  unit: Text(32),
  aggregation: z.enum(AGGREGATIONS).optional(),
  dimensions: z.array(Dimension).max(16).optional(),
  late_policy: z.enum(LATE_POLICIES).optional(),
  allow_negative: z.boolean().optional(),
  cost: Decimal.nullish(),
  retail: Decimal.nullish(),
  tax_code: Text(64).nullish(),
  metadata: Metadata.optional(),
});
export type NewSku = z.output<typeof NewSku>;

/** Fields of a SKU that may change; those that past billing stands on are taken only with the value they have. */
export const SkuChanges = NewSku.omit({ sku: true }).partial();
export type SkuChanges = z.output<typeof SkuChanges>;

/** A family of plans with a currency. `version` counts its changes. */
export const BusinessModel = z.object({
  model_id: z.string(),
  code: z.string(),
  name: z.string(),
  status: z.enum(STATUSES),
  version: z.int(),
  currency: z.string(),
  default_plan_id: z.string().nullable(),
  created_at: z.string(),
});
export type BusinessModel = z.infer<typeof BusinessModel>;
export const BusinessModelPage = page(BusinessModel);

export const NewBusinessModel = z.strictObject({ code: Text(64), name: Text(200), currency: Currency });
export type NewBusinessModel = z.output<typeof NewBusinessModel>;

export const BusinessModelChanges = z
  .strictObject({ name: Text(200), status: z.enum(STATUSES), default_plan_id: Id.nullable() })
  .partial();
export type BusinessModelChanges = z.output<typeof BusinessModelChanges>;

/** Prices bundled for sale. */
export const Plan = z.object({
  plan_id: z.string(),
  model_id: z.string(),
  name: z.string(),
  tier: z.string().nullable(),
  status: z.enum(STATUSES),
  notes: z.string().nullable(),
  base_amount: DecimalText.nullable().meta({ description: 'per billing interval; null without a base fee' }),
  billing_interval: z.string().meta({ description: 'ISO 8601 calendar interval, such as P1M' }),
  currency: z.string().meta({ description: 'of the business model' }),
  created_at: z.string(),
});
export type Plan = z.infer<typeof Plan>;
export const PlanPage = page(Plan);

export const NewPlan = z.strictObject({
  model_id: Id,
  name: Text(200),
  tier: Text(64).optional(),
  notes: Text(2000).optional(),
  base_amount: z.union([z.string(), z.number()]).optional(),
  billing_interval: z.string().refine(isCalendarInterval, 'must be a calendar interval such as P1M, P3M or P1Y').optional(),
});
export type NewPlan = z.output<typeof NewPlan>;

export const PlanChanges = z.strictObject({ status: z.enum(STATUSES), notes: Text(2000).nullable() }).partial();
export type PlanChanges = z.output<typeof PlanChanges>;

/** One immutable version of the price of a SKU in a plan; versions count from 1. */
export interface PriceVersion {
  readonly price_version_id: string;
  readonly plan_id: string;
  readonly sku: string;
  readonly version: number;
  readonly price: Price;
  /** SHA-256 of the price's canonical JSON, lower-case hex. */
  readonly price_hash: string;
  readonly created_at: string;
  readonly created_by: string;
  /** The draft whose publication made it; null where it was set directly. */
  readonly draft_id: string | null;
}

/** The price that a plan charges for a SKU now, with what the seed's `plan_sku` columns say of it. */
export interface CurrentPrice extends PriceVersion {
  readonly included_qty: string | null;
  readonly overage_price: string | null;
  readonly tiers: readonly Tier[] | null;
}

/** A price on its way out: the price language's own JSON. */
const PriceJson = z.record(z.string(), z.unknown());

export const PriceVersionAnswer = z.object({
  price_version_id: z.string(),
  plan_id: z.string(),
  sku: z.string(),
  version: z.int(),
  price: PriceJson,
  price_hash: z.string().meta({ description: 'SHA-256 of the canonical JSON of the price' }),
  created_at: z.string(),
  created_by: z.string(),
  draft_id: z.string().nullable().meta({ description: 'the draft whose publication made it' }),
});
export const PriceVersionPage = page(PriceVersionAnswer);

export const PlanSkuAnswer = PriceVersionAnswer.extend({
  included_qty: DecimalText.nullable(),
  overage_price: DecimalText.nullable(),
  tiers: z.array(z.record(z.string(), z.unknown())).nullable(),
});

export const PlanDetail = Plan.extend({ skus: z.array(PlanSkuAnswer.extend({ type: z.enum(SKU_TYPES), unit: z.string() })) });
export type PlanDetail = z.infer<typeof PlanDetail>;

/** What is asked of a price: `price` in the price language, or its short form. The engine reads the values as they came. */
export const PriceRequest = z.strictObject({
  included_qty: z.unknown().optional(),
  overage_price: z.unknown().optional(),
  price: z.unknown().optional(),
});
export type PriceRequest = z.output<typeof PriceRequest>;

/** A value of these types is JSON; TypeScript's interfaces have no index signature to say so. */
export const priceJson = (price: Price): JsonObject => price as unknown as JsonObject;

/** A price version as answers carry it. */
export const priceAnswer = (version: PriceVersion): z.input<typeof PriceVersionAnswer> => {
  const { price_version_id, plan_id, sku, price, price_hash, created_at, created_by, draft_id } = version;
  return {
    price_version_id,
    plan_id,
    sku,
    version: version.version,
    price: priceJson(price),
    price_hash,
    created_at,
    created_by,
    draft_id,
  };
};

export const currentPriceAnswer = (current: CurrentPrice): z.input<typeof PlanSkuAnswer> => ({
  ...priceAnswer(current),
  included_qty: current.included_qty,
  overage_price: current.overage_price,
  tiers: current.tiers === null ? null : current.tiers.map((tier) => ({ ...tier })),
});

export const DRAFT_STATUSES = ['draft', 'published', 'discarded'] as const;

/** What a draft says: the prices and the base fee that it changes over the plan's own. */
export interface DraftContent {
  /** Decimal text; null where the plan's base fee stays. */
  readonly base_amount: string | null;
  readonly skus: Readonly<Record<string, Price>>;
}

/** A change of a plan's prices that is tried before it is published. */
export interface PriceDraft extends DraftContent {
  readonly draft_id: string;
  readonly plan_id: string;
  readonly name: string;
  readonly status: (typeof DRAFT_STATUSES)[number];
  /** SHA-256 over plan and content: two drafts of a plan with one hash are the same change. */
  readonly content_hash: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  readonly published_at: string | null;
  readonly published_by: string | null;
  /** The passed backtest that publishing stood on. */
  readonly backtest_id: string | null;
}

const BaseAmountJson = z.union([z.string(), z.number()]);
const DraftSkus = z
  .record(SkuCode, z.unknown())
  .meta({ description: 'SKU → price in the price language; null is the price that the plan has' });

export const NewPriceDraft = z.strictObject({
  name: Text(200),
  plan_id: Id,
  base_amount: BaseAmountJson.nullish(),
  skus: DraftSkus.optional(),
});
export type NewPriceDraft = z.output<typeof NewPriceDraft>;

/** SKUs that are not named keep what the draft says of them. */
export const PriceDraftChanges = NewPriceDraft.omit({ plan_id: true }).partial();
export type PriceDraftChanges = z.output<typeof PriceDraftChanges>;

export const PriceDraftAnswer = z.object({
  draft_id: z.string(),
  plan_id: z.string(),
  name: z.string(),
  status: z.enum(DRAFT_STATUSES),
  base_amount: DecimalText.nullable().meta({ description: 'null where the plan’s base fee stays' }),
  skus: z.record(z.string(), PriceJson),
  content_hash: z.string().meta({ description: 'SHA-256 over plan, base amount and prices' }),
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
  published_at: z.string().nullable(),
  published_by: z.string().nullable(),
  backtest_id: z.string().nullable().meta({ description: 'the passed backtest that publishing stood on' }),
});
export const PriceDraftPage = page(PriceDraftAnswer);

export const draftAnswer = (draft: PriceDraft): z.input<typeof PriceDraftAnswer> => ({
  ...draft,
  skus: Object.fromEntries(Object.entries(draft.skus).map(([sku, price]) => [sku, priceJson(price)])),
});

/** What publishing a draft would change in its plan as it is now. */
export const DraftDifferences = z.object({
  draft_id: z.string(),
  plan_id: z.string(),
  currency: z.string(),
  base_amount: z.object({ before: DecimalText.nullable(), after: DecimalText.nullable() }),
  differences: z.array(
    z.object({
      sku: z.string(),
      change: z.enum(['added', 'changed']),
      before: PriceJson.nullable(),
      after: PriceJson,
    }),
  ),
});

/** What a passed backtest must have shown. Percentages are decimal text. */
export const BacktestDemand = z.object({
  max_increase_percent: DecimalText.nullable().meta({ description: 'of the revenue of all months together' }),
  max_org_increase_percent: DecimalText.nullable().meta({ description: 'above which an organization counts as over' }),
  max_share_over: DecimalText.nullable().meta({ description: 'percent of the organizations that may be over; null is none' }),
  months: z.int().meta({ description: 'how many months it covers at least' }),
});
export type BacktestDemand = z.infer<typeof BacktestDemand>;

export const PublishPolicyRequest = z.strictObject({
  require_backtest: z
    .strictObject({
      max_increase_percent: Decimal.nullish(),
      max_org_increase_percent: Decimal.nullish(),
      max_share_over: Decimal.nullish(),
      months: z.int().min(1).max(24),
    })
    .nullable(),
});
export type PublishPolicyRequest = z.output<typeof PublishPolicyRequest>;

export const PublishPolicy = z.object({ plan_id: z.string(), require_backtest: BacktestDemand.nullable() });
export type PublishPolicy = z.infer<typeof PublishPolicy>;
