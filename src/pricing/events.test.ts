import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { EventInput } from './usage.ts';

const run = (price: object, events: readonly EventInput[], more: object = {}) =>
  evaluate({ currency: 'USD', price, events, ...more });
const exact = (price: object, events: readonly EventInput[], more: object = {}) => run(price, events, more).amount_exact;
const amounts = (...values: string[]) => values.map((amount) => ({ amount }));
const unit = { model: 'unit', unit_amount: '1' };

describe('aggregation', () => {
  const events = [
    { request_id: 'b', quantity: '3', time: '2026-01-02T00:00:00Z' },
    { request_id: 'c', quantity: '10', time: '2026-01-01T00:00:00Z' },
    { request_id: 'a', quantity: '4', time: '2026-01-02T01:00:00+01:00' },
  ];

  it('makes one quantity of the events', () => {
    const quantity = (aggregation: string) => run(unit, events, { aggregation }).quantity;
    expect(quantity('sum')).toBe('17');
    expect(quantity('count')).toBe('3');
    expect(quantity('max')).toBe('10');
    expect(quantity('min')).toBe('3');
    // 17 / 3 does not end
    expect(quantity('average')).toBe('5.666666666666666667');
    // b and a happen at the same instant; b comes later by its request id
    expect(quantity('latest')).toBe('3');
    expect(run(unit, events).quantity).toBe('17');
  });

  it('keeps an average exact until it is shown', () => {
    // 10/3 × 3 = 10, not 9.999…
    const price = { model: 'unit', unit_amount: '3' };
    const thirds = [{ quantity: '3' }, { quantity: '4' }, { quantity: '3' }];
    expect(exact(price, thirds, { aggregation: 'average' })).toBe('10');
    // 10/3 in packages of a third is ten; cut at 18 decimals it would be 11 or 10 by accident
    expect(
      exact({ model: 'package', package_size: '0.333333333333', package_amount: '1.00' }, thirds, { aggregation: 'average' }),
    ).toBe('11');
    // tiers meet the exact average too: 3 at 1 and 1/3 at 3
    const tiers = [
      { up_to: '3', unit_amount: '1' },
      { up_to: null, unit_amount: '3' },
    ];
    expect(exact({ model: 'graduated', tiers }, thirds, { aggregation: 'average' })).toBe('4');
  });

  it('is zero of no events', () => {
    for (const aggregation of ['sum', 'count', 'max', 'min', 'latest', 'average']) {
      expect(run(unit, [], { aggregation }), aggregation).toMatchObject({ quantity: '0', amount: '0.00' });
    }
    expect(exact({ ...unit, minimum_amount: '5.00' }, [])).toBe('5');
  });

  it('keeps events without a time where they are given', () => {
    expect(run(unit, [{ quantity: '2' }, { quantity: '9' }, { quantity: '5' }], { aggregation: 'latest' }).quantity).toBe('5');
  });

  it('needs a quantity in each event, except to count', () => {
    const error = { code: 'usage_invalid', details: { errors: [{ pointer: '/events/1/quantity', code: 'required' }] } };
    expect(() => run(unit, [{ quantity: '1' }, {}])).toThrow(expect.toSatisfy((thrown) => matches(thrown, error)));
    expect(run(unit, [{}, {}], { aggregation: 'count' }).quantity).toBe('2');
  });
});

