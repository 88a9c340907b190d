import { type Suite, tiers } from './suite.fixture.ts';

const THREE = tiers(['100', { unit_amount: '0.1' }], ['500', { unit_amount: '0.05' }], [null, { unit_amount: '0.02' }]);
const graduated = { model: 'graduated', tiers: THREE };
const volume = { model: 'volume', tiers: THREE };
const flat = (unit_amount: string, more: object = {}) => ({ model: 'graduated', tiers: tiers([null, { unit_amount }]), ...more });

/** Billing units: usage is rounded up to whole ones first; tiers and amounts are then those of whole ones. */
const per = (units: string) => ({ transform: { divide: units, round: 'up' } });
const tokens = { model: 'volume', tiers: tiers(['100', { unit_amount: '1' }], [null, { unit_amount: '0.5' }]), ...per('1000') };
const packs = (model: string, more: object = {}) => ({
  model,
  tiers: tiers(['5', { unit_amount: '10' }], [null, { unit_amount: '5' }]),
  ...per('100'),
  ...more,
});

/** An allowance under volume pricing is a free first tier that shifts the others. */
const allowance = {
  model: 'volume',
  tiers: tiers(['50', {}], ['150', { unit_amount: '0.1' }], ['550', { unit_amount: '0.05' }], [null, { unit_amount: '0.02' }]),
};

