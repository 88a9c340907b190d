import { parseDecimal } from '../../kernel/decimal.ts';
import { exact } from '../../kernel/exact.ts';
import type { GraduatedPercentagePrice } from '../language.ts';
import type { Model } from '../model.ts';
import { overTiers } from './graduated.ts';
import { checkTiers, compileTiers } from './tiers.ts';

/** Each part of a sum of money at its own tier's percentage. */
export const graduatedPercentage: Model<GraduatedPercentagePrice> = {
  terms: 'total',
  check: (fields) => ({
    tiers: checkTiers(fields, (tier) => ({ rate: tier.requiredDecimal('rate'), flat_amount: tier.amount('flat_amount') })),
    first_tier_flat_at_zero: fields.flag('first_tier_flat_at_zero'),
  }),
  compile: ({ tiers, first_tier_flat_at_zero = false }) => {
    const rateOf = (index: number) => {
      const { rate } = tiers[index]!;
      const { units, scale } = parseDecimal(rate);
      return { rate, unit: exact({ units, scale: scale + 2 }) };
    };
    return overTiers(compileTiers(tiers, rateOf, first_tier_flat_at_zero), 'amount');
  },
};
