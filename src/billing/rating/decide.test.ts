import { describe, expect, it } from 'vitest';
import { actionCharge, rateSubscription, usageKey } from './decide/charges.ts';
import { calendarInterval, servicePeriods } from './decide/periods.ts';
import { countersOf, type EarlierCharge, portionsOf } from './decide/portions.ts';
import { freeRectangles, rectanglesWithin } from './decide/rectangles.ts';
import type { ItemUsage, RatedItem, RatedSubscription } from './model.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const root = Buffer.alloc(32, 1);

const energy: RatedItem = {
  sku: 'energy',
  unit: 'kWh',
  aggregation: 'sum',
  unique_by: null,
  allow_negative: false,
  price_version_id: '00000000-0000-7000-8000-000000000001',
  version: 1,
  price: { model: 'unit', unit_amount: '0.25', included_quantity: '100' },
  price_hash: 'aa',
};

function subscription(over: Partial<RatedSubscription> = {}): RatedSubscription {
  return {
    subscription_id: '00000000-0000-7000-8000-0000000000aa',
    org_id: '00000000-0000-7000-8000-0000000000bb',
    plan_id: '00000000-0000-7000-8000-0000000000cc',
    plan_name: 'Home',
    effective_at: '2025-12-31T13:00:00Z',
    ended_at: null,
    currency: 'AUD',
    base_amount: '30.00',
    billing_interval: 'P1M',
    time_zone: 'Australia/Sydney',
    items: [energy],
    ...over,
  };
}

const sydney_march = '2026-02-28T13:00:00Z';

function rate(
  over: Partial<RatedSubscription>,
  run: [string, string],
  usage: Record<string, ItemUsage> = {},
  charges: readonly EarlierCharge[] = [],
) {
  const rated = subscription(over);
  const periods = servicePeriods(rated, day(run[0]), day(run[1]));
  return rateSubscription({
    subscription: rated,
    rounding: 'half_up',
    watermark: '1000',
    periods,
    portions: portionsOf({
      ...{ subscription: rated, periods, late: [], charges, billed: [], watermark: '1000' },
      takes: periods.map(({ from, to }) => ({ from, to, arrived_from: '0', arrived_to: '1000' })),
    }),
    usage: new Map(Object.entries(usage)),
    counters: countersOf(charges),
    contexts: new Map(),
  });
}

const keyOf = (from: string, item: RatedItem = energy) => usageKey({ from, item, adjusts: null });
const used = (quantity: string, count = 3): ItemUsage => ({ quantity, count, sum: quantity, root, events: [], opening: null });

/** The first half of March in Sydney, billed. */
const first_half = (item: RatedItem, quantity: string, amount: string): EarlierCharge => ({
  charge_id: '00000000-0000-7000-8000-0000000000c1',
  billed_period_id: '00000000-0000-7000-8000-0000000000b1',
  from: sydney_march,
  to: '2026-03-14T13:00:00Z',
  interval_from: sydney_march,
  interval_to: '2026-03-31T13:00:00Z',
  quantity,
  amount_exact: amount,
  amount_minor: BigInt(amount.replace('.', '')),
  open: true,
  share: null,
  item,
});
const second_half = ['2026-03-15', '2026-04-01'] as [string, string];
const second_from = '2026-03-14T13:00:00Z';

