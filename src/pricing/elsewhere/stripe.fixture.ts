import { type Suite, tiers } from './suite.fixture.ts';

const fonts = tiers(['5', { unit_amount: '7' }], ['10', { unit_amount: '6.5' }], [null, { unit_amount: '6' }]);
const divided = (divide: string, round: string, unit_amount: string) => ({
  model: 'unit',
  unit_amount,
  transform: { divide, round },
});

export const stripe: readonly Suite[] = [
  {
    product: 'Stripe',
    source: 'docs.stripe.com/subscriptions/pricing-models/tiered-pricing',
    groups: [
      {
        test: 'volume-based pricing',
        price: { model: 'volume', tiers: fonts },
        answers: [
          ['1', '7'],
          ['5', '35'],
          ['6', '39'],
          ['20', '120'],
          ['25', '150'],
        ],
      },
      {
        test: 'graduated pricing',
        price: { model: 'graduated', tiers: fonts },
        answers: [
          ['1', '7'],
          ['5', '35'],
          ['6', '41.5'],
          ['20', '127.5'],
          ['25', '157.5'],
        ],
      },
    ],
  },
  {
    product: 'Stripe',
    source: 'docs.stripe.com/billing/subscriptions/quantity-transformation, usage-based/transform-quantities',
    groups: [
      {
        test: '$10 for every 5 users or portion thereof',
        price: divided('5', 'up', '10'),
        answers: [
          ['1', '10'],
          ['3', '10'],
          ['5', '10'],
          ['6', '20'],
          ['7', '20'],
        ],
      },
      {
        test: '$10 for every full 5 users',
        price: divided('5', 'down', '10'),
        answers: [
          ['4', '0'],
          ['5', '10'],
          ['9', '10'],
          ['10', '20'],
        ],
      },
      { test: 'car rental: $10 an hour, 150 minutes', price: divided('60', 'up', '10'), answers: [['150', '30']] },
    ],
  },
  {
    product: 'Stripe',
    source: 'docs.stripe.com/billing/subscriptions/usage-based/…',
    groups: [
      {
        test: 'Alpaca AI: $0.04 per hundred tokens',
        price: divided('100', 'up', '0.04'),
        answers: [
          ['100', '0.04'],
          ['101', '0.08'],
          ['250', '0.12'],
        ],
      },
      {
        test: 'Hypernian: a fixed fee of $100, 1,000 tokens free, then $0.04',
        price: {
          model: 'graduated',
          tiers: tiers(['1000', { flat_amount: '100' }], [null, { unit_amount: '0.04' }]),
          first_tier_flat_at_zero: true,
        },
        answers: [
          ['0', '100'],
          ['1000', '100'],
          ['1500', '120'],
        ],
      },
      {
        test: 'per seat: $9.99 a site',
        price: { model: 'unit', unit_amount: '9.99' },
        answers: [
          ['1', '9.99'],
          ['2', '19.98'],
        ],
      },
    ],
  },
];