export const autumn: readonly Suite[] = [
  {
    product: 'Autumn',
    source: 'autumn server/tests/unit, tiersToLineAmount',
    groups: [
      {
        test: 'single tier (flat rate)',
        price: flat('0.1'),
        answers: [
          ['100', '10'],
          ['0', '0'],
        ],
      },
      {
        test: 'multiple tiers',
        price: graduated,
        answers: [
          ['50', '5'],
          ['100', '10'],
          ['250', '17.5'],
          ['500', '30'],
          ['1000', '40'],
        ],
      },
      {
        test: 'billing units',
        price: flat('1', per('10')),
        answers: [
          ['15', '2'],
          ['20', '2'],
          ['1', '1'],
        ],
      },
      { test: 'fractional rate: 7 overage @ $0.0033/unit', price: flat('0.0033'), answers: [['7', '0.0231']] },
      {
        test: 'fractional rate with many decimals: 13 overage @ $0.00123/unit',
        price: flat('0.00123'),
        answers: [['13', '0.01599']],
      },
      { test: 'large overage with small rate', price: flat('0.000001'), answers: [['1000000', '1']] },
      {
        test: 'tiered with fractional rates',
        price: { model: 'graduated', tiers: tiers(['50', { unit_amount: '0.0075' }], [null, { unit_amount: '0.0025' }]) },
        answers: [['75', '0.4375']],
      },
      { test: 'very small overage with fractional rate', price: flat('0.33'), answers: [['3', '0.99']] },
      { test: 'floating point edge case: 0.1 + 0.2 precision', price: flat('0.1'), answers: [['3', '0.3']] },
      { test: 'tier.to = -1 treated same as Infinite', price: flat('0.1'), answers: [['100', '10']] },
    ],
  },
  {
    product: 'Autumn',
    source: 'autumn server/tests/unit, graduatedTiersToLineAmount',
    groups: [
      {
        test: 'negative usage with allowNegative=false (default)',
        price: flat('0.1'),
        because: 'Negative usage',
        answers: [['-100', '0', 'negative_refused']],
      },
      { test: 'negative usage with allowNegative=true', price: flat('0.1'), allow_negative: true, answers: [['-100', '-10']] },
      {
        test: 'negative usage with allowNegative=true, multi-tier, spanning all tiers; positive usage is unaffected',
        price: graduated,
        allow_negative: true,
        answers: [
          ['-250', '-17.5'],
          ['-1000', '-40'],
          ['250', '17.5'],
          ['0', '0'],
        ],
      },
      {
        test: 'negative usage with allowNegative=true and billingUnits: rounds up absolute value first',
        price: flat('1', per('10')),
        allow_negative: true,
        answers: [['-15', '-2']],
      },
    ],
  },
  {
    product: 'Autumn',
    source: 'autumn server/tests/unit, volumeTiersToLineAmount',
    groups: [
      {
        test: 'tier selection',
        price: volume,
        answers: [
          ['50', '5'],
          ['100', '10'],
          ['101', '5.05'],
          ['250', '12.5'],
          ['500', '25'],
          ['1000', '20'],
        ],
      },
      {
        test: 'single tier (flat rate)',
        price: { model: 'volume', tiers: tiers([null, { unit_amount: '0.1' }]) },
        answers: [
          ['100', '10'],
          ['0', '0'],
          ['3', '0.3'],
        ],
      },
      {
        test: 'billing units',
        price: tokens,
        answers: [
          ['50000', '50'],
          ['150000', '75'],
          ['1500', '2'],
          ['99500', '100'],
        ],
      },
      {
        test: 'large usage, tiny rate',
        price: { model: 'volume', tiers: tiers([null, { unit_amount: '0.000001' }]) },
        answers: [['1000000', '1']],
      },
      {
        test: 'negative usage with allowNegative=false (default): rounds abs to 0',
        price: volume,
        because: 'Negative usage',
        answers: [['-100', '0', 'negative_refused']],
      },
      {
        test: 'negative usage with allowNegative=true',
        price: volume,
        allow_negative: true,
        answers: [
          ['-250', '-12.5'],
          ['-50', '-5'],
          ['-1000', '-20'],
          ['250', '12.5'],
          ['0', '0'],
        ],
      },
      {
        test: 'negative usage with allowNegative=true and billingUnits: rounds abs up first',
        price: tokens,
        allow_negative: true,
        answers: [['-1500', '-2']],
      },
      {
        test: 'allowance (free tier prepended)',
        price: allowance,
        answers: [
          ['30', '0'],
          ['50', '0'],
          ['51', '5.1'],
          ['120', '12'],
          ['200', '10'],
          ['600', '12'],
        ],
      },
      {
        test: 'allowance with billingUnits',
        price: {
          model: 'volume',
          tiers: tiers(['1', {}], ['6', { unit_amount: '10' }], [null, { unit_amount: '5' }]),
          ...per('100'),
        },
        answers: [
          ['50', '0'],
          ['300', '30'],
        ],
      },
    ],
  },
  {
    product: 'Autumn',
    source: 'autumn server/tests/integration/billing, volume pricing edge cases',
    groups: [
      {
        test: 'vol-edge: 500 units; 501 units (ceil to 600), volume',
        price: packs('volume'),
        answers: [
          ['500', '50'],
          ['501', '30'],
        ],
      },
      {
        test: 'vol-edge: 500 units; 501 units (ceil to 600), graduated',
        price: packs('graduated'),
        answers: [
          ['500', '50'],
          ['501', '55'],
        ],
      },
      {
        test: 'vol-edge: includedUsage=200, qty=800, volume',
        price: packs('volume', { included_quantity: '2' }),
        answers: [['800', '30']],
      },
      {
        test: 'vol-edge: includedUsage=200, qty=800, graduated',
        price: packs('graduated', { included_quantity: '2' }),
        answers: [['800', '55']],
      },
      {
        test: 'vol-edge: includedUsage=500 covers qty=300',
        price: packs('volume', { included_quantity: '5' }),
        answers: [['300', '0']],
      },
    ],
  },
  {
    product: 'Autumn',
    source: 'docs.useautumn.com documentation/modelling-pricing',
    groups: [
      {
        test: 'graduated: 15,000 requests',
        price: {
          model: 'graduated',
          tiers: tiers(['1000', { unit_amount: '0.01' }], ['10000', { unit_amount: '0.008' }], [null, { unit_amount: '0.005' }]),
        },
        answers: [['15000', '107']],
      },
      {
        test: 'usage-based: $1 per 1,000 notifications, 5,000 sent',
        price: { model: 'package', package_size: '1000', package_amount: '1' },
        answers: [['5000', '5']],
      },
      {
        test: 'prepaid: 3,000 credits, 500 included, $10 per 1,000',
        price: { model: 'package', package_size: '1000', package_amount: '10', included_quantity: '500' },
        because: 'Part of a package, prepaid',
        // the page counts 2.5 packages; three are begun
        answers: [['3000', '25', '30']],
      },
      {
        test: 'prepaid: 3,000 credits, said by the unit',
        price: { model: 'unit', unit_amount: '0.01', included_quantity: '500' },
        answers: [['3000', '25']],
      },
      {
        test: 'prepaid: 10 seats, 3 included, $5 each',
        price: { model: 'unit', unit_amount: '5', included_quantity: '3' },
        answers: [['10', '35']],
      },
    ],
  },
];
