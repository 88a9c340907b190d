import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { formatDecimal } from '../kernel/decimal.ts';
import type { Price } from './language.ts';
import type { QuantityPrice } from './oracle.fixture.ts';
import type { EventInput } from './usage.ts';

/** Random prices of every model with every term, and usage for them. Amounts have at most two decimals, as in USD. */

export const decimal = (max: bigint, scale: number, min = 0n) =>
  fc.tuple(fc.bigInt({ min, max }), fc.nat({ max: scale })).map(([units, decimals]) => formatDecimal({ units, scale: decimals }));
export const rate = decimal(10n ** 6n, 6);
export const money = decimal(10n ** 5n, 2);
const size = decimal(10n ** 5n, 3, 1n);
export const quantity = fc.oneof(decimal(10n ** 7n, 4), fc.bigInt({ min: 0n, max: 200n }).map(String));
export const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
export const flag = maybe(fc.boolean());
const signed = (value: fc.Arbitrary<string>) =>
  fc.tuple(value, fc.nat({ max: 4 })).map(([text, odd]) => (odd === 0 ? `-${text}` : text));

/** Ascending bounds and a last, open tier, each with terms of its own. */
const bounded = <T extends object>(terms: fc.Arbitrary<T>) =>
  fc
    .tuple(
      fc.uniqueArray(fc.bigInt({ min: 1n, max: 100_000n }), { maxLength: 5 }),
      fc.nat({ max: 2 }),
      fc.array(terms, { minLength: 6, maxLength: 6 }),
    )
    .map(([bounds, scale, amounts]) => {
      const up_to: (string | null)[] = bounds.sort((a, b) => (a < b ? -1 : 1)).map((units) => formatDecimal({ units, scale }));
      return [...up_to, null].map((bound, index) => ({ up_to: bound, ...amounts[index]! }));
    });

const tierTerms = fc.record({
  unit_amount: maybe(rate),
  flat_amount: maybe(money),
  package_size: fc.option(size, { nil: undefined, freq: 1 }),
  maximum_amount: maybe(money),
});
export const tiers = bounded(tierTerms);

const ordered = (low: fc.Arbitrary<string>) =>
  fc
    .tuple(maybe(low), maybe(low))
    .map(([a, b]) => (a && b && new Decimal(a).greaterThan(b) ? [b, a] : [a, b]) as [string?, string?]);

const model = fc.oneof(
  fc.record({ model: fc.constant('unit' as const), unit_amount: rate }),
  fc.record({ model: fc.constant('graduated' as const), tiers, first_tier_flat_at_zero: flag }),
  fc.record({ model: fc.constant('volume' as const), tiers, first_tier_flat_at_zero: flag }),
  fc.record({ model: fc.constant('package' as const), package_size: size, package_amount: money }),
);
const moneyDiscount = fc.oneof(
  decimal(100n, 0).map((percent) => ({ percent })),
  money.map((amount) => ({ amount })),
);
const discount = fc.oneof(
  moneyDiscount,
  decimal(10n ** 5n, 3).map((taken) => ({ quantity: taken })),
);
const transform = fc.record({
  multiply: maybe(rate),
  divide: maybe(size),
  round: maybe(fc.constantFrom('up' as const, 'down' as const, 'half_up' as const)),
  precision: maybe(fc.integer({ min: 0, max: 4 })),
});

const limits = ordered(money).map(([minimum_amount, maximum_amount]) => ({ minimum_amount, maximum_amount }));
const totalTerms = fc
  .tuple(maybe(fc.array(moneyDiscount, { maxLength: 3 })), limits)
  .map(([discounts, bounds]) => ({ discounts, ...bounds }));
const includedTerms = fc
  .tuple(maybe(quantity), maybe(fc.array(discount, { maxLength: 3 })), limits)
  .map(([included_quantity, discounts, bounds]) => ({ included_quantity, discounts, ...bounds }));

/** Any price over one quantity, with any terms. */
export const anyPrice: fc.Arbitrary<QuantityPrice> = fc
  .tuple(model, includedTerms, maybe(transform))
  .map(([own, terms, transformed]) => ({ ...own, ...terms, transform: transformed }));

const flatPrice = fc.tuple(money, totalTerms).map(([amount, terms]) => ({ model: 'flat' as const, amount, ...terms }));
const dynamicPrice = fc
  .tuple(maybe(signed(rate)), totalTerms)
  .map(([multiplier, terms]) => ({ model: 'dynamic' as const, multiplier, ...terms }));
