import type { Aggregation } from '../language.ts';
import type { EventInput } from '../usage.ts';

/** What another product's own tests, or its documents, say that a price comes to. */
export interface Suite {
  readonly product: string;
  /** The file in the product's repository, or the page of its documents. */
  readonly source: string;
  readonly groups: readonly Group[];
}

/** One test of theirs: our price for theirs, and what each usage costs. */
export interface Group {
  /** As the test is called there. */
  readonly test: string;
  readonly price: object;
  readonly answers: readonly Answer[];
  readonly aggregation?: Aggregation;
  readonly allow_negative?: boolean;
  readonly currency?: string;
  /** They answer in whole minor units; otherwise their number is the exact one. */
  readonly rounded?: boolean;
  /** Where theirs is not ours: the heading of docs/prices-from-elsewhere.md that says why. */
  readonly because?: string;
}

/** Usage, their amount, and ours where it is another: an amount, or the code of a refusal. */
export type Answer = readonly [usage: string | readonly EventInput[] | Split, theirs: string, ours?: string];

/** A part of a split period: what was used before it, and in it. It bills the difference. */
export interface Split {
  readonly prior: string;
  readonly quantity: string;
}

/** Tiers from pairs of upper bound and terms; the last bound is null. */
export function tiers(...list: readonly (readonly [up_to: string | null, terms: object])[]): object[] {
  return list.map(([up_to, terms]) => ({ up_to, ...terms }));
}

/** Events that carry amounts of money. */
export function amounts(...values: readonly string[]): EventInput[] {
  return values.map((amount) => ({ amount }));
}

/** Units held for fractions of the period. */
export function held(...pairs: readonly (readonly [quantity: string, fraction: string])[]): EventInput[] {
  return pairs.map(([quantity, fraction]) => ({ quantity, fraction }));
}

/** Quantities at a time of day each, one bucket apart. */
export function hourly(...values: readonly string[]): EventInput[] {
  return values.map((quantity, hour) => ({ quantity, time: `2026-01-01T${`${hour}`.padStart(2, '0')}:30:00Z` }));
}
