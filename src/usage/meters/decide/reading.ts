import { compare, type Decimal, multiply, parseDecimal, powerOfTen, subtract } from '../../../kernel/decimal.ts';
import { errors } from '../errors.ts';
import { qualityRanks, type ReadingQuality } from '../model/readings.ts';
import type { Device, Meter, Register } from '../model.ts';

/** What a register showed at a time. `is_last`: of a device that was taken away then; the next of the same time is its successor's first. */
export interface Read {
  time: string;
  is_last: boolean;
  value: string;
  quality: ReadingQuality;
}

/** Which register a reading is of, when it does not say: the meter's only one. Throws `register_unknown`. */
export function registerOf(meter: Meter, register: string | undefined): Register {
  const found =
    register === undefined && meter.registers.length === 1
      ? meter.registers[0]
      : meter.registers.find((one) => one.register === register);
  if (found) return found;
  const names = meter.registers.map((one) => one.register).join(', ');
  throw errors.register_unknown({
    detail:
      register === undefined
        ? `The meter has the registers ${names}; say which.`
        : `The meter has no register ${register}, but ${names || 'none at all'}.`,
  });
}

/** A moment as answers carry it, of whatever form and offset: two that are the same have the same text. */
export function inUtc(time: string): string {
  return Temporal.Instant.from(time).toString();
}

export function compareTimes(a: string, b: string): number {
  if (a === b) return 0;
  // Most are whole seconds in UTC, whose text is in their order.
  if (a.length === 20 && b.length === 20) return a < b ? -1 : 1;
  return Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b));
}

/** By time; the last of a device before the first of the next. */
export function compareReads(a: Pick<Read, 'time' | 'is_last'>, b: Pick<Read, 'time' | 'is_last'>): number {
  if (a.time !== b.time) return compareTimes(a.time, b.time);
  return a.is_last === b.is_last ? 0 : a.is_last ? -1 : 1;
}

/** What the device of a register was when it showed this. */
export function deviceOf(
  register: Register,
  devices: readonly Device[],
  read: Pick<Read, 'time' | 'is_last'>,
): Pick<Register, 'digits' | 'multiplier'> {
  const before = devices.filter((one) => {
    const order = compareTimes(one.installed_at, read.time);
    return one.register === register.register && (order < 0 || (order === 0 && !read.is_last));
  });
  before.sort((a, b) => compareTimes(a.installed_at, b.installed_at));
  return before.at(-1) ?? register;
}

/**
 * How much a counter counted between two reads that follow each other, times its multiplier. Of a counter that fell, with known digits, what it
 * counted through zero, as long as that is less than half of all it can show: more would sooner be a mistake. Null between the last read of a
 * device and the first of the next, where nothing was used.
 */
export function countedBetween(
  register: Register,
  devices: readonly Device[],
  before: Read,
  after: Read,
): Decimal | 'backwards' | null {
  if (before.is_last) return null;
  const { digits, multiplier } = deviceOf(register, devices, after);
  const difference = subtract(parseDecimal(after.value), parseDecimal(before.value));
  if (difference.units >= 0n) return multiply(difference, parseDecimal(multiplier));
  if (digits === null) return 'backwards';
  const modulus: Decimal = { units: powerOfTen(digits), scale: 0 };
  const through = subtract(modulus, { units: -difference.units, scale: difference.scale });
  const half = { units: modulus.units * 5n, scale: 1 };
  return through.units >= 0n && compare(through, half) < 0 ? multiply(through, parseDecimal(multiplier)) : 'backwards';
}

/** Of two, the one that is believed less. */
export function worse(a: ReadingQuality, b: ReadingQuality): ReadingQuality {
  return qualityRanks[a] < qualityRanks[b] ? a : b;
}