describe('service periods', () => {
  it('cuts a run over a quarter at the first of each month, in the organization’s time zone', () => {
    const periods = servicePeriods(subscription(), day('2026-01-01'), day('2026-04-01'));
    // Sydney is UTC+11 until 5 April 2026.
    expect(periods.map((each) => [each.from, each.to])).toEqual([
      ['2025-12-31T13:00:00Z', '2026-01-31T13:00:00Z'],
      ['2026-01-31T13:00:00Z', '2026-02-28T13:00:00Z'],
      ['2026-02-28T13:00:00Z', '2026-03-31T13:00:00Z'],
    ]);
    expect(periods.map((each) => [each.days, each.days_of, each.ends_interval])).toEqual([
      [31, 31, true],
      [28, 28, true],
      [31, 31, true],
    ]);
  });

  it('begins where the subscription does, and counts its days', () => {
    // 10 March, midnight in Sydney: 22 of 31 days are left.
    const [period] = servicePeriods(subscription({ effective_at: '2026-03-09T13:00:00Z' }), day('2026-03-01'), day('2026-04-01'));
    expect(period).toMatchObject({ from: '2026-03-09T13:00:00Z', days: 22, days_of: 31, ends_interval: true });
  });

  it('has nothing for a subscription that starts when the run ends, or ended when it starts', () => {
    expect(servicePeriods(subscription({ effective_at: '2026-03-31T13:00:00Z' }), day('2026-03-01'), day('2026-04-01'))).toEqual(
      [],
    );
    expect(servicePeriods(subscription({ ended_at: '2026-02-28T13:00:00Z' }), day('2026-03-01'), day('2026-04-01'))).toEqual([]);
  });

  it('does not end the interval in a run that stops in its middle, and does in the one that goes on', () => {
    expect(servicePeriods(subscription(), day('2026-03-01'), day('2026-03-15'))[0]).toMatchObject({ ends_interval: false });
    const [rest] = servicePeriods(subscription(), day('2026-03-15'), day('2026-04-01'));
    expect(rest).toMatchObject({ ends_interval: true, interval_from: '2026-02-28T13:00:00Z' });
  });

  it('keeps local midnights across the day with 25 hours', () => {
    const periods = servicePeriods(subscription({ billing_interval: 'P1D' }), day('2026-04-05'), day('2026-04-06'));
    // Clocks go back at 03:00 on 5 April 2026: the day runs from 13:00Z to 14:00Z of the next day.
    expect(periods).toHaveLength(1);
    expect(periods[0]).toMatchObject({ from: '2026-04-04T13:00:00Z', to: '2026-04-05T14:00:00Z' });
  });
});

