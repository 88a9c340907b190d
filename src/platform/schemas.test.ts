import { describe, expect, it } from 'vitest';
import { Decimal, Instant, LocalDate, shortestDecimal, Text, TimeZone } from './schemas.ts';

const taken = (schema: { safeParse(value: unknown): { success: boolean; data?: unknown } }, value: unknown) => {
  const { success, data } = schema.safeParse(value);
  return success ? data : 'refused';
};

describe('what any route reads', () => {
  it.each([
    ['1', '1'],
    ['007.500', '7.5'],
    ['-0', '0'],
    ['-0.10', '-0.1'],
    [0.1, '0.1'],
    [0.0000001, '0.0000001'],
    [123456789012345, '123456789012345'],
    [1234567890123456, 'refused'],
    [0.1 + 0.2, 'refused'],
    [1e21, 'refused'],
    ['1e3', 'refused'],
    ['NaN', 'refused'],
    ['Infinity', 'refused'],
    ['', 'refused'],
    ['.5', 'refused'],
    ['+1', 'refused'],
    ['1.0000000000001', 'refused'],
    ['123456789012345678901234567', 'refused'],
    [null, 'refused'],
  ])('a decimal: %j is %s', (value, expected) => {
    expect(taken(Decimal, value)).toBe(expected);
  });

  it.each([
    ['2026-03-01T10:00:00+10:00', '2026-03-01T00:00:00Z'],
    ['2026-03-01T00:00:00.1234567Z', '2026-03-01T00:00:00.123456Z'],
    ['2026-02-30T00:00:00Z', 'refused'],
    ['2026-03-01T00:00:00', 'refused'],
    ['2026-03-01', 'refused'],
    ['0000-01-01T00:00:00Z', 'refused'],
    ['1999-12-31T23:59:59Z', 'refused'],
    ['2026-03-01T25:00:00Z', 'refused'],
    [1767225600, 'refused'],
  ])('a time: %j is %s', (value, expected) => {
    expect(taken(Instant, value)).toBe(expected);
  });

  it.each([
    ['2024-02-29', '2024-02-29'],
    ['2026-02-29', 'refused'],
    ['2026-13-01', 'refused'],
    ['20260101', 'refused'],
  ])('a date: %j is %s', (value, expected) => {
    expect(taken(LocalDate, value)).toBe(expected);
  });

  it.each([
    ['Australia/Sydney', 'Australia/Sydney'],
    ['UTC', 'UTC'],
    ['Mars/Olympus', 'refused'],
    ['', 'refused'],
    ['+10:00', 'refused'],
  ])('a time zone: %j is %s', (value, expected) => {
    expect(taken(TimeZone, value)).toBe(expected);
  });

  it('text without control characters and lone surrogates', () => {
    expect(taken(Text(5), 'Zoë')).toBe('Zoë');
    for (const value of ['', 'sechs!', 'a\u0000b', 'a\nb', '\ud800']) expect(taken(Text(5), value)).toBe('refused');
  });

  it('shortens decimals without changing them', () => {
    expect(['100', '0.0', '-12.340', '0'].map(shortestDecimal)).toEqual(['100', '0', '-12.34', '0']);
  });
});
