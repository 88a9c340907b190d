import { defineErrors } from './errors.ts';

/** An exact decimal: `units / 10^scale`, scale ≥ 0. `{ units: 150n, scale: 2 }` is 1.50. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/**
 * half_up: nearest, halves away from zero. half_even: nearest, halves to the even digit.
 * up: away from zero. down: towards zero.
 */
export type Rounding = 'half_up' | 'half_even' | 'up' | 'down';
export const ROUNDINGS: readonly Rounding[] = ['half_up', 'half_even', 'up', 'down'];

/** How many digits a decimal text may hold, counted as written. */
export interface DigitLimits {
  readonly decimals: number;
  readonly digits: number;
}

/** What a quantity may hold: 12 decimals and 26 digits before them. */
export const QUANTITY_DIGITS: DigitLimits = { decimals: 12, digits: 26 };

/** Where a number that does not end is cut when shown. */
export const SHOWN_DECIMALS = 18;

export type DecimalFault = 'decimal_invalid' | 'too_many_decimals' | 'too_many_digits';

export const errors = defineErrors({
  decimal_invalid: { status: 422, title: 'Not a decimal number' },
});

export const ZERO: Decimal = { units: 0n, scale: 0 };

/** 10^exponent. */
export function powerOfTen(exponent: number): bigint {
  while (powers.length <= exponent) powers.push(powers[powers.length - 1]! * 10n);
  return powers[exponent]!;
}

/**
 * Any decimal text of the form `-?digits[.digits]`, however long; trailing zeros keep their scale.
 * Throws `decimal_invalid` on anything else (exponent, NaN, Infinity, sign `+`, blanks).
 */
export function parseDecimal(text: string): Decimal {
  const parsed = scan(text);
  if (parsed === undefined) throw errors.decimal_invalid({ detail: `“${text.slice(0, 60)}” is not a decimal number.` });
  return parsed;
}

/**
 * A decimal out of JSON: a decimal text, or a number of at most 15 significant digits and no exponent, within `limits`.
 * Answers the fault's code instead of throwing, so that a caller can collect several.
 */
export function readDecimal(json: unknown, limits: DigitLimits = QUANTITY_DIGITS): Decimal | DecimalFault {
  const text = decimalText(json);
  if (text === undefined) return 'decimal_invalid';
  const point = text.indexOf('.');
  const sign = text.startsWith('-') ? 1 : 0;
  // Lengths come first: a text of a million digits is refused without being multiplied out.
  if (point >= 0 && text.length - point - 1 > limits.decimals) return isDecimal(text) ? 'too_many_decimals' : 'decimal_invalid';
  if ((point < 0 ? text.length : point) - sign > limits.digits) return isDecimal(text) ? 'too_many_digits' : 'decimal_invalid';
  return scan(text) ?? 'decimal_invalid';
}

/** The decimal text of a JSON string or of a JSON number that holds it exactly; undefined for everything else. */
export function decimalText(json: unknown): string | undefined {
  if (typeof json === 'string') return json;
  if (typeof json !== 'number' || !Number.isFinite(json)) return undefined;
  const text = plainText(json);
  if (text === undefined) return undefined;
  const significant = text.replace(/^-?0*\.?0*/, '').replace('.', '');
  return significant.length > 15 ? undefined : text;
}

/** ECMAScript prints numbers below 1e-6 with an exponent that their JSON text need not have had; above 1e21 nothing exact is left. */
function plainText(json: number): string | undefined {
  const text = Object.is(json, -0) ? '0' : String(json);
  const [mantissa = '', exponent] = text.split('e');
  if (exponent === undefined) return text;
  if (!exponent.startsWith('-')) return undefined;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  return `${sign}0.${'0'.repeat(Number.parseInt(exponent.slice(1), 10) - 1)}${digits}`;
}

/** Shortest text: no trailing zeros, no exponent, no `-0`. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = units.toString();
  if (scale === 0) return digits;
  let end = digits.length;
  const point = end - scale;
  const least = Math.max(point, 0);
  while (end > least && digits.charCodeAt(end - 1) === CODE_0) end -= 1;
  // With a digit before the point that is no sign, the text needs no leading zeros.
  if (point > 1 || (point === 1 && digits.charCodeAt(0) !== CODE_MINUS)) {
    return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
  }
  return shortened(fixed(units, scale));
}

/** Text with exactly the value's own number of decimals: `{1230n, 2}` is `12.30`. */
export function formatFixed({ units, scale }: Decimal): string {
  return scale === 0 ? units.toString() : fixed(units, scale);
}

export function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { units: a.units + b.units, scale: a.scale };
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { units: a.units - b.units, scale: a.scale };
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) - unitsAt(b, scale), scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

export function negate(a: Decimal): Decimal {
  return { units: -a.units, scale: a.scale };
}

/** −1, 0 or 1, as for a sort. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function minimum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

export function maximum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

export function sumDecimals(values: readonly Decimal[]): Decimal {
  return values.reduce(add, ZERO);
}

/** `value` with exactly `scale` decimals. */
export function roundDecimal(value: Decimal, scale: number, rounding: Rounding): Decimal {
  if (value.scale <= scale) return { units: unitsAt(value, scale), scale };
  return { units: divideRounded(value.units, powerOfTen(value.scale - scale), rounding), scale };
}

/** `a / b`, rounded once to `scale` decimals; half to even at 18 unless told. `b` is not zero. */
export function divideDecimal(a: Decimal, b: Decimal, scale = SHOWN_DECIMALS, rounding: Rounding = 'half_even'): Decimal {
  const flip = b.units < 0n;
  const numerator = (flip ? -a.units : a.units) * powerOfTen(scale + b.scale);
  const denominator = (flip ? -b.units : b.units) * powerOfTen(a.scale);
  return { units: divideRounded(numerator, denominator, rounding), scale };
}

/** The integer nearest to `numerator / denominator` in the given sense. `denominator` is above zero. */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return quotient;
  const away = numerator < 0n ? quotient - 1n : quotient + 1n;
  if (rounding === 'up') return away;
  if (rounding === 'down') return quotient;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  if (twice !== denominator) return twice > denominator ? away : quotient;
  return rounding === 'half_up' || quotient % 2n !== 0n ? away : quotient;
}

/** The value's units at a scale that is not smaller than its own. */
export function unitsAt(value: Decimal, scale: number): bigint {
  return value.scale === scale ? value.units : value.units * powerOfTen(scale - value.scale);
}

const CODE_0 = 48;
const CODE_9 = 57;
const CODE_POINT = 46;
const CODE_MINUS = 45;
const powers: bigint[] = [1n];

/** Position of the point (or −1), or undefined where the text is no decimal. */
function pointOf(text: string): number | undefined {
  const start = text.charCodeAt(0) === CODE_MINUS ? 1 : 0;
  let point = -1;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= CODE_0 && code <= CODE_9) continue;
    if (code !== CODE_POINT || point >= 0 || at === start || at === text.length - 1) return undefined;
    point = at;
  }
  return text.length === start ? undefined : point;
}

function isDecimal(text: string): boolean {
  return pointOf(text) !== undefined;
}

function scan(text: string): Decimal | undefined {
  const point = pointOf(text);
  if (point === undefined) return undefined;
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

function shortened(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === CODE_0) end -= 1;
  if (text.charCodeAt(end - 1) === CODE_POINT) end -= 1;
  const short = text.slice(0, end);
  return short === '-0' ? '0' : short;
}

function fixed(units: bigint, scale: number): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}
