import { type AckStore, checkAck } from './acks.ts';
import type { Api } from './api.ts';
import { nowText } from './clock.ts';
import { ConnectionError, ProblemError } from './errors.ts';
import { type Connection, exchange } from './exchange.ts';
import { type EventQueue, memoryQueue, type QueuedEvent } from './queue.ts';
import { newRequestId } from './request-id.ts';
import { delayMs, type Patience, patience } from './retry.ts';

type Report = Api['POST /v1/metering/events'];
type ReportedEvent = Extract<Report['body'], readonly unknown[]>[number];
type Taken = Report['answer'];
export type Rejection = Taken['rejected'][number];

/** A usage event. Without a request id it gets one that rises with time; without a time it was used now. */
export type TrackedEvent = Omit<ReportedEvent, 'request_id' | 'time' | 'quantity' | 'amount'> & {
  request_id?: string;
  time?: string;
  /** Decimal text, or a number of at most 15 digits. */
  quantity?: string | number;
  amount?: string | number;
};

export interface UsageBufferOptions extends Connection {
  /** A batch is sent when it holds this many events (500) … */
  batch_events?: number;
  /** … or bytes (500,000), or when its first event has waited this long (1000 ms). */
  batch_bytes?: number;
  batch_age_ms?: number;
  /** Past these, `track` makes its callers wait: 10,000 events, 16 million bytes. */
  most_events?: number;
  most_bytes?: number;
  /** Keeps the server's signed acknowledgements. */
  acks?: AckStore;
  /** Lets events outlive a crash of this process. */
  queue?: EventQueue;
  /** Told of each event that the server refused for good, and why. */
  on_rejected?: (rejection: Omit<Rejection, 'index'>, event: ReportedEvent) => void;
  /** Told of each try that failed. The events stay, and are sent again. */
  on_error?: (error: unknown, tries: number) => void;
  patience?: Partial<Patience>;
}

export interface UsageBuffer {
  /**
   * Takes an event in and answers its request id; with a durable queue, once it is on disk. While the buffer is full it waits. Throws
   * when the event is no JSON, and after `close`.
   */
  track(event: TrackedEvent): Promise<string>;
  /** Sends what was tracked so far, and resolves when all of it is answered. Throws what the server says to a key that it does not take. */
  flush(): Promise<void>;
  /** Takes no more, sends what is there, and closes queue and acknowledgements. Past `timeout_ms` it leaves the rest to the queue. */
  close(options?: { timeout_ms?: number }): Promise<void>;
  /**
   * Hands what waits, up to 60,000 bytes, to a request that outlives the page. Nothing is forgotten for it: should there be a later try,
   * the request ids make it harmless.
   */
  leave(): void;
  counts(): { waiting: number; accepted: number; duplicates: number; rejected: number };
}

interface Entry extends QueuedEvent {
  bytes: number;
}

const path = '/v1/metering/events?leaves=true';
/** What browsers let all requests of a leaving page hold together is 64 KiB. */
const most_leaving_bytes = 60_000;

/**
 * Sends usage so that each event counts once: in batches, one after another, each again with the same request ids and the same bytes
 * until the server has answered for it.
 */
