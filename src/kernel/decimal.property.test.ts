import { Decimal as Oracle } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  divideDecimal,
  formatDecimal,
  multiply,
  parseDecimal,
  ROUNDINGS,
  roundDecimal,
  subtract,
} from './decimal.ts';
import {
  addExact,
  compareExact,
  divideExact,
  exact,
  formatExact,
  multiplyExact,
  ratio,
  roundExact,
  subtractExact,
} from './exact.ts';

const Wide = Oracle.clone({ precision: 200, toExpNeg: -1000, toExpPos: 1000 });
const SENSES = { half_up: Oracle.ROUND_HALF_UP, half_even: Oracle.ROUND_HALF_EVEN, up: Oracle.ROUND_UP, down: Oracle.ROUND_DOWN };

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat({ max: 14 }))
  .map(([units, scale]) => formatDecimal({ units, scale }));
const plain = (value: Oracle) => value.toFixed().replace(/^-0$/, '0');

describe('decimals', () => {
  it('agree with decimal.js on sums, differences, products and order', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const [left, right] = [parseDecimal(a), parseDecimal(b)];
        expect(formatDecimal(add(left, right))).toBe(plain(new Wide(a).plus(b)));
        expect(formatDecimal(subtract(left, right))).toBe(plain(new Wide(a).minus(b)));
        expect(formatDecimal(multiply(left, right))).toBe(plain(new Wide(a).times(b)));
        expect(compare(left, right)).toBe(new Wide(a).comparedTo(b));
      }),
      { numRuns: 10_000 },
    );
  });

  it('agree with decimal.js on every sense of rounding', () => {
    fc.assert(
      fc.property(decimals, fc.nat({ max: 6 }), fc.constantFrom(...ROUNDINGS), (a, scale, sense) => {
        const expected = plain(new Wide(a).toDecimalPlaces(scale, SENSES[sense]));
        expect(formatDecimal(roundDecimal(parseDecimal(a), scale, sense))).toBe(expected);
        expect(formatDecimal(roundExact(exact(parseDecimal(a)), scale, sense))).toBe(expected);
      }),
      { numRuns: 10_000 },
    );
  });

  it('agree with decimal.js on quotients cut half to even at 18 decimals', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        fc.pre(b !== '0');
        const expected = plain(new Wide(a).dividedBy(b).toDecimalPlaces(18, Oracle.ROUND_HALF_EVEN));
        expect(formatDecimal(divideDecimal(parseDecimal(a), parseDecimal(b)))).toBe(expected);
      }),
      { numRuns: 10_000 },
    );
  });

  it('survive being written and read', () => {
    fc.assert(
      fc.property(decimals, (a) => {
        expect(formatDecimal(parseDecimal(a))).toBe(a);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('exact numbers', () => {
  const exacts = fc
    .tuple(decimals, fc.bigInt({ min: -1000n, max: 1000n }), fc.bigInt({ min: 1n, max: 1000n }))
    .map(([decimal, numerator, denominator]) => multiplyExact(exact(parseDecimal(decimal)), ratio(numerator, denominator)));

  it('obey the laws of a field, whatever their scales and divisors', () => {
    fc.assert(
      fc.property(exacts, exacts, exacts, (a, b, c) => {
        expect(compareExact(addExact(a, b), addExact(b, a))).toBe(0);
        expect(compareExact(multiplyExact(a, addExact(b, c)), addExact(multiplyExact(a, b), multiplyExact(a, c)))).toBe(0);
        expect(compareExact(subtractExact(addExact(a, b), b), a)).toBe(0);
        if (b.units !== 0n) expect(compareExact(multiplyExact(divideExact(a, b), b), a)).toBe(0);
      }),
      { numRuns: 10_000 },
    );
  });

  it('are shown in full where they end and cut at 18 decimals where they do not', () => {
    const shown = (numerator: bigint, denominator: bigint) => formatExact(ratio(numerator, denominator));
    expect(shown(1n, 3n)).toBe('0.333333333333333333');
    expect(shown(-2n, 3n)).toBe('-0.666666666666666667');
    expect(shown(6n, 3n)).toBe('2');
    // 1 / 2^20 has 20 decimals and ends; nothing of it is cut.
    expect(shown(1n, 2n ** 20n)).toBe('0.00000095367431640625');
    expect(shown(1n, 5n ** 3n)).toBe('0.008');
    expect(shown(7n, 40n)).toBe('0.175');
    expect(formatExact({ units: 3n, scale: 1, over: 30n })).toBe('0.01');
  });

  it('round to tens and hundreds with a negative scale', () => {
    // 1250 to hundreds: a half, away from zero 1300, to even 1200
    expect(roundExact(exact(parseDecimal('1250')), -2, 'half_up')).toEqual({ units: 1300n, scale: 0 });
    expect(roundExact(exact(parseDecimal('1250')), -2, 'half_even')).toEqual({ units: 1200n, scale: 0 });
    expect(roundExact(exact(parseDecimal('0.01')), -1, 'up')).toEqual({ units: 10n, scale: 0 });
  });
});
