import { type Suite, tiers } from './suite.fixture.ts';

const pack = (package_size: string, package_amount: string) => ({ model: 'package', package_size, package_amount });
const payments = (...amounts: readonly string[]) => amounts.map((amount) => ({ amount }));

export const orb: readonly Suite[] = [
  {
    product: 'Orb',
    source: 'docs.withorb.com, the price models of its API reference',
    groups: [
      { test: 'unit: $0.50', price: { model: 'unit', unit_amount: '0.50' }, answers: [['7', '3.5']] },
      {
        test: 'tiered: the first ten at $0.50, then $0.10',
        price: { model: 'graduated', tiers: tiers(['10', { unit_amount: '0.50' }], [null, { unit_amount: '0.10' }]) },
        answers: [
          ['10', '5'],
          ['15', '5.5'],
        ],
      },
      {
        test: 'package: 4 of 5 are billed as 5, 6 as 10',
        price: pack('5', '0.80'),
        answers: [
          ['4', '0.8'],
          ['6', '1.6'],
        ],
      },
      {
        test: 'BPS: 125 basis points, at most $11 a payment',
        price: { model: 'percentage', rate: '1.25', max_per_event: '11.00' },
        // 1.25, and 12.5 capped
        answers: [[[{ amount: '100' }, { amount: '1000' }], '12.25']],
      },
      {
        test: 'BPS: 0.25 % of every payment, at most $25',
        price: { model: 'percentage', rate: '0.25', max_per_event: '25' },
        answers: [
          [[{ amount: '4000' }], '10'],
          [[{ amount: '20000' }], '25'],
        ],
      },
      {
        test: 'tiered BPS, without caps: 125 basis points to $1,000,000, then 115',
        price: { model: 'graduated_percentage', tiers: tiers(['1000000', { rate: '1.25' }], [null, { rate: '1.15' }]) },
        // 12 500 + 5 750
        answers: [[payments('900000', '600000'), '18250']],
      },
      {
        test: 'tiered BPS, with a cap on each payment: $19, then $4',
        price: { model: 'graduated_percentage', tiers: tiers(['1000000', { rate: '1.25' }], [null, { rate: '1.15' }]) },
        because: 'A cap on each payment, by tier',
        // there: 2 000 × 1.25 % = 25, capped at 19
        answers: [[payments('2000'), '19', '25']],
      },
      {
        test: 'bulk BPS, without caps: the rate of the whole volume, over money as units',
        price: { model: 'volume', tiers: tiers(['1000000', { unit_amount: '0.0125' }], [null, { unit_amount: '0.0115' }]) },
        answers: [
          ['900000', '11250'],
          ['1500000', '17250'],
        ],
      },
      {
        test: 'matrix: by cluster and region, with a default',
        price: {
          model: 'matrix',
          dimensions: ['cluster_name', 'region'],
          cells: [
            { match: { cluster_name: 'alpha', region: 'west' }, price: { model: 'unit', unit_amount: '2.00' } },
            { match: { cluster_name: 'alpha' }, price: { model: 'unit', unit_amount: '1.00' } },
          ],
          default: { model: 'unit', unit_amount: '3.00' },
        },
        answers: [
          [[{ quantity: '2', properties: { cluster_name: 'alpha', region: 'west' } }], '4'],
          [[{ quantity: '2', properties: { cluster_name: 'alpha', region: 'east' } }], '2'],
          [[{ quantity: '2', properties: { cluster_name: 'beta', region: 'west' } }], '6'],
        ],
      },
    ],
  },
];
