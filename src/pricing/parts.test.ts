import { describe, expect, it } from 'vitest';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { evaluate, evaluateCompiled } from './evaluate.ts';
import type { EventInput } from './usage.ts';

const run = (price: object, events: readonly EventInput[], more: object = {}) =>
  evaluate({ currency: 'USD', price, events, ...more });
const exact = (price: object, events: readonly EventInput[], more: object = {}) => run(price, events, more).amount_exact;
const allow = { allow_negative: true };
const unit = (unit_amount: string) => ({ model: 'unit', unit_amount });

describe('matrix', () => {
  const price = {
    model: 'matrix',
    dimensions: ['region', 'size'],
    cells: [
      { match: { region: 'eu', size: '5' }, price: unit('3') },
      {
        match: { region: 'eu' },
        price: {
          model: 'graduated',
          tiers: [
            { up_to: '10', unit_amount: '2' },
            { up_to: null, unit_amount: '1' },
          ],
        },
      },
    ],
  };
  const used = (quantity: string, properties: Record<string, unknown>) => ({ quantity, properties });

  it('sends each event to the first cell whose every key matches as text', () => {
    // eu of size 5 (also as a number): 2 × 3; other eu: 8 + 4 = 12 in the cell’s own tiers: 20 + 2
    const events = [
      used('1', { region: 'eu', size: 5 }),
      used('8', { region: 'eu', size: 'x' }),
      used('1', { region: 'eu', size: '5' }),
      used('4', { region: 'eu' }),
    ];
    expect(exact(price, events)).toBe('28');
    expect(run(price, events).steps.map(({ part, amount }) => [part, amount])).toEqual([
      ['region=eu,size=5', '6'],
      ['region=eu', '20'],
      ['region=eu', '2'],
    ]);
  });

  it('falls to the default, or says that no cell matches', () => {
    const elsewhere = [used('2', { region: 'us' })];
    expect(() => run(price, elsewhere)).toThrow(expect.objectContaining({ code: 'no_cell', status: 422 }));
    expect(() => run(price, [used('2', {})])).toThrow(expect.objectContaining({ code: 'no_cell' }));
    expect(exact({ ...price, default: unit('0.5') }, elsewhere)).toBe('1');
    expect(evaluate({ currency: 'USD', price: { ...price, default: unit('0.5') }, quantity: '3' }).amount_exact).toBe('1.5');
    // a property that only looks like one of the object’s own
    expect(() => run(price, [used('2', JSON.parse('{"constructor":"eu"}'))])).toThrow(
      expect.objectContaining({ code: 'no_cell' }),
    );
  });

  it('does not price a cell without events', () => {
    const flats = {
      model: 'matrix',
      dimensions: ['r'],
      cells: ['a', 'b'].map((r) => ({ match: { r }, price: { model: 'flat', amount: '5.00' } })),
    };
    expect(exact(flats, [used('1', { r: 'a' }), used('1', { r: 'a' })])).toBe('5');
    expect(exact(flats, [])).toBe('0');
    expect(exact({ ...flats, minimum_amount: '2.00' }, [])).toBe('2');
  });

  it('uses up the outer included quantity and quantity discounts in order of events', () => {
    const two = {
      model: 'matrix',
      dimensions: ['r'],
      cells: [
        { match: { r: 'a' }, price: unit('10') },
        { match: { r: 'b' }, price: unit('1') },
      ],
    };
    // in order: b 3, a 4, b 5. Five included: b’s 3 and 2 of a’s 4. Left: a 2 × 10, b 5 × 1
    const events = [used('3', { r: 'b' }), used('4', { r: 'a' }), used('5', { r: 'b' })];
    expect(exact({ ...two, included_quantity: '5' }, events)).toBe('25');
    expect(exact({ ...two, included_quantity: '3', discounts: [{ quantity: '2' }] }, events)).toBe('25');
    expect(run({ ...two, included_quantity: '3', discounts: [{ quantity: '2' }] }, events).steps.slice(0, 2)).toEqual([
      { kind: 'included', amount: '0', quantity: '3' },
      { kind: 'quantity_discount', amount: '0', quantity: '2' },
    ]);
    // by time the a event comes first: all five go to a’s 4 and 1 of b
    const timed = [
      { ...events[0]!, time: '2026-01-02T00:00:00Z' },
      { ...events[1]!, time: '2026-01-01T00:00:00Z' },
      { ...events[2]!, time: '2026-01-03T00:00:00Z' },
    ];
    expect(exact({ ...two, included_quantity: '5' }, timed)).toBe('7');
    expect(exact({ ...two, included_quantity: '100' }, events)).toBe('0');
    expect(
      exact(
        { ...two, included_quantity: '1.5' },
        [used('9', { r: 'a' })].map(({ properties }) => ({ properties })),
        { aggregation: 'count' },
      ),
    ).toBe('0');
  });

  it('takes it from each part’s highest value where events do not add up', () => {
    const two = {
      model: 'matrix',
      dimensions: ['r'],
      included_quantity: '5',
      cells: [
        { match: { r: 'a' }, price: unit('10') },
        { match: { r: 'b' }, price: unit('1') },
      ],
    };
    // highest: b 7, a 4; b comes first: 7 − 5 = 2, a 4 × 10
    expect(exact(two, [used('3', { r: 'b' }), used('4', { r: 'a' }), used('7', { r: 'b' })], { aggregation: 'max' })).toBe('42');
  });

  it('gives back what a correction undoes', () => {
    const one = { model: 'matrix', dimensions: ['r'], included_quantity: '10', cells: [{ match: {}, price: unit('1') }] };
    // 12 − 4 = 8 in all: within the included ten, as for a plain unit price
    expect(exact(one, [used('12', {}), used('-4', {})], allow)).toBe('0');
    expect(exact(one, [used('12', {}), used('-4', {}), used('6', {})], allow)).toBe('4');
    expect(exact(one, [used('-15', {})], allow)).toBe('-5');
  });

  it('goes by each part’s summed quantity below zero', () => {
    const tiers = [{ up_to: null, unit_amount: '2', flat_amount: '1.00' }];
    const two = {
      model: 'matrix',
      dimensions: ['r'],
      cells: ['a', 'b'].map((r) => ({ match: { r }, price: { model: 'graduated', tiers } })),
    };
    // a: 5 − 2 = 3: 6 + 1; b: −4 without its flat amount: −8
    expect(exact(two, [used('5', { r: 'a' }), used('-4', { r: 'b' }), used('-2', { r: 'a' })], allow)).toBe('-1');
    // the whole is below zero: no minimum
    expect(exact({ ...two, minimum_amount: '9.00' }, [used('-4', { r: 'b' })], allow)).toBe('-8');
  });

  it('mixes prices over quantities with prices over money', () => {
    const mixed = {
      model: 'matrix',
      dimensions: ['k'],
      cells: [
        { match: { k: 'fee' }, price: { model: 'percentage', rate: '10' } },
        { match: { k: 'call' }, price: unit('1') },
      ],
    };
    expect(
      exact(mixed, [
        { amount: '50', properties: { k: 'fee' } },
        { quantity: '2', properties: { k: 'call' } },
      ]),
    ).toBe('7');
    expect(() => run(mixed, [{ quantity: '2', properties: { k: 'fee' } }])).toThrow(
      expect.objectContaining({ code: 'usage_invalid' }),
    );
  });

  it('applies terms to the sum, and inner terms to their own part, without rounding in between', () => {
    const price = {
      model: 'matrix',
      dimensions: ['r'],
      cells: [{ match: { r: 'a' }, price: { ...unit('0.004'), included_quantity: '1', minimum_amount: '1.00' } }],
      default: unit('0.004'),
      discounts: [{ percent: '50' }],
    };
    // a: 2 − 1 = 1 × 0.004, at least 1.00; default 0.004; half of 1.004
    expect(exact(price, [used('2', { r: 'a' }), used('1', { r: 'z' })])).toBe('0.502');
  });
});

