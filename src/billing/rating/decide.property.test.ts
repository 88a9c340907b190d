import fc from 'fast-check';
import { expect, it } from 'vitest';
import { line } from '../../../test/support/random-plans.ts';
import { add, compare, formatDecimal, parseDecimal, ZERO } from '../../kernel/decimal.ts';
import { fromMinor } from '../../kernel/money.ts';
import { pricedByEvents } from '../../pricing/metered.ts';
import type { StandingEvent } from '../../usage/metering/model.ts';
import { rateSubscription, usageKey } from './decide/charges.ts';
import { workOut } from './decide/estimate.ts';
import { servicePeriods } from './decide/periods.ts';
import { countersOf, type EarlierCharge, type LatePeriod, portionsOf } from './decide/portions.ts';
import type { ItemUsage, Portion, RatedCharge, RatedItem, RatedSubscription } from './model.ts';

/** A month of random usage, billed at once or in parts, with usage that comes late for parts that are billed. */
const runs = 10_000;

const decimal = (max: number, scale: number) =>
  fc.tuple(fc.nat(max), fc.nat(scale)).map(([units, decimals]) => formatDecimal({ units: BigInt(units), scale: decimals }));
const rate = decimal(5000, 4);
const money = decimal(2000, 2);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const given = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const tiers = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 2 }),
    fc.array(rate, { minLength: 3, maxLength: 3 }),
    maybe(money),
  )
  .map(([bounds, rates, flat_amount]) =>
    [...bounds.sort((a, b) => a - b).map(String), null].map((up_to, at) =>
      given({ up_to, unit_amount: rates[at]!, flat_amount }),
    ),
  );
const terms = {
  included_quantity: maybe(decimal(60, 1)),
  minimum_amount: maybe(money),
  discounts: maybe(money.map((amount) => [{ amount }])),
};
const price = fc
  .oneof(
    fc.record({ model: fc.constant('unit'), unit_amount: rate, ...terms }),
    fc.record({ model: fc.constant('graduated'), tiers, ...terms }),
    fc.record({ model: fc.constant('volume'), tiers, ...terms }),
    fc.record({ model: fc.constant('flat'), amount: money }),
    fc.record({ model: fc.constant('percentage'), rate, fixed_amount: maybe(money), free_amount: maybe(money) }),
    fc.record({ model: fc.constant('graduated'), tiers, bucket: fc.constantFrom('P1D', 'PT6H') }),
  )
  .map(given);
const aggregation = fc.constantFrom('sum', 'count', 'max', 'min', 'latest', 'average', 'weighted_sum');
const usage = fc.array(fc.record({ quantity: decimal(300, 1), hour: fc.nat(30 * 24 - 1), late: fc.boolean() }), { maxLength: 8 });
const cuts = fc.uniqueArray(fc.integer({ min: 2, max: 30 }), { maxLength: 3 }).map((days) => days.sort((a, b) => a - b));

const april = '2025-04-01T00:00:00Z';
const month = { from: '2025-04-01', to: '2025-05-01' };
const subscription = (item: RatedItem): RatedSubscription => ({
  ...{ subscription_id: 's', org_id: 'o', plan_id: 'p', plan_name: 'Plan', effective_at: '2025-01-01T00:00:00Z', ended_at: null },
  ...{ currency: 'AUD', base_amount: null, billing_interval: 'P1M', time_zone: 'UTC', items: [item] },
});

interface Used extends StandingEvent {
  quantity: string;
  /** The run with which it can first be seen. */
  seen: number;
}

it('comes to the same total however a month is cut into parts, and whenever its usage comes', { timeout: 180_000 }, () => {
  fc.assert(
    fc.property(price, aggregation, usage, cuts, (json, how, used, days) => {
      const fits = how !== 'weighted_sum' || !pricedByEvents(json, 'sum');
      const item: RatedItem = {
        ...{ sku: 'x', unit: 'x', unique_by: null, allow_negative: false, price_version_id: null, version: 1, price_hash: 'h' },
        aggregation: fits ? how : 'sum',
        price: json,
      };
      const bounds = [month.from, ...days.map((day) => `2025-04-${`${day}`.padStart(2, '0')}`), month.to];
      const parts = bounds.slice(1).map((to, at) => ({ from: bounds[at]!, to }));
      const events = used.map((each, at): Used => {
        const time = Temporal.Instant.from(`${month.from}T00:00:00Z`).add({ hours: each.hour }).toString();
        const own = parts.findIndex((part) => time < `${part.to}T00:00:00Z`);
        const { quantity } = each;
        return { request_id: `${at}`, time, quantity, amount: quantity, properties: null, seen: each.late ? own + 1 : own };
      });
      const whole = total(bill(item, [month], events, 1));
      // One run more than there are parts, for what came late for the last.
      const in_parts = bill(item, parts, events, parts.length + 1);
      expect(total(in_parts)).toBe(whole);
      for (const charge of in_parts) expect(sumOfSteps(charge)).toBe(charge.amount_exact);
    }),
    { numRuns: runs, seed: 20_261_126 },
  );
});

