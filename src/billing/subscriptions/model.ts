import { z } from 'zod';
import type { Lifecycle } from '../../kernel/lifecycle.ts';
import { SkuCode } from '../../offer/catalog/model.ts';
import { DecimalText, Id, Instant, page, Text } from '../../platform/schemas.ts';
import type { Price } from '../../pricing/language.ts';

/** What one SKU costs this subscription instead: a whole price, or parts of the plan's. Decimals are text. */
export interface SkuOverride {
  readonly price?: Price;
  readonly included_qty?: string;
  readonly overage_price?: string;
}

/** What a subscription has apart from its plan, as stored: checked and normalised. */
export interface Overrides {
  readonly base_amount?: string;
  readonly skus?: Readonly<Record<string, SkuOverride>>;
}

/** Overrides as they are asked for; the engine reads the values as they came. */
export const OverridesRequest = z.strictObject({
  base_amount: z.union([z.string(), z.number()]).optional(),
  skus: z
    .record(
      SkuCode,
      z.strictObject({
        included_qty: z.unknown().optional(),
        overage_price: z.unknown().optional(),
        price: z.unknown().optional(),
      }),
    )
    .optional(),
});
export type OverridesRequest = z.output<typeof OverridesRequest>;

export const SUBSCRIPTION_STATUSES = ['scheduled', 'active', 'ended'] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

/** What may become of a subscription: one that is ended before it started was never active. */
export const lifecycle: Lifecycle<SubscriptionStatus> = {
  noun: 'subscription',
  begins: ['scheduled', 'active'],
  transitions: { scheduled: ['active', 'ended'], active: ['ended'], ended: [] },
};

/** An organization on a plan during `[effective_at, ended_at)`. Times are RFC 3339 in UTC. */
export interface Subscription {
  readonly subscription_id: string;
  readonly org_id: string;
  readonly plan_id: string;
  readonly overrides: Overrides;
  readonly effective_at: string;
  readonly ended_at: string | null;
  /** The state that its times have brought it to, as it was told last: see `statusNow`. */
  readonly status: SubscriptionStatus;
  /** What lies before is billed, and does not change any more; null when nothing is billed. */
  readonly billed_until: string | null;
  readonly created_at: string;
}

export const NewEntitlement = z.strictObject({ plan_id: Id, effective_at: Instant, overrides: OverridesRequest.optional() });
export type NewEntitlement = z.output<typeof NewEntitlement>;

export const Entitlement = z.object({
  subscription_id: z.string(),
  org_id: z.string(),
  plan_id: z.string(),
  plan_name: z.string(),
  overrides: z.record(z.string(), z.unknown()),
  effective_at: z.string(),
  ended_at: z.string().nullable(),
  billed_until: z.string().nullable(),
  status: z.enum(SUBSCRIPTION_STATUSES),
  created_at: z.string(),
});
export type Entitlement = z.infer<typeof Entitlement>;
export const EntitlementPage = page(Entitlement);

export const SubscriptionEnd = z.strictObject({ ended_at: Instant.optional() });

/** A SKU of a subscription with the price that it has there. */
export interface EffectivePrice {
  readonly sku: string;
  readonly item_id: string;
  /** The plan's version, which an override changes for this subscription alone. */
  readonly price_version_id: string;
  readonly version: number;
  readonly price: Price;
  /** Of `price`: SHA-256 of its canonical JSON, lower-case hex. */
  readonly price_hash: string;
  readonly overridden: boolean;
  /** Why an override no longer fits the plan's price, which `price` then is; null otherwise. Nothing may be billed by it. */
  readonly fault: string | null;
}

/** The model and plan of an organization. The one that is not replaced is current. */
export interface Assignment {
  readonly assignment_id: string;
  readonly org_id: string;
  readonly model_id: string;
  readonly plan_id: string;
  readonly subscription_id: string;
  readonly effective_at: string;
  readonly assigned_by: string;
  readonly assigned_at: string;
  readonly notes: string | null;
  readonly replaced_at: string | null;
}

export const AssignmentAnswer = z.object({
  assignment_id: z.string(),
  org_id: z.string(),
  model_id: z.string(),
  plan_id: z.string(),
  subscription_id: z.string(),
  effective_at: z.string(),
  assigned_by: z.string(),
  assigned_at: z.string(),
  notes: z.string().nullable(),
});

export const NewAssignment = z.strictObject({
  model_id: Id,
  plan_id: Id,
  notes: Text(2000).optional(),
  effective_at: Instant.optional().meta({ description: 'now unless given' }),
});
export type NewAssignment = z.output<typeof NewAssignment>;

const PriceThere = z.object({
  plan_id: z.string(),
  price_version_id: z.string(),
  version: z.int(),
  price: z.record(z.string(), z.unknown()),
  included_qty: DecimalText.nullable(),
  overridden: z.boolean(),
});

/** One SKU whose price an assignment changes; `before` is null where it is added, `after` where it goes. */
export const Difference = z.object({
  sku: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  before: PriceThere.nullable(),
  after: PriceThere.nullable(),
});
export type Difference = z.infer<typeof Difference>;

export const AssignmentResult = z.object({
  preview: z.boolean(),
  org_id: z.string(),
  model_id: z.string(),
  plan_id: z.string(),
  subscription_id: z
    .string()
    .nullable()
    .meta({ description: 'the subscription to the plan; null in a preview that would start one' }),
  effective_at: z.string(),
  notes: z.string().nullable(),
  currency: z.string(),
  base_amount: z.object({ before: DecimalText.nullable(), after: DecimalText.nullable() }),
  differences: z.array(Difference),
  ended_subscription_ids: z.array(z.string()),
});
export type AssignmentResult = z.infer<typeof AssignmentResult>;

/** The base fee of a subscription: its own where overridden, else the plan's; null without one. */
export function baseAmountOf(subscription: Pick<Subscription, 'overrides'>, plan: { base_amount: string | null }): string | null {
  return subscription.overrides.base_amount ?? plan.base_amount;
}