describe('time_of_use', () => {
  const price = {
    model: 'time_of_use',
    time_zone: 'Australia/Sydney',
    bands: [
      { name: 'peak', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '15:00', to: '21:00', price: unit('0.5') },
      { name: 'night', from: '22:00', to: '07:00', price: unit('0.1') },
    ],
    default: unit('0.25'),
  };
  const at = (time: string, quantity = '1') => ({ time, quantity });
  const part = (time: string, over: object = price) => run(over, [at(time)]).steps[0]!.part;

  it('sends an event wholly to the band that contains its start, half-open', () => {
    // Monday 5 January 2026, Sydney at +11
    expect(part('2026-01-05T15:00:00+11:00')).toBe('peak');
    expect(part('2026-01-05T20:59:59.999+11:00')).toBe('peak');
    expect(part('2026-01-05T21:00:00+11:00')).toBe('default');
    expect(part('2026-01-05T04:00:00Z')).toBe('peak');
    // Saturday 10 January
    expect(part('2026-01-10T15:00:00+11:00')).toBe('default');
    expect(exact(price, [at('2026-01-05T15:00:00+11:00', '3'), at('2026-01-05T21:00:00+11:00', '4')])).toBe('2.5');
  });

  it('wraps midnight where from comes after to', () => {
    expect(part('2026-01-05T22:00:00+11:00')).toBe('night');
    expect(part('2026-01-05T00:00:00+11:00')).toBe('night');
    expect(part('2026-01-05T06:59:00+11:00')).toBe('night');
    expect(part('2026-01-05T07:00:00+11:00')).toBe('default');
  });

  it('takes the moment’s own day in a band that wraps', () => {
    const friday = { ...price, bands: [{ name: 'friday night', days: ['fri'], from: '22:00', to: '06:00', price: unit('1') }] };
    expect(part('2026-01-09T23:00:00+11:00', friday)).toBe('friday night');
    // one in the morning of Saturday is Saturday’s
    expect(part('2026-01-10T01:00:00+11:00', friday)).toBe('default');
    // one in the morning of Friday is Friday’s
    expect(part('2026-01-09T01:00:00+11:00', friday)).toBe('friday night');
  });

  it('knows seasons, whole days and 24:00', () => {
    const seasonal = {
      ...price,
      bands: [
        { name: 'summer', months: [12, 1, 2], from: '18:00', to: '24:00', price: unit('1') },
        { name: 'late', from: '20:00', price: unit('1') },
      ],
    };
    expect(part('2026-01-31T23:59:00+11:00', seasonal)).toBe('summer');
    expect(part('2026-03-01T18:00:00+11:00', seasonal)).toBe('default');
    expect(part('2026-03-01T20:00:00+11:00', seasonal)).toBe('late');
    expect(part('2026-03-01T00:00:00+11:00', seasonal)).toBe('default');
  });

  it('prices the 23- and the 25-hour day by the local clock', () => {
    const berlin = {
      model: 'time_of_use',
      time_zone: 'Europe/Berlin',
      bands: [{ name: 'night', from: '00:00', to: '04:00', price: unit('1') }],
      default: unit('0'),
    };
    const hourly = (start: string, count: number) =>
      Array.from({ length: count }, (_, hour) => at(Temporal.Instant.from(start).add({ hours: hour }).toString()));
    // 29 March 2026 has no hour from two to three; 25 October has it twice.
    expect(exact(berlin, hourly('2026-03-28T23:00:00Z', 23))).toBe('3');
    expect(exact(berlin, hourly('2026-10-24T22:00:00Z', 25))).toBe('5');
  });

  it('gives each band its own tiers, and shares the outer included quantity', () => {
    const tiers = [
      { up_to: '2', unit_amount: '1' },
      { up_to: null, unit_amount: '10' },
    ];
    const blocks = {
      ...price,
      bands: [{ ...price.bands[0]!, price: { model: 'graduated', tiers } }],
      default: { model: 'graduated', tiers },
      included_quantity: '1',
    };
    const events = [at('2026-01-05T10:00:00+11:00', '3'), at('2026-01-05T16:00:00+11:00', '3')];
    // default 3 − 1 = 2: 2; peak 3: 2 + 10
    expect(exact(blocks, events)).toBe('14');
  });

  it('needs events with a time', () => {
    expect(() => evaluate({ currency: 'USD', price, quantity: '1' })).toThrow(
      expect.objectContaining({ code: 'events_required', status: 422 }),
    );
    expect(() => run(price, [{ quantity: '1' }])).toThrow(expect.objectContaining({ code: 'usage_invalid' }));
    expect(exact({ ...price, minimum_amount: '3.00' }, [])).toBe('3');
  });

  it('nests in a matrix, as for the registers of one meter', () => {
    const meter = {
      model: 'matrix',
      dimensions: ['register'],
      cells: [
        { match: { register: 'E1' }, price },
        { match: { register: 'B1' }, price: unit('-0.05') },
      ],
    };
    const events = [
      { ...at('2026-01-05T15:00:00+11:00', '4'), properties: { register: 'E1' } },
      { ...at('2026-01-05T12:00:00+11:00', '10'), properties: { register: 'B1' } },
    ];
    // 4 × 0.5 − 10 × 0.05
    expect(run(meter, events)).toMatchObject({ amount: '1.50', steps: [{ part: 'register=E1/peak' }, { part: 'register=B1' }] });
  });
});