describe('percentage', () => {
  it('takes a rate and a fixed amount of each event', () => {
    // 2.9 % of 100 + 0.30 = 3.20; of 10: 0.29 + 0.30 = 0.59
    const price = { model: 'percentage', rate: '2.9', fixed_amount: '0.30' };
    expect(exact(price, amounts('100', '10'))).toBe('3.79');
    expect(run(price, amounts('100')).steps).toEqual([
      { kind: 'percentage', amount: '2.9', quantity: '100', rate: '2.9', event: '0' },
      { kind: 'fixed', amount: '0.3', event: '0' },
    ]);
    // a small sum keeps its digits, as in Lago: 2.9 % of 4 = 0.116
    expect(exact({ model: 'percentage', rate: '2.9' }, amounts('1', '1', '1', '1'))).toBe('0.116');
  });

  describe('with Lago’s cases: 1.3 % and $2 on events of 50, 100, 250 and 400', () => {
    const price = { model: 'percentage', rate: '1.3', fixed_amount: '2.0' };
    const events = amounts('50', '100', '250', '400');

    it('charges everything without a free part', () => {
      // 800 × 1.3 % + 4 × 2
      expect(exact(price, events)).toBe('18.4');
      expect(exact({ ...price, free_events: '0', free_amount: '0' }, events)).toBe('18.4');
    });

    it('frees the first events', () => {
      // 400 × 1.3 % + 2
      expect(exact({ ...price, free_events: '3' }, events)).toBe('7.2');
      expect(exact({ ...price, free_events: '5' }, events)).toBe('0');
    });

    it('frees a first amount; the crossing event pays its fixed amount in full and the rate on the excess', () => {
      // 50 and 100 free; 150 of the third are charged: (400 − 250 + 400) × 1.3 % + 2 × 2 = 7.15 + 4
      expect(exact({ ...price, free_amount: '250.0' }, events)).toBe('11.15');
    });

    it('ends the free part with whichever allowance ends first', () => {
      expect(exact({ ...price, free_events: '3', free_amount: '250.0' }, events)).toBe('11.15');
      expect(exact({ ...price, free_events: '3', free_amount: '500.0' }, events)).toBe('7.2');
      // one event free, then all charged although 250 is not used up: 750 × 1.3 % + 3 × 2
      expect(exact({ ...price, free_events: '1', free_amount: '250' }, events)).toBe('15.75');
    });
  });

  describe('with Lago’s minimum of 1.75 and maximum of 12 per event, 2.99 % of 10, 80 and 10 000', () => {
    const price = { model: 'percentage', rate: '2.99', min_per_event: '1.75', max_per_event: '12' };
    const events = amounts('10', '80', '10000');

    it('bounds each event’s fee after rate and fixed amount', () => {
      // 0.299 → 1.75; 2.392; 299 → 12
      expect(exact(price, events)).toBe('16.142');
      // 2.299 + 4.392 + 12
      expect(exact({ ...price, fixed_amount: '2.0' }, events)).toBe('18.691');
    });

    it('has no minimum for a free event, and bounds the crossing one', () => {
      expect(exact({ ...price, free_events: '2' }, events)).toBe('12');
      // 10 free; of 80 the excess (90 − 30) × 2.99 % = 1.794; 12
      expect(exact({ ...price, free_amount: '30' }, events)).toBe('13.794');
      // excess 90 × 2.99 % = 2.691
      expect(exact({ ...price, free_events: '3', free_amount: '10000' }, events)).toBe('2.691');
      // excess (90 − 85) × 2.99 % = 0.1495, raised to 1.75; 12
      expect(exact({ ...price, free_amount: '85' }, events)).toBe('13.75');
    });
  });

  it('still frees an event of zero when the free amount is reached exactly', () => {
    const price = { model: 'percentage', rate: '1', fixed_amount: '1.00', free_amount: '100', min_per_event: '0.50' };
    expect(exact(price, amounts('100', '0', '0'))).toBe('0');
    // after the crossing an event of zero pays its fixed amount
    expect(exact(price, amounts('100', '0', '10', '0'))).toBe('2.1');
    // once the free events are used up, reaching the amount no longer matters
    expect(exact({ ...price, free_events: '1' }, amounts('100', '0'))).toBe('1');
  });

  it('counts events in order of time', () => {
    const price = { model: 'percentage', rate: '10', free_events: '1' };
    const events = [
      { request_id: 'x', amount: '100', time: '2026-01-02T00:00:00Z' },
      { request_id: 'y', amount: '7', time: '2026-01-01T00:00:00Z' },
    ];
    expect(run(price, events).steps.map(({ kind, event }) => [kind, event])).toEqual([
      ['free', 'y'],
      ['percentage', 'x'],
    ]);
    expect(exact(price, events)).toBe('10');
  });

  it('refuses amounts below zero, missing amounts and a bare quantity', () => {
    const price = { model: 'percentage', rate: '1' };
    expect(() => run(price, amounts('-1'), { allow_negative: true })).toThrow(
      expect.objectContaining({ code: 'negative_refused' }),
    );
    expect(() => run(price, [{ quantity: '1' }])).toThrow(expect.objectContaining({ code: 'usage_invalid' }));
    expect(() => evaluate({ currency: 'USD', price, quantity: '1' })).toThrow(
      expect.objectContaining({ code: 'events_required' }),
    );
  });

  it('answers the events’ aggregate as its quantity', () => {
    const price = { model: 'percentage', rate: '1' };
    expect(run(price, amounts('5', '7')).quantity).toBe('12');
    expect(run(price, amounts('5', '7'), { aggregation: 'count' }).quantity).toBe('2');
  });
});

