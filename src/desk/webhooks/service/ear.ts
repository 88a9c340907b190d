import pg from 'pg';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';

/** Hears of new deliveries, on a connection of its own. */
export function createEar(postgres: Postgres, log: Pick<Logger, 'warn'>) {
  let client: pg.Client | null = null;
  let wake: (() => void) | null = null;
  let rang = false;
  const ring = () => {
    rang = true;
    wake?.();
  };
  const lose = (lost: pg.Client, error: unknown) => {
    if (client !== lost) return;
    client = null;
    log.warn({ err: error }, 'the sender of webhooks lost its connection');
    lost.end().catch((failure: unknown) => log.warn({ err: failure }, 'a lost connection did not close'));
  };
  return {
    ring,
    /** Fulfilled at the next ring, one since the last call included, or after `timeout_ms`. */
    listen(timeout_ms: number): { done: Promise<void>; cancel(): void } {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeout_ms);
      const cancel = () => {
        clearTimeout(timer);
        resolve();
      };
      wake = cancel;
      if (rang) cancel();
      rang = false;
      return { done: promise, cancel };
    },
    /** Connects when it is not connected. */
    async attend(): Promise<void> {
      if (client) return;
      const made = new pg.Client({ ...postgres.connection('relay'), keepAlive: true });
      made.on('error', (error) => lose(made, error));
      made.on('end', () => lose(made, null));
      made.on('notification', ring);
      try {
        await made.connect();
        await made.query('LISTEN webhook_delivery');
        client = made;
      } catch (error) {
        await made.end();
        throw error;
      }
    },
    async close(): Promise<void> {
      const last = client;
      client = null;
      await last?.end();
    },
  };
}
