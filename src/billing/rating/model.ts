import type { ChargeInputs } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import type { CalendarInterval } from '../../kernel/period.ts';
import type { UsageRectangle } from '../../usage/metering/model.ts';

export type { UsageRectangle };

/** A thing that a subscription prices, with the price in force when it is billed. */
export interface RatedItem {
  sku: string;
  unit: string;
  aggregation: string;
  allow_negative: boolean;
  price_version_id: string | null;
  version: number;
  price: JsonObject;
  price_hash: string;
}

/** A subscription as rating reads it. */
export interface RatedSubscription {
  subscription_id: string;
  org_id: string;
  plan_id: string;
  plan_name: string;
  effective_at: string;
  ended_at: string | null;
  currency: string;
  /** Decimal text, or null where the plan has no base fee. */
  base_amount: string | null;
  billing_interval: CalendarInterval;
  time_zone: string;
  items: readonly RatedItem[];
}

/** The part of one calendar interval that a run bills for one subscription; instants as `utcText` writes them. */
export interface ServicePeriod {
  from: string;
  to: string;
  /** The whole interval it lies in. */
  interval_from: string;
  interval_to: string;
  /** True where the interval ends with it: the base fee is due. */
  ends_interval: boolean;
  /** Days of the interval on which the subscription runs, and days of the interval. */
  days: number;
  days_of: number;
}

/** The usage of one item in one service period, late usage included. */
export interface ItemUsage {
  quantity: string;
  count: number;
  sum: string;
  root: Buffer;
  /** How many of `count` arrived after their own period had been billed. */
  late_count: number;
}

/** What else is billed in the same interval, from the same counters: the sum of its charges. */
export interface PriorCharge {
  quantity: string;
  amount_exact: string;
  amount: string;
}

/** The same of a period's other parts, with what aggregations need that do not add up; null where no part has usage. */
export interface OtherParts extends PriorCharge {
  highest: string | null;
  lowest: string | null;
  /** Of the last part that has usage, and where that starts. */
  latest: { quantity: string; from: string } | null;
}

/** A charge that is worked out and not yet stored. */
export interface RatedCharge {
  kind: 'usage' | 'base' | 'action';
  subscription_id: string;
  org_id: string;
  project_id: string | null;
  sku: string | null;
  unit: string | null;
  description: string;
  from: string;
  to: string;
  quantity: string;
  amount_exact: string;
  amount_minor: bigint;
  currency: string;
  price_version_id: string | null;
  inputs: ChargeInputs;
  inputs_hash: Buffer;
  steps: readonly JsonObject[];
  usage: ItemUsage | null;
  request_id: string | null;
}

/** A charge as it is put on record. */
export type ChargeOnRecord = RatedCharge & { charge_id: string; billed_period_id: string | null };

/** A charge as it is read back. */
export interface StoredCharge {
  charge_id: string;
  kind: 'usage' | 'base' | 'action';
  org_id: string;
  project_id: string | null;
  subscription_id: string;
  billed_period_id: string | null;
  sku: string | null;
  from: string;
  to: string;
  quantity: string;
  amount_exact: string;
  amount_minor: string;
  currency: string;
  price_version_id: string | null;
  inputs: ChargeInputs;
  inputs_hash: Buffer;
  steps: JsonObject[];
  usage_count: string | null;
  usage_sum: string | null;
  usage_root: Buffer | null;
}

/** A period of a subscription that is being billed, with all that it takes. */
export interface PlannedPeriod {
  subscription_id: string;
  org_id: string;
  from_date: string;
  to_date: string;
  from: string;
  to: string;
  watermark: string;
  run_id: string;
  takes: readonly UsageRectangle[];
  charges: readonly RatedCharge[];
}
