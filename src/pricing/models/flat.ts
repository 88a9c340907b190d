import { parseDecimal } from '../../kernel/decimal.ts';
import { exact, NOTHING } from '../../kernel/exact.ts';
import type { FlatPrice } from '../language.ts';
import type { Model } from '../model.ts';
import { step } from '../step.ts';

/** Once per period, whatever the quantity: zero and below zero too. */
export const flat: Model<FlatPrice> = {
  terms: 'total',
  check: (fields) => ({ amount: fields.requiredAmount('amount') }),
  compile: ({ amount }) => {
    const due = exact(parseDecimal(amount));
    const steps = [step('flat', due)];
    return {
      shape: 'quantity',
      over: 'quantity',
      mirrors: false,
      price: () => steps,
      total: () => due,
      units: () => NOTHING,
      flats: () => steps,
    };
  },
};
