import { expect, it } from 'vitest';
import { newRequestId } from './request-id.ts';

it('makes UUIDs of version 7 that begin with the time', () => {
  // 2026-01-01T00:00:00Z is 1,767,225,600,000 ms = 0x019b76da a800.
  const far = 4_000_000_000_000;
  expect(newRequestId(1_767_225_600_000)).toMatch(/^019b76da-a800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newRequestId(far)).toMatch(new RegExp(`^${far.toString(16).padStart(12, '0').slice(0, 8)}-`));
});

it('rises in the order of making, also when the clock stands or goes back', () => {
  const ids = Array.from({ length: 20_000 }, (_, at) => newRequestId(4_100_000_000_000 - (at % 7)));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
