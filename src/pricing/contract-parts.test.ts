import { describe } from 'vitest';
import { holds, tiers, unit } from './contract.fixture.ts';

const allow_negative = true;

describe('matrix', () => {
  const at = (properties: Record<string, unknown>, quantity = '1') => ({ quantity, properties });
  const matrix = (more: object = {}) => ({
    model: 'matrix',
    dimensions: ['region', 'size', 'spot'],
    cells: [
      { match: { region: 'eu', size: '5' }, price: unit('3') },
      { match: { size: '5' }, price: unit('2') },
      { match: { spot: 'true' }, price: { model: 'flat', amount: '7' } },
    ],
    ...more,
  });

  holds('takes the first cell whose every key matches as text', [
    [{ price: matrix(), events: [at({ region: 'eu', size: '5' })] }, '3'],
    [{ price: matrix(), events: [at({ region: 'eu', size: 5 })] }, '3'],
    [{ price: matrix(), events: [at({ region: 'us', size: 5, spot: true })] }, '2'],
    [{ price: matrix(), events: [at({ spot: true })] }, '7'],
    [{ price: matrix(), events: [at({ spot: 'true' }), at({ spot: true })] }, '7'],
    // texts are compared as they are
    [{ price: matrix(), events: [at({ size: '5.0' })] }, 'no_cell /events/0/properties'],
    [{ price: matrix(), events: [at({ size: ' 5' })] }, 'no_cell /events/0/properties'],
    [{ price: matrix(), events: [at({ size: null })] }, 'no_cell /events/0/properties'],
    [{ price: matrix(), events: [at({ size: ['5'] })] }, 'no_cell /events/0/properties'],
    // a key may be said as a number or a truth value too
    [
      {
        price: matrix({ cells: [{ match: { size: 5, spot: false }, price: unit('4') }] }),
        events: [at({ size: '5', spot: 'false' })],
      },
      '4',
    ],
    // a cell that asks for less, written first, wins
    [
      {
        price: matrix({
          cells: [
            { match: {}, price: unit('1') },
            { match: { size: '5' }, price: unit('9') },
          ],
        }),
        events: [at({ size: '5' })],
      },
      '1',
    ],
  ]);

  holds('falls to its default, also with a bare quantity; without one it says no_cell', [
    [{ price: matrix({ default: unit('9') }), events: [at({ size: '6' })] }, '9'],
    [{ price: matrix({ default: unit('9') }), quantity: '2' }, '18'],
    [{ price: matrix(), quantity: '2' }, 'no_cell /quantity'],
    [{ price: matrix(), events: [] }, '0'],
  ]);

  holds('gives each cell its own tiers, uses the outer included quantity up in order of events, and rounds nothing between', [
    [
      {
        price: matrix({
          cells: [
            {
              match: { size: '5' },
              price: { model: 'graduated', tiers: tiers(['1', { unit_amount: '10' }], [null, { unit_amount: '1' }]) },
            },
          ],
          default: unit('0.004'),
          included_quantity: '1.5',
        }),
        // 1.5 of the first event’s 2 is included: 0.5 × 0.004; the cell’s 3: 10 + 2
        events: [at({}, '2'), at({ size: '5' }, '3')],
      },
      '12.002',
    ],
    // by time the cell’s event comes first: 1.5 of its 3 are taken, 10 + 0.5 × 1 are left, and 2 × 0.004
    [
      {
        price: matrix({
          cells: [
            {
              match: { size: '5' },
              price: { model: 'graduated', tiers: tiers(['1', { unit_amount: '10' }], [null, { unit_amount: '1' }]) },
            },
          ],
          default: unit('0.004'),
          included_quantity: '1',
          discounts: [{ quantity: '0.5' }],
        }),
        events: [
          { ...at({}, '2'), time: '2026-01-02T00:00:00Z' },
          { ...at({ size: '5' }, '3'), time: '2026-01-01T00:00:00Z' },
        ],
      },
      '10.508',
    ],
    [
      { price: matrix({ cells: [{ match: {}, price: { model: 'dynamic' } }], included_quantity: '1' }), events: [] },
      'price_invalid /price/included_quantity term_unsupported',
    ],
  ]);

  holds('is refused when it cannot be read', [
    [{ price: matrix({ dimensions: ['size', 'size'] }), events: [] }, 'price_invalid /price/dimensions dimension_duplicate'],
    [
      { price: matrix({ cells: [{ match: { colour: 'red' }, price: unit('1') }] }), events: [] },
      'price_invalid /price/cells/0/match/colour dimension_unknown',
    ],
    [{ price: matrix({ cells: [] }), events: [] }, 'price_invalid /price/cells empty'],
    [
      { price: matrix({ cells: [{ match: {}, price: { model: 'unit' } }] }), events: [] },
      'price_invalid /price/cells/0/price/unit_amount required',
    ],
    [{ price: matrix({ transform: {} }), events: [] }, 'price_invalid /price/transform term_unsupported'],
    [{ price: matrix({ bucket: 'P1D' }), events: [] }, 'price_invalid /price/bucket term_unsupported'],
  ]);
});

