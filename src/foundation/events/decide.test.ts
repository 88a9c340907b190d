import { describe, expect, it } from 'vitest';
import { afterFailure, attemptsAfter, most_attempts } from './decide.ts';
import { Outage } from './model.ts';

describe('an event whose delivery failed', () => {
  it('comes again after 0.5 s, 1 s, 2 s, …, and at most five minutes', () => {
    const delays = [1, 2, 3, 9].map((attempts) => afterFailure(attempts, 'x', 0));
    // 500 × 2^8 = 128,000
    expect(delays).toMatchObject([{ delay_ms: 500 }, { delay_ms: 1000 }, { delay_ms: 2000 }, { delay_ms: 128_000 }]);
  });

  it('comes later by up to a quarter, so that what failed together spreads', () => {
    expect(afterFailure(3, 'x', 1)).toMatchObject({ delay_ms: 2500 });
  });

  it('is dead after ten attempts, with the reason', () => {
    expect(afterFailure(most_attempts - 1, new TypeError('no'), 0)).toMatchObject({
      status: 'again',
      last_error: 'TypeError: no',
    });
    expect(afterFailure(most_attempts, new TypeError('no'), 0)).toEqual({ status: 'dead', last_error: 'TypeError: no' });
  });

  it('is never dead of an outage of the bus, and is tried about every ten seconds meanwhile', () => {
    let attempts = 0;
    for (let tries = 0; tries < 1000; tries += 1) attempts = attemptsAfter(attempts, new Outage('away'));
    expect(afterFailure(attempts, 'x', 0)).toMatchObject({ status: 'again', delay_ms: 8000 });
    expect(attemptsAfter(attempts, new Error('refused'))).toBe(attempts + 1);
    expect(attemptsAfter(8, new Outage('away'))).toBe(8);
  });

  it('keeps a reason that can be stored: without NUL, well-formed, never empty, at most 2000 characters', () => {
    expect(afterFailure(1, 'a\u0000b\ud800', 0).last_error).toBe('a b\ufffd');
    expect(afterFailure(1, '', 0).last_error).toBe('unknown');
    expect(afterFailure(1, Object.create(null), 0).last_error).toBe('something was thrown that has no text');
    expect(afterFailure(1, 'x'.repeat(3000), 0).last_error).toHaveLength(2000);
  });
});