it('estimates what is billed, for any price, aggregation and events', { timeout: 180_000 }, () => {
  fc.assert(
    fc.property(line, ({ aggregation, price: json, events }) => {
      const item: RatedItem = {
        ...{
          sku: 'x',
          unit: 'x',
          unique_by: 'region',
          allow_negative: false,
          price_version_id: null,
          version: 1,
          price_hash: 'h',
        },
        aggregation,
        price: json as RatedItem['price'],
      };
      const used = events.map(({ minute, region, quantity, amount }, at): Used => {
        const time = Temporal.Instant.from(april)
          .add({ minutes: minute % (30 * 24 * 60) })
          .toString();
        return { request_id: `${at}`.padStart(6, '0'), time, quantity, amount, properties: { region }, seen: 0 };
      });
      const estimated = workOut(
        {
          ...{ org_id: 'o', skus: {}, leads: '1' },
          events: {
            x: used.map(({ time, quantity, amount, properties }) => ({
              time,
              quantity,
              amount: amount!,
              properties: properties!,
            })),
          },
        },
        { subscriptions: [subscription(item)], currency: 'AUD', rounding: 'half_up', at: Temporal.Instant.from(april) },
      );
      const billed = total(bill(item, [month], used, 1));
      expect(estimated.grand_total.amount).toBe(fromMinor(billed, 'AUD'));
    }),
    { numRuns: runs, seed: 20_261_127 },
  );
});

/** Bills the parts one after another, each run correcting what came since, as the service does with what the database holds. */
function bill(
  item: RatedItem,
  parts: readonly { from: string; to: string }[],
  events: readonly Used[],
  count: number,
): RatedCharge[] {
  const made: RatedCharge[] = [];
  const earlier: EarlierCharge[] = [];
  for (let run = 0; run < count; run += 1) {
    const rated = subscription(item);
    const part = parts[run];
    const periods = part ? servicePeriods(rated, Temporal.PlainDate.from(part.from), Temporal.PlainDate.from(part.to)) : [];
    const late = parts.slice(0, run).flatMap((before, index): LatePeriod[] => {
      const is_new = events.some((event) => isWithin(event, before) && event.seen === run && run > index);
      const [period] = servicePeriods(rated, Temporal.PlainDate.from(before.from), Temporal.PlainDate.from(before.to));
      return is_new
        ? [
            {
              ...period!,
              ends_interval: run === parts.length,
              billed_period_id: `${index}`,
              skus: new Set(['x']),
              items: new Map(),
            },
          ]
        : [];
    });
    const billed = parts
      .slice(0, run)
      .map(({ from, to }) => ({ interval_from: april, from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` }));
    const takes = periods.map(({ from, to }) => ({ from, to, arrived_from: '0', arrived_to: '1' }));
    const portions = portionsOf({ subscription: rated, periods, late, charges: earlier, billed, takes, watermark: '1' });
    const seen = events.filter((event) => event.seen <= run || (parts.length === 1 && count === 1));
    const charges = rateSubscription({
      ...{
        subscription: rated,
        rounding: 'half_up',
        watermark: '1',
        periods,
        portions,
        counters: countersOf(earlier),
        contexts: new Map(),
      },
      usage: new Map(portions.map((portion) => [usageKey(portion), usageOf(portion, seen)] as const)),
    });
    for (const charge of charges) {
      const { from, to, quantity, amount_exact, amount_minor, inputs } = charge;
      earlier.push({
        ...{ charge_id: `${earlier.length}`, billed_period_id: `${run}`, from, to, quantity, amount_exact, amount_minor, item },
        ...{ interval_from: april, interval_to: '2025-05-01T00:00:00Z' },
        open: inputs.open === true,
        share: null,
      });
    }
    made.push(...charges);
  }
  return made;
}

/** What metering answers: the aggregate, or the events, of a portion's own time or of all that its counter runs over. */
function usageOf(portion: Portion, events: readonly Used[]): ItemUsage {
  const { item } = portion;
  const time = portion.whole ? portion.scope : portion;
  const own = events
    .filter((event) => event.time >= time.from && event.time < time.to)
    .sort((a, b) => (a.time === b.time ? (a.request_id < b.request_id ? -1 : 1) : a.time < b.time ? -1 : 1));
  const quantities = own.map((event) => parseDecimal(event.quantity));
  const sum = quantities.reduce(add, ZERO);
  const extreme = (sign: 1 | -1) => quantities.reduce((a, b) => (compare(a, b) === sign ? a : b), quantities[0] ?? ZERO);
  const aggregate = {
    sum,
    count: { units: BigInt(own.length), scale: 0 },
    max: extreme(1),
    min: extreme(-1),
    latest: quantities.at(-1) ?? ZERO,
  }[item.aggregation];
  return {
    quantity: formatDecimal(aggregate ?? sum),
    ...{ count: own.length, sum: formatDecimal(sum), root: Buffer.alloc(32) },
    events: own,
    opening: item.aggregation === 'weighted_sum' ? '0' : null,
  };
}

function isWithin(event: Used, part: { from: string; to: string }): boolean {
  return event.time >= `${part.from}T00:00:00Z` && event.time < `${part.to}T00:00:00Z`;
}

function total(charges: readonly RatedCharge[]): bigint {
  return charges.reduce((sum, charge) => sum + charge.amount_minor, 0n);
}

function sumOfSteps({ steps }: RatedCharge): string {
  return formatDecimal(steps.reduce((sum, step) => add(sum, parseDecimal(`${step.amount}`)), ZERO));
}
