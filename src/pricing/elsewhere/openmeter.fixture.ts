import { amounts, type Suite, tiers } from './suite.fixture.ts';

const graduated = {
  model: 'graduated',
  tiers: tiers(
    ['5', { flat_amount: '100', unit_amount: '0' }],
    ['10', { flat_amount: '50' }],
    ['15', { unit_amount: '5' }],
    [null, { unit_amount: '1' }],
  ),
  first_tier_flat_at_zero: true,
};

const volume = {
  model: 'volume',
  tiers: tiers(
    ['5', { flat_amount: '100' }],
    ['10', { flat_amount: '150' }],
    ['15', { unit_amount: '10' }],
    [null, { unit_amount: '5' }],
  ),
  first_tier_flat_at_zero: true,
};

const packages = { model: 'package', package_size: '10', package_amount: '15' };
const unit = (unit_amount: string, more: object = {}) => ({ model: 'unit', unit_amount, ...more });
const thousands = (round: string | undefined) => ({ divide: '1000', round });
const FOLDER = 'openmeter openmeter/billing/rating/service';

export const openmeter: readonly Suite[] = [
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/unit_test.go`,
    groups: [
      { test: 'unit price, no usage', price: unit('10'), answers: [['0', '0']] },
      {
        test: 'unit price, no usage, min spend set',
        price: unit('10', { minimum_amount: '100' }),
        answers: [['0', '100']],
      },
      {
        test: 'usage present',
        price: unit('100'),
        answers: [['10', '1000']],
      },
      {
        test: 'usage present, max spend set, but not hit',
        price: unit('10', { maximum_amount: '100' }),
        answers: [['10', '100']],
      },
      {
        test: 'usage present, max spend set and hit',
        price: unit('10', { maximum_amount: '100' }),
        answers: [[{ prior: '7', quantity: '5' }, '30']],
      },
      {
        test: 'unit config divide+ceil with unit price',
        price: unit('10', { transform: { divide: '1000000', round: 'up' } }),
        answers: [['1500001', '20']],
      },
      {
        test: 'unit config multiply with unit price',
        price: unit('1', { transform: { multiply: '1.2' } }),
        answers: [['100', '120']],
      },
      {
        test: 'unit config divide+floor with unit price',
        price: unit('5', { transform: thousands('down') }),
        answers: [['1999', '5']],
      },
      {
        test: 'usage present, 50% discount +max spend set and hit',
        price: unit('10', { discounts: [{ percent: '50' }], maximum_amount: '100' }),
        answers: [[{ prior: '7', quantity: '20' }, '65']],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/package_test.go`,
    groups: [
      {
        test: 'package price, no usage',
        price: packages,
        answers: [
          ['0', '0'],
          ['10', '15'],
          ['5', '15'],
          [{ prior: '17', quantity: '5' }, '15'],
        ],
      },
      { test: 'package price, no usage, min spend set', price: { ...packages, minimum_amount: '100' }, answers: [['0', '100']] },
      {
        test: 'usage present, max spend set',
        price: { ...packages, maximum_amount: '100' },
        answers: [
          ['10', '15'],
          [{ prior: '60', quantity: '50' }, '10'],
        ],
      },
      {
        test: 'TestGetNumberOfPackages',
        price: { model: 'package', package_size: '10', package_amount: '1' },
        answers: [
          ['0', '0'],
          ['1', '1'],
          ['9', '1'],
          ['10', '1'],
          ['11', '2'],
        ],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/flat_test.go`,
    groups: [
      {
        test: 'flat price, in advance; in arrears',
        price: { model: 'flat', amount: '100' },
        answers: [
          ['1', '100'],
          ['0', '100'],
        ],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/dynamic_test.go`,
    groups: [
      { test: 'dynamic price, no usage', price: { model: 'dynamic', multiplier: '1' }, answers: [[[], '0']] },
      {
        test: 'dynamic price, no usage, min spend set',
        price: { model: 'dynamic', multiplier: '1', minimum_amount: '100' },
        answers: [[[], '100']],
      },
      {
        test: 'usage present',
        price: { model: 'dynamic', multiplier: '1.33333' },
        rounded: true,
        answers: [[amounts('10'), '13.33']],
      },
      {
        test: 'usage present, max spend set, but not hit; and hit by 50 after 70',
        price: { model: 'dynamic', multiplier: '1.33333', maximum_amount: '100' },
        rounded: true,
        answers: [
          [amounts('10'), '13.33'],
          // 93.33 were billed before: 6.67 are left
          [amounts('70'), '93.33'],
          [amounts('70', '50'), '100.00'],
        ],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/tieredgraduated_test.go`,
    groups: [
      {
        test: 'tiered graduated, single period multiple tier usage',
        price: graduated,
        answers: [
          // 0 + 100 + 50 + 25 + 7
          ['22', '182'],
          [{ prior: '7', quantity: '1' }, '0'],
          [{ prior: '12', quantity: '10' }, '22'],
        ],
      },
      {
        test: 'tiered graduated, last line, no usage, minimum price set',
        price: { ...graduated, minimum_amount: '1000' },
        // 100 were billed before, 900 are left
        answers: [
          ['0', '1000'],
          ['2', '1000'],
        ],
      },
      {
        test: 'tiered graduated, mid period, multiple tier usage, maximum spend set mid tier 2/3',
        price: { ...graduated, maximum_amount: '170' },
        answers: [[{ prior: '12', quantity: '10' }, '10']],
      },
      {
        test: 'unit config divide+ceil with graduated tiered price',
        price: {
          model: 'graduated',
          tiers: tiers(['5', { unit_amount: '10' }], [null, { unit_amount: '8' }]),
          transform: { divide: '1000000', round: 'up' },
        },
        answers: [['7500001', '74']],
      },
      {
        test: 'TestTieredPriceCalculator: totals, and from 3 to 7, 12 to 20, 5 to 10, 6 to 7, 6 to 6',
        price: {
          model: 'graduated',
          tiers: tiers(
            ['5', { flat_amount: '100' }],
            ['10', { flat_amount: '50' }],
            ['15', { unit_amount: '10' }],
            [null, { unit_amount: '5' }],
          ),
          first_tier_flat_at_zero: true,
        },
        answers: [
          ['0', '100'],
          ['3', '100'],
          ['5', '100'],
          ['5.001', '150'],
          ['7', '150'],
          ['12', '170'],
          ['22', '235'],
          ['20', '225'],
          ['10', '150'],
          ['6', '150'],
          [{ prior: '3', quantity: '4' }, '50'],
          [{ prior: '12', quantity: '8' }, '55'],
          [{ prior: '5', quantity: '5' }, '50'],
          [{ prior: '6', quantity: '1' }, '0'],
          [{ prior: '6', quantity: '0' }, '0'],
        ],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/tieredvolume_test.go`,
    groups: [
      {
        test: 'tiered volume, last price',
        price: volume,
        answers: [
          ['0', '100'],
          ['3', '100'],
          ['5', '100'],
          ['6', '150'],
          ['14', '140'],
          ['15', '150'],
          ['16', '80'],
          ['100', '500'],
        ],
      },
      {
        test: 'tiered volume, ubp first tier, no usage',
        price: { model: 'volume', tiers: tiers([null, { unit_amount: '5' }]) },
        answers: [['0', '0']],
      },
      {
        test: 'tiered volume, last price, min spend 150',
        price: { ...volume, minimum_amount: '150' },
        answers: [
          ['0', '150'],
          ['5', '150'],
        ],
      },
      {
        test: 'tiered volume, last price, min spend 100',
        price: { ...volume, minimum_amount: '100' },
        answers: [
          ['100', '500'],
          ['5', '100'],
        ],
      },
      {
        test: 'tiered volume, first price, usage eq max spend',
        price: { ...volume, maximum_amount: '100' },
        answers: [['5', '100']],
      },
      {
        test: 'tiered volume, first price, usage above max spend, max spend is not at tier boundary',
        price: { ...volume, maximum_amount: '125' },
        answers: [['7', '125']],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/rate/unitconfig_rating_test.go`,
    groups: [
      {
        test: 'flag on bills the converted, rounded quantity',
        price: unit('10', { transform: thousands('up') }),
        answers: [['1400', '20']],
      },
      {
        test: 'progressive split converts each endpoint independently',
        price: unit('10', { transform: thousands('up') }),
        because: 'Parts of a rounded quantity',
        // ours: ceil(2.7) − ceil(1.4) = 1
        answers: [[{ prior: '1400', quantity: '1300' }, '20', '10']],
      },
      { test: 'flag off without a unit_config bills the raw quantity', price: unit('10'), answers: [['1400', '14000']] },
      {
        test: 'graduated tiers operate in converted units',
        price: {
          model: 'graduated',
          tiers: tiers(['5', { unit_amount: '1' }], [null, { unit_amount: '0.5' }]),
          transform: thousands('up'),
        },
        answers: [['7400', '6.5']],
      },
      {
        test: 'convert then round then discount: usage discount applies to the rounded quantity',
        price: unit('10', { transform: thousands('up'), discounts: [{ quantity: '0.5' }] }),
        answers: [['1400', '15']],
      },
    ],
  },
  {
    product: 'OpenMeter',
    source: `${FOLDER}/mutator/unitconfig_test.go, mutator/discountusage_test.go`,
    groups: [
      { test: 'multiply, no rounding', price: unit('1', { transform: { multiply: '1.2' } }), answers: [['10', '12']] },
      { test: 'divide, ceiling rounds up', price: unit('1', { transform: thousands('up') }), answers: [['1400', '2']] },
      { test: 'divide, floor rounds down', price: unit('1', { transform: thousands('down') }), answers: [['1900', '1']] },
      {
        test: 'divide, half_up rounds half away from zero; below half rounds down',
        price: unit('1', { transform: thousands('half_up') }),
        answers: [
          ['1500', '2'],
          ['1400', '1'],
        ],
      },
      { test: 'divide, none keeps precision', price: unit('1', { transform: thousands(undefined) }), answers: [['1400', '1.4']] },
      {
        test: 'TestApplyUsageDiscount; WhenDiscountAlreadyConsumed',
        price: unit('1', { discounts: [{ quantity: '10' }] }),
        answers: [
          [{ prior: '5', quantity: '15' }, '10'],
          [{ prior: '20', quantity: '15' }, '15'],
        ],
      },
      {
        test: 'documents: 500 units of usage discount over parts of 300, 250 and 100',
        price: unit('1', { discounts: [{ quantity: '500' }] }),
        answers: [
          ['300', '0'],
          [{ prior: '300', quantity: '250' }, '50'],
          [{ prior: '550', quantity: '100' }, '100'],
        ],
      },
    ],
  },
];
