import { parseDecimal } from '../../kernel/decimal.ts';
import { type Exact, exact, multiplyExact, startedSizes, whole } from '../../kernel/exact.ts';
import type { PackagePrice } from '../language.ts';
import type { Model } from '../model.ts';
import { step } from '../step.ts';

/** Started packages: 1001 units in packages of 1000 are two. */
export const packages: Model<PackagePrice> = {
  terms: 'quantity',
  check: (fields) => ({
    package_size: fields.requiredDecimal('package_size', 'above_zero'),
    package_amount: fields.requiredAmount('package_amount'),
  }),
  compile: ({ package_size, package_amount }) => {
    const size = parseDecimal(package_size);
    const amount = exact(parseDecimal(package_amount));
    const cost = (quantity: Exact) => multiplyExact(whole(startedSizes(quantity, size)), amount);
    return {
      shape: 'quantity',
      over: 'quantity',
      mirrors: true,
      price: (quantity) => [
        step('package', cost(quantity), { quantity: whole(startedSizes(quantity, size)), rate: package_amount }),
      ],
      total: cost,
      units: cost,
      flats: () => [],
    };
  },
};
