import { ConnectionError, ProblemError } from './errors.ts';

export interface Patience {
  /** The most that is waited before the second try; it doubles with every try. */
  first_ms: number;
  most_ms: number;
  /** From 0 up to 1. */
  random: () => number;
  /** Ends early, and well, when the signal says so. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const patience: Patience = {
  first_ms: 250,
  most_ms: 30_000,
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

/** True for what may go better a moment later, and did nothing that a second try with the same key or ids could repeat. */
export function isPassing(error: unknown): error is ConnectionError | ProblemError {
  if (error instanceof ConnectionError) return true;
  if (!(error instanceof ProblemError)) return false;
  return [408, 425, 429, 500, 502, 503, 504].includes(error.status) || error.code === 'idempotency_key_in_use';
}

/**
 * How long to wait after `tries` that failed: at random up to a bound that doubles (full jitter), so that many clients do not come back
 * together; and not before the server asked for, up to an hour.
 */
export function delayMs(error: unknown, tries: number, { first_ms, most_ms, random }: Patience): number {
  const asked = error instanceof ProblemError ? Math.min(error.retry_after_ms ?? 0, hour_ms) : 0;
  return asked + random() * Math.min(most_ms, first_ms * 2 ** Math.min(tries - 1, 20));
}

const hour_ms = 3_600_000;
