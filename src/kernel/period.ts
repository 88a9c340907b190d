import { assert } from './assert.ts';
import { type Exact, ratio } from './exact.ts';

/** Half-open: `start` belongs to it, `end` does not. */
export interface Period {
  readonly start: Temporal.Instant;
  readonly end: Temporal.Instant;
}

/** A period of whole local days: from the midnight that begins `start_date` to the one that begins `end_date`. */
export interface CalendarPeriod extends Period {
  readonly start_date: Temporal.PlainDate;
  /** Exclusive. */
  readonly end_date: Temporal.PlainDate;
}

/** A calendar interval of ISO 8601: `P1D`, `P2W`, `P1M`, `P3M`, `P1Y`. */
export type CalendarInterval = `P${number}${'D' | 'W' | 'M' | 'Y'}`;

export function isCalendarInterval(text: string): text is CalendarInterval {
  return /^P[1-9]\d{0,2}[DWMY]$/.test(text);
}

/** A zone the runtime knows: an IANA name or a fixed offset. */
export function isTimeZone(text: string): boolean {
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId.length > 0;
  } catch {
    return false;
  }
}

/** The moment a local day begins; where a clock change swallows midnight, the first moment after it. */
export function startOfDay(date: Temporal.PlainDate, time_zone: string): Temporal.Instant {
  return date.toZonedDateTime(time_zone).toInstant();
}

export function localDate(at: Temporal.Instant, time_zone: string): Temporal.PlainDate {
  return at.toZonedDateTimeISO(time_zone).toPlainDate();
}

export function isStartOfDay(at: Temporal.Instant, time_zone: string): boolean {
  return startOfDay(localDate(at, time_zone), time_zone).equals(at);
}

export function calendarPeriod(start_date: Temporal.PlainDate, end_date: Temporal.PlainDate, time_zone: string): CalendarPeriod {
  assert(Temporal.PlainDate.compare(start_date, end_date) < 0, 'a period ends after it starts');
  return { start_date, end_date, start: startOfDay(start_date, time_zone), end: startOfDay(end_date, time_zone) };
}

export function contains(period: Period, at: Temporal.Instant): boolean {
  return Temporal.Instant.compare(period.start, at) <= 0 && Temporal.Instant.compare(at, period.end) < 0;
}

export function overlaps(a: Period, b: Period): boolean {
  return Temporal.Instant.compare(a.start, b.end) < 0 && Temporal.Instant.compare(b.start, a.end) < 0;
}

/** What two periods share, or undefined where they only touch or lie apart. */
export function intersection(a: Period, b: Period): Period | undefined {
  if (!overlaps(a, b)) return undefined;
  const start = Temporal.Instant.compare(a.start, b.start) >= 0 ? a.start : b.start;
  const end = Temporal.Instant.compare(a.end, b.end) <= 0 ? a.end : b.end;
  return { start, end };
}

/**
 * Interval number `index` (0, 1, −1, …) counted from an anchor date. Each end is computed from the anchor itself, so an anchor
 * at a month's end recovers: 31 Jan, 28 Feb, 31 Mar.
 */
export function intervalAt(
  { anchor, every, time_zone }: { anchor: Temporal.PlainDate; every: CalendarInterval; time_zone: string },
  index: number,
): CalendarPeriod {
  return calendarPeriod(shifted(anchor, every, index), shifted(anchor, every, index + 1), time_zone);
}

/** The interval that contains a date. */
export function intervalContaining(
  { anchor, every, time_zone }: { anchor: Temporal.PlainDate; every: CalendarInterval; time_zone: string },
  date: Temporal.PlainDate,
): CalendarPeriod {
  return intervalAt({ anchor, every, time_zone }, indexOf(anchor, every, date));
}

/** The calendar's own interval that contains a date: months from the first, weeks from Monday, years from 1 January. */
export function calendarIntervalOf(every: CalendarInterval, date: Temporal.PlainDate, time_zone: string): CalendarPeriod {
  const anchor = Temporal.PlainDate.from(every.endsWith('W') ? '2001-01-01' : '2000-01-01');
  return intervalContaining({ anchor, every, time_zone }, date);
}

