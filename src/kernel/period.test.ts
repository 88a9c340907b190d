import { describe, expect, it } from 'vitest';
import { formatExact } from './exact.ts';
import {
  calendarPeriod,
  contains,
  days,
  daysBetween,
  intersection,
  intervalAt,
  intervalContaining,
  intervalsEndingWithin,
  isCalendarInterval,
  isStartOfDay,
  isTimeZone,
  lengthOf,
  overlaps,
  shareByDays,
  startOfDay,
} from './period.ts';

const date = (text: string) => Temporal.PlainDate.from(text);
const instant = (text: string) => Temporal.Instant.from(text);
const shown = (period: { start_date: Temporal.PlainDate; end_date: Temporal.PlainDate }) =>
  `${period.start_date.toString()}..${period.end_date.toString()}`;
const HOUR = 3_600_000_000_000n;

describe('calendar intervals', () => {
  it('recover a month-end anchor: 31 Jan, 28 Feb, 31 Mar', () => {
    const every = { anchor: date('2026-01-31'), every: 'P1M', time_zone: 'UTC' } as const;
    expect([0, 1, 2, 3].map((index) => shown(intervalAt(every, index)))).toEqual([
      '2026-01-31..2026-02-28',
      '2026-02-28..2026-03-31',
      '2026-03-31..2026-04-30',
      '2026-04-30..2026-05-31',
    ]);
    expect(shown(intervalAt(every, -2))).toBe('2025-11-30..2025-12-31');
  });

  it('recover a leap day', () => {
    const every = { anchor: date('2024-02-29'), every: 'P1Y', time_zone: 'UTC' } as const;
    expect([0, 1, 2, 3, 4].map((index) => intervalAt(every, index).start_date.toString())).toEqual([
      '2024-02-29',
      '2025-02-28',
      '2026-02-28',
      '2027-02-28',
      '2028-02-29',
    ]);
  });

  it('end in exactly one of two adjoining runs', () => {
    const every = { anchor: date('2026-01-01'), every: 'P1M', time_zone: 'Australia/Sydney' } as const;
    const ends = (from: string, to: string) => intervalsEndingWithin({ ...every, from: date(from), to: date(to) }).map(shown);
    expect(ends('2026-01-01', '2026-02-01')).toEqual(['2026-01-01..2026-02-01']);
    expect(ends('2026-02-01', '2026-04-01')).toEqual(['2026-02-01..2026-03-01', '2026-03-01..2026-04-01']);
    expect(ends('2026-01-01', '2026-01-31')).toEqual([]);
    expect(ends('2026-01-15', '2026-02-15')).toEqual(['2026-01-01..2026-02-01']);
  });

  it('are found by date, before the anchor and at cut month ends too', () => {
    const containing = (anchor: string, every: 'P1D' | 'P1W' | 'P1M' | 'P3M' | 'P1Y', at: string) =>
      shown(intervalContaining({ anchor: date(anchor), every, time_zone: 'UTC' }, date(at)));
    expect(containing('2026-01-31', 'P1M', '2026-02-27')).toBe('2026-01-31..2026-02-28');
    expect(containing('2026-01-31', 'P1M', '2026-02-28')).toBe('2026-02-28..2026-03-31');
    expect(containing('2026-01-31', 'P1M', '2026-03-30')).toBe('2026-02-28..2026-03-31');
    expect(containing('2026-01-31', 'P3M', '2025-10-30')).toBe('2025-07-31..2025-10-31');
    expect(containing('2026-01-05', 'P1W', '2026-01-04')).toBe('2025-12-29..2026-01-05');
    expect(containing('2026-01-05', 'P1D', '2026-03-01')).toBe('2026-03-01..2026-03-02');
    expect(containing('2024-02-29', 'P1Y', '2025-02-28')).toBe('2025-02-28..2026-02-28');
  });

  it('start and end at local midnights, across a clock change', () => {
    const [april] = intervalsEndingWithin({
      anchor: date('2026-04-01'),
      every: 'P1M',
      time_zone: 'Australia/Sydney',
      from: date('2026-04-01'),
      to: date('2026-05-01'),
    });
    // Sydney is at +11 on 1 April 2026 and at +10 from 5 April on.
    expect(april!.start.toString()).toBe('2026-03-31T13:00:00Z');
    expect(april!.end.toString()).toBe('2026-04-30T14:00:00Z');
    expect(lengthOf(april!)).toBe((30n * 24n + 1n) * HOUR);
  });

  it('are named by ISO 8601 durations of one unit', () => {
    for (const text of ['P1D', 'P2W', 'P1M', 'P12M', 'P1Y']) expect(isCalendarInterval(text), text).toBe(true);
    for (const text of ['P0D', 'PT1H', 'P1M1D', '1M', 'P', 'P-1D', 'P1000D']) expect(isCalendarInterval(text), text).toBe(false);
  });
});