describe('charges', () => {
  it('bills the base fee in full and usage above what is included', () => {
    const charges = rate({}, ['2026-03-01', '2026-04-01'], { [keyOf(sydney_march)]: used('250.5') });
    expect(charges.map((each) => [each.kind, each.quantity, each.amount_exact, each.amount_minor])).toEqual([
      ['base', '1', '30', 3000n],
      // (250.5 − 100) × 0.25 = 37.625 → 37.63
      ['usage', '250.5', '37.625', 3763n],
    ]);
  });

  it('prorates the base fee by days from the start of the subscription', () => {
    const [base] = rate({ effective_at: '2026-03-09T13:00:00Z' }, ['2026-03-01', '2026-04-01']);
    // 30.00 × 22 / 31 = 21.290322580645161290… cut at 18 decimals
    expect(base).toMatchObject({ kind: 'base', amount_exact: '21.29032258064516129', amount_minor: 2129n });
    expect(base!.inputs).toMatchObject({ proration: { days: 22, of: 31 } });
  });

  it('counts the day of a change of plan once, for the plan that begins on it', () => {
    // 10:00 of 16 March in Sydney: 15 of 31 days are the old plan's, 16 the new one's.
    const change = '2026-03-15T23:00:00Z';
    const [before] = rate({ ended_at: change }, ['2026-03-01', '2026-04-01']);
    const [after] = rate({ effective_at: change }, ['2026-03-01', '2026-04-01']);
    expect([before!.inputs.proration, after!.inputs.proration]).toEqual([
      { days: 15, of: 31 },
      { days: 16, of: 31 },
    ]);
    // 30.00 × 15 / 31 = 14.516… and 30.00 × 16 / 31 = 15.483…
    expect([before!.amount_minor, after!.amount_minor]).toEqual([1452n, 1548n]);
  });

  it('leaves out a line of quantity zero and amount zero, and keeps a minimum at quantity zero', () => {
    expect(rate({ base_amount: null }, ['2026-03-01', '2026-04-01'])).toEqual([]);
    const minimum = { ...energy, price: { model: 'unit', unit_amount: '0.25', minimum_amount: '5.00' } };
    const [charge] = rate({ base_amount: null, items: [minimum] }, ['2026-03-01', '2026-04-01']);
    expect(charge).toMatchObject({ kind: 'usage', quantity: '0', amount_minor: 500n });
  });

  it('bills one base fee for each interval that ends in the run, with zero usage too', () => {
    const charges = rate({ items: [] }, ['2026-01-01', '2026-04-01']);
    expect(charges.map((each) => each.amount_minor)).toEqual([3000n, 3000n, 3000n]);
    expect(rate({ items: [] }, ['2026-03-01', '2026-03-31'])).toEqual([]);
  });

  it('prices the second part of an interval on top of the first', () => {
    const usage = { [keyOf(second_from)]: used('60') };
    const charges = rate({ base_amount: null }, second_half, usage, [first_half(energy, '90', '0.00')]);
    // 90 + 60 = 150, of which 50 are above the included 100: 12.50
    expect(charges).toMatchObject([{ quantity: '60', amount_exact: '12.5', amount_minor: 1250n }]);
    expect(charges[0]!.inputs).toMatchObject({ prior: { quantity: '90', amount_exact: '0.00', amount: '0.00' } });
  });

  it.each([
    // A dollar a unit, and 10 billed so far: the whole month's aggregate is priced, and the 10 are taken off.
    ['max', '12', '2', 200n],
    ['min', '8', '-2', -200n],
    ['latest', '7', '-3', -300n],
    ['max', '10', '0', 0n],
  ])('bills a %s of a whole month of %s, less the 10 that its first half was billed', (aggregation, whole, quantity, minor) => {
    const seats = { ...energy, aggregation, price: { model: 'unit', unit_amount: '1' } };
    const usage = { [keyOf(second_from)]: used(whole) };
    const charges = rate({ base_amount: null, items: [seats] }, second_half, usage, [first_half(seats, '10', '10.00')]);
    expect(charges).toMatchObject([{ quantity, amount_minor: minor }]);
    expect(charges[0]!.inputs).toMatchObject({
      quantity: whole,
      usage_period: { from: sydney_march, to: '2026-03-31T13:00:00Z' },
      billed: { quantity: '10', amount_exact: '10.00', amount: '10.00' },
    });
  });

  it('keeps volume, a flat price and a minimum for the last part of an interval', () => {
    const volume = {
      model: 'volume',
      tiers: [
        { up_to: '100', unit_amount: '1' },
        { up_to: null, unit_amount: '0.5' },
      ],
    };
    const terms: [object, bigint, bigint][] = [
      // 60 so far, then 120 in all at 0.50
      [volume, 0n, 6000n],
      [{ model: 'flat', amount: '9.00' }, 0n, 900n],
      // 60 × 0.10 = 6.00 so far; 12.00 in all is below the minimum of 20.00: 14.00 more
      [{ model: 'unit', unit_amount: '0.10', minimum_amount: '20.00' }, 600n, 1400n],
    ];
    for (const [price, first, last] of terms) {
      const item = { ...energy, price: price as RatedItem['price'] };
      const over = { base_amount: null, items: [item] };
      const [part] = rate(over, ['2026-03-01', '2026-03-15'], { [keyOf(sydney_march)]: used('60') });
      expect(part).toMatchObject({ amount_minor: first, inputs: { open: true } });
      const earlier = first_half(item, '60', `${first / 100n}.00`);
      const [rest] = rate(over, second_half, { [keyOf(second_from)]: used('60') }, [earlier]);
      expect(rest).toMatchObject({ amount_minor: last });
      expect(rest!.inputs.open).toBeUndefined();
    }
  });

  it('starts counters anew under a new price, included quantity and minimum by days, and ends the counter before', () => {
    const before = { ...energy, price: { model: 'unit', unit_amount: '1', included_quantity: '31', minimum_amount: '31.00' } };
    const after = { ...before, price_hash: 'bb', price: { ...before.price, unit_amount: '2' } };
    const over = { base_amount: null, items: [after] };
    // Billed so far: 33 of which 31 are included, 2.00.
    const billed = first_half(before, '33', '2.00');
    const usage = {
      [keyOf(second_from)]: used('40'),
      [usageKey({ from: billed.from, item: before, adjusts: billed })]: used('33'),
    };
    const charges = rate(over, second_half, usage, [billed]);
    expect(charges.map((each) => [each.quantity, each.amount_minor, each.inputs.share, each.adjusts === null])).toEqual([
      // 17 of 31 days: 17 included, (40 − 17) × 2 = 46.00, above 17.00
      ['40', 4600n, { days: 17, of: 31 }, true],
      // 14 of 31 days: 14 included, (33 − 14) × 1 = 19.00, above 14.00; 2.00 are billed
      ['0', 1700n, { days: 14, of: 31 }, false],
    ]);
  });

  it('charges an action on top of what the interval was charged before', () => {
    const rated = subscription();
    const charge = actionCharge({
      subscription: rated,
      item: energy,
      interval: calendarInterval(rated, Temporal.Instant.from('2026-03-10T00:00:00Z')),
      quantity: '20',
      prior: { quantity: '95', amount_exact: '0', amount: '0.00' },
      rounding: 'half_up',
      project_id: null,
      request_id: 'r-1',
      context: {},
    });
    // 95 + 20 − 100 = 15 × 0.25 = 3.75
    expect(charge).toMatchObject({ amount_exact: '3.75', from: '2026-02-28T13:00:00Z', to: '2026-03-31T13:00:00Z' });
  });
});

