import { describe } from 'vitest';
import { type Case, holds, tiers, unit } from './contract.fixture.ts';

const fee = (more: object = {}) => ({ model: 'percentage', rate: '10', ...more });
const of = (...amounts: string[]) => amounts.map((amount) => ({ amount }));
const used = (...quantities: string[]) => quantities.map((quantity) => ({ quantity }));
const allow_negative = true;

describe('evaluate', () => {
  holds('answers the quantity as given, the amount with the currency’s decimals, the rest shortest', [
    [
      { price: unit('1'), quantity: '007.50' },
      { quantity: '007.50', amount: '7.50', amount_exact: '7.5' },
    ],
    [
      { price: unit('1'), quantity: 7.5 },
      { quantity: '7.5', amount: '7.50' },
    ],
    [
      { currency: 'JPY', price: unit('0.5'), quantity: '3' },
      { amount: '2', amount_exact: '1.5' },
    ],
    [
      { currency: 'KWD', price: unit('0.0005'), quantity: '1' },
      { amount: '0.001', amount_exact: '0.0005' },
    ],
    [{ currency: 'CLF', price: unit('1'), quantity: '1' }, { amount: '1.0000' }],
    [
      { price: unit('0.000000000001'), quantity: '0.000000000001' },
      { amount: '0.00', amount_exact: '0.000000000000000000000001' },
    ],
  ]);

  holds('takes exactly one of quantity and events, and a currency that is one', [
    [{ price: unit('1') }, 'quantity_or_events /quantity'],
    [{ price: unit('1'), quantity: '1', events: [] }, 'quantity_or_events /events'],
    [{ currency: 'XXX', price: unit('1'), quantity: '1' }, 'currency_unknown /currency'],
    [{ currency: 'usd', price: unit('1'), quantity: '1' }, 'currency_unknown /currency'],
  ]);

  holds('rounds once: half_up and up away from zero, half_even to the even digit, down towards zero', [
    [{ price: unit('0.005'), quantity: '1' }, { amount: '0.01' }],
    [{ price: unit('0.005'), quantity: '1', rounding: 'half_even' }, { amount: '0.00' }],
    [{ price: unit('0.015'), quantity: '1', rounding: 'half_even' }, { amount: '0.02' }],
    [{ price: unit('0.001'), quantity: '1', rounding: 'up' }, { amount: '0.01' }],
    [{ price: unit('0.009'), quantity: '1', rounding: 'down' }, { amount: '0.00' }],
    [{ price: unit('-0.005'), quantity: '1' }, { amount: '-0.01' }],
    [{ price: unit('-0.001'), quantity: '1', rounding: 'up' }, { amount: '-0.01' }],
    [
      { price: unit('-0.004'), quantity: '1' },
      { amount: '0.00', amount_exact: '-0.004' },
    ],
  ]);

  holds('limits quantities to 12 decimals and 26 digits before them, as written, and knows no exponent', [
    [{ price: unit('1'), quantity: '99999999999999999999999999.999999999999' }, '99999999999999999999999999.999999999999'],
    [{ price: unit('1'), quantity: '100000000000000000000000000' }, 'usage_invalid /quantity too_many_digits'],
    [{ price: unit('1'), quantity: '000000000000000000000000001' }, 'usage_invalid /quantity too_many_digits'],
    [{ price: unit('1'), quantity: '1.0000000000000' }, 'usage_invalid /quantity too_many_decimals'],
    ...['NaN', 'Infinity', '1e3', '+1', '.5', '5.', '', ' 1', '1,5', '0x10', '--1', '１'].map(
      (quantity): Case => [{ price: unit('1'), quantity }, 'usage_invalid /quantity decimal_invalid'],
    ),
    [{ price: unit('1'), quantity: 0.1 + 0.2 }, 'usage_invalid /quantity decimal_invalid'],
  ]);
});

describe('transform', () => {
  holds('multiplies, then divides; precision alone means half_up; a sign is kept', [
    // 7 × 3 / 2 = 10.5
    [{ price: unit('1', { transform: { multiply: '3', divide: '2' } }), quantity: '7' }, '10.5'],
    [{ price: unit('1', { transform: { multiply: '3', divide: '2', precision: 0 } }), quantity: '7' }, '11'],
    [{ price: unit('1', { transform: { multiply: '3', divide: '2', round: 'down' } }), quantity: '7' }, '10'],
    [{ price: unit('1', { transform: { precision: 1 } }), quantity: '0.25' }, '0.3'],
    // mirrored: up is away from zero
    [{ price: unit('1', { transform: { divide: '2', round: 'up' } }), quantity: '-3', allow_negative }, '-2'],
    [{ price: unit('1', { transform: { divide: '2', round: 'down' } }), quantity: '-3', allow_negative }, '-1'],
  ]);

  holds('comes before everything that is counted', [
    // 1 500 MB are 2 GB begun; one included; the rest in packages of 0.5 GB
    [
      {
        price: {
          model: 'package',
          package_size: '0.5',
          package_amount: '3',
          included_quantity: '1',
          transform: { divide: '1000', round: 'up' },
        },
        quantity: '1500',
      },
      '6',
    ],
    // nothing begun is nothing
    [{ price: unit('1', { transform: { divide: '1000', round: 'up' } }), quantity: '0' }, '0'],
    [{ price: unit('1', { transform: { divide: '1000', round: 'up' } }), quantity: '0.000000000001' }, '1'],
  ]);
});

