import { held, type Suite, tiers } from './suite.fixture.ts';

/** Units at 10 and then at 5, each tier with a flat amount. */
const seats = (first: string) => ({
  model: 'graduated',
  tiers: tiers([first, { unit_amount: '10', flat_amount: '100' }], [null, { unit_amount: '5', flat_amount: '50' }]),
});

/** The same with a third tier. */
const blocks = {
  model: 'graduated',
  tiers: tiers(
    ['5', { unit_amount: '10', flat_amount: '100' }],
    ['15', { unit_amount: '5', flat_amount: '50' }],
    [null, { unit_amount: '2', flat_amount: '0' }],
  ),
};

const adjacent = (bounds: readonly [string, string], flat?: string) => ({
  model: 'graduated',
  tiers: tiers(
    [bounds[0], { unit_amount: '1', flat_amount: flat }],
    [bounds[1], { unit_amount: '2' }],
    [null, { unit_amount: '3' }],
  ),
});

/** Lago’s prorated charges: units that were held for a part of the period. */
export const lagoProrated: readonly Suite[] = [
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/prorated_graduated_service_spec.rb',
    groups: [
      {
        test: 'returns expected amount',
        price: seats('5'),
        rounded: true,
        allow_negative: true,
        answers: [[held(['5', '0.7'], ['5', '0.533334'], ['10', '0.2'], ['-6', '11/30']), '197.33']],
      },
      {
        test: 'when zero usage',
        price: { ...seats('5'), first_tier_flat_at_zero: true },
        answers: [[[], '100']],
      },
      {
        test: 'with event that cannot be fully placed into the range',
        price: seats('5'),
        rounded: true,
        allow_negative: true,
        answers: [[held(['2', '0.7'], ['5', '0.533334'], ['10', '0.2'], ['-6', '11/30']), '184.33']],
      },
      {
        test: 'with final number of units equals to zero',
        price: seats('5'),
        rounded: true,
        allow_negative: true,
        answers: [[held(['1', '0.7097'], ['4', '0.3870975'], ['1', '0.2258'], ['-5', '0.16129'], ['-1', '0.0645']), '165.81']],
      },
      {
        test: 'with negative event that results in changing range',
        price: seats('5'),
        rounded: true,
        allow_negative: true,
        answers: [
          [held(['5', '0.7'], ['-2', '0.5']), '125.00'],
          [held(['4', '0.7'], ['2', '0.5'], ['-3', '0.2']), '180.50'],
          [held(['5', '0.7'], ['2', '0.5'], ['-4', '0.4'], ['10', '0.2']), '190.00'],
        ],
      },
      {
        test: 'with negative event that results in negative total amount',
        price: seats('5'),
        allow_negative: true,
        because: 'More units given back than held',
        answers: [
          [held(['5', '0.4'], ['-100', '0.3333']), '0', 'running_total_negative'],
          [held(['4', '0.4'], ['-100', '0.3333']), '0', 'running_total_negative'],
        ],
      },
      { test: 'when only one range is used', price: seats('5'), answers: [[held(['1', '0.7']), '107']] },
      {
        test: 'with two ranges where first unit fully covers first range',
        price: seats('1'),
        answers: [[held(['1', '0.7']), '107']],
      },
      {
        test: 'with three ranges and one overflow',
        price: blocks,
        rounded: true,
        allow_negative: true,
        answers: [
          [held(['2', '0.7'], ['5', '0.5'], ['10', '0.2'], ['-6', '11/30'], ['4', '0.16675'], ['60', '1/30']), '191.34'],
          [held(['75', '1']), '370.00'],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/prorated_adjacent_graduated_service_spec.rb',
    groups: [
      {
        test: 'empties the top tiers first on a decrease',
        price: adjacent(['10', '20']),
        allow_negative: true,
        answers: [[held(['15', '1'], ['-6', '1']), '9']],
      },
      {
        test: 'takes the removed units back from the tiers they sat in',
        price: adjacent(['10', '20']),
        allow_negative: true,
        answers: [[held(['11', '1'], ['-2', '0.5']), '10.5']],
      },
      {
        test: 'bills that unit at its own tier’s price',
        price: adjacent(['2', '3']),
        answers: [[held(['5', '1'], ['2', '1']), '16']],
      },
      {
        test: 'splits the event at the decimal bound',
        price: { model: 'graduated', tiers: tiers(['10.5', { unit_amount: '1' }], [null, { unit_amount: '2' }]) },
        answers: [[held(['12', '0.5']), '6.75']],
      },
      {
        test: 'charges the flat amounts of the tiers it reached; the next tier’s too past a bound',
        price: { model: 'graduated', tiers: tiers(['10', { flat_amount: '100' }], [null, { flat_amount: '50' }]) },
        allow_negative: true,
        answers: [
          [held(['10', '1'], ['-4', '1']), '100'],
          [held(['10', '1'], ['1', '1'], ['-4', '1']), '150'],
        ],
      },
      {
        test: 'with an addition worth nothing in the period: leaves it out of the tiers',
        price: adjacent(['10', '20']),
        because: 'Units held for no time',
        // ours: the five lie above the ten that were there, at 2
        answers: [[held(['10', '0'], ['5', '1']), '5', '10']],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/scenarios/charge_models/prorated_graduated_spec.rb',
    groups: [
      {
        test: 'three ranges and one overflow case, September 2023 day by day',
        price: blocks,
        rounded: true,
        allow_negative: true,
        answers: [
          [held(['2', '21/30']), '114.00'],
          [held(['2', '21/30'], ['5', '15/30']), '184.00'],
          [held(['2', '21/30'], ['5', '15/30'], ['-6', '11/30']), '165.67'],
          [held(['2', '21/30'], ['5', '15/30'], ['-6', '11/30'], ['10', '6/30']), '179.67'],
          [held(['2', '21/30'], ['5', '15/30'], ['-6', '11/30'], ['10', '6/30'], ['4', '5/30']), '183.00'],
          [held(['2', '21/30'], ['5', '15/30'], ['-6', '11/30'], ['10', '6/30'], ['4', '5/30'], ['60', '1/30']), '187.00'],
        ],
      },
      {
        test: 'three ranges, October: 75 units stay, 20 come on the 17th',
        price: blocks,
        rounded: true,
        answers: [
          [held(['75', '1']), '370.00'],
          [held(['75', '1'], ['20', '15/31']), '389.35'],
        ],
      },
      {
        test: 'when upgrade is performed: 17 days of the old plan, 14 of the new one, then a whole month',
        price: blocks,
        rounded: true,
        answers: [
          [held(['75', '17/31'], ['20', '2/31']), '273.23'],
          [held(['95', '14/31']), '267.42'],
          [held(['95', '1']), '410.00'],
        ],
      },
      {
        test: 'when there are old events before first invoice',
        price: { model: 'graduated', tiers: tiers(['5', { unit_amount: '0' }], [null, { unit_amount: '12' }]) },
        rounded: true,
        answers: [
          [held(['5', '1'], ['5', '1']), '60.00'],
          [held(['10', '1'], ['2', '26/31']), '80.13'],
        ],
      },
      {
        test: 'when there are old events before first invoice and subscription is terminated',
        price: { model: 'graduated', tiers: tiers(['5', { unit_amount: '0' }], [null, { unit_amount: '10' }]) },
        rounded: true,
        answers: [
          [held(['6', '1']), '10.00'],
          [held(['6', '1'], ['1', '25/31']), '18.06'],
          [held(['6', '7/31'], ['1', '1/31']), '2.58'],
        ],
      },
      {
        test: 'with unique_count_agg, two ranges: added, removed',
        price: seats('1'),
        rounded: true,
        allow_negative: true,
        answers: [
          [held(['1', '21/30']), '107.00'],
          [held(['1', '21/30'], ['-1', '18/30']), '101.00'],
          [held(['3', '1']), '170.00'],
          [held(['3', '1'], ['1', '15/31']), '172.42'],
        ],
      },
      {
        test: 'with unique_count_agg, two ranges: added again after it was removed',
        price: seats('1'),
        rounded: true,
        allow_negative: true,
        because: 'A unit that comes back',
        // ours: the first tier is empty again, so 10 × 17/30: 101 + 5.67
        answers: [[held(['1', '21/30'], ['-1', '18/30'], ['1', '17/30']), '153.83', '106.67']],
      },
      {
        test: 'with unique_count_agg, multiple events on the same day',
        price: seats('5'),
        rounded: true,
        answers: [
          [held(['1', '22/31']), '107.10'],
          [held(['1', '22/31'], ['1', '12/31']), '110.97'],
          [held(['1', '22/31'], ['1', '12/31'], ['1', '12/31']), '114.84'],
          [held(['1', '22/31'], ['1', '12/31'], ['1', '12/31'], ['1', '12/31']), '118.71'],
          [held(['1', '22/31'], ['1', '12/31'], ['1', '12/31'], ['1', '12/31'], ['1', '12/31']), '122.58'],
          [held(['1', '22/31'], ['1', '12/31'], ['1', '12/31'], ['1', '12/31'], ['1', '12/31'], ['1', '7/31']), '173.71'],
          [held(['6', '1']), '205.00'],
        ],
      },
    ],
  },
];
