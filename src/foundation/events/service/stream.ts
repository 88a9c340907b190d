import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres, Scope } from '../../../platform/postgres.ts';
import type { EventEntry } from '../model.ts';
import { eventsAfter } from '../service.ts';
import type { StreamQuery } from '../sql/stream.ts';

const poll_ms = 1000;

/** What is published after a position, in batches, for as long as nobody aborts `signal`. Ends without an error when somebody does. */
export async function* followEvents(
  postgres: Postgres,
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  query: StreamQuery,
  signal: AbortSignal,
): AsyncGenerator<EventEntry[]> {
  let { after_position } = query;
  while (!signal.aborted) {
    const found = await postgres.read(scope, (db) => eventsAfter(db, { ...query, after_position }));
    const last = found.at(-1);
    if (last !== undefined) {
      after_position = last.position!;
      yield found;
    } else {
      await sleep(poll_ms, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }
}
