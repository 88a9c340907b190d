import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  decimalText,
  divideDecimal,
  divideRounded,
  formatDecimal,
  formatFixed,
  maximum,
  minimum,
  multiply,
  negate,
  parseDecimal,
  type Rounding,
  readDecimal,
  roundDecimal,
  subtract,
  sumDecimals,
} from './decimal.ts';

const text = (value: string) => formatDecimal(parseDecimal(value));

describe('reading decimals', () => {
  it('writes the shortest text of what it reads', () => {
    const cases = [
      ['0', '0'],
      ['-0', '0'],
      ['0.00', '0'],
      ['-0.000', '0'],
      ['007.50', '7.5'],
      ['-0.05', '-0.05'],
      ['-5.00', '-5'],
      ['-0.10', '-0.1'],
      ['100', '100'],
      ['100.00', '100'],
      ['0.000000000001', '0.000000000001'],
      ['12345678901234567890123456.123456789012', '12345678901234567890123456.123456789012'],
    ];
    for (const [given, shortest] of cases) expect(text(given!)).toBe(shortest);
  });

  it('keeps the scale as written, since decimals are counted as written', () => {
    expect(parseDecimal('1.50')).toEqual({ units: 150n, scale: 2 });
  });

  it('refuses everything that is no plain decimal', () => {
    for (const given of [
      '',
      '-',
      '.',
      '.5',
      '5.',
      '+1',
      '1e3',
      '1E3',
      'NaN',
      'Infinity',
      '-Infinity',
      '0x10',
      '1_000',
      '1,5',
      ' 1',
      '1 ',
      '1.2.3',
      '--1',
      '١',
    ]) {
      expect(readDecimal(given), given).toBe('decimal_invalid');
      expect(() => parseDecimal(given), given).toThrow(expect.objectContaining({ code: 'decimal_invalid' }));
    }
    for (const given of [null, undefined, true, {}, [], 1n]) expect(readDecimal(given)).toBe('decimal_invalid');
  });

  it('takes 12 decimals and 26 digits before them, and names what is too long', () => {
    expect(readDecimal(`${'9'.repeat(26)}.${'9'.repeat(12)}`)).toEqual({ units: BigInt('9'.repeat(38)), scale: 12 });
    expect(readDecimal(`-${'9'.repeat(26)}`)).toEqual({ units: -BigInt('9'.repeat(26)), scale: 0 });
    expect(readDecimal('0.1234567890123')).toBe('too_many_decimals');
    expect(readDecimal('1.0000000000000')).toBe('too_many_decimals');
    expect(readDecimal('1'.repeat(27))).toBe('too_many_digits');
    expect(readDecimal(`${'1'.repeat(1_000_000)}`)).toBe('too_many_digits');
    expect(readDecimal(`${'1'.repeat(40)}x`)).toBe('decimal_invalid');
  });

  it('takes a JSON number of at most 15 significant digits as its text', () => {
    expect(decimalText(0.1)).toBe('0.1');
    expect(decimalText(-0)).toBe('0');
    expect(decimalText(123456789012345)).toBe('123456789012345');
    expect(decimalText(0.00001234)).toBe('0.00001234');
    expect(decimalText(1234567890123456)).toBeUndefined();
    expect(decimalText(0.1 + 0.2)).toBeUndefined();
    expect(decimalText(0.0000001)).toBe('0.0000001');
    expect(decimalText(-0.00000125)).toBe('-0.00000125');
    expect(decimalText(1e21)).toBeUndefined();
    expect(decimalText(1e21)).toBeUndefined();
    expect(decimalText(Number.NaN)).toBeUndefined();
    expect(decimalText(Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});

describe('arithmetic', () => {
  it('is exact across scales', () => {
    // 0.1 + 0.25 = 0.35; 1 − 0.001 = 0.999; 1.5 × 0.02 = 0.03
    expect(formatDecimal(add(parseDecimal('0.1'), parseDecimal('0.25')))).toBe('0.35');
    expect(formatDecimal(subtract(parseDecimal('1'), parseDecimal('0.001')))).toBe('0.999');
    expect(formatDecimal(multiply(parseDecimal('1.5'), parseDecimal('0.02')))).toBe('0.03');
    expect(formatDecimal(negate(parseDecimal('1.5')))).toBe('-1.5');
    expect(formatDecimal(sumDecimals(['0.1', '0.2', '-0.3'].map(parseDecimal)))).toBe('0');
  });

  it('compares by value, not by text', () => {
    expect(compare(parseDecimal('1.0'), parseDecimal('1'))).toBe(0);
    expect(compare(parseDecimal('-2'), parseDecimal('-1.99'))).toBe(-1);
    expect(formatDecimal(minimum(parseDecimal('2'), parseDecimal('1.9')))).toBe('1.9');
    expect(formatDecimal(maximum(parseDecimal('2'), parseDecimal('1.9')))).toBe('2');
  });

  it('divides with one rounding', () => {
    // 2 / 3 = 0.666…; 1 / −8 = −0.125, a half at two decimals
    expect(formatDecimal(divideDecimal(parseDecimal('2'), parseDecimal('3')))).toBe('0.666666666666666667');
    expect(formatDecimal(divideDecimal(parseDecimal('1'), parseDecimal('-8'), 2, 'half_even'))).toBe('-0.12');
    expect(formatDecimal(divideDecimal(parseDecimal('1'), parseDecimal('-8'), 2, 'half_up'))).toBe('-0.13');
  });

  it('writes a fixed number of decimals', () => {
    expect(formatFixed(roundDecimal(parseDecimal('12.3'), 2, 'half_up'))).toBe('12.30');
    expect(formatFixed(roundDecimal(parseDecimal('-0.001'), 2, 'half_up'))).toBe('0.00');
    expect(formatFixed(roundDecimal(parseDecimal('12.5'), 0, 'half_even'))).toBe('12');
  });
});

describe('rounding', () => {
  it('follows its table for each sense', () => {
    // The table of the java.math.RoundingMode documentation: input, then up, down, half up, half even.
    const table: [string, string, string, string, string][] = [
      ['5.5', '6', '5', '6', '6'],
      ['2.5', '3', '2', '3', '2'],
      ['1.6', '2', '1', '2', '2'],
      ['1.1', '2', '1', '1', '1'],
      ['1.0', '1', '1', '1', '1'],
      ['-1.0', '-1', '-1', '-1', '-1'],
      ['-1.1', '-2', '-1', '-1', '-1'],
      ['-1.6', '-2', '-1', '-2', '-2'],
      ['-2.5', '-3', '-2', '-3', '-2'],
      ['-5.5', '-6', '-5', '-6', '-6'],
    ];
    const senses: Rounding[] = ['up', 'down', 'half_up', 'half_even'];
    for (const [given, ...expected] of table) {
      senses.forEach((sense, index) => {
        expect(formatDecimal(roundDecimal(parseDecimal(given), 0, sense)), `${given} ${sense}`).toBe(expected[index]);
      });
    }
  });

  it('sees a half exactly where the divisor is odd or even', () => {
    expect(divideRounded(7n, 2n, 'half_even')).toBe(4n);
    expect(divideRounded(5n, 2n, 'half_even')).toBe(2n);
    expect(divideRounded(-5n, 3n, 'half_up')).toBe(-2n);
    expect(divideRounded(0n, 3n, 'up')).toBe(0n);
  });
});
