import { describe, expect, it } from 'vitest';
import { isWanted, latestDue, nextDue } from './schedule.ts';

const at = (text: string) => Temporal.Instant.from(text);
const nightly = { cron: '23 3 * * *' };

describe('a schedule', () => {
  it.each([
    ['* * * * *', '2026-03-01T00:00:30Z', '2026-03-01T00:01:00Z'],
    ['23 3 * * *', '2026-03-01T03:23:00Z', '2026-03-02T03:23:00Z'],
    ['7 * * * *', '2026-03-01T03:06:59.999Z', '2026-03-01T03:07:00Z'],
    // 1 March 2026 is a Sunday
    ['0 4 * * 0', '2026-03-01T05:00:00Z', '2026-03-08T04:00:00Z'],
    ['0 0 1 */3 *', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['0 0 31 * *', '2026-03-31T00:00:00Z', '2026-05-31T00:00:00Z'],
  ])('“%s” falls due after %s at %s', (cron, after, next) => {
    expect(nextDue({ cron }, at(after)).toString()).toBe(next);
  });

  it('that was missed many times has one latest due time', () => {
    const due = latestDue(nightly, at('2026-01-01T03:23:00Z'), at('2026-03-31T03:22:59Z'));
    expect(due?.toString()).toBe('2026-03-30T03:23:00Z');
  });

  it('is not due again at the due time that was looked at', () => {
    expect(latestDue(nightly, at('2026-03-30T03:23:00Z'), at('2026-03-31T03:22:00Z'))).toBeNull();
    expect(latestDue(nightly, at('2026-03-30T03:23:00Z'), at('2026-03-31T03:23:00Z'))).not.toBeNull();
  });

  it('is caught up however late where it is to be, and else only while it is on time', () => {
    const due = at('2026-03-01T00:00:00Z');
    expect(isWanted({ catch_up: 'once' }, due, due.add({ hours: 500 }))).toBe(true);
    expect(isWanted({ catch_up: 'none' }, due, due.add({ seconds: 60 }))).toBe(true);
    expect(isWanted({ catch_up: 'none' }, due, due.add({ seconds: 61 }))).toBe(false);
  });

  it('that never falls due is refused', () =>
    expect(() => nextDue({ cron: '0 0 31 2 *' }, at('2026-03-01T00:00:00Z'))).toThrow());
});
