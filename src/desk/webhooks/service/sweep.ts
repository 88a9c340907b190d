import type { Postgres } from '../../../platform/postgres.ts';
import { deleteFinished, deleteUnused } from '../sql/send.ts';

const batch = 2000;

/** Deletes deliveries that were finished before then, with their attempts and dead letters, and the bodies and replays that nothing is left of. */
export async function sweepDeliveries(postgres: Postgres, before: Temporal.Instant, signal?: AbortSignal): Promise<void> {
  const relay = postgres.pool('relay');
  for (const step of [deleteFinished, deleteUnused]) {
    while (!signal?.aborted && (await step(relay, before.toString(), batch)) > 0);
  }
}
