import { hourly, type Suite, tiers } from './suite.fixture.ts';

const slabs = tiers(['10', { unit_amount: '50' }], ['20', { unit_amount: '40' }], [null, { unit_amount: '30' }]);
const cents = tiers(['10', { unit_amount: '0.10' }], ['20', { unit_amount: '0.05' }], [null, { unit_amount: '0.02' }]);
const pack = (size: string, amount: string, more: object = {}) => ({
  model: 'package',
  package_size: size,
  package_amount: amount,
  ...more,
});
const hour = { bucket: 'PT1H' };
const PRICES = 'flexprice internal/service/price_test.go';

export const flexprice: readonly Suite[] = [
  {
    product: 'Flexprice',
    source: PRICES,
    groups: [
      { test: 'TestCalculateCostWithBreakup_FlatFee', price: { model: 'unit', unit_amount: '100' }, answers: [['5', '500']] },
      { test: 'TestCalculateCostWithBreakup_Package', price: pack('10', '50'), answers: [['25', '150']] },
      {
        test: 'TestCalculateCostWithBreakup_TieredVolume',
        price: { model: 'volume', tiers: slabs },
        answers: [
          ['5', '250'],
          ['15', '600'],
          ['25', '750'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_TieredSlab',
        price: { model: 'graduated', tiers: slabs },
        answers: [
          ['5', '250'],
          ['15', '700'],
          ['25', '1050'],
        ],
      },
      { test: 'TestCalculateCostWithBreakup_ZeroQuantity', price: { model: 'unit', unit_amount: '100' }, answers: [['0', '0']] },
      {
        test: 'TestCalculateCostWithBreakup_PackageScenarios',
        price: pack('100', '1'),
        answers: [
          ['2', '1'],
          ['100', '1'],
          ['150', '2'],
          ['300', '3'],
          ['0', '0'],
          ['99', '1'],
          ['101', '2'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_PackageRoundingModes: up',
        price: pack('100', '1'),
        answers: [
          ['50', '1'],
          ['250', '3'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_PackageRoundingModes: down',
        price: { model: 'unit', unit_amount: '1', transform: { divide: '100', round: 'down' } },
        answers: [
          ['50', '0'],
          ['250', '2'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_TieredSlabCorrected',
        price: {
          model: 'graduated',
          tiers: tiers(['5', { unit_amount: '0' }], ['10', { unit_amount: '2' }], [null, { unit_amount: '3' }]),
        },
        answers: [
          ['3', '0'],
          ['5', '0'],
          ['7', '4'],
          ['10', '10'],
          ['11', '13'],
          ['15', '25'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_TieredSlabWithFlatAmount',
        price: {
          model: 'graduated',
          tiers: tiers(
            ['5', { unit_amount: '0', flat_amount: '1' }],
            ['10', { unit_amount: '1', flat_amount: '2' }],
            [null, { unit_amount: '2', flat_amount: '0' }],
          ),
        },
        answers: [
          ['3', '1'],
          ['7', '5'],
          ['12', '12'],
        ],
      },
      {
        test: 'TestCalculateCostWithBreakup_TieredSlabEdgeCases',
        price: {
          model: 'graduated',
          tiers: tiers(['1', { unit_amount: '10' }], ['2', { unit_amount: '20' }], [null, { unit_amount: '30' }]),
        },
        answers: [
          ['0', '0'],
          ['1', '10'],
          ['2', '30'],
          ['3', '60'],
          ['2.5', '45'],
        ],
      },
    ],
  },
  {
    product: 'Flexprice',
    source: `${PRICES}, bucketed`,
    groups: [
      {
        test: 'TestCalculateBucketedCost_FlatFee; EmptyBuckets; ZeroValues',
        price: { model: 'unit', unit_amount: '0.10', ...hour },
        aggregation: 'max',
        answers: [
          [hourly('9', '10'), '1.9'],
          [[], '0'],
          [hourly('0', '5', '0'), '0.5'],
        ],
      },
      {
        test: 'TestCalculateBucketedCost_FlatFee: max(2, 5, 6, 9) and max(10) within their hours',
        price: { model: 'unit', unit_amount: '0.10', ...hour },
        aggregation: 'max',
        answers: [
          [
            [
              ...['2', '5', '6', '9'].map((quantity, at) => ({ quantity, time: `2026-01-01T00:0${at}:00Z` })),
              { quantity: '10', time: '2026-01-01T01:00:00Z' },
            ],
            '1.9',
          ],
        ],
      },
      {
        test: 'TestCalculateBucketedCost_Package',
        price: pack('10', '1', hour),
        aggregation: 'max',
        answers: [[hourly('9', '10'), '2']],
      },
      {
        test: 'TestCalculateBucketedCost_TieredSlab',
        price: { model: 'graduated', tiers: cents, ...hour },
        aggregation: 'max',
        answers: [[hourly('9', '15'), '2.15']],
      },
      {
        test: 'TestCalculateBucketedCost_TieredVolume',
        price: { model: 'volume', tiers: cents, ...hour },
        aggregation: 'max',
        answers: [[hourly('9', '15'), '1.65']],
      },
      {
        test: 'TestCalculateBucketedCost_ComplexScenario',
        price: pack('100', '5', hour),
        aggregation: 'max',
        answers: [[hourly('50', '150', '200', '99'), '30']],
      },
    ],
  },
  {
    product: 'Flexprice',
    source: 'docs.flexprice.io product-catalogue/plans/billing-models/tiered',
    groups: [
      {
        test: 'package size in a tier, volume: 4,500 calls are five packages at $1',
        price: {
          model: 'volume',
          tiers: tiers(['10000', { unit_amount: '1', package_size: '1000' }], [null, { unit_amount: '0.0008' }]),
        },
        answers: [
          ['4500', '5'],
          ['20000', '16'],
        ],
      },
      {
        test: 'package size in a tier, slab: counted on the units inside each tier',
        price: {
          model: 'graduated',
          tiers: tiers(['10000', { unit_amount: '1', package_size: '1000' }], [null, { unit_amount: '2', package_size: '5000' }]),
        },
        // ten packages, and 4500 begin one
        answers: [['14500', '12']],
      },
      {
        test: 'volume: 65,000 calls at $0.0006',
        price: {
          model: 'volume',
          tiers: tiers(
            ['10000', { unit_amount: '0.001' }],
            ['50000', { unit_amount: '0.0008' }],
            [null, { unit_amount: '0.0006' }],
          ),
        },
        answers: [['65000', '39']],
      },
    ],
  },
];