describe('dynamic', () => {
  it('bills what the events carry, times the multiplier', () => {
    expect(exact({ model: 'dynamic' }, amounts('1.25', '3'))).toBe('4.25');
    // 4.25 × 1.2
    expect(exact({ model: 'dynamic', multiplier: '1.2' }, amounts('1.25', '3'))).toBe('5.1');
    expect(run({ model: 'dynamic', multiplier: '1.2' }, amounts('1.25', '3')).steps).toEqual([
      { kind: 'dynamic', amount: '5.1', quantity: '4.25', rate: '1.2' },
    ]);
  });

  it('takes amounts below zero, and does not mirror them', () => {
    expect(exact({ model: 'dynamic', minimum_amount: '1.00' }, amounts('-5', '3'))).toBe('1');
    expect(exact({ model: 'dynamic' }, amounts('-5', '3'))).toBe('-2');
  });
});

describe('fractions', () => {
  const tiers = [
    { up_to: '5', unit_amount: '10', flat_amount: '100' },
    { up_to: null, unit_amount: '5', flat_amount: '50' },
  ];
  const graduated = { model: 'graduated', tiers };
  const held = (...pairs: [string, string][]) => pairs.map(([quantity, fraction]) => ({ quantity, fraction }));
  const allow = { allow_negative: true };

  it('bill each event the difference it makes to the units’ cost, times its fraction', () => {
    // 5 × 10 × 0.7 = 35; 5 × 5 × 16/30 = 13.333…; 10 × 5 × 0.2 = 10; −6 × 5 × 11/30 = −11; both tiers owe 150
    const result = run(graduated, held(['5', '0.7'], ['5', '16/30'], ['10', '0.2'], ['-6', '11/30']), allow);
    expect(result.amount).toBe('197.33');
    expect(result.quantity).toBe('14');
    // 2 in the first tier; 3 + 2 across the boundary: (30 + 10) × 16/30; 10 × 5 × 0.2; −6 × 5 × 11/30; 150
    expect(run(graduated, held(['2', '0.7'], ['5', '16/30'], ['10', '0.2'], ['-6', '11/30']), allow).amount).toBe('184.33');
  });

  it('owe the flat amount of every tier ever entered, not prorated', () => {
    // 35 − 2 × 10 × 0.5 = 25; only the first tier was entered
    expect(exact(graduated, held(['5', '0.7'], ['-2', '0.5']), allow)).toBe('125');
    // 4 × 10 × 0.7 = 28; (10 + 5) × 0.5 = 7.5; back from 6 to 3: −(5 + 20) × 0.2 = −5; 150
    expect(exact(graduated, held(['4', '0.7'], ['2', '0.5'], ['-3', '0.2']), allow)).toBe('180.5');
    // down to nothing in the end, both flat amounts stay: 10 × 0.5 + (40 + 5) × 0.5 − 55 × 0.1
    expect(exact(graduated, held(['1', '0.5'], ['5', '0.5'], ['-6', '0.1']), allow)).toBe('172');
    expect(exact(graduated, held(), allow)).toBe('0');
    expect(exact({ ...graduated, first_tier_flat_at_zero: true }, held(['0', '1']), allow)).toBe('100');
  });

  it('pick the volume tier by the full total, and owe its flat amount alone', () => {
    const volume = {
      model: 'volume',
      tiers: [
        { up_to: '100', unit_amount: '2', flat_amount: '10' },
        { up_to: '200', unit_amount: '1', flat_amount: '0' },
        { up_to: null, unit_amount: '0.5', flat_amount: '50' },
      ],
    };
    // 300 in all, each at 0.5: 100 × 0.5 + 200 × 0.5 × 0.743 = 50 + 74.3, plus 50
    expect(exact(volume, held(['100', '1'], ['200', '0.743']))).toBe('174.3');
    // 300 − 250 = 50 in the end, the first tier: (300 − 250 × 0.1) × 2 + 10
    expect(exact(volume, held(['300', '1'], ['-250', '0.1']), allow)).toBe('560');
  });

  it('apply to unit and package prices, after included quantity', () => {
    expect(run({ model: 'unit', unit_amount: '30' }, held(['1', '1/30'], ['1', '29/30'])).amount_exact).toBe('30');
    // packages: 1 then 11 units are one and two packages: 4 × 0.5 + 4 × 0.25
    expect(exact({ model: 'package', package_size: '10', package_amount: '4.00' }, held(['1', '0.5'], ['10', '0.25']))).toBe('3');
    // 2 included: 3 − 2 = 1 unit at 0.5, then 2 at 0.25
    expect(exact({ ...unit, included_quantity: '2' }, held(['3', '0.5'], ['2', '0.25']))).toBe('1');
  });

  it('keep a tier’s cap on its units', () => {
    const capped = { model: 'graduated', tiers: [{ up_to: null, unit_amount: '10', flat_amount: '5', maximum_amount: '85' }] };
    // units are capped at 80: half of 80, plus 5
    expect(exact(capped, held(['10', '0.5']))).toBe('45');
  });

  it('show parts that do not end cut at 18 decimals, the last step taking the rest', () => {
    const result = run(unit, held(['1', '1/3'], ['1', '1/3'], ['1', '1/3']));
    expect(result.amount_exact).toBe('1');
    expect(result.steps.map((step) => step.amount)).toEqual([
      '0.333333333333333333',
      '0.333333333333333333',
      '0.333333333333333334',
    ]);
  });

  it('round the exact total, not the shown one', () => {
    // 0.01 × 1/2 shown and exact agree; 1/3 of 0.015 = 0.005 exactly, which rounds half up to a cent
    expect(run({ model: 'unit', unit_amount: '0.015' }, held(['1', '1/3'])).amount).toBe('0.01');
  });

  it('refuse a running total below zero, even when negative events are allowed', () => {
    expect(() => run(unit, held(['1', '1'], ['-2', '0.5'], ['5', '0.1']), allow)).toThrow(
      expect.objectContaining({ code: 'running_total_negative' }),
    );
    expect(() => run(unit, held(['3', '1'], ['-2', '0.5']))).toThrow(expect.objectContaining({ code: 'negative_refused' }));
  });

  it('lie between nought and one', () => {
    for (const fraction of ['1.01', '-0.1', '31/30', '1/0', 'x', '1e-1', '1/2/3', '-1/2']) {
      expect(() => run(unit, held(['1', fraction])), fraction).toThrow(expect.objectContaining({ code: 'usage_invalid' }));
    }
    for (const [fraction, expected] of [
      ['0', '0'],
      ['1', '1'],
      ['0/7', '0'],
      ['7/7', '1'],
      ['0.25', '0.25'],
    ]) {
      expect(exact(unit, held(['1', fraction!])), fraction).toBe(expected);
    }
  });

  it('belong to sums of units only', () => {
    const refused = expect.objectContaining({ code: 'fraction_unsupported' });
    expect(() => run(unit, held(['1', '0.5']), { aggregation: 'max' })).toThrow(refused);
    expect(() => run({ model: 'dynamic' }, [{ amount: '1', fraction: '0.5' }])).toThrow(refused);
    expect(exact(unit, [{ fraction: '0.5' }, {}], { aggregation: 'count' })).toBe('1.5');
  });
});

