import { amounts, held, type Suite, tiers } from './suite.fixture.ts';

const graduated = {
  model: 'graduated',
  tiers: tiers(
    ['10', { unit_amount: '10', flat_amount: '2' }],
    ['20', { unit_amount: '5', flat_amount: '3' }],
    [null, { unit_amount: '5', flat_amount: '3' }],
  ),
  first_tier_flat_at_zero: true,
};

const volume = {
  model: 'volume',
  tiers: tiers(
    ['100', { unit_amount: '2', flat_amount: '10' }],
    ['200', { unit_amount: '1', flat_amount: '0' }],
    [null, { unit_amount: '0.5', flat_amount: '50' }],
  ),
  first_tier_flat_at_zero: true,
};

const fee = { model: 'percentage', rate: '1.3', fixed_amount: '2.0' };
const four = amounts('50', '100', '250', '400');
const bounded = { model: 'percentage', rate: '2.99', fixed_amount: '0', min_per_event: '1.75', max_per_event: '12' };
const three = amounts('10', '80', '10000');

export const lago: readonly Suite[] = [
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/standard_service_spec.rb',
    groups: [
      {
        test: 'applies the charge model to the value',
        price: { model: 'unit', unit_amount: '5.12345' },
        answers: [['10', '51.2345']],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/graduated_service_spec.rb',
    groups: [
      {
        test: 'when aggregation is 0, 1, 10, 11, 12, 21',
        price: graduated,
        answers: [
          ['0', '2'],
          ['1', '12'],
          ['10', '102'],
          ['11', '110'],
          ['12', '115'],
          ['21', '163'],
        ],
      },
      {
        test: 'when first tier flat amount is zero',
        price: {
          model: 'graduated',
          tiers: tiers(
            ['0.01', { unit_amount: '0', flat_amount: '0' }],
            ['10', { unit_amount: '10', flat_amount: '2' }],
            [null, { unit_amount: '5', flat_amount: '3' }],
          ),
          first_tier_flat_at_zero: true,
        },
        answers: [['0', '0']],
      },
      {
        test: 'with decimal adjacent ranges',
        price: {
          model: 'graduated',
          tiers: tiers(['0.1', { unit_amount: '10' }], ['1', { unit_amount: '5' }], [null, { unit_amount: '2' }]),
        },
        answers: [
          ['0.05', '0.5'],
          ['0.5', '3'],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/volume_service_spec.rb',
    groups: [
      {
        test: 'when aggregation is 0, 1, 100, 100.5, 101, 200, 210, 300',
        price: volume,
        answers: [
          ['0', '10'],
          ['1', '12'],
          ['100', '210'],
          ['100.5', '100.5'],
          ['101', '101'],
          ['200', '200'],
          ['210', '155'],
          ['300', '200'],
        ],
      },
      {
        test: 'when first tier flat amount is zero',
        price: {
          model: 'volume',
          tiers: tiers(
            ['1', { unit_amount: '0', flat_amount: '0' }],
            ['100', { unit_amount: '2', flat_amount: '10' }],
            [null, { unit_amount: '0.5', flat_amount: '50' }],
          ),
          first_tier_flat_at_zero: true,
        },
        answers: [['0', '0']],
      },
      {
        test: 'when aggregation is negative',
        price: volume,
        because: 'Negative usage',
        answers: [['-5', '0', 'negative_refused']],
      },
      {
        test: 'when aggregation is negative (and negative usage is allowed here)',
        price: volume,
        allow_negative: true,
        because: 'Negative usage',
        answers: [['-5', '0', '-10']],
      },
      // 198.6 of 300 units were there: 198.6/300 = 0.662
      { test: 'when charge is prorated', price: volume, answers: [[held(['300', '0.662']), '149.3']] },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/package_service_spec.rb',
    groups: [
      {
        test: 'applies the package size to the value',
        price: { model: 'package', package_size: '10', package_amount: '100' },
        answers: [['121', '1300']],
      },
      {
        test: 'with free_units',
        price: { model: 'package', package_size: '10', package_amount: '100', included_quantity: '10' },
        answers: [['121', '1200']],
      },
      {
        test: 'when free units is higher than the value',
        price: { model: 'package', package_size: '10', package_amount: '100', included_quantity: '200' },
        answers: [['121', '0']],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/percentage_service_spec.rb',
    groups: [
      {
        test: 'when aggregation value is 0',
        price: { ...fee, free_events: '3', free_amount: '250' },
        because: 'Events of nothing',
        answers: [
          [[], '0'],
          [amounts('0', '0', '0', '0'), '0', '2'],
        ],
      },
      {
        test: 'when fixed amount value is 0',
        price: { ...fee, free_events: '3', free_amount: '250.0' },
        answers: [[four, '11.15']],
      },
      {
        test: 'with small units amount',
        price: { model: 'percentage', rate: '2.9' },
        answers: [[amounts('1', '1', '1', '1'), '0.116']],
      },
      { test: 'when rate is 0', price: { ...fee, rate: '0' }, answers: [[four, '8']] },
      { test: 'when free_units_per_events is nil', price: { ...fee, free_amount: '250' }, answers: [[four, '11.15']] },
      { test: 'when free_units_per_total_aggregation is nil', price: { ...fee, free_events: '3' }, answers: [[four, '7.2']] },
      { test: 'when free units are not set', price: fee, answers: [[four, '18.4']] },
      {
        test: 'when free_units_per_total_aggregation > last running total',
        price: { ...fee, free_events: '3', free_amount: '500' },
        answers: [[four, '7.2']],
      },
      { test: 'when free_units_count > number of events', price: { ...fee, free_events: '5' }, answers: [[four, '0']] },
      {
        test: 'does not apply max and min if not premium',
        price: { model: 'percentage', rate: '2.99', fixed_amount: '0', free_amount: '0' },
        answers: [[three, '301.691']],
      },
      { test: 'applies the min and max per transaction', price: { ...bounded, free_amount: '0' }, answers: [[three, '16.142']] },
      { test: 'with fixed_amount', price: { ...bounded, fixed_amount: '2.0' }, answers: [[three, '18.691']] },
      { test: 'with free units per events', price: { ...bounded, free_events: '2' }, answers: [[three, '12']] },
      { test: 'with free units per total aggregation', price: { ...bounded, free_amount: '30' }, answers: [[three, '13.794']] },
      {
        test: 'when both free units per events and per total aggregation are applied',
        price: { ...bounded, free_events: '3', free_amount: '10000' },
        answers: [[three, '2.691']],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/scenarios/charge_models/percentage_spec.rb',
    groups: [
      {
        test: 'with free_units_per_events and fixed_amount',
        price: { model: 'percentage', rate: '1', fixed_amount: '5', free_events: '3' },
        rounded: true,
        answers: [
          [amounts('10'), '0.00'],
          [amounts('10', '10'), '0.00'],
          [amounts('10', '10', '10'), '0.00'],
          [amounts('10', '10', '10', '10'), '5.10'],
        ],
      },
      {
        test: 'with free_units_per_total_aggregation and fixed_amount',
        price: { model: 'percentage', rate: '1', fixed_amount: '5', free_amount: '15.0' },
        rounded: true,
        answers: [
          [amounts('4'), '0.00'],
          [amounts('4', '4'), '0.00'],
          [amounts('4', '4', '4'), '0.00'],
          [amounts('4', '4', '4', '4'), '5.01'],
          [amounts('4', '4', '4', '4', '10'), '10.11'],
        ],
      },
      {
        test: 'with free_units_per_events, free_units_per_total_aggregation and fixed_amount (events overage)',
        price: { model: 'percentage', rate: '1', fixed_amount: '5', free_events: '3', free_amount: '15.0' },
        rounded: true,
        answers: [
          [amounts('1'), '0.00'],
          [amounts('1', '1'), '0.00'],
          [amounts('1', '1', '1'), '0.00'],
          [amounts('1', '1', '1', '1'), '5.01'],
        ],
      },
      {
        test: 'with free_units_per_events, free_units_per_total_aggregation and fixed_amount (total_agg overage)',
        price: { model: 'percentage', rate: '1', fixed_amount: '5', free_events: '3', free_amount: '15.0' },
        rounded: true,
        answers: [
          [amounts('10'), '0.00'],
          [amounts('10', '10'), '5.05'],
          [amounts('10', '10', '10'), '10.15'],
        ],
      },
      {
        test: 'with min and max per transaction amount',
        price: { model: 'percentage', rate: '1', fixed_amount: '1', min_per_event: '1.75', max_per_event: '12' },
        rounded: true,
        answers: [
          [amounts('100'), '2.00'],
          [amounts('100', '1000'), '13.00'],
          [amounts('100', '1000', '10000'), '25.00'],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/graduated_percentage_service_spec.rb',
    groups: [
      {
        test: 'when aggregation is 0, 1, 10, 11, 12, 21',
        price: {
          model: 'graduated_percentage',
          tiers: tiers(
            ['10', { rate: '1', flat_amount: '200' }],
            ['20', { rate: '2', flat_amount: '300' }],
            [null, { rate: '3', flat_amount: '400' }],
          ),
        },
        answers: [
          ['0', '0'],
          ['1', '200.01'],
          ['10', '200.1'],
          ['11', '500.12'],
          ['12', '500.14'],
          ['21', '900.33'],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/dynamic_service_spec.rb, spec/scenarios/charge_models/dynamic_spec.rb',
    groups: [
      {
        test: 'applies the model to the values',
        price: { model: 'dynamic' },
        answers: [
          [amounts('0.402'), '0.402'],
          [[], '0'],
        ],
      },
      {
        test: 'returns the expected customer usage',
        price: { model: 'dynamic' },
        rounded: true,
        answers: [
          [amounts('0.101'), '0.10'],
          [amounts('0.101', '9.019'), '9.12'],
        ],
      },
      {
        test: 'with grouping',
        price: {
          model: 'matrix',
          dimensions: ['group_key'],
          cells: ['value 1', 'value 2'].map((group_key) => ({ match: { group_key }, price: { model: 'dynamic' } })),
        },
        rounded: true,
        answers: [
          [
            [
              { amount: '0.101', properties: { group_key: 'value 1' } },
              { amount: '9.019', properties: { group_key: 'value 2' } },
            ],
            '9.12',
          ],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/grouped_service_spec.rb',
    groups: [
      {
        test: 'with standard charge model, applies the charge model to the values',
        price: {
          model: 'matrix',
          dimensions: ['cloud'],
          cells: [{ match: {}, price: { model: 'unit', unit_amount: '5.12345' } }],
        },
        answers: [
          [[{ quantity: '10', properties: { cloud: 'aws' } }], '51.2345'],
          [[{ quantity: '20', properties: { cloud: 'gcp' } }], '102.469'],
        ],
      },
    ],
  },
  {
    product: 'Lago',
    source: 'lago-api spec/services/charge_models/custom_service_spec.rb',
    groups: [{ test: 'applies the charge model to the value', price: { model: 'dynamic' }, answers: [[amounts('20'), '20']] }],
  },
];