/**
 * The intervals that end within a run over the dates `[from, to)`: their last day lies in it, so `from < end_date ≤ to`.
 * January's interval ends in a run over January, and in no other.
 */
export function intervalsEndingWithin({
  anchor,
  every,
  time_zone,
  from,
  to,
}: {
  anchor: Temporal.PlainDate;
  every: CalendarInterval;
  time_zone: string;
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
}): CalendarPeriod[] {
  const found: CalendarPeriod[] = [];
  for (let index = indexOf(anchor, every, from); ; index += 1) {
    const interval = intervalAt({ anchor, every, time_zone }, index);
    if (Temporal.PlainDate.compare(interval.end_date, to) > 0) return found;
    found.push(interval);
  }
}

/** Whether a moment is before another, both as RFC 3339 text: as moments, for as text a fraction of a second sorts before `Z`. */
export function before(a: string, b: string): boolean {
  return a !== b && Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)) < 0;
}

/** The last moment of a half-open period that ends at `to` (RFC 3339), to the microsecond that the database keeps. */
export function lastMoment(to: string): string {
  return Temporal.Instant.from(to).subtract({ microseconds: 1 }).toString();
}

/** The days of `[start, end)`, as dates. */
export function daysBetween(start: Temporal.PlainDate, end: Temporal.PlainDate): number {
  return start.until(end, { largestUnit: 'days' }).days;
}

/**
 * The part of a calendar period that is held from a date on, by days, as an exact fraction: all of it when `held_from` is not
 * after its start, nothing when it is not before its end. `held_to` (exclusive) ends it early in the same way.
 */
export function shareByDays(
  period: { start_date: Temporal.PlainDate; end_date: Temporal.PlainDate },
  held_from: Temporal.PlainDate = period.start_date,
  held_to: Temporal.PlainDate = period.end_date,
): Exact {
  const from = Temporal.PlainDate.compare(held_from, period.start_date) > 0 ? held_from : period.start_date;
  const to = Temporal.PlainDate.compare(held_to, period.end_date) < 0 ? held_to : period.end_date;
  const held = Math.max(0, daysBetween(from, to));
  return ratio(BigInt(held), BigInt(daysBetween(period.start_date, period.end_date)));
}

/** The local days that a period touches, each with its own bounds: 23 or 25 hours long where the clock changes. */
export function* days({ start, end }: Period, time_zone: string): Generator<CalendarPeriod> {
  for (let date = localDate(start, time_zone); ; date = date.add({ days: 1 })) {
    const day = calendarPeriod(date, date.add({ days: 1 }), time_zone);
    if (Temporal.Instant.compare(day.start, end) >= 0) return;
    // A zone that moved across the date line has a date without any moment in it (Apia, 30 December 2011).
    if (lengthOf(day) > 0n) yield day;
  }
}

/** How long a period is, in nanoseconds. */
export function lengthOf({ start, end }: Period): bigint {
  return end.epochNanoseconds - start.epochNanoseconds;
}

function shifted(anchor: Temporal.PlainDate, every: CalendarInterval, index: number): Temporal.PlainDate {
  const { years, months, weeks, days } = Temporal.Duration.from(every);
  return anchor.add({ years: years * index, months: months * index, weeks: weeks * index, days: days * index });
}

/** The number of the interval that contains a date. */
function indexOf(anchor: Temporal.PlainDate, every: CalendarInterval, date: Temporal.PlainDate): number {
  const { years, months, weeks, days } = Temporal.Duration.from(every);
  const apart =
    years + months > 0
      ? ((date.year - anchor.year) * 12 + date.month - anchor.month) / (years * 12 + months)
      : daysBetween(anchor, date) / (weeks * 7 + days);
  // The estimate may be one too high or low where a month's end is cut short; the dates themselves decide.
  let index = Math.floor(apart);
  while (Temporal.PlainDate.compare(shifted(anchor, every, index), date) > 0) index -= 1;
  while (Temporal.PlainDate.compare(shifted(anchor, every, index + 1), date) <= 0) index += 1;
  return index;
}