describe('takes', () => {
  const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' };

  it('takes all of a period that was never billed', () => {
    expect(freeRectangles({ ...march, arrived_from: '0', arrived_to: '70' }, [])).toEqual([
      { ...march, arrived_from: '0', arrived_to: '70' },
    ]);
  });

  it('takes what came after a billed period was taken, and nothing of it twice', () => {
    const taken = [
      { ...march, arrived_from: '0', arrived_to: '50' },
      { ...march, arrived_from: '50', arrived_to: '60' },
    ];
    expect(freeRectangles({ ...march, arrived_from: '0', arrived_to: '70' }, taken)).toEqual([
      { ...march, arrived_from: '60', arrived_to: '70' },
    ]);
    expect(freeRectangles({ ...march, arrived_from: '0', arrived_to: '60' }, taken)).toEqual([]);
  });

  it('takes the hole that a void left below what a later run took', () => {
    const taken = [{ ...march, arrived_from: '50', arrived_to: '60' }];
    expect(freeRectangles({ ...march, arrived_from: '0', arrived_to: '70' }, taken)).toEqual([
      { ...march, arrived_from: '0', arrived_to: '50' },
      { ...march, arrived_from: '60', arrived_to: '70' },
    ]);
  });

  it('finds what is free in each part of a period whose parts were taken up to different arrivals', () => {
    const [half, end] = ['2026-03-15T00:00:00Z', march.to];
    const taken = [
      { from: march.from, to: half, arrived_from: '40', arrived_to: '60' },
      { from: half, to: end, arrived_from: '50', arrived_to: '60' },
    ];
    expect(freeRectangles({ ...march, arrived_from: '0', arrived_to: '70' }, taken)).toEqual([
      { from: march.from, to: half, arrived_from: '0', arrived_to: '40' },
      { from: march.from, to: half, arrived_from: '60', arrived_to: '70' },
      { from: half, to: end, arrived_from: '0', arrived_to: '50' },
      { from: half, to: end, arrived_from: '60', arrived_to: '70' },
    ]);
  });

  it('cuts takes to the time of a service period', () => {
    const main = { from: '2026-03-01T00:00:00Z', to: '2026-05-01T00:00:00Z', arrived_from: '0', arrived_to: '70' };
    const april = { from: '2026-04-01T00:00:00Z', to: '2026-05-01T00:00:00Z' };
    expect(rectanglesWithin([main], march)).toEqual([{ ...main, ...march }]);
    expect(rectanglesWithin([main], april)).toEqual([{ ...main, ...april }]);
    expect(rectanglesWithin([{ ...main, ...march }], april)).toEqual([]);
  });
});
