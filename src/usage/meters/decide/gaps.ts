import {
  add,
  type Decimal,
  divideDecimal,
  formatDecimal,
  multiply,
  parseDecimal,
  powerOfTen,
  roundDecimal,
  subtract,
  sumDecimals,
} from '../../../kernel/decimal.ts';
import type { Gap } from '../model/gaps.ts';
import type { Device, Register } from '../model.ts';
import { compareTimes, deviceOf, type Read } from './reading.ts';

/** Two readings that follow each other further apart than they should; `next` null where none came after. */
export interface FarApart {
  read_at: string;
  next: string | null;
}

/** What is missing of a register within `[from, to)`, by time. What was never begun is not missing: the first reading has no gap before it. */
export function gapsOf(register: Register, apart: readonly FarApart[], range: { from: string; to: string }): Gap[] {
  const { every_minutes, kind } = register;
  if (every_minutes === null) return [];
  return apart.flatMap(({ read_at, next }) => {
    const until = next !== null && compareTimes(next, range.to) < 0 ? next : range.to;
    if (kind === 'cumulative') {
      // A counter is read about as often as it should be: a month is not always as long.
      const missing = Math.round(minutesBetween(read_at, until) / every_minutes) - 1;
      return missing > 0 ? [{ register: register.register, from: read_at, to: until, missing }] : [];
    }
    const first = after(read_at, every_minutes);
    const skipped = Math.max(0, Math.ceil(minutesBetween(first, range.from) / every_minutes));
    const from = after(first, skipped * every_minutes);
    const missing = Math.floor(minutesBetween(from, until) / every_minutes);
    return missing > 0 ? [{ register: register.register, from, to: after(from, missing * every_minutes), missing }] : [];
  });
}

/** When the readings of a gap should have been. */
export function missingTimes(register: Register, gap: Gap): string[] {
  const every = register.every_minutes ?? 1;
  const first = register.kind === 'interval' ? gap.from : after(gap.from, every);
  return Array.from({ length: gap.missing }, (_, at) => after(first, at * every));
}

/**
 * An interval's value as the average of the same weekday and clock time of the last four weeks, where at least one is known, with as many decimals as
 * these have. Undefined where none is.
 */
export function estimateInterval(time: string, zone: string, known: ReadonlyMap<string, string>): string | undefined {
  const local = Temporal.Instant.from(time).toZonedDateTimeISO(zone);
  const values = [1, 2, 3, 4].flatMap((weeks) => {
    const value = known.get(local.subtract({ weeks }).toInstant().toString());
    return value === undefined ? [] : [parseDecimal(value)];
  });
  if (values.length === 0) return undefined;
  const count: Decimal = { units: BigInt(values.length), scale: 0 };
  const scale = Math.max(...values.map((one) => one.scale));
  return formatDecimal(roundDecimal(divideDecimal(sumDecimals(values), count), scale, 'half_up'));
}

/**
 * What a counter showed at `time` if it counted evenly: between the read before and the read after or, where none came after, as it did between
 * `earlier` and the read before. Undefined where neither is known, or where it fell and its digits are not known.
 */
export function estimateCounter(
  time: string,
  reads: { earlier: Read | undefined; before: Read; after: Read | undefined },
  of: { register: Register; devices: readonly Device[] },
): string | undefined {
  const [from, to] = reads.after ? [reads.before, reads.after] : [reads.earlier, reads.before];
  if (!from || from.time === to.time) return undefined;
  const { digits } = deviceOf(of.register, of.devices, to);
  const modulus: Decimal | null = digits === null ? null : { units: powerOfTen(digits), scale: 0 };
  let gained = subtract(parseDecimal(to.value), parseDecimal(from.value));
  if (gained.units < 0n && modulus === null) return undefined;
  if (gained.units < 0n) gained = add(gained, modulus!);
  const part = divideDecimal(multiply(gained, milliseconds(reads.before.time, time)), milliseconds(from.time, to.time));
  const scale = Math.max(parseDecimal(from.value).scale, parseDecimal(to.value).scale);
  const value = roundDecimal(add(parseDecimal(reads.before.value), part), scale, 'half_up');
  const through = modulus === null ? value : subtract(value, modulus);
  return formatDecimal(modulus !== null && through.units >= 0n ? through : value);
}

function minutesBetween(from: string, to: string): number {
  return (Temporal.Instant.from(to).epochMilliseconds - Temporal.Instant.from(from).epochMilliseconds) / 60_000;
}

function milliseconds(from: string, to: string): Decimal {
  return { units: BigInt(Temporal.Instant.from(to).epochMilliseconds - Temporal.Instant.from(from).epochMilliseconds), scale: 0 };
}

function after(time: string, minutes: number): string {
  return Temporal.Instant.from(time).add({ minutes }).toString();
}
