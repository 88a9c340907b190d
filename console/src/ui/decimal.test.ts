import { describe, expect, it } from 'vitest';
import { compareDecimals, sumDecimals } from './decimal.ts';

describe('decimals', () => {
  it('sum to the last digit, where floating point would not', () => {
    expect(sumDecimals(['0.1', '0.2'])).toBe('0.3');
    expect(sumDecimals(['12345678901234567890.01', '0.000000000001'])).toBe('12345678901234567890.010000000001');
  });

  it('keep the sign of small negative sums', () => {
    expect(sumDecimals(['-0.055', '0.05'])).toBe('-0.005');
    expect(sumDecimals(['-1', '1.00'])).toBe('0.00');
  });

  it('sum to zero when there are none', () => expect(sumDecimals([])).toBe('0'));

  it('compare by value, not by spelling', () => {
    expect(compareDecimals('10', '9.99')).toBe(1);
    expect(compareDecimals('-2', '-1')).toBe(-1);
    expect(compareDecimals('1.50', '1.5')).toBe(0);
  });
});
