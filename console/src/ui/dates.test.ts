import { describe, expect, it } from 'vitest';
import { addDays, addMonths, formatDate, formatDateIn, formatPeriod } from './dates.ts';

describe('calendar dates', () => {
  it('stay within the month when the day does not exist there', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
    expect(addMonths('2028-01-31', 1)).toBe('2028-02-29');
    expect(addMonths('2026-03-31', -1)).toBe('2026-02-28');
    expect(addMonths('2026-11-30', 3)).toBe('2027-02-28');
  });

  it('cross months and years by days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
  });

  it('are named as people name them', () => expect(formatDate('2026-09-05')).toBe('5 Sep 2026'));

  it('are those of the zone, not of UTC', () => {
    // 14:00 UTC on 30 September is midnight on 1 October in Sydney (UTC+10).
    expect(formatDateIn('2025-09-30T14:00:00Z', 'Australia/Sydney')).toBe('1 Oct 2025');
  });
});

describe('a half-open period', () => {
  it('is called by its month when it is one', () => expect(formatPeriod('2026-03-01', '2026-04-01')).toBe('March 2026'));
  it('names its last day, not the day after', () =>
    expect(formatPeriod('2026-03-01', '2026-03-15')).toBe('1 Mar 2026 – 14 Mar 2026'));
  it('is one date when it is one day', () => expect(formatPeriod('2026-03-05', '2026-03-06')).toBe('5 Mar 2026'));
});
