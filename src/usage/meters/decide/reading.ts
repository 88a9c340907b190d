import { compare, formatDecimal, parseDecimal, subtract } from '../../../kernel/decimal.ts';
import { errors } from '../errors.ts';
import type { Meter, Register } from '../model.ts';

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

/**
 * How much a register counted between two readings, in its own unit. A register counts up and is read in order; what it counted before
 * its first reading is not known. Throws `reading_exists`, `reading_out_of_order`, `reading_below_previous`, `reading_in_future`.
 */
export function countedSince(
  before: { time: string; value: string } | null,
  reading: { time: string; value: string },
  now: Temporal.Instant,
): string | null {
  const at = Temporal.Instant.from(reading.time);
  if (Temporal.Instant.compare(at, now) > 0)
    throw errors.reading_in_future({ detail: `It is ${now.round('second').toString()} now.` });
  if (before === null) return null;
  const order = Temporal.Instant.compare(Temporal.Instant.from(before.time), at);
  if (order === 0) throw errors.reading_exists({ detail: `The register was read at ${before.time}: ${before.value}.` });
  if (order > 0)
    throw errors.reading_out_of_order({ detail: `The last reading is of ${before.time}; usage since then is on record.` });
  const [old_value, new_value] = [parseDecimal(before.value), parseDecimal(reading.value)];
  if (compare(new_value, old_value) < 0)
    throw errors.reading_below_previous({ detail: `It showed ${before.value} at ${before.time}.` });
  return formatDecimal(subtract(new_value, old_value));
}
