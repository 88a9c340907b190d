import type { Reading, Register } from '../../api/types.ts';
import { daysBetween } from '../../ui/dates.ts';
import { compareDecimals, subtractDecimals } from '../../ui/decimal.ts';
import { formatDecimal } from '../../ui/format.ts';

/** What is to be said of a value before it is saved. The server judges by its rules all the same. */
export interface Plausibility {
  doubtful: boolean;
  text: string;
}

const decimal = /^-?\d{1,26}(\.\d{1,12})?$/;

/** Compares what a counter shows with what it showed last. Null while there is nothing to say. */
export function plausibility(register: Register, value: string, time: string, last: Reading | null): Plausibility | null {
  if (!decimal.test(value) || time === '') return null;
  if (register.kind === 'interval') return null;
  if (last === null) return { doubtful: false, text: 'The first reading: usage is counted from it on.' };
  const days = daysBetween(last.time, time);
  if (Date.parse(time) <= Date.parse(last.time))
    return { doubtful: true, text: 'The counter was read later than this already. Usage around it is split anew.' };
  if (compareDecimals(value, last.value) < 0) {
    return {
      doubtful: true,
      text: register.digits
        ? 'Less than it showed last. It counts as gone through zero if that makes sense, and otherwise waits for review.'
        : 'Less than it showed last. The reading will wait for review.',
    };
  }
  const gained = subtractDecimals(value, last.value);
  const shown = `${formatDecimal(gained)}${register.multiplier === '1' ? '' : ` × ${formatDecimal(register.multiplier)}`} ${register.unit}`;
  const before = last.usage;
  const usual = before ? daysBetween(before.time, last.time) : 0;
  // Ten times as much a day as before is no proof of anything, and worth a second look.
  const much =
    before !== null && days > 0 && usual > 0 && compareDecimals(times(gained, usual), times(before.quantity, 10 * days)) > 0;
  const stretch = days === 1 ? 'one day' : `${days} days`;
  return {
    doubtful: much,
    text: much ? `${shown} in ${stretch}, over ten times as much a day as before.` : `${shown} in ${stretch}.`,
  };
}

/** A decimal times a small whole number. */
function times(value: string, count: number): string {
  const [whole = '0', fraction = ''] = value.split('.');
  const digits = (BigInt(`${whole}${fraction}`) * BigInt(count)).toString().padStart(fraction.length + 1, '0');
  return fraction === '' ? digits : `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`;
}