describe('tiers', () => {
  const steps = tiers(
    ['10', { unit_amount: '1', flat_amount: '5' }],
    ['20.5', { unit_amount: '2' }],
    [null, { unit_amount: '3', flat_amount: '7' }],
  );

  holds('hold their upper bound, and begin a hair past the one before', [
    [{ price: { model: 'graduated', tiers: steps }, quantity: '10' }, '15'],
    // 15 + 0.000000000001 × 2
    [{ price: { model: 'graduated', tiers: steps }, quantity: '10.000000000001' }, '15.000000000002'],
    [{ price: { model: 'graduated', tiers: steps }, quantity: '20.5' }, '36'],
    // 36 + 7 + a hair at 3
    [{ price: { model: 'graduated', tiers: steps }, quantity: '20.500000000001' }, '43.000000000003'],
    [{ price: { model: 'volume', tiers: steps }, quantity: '10' }, '15'],
    [{ price: { model: 'volume', tiers: steps }, quantity: '10.000000000001' }, '20.000000000002'],
  ]);

  holds('owe a flat amount when entered; at zero, as it reaches the model, only with the flag', [
    [{ price: { model: 'graduated', tiers: steps }, quantity: '0' }, '0'],
    [{ price: { model: 'graduated', tiers: steps, first_tier_flat_at_zero: true }, quantity: '0' }, '5'],
    [{ price: { model: 'graduated', tiers: steps, first_tier_flat_at_zero: false }, quantity: '0' }, '0'],
    // all included: nothing reaches the model
    [{ price: { model: 'volume', tiers: steps, included_quantity: '8' }, quantity: '8' }, '0'],
    [{ price: { model: 'volume', tiers: steps, included_quantity: '8', first_tier_flat_at_zero: true }, quantity: '3' }, '5'],
    [{ price: { model: 'volume', tiers: steps, included_quantity: '8' }, quantity: '8.5' }, '5.5'],
    [{ price: { model: 'volume', tiers: steps, first_tier_flat_at_zero: true }, events: [] }, '5'],
  ]);

  holds('choose after the included quantity', [
    // 30.5 − 20 = 10.5: the second tier, all of it at 2
    [{ price: { model: 'volume', tiers: steps, included_quantity: '20' }, quantity: '30.5' }, '21'],
    [{ price: { model: 'volume', tiers: steps, included_quantity: '20' }, quantity: '30' }, '15'],
    // 10 + 5, then 0.5 × 2
    [{ price: { model: 'graduated', tiers: steps, included_quantity: '20' }, quantity: '30.5' }, '16'],
  ]);

  const sized = tiers(
    ['10', { unit_amount: '4', package_size: '4' }],
    [null, { unit_amount: '1', package_size: '3', flat_amount: '2', maximum_amount: '5' }],
  );
  holds(
    'count started packages within the tier (graduated) or over the whole quantity (volume), and cap units and flat together',
    [
      // 10 are three packages of 4
      [{ price: { model: 'graduated', tiers: sized }, quantity: '10' }, '12'],
      // and 1 begins one of 3: 12 + 1 + 2
      [{ price: { model: 'graduated', tiers: sized }, quantity: '11' }, '15'],
      // 10 more are four: 4 + 2 capped at 5
      [{ price: { model: 'graduated', tiers: sized }, quantity: '20' }, '17'],
      // 7 are three packages in all: 3 + 2
      [
        {
          price: { model: 'volume', tiers: tiers(['6', { unit_amount: '9' }], ...([[null, sized[1]!]] as const)) },
          quantity: '7',
        },
        '5',
      ],
      [{ price: { model: 'volume', tiers: sized }, quantity: '11' }, '5'],
      [{ price: { model: 'volume', tiers: sized }, quantity: '5' }, '8'],
    ],
  );

  const graduated = (...list: object[]) => ({ price: { model: 'graduated', tiers: list }, quantity: '1' });
  holds('are refused by name: a gap, an overlap, a descent, a missing last tier, a wrong exponent', [
    [graduated({ unit_amount: '1' }, { up_to: null }), 'price_invalid /price/tiers/0/up_to tiers_gap'],
    [graduated({ up_to: '5' }, { up_to: '5' }, { up_to: null }), 'price_invalid /price/tiers/1/up_to tiers_overlap'],
    [graduated({ up_to: null }, { up_to: '5' }), 'price_invalid /price/tiers/0/up_to tiers_overlap'],
    [graduated({ up_to: '5' }, { up_to: '4' }, { up_to: null }), 'price_invalid /price/tiers/1/up_to tiers_descend'],
    [graduated({ up_to: '5' }), 'price_invalid /price/tiers/0/up_to tiers_missing_last'],
    [graduated(), 'price_invalid /price/tiers tiers_missing_last'],
    [graduated({ up_to: null, flat_amount: '1.001' }), 'price_invalid /price/tiers/0/flat_amount too_many_decimals'],
    [graduated({ up_to: null, flat_amount: '1.000' }), 'price_invalid /price/tiers/0/flat_amount too_many_decimals'],
    [graduated({ up_to: null, unit_amount: '0.0000000000001' }), 'price_invalid /price/tiers/0/unit_amount too_many_decimals'],
  ]);
});

