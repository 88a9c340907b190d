import fc from 'fast-check';
import { formatDecimal } from '../../src/kernel/decimal.ts';

const decimal = (max: number, scale: number, min = 0) =>
  fc
    .tuple(fc.integer({ min, max }), fc.nat({ max: scale }))
    .map(([units, decimals]) => formatDecimal({ units: BigInt(units), scale: decimals }));
const rate = decimal(100_000, 5);
const money = decimal(10_000, 2);
const cents = (min: number, max: number) =>
  fc.integer({ min, max }).map((units) => formatDecimal({ units: BigInt(units), scale: 2 }));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const tiersOf = <T extends object>(tier: fc.Arbitrary<T>) =>
  fc
    .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }), fc.array(tier, { minLength: 4, maxLength: 4 }))
    .map(([bounds, tiers]) => [...bounds.sort((a, b) => a - b).map(String), null].map((up_to, at) => ({ up_to, ...tiers[at]! })));
const tiers = tiersOf(fc.record({ unit_amount: rate, flat_amount: maybe(money) }).map(given));
const included_quantity = maybe(decimal(200, 1));
const total = {
  minimum_amount: maybe(cents(0, 500)),
  maximum_amount: maybe(cents(501, 90_000)),
  discounts: maybe(
    fc.array(
      fc.oneof(
        decimal(100, 0).map((percent) => ({ percent })),
        decimal(300, 2).map((amount) => ({ amount })),
      ),
      { maxLength: 2 },
    ),
  ),
};
/** Prices over one quantity. */
export const quantityPrice = fc.oneof(
  fc.record({ model: fc.constant('unit'), unit_amount: rate, included_quantity, ...total }),
  fc.record({ model: fc.constant('flat'), amount: money, ...total }),
  fc.record({
    model: fc.constant('graduated'),
    tiers,
    included_quantity,
    first_tier_flat_at_zero: maybe(fc.boolean()),
    ...total,
  }),
  fc.record({ model: fc.constant('volume'), tiers, included_quantity, ...total }),
  fc.record({
    model: fc.constant('package'),
    package_size: decimal(200, 1, 1),
    package_amount: money,
    included_quantity,
    ...total,
  }),
);
/** Prices over single events. */
export const eventPrice = fc.oneof(
  fc.record({
    model: fc.constant('percentage'),
    rate: decimal(1000, 2),
    fixed_amount: maybe(money),
    free_events: maybe(fc.nat(3)),
    free_amount: maybe(money),
    ...total,
  }),
  fc.record({ model: fc.constant('graduated_percentage'), tiers: tiersOf(fc.record({ rate: decimal(1000, 2) })), ...total }),
  fc.record({ model: fc.constant('dynamic'), multiplier: maybe(decimal(300, 2)), ...total }),
  fc.record({
    model: fc.constant('matrix'),
    dimensions: fc.constant(['region']),
    cells: fc.tuple(quantityPrice, quantityPrice).map(([eu, us]) => [
      { match: { region: 'eu' }, price: given(eu) },
      { match: { region: 'us' }, price: given(us) },
    ]),
    default: quantityPrice.map(given),
    included_quantity,
    ...total,
  }),
  fc.record({
    model: fc.constant('time_of_use'),
    time_zone: fc.constant('Australia/Sydney'),
    bands: fc.tuple(quantityPrice, quantityPrice).map(([weekend, night]) => [
      { name: 'weekend', days: ['sat', 'sun'], price: given(weekend) },
      { name: 'night', from: '22:00', to: '07:00', price: given(night) },
    ]),
    default: quantityPrice.map(given),
    included_quantity,
    ...total,
  }),
  fc.record({
    model: fc.constant('graduated'),
    tiers,
    bucket: fc.constantFrom('PT1H', 'P1D', 'P1W'),
    included_quantity,
    ...total,
  }),
);
const aggregations = ['sum', 'count', 'max', 'min', 'latest', 'average', 'unique_count', 'weighted_sum'] as const;
const event = fc.record({
  quantity: decimal(5000, 2),
  amount: decimal(5000, 2),
  region: fc.constantFrom('eu', 'us', 'asia'),
  minute: fc.nat(31 * 24 * 60 - 1),
});
/** A SKU, its price and its events; `minute` counts from the month's beginning. */
export const line = fc
  .record({
    aggregation: fc.constantFrom(...aggregations),
    by_events: fc.boolean(),
    one: quantityPrice,
    single: eventPrice,
    events: fc.array(event, { maxLength: 12 }),
  })
  .map(({ aggregation, by_events, one, single, events }) => {
    const fits = by_events && aggregation !== 'unique_count' && aggregation !== 'weighted_sum';
    return { aggregation, price: given((fits ? single : one) as object), events };
  });
/** A plan of up to four SKUs, each with its aggregation, a price that fits it, and events of a month. */
export const plan = fc.record({ base_amount: maybe(money), lines: fc.array(line, { minLength: 1, maxLength: 4 }) });
