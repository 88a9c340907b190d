import { type Suite, tiers } from './suite.fixture.ts';

const pack = (package_size: string, package_amount: string) => ({ model: 'package', package_size, package_amount });
const rows = tiers(
  ['100', { unit_amount: '1', flat_amount: '10', maximum_amount: '90' }],
  [null, { unit_amount: '0.5', flat_amount: '5' }],
);
const FEES = 'meteroid modules/meteroid/crates/meteroid-store/src/services/invoice_lines';

export const meteroid: readonly Suite[] = [
  {
    product: 'Meteroid',
    source: 'meteroid modules/meteroid/tests/integration/subscription/usage.rs',
    groups: [
      {
        test: 'test_usage_invoice_includes_arrear_charges: 100 units of bandwidth at €0.10',
        price: { model: 'unit', unit_amount: '0.10' },
        currency: 'EUR',
        rounded: true,
        answers: [['100', '10.00']],
      },
      {
        test: 'test_usage_invoice_includes_arrear_charges: the rate of €20',
        price: { model: 'flat', amount: '20.00' },
        currency: 'EUR',
        rounded: true,
        answers: [['0', '20.00']],
      },
      {
        test: 'test_billing_usage.rs: a rate of €35',
        price: { model: 'flat', amount: '35.00' },
        currency: 'EUR',
        rounded: true,
        answers: [['0', '35.00']],
      },
    ],
  },
  {
    product: 'Meteroid',
    source: `${FEES}/fees.rs, component.rs (the rules; no numbers are tested there)`,
    groups: [
      {
        test: 'compute_tier_price: rate, flat_fee and flat_cap by tier',
        price: { model: 'graduated', tiers: rows },
        answers: [
          ['50', '60'],
          ['100', '90'],
          // 90 + 20 × 0.5 + 5
          ['120', '105'],
        ],
      },
      {
        test: 'compute_volume_price: rate, flat_fee and flat_cap of one tier',
        price: { model: 'volume', tiers: rows },
        answers: [
          ['50', '60'],
          ['100', '90'],
          ['120', '65'],
        ],
      },
      {
        test: 'compute_volume_price: between the last unit of a tier and the first of the next',
        price: { model: 'volume', tiers: rows },
        because: 'Between two tiers',
        // first units 0 and 101: no row holds 100.5, so that nothing is charged there
        answers: [['100.5', '0', '55.25']],
      },
      { test: 'Package: block_size 20, rate 3', price: pack('20', '3'), answers: [['41', '9']] },
      {
        test: 'Capacity: 100 included, overage at 0.25',
        price: { model: 'unit', unit_amount: '0.25', included_quantity: '100' },
        answers: [
          ['80', '0'],
          ['104', '1'],
        ],
      },
      {
        test: 'Capacity: a part of a unit over',
        price: { model: 'unit', unit_amount: '0.25', included_quantity: '100' },
        because: 'Parts of a unit',
        answers: [['104.5', '1', '1.125']],
      },
      {
        test: 'Matrix: two dimensions',
        price: {
          model: 'matrix',
          dimensions: ['region', 'size'],
          cells: [
            { match: { region: 'eu', size: 's' }, price: { model: 'unit', unit_amount: '0.1' } },
            { match: { region: 'eu', size: 'l' }, price: { model: 'unit', unit_amount: '0.2' } },
          ],
        },
        answers: [
          [
            [
              { quantity: '10', properties: { region: 'eu', size: 's' } },
              { quantity: '5', properties: { region: 'eu', size: 'l' } },
            ],
            '2',
          ],
        ],
      },
      {
        test: 'Matrix: usage without a rate is left out',
        price: {
          model: 'matrix',
          dimensions: ['region'],
          cells: [{ match: { region: 'eu' }, price: { model: 'unit', unit_amount: '0.1' } }],
          default: { model: 'unit', unit_amount: '0' },
        },
        answers: [
          [
            [
              { quantity: '10', properties: { region: 'eu' } },
              { quantity: '9', properties: { region: 'us' } },
            ],
            '1',
          ],
        ],
      },
    ],
  },
];
