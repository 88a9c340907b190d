import type { AckStore } from './acks.ts';
import { createDelivery, isOfCaller, type Verdict } from './delivery.ts';
import type { Connection } from './exchange.ts';
import { type Gate, gate } from './gate.ts';
import { type EventQueue, memoryQueue } from './queue.ts';
import { type Patience, patience } from './retry.ts';
import { type Entry, type Rejection, type ReportedEvent, reported, type TrackedEvent, trackedEntry } from './usage-event.ts';
import { waitingLine } from './waiting-line.ts';

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

const defaults = {
  batch_events: 500,
  batch_bytes: 500_000,
  batch_age_ms: 1000,
  most_events: 10_000,
  most_bytes: 16_000_000,
} as const;
/** What browsers let all requests of a leaving page hold together is 64 KiB. */
const most_leaving_bytes = 60_000;

/**
 * Sends usage so that each event counts once: in batches, one after another, each again with the same request ids and the same bytes
 * until the server has answered for it.
 */
export function createUsageBuffer(options: UsageBufferOptions): UsageBuffer {
  requireHashing();
  const limits = { ...defaults, ...options };
  const { queue = memoryQueue(), acks, on_rejected } = options;
  const patient = { ...patience, ...options.patience };
  const line = waitingLine({ ...limits, queue, on_full: () => void pump() });
  const delivery = createDelivery({ connection: options, acks, patience: patient, on_error: failed });
  const counts = { accepted: 0, duplicates: 0, rejected: 0 };
  /** How many events the server has answered for: the first that came, for they go in order. */
  let through = 0;
  let flushes: { target: number; gate: Gate }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pumping = false;
  let closing = false;

  line.loaded.then(
    () => void pump(),
    // Whoever tracks or flushes is told too.
    (error) => failed(error, 0),
  );

  function isDue(): boolean {
    return line.entries.length >= limits.batch_events || line.bytes() >= limits.batch_bytes || flushes.length > 0 || closing;
  }

  /** Sends batches until nothing waits, or the delivery is stopped. */
  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    clearTimeout(timer);
    timer = undefined;
    for (let before = -1; line.entries.length > 0 && before !== through; ) {
      before = through;
      await delivery.deliver(firstBatch(line.entries, limits), settle);
    }
    pumping = false;
  }

  async function settle(part: readonly Entry[], { accepted, duplicates, rejected }: Verdict): Promise<void> {
    // At once: whoever asks in between how many have come would count these neither here nor there.
    await line.leave(part.length, () => {
      through += part.length;
    });
    counts.accepted += accepted;
    counts.duplicates += duplicates;
    counts.rejected += rejected.length;
    for (const { index, ...rejection } of rejected) tell(() => on_rejected?.(rejection, reported(part[index]!)));
    passFlushes();
  }

  function failed(error: unknown, tries: number): void {
    tell(() => options.on_error?.(error, tries));
    if (!isOfCaller(error)) return;
    for (const { gate: one } of flushes) one.fail(error);
    flushes = [];
  }

  function passFlushes(): void {
    for (const { target, gate: one } of flushes) if (target <= through) one.pass();
    flushes = flushes.filter(({ target }) => target > through);
  }

  async function flush(): Promise<void> {
    await line.loaded;
    const one = { target: Number.POSITIVE_INFINITY, gate: gate() };
    flushes.push(one);
    delivery.hurry();
    void pump();
    // What was tracked before may still wait to be let in.
    void line.entered().then(() => {
      one.target = through + line.entries.length;
      passFlushes();
    });
    await one.gate.passed;
  }

  return {
    flush,
    async track(event) {
      if (closing) throw new Error('The usage buffer is closed.');
      const entry = trackedEntry(event);
      await line.enter(entry);
      if (isDue()) void pump();
      else timer ??= setTimeout(() => void pump(), limits.batch_age_ms);
      return entry.request_id;
    },
    async close({ timeout_ms } = {}) {
      closing = true;
      const ended = new AbortController();
      const timeout = timeout_ms === undefined ? [] : [patient.sleep(timeout_ms, ended.signal)];
      try {
        await Promise.race([flush(), ...timeout]);
      } finally {
        ended.abort();
        clearTimeout(timer);
        delivery.stop();
        await queue.close?.();
        await acks?.close?.();
      }
    },
    leave() {
      const leaving = firstBatch(line.entries, { batch_events: Number.POSITIVE_INFINITY, batch_bytes: most_leaving_bytes });
      if (leaving.length > 0) delivery.sendLeaving(leaving);
    },
    counts: () => ({ waiting: line.entries.length, ...counts }),
  };
}

/** As many of the first entries as one batch holds, and one at least. */
function firstBatch(
  entries: readonly Entry[],
  { batch_events, batch_bytes }: { batch_events: number; batch_bytes: number },
): Entry[] {
  let bytes = 0;
  const end = entries.findIndex((entry, at) => {
    bytes += entry.bytes;
    return at >= batch_events || (at > 0 && bytes > batch_bytes);
  });
  return entries.slice(0, end === -1 ? entries.length : end);
}

/** What a callback throws is its owner's, and no failure of a batch. */
function tell(callback: () => void): void {
  queueMicrotask(callback);
}

function requireHashing(): void {
  if (globalThis.crypto?.subtle === undefined)
    throw new Error('Acknowledgements can be checked in secure contexts alone: https, or localhost.');
}
