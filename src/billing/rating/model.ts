import type { ChargeInputs } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import type { CalendarInterval } from '../../kernel/period.ts';
import type { StandingEvent, TakenUsage, UsageRectangle } from '../../usage/metering/model.ts';

export type { UsageRectangle };

/** A thing that a subscription prices, with the price in force when it is billed. */
export interface RatedItem {
  sku: string;
  unit: string;
  aggregation: string;
  /** The property that a `unique_count` counts by: the SKU's first dimension. */
  unique_by: string | null;
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

/** What one charge for usage is for: an item over a service period, or over a billed one that is corrected. */
export interface Portion {
  item: RatedItem;
  from: string;
  to: string;
  interval_from: string;
  interval_to: string;
  ends_interval: boolean;
  /** The time whose usage is priced where parts do not add up: this portion and all that its counter runs over. */
  scope: { readonly from: string; readonly to: string };
  /** The counter that it is priced on top of. */
  counter: string;
  /** All usage that the counter runs over is priced anew, and what was billed for it taken off. */
  whole: boolean;
  /** The part of the interval in which the price holds, where that is not all of it. */
  share: Share | null;
  /** What it corrects; null for what is billed first. */
  adjusts: Adjusted | null;
}

/** Days of an interval, of its days. */
export type Share = { readonly days: number; readonly of: number };

/** A billed period that is corrected, and its charge for the item; null where the item had been charged nothing. */
export interface Adjusted {
  readonly billed_period_id: string;
  readonly charge_id: string | null;
}

/** The usage behind one portion. */
export interface ItemUsage {
  /** As the SKU aggregates it; where events are priced, the engine says. */
  quantity: string;
  count: number;
  sum: string;
  root: Buffer;
  /** Where the price is over single events. */
  events: readonly StandingEvent[];
  /** What a `weighted_sum` starts from; null for other aggregations. */
  opening: string | null;
}

/** What pricing asks of a take. */
export type MeasuredUsage = Pick<
  TakenUsage,
  'count' | 'counted' | 'quantity_sum' | 'quantity_max' | 'quantity_min' | 'quantity_latest' | 'root'
>;

/** What is billed from the same counter in the same interval: the sum of its charges. */
export interface PriorCharge {
  quantity: string;
  amount_exact: string;
  amount: string;
}

/** What the charges of one item, interval and price come to, and the time they run over. */
export interface Counter {
  from: string;
  to: string;
  quantity: string;
  amount_exact: string;
  amount_minor: bigint;
  /** What falls due with the last part alone has fallen due. */
  closed: boolean;
  /** As the newest of its charges has it. */
  share: Share | null;
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
  adjusts: Adjusted | null;
  inputs: ChargeInputs;
  inputs_hash: Buffer;
  steps: readonly JsonObject[];
  usage: Pick<ItemUsage, 'count' | 'sum' | 'root'> | null;
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
  adjusts: Adjusted | null;
  inputs: ChargeInputs;
  inputs_hash: Buffer;
  steps: JsonObject[];
  usage_count: string | null;
  usage_sum: string | null;
  usage_root: Buffer | null;
}

/**
 * A period of a subscription that is being billed, with all that it takes; or what a run corrects of periods that were billed, whose usage
 * came or changed since.
 */
export interface PlannedPeriod {
  kind: 'period' | 'adjustment';
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
