import { randomInt } from 'node:crypto';
import pg from 'pg';
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

export interface Ear {
  /** What leases know the worker by. */
  number: number;
  /** Connects when it is not connected. */
  attend(): Promise<void>;
  close(): Promise<void>;
}

/** A connection that hears of events, and whose advisory lock says that this worker lives. */
export function createEar(
  postgres: Postgres,
  log: Pick<Logger, 'warn'>,
  channels: readonly Channel[],
  onNotification: (channel: Channel, payload: string) => void,
): Ear {
  let client: pg.Client | null = null;
  const number = randomInt(1, 2 ** 31 - 1);
  const lose = (lost: pg.Client, error: unknown) => {
    if (client !== lost) return;
    client = null;
    log.warn({ err: error }, 'a listener for events lost its connection');
    lost.end().catch((failure: unknown) => log.warn({ err: failure }, 'a lost connection did not close'));
  };
  const connect = async () => {
    const made = new pg.Client({ ...postgres.connection('relay'), keepAlive: true });
    made.on('error', (error) => lose(made, error));
    made.on('end', () => lose(made, null));
    made.on('notification', ({ channel, payload }) => onNotification(channel as Channel, payload ?? ''));
    try {
      await made.connect();
      const listens = channels.map((channel) => `LISTEN ${channel}`).join('; ');
      await made.query(`SELECT pg_advisory_lock(${worker_lock}, ${number}); ${listens}`);
      client = made;
      // What was told while nobody listened.
      for (const channel of channels) onNotification(channel, '');
    } catch (error) {
      await made.end();
      throw error;
    }
  };
  let connecting: Promise<void> | null = null;
  return {
    number,
    async attend() {
      if (client) return;
      connecting ??= connect().finally(() => {
        connecting = null;
      });
      await connecting;
    },
    async close() {
      await connecting?.catch(() => undefined);
      const last = client;
      client = null;
      await last?.end();
    },
  };
}
