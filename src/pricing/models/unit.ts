import { parseDecimal } from '../../kernel/decimal.ts';
import { exact, multiplyExact } from '../../kernel/exact.ts';
import type { UnitPrice } from '../language.ts';
import type { Model } from '../model.ts';
import { step } from '../step.ts';

/** Every unit at one amount. */
export const unit: Model<UnitPrice> = {
  terms: 'quantity',
  check: (fields) => ({ unit_amount: fields.requiredDecimal('unit_amount') }),
  compile: ({ unit_amount }) => {
    const rate = exact(parseDecimal(unit_amount));
    return {
      shape: 'quantity',
      over: 'quantity',
      mirrors: true,
      price: (quantity) => [step('unit', multiplyExact(quantity, rate), { quantity, rate: unit_amount })],
      total: (quantity) => multiplyExact(quantity, rate),
      units: (quantity) => multiplyExact(quantity, rate),
      flats: () => [],
    };
  },
};
