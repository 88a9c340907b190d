import { assert } from '../../../kernel/assert.ts';
import { before, calendarIntervalOf, calendarPeriod, daysBetween, localDate } from '../../../kernel/period.ts';
import { utcText } from '../../../kernel/proof.ts';
import type { RatedSubscription, ServicePeriod } from '../model.ts';

/**
 * Cuts a run over the local dates `[from, to)` at the bounds of the subscription's calendar intervals and of the subscription
 * itself. Intervals are the calendar's: months from the first, weeks from Monday, years from 1 January.
 */
export function servicePeriods(
  subscription: Pick<RatedSubscription, 'effective_at' | 'ended_at' | 'billing_interval' | 'time_zone'>,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): ServicePeriod[] {
  const { time_zone, billing_interval: every } = subscription;
  const starts = Temporal.Instant.from(subscription.effective_at);
  const ends = subscription.ended_at === null ? null : Temporal.Instant.from(subscription.ended_at);
  const run = calendarPeriod(from, to, time_zone);
  const found: ServicePeriod[] = [];
  for (let date = from; Temporal.PlainDate.compare(date, to) < 0; ) {
    const interval = calendarIntervalOf(every, date, time_zone);
    date = interval.end_date;
    const start = latest(interval.start, run.start, starts);
    const end = earliest(interval.end, run.end, ends ?? interval.end);
    if (Temporal.Instant.compare(start, end) >= 0) continue;
    const first_day = later(interval.start_date, localDate(starts, time_zone));
    // The day that a change falls on is the new plan's, from its start to its end: it is not the old one's too.
    const last_day = ends === null ? interval.end_date : sooner(interval.end_date, localDate(ends, time_zone));
    const held_to_end = end.equals(interval.end) || (ends !== null && end.equals(ends));
    found.push({
      from: utcText(start),
      to: utcText(end),
      interval_from: utcText(interval.start),
      interval_to: utcText(interval.end),
      ends_interval: held_to_end,
      days: daysBetween(first_day, last_day),
      days_of: daysBetween(interval.start_date, interval.end_date),
    });
  }
  return found;
}

/**
 * What of the intervals of some periods is billed. By local dates: where the organization moved to another time zone, a billed period ends
 * or begins hours beside an interval and has no part in it.
 */
export function billedParts(
  periods: readonly Pick<ServicePeriod, 'interval_from' | 'interval_to'>[],
  billed: readonly { from_date: string; to_date: string; from: string; to: string }[],
  time_zone: string,
): { interval_from: string; from: string; to: string }[] {
  const dateOf = (moment: string) => `${localDate(Temporal.Instant.from(moment), time_zone)}`;
  const intervals = new Map(periods.map((period) => [period.interval_from, period]));
  return [...intervals.values()].flatMap(({ interval_from, interval_to }) => {
    const [first, end] = [dateOf(interval_from), dateOf(interval_to)];
    return billed
      .filter((row) => row.from_date < end && row.to_date > first)
      .map((row) => ({
        interval_from,
        from: row.from_date < first ? interval_from : row.from,
        to: row.to_date > end ? interval_to : row.to,
      }));
  });
}

/** The calendar interval of a subscription that contains a moment. */
export function calendarInterval(
  { billing_interval: every, time_zone }: Pick<RatedSubscription, 'billing_interval' | 'time_zone'>,
  at: Temporal.Instant,
): { from: string; to: string } {
  const { start, end } = calendarIntervalOf(every, localDate(at, time_zone), time_zone);
  return { from: utcText(start), to: utcText(end) };
}

/**
 * Where an organization changed its time zone, days are cut elsewhere than when the neighbours were billed. A run whose dates adjoin
 * theirs starts where the one before ended and ends where the one after starts: no moment is billed twice, and none never.
 */
export function besideBilled(
  periods: readonly ServicePeriod[],
  run: { from: Temporal.PlainDate; to: Temporal.PlainDate },
  billed: readonly { from_date: string; to_date: string; from: string; to: string }[],
): ServicePeriod[] {
  const starts = billed.find((row) => row.to_date === `${run.from}`)?.to;
  const ends = billed.find((row) => row.from_date === `${run.to}`)?.from;
  return periods
    .map((period, index) => ({
      ...period,
      from: index === 0 && starts !== undefined ? starts : period.from,
      to: index === periods.length - 1 && ends !== undefined ? ends : period.to,
    }))
    .filter((period) => before(period.from, period.to));
}

function latest(...moments: Temporal.Instant[]): Temporal.Instant {
  const [first, ...rest] = moments;
  assert(first, 'there is a moment');
  return rest.reduce((a, b) => (Temporal.Instant.compare(a, b) >= 0 ? a : b), first);
}

function earliest(...moments: Temporal.Instant[]): Temporal.Instant {
  const [first, ...rest] = moments;
  assert(first, 'there is a moment');
  return rest.reduce((a, b) => (Temporal.Instant.compare(a, b) <= 0 ? a : b), first);
}

function later(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) >= 0 ? a : b;
}

function sooner(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) <= 0 ? a : b;
}
