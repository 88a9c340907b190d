import type { Postgres, Scope } from '../../../platform/postgres.ts';
import type { EventEntry } from '../model.ts';
import { eventsAfter, lastPosition } from '../service.ts';
import type { PositionQuery } from '../sql/outbox.ts';
import { createEar, type Ear } from './ear.ts';

/** Where a process listens for all who follow, while anybody does. */
interface Hub {
  ear: Ear;
  followers: Set<{ tenant_id: string; wake(): void }>;
}

const hubs = new WeakMap<Postgres, Hub>();

/** How long a follower waits for a notification before it looks anyway, and so at the most how late it hears of a lost connection. */
const poll_ms = 5000;

/**
 * What was published after a position, and then what is published as it comes, in order of position and without gaps, until the signal is aborted.
 * Each yield has one event or more. Wakes by notification, and looks every few seconds anyway.
 */
export async function* followEvents(
  postgres: Postgres,
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  query: PositionQuery,
  signal: AbortSignal,
): AsyncGenerator<EventEntry[]> {
  let wake: () => void = () => undefined;
  const follower = { tenant_id: scope.tenant_id, wake: () => wake() };
  const hub = hubOf(postgres);
  hub.followers.add(follower);
  let { after_position } = query;
  try {
    while (!signal.aborted) {
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      // A listener that cannot connect leaves the looking every few seconds.
      await hub.ear.attend().catch(() => undefined);
      const { found, seen } = await postgres.read(scope, async (db) => {
        // Read first: what is published meanwhile is after it.
        const last = await lastPosition(db);
        return { found: await eventsAfter(db, { ...query, after_position }), seen: last };
      });
      // Without what it has no eye for, or each look would be at all of that again.
      if (found.length < query.limit && BigInt(seen) > BigInt(after_position)) after_position = seen;
      if (found.length > 0) {
        const { position } = found.at(-1)!;
        if (BigInt(position!) > BigInt(after_position)) after_position = position!;
        yield found;
        continue;
      }
      await waitFor(woken, signal);
    }
  } finally {
    hub.followers.delete(follower);
    if (hub.followers.size === 0) {
      hubs.delete(postgres);
      await hub.ear.close();
    }
  }
}

function hubOf(postgres: Postgres): Hub {
  const known = hubs.get(postgres);
  if (known) return known;
  const followers: Hub['followers'] = new Set();
  const ear = createEar(postgres, { warn: () => undefined }, ['billing_events_published'], (_channel, tenant_id) => {
    for (const follower of followers) if (tenant_id === '' || tenant_id === follower.tenant_id) follower.wake();
  });
  const hub = { ear, followers };
  hubs.set(postgres, hub);
  return hub;
}

async function waitFor(woken: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, poll_ms);
  const end = () => resolve();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  await Promise.race([woken, over]);
  clearTimeout(timer);
  // A stream of days waits millions of times.
  signal.removeEventListener('abort', end);
}
