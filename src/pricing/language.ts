/**
 * The price language: what a price says, as JSON. Amounts, rates and quantities are decimal strings. A value of these types
 * that came out of `checkPrice` is normalised (shortest decimals, absent fields dropped) and can be priced for any usage.
 */
export type Price =
  | UnitPrice
  | FlatPrice
  | GraduatedPrice
  | VolumePrice
  | PackagePrice
  | PercentagePrice
  | GraduatedPercentagePrice
  | DynamicPrice
  | MatrixPrice
  | TimeOfUsePrice;

export type ModelName = Price['model'];

/** Terms that every price may carry; they apply to the model's total. */
export interface TotalTerms {
  readonly minimum_amount?: string;
  readonly maximum_amount?: string;
  readonly discounts?: readonly Discount[];
}

/** Terms of prices that take a quantity off before they price it. */
export interface IncludedTerms extends TotalTerms {
  readonly included_quantity?: string;
}

/** Terms of prices over one quantity. */
export interface QuantityTerms extends IncludedTerms {
  readonly transform?: Transform;
  /** `PT15M`, `PT1H`, `P1D`, `P1W`, `P1M`, `P1Y`: each bucket's aggregate is priced by itself. */
  readonly bucket?: string;
}

export interface UnitPrice extends QuantityTerms {
  readonly model: 'unit';
  readonly unit_amount: string;
}

/** Once per period, whatever the quantity. */
export interface FlatPrice extends TotalTerms {
  readonly model: 'flat';
  readonly amount: string;
}

/** Each unit at its own tier. */
export interface GraduatedPrice extends QuantityTerms {
  readonly model: 'graduated';
  readonly tiers: readonly Tier[];
  readonly first_tier_flat_at_zero?: boolean;
}

/** All units at the tier the total falls in. */
export interface VolumePrice extends QuantityTerms {
  readonly model: 'volume';
  readonly tiers: readonly Tier[];
  readonly first_tier_flat_at_zero?: boolean;
}

/** Started packages. */
export interface PackagePrice extends QuantityTerms {
  readonly model: 'package';
  readonly package_size: string;
  readonly package_amount: string;
}

/** A percentage of each event's amount; `rate` "2.9" is 2.9 %. */
export interface PercentagePrice extends TotalTerms {
  readonly model: 'percentage';
  readonly rate: string;
  readonly fixed_amount?: string;
  readonly free_events?: string;
  readonly free_amount?: string;
  readonly min_per_event?: string;
  readonly max_per_event?: string;
}

/** A graduated percentage of a sum of money. */
export interface GraduatedPercentagePrice extends TotalTerms {
  readonly model: 'graduated_percentage';
  readonly tiers: readonly PercentageTier[];
  readonly first_tier_flat_at_zero?: boolean;
}

/** Each event carries its own amount. */
export interface DynamicPrice extends TotalTerms {
  readonly model: 'dynamic';
  readonly multiplier?: string;
}

/** An inner price by the events' properties: the first cell whose every key matches. */
export interface MatrixPrice extends IncludedTerms {
  readonly model: 'matrix';
  readonly dimensions: readonly string[];
  readonly cells: readonly Cell[];
  readonly default?: Price;
}

/** An inner price by the local clock at each event's start: the first band that fits. */
export interface TimeOfUsePrice extends IncludedTerms {
  readonly model: 'time_of_use';
  readonly time_zone: string;
  readonly bands: readonly Band[];
  readonly default: Price;
}

/** `(previous up_to, up_to]`; the last one's `up_to` is null. */
export interface Tier {
  readonly up_to: string | null;
  /** Per unit, or per started package with `package_size`. */
  readonly unit_amount?: string;
  /** Due when the tier is entered. */
  readonly flat_amount?: string;
  readonly package_size?: string;
  /** Caps the tier's units and flat amount together. */
  readonly maximum_amount?: string;
}

export interface PercentageTier {
  readonly up_to: string | null;
  readonly rate: string;
  readonly flat_amount?: string;
}

export interface Cell {
  readonly match: Readonly<Record<string, string>>;
  readonly price: Price;
}

export interface Band {
  readonly name: string;
  /** 1–12. */
  readonly months?: readonly number[];
  readonly days?: readonly Weekday[];
  /** `HH:MM`, local, half-open with `to`; after `to` it wraps midnight. */
  readonly from?: string;
  /** `HH:MM`, `24:00` allowed. */
  readonly to?: string;
  readonly price: Price;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Multiplies, then divides, then rounds. */
export interface Transform {
  readonly multiply?: string;
  readonly divide?: string;
  readonly round?: TransformRounding;
  readonly precision?: number;
}

export const TRANSFORM_ROUNDINGS = ['up', 'down', 'half_up'] as const;
export type TransformRounding = (typeof TRANSFORM_ROUNDINGS)[number];

export type Discount = { readonly percent: string } | { readonly amount: string } | { readonly quantity: string };

export const AGGREGATIONS = ['sum', 'count', 'max', 'min', 'latest', 'average'] as const;
/** How events become one quantity here. (`unique_count` and `weighted_sum` are made where the usage is stored.) */
export type Aggregation = (typeof AGGREGATIONS)[number];
