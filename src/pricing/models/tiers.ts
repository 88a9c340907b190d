import { compare, type Decimal, parseDecimal, powerOfTen, subtract, ZERO } from '../../kernel/decimal.ts';
import {
  addExact,
  compareExact,
  type Exact,
  exact,
  multiplyExact,
  NOTHING,
  smaller,
  startedSizes,
  subtractExact,
  whole,
} from '../../kernel/exact.ts';
import type { Fields } from '../fields.ts';
import { present } from '../fields.ts';
import type { Tier } from '../language.ts';
import { type Step, step } from '../step.ts';

/** A tier ready to price a part of the quantity. */
export interface CompiledTier {
  /** From 1, as shown. */
  readonly number: number;
  readonly rate: string | undefined;
  /** Per unit, or per started package where there is a size. */
  readonly unit: Exact | undefined;
  readonly flat: Exact | undefined;
  readonly size: Decimal | undefined;
  readonly maximum: Exact | undefined;
}

export interface CompiledTiers {
  readonly tiers: readonly CompiledTier[];
  /** How wide each tier is; the last has no end. */
  readonly widths: readonly (Exact | undefined)[];
  readonly first_flat_at_zero: boolean;
  /** The tiers' upper bounds in the units of a quantity, ascending; the last tier has none. */
  readonly align: (quantity: Exact) => Aligned;
}

export interface Aligned {
  readonly scale: number;
  readonly over: bigint;
  readonly bounds: readonly bigint[];
}

/** Every tier that a quantity passes is a step of its explanation; with buckets, in each of them. */
const MAX_TIERS = 1000;
const MAX_TIERS_IN_BUCKETS = 25;

/** Reads `tiers`, each through `own` for the fields that price it, and names what is wrong with their bounds. */
export function checkTiers<T extends object>(fields: Fields, own: (tier: Fields) => T): (T & { up_to: string | null })[] {
  const one = (json: unknown, pointer: string) => {
    const tier = fields.object(json, pointer);
    const up_to = tier.value('up_to') === null ? null : tier.decimal('up_to');
    const read = present({ up_to: up_to ?? null, ...own(tier) });
    tier.close();
    return { tier, given: tier.has('up_to'), up_to, read };
  };
  const tiers = fields.requiredList('tiers', one, fields.has('bucket') ? MAX_TIERS_IN_BUCKETS : MAX_TIERS);
  const given = fields.value('tiers');
  if (Array.isArray(given) && given.length === 0)
    fields.fault('tiers', 'tiers_missing_last', 'must hold at least the last, open tier');
  nameBoundFaults(tiers);
  return tiers.map(({ read }) => read as T & { up_to: string | null });
}

interface ReadTier {
  readonly tier: Fields;
  readonly given: boolean;
  /** Undefined where it was no decimal, which is a fault already. */
  readonly up_to: string | null | undefined;
}

/** Bounds ascend from zero, each tier begins where the one before it ends, and the last is open. */
function nameBoundFaults(tiers: readonly ReadTier[]): void {
  let previous = ZERO;
  for (const [index, { tier, given, up_to }] of tiers.entries()) {
    const last = index === tiers.length - 1;
    if (!given) tier.fault('up_to', last ? 'tiers_missing_last' : 'tiers_gap', 'is missing: nothing says where this tier ends');
    else if (up_to === null && !last)
      tier.fault('up_to', 'tiers_overlap', 'is null before the last tier: it overlaps those that follow');
    if (!given || typeof up_to !== 'string') continue;
    if (last) tier.fault('up_to', 'tiers_missing_last', 'must be null in the last tier, or quantities above it have no price');
    const bound = parseDecimal(up_to);
    const order = compare(bound, previous);
    if (order === 0) tier.fault('up_to', 'tiers_overlap', 'ends where the tier before it ends, so that it would be empty');
    if (order < 0) tier.fault('up_to', 'tiers_descend', 'is below the end of the tier before it');
    previous = bound;
  }
}

/** The fields of a tier of units. */
export function readTier(tier: Fields): Omit<Tier, 'up_to'> {
  return {
    unit_amount: tier.decimal('unit_amount'),
    flat_amount: tier.amount('flat_amount'),
    package_size: tier.decimal('package_size', 'above_zero'),
    maximum_amount: tier.amount('maximum_amount'),
  };
}

