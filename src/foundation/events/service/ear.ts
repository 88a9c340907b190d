import { randomInt } from 'node:crypto';
import { createListener, type Listener } from '../../../platform/listener.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { worker_lock } from '../sql/relay.ts';

/** What the database tells: that events came, that some were published, that some are to be routed again. */
export type Channel = 'billing_events' | 'billing_events_published' | 'billing_events_unrouted';

export interface Bell {
  ring(): void;
  /** Fulfilled at the next ring from now on, or after `timeout_ms`. */
  listen(timeout_ms: number): { done: Promise<void>; cancel(): void };
}

export function createBell(): Bell {
  let wake: (() => void) | null = null;
  return {
    ring: () => wake?.(),
    listen(timeout_ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeout_ms);
      const cancel = () => {
        clearTimeout(timer);
        resolve();
      };
      wake = cancel;
      return { done: promise, cancel };
    },
  };
}

export interface Ear extends Listener {
  /** What leases know the worker by. */
  number: number;
}

/** A connection that hears of events, and whose advisory lock says that this worker lives. */
export function createEar(
  postgres: Postgres,
  log: Pick<Logger, 'warn'>,
  channels: readonly Channel[],
  onNotification: (channel: Channel, payload: string) => void,
): Ear {
  const number = randomInt(1, 2 ** 31 - 1);
  const first = `SELECT pg_advisory_lock(${worker_lock}, ${number})`;
  return { number, ...createListener(postgres, log, { channels, onNotification, first }) };
}
