import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';

const USD = { currency: 'USD' };
const amount = (price: object, quantity: string) => evaluate({ ...USD, price, quantity }).amount_exact;
const each = (price: object, table: readonly (readonly [string, string])[]) => {
  for (const [quantity, expected] of table) expect(amount(price, quantity), `quantity ${quantity}`).toBe(expected);
};

describe('unit', () => {
  it('prices every unit at one amount, fractions too', () => {
    each({ model: 'unit', unit_amount: '0.0125' }, [
      ['0', '0'],
      ['1', '0.0125'],
      ['1000', '12.5'],
      // 12.345 × 0.0125 = 0.1543125
      ['12.345', '0.1543125'],
    ]);
  });

  it('keeps every digit of the longest quantity times the longest amount', () => {
    const result = evaluate({
      ...USD,
      price: { model: 'unit', unit_amount: '0.000000000001' },
      quantity: '99999999999999999999999999.999999999999',
    });
    expect(result.amount_exact).toBe('99999999999999.999999999999999999999999');
    expect(result.amount).toBe('100000000000000.00');
  });

  it('credits with an amount below zero', () => {
    each({ model: 'unit', unit_amount: '-0.05' }, [['120', '-6']]);
  });
});

describe('flat', () => {
  it('is due once, whatever the quantity', () => {
    each({ model: 'flat', amount: '49.00' }, [
      ['0', '49'],
      ['1', '49'],
      ['1000000', '49'],
    ]);
  });
});

describe('package', () => {
  it('counts started packages', () => {
    each({ model: 'package', package_size: '1000', package_amount: '5.00' }, [
      ['0', '0'],
      ['0.000000000001', '5'],
      ['1', '5'],
      ['1000', '5'],
      ['1000.000000000001', '10'],
      ['1001', '10'],
      ['2500', '15'],
    ]);
  });

  it('counts them exactly for sizes that are no whole number', () => {
    // 0.3 / 0.1 is exactly three, where binary floating point makes it 2.9999… or 3.0000…4
    each({ model: 'package', package_size: '0.1', package_amount: '1.00' }, [
      ['0.3', '3'],
      ['0.7', '7'],
      ['0.30000000001', '4'],
    ]);
  });

  it('gives Lago’s free units as an included quantity: 201 calls, 100 of them free, $5 per 100 started', () => {
    // 201 − 100 = 101, two packages
    each({ model: 'package', package_size: '100', package_amount: '5.00', included_quantity: '100' }, [
      ['100', '0'],
      ['101', '5'],
      ['201', '10'],
    ]);
  });
});

describe('graduated', () => {
  it('prices each unit at its own tier, as Stripe documents it: $7 to 5, $6.50 to 10, $6 beyond', () => {
    const tiers = [
      { up_to: '5', unit_amount: '7' },
      { up_to: '10', unit_amount: '6.5' },
      { up_to: null, unit_amount: '6' },
    ];
    each({ model: 'graduated', tiers }, [
      ['0', '0'],
      ['1', '7'],
      ['5', '35'],
      // 35 + 6.5
      ['6', '41.5'],
      // 5 × 7 + 5 × 6.5 + 10 × 6 = 35 + 32.5 + 60
      ['20', '127.5'],
      // … + 15 × 6 = 157.5
      ['25', '157.5'],
    ]);
  });

  it('prices Autumn’s example: 15 000 requests at $0.01, $0.008 and $0.005 are $107', () => {
    const tiers = [
      { up_to: '1000', unit_amount: '0.01' },
      { up_to: '10000', unit_amount: '0.008' },
      { up_to: null, unit_amount: '0.005' },
    ];
    // 10 + 72 + 25
    each({ model: 'graduated', tiers }, [['15000', '107']]);
  });

  it('owes a tier’s flat amount once the tier is entered, as in Lago: 10 at $10 + $2, 10 at $5 + $3, then $5 + $3', () => {
    const tiers = [
      { up_to: '10', unit_amount: '10', flat_amount: '2' },
      { up_to: '20', unit_amount: '5', flat_amount: '3' },
      { up_to: null, unit_amount: '5', flat_amount: '3' },
    ];
    each({ model: 'graduated', tiers }, [
      ['0', '0'],
      ['1', '12'],
      ['10', '102'],
      // 102 + 3 + 5
      ['11', '110'],
      ['12', '115'],
      // 102 + 53 = 155 at the end of the second tier
      ['20', '155'],
      // 155 + 3 + 5
      ['21', '163'],
      // just past the boundary the flat amount is due in full: 155 + 3 + 0.5
      ['20.1', '158.5'],
    ]);
    each({ model: 'graduated', tiers, first_tier_flat_at_zero: true }, [
      ['0', '2'],
      ['1', '12'],
    ]);
  });

  it('is continuous for fractional quantities', () => {
    const tiers = [
      { up_to: '0.1', unit_amount: '10' },
      { up_to: '1', unit_amount: '5' },
      { up_to: null, unit_amount: '2' },
    ];
    each({ model: 'graduated', tiers }, [
      ['0.05', '0.5'],
      ['0.1', '1'],
      // 1 + 0.4 × 5
      ['0.5', '3'],
      // 1 + 4.5 + 0.25 × 2
      ['1.25', '6'],
    ]);
  });

  it('explains itself tier by tier', () => {
    const tiers = [
      { up_to: '10', unit_amount: '5' },
      { up_to: '20', unit_amount: '4', flat_amount: '3.00' },
      { up_to: null, unit_amount: '3' },
    ];
    expect(evaluate({ ...USD, price: { model: 'graduated', tiers }, quantity: '25.50' })).toEqual({
      currency: 'USD',
      quantity: '25.50',
      amount: '109.50',
      amount_exact: '109.5',
      steps: [
        { kind: 'tier', amount: '50', quantity: '10', rate: '5', tier: 1 },
        { kind: 'tier', amount: '40', quantity: '10', rate: '4', tier: 2 },
        { kind: 'tier_flat', amount: '3', tier: 2 },
        { kind: 'tier', amount: '16.5', quantity: '5.5', rate: '3', tier: 3 },
      ],
    });
  });

  it('counts packages within their tier', () => {
    const tiers = [
      { up_to: '1000', unit_amount: '0' },
      { up_to: '5000', unit_amount: '2', package_size: '1000' },
      { up_to: null, unit_amount: '1', package_size: '2000' },
    ];
    each({ model: 'graduated', tiers }, [
      ['1000', '0'],
      ['1001', '2'],
      // 1500 in the second tier: two packages
      ['2500', '4'],
      // four packages, and 1 in the third tier: one of its own
      ['5001', '9'],
      ['7001', '10'],
    ]);
  });

  it('caps a tier’s units and flat amount together', () => {
    const tiers = [
      { up_to: '100', unit_amount: '1', flat_amount: '10.00', maximum_amount: '50.00' },
      { up_to: null, unit_amount: '2', maximum_amount: '20.00' },
    ];
    each({ model: 'graduated', tiers }, [
      ['30', '40'],
      ['40', '50'],
      ['41', '50'],
      ['100', '50'],
      // 50 + 5 × 2
      ['105', '60'],
      ['1000', '70'],
    ]);
  });

  it('prices a tier without an amount at nothing', () => {
    each({ model: 'graduated', tiers: [{ up_to: '5' }, { up_to: null, unit_amount: '1' }] }, [
      ['5', '0'],
      ['6', '1'],
    ]);
  });
});

