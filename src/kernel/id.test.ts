import { describe, expect, it } from 'vitest';
import { isId, newId } from './id.ts';

describe('ids', () => {
  it('carries the time and the version', () => {
    // 2026-01-01T00:00:00Z is 1767225600000 ms, 0x019b76daa800.
    const id = newId(Temporal.Instant.from('2026-01-01T00:00:00Z'));
    expect(id.slice(0, 13)).toBe('019b76da-a800');
    expect(id[14]).toBe('7');
    expect('89ab').toContain(id[19]);
    expect(isId(id)).toBe(true);
  });

  it('rises within one millisecond and is never the same', () => {
    const now = Temporal.Instant.from('2026-01-01T00:00:00Z');
    const ids = Array.from({ length: 50_000 }, () => newId(now));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('knows text that is no id', () => {
    expect(isId('019B76DA-A400-7000-8000-000000000000')).toBe(false);
    expect(isId('019b76da')).toBe(false);
  });
});
