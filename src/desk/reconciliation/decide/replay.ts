import { errors } from '../errors.ts';
import type { ReplaySelection, ReplayStatus } from '../model.ts';

export type ReplayControl = 'pause' | 'resume' | 'cancel';

/** What a replay becomes. Throws `replay_ended`, `replay_not_running`, `replay_not_paused`. */
export function controlled(status: ReplayStatus, control: ReplayControl): ReplayStatus {
  if (status === 'completed' || status === 'cancelled' || status === 'failed')
    throw errors.replay_ended({ detail: `The replay is ${status}.` });
  if (control === 'cancel') return 'cancelled';
  if (control === 'pause') {
    if (status === 'paused') throw errors.replay_not_running({ detail: 'The replay is paused already.' });
    return 'paused';
  }
  if (status !== 'paused') throw errors.replay_not_paused({ detail: `The replay is ${status}.` });
  return 'running';
}

/** Throws `replay_selection_invalid`: a replay of everything says so by a time. */
export function requireSelection(selection: ReplaySelection): void {
  const { from, to } = selection;
  if (from !== undefined && to !== undefined && from >= to)
    throw invalid('/selection/to', `from ${from} is not before to ${to}.`);
  const { dead_only, ...narrowing } = selection;
  if (dead_only !== true && Object.values(narrowing).every((value) => value === undefined))
    throw invalid('/selection', 'Name a time, types, an aggregate, an organization, a correlation, ids, or dead_only.');
}

function invalid(pointer: string, detail: string) {
  return errors.replay_selection_invalid({ detail, errors: [{ pointer, code: 'replay_selection_invalid', detail }] });
}

/** How many events are sent together: no more than a second's, and few enough that a kill costs little. */
export function chunkOf(rate_per_second: number): number {
  return Math.min(rate_per_second, 500);
}

/** How long to wait so that, since the beginning, no more were sent than the rate allows; milliseconds. */
export function restAfter(
  sent: number,
  { rate_per_second, elapsed_ms }: { rate_per_second: number; elapsed_ms: number },
): number {
  return Math.max(0, Math.ceil((sent * 1000) / rate_per_second - elapsed_ms));
}
