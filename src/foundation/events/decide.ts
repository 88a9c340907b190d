import { Outage } from './model.ts';

/** How often an event is tried at a stage, publishing or routing, before it is dead. */
export const most_attempts = 10;

export type Verdict = { status: 'again'; delay_ms: number; last_error: string } | { status: 'dead'; last_error: string };

/**
 * What becomes of an event after it failed for the `attempts`-th time at its stage: again after 0.5 s, 1 s, 2 s, … at most five minutes, each
 * longer by up to a quarter (`jitter`, 0 to 1) so that what failed together does not return together; dead after ten.
 */
export function afterFailure(attempts: number, error: unknown, jitter: number): Verdict {
  const last_error = reason(error);
  if (attempts >= most_attempts) return { status: 'dead', last_error };
  const base_ms = Math.min(500 * 2 ** (attempts - 1), 300_000);
  return { status: 'again', delay_ms: Math.round(base_ms * (1 + jitter / 4)), last_error };
}

/** Of how many failures an outage of the bus counts at the most: it is tried again every ten seconds or so then. */
const most_of_outage = 5;

/** How often an event has failed after one more time. An outage is no fault of the event's: it makes the pauses longer, and no event dead. */
export function attemptsAfter(attempts: number, error: unknown): number {
  return error instanceof Outage ? Math.max(attempts, Math.min(attempts + 1, most_of_outage)) : attempts + 1;
}

/** The reason of an event that was in the hands of one process after another that ended: it may have been what ended them. */
export function givenUp(attempts: number): string {
  return `it was tried ${attempts} times, the last of them by processes that ended meanwhile`;
}

/** What the log and the row say of a failure; never longer than the column, without characters that cannot be stored. */
function reason(error: unknown): string {
  return textOf(error).replaceAll('\u0000', ' ').toWellFormed().slice(0, 2000) || 'unknown';
}

/** Whatever was thrown: an object without a prototype has no text, and must not end the process that asks for it. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'something was thrown that has no text';
  }
}
