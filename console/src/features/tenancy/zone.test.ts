import { describe, expect, it } from 'vitest';
import { startOfDay } from './zone.ts';

describe('the start of a day', () => {
  it('is midnight on the clocks of the zone', () => {
    expect(startOfDay('2026-07-01', 'Australia/Sydney')).toBe('2026-06-30T14:00:00Z');
    expect(startOfDay('2026-07-01', 'UTC')).toBe('2026-07-01T00:00:00Z');
    expect(startOfDay('2026-07-01', 'America/New_York')).toBe('2026-07-01T04:00:00Z');
  });

  it('has the offset from before a clock change on that day', () => {
    // Sydney moves from +10 to +11 at 02:00 on 4 October 2026; its midnight is still at +10.
    expect(startOfDay('2026-10-04', 'Australia/Sydney')).toBe('2026-10-03T14:00:00Z');
    // New York moves from −5 to −4 at 02:00 on 8 March 2026; its midnight is still at −5.
    expect(startOfDay('2026-03-08', 'America/New_York')).toBe('2026-03-08T05:00:00Z');
  });
});
