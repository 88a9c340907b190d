import { localDate, startOfDay } from '../kernel/period.ts';

/** How a price cuts time: calendar days, weeks, months and years, or parts of a day. */
export type Bucket = { readonly unit: 'day' | 'week' | 'month' | 'year' } | { readonly unit: 'time'; readonly length_ns: bigint };

/**
 * `P1D`, `P1W`, `P1M`, `P1Y`, or a whole number of minutes or hours that divides a day (`PT15M`, `PT1H`, `PT6H`).
 * Undefined for anything else.
 */
export function parseBucket(text: string): Bucket | undefined {
  const calendar = CALENDAR.get(text);
  if (calendar) return { unit: calendar };
  const time = /^PT(?:([1-9]\d{0,3})M|([1-9]\d?)H)$/.exec(text);
  if (!time) return undefined;
  const minutes = time[1] === undefined ? BigInt(time[2]!) * 60n : BigInt(time[1]);
  return MINUTES_A_DAY % minutes === 0n ? { unit: 'time', length_ns: minutes * NANOSECONDS_A_MINUTE } : undefined;
}

/**
 * The moment at which the bucket that contains `at` begins. Parts of a day are counted in elapsed time from local midnight, so
 * an hour that the clock shows twice is two buckets, and one that it skips is none.
 */
export function bucketStart(bucket: Bucket, at: Temporal.Instant, time_zone: string): Temporal.Instant {
  const date = localDate(at, time_zone);
  switch (bucket.unit) {
    case 'time': {
      const midnight = startOfDay(date, time_zone).epochNanoseconds;
      return Temporal.Instant.fromEpochNanoseconds(at.epochNanoseconds - ((at.epochNanoseconds - midnight) % bucket.length_ns));
    }
    case 'day':
      return startOfDay(date, time_zone);
    case 'week':
      return startOfDay(date.subtract({ days: date.dayOfWeek - 1 }), time_zone);
    case 'month':
      return startOfDay(date.with({ day: 1 }), time_zone);
    case 'year':
      return startOfDay(date.with({ month: 1, day: 1 }), time_zone);
  }
}

const CALENDAR = new Map<string, 'day' | 'week' | 'month' | 'year'>([
  ['P1D', 'day'],
  ['P1W', 'week'],
  ['P1M', 'month'],
  ['P1Y', 'year'],
]);
const MINUTES_A_DAY = 1440n;
const NANOSECONDS_A_MINUTE = 60_000_000_000n;
