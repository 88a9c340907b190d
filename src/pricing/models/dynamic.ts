import { parseDecimal } from '../../kernel/decimal.ts';
import { exact, multiplyExact } from '../../kernel/exact.ts';
import type { DynamicPrice } from '../language.ts';
import type { Model } from '../model.ts';
import { step } from '../step.ts';
import { aggregate, amountsOf } from '../usage.ts';

/** The events' own amounts, times a multiplier; below zero too, and never mirrored. */
export const dynamic: Model<DynamicPrice> = {
  terms: 'total',
  check: (fields) => ({ multiplier: fields.decimal('multiplier') }),
  compile: ({ multiplier }) => {
    const factor = exact(parseDecimal(multiplier ?? '1'));
    return {
      shape: 'events',
      price: (events) => {
        const quantity = aggregate(amountsOf(events, { negative: true }), 'sum');
        return [step('dynamic', multiplyExact(quantity, factor), { quantity, rate: multiplier })];
      },
    };
  },
};
