import pg from 'pg';
import type { Postgres } from './postgres.ts';
import type { Logger } from './telemetry.ts';

export interface Listener {
  /** Connects when it is not connected. Throws what keeps it from that. */
  attend(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions<Channel extends string> {
  channels: readonly Channel[];
  /** At each notification, and for each channel when a connection stands: something may have been told while nobody listened. */
  onNotification(channel: Channel, payload: string): void;
  /** A statement of each new connection, before it listens. */
  first?: string;
}

/** A connection of its own, as the role `relay`, that hears of notifications; one that is lost is made again by the next `attend`. */
export function createListener<Channel extends string>(
  postgres: Postgres,
  log: Pick<Logger, 'warn'>,
  { channels, onNotification, first }: ListenerOptions<Channel>,
): Listener {
  let client: pg.Client | null = null;
  let connecting: Promise<void> | null = null;
  const lose = (lost: pg.Client, error: unknown) => {
    if (client !== lost) return;
    client = null;
    log.warn({ err: error, channels }, 'a listener lost its connection');
    lost.end().catch((failure: unknown) => log.warn({ err: failure }, 'a lost connection did not close'));
  };
  const connect = async () => {
    const made = new pg.Client({ ...postgres.connection('relay'), keepAlive: true });
    made.on('error', (error) => lose(made, error));
    made.on('end', () => lose(made, null));
    made.on('notification', ({ channel, payload }) => onNotification(channel as Channel, payload ?? ''));
    try {
      await made.connect();
      await made.query([...(first === undefined ? [] : [first]), ...channels.map((channel) => `LISTEN ${channel}`)].join('; '));
      client = made;
      for (const channel of channels) onNotification(channel, '');
    } catch (error) {
      await made.end();
      throw error;
    }
  };
  return {
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