describe('percentage', () => {
  holds('ends the free part with whichever ends first; absent and zero do not count', [
    // two events are free; the third, 30, pays
    [{ price: fee({ free_events: '2', free_amount: '1000' }), events: of('10', '20', '30') }, '3'],
    // 100 are free: the second pays on 20 of its 50
    [{ price: fee({ free_events: '9', free_amount: '100' }), events: of('70', '50', '10') }, '3'],
    [{ price: fee({ free_events: '0', free_amount: '0' }), events: of('10') }, '1'],
    [{ price: fee({ free_events: 0, free_amount: '100' }), events: of('100', '10') }, '1'],
    [{ price: fee({ free_events: '1', free_amount: 0 }), events: of('100', '10') }, '1'],
    // both end at the same event: the third is charged in full
    [{ price: fee({ free_events: '2', free_amount: '30' }), events: of('10', '20', '30') }, '3'],
  ]);

  holds('charges the crossing event its fixed amount in full and the rate on the excess, within the bounds per event', [
    // 50 of 60 beyond: 5 + 2
    [{ price: fee({ fixed_amount: '2', free_amount: '10' }), events: of('60') }, '7'],
    [{ price: fee({ fixed_amount: '2', free_amount: '10', max_per_event: '6' }), events: of('60') }, '6'],
    // 0.01 × 10 % is raised to 1; the free one before has no minimum
    [{ price: fee({ free_amount: '10', min_per_event: '1' }), events: of('10', '0.01') }, '1'],
    // an event of zero after the amount is reached exactly is free; after the crossing it is not
    [{ price: fee({ fixed_amount: '2', free_amount: '10', min_per_event: '1' }), events: of('10', '0', '5', '0') }, '4.5'],
  ]);

  holds('needs amounts that are not below zero, and events', [
    [{ price: fee(), events: [{ quantity: '1' }] }, 'usage_invalid /events/0/amount required'],
    [{ price: fee(), events: of('1', '-1'), allow_negative }, 'negative_refused /events/1/amount'],
    [{ price: fee(), quantity: '5' }, 'events_required /events'],
    [{ price: fee(), events: [] }, '0'],
    [{ price: fee({ minimum_amount: '3' }), events: [] }, '3'],
    [{ price: { model: 'dynamic' }, events: of('1', '-3') }, '-2'],
    [{ price: { model: 'dynamic' }, quantity: '1' }, 'events_required /events'],
  ]);

  const graduated = {
    model: 'graduated_percentage',
    tiers: tiers(['100', { rate: '10', flat_amount: '1' }], [null, { rate: '1' }]),
  };
  holds('by tiers is over the quantity as money, or the sum of the events’ amounts', [
    [{ price: graduated, quantity: '150' }, '11.5'],
    [
      { price: graduated, events: of('100', '50') },
      { amount_exact: '11.5', quantity: '150' },
    ],
    [{ price: graduated, events: of('100'), aggregation: 'max' }, '11'],
    [{ price: graduated, events: used('1') }, 'usage_invalid /events/0/amount required'],
    [{ price: graduated, quantity: '0' }, '0'],
    [{ price: { ...graduated, first_tier_flat_at_zero: true }, quantity: '0' }, '1'],
    // below zero it is mirrored, without its flat amount
    [{ price: graduated, quantity: '-150', allow_negative }, '-10.5'],
  ]);
});

