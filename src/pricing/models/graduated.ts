import { unitsAt } from '../../kernel/decimal.ts';
import { addExact, type Exact, NOTHING } from '../../kernel/exact.ts';
import type { GraduatedPrice } from '../language.ts';
import type { Model, QuantityModel } from '../model.ts';
import { ready, type Step, sumSteps } from '../step.ts';
import {
  type CompiledTiers,
  checkTiers,
  compileUnitTiers,
  flatOfTier,
  priceTier,
  readTier,
  tierOf,
  totalOfTier,
  unitsOfTier,
} from './tiers.ts';

/** Each unit at its own tier. */
export const graduated: Model<GraduatedPrice> = {
  terms: 'quantity',
  check: (fields) => ({ tiers: checkTiers(fields, readTier), first_tier_flat_at_zero: fields.flag('first_tier_flat_at_zero') }),
  compile: ({ tiers, first_tier_flat_at_zero }) => overTiers(compileUnitTiers(tiers, first_tier_flat_at_zero), 'quantity'),
};

/**
 * Prices each part of a quantity at the tier it lies in. What the tiers below it cost is known beforehand: only the part in the
 * quantity's own tier is calculated.
 */
export function overTiers(compiled: CompiledTiers, over: QuantityModel['over']): QuantityModel {
  const { tiers, first_flat_at_zero } = compiled;
  const below = { flats: tiersBelow(compiled, true), bare: tiersBelow(compiled, false), units: unitsBelow(compiled) };
  const flatDue = (index: number, quantity: Exact) => index > 0 || quantity.units > 0n || first_flat_at_zero;
  return {
    shape: 'quantity',
    over,
    mirrors: true,
    price: (quantity, flats) => {
      const { index, part } = inTier(compiled, quantity);
      const { steps: full, ends } = flats ? below.flats : below.bare;
      const steps = full.slice(0, ends[index]);
      priceTier(tiers[index]!, part, flats && flatDue(index, quantity), steps);
      return steps;
    },
    total: (quantity, flats) => {
      const { index, part } = inTier(compiled, quantity);
      const own = totalOfTier(tiers[index]!, part, flats && flatDue(index, quantity));
      return index === 0 ? own : addExact((flats ? below.flats : below.bare).totals[index]!, own);
    },
    units: (quantity) => {
      const { index, part } = inTier(compiled, quantity);
      return addExact(below.units[index]!, unitsOfTier(tiers[index]!, part));
    },
    flats: (_total, highest) => {
      if (highest.units === 0n && !first_flat_at_zero) return [];
      return tiers.slice(0, tierOf(compiled, highest) + 1).flatMap(flatOfTier);
    },
  };
}

/** The tier that a quantity reaches, and the part of it that lies there. */
function inTier(compiled: CompiledTiers, quantity: Exact): { index: number; part: Exact } {
  const { scale, over, bounds } = compiled.align(quantity);
  const units = unitsAt(quantity, scale);
  let index = 0;
  while (index < bounds.length && units > bounds[index]!) index += 1;
  return { index, part: index === 0 ? { units, scale, over } : { units: units - bounds[index - 1]!, scale, over } };
}

interface Below {
  /** Of every full tier, in order: those below a tier are the first `ends[index]`. */
  readonly steps: readonly Step[];
  readonly ends: readonly number[];
  readonly totals: readonly Exact[];
}

/** For each tier, what all tiers below it cost when full. */
function tiersBelow({ tiers, widths }: CompiledTiers, flats: boolean): Below {
  const steps: Step[] = [];
  const ends: number[] = [];
  const totals: Exact[] = [];
  let total = NOTHING;
  for (const [index, tier] of tiers.entries()) {
    ends.push(steps.length);
    totals.push(total);
    const full: Step[] = [];
    if (widths[index]) priceTier(tier, widths[index], flats, full);
    total = addExact(total, sumSteps(full));
    steps.push(...full.map(ready));
  }
  return { steps, ends, totals };
}

function unitsBelow({ tiers, widths }: CompiledTiers): Exact[] {
  let cost = NOTHING;
  return tiers.map((tier, index) => {
    const below = cost;
    if (widths[index]) cost = addExact(cost, unitsOfTier(tier, widths[index]));
    return below;
  });
}
