import { type Suite, tiers } from './suite.fixture.ts';

const single = [
  ['10', { unit_amount: '1.5', package_size: '1' }],
  ['110', { unit_amount: '1.0', package_size: '1' }],
  [null, { unit_amount: '0.5', package_size: '1' }],
] as const;
/** Each tier’s max is counted in its own blocks: 10 of FOO, then 50 more. */
const foo = (model: string) => ({
  model,
  tiers: tiers(['10', { unit_amount: '1' }], ['60', { unit_amount: '10' }], [null, { unit_amount: '100' }]),
});
const bar = (model: string) => ({
  model,
  tiers: tiers(['100', { unit_amount: '2' }], ['600', { unit_amount: '20' }], [null, { unit_amount: '200' }]),
});
const capacity = (...steps: readonly (readonly [string | null, string])[]) => ({
  model: 'volume',
  tiers: tiers(...steps.map(([up_to, flat_amount]) => [up_to, { flat_amount }] as const)),
});
const USAGE = 'killbill invoice/src/test/java/org/killbill/billing/invoice/usage';

export const killbill: readonly Suite[] = [
  {
    product: 'Kill Bill',
    source: `${USAGE}/TestContiguousIntervalConsumableInArrear.java`,
    groups: [
      {
        test: 'testComputeBilledUsageSizeOneWith_ALL_TIERS',
        price: { model: 'graduated', tiers: tiers(...single) },
        answers: [['111', '115.5']],
      },
      {
        test: 'testComputeBilledUsageWith_ALL_TIERS',
        price: {
          model: 'graduated',
          tiers: tiers(['1000', { unit_amount: '1', package_size: '100' }], [null, { unit_amount: '1', package_size: '1000' }]),
        },
        answers: [['5325', '15']],
      },
      {
        test: 'testComputeBilledUsageWith_TOP_TIER',
        price: {
          model: 'volume',
          // each tier’s max is counted in its own blocks: 10 × 100, then 100 × 1000 more
          tiers: tiers(
            ['1000', { unit_amount: '1', package_size: '100' }],
            ['101000', { unit_amount: '1', package_size: '1000' }],
            [null, { unit_amount: '0.5', package_size: '1000' }],
          ),
        },
        answers: [
          ['1000', '10'],
          ['101000', '101'],
          ['101001', '51'],
          ['300000', '150'],
        ],
      },
      {
        test: 'testComputeBilledUsageSizeOneWith_TOP_TIER',
        price: { model: 'volume', tiers: tiers(...single) },
        answers: [['111', '55.5']],
      },
      {
        test: 'testComputeMissingItems',
        price: { model: 'graduated', tiers: tiers([null, { unit_amount: '1', package_size: '100' }]) },
        answers: [
          // 130 + 271 = 401: five blocks, one of them billed before
          ['401', '5'],
          ['199', '2'],
        ],
      },
      {
        test: 'testTobeBilledForUnit: cell-phone-minutes, Mbytes',
        price: {
          model: 'matrix',
          dimensions: ['unit'],
          cells: [
            {
              match: { unit: 'cell-phone-minutes' },
              price: { model: 'graduated', tiers: tiers([null, { unit_amount: '0.5', package_size: '1000' }]) },
            },
            {
              match: { unit: 'Mbytes' },
              price: { model: 'graduated', tiers: tiers([null, { unit_amount: '0.3', package_size: '512' }]) },
            },
          ],
        },
        answers: [
          [
            [
              { quantity: '1000', properties: { unit: 'cell-phone-minutes' } },
              { quantity: '30720', properties: { unit: 'Mbytes' } },
            ],
            '18.5',
          ],
        ],
      },
      {
        test: 'testComputeMissingItemsAggregateModeAllTier: FOO',
        price: foo('graduated'),
        answers: [
          ['5', '5'],
          ['75', '2010'],
          // testMultipleItemsAndTiersWithExistingItemsAllTiers: 3140 of both
          [{ prior: '50', quantity: '20' }, '1100'],
        ],
      },
      {
        test: 'testComputeMissingItemsAggregateModeAllTier: BAR',
        price: bar('graduated'),
        answers: [
          ['99', '198'],
          ['101', '220'],
          [{ prior: '80', quantity: '120' }, '2040'],
        ],
      },
      {
        test: 'testComputeMissingItemsAggregateModeTopTier: FOO',
        price: foo('volume'),
        answers: [
          ['5', '5'],
          ['76', '7600'],
        ],
      },
      {
        test: 'testComputeMissingItemsAggregateModeTopTier: BAR',
        price: bar('volume'),
        answers: [
          ['99', '198'],
          ['101', '2020'],
        ],
      },
    ],
  },
  {
    product: 'Kill Bill',
    source: `${USAGE}/TestContiguousIntervalCapacityInArrear.java`,
    groups: [
      {
        test: 'testComputeBilledUsage, one unit at a time: unit1',
        price: capacity(['100', '10'], ['200', '20'], [null, '30']),
        answers: [
          ['100', '10'],
          ['101', '20'],
        ],
      },
      {
        test: 'testComputeBilledUsage, one unit at a time: unit2',
        price: capacity(['1000', '10'], ['2000', '20'], [null, '30']),
        answers: [
          ['1000', '10'],
          ['1001', '20'],
          ['2001', '30'],
        ],
      },
      {
        test: 'testComputeBilledUsage: the highest tier of several units',
        price: {
          model: 'matrix',
          dimensions: ['unit'],
          cells: [
            { match: { unit: 'unit1' }, price: capacity(['100', '10'], ['200', '20'], [null, '30']) },
            { match: { unit: 'unit2' }, price: capacity(['1000', '10'], ['2000', '20'], [null, '30']) },
          ],
        },
        because: 'The highest of several units',
        answers: [
          [
            [
              { quantity: '100', properties: { unit: 'unit1' } },
              { quantity: '1001', properties: { unit: 'unit2' } },
            ],
            '20',
            '30',
          ],
        ],
      },
      {
        test: 'testMultipleItemsAndTiers: FOO, the peak of the period',
        price: capacity(['10', '1'], ['50', '10'], [null, '100']),
        aggregation: 'max',
        answers: [
          [[{ quantity: '5' }], '1'],
          [[{ quantity: '5' }, { quantity: '75' }], '100'],
          [[{ quantity: '60' }, { quantity: '9' }], '100'],
        ],
      },
      {
        test: 'testMultipleItemsAndTiers: BAR, the peak of the period',
        price: capacity(['100', '1'], ['500', '10'], [null, '100']),
        aggregation: 'max',
        answers: [
          [[{ quantity: '99' }], '1'],
          [[{ quantity: '101' }], '10'],
          [[{ quantity: '200' }], '10'],
        ],
      },
    ],
  },
];
