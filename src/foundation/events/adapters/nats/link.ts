import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect, errors, type NatsConnection } from '@nats-io/transport-node';
import type { BusTarget } from '../../../../platform/config.ts';
import { type BusOptions, said } from '../options.ts';

/** A connection that is made at its first use, comes back by itself for ever, and is made anew should it end all the same. */
export interface NatsLink {
  /** The connection, once it stands. Throws when it does not within `patience_ms`. */
  standing(patience_ms: number): Promise<NatsConnection>;
  /** The outcome of something that needs an answer, or a rejection as soon as the connection that it waits on is lost. */
  whileStanding<T>(work: Promise<T>): Promise<T>;
  /** Lets go of the connection once it has sent what it was given, or after two seconds. */
  close(): Promise<void>;
}

export function natsLink({ target, log }: Pick<BusOptions, 'target' | 'log'>): NatsLink {
  let connection: NatsConnection | null = null;
  let connecting = false;
  let stands = false;
  let lost_at = 0;
  let closed = false;
  const onLoss = new Set<(error: Error) => void>();

  const lose = () => {
    stands = false;
    lost_at = performance.now();
    const lost = new Error('the connection to NATS was lost');
    for (const reject of [...onLoss]) reject(lost);
  };
  const watch = async (made: NatsConnection) => {
    for await (const status of made.status()) {
      if (status.type === 'disconnect') {
        lose();
        log.warn({ server: status.server }, 'the connection to NATS is lost; connecting again');
      } else if (status.type === 'reconnect') {
        stands = true;
        log.info({ server: status.server }, 'the connection to NATS is back');
      } else if (status.type === 'error') {
        log.warn({ err: status.error }, 'NATS reports an error');
      }
    }
  };
  const make = async () => {
    // The longer it has been away, the longer the pause before the next try, up to five seconds.
    const pause_ms = () => (stands ? 100 : Math.min(100 + (performance.now() - lost_at) / 4, 5000));
    const made = await connect({ ...connectionOptions(target), reconnectDelayHandler: pause_ms });
    if (closed) return await letGo(made);
    connection = made;
    stands = true;
    watch(made).catch((error: unknown) => log.warn({ err: error }, 'the state of the connection to NATS is unknown'));
    made.closed().then((reason) => {
      if (connection === made) connection = null;
      lose();
      if (!closed) log.warn({ err: reason }, 'the connection to NATS ended');
    });
  };
  return {
    async standing(patience_ms) {
      const until = performance.now() + patience_ms;
      let reason: unknown = new Error('NATS is not connected');
      for (;;) {
        if (closed) throw new errors.ClosedConnectionError();
        if (connection !== null && stands) return connection;
        if (connection === null && !connecting) {
          connecting = true;
          make()
            .catch((error: unknown) => {
              reason = error;
            })
            .finally(() => {
              connecting = false;
            });
        }
        if (performance.now() >= until) throw reason;
        await sleep(Math.min(20, patience_ms));
      }
    },
    async whileStanding<T>(work: Promise<T>): Promise<T> {
      const { promise: lost, reject } = Promise.withResolvers<never>();
      onLoss.add(reject);
      try {
        return await Promise.race([work, lost]);
      } finally {
        onLoss.delete(reject);
      }
    },
    async close() {
      closed = true;
      if (connection) await letGo(connection);
    },
  };
}

/** What all of our connections have in common; the secrets are in it. */
export function connectionOptions(target: BusTarget): ConnectionOptions {
  return {
    servers: [...target.servers],
    name: 'tallystick',
    ...(target.user === null ? {} : { user: target.user }),
    ...(target.password === null ? {} : { pass: target.password }),
    ...(target.tls ? { tls: {} } : {}),
    timeout: 5000,
    maxReconnectAttempts: -1,
    // Two pings without an answer, and the server counts as gone: a paused one keeps its connections.
    pingInterval: 5000,
    maxPingOut: 2,
    // A password that is being changed at the server is no reason to give up.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

/** Connects once, and tries again until `patience_ms` are over; a refused user is refused at once. */
export async function connectPatiently({ target, patience_ms }: BusOptions): Promise<NatsConnection> {
  const until = performance.now() + patience_ms;
  for (;;) {
    try {
      return await connect({ ...connectionOptions(target), reconnect: false, timeout: Math.min(5000, patience_ms) });
    } catch (error) {
      if (error instanceof errors.AuthorizationError || performance.now() >= until)
        throw new Error(said(error), { cause: error });
      await sleep(Math.min(250, patience_ms));
    }
  }
}

/** Closes a connection once it has sent what it was given; one that does not get to it within two seconds is left to itself. */
export async function letGo(connection: NatsConnection): Promise<void> {
  await atMost(1000, connection.flush());
  await atMost(1000, connection.close());
}

/** Waits for something that may fail or take for ever, when neither matters. */
async function atMost(most_ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = sleep(most_ms, undefined, { signal: done.signal });
  await Promise.allSettled([Promise.race([work, late]).finally(() => done.abort())]);
  await Promise.allSettled([late]);
}