describe('volume', () => {
  it('prices all units at the total’s tier, as Stripe documents it', () => {
    const tiers = [
      { up_to: '5', unit_amount: '7' },
      { up_to: '10', unit_amount: '6.5' },
      { up_to: null, unit_amount: '6' },
    ];
    each({ model: 'volume', tiers }, [
      ['1', '7'],
      ['5', '35'],
      ['6', '39'],
      ['20', '120'],
      ['25', '150'],
      // just over five belongs to the second tier: 5.5 × 6.5
      ['5.5', '35.75'],
    ]);
  });

  it('adds the flat amount of that tier alone, as in Lago', () => {
    const tiers = [
      { up_to: '100', unit_amount: '2', flat_amount: '10' },
      { up_to: '200', unit_amount: '1', flat_amount: '0' },
      { up_to: null, unit_amount: '0.5', flat_amount: '50' },
    ];
    each({ model: 'volume', tiers }, [
      ['0', '0'],
      ['1', '12'],
      ['100', '210'],
      ['100.5', '100.5'],
      ['101', '101'],
      ['200', '200'],
      // 150 + 50
      ['300', '200'],
    ]);
    each({ model: 'volume', tiers, first_tier_flat_at_zero: true }, [['0', '10']]);
  });

  it('prices Lago’s documented example: 65 000 calls at $0.0006 plus $10 are $49', () => {
    const tiers = [
      { up_to: '10000', unit_amount: '0.0010', flat_amount: '10' },
      { up_to: '50000', unit_amount: '0.0008', flat_amount: '10' },
      { up_to: '100000', unit_amount: '0.0006', flat_amount: '10' },
      { up_to: null, unit_amount: '0.0004', flat_amount: '10' },
    ];
    each({ model: 'volume', tiers }, [['65000', '49']]);
  });

  it('counts packages over the whole quantity and caps the tier', () => {
    const tiers = [
      { up_to: '1000', unit_amount: '3', package_size: '100' },
      { up_to: null, unit_amount: '2', package_size: '100', flat_amount: '5', maximum_amount: '30' },
    ];
    each({ model: 'volume', tiers }, [
      ['101', '6'],
      // eleven packages at 2 plus 5
      ['1001', '27'],
      // 15 × 2 + 5 = 35, capped
      ['1500', '30'],
    ]);
  });

  it('takes the included quantity off before it chooses the tier', () => {
    const tiers = [
      { up_to: '10', unit_amount: '5' },
      { up_to: null, unit_amount: '1' },
    ];
    each({ model: 'volume', tiers, included_quantity: '5' }, [
      // 15 − 5 = 10, still the first tier
      ['15', '50'],
      ['16', '11'],
      ['3', '0'],
    ]);
  });
});

describe('graduated_percentage', () => {
  it('takes each part of a sum at its own rate, as Lago documents it', () => {
    const tiers = [
      { up_to: '1000', rate: '1', flat_amount: '200' },
      { up_to: '10000', rate: '2', flat_amount: '300' },
      { up_to: null, rate: '3', flat_amount: '400' },
    ];
    const price = { model: 'graduated_percentage', tiers };
    each(price, [
      ['0', '0'],
      // 500 × 1 % + 200
      ['500', '205'],
      // 205 + 306: the second 550 of 1050 are 500 × 1 % and 50 × 2 %, plus 300
      ['1050', '511'],
      // … and a third 4000 × 2 %
      ['5050', '591'],
      // 10 + 200 + 180 + 300 + 0.01 × 3 % + 400
      ['10000.01', '1090.0003'],
    ]);
    each({ ...price, first_tier_flat_at_zero: true }, [['0', '200']]);
    const events = [{ amount: '500' }, { amount: '550' }, { amount: '4000' }];
    expect(evaluate({ ...USD, price, events })).toMatchObject({ quantity: '5050', amount: '591.00' });
  });
});
