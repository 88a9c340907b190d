import type { Outcome, Schedule } from '../model.ts';
import { delayAfter, retryAfter } from './schedule.ts';

/** What becomes of a delivery after an attempt. */
export type Verdict =
  | { status: 'delivered' }
  | { status: 'pending'; next_attempt_at: string; pause_until: string | null }
  | { status: 'failed'; reason: 'attempts_exhausted' | 'endpoint_gone' };

/**
 * 2xx is delivered and nothing else is. 410 ends the delivery, and the endpoint. Whatever else it was, the next attempt follows by the schedule, or
 * none after the last. 429 and 503 with Retry-After hold back the whole endpoint until then.
 */
export function afterAttempt(
  outcome: Pick<Outcome, 'status' | 'response_headers' | 'error'>,
  delivery: { attempts: number; schedule: Schedule | 'once' },
  { now, jitter }: { now: Temporal.Instant; jitter: number },
): Verdict {
  if (isTaken(outcome)) return { status: 'delivered' };
  if (outcome.status === 410 && delivery.schedule !== 'once') return { status: 'failed', reason: 'endpoint_gone' };
  const asked_ms = retryAfter(outcome.response_headers?.['retry-after'], now);
  const delay_ms = delayAfter(delivery.schedule, { made: delivery.attempts + 1, jitter, retry_after_ms: asked_ms });
  if (delay_ms === null) return { status: 'failed', reason: 'attempts_exhausted' };
  const pauses = asked_ms !== null && asked_ms > 0 && (outcome.status === 429 || outcome.status === 503);
  return {
    status: 'pending',
    next_attempt_at: now.add({ milliseconds: delay_ms }).toString(),
    pause_until: pauses ? now.add({ milliseconds: Math.min(asked_ms, longest_pause_ms) }).toString() : null,
  };
}

/** The receiver's word is the status; what befell the rest of its answer does not matter. */
export function isTaken({ status }: Pick<Outcome, 'status'>): boolean {
  return status !== null && status >= 200 && status <= 299;
}

const longest_pause_ms = 3_600_000;

/** Whether an endpoint to which nothing was delivered since `failing_since` has had its time. */
export function hasFailedLong(failing_since: string | null, now: Temporal.Instant, days: number): boolean {
  if (failing_since === null) return false;
  return Temporal.Instant.compare(Temporal.Instant.from(failing_since).add({ hours: days * 24 }), now) <= 0;
}
