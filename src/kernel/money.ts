import { type Decimal, formatFixed, powerOfTen, type Rounding, roundDecimal } from './decimal.ts';
import { defineErrors } from './errors.ts';
import { type Exact, roundExact } from './exact.ts';

export const errors = defineErrors({
  currency_unknown: { status: 422, title: 'Unknown currency' },
  amount_inexact: { status: 422, title: 'More decimals than the currency has' },
});

/** The number of decimals of an ISO 4217 currency (its minor unit exponent). Throws `currency_unknown`. */
export function currencyDecimals(currency: string): number {
  const decimals = exponents.get(currency);
  if (decimals === undefined) {
    const detail = `“${currency.slice(0, 20)}” is no currency of ISO 4217 with a minor unit.`;
    // Wherever a body gives a currency, its member is called so.
    throw errors.currency_unknown({ detail, errors: [{ pointer: '/currency', code: 'currency_unknown', detail }] });
  }
  return decimals;
}

export function isCurrency(currency: string): boolean {
  return exponents.has(currency);
}

/** Every known code, sorted. */
export function currencies(): readonly string[] {
  return [...exponents.keys()].sort();
}

/** Minor units of an amount that the currency can hold exactly: 12.34 AUD is 1234n. Throws `amount_inexact` on more decimals. */
export function toMinor(amount: Decimal, currency: string): bigint {
  const minor = roundDecimal(amount, currencyDecimals(currency), 'down');
  if (minor.units * powerOfTen(amount.scale) !== amount.units * powerOfTen(minor.scale)) {
    throw errors.amount_inexact({ detail: `${currency} has ${minor.scale} decimals.` });
  }
  return minor.units;
}

/** Minor units of an exact amount, rounded once. */
export function roundToMinor(amount: Decimal | Exact, currency: string, rounding: Rounding = 'half_up'): bigint {
  const decimals = currencyDecimals(currency);
  return ('over' in amount ? roundExact(amount, decimals, rounding) : roundDecimal(amount, decimals, rounding)).units;
}

/** The decimal amount of minor units: 1234n AUD is 12.34. */
export function minorToDecimal(minor: bigint, currency: string): Decimal {
  return { units: minor, scale: currencyDecimals(currency) };
}

/** Text with exactly the currency's decimals: `fromMinor(1230n, 'AUD')` is `12.30`. */
export function fromMinor(minor: bigint, currency: string): string {
  return formatFixed(minorToDecimal(minor, currency));
}

/**
 * ISO 4217 list one (currencies and funds with a minor unit), plus the codes that left it since 2023 and still stand on
 * open invoices (BGN, HRK, ANG, SLL, ZWL, CUC). Metals, SDR and test codes have no minor unit and are no currency here.
 */
const DECIMALS: readonly (readonly [number, string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
     CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF
     IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV
     MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD
     SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const exponents = new Map(DECIMALS.flatMap(([decimals, codes]) => codes.split(/\s+/).map((code) => [code, decimals] as const)));
