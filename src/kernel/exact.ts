import {
  compare,
  type Decimal,
  divideRounded,
  formatDecimal,
  powerOfTen,
  type Rounding,
  readDecimal,
  SHOWN_DECIMALS,
  unitsAt,
} from './decimal.ts';

/**
 * An exact number that need not end: `units / (10^scale × over)`, over ≥ 1. A decimal is the case `over = 1`, and stays on
 * the fast path as long as nothing divides it.
 */
export interface Exact extends Decimal {
  readonly over: bigint;
}

export const NOTHING: Exact = { units: 0n, scale: 0, over: 1n };

export function exact({ units, scale }: Decimal): Exact {
  return { units, scale, over: 1n };
}

export function whole(units: bigint): Exact {
  return { units, scale: 0, over: 1n };
}

/** `numerator / denominator` of whole numbers; the denominator is above zero. */
export function ratio(numerator: bigint, denominator: bigint): Exact {
  const shared = greatestDivisor(numerator, denominator);
  return { units: numerator / shared, scale: 0, over: denominator / shared };
}

/** A fraction as text: a decimal, or a ratio of whole numbers such as `11/30`. Undefined where it is neither. */
export function parseFraction(text: string): Exact | undefined {
  const slash = /^(\d{1,26})\/(\d{1,26})$/.exec(text);
  if (slash) {
    const denominator = BigInt(slash[2]!);
    return denominator === 0n ? undefined : ratio(BigInt(slash[1]!), denominator);
  }
  const decimal = readDecimal(text);
  return typeof decimal === 'string' ? undefined : exact(decimal);
}

export function addExact(a: Exact, b: Exact): Exact {
  if (a.scale === b.scale && a.over === b.over) return { units: a.units + b.units, scale: a.scale, over: a.over };
  const scale = Math.max(a.scale, b.scale);
  if (a.over === b.over) return { units: unitsAt(a, scale) + unitsAt(b, scale), scale, over: a.over };
  const shared = greatestDivisor(a.over, b.over);
  const [left, right] = [b.over / shared, a.over / shared];
  return { units: unitsAt(a, scale) * left + unitsAt(b, scale) * right, scale, over: a.over * left };
}

export function subtractExact(a: Exact, b: Exact): Exact {
  return addExact(a, negateExact(b));
}

export function multiplyExact(a: Exact, b: Exact): Exact {
  return { units: a.units * b.units, scale: a.scale + b.scale, over: a.over * b.over };
}

/** `a / b`, exact; `b` is not zero. */
export function divideExact(a: Exact, b: Exact): Exact {
  const numerator = (b.units < 0n ? -a.units : a.units) * powerOfTen(b.scale) * b.over;
  const denominator = (b.units < 0n ? -b.units : b.units) * a.over;
  const shared = greatestDivisor(numerator, denominator);
  return { units: numerator / shared, scale: a.scale, over: denominator / shared };
}

export function negateExact(a: Exact): Exact {
  return { units: -a.units, scale: a.scale, over: a.over };
}

export function compareExact(a: Exact, b: Exact): -1 | 0 | 1 {
  if (a.over === b.over) return compare(a, b);
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale) * b.over;
  const right = unitsAt(b, scale) * a.over;
  return left < right ? -1 : left > right ? 1 : 0;
}

export function smaller(a: Exact, b: Exact): Exact {
  return compareExact(a, b) <= 0 ? a : b;
}

export function larger(a: Exact, b: Exact): Exact {
  return compareExact(a, b) >= 0 ? a : b;
}

/** Rounded once to `scale` decimals; a negative scale rounds to tens, hundreds and so on, and answers at scale 0. */
export function roundExact(value: Exact, scale: number, rounding: Rounding): Decimal {
  const denominator = powerOfTen(value.scale) * value.over;
  if (scale >= 0) return { units: divideRounded(value.units * powerOfTen(scale), denominator, rounding), scale };
  const step = powerOfTen(-scale);
  return { units: divideRounded(value.units, denominator * step, rounding) * step, scale: 0 };
}

/** How many whole `size`s are begun by `value`: ceil(value / size) for a value not below zero, counted exactly. */
export function startedSizes(value: Exact, size: Decimal): bigint {
  return divideRounded(value.units * powerOfTen(size.scale), size.units * powerOfTen(value.scale) * value.over, 'up');
}

/** The same number as a decimal, or undefined when its digits never end. */
export function ended(value: Exact): Decimal | undefined {
  if (value.over === 1n) return value;
  let rest = value.over;
  let digits = 0;
  while (rest % 10n === 0n) [rest, digits] = [rest / 10n, digits + 1];
  let factor = 1n;
  for (const [prime, other] of [
    [2n, 5n],
    [5n, 2n],
  ] as const) {
    while (rest % prime === 0n) [rest, digits, factor] = [rest / prime, digits + 1, factor * other];
  }
  if (value.units % rest !== 0n) return undefined;
  return { units: (value.units / rest) * factor, scale: value.scale + digits };
}

/** As a decimal: in full where the digits end, else cut half to even at 18 decimals. */
export function shownDecimal(value: Exact): Decimal {
  return ended(value) ?? roundExact(value, SHOWN_DECIMALS, 'half_even');
}

export function formatExact(value: Exact): string {
  return formatDecimal(shownDecimal(value));
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left === 0n ? 1n : left;
}
