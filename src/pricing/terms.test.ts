import { describe, expect, it } from 'vitest';
import { ratio } from '../kernel/exact.ts';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { evaluate, evaluateCompiled } from './evaluate.ts';

const unit = { model: 'unit', unit_amount: '1' };
const run = (price: object, quantity: string, more: object = {}) => evaluate({ currency: 'USD', price, quantity, ...more });
const exact = (price: object, quantity: string, more: object = {}) => run(price, quantity, more).amount_exact;

describe('transform', () => {
  it('multiplies, then divides, then rounds once', () => {
    // 1500 bytes × 8 / 1000 = 12 kbit
    expect(exact({ ...unit, transform: { multiply: '8', divide: '1000' } }, '1500')).toBe('12');
    // 100 / 60 = 1.666…: up 2, down 1, half up 2; with two decimals 1.67
    expect(exact({ ...unit, transform: { divide: '60', round: 'up' } }, '100')).toBe('2');
    expect(exact({ ...unit, transform: { divide: '60', round: 'down' } }, '100')).toBe('1');
    expect(exact({ ...unit, transform: { divide: '60', round: 'half_up' } }, '100')).toBe('2');
    expect(exact({ ...unit, transform: { divide: '60', precision: 2 } }, '100')).toBe('1.67');
    expect(exact({ ...unit, transform: { divide: '60', round: 'down', precision: 2 } }, '100')).toBe('1.66');
    expect(exact({ ...unit, transform: { round: 'up' } }, '3.01')).toBe('4');
  });

  it('rounds the exact quotient, not a cut one', () => {
    // 49 999 999 999 999 999 999 / 10^20 is a hair under a half: cut at 18 decimals first, it would be a half and round up.
    const transform = { divide: '100000000000000000000', round: 'half_up' };
    expect(exact({ ...unit, transform }, '49999999999999999999')).toBe('0');
    expect(exact({ ...unit, transform }, '50000000000000000000')).toBe('1');
  });

  it('cuts a quotient half to even at 18 decimals without round, and nothing else', () => {
    expect(exact({ ...unit, transform: { divide: '3' } }, '1')).toBe('0.333333333333333333');
    expect(exact({ ...unit, transform: { divide: '3' } }, '2')).toBe('0.666666666666666667');
    // A product alone is no quotient: 10^−12 × 10^−12 keeps its 24 decimals.
    expect(exact({ ...unit, transform: { multiply: '0.000000000001' } }, '0.000000000001')).toBe('0.000000000000000000000001');
    // With a divisor of one it is: 10^−24 is cut to nothing.
    expect(exact({ ...unit, transform: { multiply: '0.000000000001', divide: '1' } }, '0.000000000001')).toBe('0');
  });

  it('rounds to tens and hundreds with a negative precision', () => {
    expect(exact({ ...unit, transform: { round: 'up', precision: -2 } }, '1201')).toBe('1300');
  });
});

describe('the order of terms', () => {
  it('is transform, included, quantity discounts, model, percentages, amounts, maximum, minimum', () => {
    const price = {
      model: 'graduated',
      tiers: [
        { up_to: '10', unit_amount: '10' },
        { up_to: null, unit_amount: '5' },
      ],
      transform: { divide: '1000', round: 'up' },
      included_quantity: '5',
      discounts: [{ amount: '4.00' }, { percent: '10' }, { quantity: '2' }, { percent: '50' }],
      maximum_amount: '55.00',
      minimum_amount: '20.00',
    };
    // 21 900 / 1000 up = 22; − 5 included = 17; − 2 = 15; 10 × 10 + 5 × 5 = 125; − 10 % = 112.5; − 50 % = 56.25; − 4 = 52.25
    const result = run(price, '21900');
    expect(result.amount_exact).toBe('52.25');
    expect(result.steps).toEqual([
      { kind: 'transform', amount: '0', quantity: '22' },
      { kind: 'included', amount: '0', quantity: '5' },
      { kind: 'quantity_discount', amount: '0', quantity: '2' },
      { kind: 'tier', amount: '100', quantity: '10', rate: '10', tier: 1 },
      { kind: 'tier', amount: '25', quantity: '5', rate: '5', tier: 2 },
      { kind: 'percentage_discount', amount: '-12.5', rate: '10' },
      { kind: 'percentage_discount', amount: '-56.25', rate: '50' },
      { kind: 'amount_discount', amount: '-4' },
    ]);
    // 24 → 17 → 100 + 35 = 135 → 121.5 → 60.75 → 56.75 → capped at 55
    expect(run(price, '24000').steps.at(-1)).toEqual({ kind: 'maximum', amount: '-1.75' });
    // 8 → 1 → 10 → 9 → 4.5 → 0.5 → raised to 20
    expect(run(price, '8000').steps.at(-1)).toEqual({ kind: 'minimum', amount: '19.5' });
    expect(exact(price, '0')).toBe('20');
  });
});

