import { randomInt } from 'node:crypto';
import pg from 'pg';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { afterFailure } from '../decide.ts';
import { type EventRow, envelopeOf, type OnePublisher } from '../model.ts';
import { claimEvents, dispatcher_lock, markFailed, markPublished, releaseEvents } from '../sql/relay.ts';

export interface Dispatcher {
  /** Begins to work in the background. */
  start(): void;
  /** Works until nothing is due. Works without `start` too. */
  drain(): Promise<void>;
  /** Ends what is under way, claims nothing more, and lets go of its connections. */
  stop(): Promise<void>;
}

export interface DispatcherOptions {
  postgres: Postgres;
  publisher: OnePublisher;
  log: Pick<Logger, 'warn' | 'error'>;
  /** How long to wait for a notification before looking anyway; retries and missed notifications are found so. */
  poll_ms?: number;
  /** Events that are published at the same time at the most. */
  concurrency?: number;
}

const batch = 128;
/** Well within the lease of a minute: what is not begun by then is given back, so that nobody else begins it meanwhile. */
const deliver_within_ms = 30_000;

/** Takes what is in the outbox to the publisher, in the order of each aggregate, and keeps the state of delivery. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { postgres, log, poll_ms = 1000 } = options;
  const bell = createBell();
  const ear = createEar(postgres, log, bell.ring);
  let running: Promise<void> | null = null;
  let stopping = false;

  const work = async () => {
    await ear.attend();
    const claimed = await claimEvents(postgres.pool('relay'), { dispatcher: ear.number, limit: batch });
    if (claimed.length > 0) await deliver(options, claimed, () => stopping);
    return claimed.length;
  };
  const loop = async () => {
    while (!stopping) {
      const heard = bell.listen(poll_ms);
      try {
        if ((await work()) > 0) {
          heard.cancel();
          continue;
        }
      } catch (error) {
        log.warn({ err: error }, 'the outbox cannot be read; trying again');
      }
      await heard.done;
    }
  };
  return {
    start() {
      running ??= loop();
    },
    async drain() {
      while ((await work()) > 0);
    },
    async stop() {
      stopping = true;
      bell.ring();
      await running;
      await ear.close();
    },
  };
}

/** Publishes each aggregate's events one after another, several aggregates at once, and keeps what became of each. */
async function deliver(
  { postgres, publisher, log, concurrency = 4 }: DispatcherOptions,
  claimed: readonly EventRow[],
  stopping: () => boolean,
): Promise<void> {
  const relay = postgres.pool('relay');
  const began = performance.now();
  const mayGoOn = () => !stopping() && performance.now() - began < deliver_within_ms;
  const aggregates = byAggregate(claimed);
  const published: EventRow[] = [];
  const untried: EventRow[] = [];
  const worker = async () => {
    for (let events = aggregates.shift(); events !== undefined; events = aggregates.shift()) {
      for (const [index, event] of events.entries()) {
        if (!mayGoOn()) {
          untried.push(...events.slice(index));
          break;
        }
        try {
          await publisher.publish(envelopeOf(event));
          published.push(event);
        } catch (error) {
          untried.push(...events.slice(index + 1));
          await fail(relay, log, event, error);
          break;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (published.length > 0) await markPublished(relay, published);
  if (untried.length > 0) await releaseEvents(relay, untried);
}

function byAggregate(claimed: readonly EventRow[]): EventRow[][] {
  const inOrder = claimed.toSorted((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
  return [...Map.groupBy(inOrder, (event) => `${event.tenant_id} ${event.aggregate_type} ${event.aggregate_id}`).values()];
}

async function fail(relay: pg.Pool, log: DispatcherOptions['log'], event: EventRow, error: unknown): Promise<void> {
  const verdict = afterFailure(event.attempts, error, Math.random());
  const { event_id, type, tenant_id, attempts } = event;
  if (verdict.status === 'dead') log.error({ err: error, event_id, type, tenant_id, attempts }, 'an event is dead');
  else log.warn({ err: error, event_id, type, tenant_id, attempts }, 'an event will be published again');
  await markFailed(relay, event, verdict);
}

interface Bell {
  ring(): void;
  /** Fulfilled at the next ring from now on, or after `timeout_ms`. */
  listen(timeout_ms: number): { done: Promise<void>; cancel(): void };
}

function createBell(): Bell {
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

/** A connection that hears of new events, and whose advisory lock says that this dispatcher lives. */
function createEar(postgres: Postgres, log: Pick<Logger, 'warn'>, onEvent: () => void) {
  let client: pg.Client | null = null;
  const number = randomInt(1, 2 ** 31 - 1);
  const lose = (lost: pg.Client, error: unknown) => {
    if (client !== lost) return;
    client = null;
    log.warn({ err: error }, 'the dispatcher lost its connection');
    lost.end().catch((failure: unknown) => log.warn({ err: failure }, 'a lost connection did not close'));
  };
  return {
    number,
    /** Connects when it is not connected. */
    async attend(): Promise<void> {
      if (client) return;
      const made = new pg.Client({ ...postgres.connection('relay'), keepAlive: true });
      made.on('error', (error) => lose(made, error));
      made.on('end', () => lose(made, null));
      made.on('notification', onEvent);
      try {
        await made.connect();
        await made.query(`SELECT pg_advisory_lock(${dispatcher_lock}, ${number}); LISTEN billing_events`);
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