export function createUsageBuffer(options: UsageBufferOptions): UsageBuffer {
  const {
    batch_events = 500,
    batch_bytes = 500_000,
    batch_age_ms = 1000,
    most_events = 10_000,
    most_bytes = 16_000_000,
  } = options;
  const { queue = memoryQueue(), acks, on_rejected, on_error } = options;
  const patient = { ...patience, ...options.patience };
  if (globalThis.crypto?.subtle === undefined)
    throw new Error('Acknowledgements can be checked in secure contexts alone: https, or localhost.');
  const waiting: Entry[] = [];
  const counts = { accepted: 0, duplicates: 0, rejected: 0 };
  let waiting_bytes = 0;
  /** How many events the server has answered for: the first that were admitted, for they go in order. */
  let through = 0;
  /** Events that have their room and are on their way into the queue. */
  let entering = { events: 0, bytes: 0 };
  let turn: Promise<void> = Promise.resolve();
  let entered: Promise<void> = Promise.resolve();
  let room: Gate | undefined;
  let flushes: { target: number; gate: Gate }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pumping = false;
  let closing = false;
  let gone = false;
  let pause = new AbortController();

  const loaded = queue.load().then((events) => {
    for (const event of events) admit(entryOf(event));
    if (events.length > 0) void pump();
  });
  // Whoever tracks or flushes is told; nobody else waits for it.
  loaded.catch((error) => tell(() => on_error?.(error, 0)));

  function admit(entry: Entry): void {
    waiting.push(entry);
    waiting_bytes += entry.bytes;
  }

  function isFull(entry: Entry): boolean {
    const events = waiting.length + entering.events;
    return events > 0 && (events >= most_events || waiting_bytes + entering.bytes + entry.bytes > most_bytes);
  }

  /** One caller after another, so that events are sent in the order of their coming. */
  async function findRoom(entry: Entry): Promise<void> {
    await loaded;
    while (isFull(entry)) {
      void pump();
      room ??= gate();
      await room.passed;
    }
    entering = { events: entering.events + 1, bytes: entering.bytes + entry.bytes };
  }

  /** Several at once: a queue may keep them together, and does so in their order. */
  async function enter(entry: Entry): Promise<void> {
    try {
      await queue.add(entry);
      admit(entry);
    } finally {
      entering = { events: entering.events - 1, bytes: entering.bytes - entry.bytes };
      makeRoom();
    }
    if (isDue()) void pump();
    else timer ??= setTimeout(() => void pump(), batch_age_ms);
  }

  function makeRoom(): void {
    room?.pass();
    room = undefined;
  }

  function isDue(): boolean {
    return waiting.length >= batch_events || waiting_bytes >= batch_bytes || flushes.length > 0 || closing;
  }

  /** Sends batches until nothing waits. */
  async function pump(): Promise<void> {
    if (pumping || gone) return;
    pumping = true;
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && !gone) await deliver(nextBatch());
    pumping = false;
  }

  function nextBatch(): Entry[] {
    let bytes = 0;
    const end = waiting.findIndex((entry, at) => {
      bytes += entry.bytes;
      return at >= batch_events || (at > 0 && bytes > batch_bytes);
    });
    return waiting.slice(0, end === -1 ? waiting.length : end);
  }

  /** Tries until the server has answered for the batch. What it refuses whole is halved until the bad event stands alone. */
  async function deliver(batch: readonly Entry[]): Promise<void> {
    for (let tries = 1; !gone; tries += 1) {
      try {
        return await settle(batch, await send(batch));
      } catch (error) {
        if (isOfContent(error) && batch.length > 1) {
          const middle = Math.ceil(batch.length / 2);
          await deliver(batch.slice(0, middle));
          return deliver(batch.slice(middle));
        }
        if (gone) return;
        tell(() => on_error?.(error, tries));
        if (isOfCaller(error)) failFlushes(error);
        pause = new AbortController();
        await patient.sleep(delayMs(error, tries, patient), pause.signal);
      }
    }
  }

  async function send(batch: readonly Entry[]): Promise<Verdict> {
    try {
      const answer = takenOf(await exchange(options, path, requestOf(batch)));
      // Nothing is written once it is closed; whoever comes next sends again.
      if (gone) throw new ConnectionError('The usage buffer was closed before the answer came.');
      const refused = new Set(answer.rejected.map(({ index }) => index));
      const taken = batch.filter((_, index) => !refused.has(index)).map(({ json }) => JSON.parse(json) as ReportedEvent);
      const leaves = answer.leaves ?? [];
      if (leaves.length !== taken.length)
        throw new Error(`${taken.length} events were taken, and ${leaves.length} leaves answered.`);
      await checkAck(answer.ack, leaves);
      await acks?.append({
        ack: answer.ack,
        events: taken.map(({ request_id, org_id, sku, time }, at) => ({ request_id, org_id, sku, time, leaf: leaves[at]! })),
      });
      return answer;
    } catch (error) {
      if (!isOfContent(error)) throw error;
      // That every event was refused is an answer for the batch like any other; and one event that is refused whole is refused.
      if (isRejections(error.problem.rejected, batch.length))
        return { accepted: 0, duplicates: 0, rejected: error.problem.rejected };
      if (batch.length === 1) return refusalOf(error, batch[0]!);
      throw error;
    }
  }

  async function settle(batch: readonly Entry[], { accepted, duplicates, rejected }: Verdict): Promise<void> {
    await queue.remove(batch.map(({ request_id }) => request_id));
    waiting.splice(0, batch.length);
    waiting_bytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
    counts.accepted += accepted;
    counts.duplicates += duplicates;
    counts.rejected += rejected.length;
    through += batch.length;
    for (const { index, ...rejection } of rejected)
      tell(() => on_rejected?.(rejection, JSON.parse(batch[index]!.json) as ReportedEvent));
    makeRoom();
    passFlushes();
  }

  function passFlushes(): void {
    for (const { target, gate: one } of flushes) if (target <= through) one.pass();
    flushes = flushes.filter(({ target }) => target > through);
  }

  function failFlushes(error: unknown): void {
    for (const { gate: one } of flushes) one.fail(error);
    flushes = [];
  }

  async function flush(): Promise<void> {
    await loaded;
    const one = { target: Number.POSITIVE_INFINITY, gate: gate() };
    flushes.push(one);
    pause.abort();
    void pump();
    // What was tracked before may still wait to be let in.
    void entered.then(() => {
      one.target = through + waiting.length;
      passFlushes();
    });
    await one.gate.passed;
  }

  return {
    async track(event) {
      if (closing) throw new Error('The usage buffer is closed.');
      const entry = entryOf(toQueued(event));
      const found = turn.then(() => findRoom(entry));
      const taken = found.then(() => enter(entry));
      // Whoever comes next does not wait for an event that could not be taken.
      turn = found.catch(() => undefined);
      const before = entered;
      entered = taken.then(
        () => before,
        () => before,
      );
      await taken;
      return entry.request_id;
    },
    flush,
    async close({ timeout_ms } = {}) {
      closing = true;
      const patience_ended = new AbortController();
      const timeout = timeout_ms === undefined ? [] : [patient.sleep(timeout_ms, patience_ended.signal)];
      try {
        await Promise.race([flush(), ...timeout]);
      } finally {
        gone = true;
        clearTimeout(timer);
        patience_ended.abort();
        pause.abort();
        await queue.close?.();
        await acks?.close?.();
      }
    },
    leave() {
      let bytes = 0;
      const leaving = waiting.filter((entry) => {
        bytes += entry.bytes;
        return bytes <= most_leaving_bytes;
      });
      if (leaving.length === 0) return;
      exchange(options, path, { ...requestOf(leaving), keepalive: true }).catch((error) => tell(() => on_error?.(error, 1)));
    },
    counts: () => ({ waiting: waiting.length, ...counts }),
  };
}