describe('bucket', () => {
  const at = (time: string, quantity: string) => ({ time, quantity });
  const tiers = [
    { up_to: '10', unit_amount: '1' },
    { up_to: null, unit_amount: '2' },
  ];

  it('prices each bucket’s aggregate by itself and adds the results', () => {
    const price = { model: 'graduated', tiers, bucket: 'P1D' };
    const events = [at('2026-01-01T01:00:00Z', '8'), at('2026-01-01T23:59:59Z', '4'), at('2026-01-03T00:00:00Z', '11')];
    // first day 12: 10 + 4; third day 11: 10 + 2
    const result = run(price, events);
    expect(result).toMatchObject({ amount: '26.00', quantity: '23' });
    expect(result.steps.map(({ bucket, amount }) => [bucket, amount])).toEqual([
      ['2026-01-01T00:00:00Z', '10'],
      ['2026-01-01T00:00:00Z', '4'],
      ['2026-01-03T00:00:00Z', '10'],
      ['2026-01-03T00:00:00Z', '2'],
    ]);
    // with the highest of each day: 8 and 11 (10 + 2)
    expect(exact(price, events, { aggregation: 'max' })).toBe('20');
  });

  it('takes included quantity and quantity discounts per bucket, the other terms on the sum', () => {
    const price = {
      ...unit('1'),
      bucket: 'PT1H',
      included_quantity: '2',
      discounts: [{ quantity: '1' }, { amount: '1.00' }],
      minimum_amount: '5.00',
    };
    const events = [at('2026-01-01T00:10:00Z', '5'), at('2026-01-01T01:10:00Z', '2.5'), at('2026-01-01T02:10:00Z', '7')];
    // 5 − 3 = 2; 2.5 − 3 → 0; 7 − 3 = 4; 6 − 1 = 5
    expect(exact(price, events)).toBe('5');
    // 2 + 0 − 1 = 1, raised to 5
    expect(exact(price, events.slice(0, 2))).toBe('5');
    expect(exact(price, [])).toBe('5');
  });

  it('cuts days in the given zone', () => {
    const compiled = compilePrice(checkPrice({ model: 'graduated', tiers, bucket: 'P1D' }, { currency: 'USD' }), 'USD');
    const events = [at('2026-01-01T12:00:00Z', '8'), at('2026-01-01T14:00:00Z', '8')];
    // one day in UTC: 16 = 10 + 12; two days in Sydney: 8 + 8
    expect(evaluateCompiled(compiled, { events }).amount_exact).toBe('22');
    expect(evaluateCompiled(compiled, { events, time_zone: 'Australia/Sydney' }).amount_exact).toBe('16');
  });

  it('keeps the hour that the clock shows twice as two', () => {
    const compiled = compilePrice(
      checkPrice({ model: 'package', package_size: '1', package_amount: '1.00', bucket: 'PT1H' }, { currency: 'USD' }),
      'USD',
    );
    const events = [at('2026-10-25T00:30:00Z', '0.5'), at('2026-10-25T01:30:00Z', '0.5')];
    expect(evaluateCompiled(compiled, { events, time_zone: 'Europe/Berlin' }).steps.map((step) => step.bucket)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T01:00:00Z',
    ]);
  });

  it('counts parts of a day from local midnight', () => {
    const compiled = compilePrice(checkPrice({ model: 'unit', unit_amount: '1', bucket: 'PT6H' }, { currency: 'USD' }), 'USD');
    // Adelaide is at +9:30 in July: its day begins at 14:30 UTC, its morning at 20:30.
    const events = [at('2026-07-15T20:29:59Z', '1'), at('2026-07-15T20:30:00Z', '1')];
    expect(evaluateCompiled(compiled, { events, time_zone: 'Australia/Adelaide' }).steps.map((step) => step.bucket)).toEqual([
      '2026-07-15T14:30:00Z',
      '2026-07-15T20:30:00Z',
    ]);
  });

  it('knows weeks, months, years and parts of a day', () => {
    const bucketOf = (bucket: string) => run({ ...unit('1'), bucket }, [at('2026-07-15T13:47:00Z', '1')]).steps[0]!.bucket;
    expect(bucketOf('PT15M')).toBe('2026-07-15T13:45:00Z');
    expect(bucketOf('PT6H')).toBe('2026-07-15T12:00:00Z');
    expect(bucketOf('P1W')).toBe('2026-07-13T00:00:00Z');
    expect(bucketOf('P1M')).toBe('2026-07-01T00:00:00Z');
    expect(bucketOf('P1Y')).toBe('2026-01-01T00:00:00Z');
  });

  it('goes by each bucket’s summed quantity below zero', () => {
    const flats = { model: 'graduated', tiers: [{ up_to: null, unit_amount: '1', flat_amount: '3.00' }], bucket: 'P1D' };
    // first day 5 + 3; second day −2 without its flat amount
    expect(exact(flats, [at('2026-01-01T00:00:00Z', '5'), at('2026-01-02T00:00:00Z', '-2')], allow)).toBe('6');
  });

  it('needs events with a time', () => {
    const price = { ...unit('1'), bucket: 'P1D' };
    expect(() => evaluate({ currency: 'USD', price, quantity: '1' })).toThrow(
      expect.objectContaining({ code: 'events_required' }),
    );
    expect(() => run(price, [{ quantity: '1' }])).toThrow(expect.objectContaining({ code: 'usage_invalid' }));
  });
});
