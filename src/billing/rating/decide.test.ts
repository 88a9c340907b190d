import { describe, expect, it } from 'vitest';
import {
  actionCharge,
  calendarInterval,
  freeRectangles,
  priorKey,
  rateSubscription,
  rectanglesWithin,
  servicePeriods,
  usageKey,
} from './decide.ts';
import type { ItemUsage, OtherParts, RatedItem, RatedSubscription } from './model.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const root = Buffer.alloc(32, 1);

const energy: RatedItem = {
  sku: 'energy',
  unit: 'kWh',
  aggregation: 'sum',
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

function rate(
  over: Partial<RatedSubscription>,
  run: [string, string],
  usage: Record<string, ItemUsage> = {},
  prior: Record<string, OtherParts> = {},
) {
  const rated = subscription(over);
  return rateSubscription({
    subscription: rated,
    rounding: 'half_up',
    watermark: '1000',
    periods: servicePeriods(rated, day(run[0]), day(run[1])),
    usage: new Map(Object.entries(usage)),
    prior: new Map(Object.entries(prior)),
    contexts: new Map(),
  });
}

const sole = (quantity: string, from = '2026-02-28T13:00:00Z') => ({
  highest: quantity,
  lowest: quantity,
  latest: { quantity, from },
});
const used = (quantity: string, count = 3): ItemUsage => ({ quantity, count, sum: quantity, root, late_count: 0 });

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
    const charges = rate({}, ['2026-03-01', '2026-04-01'], { [usageKey('2026-02-28T13:00:00Z', 'energy')]: used('250.5') });
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
    const charges = rate(
      { base_amount: null },
      ['2026-03-15', '2026-04-01'],
      { [usageKey('2026-03-14T13:00:00Z', 'energy')]: used('60') },
      {
        [priorKey({ interval_from: '2026-02-28T13:00:00Z' }, energy)]: {
          quantity: '90',
          amount_exact: '0',
          amount: '0.00',
          ...sole('90'),
        },
      },
    );
    // 90 + 60 = 150, of which 50 are above the included 100: 12.50
    expect(charges).toMatchObject([{ quantity: '60', amount_exact: '12.5', amount_minor: 1250n }]);
  });

  it.each([
    // A dollar a unit: the higher of 10 and 8 is billed, then of 10 and 12.
    ['max', '8', 0n],
    ['max', '12', 200n],
    // The lower: of 10 and 8, two are given back; of 10 and 12, nothing.
    ['min', '8', -200n],
    ['min', '12', 0n],
    // The later: 10, and then 8.
    ['latest', '8', -200n],
    ['latest', '12', 200n],
  ])('bills the %s of a part of 10 and a part of %s as one', (aggregation, quantity, amount_minor) => {
    const seats = { ...energy, aggregation, price: { model: 'unit', unit_amount: '1' } };
    const charges = rate(
      { base_amount: null, items: [seats] },
      ['2026-03-15', '2026-04-01'],
      { [usageKey('2026-03-14T13:00:00Z', 'energy')]: used(quantity) },
      {
        [priorKey({ interval_from: '2026-02-28T13:00:00Z' }, seats)]: {
          quantity: '10',
          amount_exact: '10',
          amount: '10.00',
          ...sole('10'),
        },
      },
    );
    expect(charges).toMatchObject([{ quantity, amount_minor }]);
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

  it('gives late usage to the first service period alone', () => {
    const late = { from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z', arrived_from: '40', arrived_to: '70' };
    const main = { from: '2026-03-01T00:00:00Z', to: '2026-05-01T00:00:00Z', arrived_from: '0', arrived_to: '70' };
    const starts = '2026-03-01T00:00:00Z';
    const april = { from: '2026-04-01T00:00:00Z', to: '2026-05-01T00:00:00Z' };
    expect(rectanglesWithin([late, main], march, starts)).toEqual([late, { ...main, ...march }]);
    expect(rectanglesWithin([late, main], april, starts)).toEqual([{ ...main, ...april }]);
  });
});