describe('time_of_use', () => {
  const tou = (band: object, more: object = {}) => ({
    model: 'time_of_use',
    time_zone: 'Europe/Berlin',
    bands: [{ name: 'band', price: unit('1'), ...band }],
    default: unit('0'),
    ...more,
  });
  const at = (...times: string[]) => times.map((time) => ({ quantity: '1', time }));

  holds('places an event wholly in the band of its start: half-open, local, 24:00 at the end of the day', [
    // 07:00 in Berlin is 06:00 UTC in winter, 05:00 in summer
    [
      {
        price: tou({ from: '07:00', to: '24:00' }),
        events: at('2026-01-15T05:59:59.999Z', '2026-01-15T06:00:00Z', '2026-01-15T22:59:59.999999999Z'),
      },
      '2',
    ],
    [{ price: tou({ from: '07:00', to: '24:00' }), events: at('2026-07-15T05:00:00Z', '2026-07-15T04:59:59Z') }, '1'],
    [{ price: tou({ from: '07:00' }), events: at('2026-01-15T22:59:00Z') }, '1'],
    [{ price: tou({ to: '07:00' }), events: at('2026-01-14T23:00:00Z', '2026-01-15T05:59:00Z', '2026-01-15T06:00:00Z') }, '2'],
  ]);

  holds('wraps midnight, each moment with its own day and month', [
    // Friday 30 January 2026; from ten at night to six in the morning
    [
      {
        price: tou({ from: '22:00', to: '06:00', days: ['fri'] }),
        events: at('2026-01-30T22:30:00Z', '2026-01-31T03:00:00Z', '2026-01-30T03:00:00Z'),
      },
      '2',
    ],
    [
      { price: tou({ from: '22:00', to: '06:00', months: [1] }), events: at('2026-01-31T22:30:00Z', '2026-02-01T03:00:00Z') },
      '1',
    ],
    [
      {
        price: tou({ from: '12:00', to: '00:00' }),
        events: at('2026-01-15T11:00:00Z', '2026-01-15T22:59:00Z', '2026-01-15T23:00:00Z'),
      },
      '2',
    ],
  ]);

  holds('prices the hour that the clock shows twice twice, and the one that it skips never', [
    // 25 October 2026: 02:00–03:00 twice; 29 March: not at all
    [
      {
        price: tou({ from: '02:00', to: '03:00' }),
        events: at('2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z'),
      },
      '2',
    ],
    [
      {
        price: tou({ from: '02:00', to: '03:00' }),
        events: at('2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'),
      },
      '0',
    ],
  ]);

  holds('takes the first band that fits', [
    [
      {
        price: tou(
          {},
          {
            bands: [
              { name: 'sunday', days: ['sun'], price: unit('5') },
              { name: 'noon', from: '12:00', to: '13:00', price: unit('3') },
            ],
          },
        ),
        events: at('2026-01-18T11:30:00Z', '2026-01-19T11:30:00Z', '2026-01-19T13:30:00Z'),
      },
      '8',
    ],
  ]);

  holds('needs events with a time', [
    [{ price: tou({}), quantity: '1' }, 'events_required /events'],
    [{ price: tou({}), quantity: '0' }, 'events_required /events'],
    [{ price: tou({}), events: [{ quantity: '1' }] }, 'usage_invalid /events/0/time required'],
    [{ price: tou({}, { minimum_amount: '4' }), events: [] }, '4'],
  ]);

  holds('is refused when nothing could fit, or the runtime does not know the zone', [
    [{ price: tou({ from: '07:00', to: '07:00' }), events: [] }, 'price_invalid /price/bands/0/to band_empty'],
    [{ price: tou({ months: [13] }), events: [] }, 'price_invalid /price/bands/0/months/0 band_invalid'],
    [{ price: tou({ days: ['monday'] }), events: [] }, 'price_invalid /price/bands/0/days/0 band_invalid'],
    [{ price: tou({ from: '24:30' }), events: [] }, 'price_invalid /price/bands/0/from band_invalid'],
    [{ price: tou({}, { time_zone: 'Mars/Olympus' }), events: [] }, 'price_invalid /price/time_zone time_zone_unknown'],
    [
      { price: tou({}, { time_zone: '2026-01-01T00:00[Europe/Berlin]' }), events: [] },
      'price_invalid /price/time_zone time_zone_unknown',
    ],
    [{ price: tou({}, { default: undefined }), events: [] }, 'price_invalid /price/default required'],
  ]);
});

