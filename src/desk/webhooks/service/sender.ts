import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { afterLane, first_limit, type Lane, newLane, roomsFor } from '../decide/lanes.ts';
import { afterAttempt, isTaken } from '../decide/verdict.ts';
import type { Outcome } from '../model.ts';
import {
  type Claimed,
  claimDeliveries,
  type Endpoint,
  openRelay,
  type Recorded,
  recordAttempts,
  releaseDeliveries,
  type Telling,
  updateTold,
} from '../sql/send.ts';
import { type AttemptDeps, attempt } from './attempt.ts';
import { createEar } from './ear.ts';
import { failDelivery } from './finish.ts';

export interface Sender {
  /** Begins to work in the background. */
  start(): void;
  /** Works until nothing is due. Works without `start` too. */
  drain(): Promise<void>;
  /** Ends what is under way, claims nothing more, and lets go of its connections. */
  stop(): Promise<void>;
}

export interface SenderOptions extends AttemptDeps {
  postgres: Postgres;
  log: Pick<Logger, 'warn' | 'error'>;
  disable_after_days: number;
  /** Told of every attempt. */
  observe?: (outcome: Outcome, taken: boolean) => void;
  /** Deliveries in this process's hands at the most; as many again of endpoints that are slow or fail. */
  most_held?: number;
  /** How long to wait for a notification before looking anyway; retries are found so. */
  poll_ms?: number;
  /** From 0 to 1, for the jitter of retries. */
  random?: () => number;
}

/** Well within the lease of 45 s, an attempt's deadline included: what has waited longer in here is given back. */
const stale_ms = 20_000;

interface Work {
  lane: Lane;
  endpoint: Endpoint;
  /** There was more due than the lane had room for. */
  more: boolean;
  queue: { delivery: Claimed; claimed_ms: number }[];
  /** Since when each delivery is under way, the oldest first. */
  active: Map<string, number>;
}

/** Delivers what is due, every endpoint in a lane of its own: see `decide/lanes.ts`. */
export function createSender(options: SenderOptions): Sender {
  const { postgres, clock, log, most_held = 512, poll_ms = 1000, random = Math.random } = options;
  const relay = openRelay(postgres);
  const ear = createEar(postgres, log);
  const works = new Map<string, Work>();
  const recorder = createRecorder(relay, log);
  const failures = new Set<Promise<void>>();
  let held = 0;
  /** There was more due than could be held. */
  let short = false;
  /** Attempts since the last claim. */
  let ended = 0;
  let running: Promise<void> | null = null;
  let stopping = false;

  /** What came after the claim is told by a notification, and where there was more than room, those that end ring. */
  const claim = async (): Promise<number> => {
    ended = 0;
    const now_ms = clock.monotonic_ms();
    const standings = new Map(
      [...works].map(([webhook_id, { lane, queue, active }]) => {
        const [oldest = now_ms] = active.values();
        return [webhook_id, { lane, held: active.size + queue.length, oldest_ms: now_ms - oldest }];
      }),
    );
    const { limit, rooms } = roomsFor(standings, most_held);
    if (limit === 0) return 0;
    const now = clock.now().toString();
    const lanes = [...rooms].map(([webhook_id, room]) => ({ webhook_id, room }));
    const deliveries = await claimDeliveries(relay, { now, lease: randomUUID(), limit, lanes, room: first_limit });
    if (deliveries.length > 0) failpoint('webhooks.claimed-not-sent');
    for (const { endpoint } of deliveries) {
      const known = works.get(endpoint.webhook_id);
      if (known) known.endpoint = endpoint;
      else works.set(endpoint.webhook_id, { lane: newLane(), endpoint, more: false, queue: [], active: new Map() });
    }
    const claimed_ms = now_ms;
    held += deliveries.length;
    short = deliveries.length === limit;
    for (const [webhook_id, claimed] of Map.groupBy(deliveries, (delivery) => delivery.webhook_id)) {
      const work = works.get(webhook_id)!;
      work.more = claimed.length >= (rooms.get(webhook_id) ?? 1);
      work.queue.push(...claimed.map((delivery) => ({ delivery, claimed_ms })));
      pump(work);
    }
    return deliveries.length;
  };

  const pump = (work: Work): void => {
    const stale: Claimed[] = [];
    while (work.queue.length > 0 && (work.active.size < work.lane.limit || stopping)) {
      const { delivery, claimed_ms } = work.queue.shift()!;
      if (stopping || clock.monotonic_ms() - claimed_ms > stale_ms) {
        stale.push(delivery);
        continue;
      }
      work.active.set(delivery.delivery_id, clock.monotonic_ms());
      void send(work, delivery);
    }
    if (stale.length === 0) return;
    held -= stale.length;
    failures.add(
      tracked(
        releaseDeliveries(relay, stale).catch((error: unknown) =>
          log.warn({ err: error }, 'deliveries wait for the end of their lease'),
        ),
      ),
    );
  };
  const tracked = (work: Promise<void>): Promise<void> => {
    const ended: Promise<void> = work.finally(() => failures.delete(ended));
    return ended;
  };

  const send = async (work: Work, delivery: Claimed): Promise<void> => {
    let taken = false;
    try {
      const outcome = await attempt(options, delivery, work.endpoint);
      failpoint('webhooks.sent-not-recorded');
      taken = isTaken(outcome);
      options.observe?.(outcome, taken);
      settle(work.endpoint, delivery, outcome);
    } catch (error) {
      log.error(
        { err: error, delivery_id: delivery.delivery_id },
        'an attempt had no outcome; the delivery is sent again after its lease',
      );
    }
    work.active.delete(delivery.delivery_id);
    work.lane = afterLane(work.lane, taken);
    held -= 1;
    ended += 1;
    pump(work);
    if ((work.more && work.queue.length <= work.lane.limit) || (short && 8 * ended >= most_held)) ear.ring();
  };

  const settle = (endpoint: Endpoint, delivery: Claimed, outcome: Outcome): void => {
    const now = clock.now();
    const schedule = delivery.kind === 'test' ? 'once' : endpoint.schedule;
    const verdict = afterAttempt(outcome, { attempts: delivery.attempts, schedule }, { now, jitter: random() });
    if (verdict.status === 'failed') {
      const { reason } = verdict;
      const failing = failDelivery(options, now, { delivery, outcome, reason }).catch((error: unknown) =>
        log.error(
          { err: error, delivery_id: delivery.delivery_id },
          'the end of a delivery could not be recorded; it will be sent again',
        ),
      );
      failures.add(tracked(failing));
      return;
    }
    const waits = verdict.status === 'pending';
    recorder.add(
      { delivery, outcome, next_attempt_at: waits ? verdict.next_attempt_at : null },
      tellingOf(endpoint, delivery, outcome, waits ? verdict.pause_until : null),
    );
  };

  const forgetIdle = () => {
    for (const [webhook_id, { active, queue }] of works) {
      if (works.size <= most_held * 4) return;
      if (active.size === 0 && queue.length === 0) works.delete(webhook_id);
    }
  };

  const loop = async () => {
    while (!stopping) {
      const heard = ear.listen(poll_ms);
      try {
        await ear.attend();
        forgetIdle();
        await claim();
      } catch (error) {
        log.warn({ err: error }, 'deliveries cannot be claimed; trying again');
        await sleep(Math.min(poll_ms, 1000));
      }
      await heard.done;
    }
  };
  const settled = async () => {
    while (held > 0 || failures.size > 0 || !recorder.isIdle()) {
      const heard = ear.listen(20);
      await Promise.all([heard.done, ...failures]);
      await recorder.flushed();
    }
  };
  return {
    start() {
      running ??= loop();
    },
    async drain() {
      do await settled();
      while ((await claim()) > 0);
    },
    async stop() {
      stopping = true;
      ear.ring();
      await running;
      for (const work of works.values()) pump(work);
      await settled();
      await ear.close();
      await relay.end();
    },
  };
}

