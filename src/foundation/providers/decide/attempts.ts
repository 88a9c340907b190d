import type { Refusal } from '../model.ts';

const minute_s = 60;
const hour_s = 3600;
/** How long after the first, second, … failure a message is tried again; after the last it is dead. */
const waits_s = [10, minute_s, 5 * minute_s, 30 * minute_s, 2 * hour_s, 6 * hour_s, 12 * hour_s];

export type Verdict = { status: 'failed'; wait_s: number } | { status: 'dead' };

/** What becomes of a message whose `attempts`-th try failed: again after 10 s, 1 min, 5 min, 30 min, 2 h, 6 h, 12 h; then dead. */
export function afterFailure(attempts: number): Verdict {
  const wait_s = waits_s[attempts - 1];
  return wait_s === undefined ? { status: 'dead' } : { status: 'failed', wait_s };
}

/** Whether what was thrown says of the message itself that it cannot be taken, so that trying again helps nobody. */
export function isRefusal(error: { status: number }): boolean {
  return error.status >= 400 && error.status < 500 && error.status !== 409 && error.status !== 429;
}

/** What the row says of a failure; never longer than is useful, without characters that cannot be stored. */
export function failureOf(error: unknown): Refusal {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const said = typeof message === 'string' ? message : String(error);
  return {
    code: typeof code === 'string' && code !== '' ? code : 'processing_failed',
    status: 500,
    title: 'The message could not be processed',
    detail: said.replaceAll('\u0000', ' ').toWellFormed().slice(0, 2000) || 'unknown',
  };
}
