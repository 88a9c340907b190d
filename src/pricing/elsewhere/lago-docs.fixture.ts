import { amounts, type Suite, tiers } from './suite.fixture.ts';

export const lagoDocs: readonly Suite[] = [
  {
    product: 'Lago',
    source: 'getlago.com/docs guide/plans/charges/charge-models',
    groups: [
      {
        test: 'package: 201 units, 100 free, $5 per 100',
        price: { model: 'package', package_size: '100', package_amount: '5', included_quantity: '100' },
        answers: [['201', '10']],
      },
      {
        test: 'graduated: $1 to 100, $0.50 to 200, $0.10 beyond',
        price: {
          model: 'graduated',
          tiers: tiers(['100', { unit_amount: '1' }], ['200', { unit_amount: '0.5' }], [null, { unit_amount: '0.1' }]),
        },
        // 100 + 50 + 100 × 0.1
        answers: [['300', '160']],
      },
      {
        test: 'volume: 65,000 calls',
        price: {
          model: 'volume',
          tiers: tiers(
            ['10000', { unit_amount: '0.0010', flat_amount: '10' }],
            ['50000', { unit_amount: '0.0008', flat_amount: '10' }],
            ['100000', { unit_amount: '0.0006', flat_amount: '10' }],
            [null, { unit_amount: '0.0004', flat_amount: '10' }],
          ),
        },
        answers: [['65000', '49']],
      },
      {
        test: 'graduated percentage: transactions of $500, $550 and $4,000',
        price: {
          model: 'graduated_percentage',
          tiers: tiers(
            ['1000', { rate: '1', flat_amount: '200' }],
            ['10000', { rate: '2', flat_amount: '300' }],
            [null, { rate: '3', flat_amount: '400' }],
          ),
        },
        answers: [
          [amounts('500'), '205'],
          [{ prior: '500', quantity: '550' }, '306'],
          [{ prior: '1050', quantity: '4000' }, '80'],
        ],
      },
      {
        test: 'spending minimum: $50 of usage, $100 committed',
        price: { model: 'unit', unit_amount: '0.010', minimum_amount: '100' },
        answers: [['5000', '100']],
      },
    ],
  },
];
