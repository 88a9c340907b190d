import type { Exact } from '../../kernel/exact.ts';
import type { VolumePrice } from '../language.ts';
import type { Model } from '../model.ts';
import { type Step, sumSteps } from '../step.ts';
import { checkTiers, compileUnitTiers, flatOfTier, priceTier, readTier, tierOf, unitsOfTier } from './tiers.ts';

/** All units at the tier that the total falls in. */
export const volume: Model<VolumePrice> = {
  terms: 'quantity',
  check: (fields) => ({ tiers: checkTiers(fields, readTier), first_tier_flat_at_zero: fields.flag('first_tier_flat_at_zero') }),
  compile: ({ tiers, first_tier_flat_at_zero = false }) => {
    const compiled = compileUnitTiers(tiers, first_tier_flat_at_zero);
    const price = (quantity: Exact, flats: boolean): Step[] => {
      const steps: Step[] = [];
      const due = flats && (quantity.units > 0n || first_tier_flat_at_zero);
      priceTier(compiled.tiers[tierOf(compiled, quantity)]!, quantity, due, steps);
      return steps;
    };
    return {
      shape: 'quantity',
      over: 'quantity',
      mirrors: true,
      price,
      total: (quantity, flats) => sumSteps(price(quantity, flats)),
      units: (quantity, total) => unitsOfTier(compiled.tiers[tierOf(compiled, total)]!, quantity),
      flats: (total) => {
        if (total.units === 0n && !first_tier_flat_at_zero) return [];
        return flatOfTier(compiled.tiers[tierOf(compiled, total)]!);
      },
    };
  },
};
