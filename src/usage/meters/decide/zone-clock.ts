import type { OverlapRule } from '../model.ts';
import { type Fault, fault } from './faults.ts';
import type { ReadTime } from './time-format.ts';

/** Turns clock times of a zone into moments. Days without a change of the clocks, nearly all, cost a look into a table. */
export interface ZoneClock {
  /** Milliseconds since 1970, or `time_gap`, `time_ambiguous`. `after_ms`: the row above, for `in_order`. */
  moment(time: ReadTime, rule: OverlapRule, after_ms: number): number | Fault;
  /** When a day begins, and how many minutes it has. */
  day(time: Pick<ReadTime, 'year' | 'month' | 'day'>): { start_ms: number; minutes: number };
}

const most_days = 4000;

export function zoneClock(zone: string): ZoneClock {
  const days = new Map<number, { start_ms: number; minutes: number }>();
  const day = ({ year, month, day: number }: Pick<ReadTime, 'year' | 'month' | 'day'>) => {
    const key = year * 10_000 + month * 100 + number;
    const known = days.get(key);
    if (known) return known;
    const start = Temporal.PlainDate.from({ year, month, day: number }).toZonedDateTime(zone);
    const found = { start_ms: start.epochMilliseconds, minutes: start.hoursInDay * 60 };
    if (days.size >= most_days) days.clear();
    days.set(key, found);
    return found;
  };
  return {
    day,
    moment(time, rule, after_ms) {
      const { start_ms, minutes } = day(time);
      if (minutes === 1440) return start_ms + time.minute * 60_000 + time.second * 1000;
      if (time.minute === 1440) return start_ms + minutes * 60_000;
      const local = Temporal.PlainDateTime.from({
        year: time.year,
        month: time.month,
        day: time.day,
        hour: Math.floor(time.minute / 60),
        minute: time.minute % 60,
        second: time.second,
      });
      const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
      if (!earlier.toPlainDateTime().equals(local))
        return fault('time_gap', `${local} is no time in ${zone}: the clocks went forward over it`);
      const later = local.toZonedDateTime(zone, { disambiguation: 'later' });
      if (earlier.epochMilliseconds === later.epochMilliseconds) return earlier.epochMilliseconds;
      if (rule === 'refuse') return fault('time_ambiguous', `${local} comes twice in ${zone}: the clocks went back over it`);
      if (rule === 'later' || (rule === 'in_order' && earlier.epochMilliseconds <= after_ms)) return later.epochMilliseconds;
      return earlier.epochMilliseconds;
    },
  };
}