describe('included quantity and quantity discounts', () => {
  it('never take the quantity below zero', () => {
    expect(exact({ ...unit, included_quantity: '10' }, '4')).toBe('0');
    expect(exact({ ...unit, discounts: [{ quantity: '3' }, { quantity: '3' }] }, '5')).toBe('0');
    expect(exact({ ...unit, discounts: [{ quantity: '3' }, { quantity: '3' }] }, '7.5')).toBe('1.5');
  });

  it('leave no flat amount due when they use up the quantity', () => {
    const tiers = [{ up_to: null, unit_amount: '1', flat_amount: '9.00' }];
    expect(exact({ model: 'graduated', tiers, included_quantity: '10' }, '10')).toBe('0');
    expect(exact({ model: 'graduated', tiers, included_quantity: '10' }, '10.5')).toBe('9.5');
    expect(exact({ model: 'graduated', tiers, included_quantity: '10', first_tier_flat_at_zero: true }, '10')).toBe('9');
  });
});

describe('discounts, maximum and minimum', () => {
  it('take percentages one after another, on what is left', () => {
    // 200 − 10 % = 180, − 25 % = 135
    expect(exact({ ...unit, discounts: [{ percent: '10' }, { percent: '25' }] }, '200')).toBe('135');
    expect(exact({ ...unit, discounts: [{ percent: '100' }] }, '200')).toBe('0');
    expect(exact({ ...unit, discounts: [{ percent: '12.345678901234' }] }, '1')).toBe('0.87654321098766');
  });

  it('never take an amount below zero, and leave a total already below it', () => {
    expect(exact({ ...unit, discounts: [{ amount: '5.00' }, { amount: '5.00' }] }, '7')).toBe('0');
    expect(exact({ model: 'unit', unit_amount: '-1', discounts: [{ amount: '5.00' }] }, '7')).toBe('-7');
    expect(exact({ model: 'unit', unit_amount: '-1', discounts: [{ percent: '50' }] }, '7')).toBe('-3.5');
  });

  it('bound every model’s total, a flat one and a credit too', () => {
    expect(exact({ model: 'flat', amount: '10.00', minimum_amount: '12.00' }, '0')).toBe('12');
    expect(exact({ model: 'flat', amount: '10.00', maximum_amount: '8.00', discounts: [{ amount: '1.00' }] }, '0')).toBe('8');
    expect(exact({ model: 'unit', unit_amount: '-1', minimum_amount: '-20.00' }, '70')).toBe('-20');
    expect(exact({ ...unit, minimum_amount: '5.00', maximum_amount: '5.00' }, '4')).toBe('5');
  });
});

describe('rounding', () => {
  it('happens once, at the end, to the currency’s decimals', () => {
    const third = {
      model: 'graduated',
      tiers: [
        { up_to: '1', unit_amount: '0.004' },
        { up_to: null, unit_amount: '0.004' },
      ],
    };
    // Two steps of 0.004 are 0.008: rounded once 0.01, rounded each 0.00.
    expect(run(third, '2')).toMatchObject({ amount: '0.01', amount_exact: '0.008' });
    expect(evaluate({ currency: 'JPY', price: unit, quantity: '1.5' }).amount).toBe('2');
    expect(evaluate({ currency: 'KWD', price: unit, quantity: '1.2345' }).amount).toBe('1.235');
    expect(evaluate({ currency: 'CLF', price: unit, quantity: '1.2' }).amount).toBe('1.2000');
  });

  it('goes half away from zero unless told otherwise', () => {
    expect(run(unit, '0.125').amount).toBe('0.13');
    expect(run(unit, '-0.125', { allow_negative: true }).amount).toBe('-0.13');
    expect(run(unit, '0.125', { rounding: 'half_even' }).amount).toBe('0.12');
    expect(run(unit, '0.135', { rounding: 'half_even' }).amount).toBe('0.14');
    expect(run(unit, '0.121', { rounding: 'up' }).amount).toBe('0.13');
    expect(run(unit, '-0.121', { rounding: 'up', allow_negative: true }).amount).toBe('-0.13');
    expect(run(unit, '0.129', { rounding: 'down' }).amount).toBe('0.12');
    expect(run(unit, '-0.001', { allow_negative: true }).amount).toBe('0.00');
  });
});