describe('bucket', () => {
  const at = (time: string, quantity: string) => ({ time, quantity });
  const day = (date: string, quantity: string) => at(`2026-01-${date}T10:00:00Z`, quantity);
  const graduated = (more: object = {}) => ({
    model: 'graduated',
    tiers: tiers(['10', { unit_amount: '1', flat_amount: '2' }], [null, { unit_amount: '5' }]),
    bucket: 'P1D',
    ...more,
  });

  holds('prices each bucket’s aggregate by itself, the rest on the sum', [
    // 12 and 3 a day: (10 + 2 + 10) + (3 + 2)
    [{ price: graduated(), events: [day('01', '5'), day('01', '7'), day('02', '3')] }, '27'],
    // the highest of each: (7 + 2) + (3 + 2)
    [{ price: graduated(), events: [day('01', '5'), day('01', '7'), day('02', '3')], aggregation: 'max' }, '14'],
    // two included in each: (10 + 2 + 0) + (1 + 2) = 15; half; − 1; at most 6
    [
      {
        price: graduated({ included_quantity: '2', discounts: [{ percent: '50' }, { amount: '1' }], maximum_amount: '6' }),
        events: [day('01', '12'), day('02', '3')],
      },
      '6',
    ],
    // a day whose usage sums to nothing is priced, one without events is not
    [{ price: graduated({ first_tier_flat_at_zero: true }), events: [day('01', '0'), day('05', '0')] }, '4'],
    [{ price: graduated({ first_tier_flat_at_zero: true }), events: [] }, '0'],
    [{ price: graduated({ minimum_amount: '9' }), events: [] }, '9'],
  ]);

  holds('goes by each bucket’s own sum below zero', [
    // 5 + 2, and −3 without its flat amount
    [{ price: graduated(), events: [day('01', '5'), day('02', '-3')], allow_negative }, '4'],
    // below zero in all: no minimum
    [{ price: graduated({ minimum_amount: '9' }), events: [day('01', '1'), day('02', '-3')], allow_negative }, '0'],
  ]);

  holds('is over events with a time, and divides a day or is a calendar’s', [
    [{ price: graduated(), quantity: '1' }, 'events_required /events'],
    [{ price: graduated(), events: [{ quantity: '1' }] }, 'usage_invalid /events/0/time required'],
    [{ price: graduated({ bucket: 'PT7H' }), events: [] }, 'price_invalid /price/bucket bucket_invalid'],
    [{ price: graduated({ bucket: 'P2D' }), events: [] }, 'price_invalid /price/bucket bucket_invalid'],
    [{ price: graduated({ bucket: 'PT1H' }), events: [at('2026-01-01T00:59:59Z', '8'), at('2026-01-01T01:00:00Z', '8')] }, '20'],
  ]);
});

describe('what one price may hold', () => {
  const many = (count: number) => [...Array.from({ length: count - 1 }, (_, at) => ({ up_to: `${at + 1}` })), { up_to: null }];

  holds('is bounded, so that no request can hold the server', [
    [{ price: { model: 'graduated', tiers: many(1000) }, quantity: '1' }, '0'],
    [{ price: { model: 'graduated', tiers: many(1001) }, quantity: '1' }, 'price_invalid /price/tiers too_many'],
    [{ price: { model: 'graduated', tiers: many(26), bucket: 'P1D' }, events: [] }, 'price_invalid /price/tiers too_many'],
    [
      { price: { model: 'matrix', dimensions: [], cells: Array(10_001).fill(0) }, quantity: '1' },
      'price_invalid /price/cells too_many',
    ],
    [
      { price: { model: 'time_of_use', time_zone: 'UTC', bands: Array(201).fill(0), default: unit('1') }, events: [] },
      'price_invalid /price/bands too_many',
    ],
  ]);
});

