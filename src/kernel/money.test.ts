import { describe, expect, it } from 'vitest';
import { parseDecimal } from './decimal.ts';
import { ratio } from './exact.ts';
import { currencies, currencyDecimals, fromMinor, isCurrency, roundToMinor, toMinor } from './money.ts';

describe('currencies', () => {
  it('have the minor units of ISO 4217', () => {
    const table: Record<string, number> = {
      AUD: 2,
      USD: 2,
      EUR: 2,
      JPY: 0,
      KRW: 0,
      ISK: 0,
      CLP: 0,
      UGX: 0,
      HUF: 2,
      MRU: 2,
      MGA: 2,
      IDR: 2,
    };
    const more: Record<string, number> = {
      BHD: 3,
      KWD: 3,
      TND: 3,
      JOD: 3,
      OMR: 3,
      IQD: 3,
      LYD: 3,
      CLF: 4,
      UYW: 4,
      UYI: 0,
      XAF: 0,
      XPF: 0,
    };
    for (const [currency, decimals] of Object.entries({ ...table, ...more }))
      expect(currencyDecimals(currency), currency).toBe(decimals);
  });

  it('are each listed once, as three capital letters', () => {
    expect(currencies().every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
    expect(new Set(currencies()).size).toBe(currencies().length);
    expect(currencies().length).toBeGreaterThan(160);
  });

  it('are refused when unknown, in lower case, or without a minor unit', () => {
    for (const code of ['ABC', 'usd', 'XAU', 'XXX', 'XTS', 'XDR', '', 'toString', '__proto__']) {
      expect(isCurrency(code), code).toBe(false);
      expect(() => currencyDecimals(code), code).toThrow(expect.objectContaining({ code: 'currency_unknown', status: 422 }));
    }
  });
});

describe('minor units', () => {
  it('hold an amount exactly or refuse it', () => {
    expect(toMinor(parseDecimal('12.34'), 'AUD')).toBe(1234n);
    expect(toMinor(parseDecimal('12.3400'), 'AUD')).toBe(1234n);
    expect(toMinor(parseDecimal('-12'), 'JPY')).toBe(-12n);
    expect(toMinor(parseDecimal('1.5'), 'KWD')).toBe(1500n);
    expect(() => toMinor(parseDecimal('12.345'), 'AUD')).toThrow(expect.objectContaining({ code: 'amount_inexact' }));
    expect(() => toMinor(parseDecimal('0.5'), 'JPY')).toThrow(expect.objectContaining({ code: 'amount_inexact' }));
  });

  it('are written with exactly the currency’s decimals', () => {
    expect(fromMinor(1230n, 'AUD')).toBe('12.30');
    expect(fromMinor(-5n, 'AUD')).toBe('-0.05');
    expect(fromMinor(0n, 'AUD')).toBe('0.00');
    expect(fromMinor(1230n, 'JPY')).toBe('1230');
    expect(fromMinor(1230n, 'BHD')).toBe('1.230');
    expect(fromMinor(1230n, 'CLF')).toBe('0.1230');
  });

  it('round once, half away from zero unless told', () => {
    expect(roundToMinor(parseDecimal('0.125'), 'AUD')).toBe(13n);
    expect(roundToMinor(parseDecimal('-0.125'), 'AUD')).toBe(-13n);
    expect(roundToMinor(parseDecimal('0.125'), 'AUD', 'half_even')).toBe(12n);
    expect(roundToMinor(ratio(2n, 3n), 'AUD')).toBe(67n);
    expect(roundToMinor(ratio(1n, 2n), 'JPY', 'half_even')).toBe(0n);
  });
});