describe('events', () => {
  const t = (time: string, request_id?: string, quantity = '1') => ({
    time,
    quantity,
    ...(request_id === undefined ? {} : { request_id }),
  });
  const latest = { price: unit('1'), aggregation: 'latest' as const };
  const noon = '2026-01-01T12:00:00Z';

  holds('count in order of time and request id, those without an id as given', [
    [{ ...latest, events: [t(noon, 'b', '2'), t('2026-01-01T13:00:00+02:00', 'z', '9'), t(noon, 'a', '3')] }, '2'],
    // eleven at one moment, without ids: the last given is the latest
    [{ ...latest, events: Array.from({ length: 11 }, (_, at) => t(noon, undefined, `${at}`)) }, '10'],
    [{ ...latest, events: used('1', '5', '3') }, '3'],
  ]);

  holds('become one quantity', [
    [{ price: unit('1'), events: used('1', '2', '4'), aggregation: 'average' }, '2.333333333333333333'],
    [
      { price: unit('3'), events: used('1', '2', '4'), aggregation: 'average' },
      { amount_exact: '7', quantity: '2.333333333333333333' },
    ],
    [{ price: unit('1'), events: [{}, {}], aggregation: 'count' }, '2'],
    [{ price: unit('1'), events: [{}] }, 'usage_invalid /events/0/quantity required'],
    [{ price: unit('1'), events: used('-5', '-3'), aggregation: 'max', allow_negative }, '-3'],
    [{ price: unit('1'), events: used('1', '-3') }, 'negative_refused /events/1/quantity'],
  ]);

  holds('have times with an offset', [
    ...['2026-01-01T00:00:00', '2026-02-30T00:00:00Z', '2026-01-01', 'now', '2026-01-01T24:00:00Z'].map(
      (time): Case => [{ price: unit('1'), events: [{ quantity: '1', time }] }, 'usage_invalid /events/0/time time_invalid'],
    ),
  ]);
});

describe('discounts, maximum and minimum', () => {
  holds('keep their order, whatever order they are written in', [
    // 10 − 2 = 8 units at 10: 80; half of it 40; − 5 = 35; at most 30; at least 20
    [
      {
        price: unit('10', {
          discounts: [{ amount: '5' }, { percent: '50' }, { quantity: '2' }],
          maximum_amount: '30',
          minimum_amount: '20',
        }),
        quantity: '10',
      },
      '30',
    ],
    // percentages one after another: 100 × 0.5 × 0.8
    [{ price: unit('1', { discounts: [{ percent: '50' }, { percent: '20' }] }), quantity: '100' }, '40'],
  ]);

  holds('never go below zero, and leave what is below it already', [
    [{ price: unit('1', { discounts: [{ quantity: '5' }] }), quantity: '3' }, '0'],
    [{ price: unit('1', { discounts: [{ amount: '5' }] }), quantity: '3' }, '0'],
    [{ price: unit('-1', { discounts: [{ amount: '5' }] }), quantity: '3' }, '-3'],
    [{ price: unit('1', { discounts: [{ percent: '100' }], minimum_amount: '2' }), quantity: '3' }, '2'],
    [{ price: unit('-1', { minimum_amount: '2' }), quantity: '3' }, '2'],
  ]);

  holds('are refused where they cannot be', [
    [
      { price: unit('1', { minimum_amount: '2', maximum_amount: '1.99' }), quantity: '1' },
      'price_invalid /price/minimum_amount minimum_above_maximum',
    ],
    [
      { price: unit('1', { discounts: [{ percent: '100.1' }] }), quantity: '1' },
      'price_invalid /price/discounts/0/percent percent_over_100',
    ],
    [{ price: unit('1', { transform: { divide: '0' } }), quantity: '1' }, 'price_invalid /price/transform/divide not_above_zero'],
    [
      { price: { model: 'package', package_size: '0', package_amount: '1' }, quantity: '1' },
      'price_invalid /price/package_size not_above_zero',
    ],
    [
      { price: { model: 'flat', amount: '1', included_quantity: '1' }, quantity: '1' },
      'price_invalid /price/included_quantity term_unsupported',
    ],
    [
      { price: fee({ discounts: [{ quantity: '1' }] }), events: [] },
      'price_invalid /price/discounts/0/quantity term_unsupported',
    ],
    [{ price: { model: 'dynamic', bucket: 'P1D' }, events: [] }, 'price_invalid /price/bucket term_unsupported'],
    [{ price: unit('1', { colour: 'red' }), quantity: '1' }, 'price_invalid /price/colour unknown_field'],
    [{ price: { model: 'stairs' }, quantity: '1' }, 'price_invalid /price/model model_unknown'],
    [{ price: 'unit', quantity: '1' }, 'price_invalid /price wrong_type'],
  ]);
});
