import type { Schedule } from '../model.ts';

const minute_ms = 60_000;
const hour_ms = 60 * minute_ms;

/**
 * How long after the attempt before each attempt is made. `standard`: at once, then after 5 minutes, 30 minutes and 2 hours. `extended` is the
 * schedule that Standard Webhooks recommends, ten attempts in three days. A test is sent once.
 */
const delays_ms: Record<Schedule | 'once', readonly number[]> = {
  once: [0],
  standard: [0, 5 * minute_ms, 30 * minute_ms, 2 * hour_ms],
  extended: [
    0,
    5000,
    5 * minute_ms,
    30 * minute_ms,
    2 * hour_ms,
    5 * hour_ms,
    10 * hour_ms,
    14 * hour_ms,
    20 * hour_ms,
    24 * hour_ms,
  ],
};

/** The longest wait that an endpoint can ask for. */
export const longest_retry_after_ms = 24 * hour_ms;

/**
 * How long to wait after the `made`-th attempt failed, or null when it was the last. Longer by up to a tenth (`jitter`, 0 to 1), so that what failed
 * together does not return together, and never shorter than `retry_after_ms`.
 */
export function delayAfter(
  schedule: Schedule | 'once',
  { made, jitter, retry_after_ms }: { made: number; jitter: number; retry_after_ms: number | null },
): number | null {
  const delay_ms = delays_ms[schedule][made];
  if (delay_ms === undefined) return null;
  return Math.max(Math.round(delay_ms * (1 + jitter / 10)), retry_after_ms ?? 0);
}

/** What a Retry-After header asks for (RFC 9110 §10.2.3: seconds, or a date), at most a day; null where it says nothing readable. */
export function retryAfter(header: string | undefined, now: Temporal.Instant): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Math.min(Number.parseInt(text, 10) * 1000, longest_retry_after_ms);
  const at = httpDate(text);
  if (at === null) return null;
  return Math.min(Math.max(at.epochMilliseconds - now.epochMilliseconds, 0), longest_retry_after_ms);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** IMF-fixdate (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. */
function httpDate(text: string): Temporal.Instant | null {
  const found = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(text);
  const month = months.indexOf(found?.[2] ?? '') + 1;
  if (found === null || month === 0) return null;
  try {
    return Temporal.Instant.from(`${found[3]}-${String(month).padStart(2, '0')}-${found[1]}T${found[4]}Z`);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
