import type { Exact } from '../kernel/exact.ts';
import type { Bucket } from './buckets.ts';
import type { Fields } from './fields.ts';
import type { Price, QuantityTerms, TransformRounding } from './language.ts';
import type { Step } from './step.ts';
import type { UsageEvent } from './usage.ts';

/** One model of the price language: how its own fields are read, and how it is made ready to price. */
export interface Model<P extends Price> {
  /** Which shared terms it takes: all of them, the included quantity and discounts, or only those on the total. */
  readonly terms: 'quantity' | 'included' | 'total';
  /** Reads the model's own fields, noting every fault. */
  readonly check: (fields: Fields, inner: CheckInner) => OwnFields<P>;
  readonly compile: (price: P, inner: CompileInner) => CompiledModel;
}

/** The fields of a price apart from the shared terms. */
export type OwnFields<P> = P extends unknown ? Omit<P, 'model' | keyof QuantityTerms> : never;

/** Reads the price inside a cell or band. */
export type CheckInner = (json: unknown, pointer: string) => Price;
export type CompileInner = (price: Price) => CompiledPrice;

export type CompiledModel = QuantityModel | EventModel | PartsModel;

/** Prices one quantity. */
export interface QuantityModel {
  readonly shape: 'quantity';
  /** What it counts: units, or money that the events carry. */
  readonly over: 'quantity' | 'amount';
  /** Whether the total of −q is minus the total of q. */
  readonly mirrors: boolean;
  /** The whole price of a quantity not below zero (of any, where it does not mirror); `flats`: with its flat amounts. */
  readonly price: (quantity: Exact, flats: boolean) => Step[];
  /** The sum of those steps, without making them. */
  readonly total: (quantity: Exact, flats: boolean) => Exact;
  /** What a running quantity costs apart from flat amounts, in a period whose total is `total`. */
  readonly units: (quantity: Exact, total: Exact) => Exact;
  /** The flat amounts owed by a period that ends at `total` and once reached `highest`. */
  readonly flats: (total: Exact, highest: Exact) => Step[];
}

/** Prices each event by what the event itself carries. */
export interface EventModel {
  readonly shape: 'events';
  readonly price: (events: readonly UsageEvent[]) => Step[];
}

/** Sends each event to one of several inner prices. */
export interface PartsModel {
  readonly shape: 'parts';
  /** Whether an event's time decides, so that a bare quantity cannot be priced. */
  readonly timed: boolean;
  readonly parts: readonly Part[];
  /** The index of the event's part. Throws `no_cell`. */
  readonly partOf: (event: UsageEvent) => number;
}

export interface Part {
  readonly name: string;
  readonly price: CompiledPrice;
}

/** A price made ready: every decimal parsed, every scale aligned. Immutable, reusable for any number of evaluations. */
export interface CompiledPrice {
  readonly price: Price;
  readonly currency: string;
  /** The currency's decimals. */
  readonly decimals: number;
  readonly model: CompiledModel;
  readonly transform: CompiledTransform | undefined;
  readonly included: Exact | undefined;
  readonly quantity_discounts: readonly Exact[];
  /** Each as a factor: 20 % is 0.2. */
  readonly percentage_discounts: readonly { readonly factor: Exact; readonly rate: string }[];
  readonly amount_discounts: readonly Exact[];
  readonly maximum: Exact | undefined;
  readonly minimum: Exact | undefined;
  readonly bucket: Bucket | undefined;
  /** Nothing stands between the quantity and the model. */
  readonly quantity_as_is: boolean;
  /** Nothing stands between the model and the total. */
  readonly total_as_is: boolean;
}

export interface CompiledTransform {
  readonly multiply: Exact | undefined;
  readonly divide: Exact | undefined;
  readonly round: TransformRounding | undefined;
  readonly precision: number;
}