/** What an attempt says of its endpoint, or null where that is known. Tests say nothing. */
function tellingOf(endpoint: Endpoint, delivery: Claimed, outcome: Outcome, pause_until: string | null): Telling | null {
  if (delivery.kind === 'test') return null;
  const taken = isTaken(outcome);
  const news = taken ? endpoint.failing_since !== null : endpoint.failing_since === null;
  if (!news && pause_until === null) return null;
  const { tenant_id, webhook_id } = endpoint;
  return { tenant_id, webhook_id, failing_since: taken ? null : outcome.started_at, pause_until };
}

/** Writes attempts together: what comes while one statement runs goes with the next. */
function createRecorder(relay: pg.Pool, log: SenderOptions['log']) {
  const waiting: Recorded[] = [];
  let tellings = new Map<string, Telling>();
  let flushing: Promise<void> | null = null;

  const flush = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 200);
      const told = [...tellings.values()];
      tellings = new Map();
      await persist(batch);
      if (told.length > 0)
        await updateTold(relay, told).catch((error: unknown) => log.warn({ err: error }, 'how endpoints go was not kept'));
    }
    flushing = null;
  };
  const persist = async (batch: readonly Recorded[]): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await recordAttempts(relay, batch);
        failpoint('webhooks.recorded');
        return;
      } catch (error) {
        const refused = error instanceof pg.DatabaseError && /^(22|23|42)/.test(error.code ?? '');
        if (refused && batch.length > 1) {
          for (const one of batch) await persist([one]);
          return;
        }
        if (refused || tries >= 5) {
          log.error(
            { err: error, deliveries: batch.length },
            'attempts could not be recorded; their deliveries will be sent again',
          );
          return;
        }
        await sleep(1000);
      }
    }
  };
  return {
    add(record: Recorded, telling: Telling | null) {
      waiting.push(record);
      // The latest word of an endpoint counts, but for a pause, which holds.
      if (telling) {
        const before = tellings.get(telling.webhook_id);
        tellings.set(telling.webhook_id, { ...telling, pause_until: telling.pause_until ?? before?.pause_until ?? null });
      }
      flushing ??= flush();
    },
    isIdle: () => flushing === null && waiting.length === 0,
    flushed: () => flushing ?? Promise.resolve(),
  };
}