describe('events that are refused', () => {
  it('are named by pointer, all of them', () => {
    const events = [
      { quantity: 'x' },
      { quantity: '1', time: '2026-02-30T00:00:00Z' },
      { quantity: '1.1234567890123' },
      { quantity: '1', time: '2026-01-01T00:00:00' },
    ];
    const faults = [
      { pointer: '/events/0/quantity', code: 'decimal_invalid' },
      { pointer: '/events/1/time', code: 'time_invalid' },
      { pointer: '/events/2/quantity', code: 'too_many_decimals' },
      { pointer: '/events/3/time', code: 'time_invalid' },
    ];
    expect(() => run(unit, events)).toThrow(
      expect.toSatisfy((thrown) => matches(thrown, { code: 'usage_invalid', details: { errors: faults } })),
    );
  });

  it('are negative ones unless allowed', () => {
    expect(() => run(unit, [{ quantity: '3' }, { quantity: '-1' }])).toThrow(
      expect.objectContaining({ code: 'negative_refused' }),
    );
    expect(exact(unit, [{ quantity: '3' }, { quantity: '-1' }], { allow_negative: true })).toBe('2');
    expect(exact({ ...unit, minimum_amount: '1.00' }, [{ quantity: '3' }, { quantity: '-5' }], { allow_negative: true })).toBe(
      '-2',
    );
  });
});

function matches(thrown: unknown, expected: object): boolean {
  expect(thrown).toMatchObject(expected);
  return true;
}