type Verdict = Pick<Taken, 'accepted' | 'duplicates' | 'rejected'>;

function toQueued(event: TrackedEvent): QueuedEvent {
  const request_id = event.request_id ?? newRequestId();
  return { request_id, json: JSON.stringify({ ...event, request_id, time: event.time ?? nowText() }) };
}

function entryOf({ request_id, json }: QueuedEvent): Entry {
  return { request_id, json, bytes: new TextEncoder().encode(json).length + 1 };
}

function requestOf(batch: readonly Entry[]) {
  const body = `{"events":[${batch.map(({ json }) => json).join(',')}]}`;
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

/** The answer, or an error where it has another shape: a proxy's page, say, is no acknowledgement. */
function takenOf(answer: unknown): Taken {
  const { accepted, duplicates, rejected, ack } = (answer ?? {}) as Partial<Taken>;
  if (typeof accepted !== 'number' || typeof duplicates !== 'number' || typeof ack !== 'string' || !Array.isArray(rejected))
    throw new ConnectionError('The answer is no answer to usage.');
  return answer as Taken;
}

function isRejections(value: unknown, count: number): value is Rejection[] {
  return Array.isArray(value) && value.length === count;
}

/** Refused for what is in it: a part of it may be good. */
function isOfContent(error: unknown): error is ProblemError {
  return error instanceof ProblemError && [400, 413, 422].includes(error.status);
}

/** Refused for who asks, or where: no later try is better until somebody does something. */
function isOfCaller(error: unknown): boolean {
  return error instanceof ProblemError && [401, 403, 404, 405].includes(error.status);
}

function refusalOf({ code, message }: ProblemError, { request_id }: Entry): Verdict {
  return { accepted: 0, duplicates: 0, rejected: [{ index: 0, request_id, code, detail: message }] };
}

/** What a callback throws is its owner's, and no failure of a batch. */
function tell(callback: () => void): void {
  queueMicrotask(callback);
}

/** A promise that is settled from outside. */
interface Gate {
  readonly passed: Promise<void>;
  pass(): void;
  fail(error: unknown): void;
}

function gate(): Gate {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Somebody may come to wait for it, or nobody.
  promise.catch(() => undefined);
  return { passed: promise, pass: resolve, fail: reject };
}