export function compileTiers(
  tiers: readonly { up_to: string | null; flat_amount?: string; package_size?: string; maximum_amount?: string }[],
  rateOf: (index: number) => { rate: string | undefined; unit: Exact | undefined },
  first_flat_at_zero: boolean,
): CompiledTiers {
  const amount = (text: string | undefined) => (text === undefined ? undefined : exact(parseDecimal(text)));
  const bounds = tiers.flatMap((tier) => (tier.up_to === null ? [] : [parseDecimal(tier.up_to)]));
  return {
    tiers: tiers.map((tier, index) => ({
      number: index + 1,
      ...rateOf(index),
      flat: amount(tier.flat_amount),
      size: tier.package_size === undefined ? undefined : parseDecimal(tier.package_size),
      maximum: amount(tier.maximum_amount),
    })),
    widths: tiers.map((_, index) => bounds[index] && exact(subtract(bounds[index], bounds[index - 1] ?? ZERO))),
    first_flat_at_zero,
    align: aligner(bounds),
  };
}

/** The compiled form of tiers of units. */
export function compileUnitTiers(tiers: readonly Tier[], first_flat_at_zero = false): CompiledTiers {
  const rateOf = (index: number) => {
    const rate = tiers[index]!.unit_amount;
    return { rate, unit: rate === undefined ? undefined : exact(parseDecimal(rate)) };
  };
  return compileTiers(tiers, rateOf, first_flat_at_zero);
}

/** The index of the tier that a quantity not below zero falls in. */
export function tierOf({ align }: CompiledTiers, quantity: Exact): number {
  const { bounds, scale } = align(quantity);
  const units = quantity.units * powerOfTen(scale - quantity.scale);
  let index = 0;
  while (index < bounds.length && units > bounds[index]!) index += 1;
  return index;
}

/** What a part of the quantity costs in its tier: units, the flat amount where it is due, and the cap on both. */
export function priceTier(tier: CompiledTier, quantity: Exact, flat_due: boolean, into: Step[]): void {
  const { number, unit, rate, flat, size, maximum } = tier;
  let total = NOTHING;
  if (unit !== undefined) {
    const count = size === undefined ? quantity : whole(startedSizes(quantity, size));
    total = multiplyExact(count, unit);
    into.push(step('tier', total, { quantity: count, rate, tier: number }));
  } else {
    into.push(step('tier', NOTHING, { quantity, tier: number }));
  }
  if (flat_due && flat !== undefined) {
    total = addExact(total, flat);
    into.push(step('tier_flat', flat, { tier: number }));
  }
  if (maximum !== undefined && compareExact(total, maximum) > 0) {
    into.push(step('tier_maximum', subtractExact(maximum, total), { tier: number }));
  }
}

/** The sum of those steps. */
export function totalOfTier({ unit, flat, size, maximum }: CompiledTier, quantity: Exact, flat_due: boolean): Exact {
  let total = NOTHING;
  if (unit !== undefined) total = multiplyExact(size === undefined ? quantity : whole(startedSizes(quantity, size)), unit);
  if (flat_due && flat !== undefined) total = addExact(total, flat);
  return maximum === undefined ? total : smaller(total, maximum);
}

/** What the units add to a tier that owes its flat amount anyway: its capped total less its capped flat amount. */
export function unitsOfTier({ unit, flat, size, maximum }: CompiledTier, quantity: Exact): Exact {
  if (unit === undefined) return NOTHING;
  const units = multiplyExact(size === undefined ? quantity : whole(startedSizes(quantity, size)), unit);
  if (maximum === undefined) return units;
  const fixed = flat ?? NOTHING;
  return subtractExact(smaller(addExact(fixed, units), maximum), smaller(fixed, maximum));
}

/** The flat amount that a tier owes once entered, within its cap. */
export function flatOfTier({ number, flat, maximum }: CompiledTier): Step[] {
  if (flat === undefined) return [];
  return [step('tier_flat', maximum === undefined ? flat : smaller(flat, maximum), { tier: number })];
}

/** Aligns the bounds with the scale of a quantity; the last alignment is kept, since quantities mostly share one. */
function aligner(bounds: readonly Decimal[]): (quantity: Exact) => Aligned {
  const smallest = Math.max(0, ...bounds.map((bound) => bound.scale));
  const alignedTo = (scale: number, over: bigint): Aligned => ({
    scale,
    over,
    bounds: bounds.map((bound) => bound.units * powerOfTen(scale - bound.scale) * over),
  });
  let kept = alignedTo(smallest, 1n);
  return (quantity) => {
    const scale = Math.max(quantity.scale, smallest);
    if (kept.scale !== scale || kept.over !== quantity.over) kept = alignedTo(scale, quantity.over);
    return kept;
  };
}