describe('proration by days', () => {
  it('is the exact part of the period that is held', () => {
    const april = { start_date: date('2026-04-01'), end_date: date('2026-05-01') };
    // 20 April to the end is 11 of 30 days.
    expect(shareByDays(april, date('2026-04-20'))).toEqual({ units: 11n, scale: 0, over: 30n });
    expect(formatExact(shareByDays(april))).toBe('1');
    expect(formatExact(shareByDays(april, date('2026-03-01')))).toBe('1');
    expect(formatExact(shareByDays(april, date('2026-05-01')))).toBe('0');
    expect(formatExact(shareByDays(april, date('2026-04-01'), date('2026-04-16')))).toBe('0.5');
    expect(formatExact(shareByDays(april, date('2026-04-10'), date('2026-04-10')))).toBe('0');
  });

  it('adds up to the whole when a period is split', () => {
    const march = { start_date: date('2026-03-01'), end_date: date('2026-04-01') };
    const [first, second] = [shareByDays(march, march.start_date, date('2026-03-12')), shareByDays(march, date('2026-03-12'))];
    expect([first.units, first.over, second.units, second.over]).toEqual([11n, 31n, 20n, 31n]);
    expect(daysBetween(march.start_date, march.end_date)).toBe(31);
  });
});

describe('days in a zone', () => {
  const hours = (from: string, to: string, time_zone: string) =>
    [...days(calendarPeriod(date(from), date(to), time_zone), time_zone)].map((day) => [
      day.start_date.toString(),
      lengthOf(day) / HOUR,
    ]);

  it('are 23 and 25 hours long where the clock changes', () => {
    expect(hours('2026-03-28', '2026-03-31', 'Europe/Berlin')).toEqual([
      ['2026-03-28', 24n],
      ['2026-03-29', 23n],
      ['2026-03-30', 24n],
    ]);
    expect(hours('2026-10-25', '2026-10-26', 'Europe/Berlin')).toEqual([['2026-10-25', 25n]]);
  });

  it('begin after midnight where the clock swallows it', () => {
    // Brazil's clocks went from 23:59 to 01:00 on 4 November 2018.
    expect(startOfDay(date('2018-11-04'), 'America/Sao_Paulo').toString()).toBe('2018-11-04T03:00:00Z');
    expect(isStartOfDay(instant('2018-11-04T03:00:00Z'), 'America/Sao_Paulo')).toBe(true);
    expect(isStartOfDay(instant('2018-11-04T02:00:00Z'), 'America/Sao_Paulo')).toBe(false);
  });

  it('leave out a date that never was', () => {
    expect(hours('2011-12-29', '2012-01-01', 'Pacific/Apia').map(([day]) => day)).toEqual(['2011-12-29', '2011-12-31']);
  });
});

describe('periods', () => {
  const period = (start: string, end: string) => ({ start: instant(start), end: instant(end) });
  const january = period('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z');

  it('are half-open', () => {
    expect(contains(january, instant('2026-01-01T00:00:00Z'))).toBe(true);
    expect(contains(january, instant('2026-02-01T00:00:00Z'))).toBe(false);
    expect(overlaps(january, period('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'))).toBe(false);
    expect(intersection(january, period('2025-01-01T00:00:00Z', '2026-01-02T00:00:00Z'))?.end.toString()).toBe(
      '2026-01-02T00:00:00Z',
    );
    expect(intersection(january, period('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'))).toBeUndefined();
  });

  it('know the zones that the runtime knows', () => {
    for (const zone of ['UTC', 'Australia/Sydney', '+10:00']) expect(isTimeZone(zone), zone).toBe(true);
    for (const zone of ['Mars/Olympus', '', '2020-01-01T00:00[Europe/Paris]']) expect(isTimeZone(zone), zone).toBe(false);
  });
});