describe('fractions', () => {
  const held = (...pairs: (readonly [string, string | number])[]) =>
    pairs.map(([quantity, fraction]) => ({ quantity, fraction }));

  holds('multiply what units cost; ratios are exact until shown', [
    [{ price: unit('30'), events: held(['1', '11/30']) }, '11'],
    [{ price: unit('1'), events: held(['1', '1/3']) }, '0.333333333333333333'],
    [
      { price: unit('1'), events: held(['1', '1/3'], ['1', '2/3']) },
      { amount_exact: '1', steps: [{ amount: '0.333333333333333333' }, { amount: '0.666666666666666667' }] },
    ],
    [{ price: unit('1'), events: held(['1', 0.25]) }, '0.25'],
    // an event without one is held for the whole period
    [{ price: unit('1'), events: [...held(['1', '0.5']), { quantity: '1' }] }, '1.5'],
    [{ price: unit('1'), events: held(['1', '31/30']) }, 'usage_invalid /events/0/fraction fraction_invalid'],
    [{ price: unit('1'), events: held(['1', '1/0']) }, 'usage_invalid /events/0/fraction fraction_invalid'],
    [{ price: unit('1'), events: held(['1', '-1/2']) }, 'usage_invalid /events/0/fraction fraction_invalid'],
  ]);

  const graduated = {
    model: 'graduated',
    tiers: tiers(['2', { unit_amount: '10', flat_amount: '1' }], [null, { unit_amount: '4', flat_amount: '3' }]),
  };
  holds('do not choose the tier; flat amounts once entered are owed whole', [
    // 2 at 10 and 1 at 4, half of it: 12; both tiers were entered: 4
    [{ price: graduated, events: held(['3', '0.5']) }, '16'],
    // … then two are given back for a tenth: −(4 + 10) × 0.1
    [{ price: graduated, events: held(['3', '0.5'], ['-2', '0.1']), allow_negative }, '14.6'],
    // volume: three in all lie in the second tier, and owe its flat amount alone: 3 × 4 × 0.5 + 3
    [{ price: { ...graduated, model: 'volume' }, events: held(['3', '0.5']) }, '9'],
    // one in the end, the first tier: (3 × 0.5 − 2 × 0.1) × 10 + 1
    [{ price: { ...graduated, model: 'volume' }, events: held(['3', '0.5'], ['-2', '0.1']), allow_negative }, '14'],
    [
      { price: graduated, events: held(['1', '0.5'], ['-2', '0.5']), allow_negative },
      'running_total_negative /events/1/quantity',
    ],
    // minimum and discounts come after: 16 × 0.5 = 8, raised
    [{ price: { ...graduated, discounts: [{ percent: '50' }], minimum_amount: '9' }, events: held(['3', '0.5']) }, '9'],
  ]);
});

describe('an outer included quantity', () => {
  const daily = {
    model: 'matrix',
    dimensions: ['meter'],
    cells: [{ match: { meter: 'a' }, price: unit('2', { bucket: 'P1D' }) }],
    default: unit('1'),
    included_quantity: '5',
  };
  const peak = (day: string, quantity: string, meter = 'a') => ({
    quantity,
    time: `2026-07-${day}T12:00:00Z`,
    properties: { meter },
  });

  holds('is taken by event from what is cut into buckets, even where events do not add up', [
    // 4 and 1 of the first day's two are taken: the highest left are 1 and 3, at 2
    [{ price: daily, events: [peak('01', '4'), peak('01', '2'), peak('02', '3')], aggregation: 'max' }, '8'],
    // 1 of 5 is left over for the highest of the other meter: (3 − 1) at 1
    [{ price: daily, events: [peak('01', '4'), peak('02', '3', 'b')], aggregation: 'max' }, '2'],
  ]);

  holds('is taken from a bare quantity, which stays one inside', [
    [{ price: daily, quantity: '7' }, '2'],
    [{ price: { ...daily, default: unit('1', { bucket: 'P1D' }) }, quantity: '7' }, 'events_required /events'],
    [
      {
        price: { model: 'matrix', dimensions: [], cells: [], default: { model: 'percentage', rate: '1' } },
        quantity: '7',
      },
      'events_required /events',
    ],
  ]);
});

describe('negative quantities', () => {
  const graduated = {
    model: 'graduated',
    tiers: tiers(['10', { unit_amount: '1', flat_amount: '5' }], [null, { unit_amount: '2' }]),
    minimum_amount: '3',
    maximum_amount: '13',
    discounts: [{ amount: '4' }, { percent: '50' }],
  };
  holds('are refused, or mirrored without flat amounts, minimum and amount discounts', [
    [{ price: unit('1'), quantity: '-1' }, 'negative_refused /quantity'],
    // 10 + 20 = 30; half 15; at most 13
    [{ price: graduated, quantity: '-20', allow_negative }, '-13'],
    // 2; half 1: no minimum
    [{ price: graduated, quantity: '-2', allow_negative }, '-1'],
    [{ price: unit('1', { included_quantity: '5', discounts: [{ quantity: '1' }] }), quantity: '-8', allow_negative }, '-2'],
    [{ price: { model: 'package', package_size: '10', package_amount: '3' }, quantity: '-11', allow_negative }, '-6'],
    [{ price: { model: 'flat', amount: '7', minimum_amount: '8' }, quantity: '-1', allow_negative }, '8'],
    [{ price: unit('1', { maximum_amount: '5' }), quantity: '-9', allow_negative }, '-5'],
  ]);
});