describe('negative quantities', () => {
  const allow = { allow_negative: true };
  const tiers = [
    { up_to: '10', unit_amount: '5', flat_amount: '3.00' },
    { up_to: null, unit_amount: '2', flat_amount: '1.00', maximum_amount: '20.00' },
  ];

  it('are refused unless allowed', () => {
    expect(() => run(unit, '-1')).toThrow(expect.objectContaining({ code: 'negative_refused', status: 422 }));
    expect(exact(unit, '-0')).toBe('0');
  });

  it('mirror the positive quantity without flat amounts', () => {
    // 12: 10 × 5 + 2 × 2 = 54, with flats 58
    expect(exact({ model: 'graduated', tiers }, '12')).toBe('58');
    expect(exact({ model: 'graduated', tiers }, '-12', allow)).toBe('-54');
    // 30: 50 + 40, capped at 20
    expect(exact({ model: 'graduated', tiers }, '-30', allow)).toBe('-70');
    expect(exact({ model: 'volume', tiers }, '-12', allow)).toBe('-20');
    expect(exact({ model: 'volume', tiers }, '-4', allow)).toBe('-20');
    expect(exact({ model: 'package', package_size: '10', package_amount: '1.00' }, '-11', allow)).toBe('-2');
    expect(exact({ model: 'graduated', tiers, first_tier_flat_at_zero: true }, '-1', allow)).toBe('-5');
  });

  it('mirror transform, included quantity, percentages and maximum, and leave out minimum and amount discounts', () => {
    const price = {
      ...unit,
      transform: { divide: '3', round: 'up' },
      included_quantity: '1',
      discounts: [{ percent: '10' }, { amount: '2.00' }],
    };
    // 10 / 3 up = 4; − 1 = 3; − 10 % = 2.7; − 2 = 0.7; at least 5
    expect(exact({ ...price, minimum_amount: '5.00' }, '10')).toBe('5');
    expect(exact({ ...price, minimum_amount: '5.00' }, '-10', allow)).toBe('-2.7');
    expect(exact({ ...price, maximum_amount: '2.50' }, '-10', allow)).toBe('-2.5');
    expect(exact({ ...unit, included_quantity: '10' }, '-4', allow)).toBe('0');
  });

  it('leave a flat price as it is', () => {
    expect(exact({ model: 'flat', amount: '10.00', discounts: [{ amount: '1.00' }] }, '-3', allow)).toBe('9');
  });

  it('show mirrored steps', () => {
    expect(run({ ...unit, included_quantity: '1' }, '-3', allow).steps).toEqual([
      { kind: 'included', amount: '0', quantity: '-1' },
      { kind: 'unit', amount: '-2', quantity: '-2', rate: '1' },
    ]);
  });
});

describe('a part of a period', () => {
  it('prorates included quantity, minimum and maximum by days, exactly', () => {
    const price = checkPrice({ ...unit, included_quantity: '30', minimum_amount: '10.00' }, { currency: 'USD' });
    const compiled = compilePrice(price, 'USD', { share: ratio(10n, 31n) });
    // 30 × 10/31 = 9.677… included: 12 − 9.677… = 2.3225…; the minimum is 10 × 10/31 = 3.2258…
    const result = evaluateCompiled(compiled, { quantity: '12' });
    expect(result.amount_exact).toBe('3.225806451612903226');
    expect(result.amount).toBe('3.23');
    expect(evaluate({ currency: 'USD', price, quantity: '12', share: '10/31' })).toEqual(result);
    expect(result.steps).toEqual([
      { kind: 'included', amount: '0', quantity: '9.677419354838709677' },
      { kind: 'unit', amount: '2.322580645161290323', quantity: '2.322580645161290323', rate: '1' },
      { kind: 'minimum', amount: '0.903225806451612903' },
    ]);
  });
});

describe('what is refused', () => {
  it('is both or neither of quantity and events', () => {
    const refused = expect.objectContaining({ code: 'quantity_or_events', status: 422 });
    expect(() => evaluate({ currency: 'USD', price: unit })).toThrow(refused);
    expect(() => evaluate({ currency: 'USD', price: unit, quantity: '1', events: [] })).toThrow(refused);
  });

  it('is a quantity that is no decimal of 12 decimals and 26 digits', () => {
    for (const quantity of ['NaN', 'Infinity', '1e3', '', '1.0000000000000', '1'.repeat(27)]) {
      expect(() => run(unit, quantity), quantity).toThrow(expect.objectContaining({ code: 'usage_invalid', status: 422 }));
    }
  });

  it('is an unknown currency', () => {
    expect(() => evaluate({ currency: 'ABC', price: unit, quantity: '1' })).toThrow(
      expect.objectContaining({ code: 'currency_unknown' }),
    );
  });
});
