import { describe, expect, it } from 'vitest';
import { formatBytes, formatDecimal, formatLabel } from './format.ts';

describe('what is shown of a decimal', () => {
  it('is every digit of it, grouped', () => {
    expect(formatDecimal('1234.5000')).toBe('1,234.5000');
    expect(formatDecimal('12345678901234567890.123456789012')).toBe('12,345,678,901,234,567,890.123456789012');
    expect(formatDecimal('-0.0025')).toBe('-0.0025');
  });
});

describe('words', () => {
  it('are made of codes', () => expect(formatLabel('tier_flat')).toBe('Tier flat'));
  it('say sizes in decimal units', () => expect(formatBytes(1_500_000)).toBe('1.5 MB'));
});
