import { randomUUID } from 'node:crypto';
import { clock } from '../../../platform/clock.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { afterFailure, attemptsAfter, givenUp, most_attempts } from '../decide.ts';
import { type Envelope, type EventRow, envelopeOf, Outage, type Publisher } from '../model.ts';
import { type Batch, type Claimed, claimPending, type Settlement } from '../sql/relay.ts';
import { createBell, createEar } from './ear.ts';
import type { EventMetrics } from './metrics.ts';
import { keepSettled } from './settle.ts';

export interface Dispatcher {
  /** Begins to work in the background. */
  start(): void;
  /** Works until nothing is due. Works without `start` too. */
  drain(): Promise<void>;
  /** False from a batch that the bus was not there for, until one that it was. */
  isReady(): boolean;
  /** Ends what is under way, claims nothing more, and lets go of its connections. */
  stop(): Promise<void>;
}

export interface DispatcherOptions {
  postgres: Postgres;
  publisher: Pick<Publisher, 'publish'>;
  log: Pick<Logger, 'warn' | 'error'>;
  metrics?: EventMetrics;
  /** How long to wait for a notification before looking anyway; retries and missed notifications are found so. */
  poll_ms?: number;
  /** How long a published event has to come back from the bus before the router takes it from the outbox; 0 where nothing comes back. */
  grace_ms?: number;
  /** How long the bus has for a batch. */
  answer_within_ms?: number;
  /** Events of a batch at the most. */
  batch?: number;
}

/** While one is published, the next is claimed and the one before is marked. */
const most_batches = 3;

/** Takes what is in the outbox to the bus, in the order of each aggregate, and keeps the state of delivery. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { postgres, log, poll_ms = 2000, batch = 1024 } = options;
  const bell = createBell();
  const ear = createEar(postgres, log, ['billing_events'], bell.ring);
  const under_way = new Set<Promise<void>>();
  let running: Promise<void> | null = null;
  let stopping = false;
  let is_ready = true;
  const publisher: DispatcherOptions['publisher'] = {
    async publish(envelopes) {
      const answers = await publish(options, envelopes);
      is_ready = !answers.some((answer) => answer instanceof Outage);
      return answers;
    },
  };

  /** Claims a batch and begins to deliver it. */
  const claim = async () => {
    await ear.attend();
    const take = { worker: ear.number, limit: batch, from_tenant: randomUUID(), except: [] };
    const claimed = await claimPending(postgres.pool('relay'), take);
    if (!claimed) return false;
    const delivery = deliver({ ...options, publisher }, claimed)
      .catch((error: unknown) => log.error({ err: error }, 'a batch of events was left; it comes again when its lease ends'))
      .finally(() => under_way.delete(delivery));
    under_way.add(delivery);
    return true;
  };
  const loop = async () => {
    while (!stopping) {
      const heard = bell.listen(poll_ms);
      try {
        if (await claim()) {
          heard.cancel();
          if (under_way.size >= most_batches) await Promise.race(under_way);
          continue;
        }
      } catch (error) {
        log.warn({ err: error }, 'the outbox cannot be read; trying again');
      }
      // What is behind a batch in its aggregates can be claimed when that is marked.
      await Promise.race([heard.done, ...under_way]);
      heard.cancel();
    }
  };
  return {
    start() {
      running ??= loop();
    },
    async drain() {
      while ((await claim()) || under_way.size > 0) if (under_way.size > 0) await Promise.race(under_way);
    },
    isReady: () => is_ready,
    async stop() {
      stopping = true;
      bell.ring();
      await running;
      await Promise.all(under_way);
      await ear.close();
    },
  };
}

async function deliver(options: DispatcherOptions, { lease_id, events }: Batch): Promise<void> {
  const { postgres, log, metrics, grace_ms = 15_000 } = options;
  const began = clock.monotonic_ms();
  failpoint('dispatcher.claimed-not-published');
  const [lost, sound] = partition(events);
  const answers = await options.publisher.publish(sound.map((event) => envelopeOf(event)));
  failpoint('dispatcher.published-not-marked');
  metrics?.publish_seconds.observe((clock.monotonic_ms() - began) / 1000);
  const settlements = [
    ...lost.map(
      (event): Settlement => ({
        event,
        outcome: 'dead',
        delay_ms: 0,
        attempts: event.attempts,
        last_error: givenUp(event.attempts),
      }),
    ),
    ...judge(options, sound, answers, grace_ms),
  ];
  const settled = await keepSettled({ postgres, stage: 'publish', log }, settlements, {
    ended: [lease_id],
    shortened: [],
    aggregates: [],
  });
  failpoint('dispatcher.marked');
  for (const { outcome } of settled) metrics?.events.inc({ outcome: outcome === 'unpublished' ? 'failed' : outcome });
}

/** Those that were in the hands of processes that ended, too often to be tried again, and the rest. */
function partition(events: readonly Claimed[]): [lost: Claimed[], sound: Claimed[]] {
  const { true: lost = [], false: sound = [] } = Object.groupBy(
    events,
    (event) => `${event.attempts >= most_attempts}` as 'true' | 'false',
  );
  return [lost, sound];
}

/** What the bus says of each; one that throws, or says nothing in time, has taken none of them for sure. */
async function publish(
  { publisher, answer_within_ms = 30_000 }: DispatcherOptions,
  envelopes: readonly Envelope[],
): Promise<readonly (Error | null)[]> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Outage(`the bus did not answer within ${answer_within_ms} ms`)), answer_within_ms);
  try {
    return await Promise.race([publisher.publish(envelopes), late]);
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    return envelopes.map(() => failure);
  } finally {
    clearTimeout(timer);
  }
}

/** Published up to the first of an aggregate that failed; what is behind that one does not count, and comes again. */
function judge(
  { log }: DispatcherOptions,
  events: readonly EventRow[],
  answers: readonly (Error | null)[],
  grace_ms: number,
): Settlement[] {
  const failed = new Set<string>();
  const settlements: Settlement[] = [];
  for (const [at, event] of events.entries()) {
    const aggregate = `${event.tenant_id} ${event.aggregate_type} ${event.aggregate_id}`;
    if (failed.has(aggregate)) continue;
    const error = answers[at];
    if (error === null) {
      settlements.push({ event, outcome: 'published', delay_ms: grace_ms, attempts: 0, last_error: null });
      continue;
    }
    failed.add(aggregate);
    const attempts = attemptsAfter(event.attempts, error);
    const verdict = afterFailure(attempts, error ?? new Error('the bus did not answer for it'), Math.random());
    const { event_id, type, tenant_id } = event;
    if (verdict.status === 'dead') {
      log.error({ err: error, event_id, type, tenant_id, attempts }, 'an event is dead');
      settlements.push({ event, outcome: 'dead', delay_ms: 0, attempts, last_error: verdict.last_error });
      continue;
    }
    log.warn({ err: error, event_id, type, tenant_id, attempts }, 'an event will be published again');
    settlements.push({ event, outcome: 'unpublished', delay_ms: verdict.delay_ms, attempts, last_error: verdict.last_error });
  }
  return settlements;
}