const percentagePrice = fc
  .tuple(
    fc.record({
      rate,
      fixed_amount: maybe(money),
      free_events: maybe(fc.nat({ max: 5 }).map(String)),
      free_amount: maybe(money),
    }),
    ordered(money),
    totalTerms,
  )
  .map(([own, [min_per_event, max_per_event], terms]) => ({
    model: 'percentage' as const,
    ...own,
    min_per_event,
    max_per_event,
    ...terms,
  }));
const graduatedPercentagePrice = fc
  .tuple(bounded(fc.record({ rate, flat_amount: maybe(money) })), flag, totalTerms)
  .map(([list, first_tier_flat_at_zero, terms]) => ({
    model: 'graduated_percentage' as const,
    tiers: list,
    first_tier_flat_at_zero,
    ...terms,
  }));

const inBuckets = fc
  .tuple(anyPrice, fc.constantFrom('PT15M', 'PT6H', 'P1D', 'P1W', 'P1M', 'P1Y'))
  .map(([price, bucket]) => ({ ...price, bucket }));

/** Prices over quantities; prices over money. */
const overUnits = fc.oneof(
  { weight: 4, arbitrary: anyPrice },
  { weight: 1, arbitrary: flatPrice },
  { weight: 1, arbitrary: inBuckets },
);
const overMoney = fc.oneof(dynamicPrice, percentagePrice, graduatedPercentagePrice);

const keys = ['a', 'b', 'c'] as const;
/** Cells ask for one property, the other, both or none; `default` for the rest. */
const matrixOf = <T>(inner: fc.Arbitrary<T>, terms: fc.Arbitrary<object>) =>
  fc
    .tuple(
      fc.array(
        fc.record({
          match: fc
            .tuple(maybe(fc.constantFrom(...keys)), maybe(fc.constantFrom('1', 'true')))
            .map(([key, size_of]) => ({ ...(key ? { key } : {}), ...(size_of ? { size: size_of } : {}) })),
          price: inner,
        }),
        { minLength: 1, maxLength: 4 },
      ),
      inner,
      terms,
    )
    .map(([cells, fallback, own]) => ({
      model: 'matrix' as const,
      dimensions: ['key', 'size'],
      cells,
      default: fallback,
      ...own,
    }));

const clock = fc
  .tuple(fc.nat({ max: 23 }), fc.constantFrom('00', '30'))
  .map(([hour, half]) => `${`${hour}`.padStart(2, '0')}:${half}`);
const window = fc
  .tuple(clock, fc.oneof(clock, fc.constant('24:00')))
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => ({ from, to }));
const bandTimes = fc
  .tuple(
    maybe(fc.uniqueArray(fc.constantFrom('mon', 'wed', 'sat', 'sun'), { minLength: 1, maxLength: 3 })),
    maybe(fc.uniqueArray(fc.constantFrom(1, 3, 10, 12), { minLength: 1, maxLength: 3 })),
    maybe(window),
  )
  .map(([days, months, times]) => ({ ...(days ? { days } : {}), ...(months ? { months } : {}), ...times }));
const timesOf = <T>(inner: fc.Arbitrary<T>, terms: fc.Arbitrary<object>) =>
  fc
    .tuple(
      fc.constantFrom('Europe/Berlin', 'Australia/Lord_Howe', 'UTC', 'America/St_Johns'),
      fc.array(
        fc.tuple(bandTimes, inner).map(([times, price]) => ({ name: 'band', ...times, price })),
        { maxLength: 3 },
      ),
      inner,
      terms,
    )
    .map(([time_zone, bands, fallback, own]) => ({ model: 'time_of_use' as const, time_zone, bands, default: fallback, ...own }));

/** Parts over units share the outer included quantity; parts over anything do not. */
const partsPrice = fc.oneof(
  matrixOf(overUnits, includedTerms),
  timesOf(overUnits, includedTerms),
  matrixOf(fc.oneof(overUnits, overMoney, timesOf(fc.oneof(overUnits, overMoney), totalTerms)), totalTerms),
);

/** A price of any model, with any terms it takes. */
export const everyPrice = fc.oneof(overUnits, overMoney, partsPrice) as unknown as fc.Arbitrary<Price>;

const START = Temporal.Instant.from('2026-03-28T00:00:00Z');
/** Events with everything that any model asks for, around the night in which European clocks change. */
export const events: fc.Arbitrary<EventInput[]> = fc.array(
  fc
    .record({
      quantity: decimal(10n ** 4n, 3),
      amount: decimal(10n ** 5n, 2),
      minutes: fc.nat({ max: 4000 }),
      key: fc.constantFrom(...keys, 'z'),
      size: fc.constantFrom('1', 1, true, 'x'),
    })
    .map(({ minutes, key, size: size_of, ...numbers }) => ({
      ...numbers,
      time: START.add({ minutes }).toString(),
      properties: { key, size: size_of },
    })),
  { maxLength: 10 },
);
