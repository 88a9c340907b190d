import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterMetadata, Consumer, type Message } from '@platformatic/kafka';
import type { Envelope, Subscriber } from '../../model.ts';
import { decode } from '../message.ts';
import type { BusOptions } from '../options.ts';
import { createWorker, type Worker } from '../worker.ts';
import { atMost, ensureTopic, group, type KafkaClient, topic, within } from './client.ts';

/** What `receive` gets at once at the most. */
const batch = 128;
const longest_pause_ms = 5000;
const longest_delay_ms = 30_000;
/** A router that dies is missed after this, and its partitions go to the others. */
const session_ms = 10_000;
const rebalance_ms = 10_000;
/** Without a heartbeat or a fetch for so long a membership is not worth keeping. */
const silence_ms = 15_000;

type KafkaMessage = Message<Buffer, Buffer, string, string>;
type KafkaConsumer = Consumer<Buffer, Buffer, string, string>;

interface Item {
  message: KafkaMessage;
  /** Whose group has to hear that it is done. */
  consumer: KafkaConsumer;
}

interface Subscription {
  client: KafkaClient;
  receive: Parameters<Subscriber['subscribe']>[0];
  log: BusOptions['log'];
}

/**
 * Reads the partitions that the group gives this process, in order, and commits how far it came after `receive` has fulfilled: never past what
 * it did not take. What is rejected is handed over again after a pause that doubles, and holds back what follows. A membership in which anything
 * goes wrong is given up for a new one, which begins at what was committed.
 */
export async function kafkaSubscription({ client, receive, log }: Subscription): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  let member: KafkaConsumer | null = null;
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  const hand = async (envelopes: readonly Envelope[]): Promise<boolean> => {
    for (let delay_ms = 500; !stopping.signal.aborted; delay_ms = Math.min(2 * delay_ms, longest_delay_ms)) {
      try {
        await receive(envelopes);
        return true;
      } catch (error) {
        log.warn({ err: error, events: envelopes.length }, 'events from Kafka were not taken, and come again');
        await pause(delay_ms);
      }
    }
    return false;
  };
  const worker = createWorker<Item>(batch, async (items) => {
    const envelopes = items.flatMap(({ message }) => decodeOr(message, log));
    if (envelopes.length > 0 && !(await hand(envelopes))) return;
    const consumer = items.at(-1)!.consumer;
    if (consumer !== member) return;
    try {
      await within(
        session_ms,
        'a commit',
        consumer.commit({ offsets: offsetsAfter(items.filter((item) => item.consumer === consumer)) }),
      );
    } catch (error) {
      log.warn({ err: error, events: items.length }, 'Kafka did not take a commit; these events may come again');
    }
  });
  const run = async () => {
    for (let pause_ms = 100; !stopping.signal.aborted; pause_ms = Math.min(2 * pause_ms, longest_pause_ms)) {
      try {
        const topic_id = await ensureTopic(client, log);
        if (stopping.signal.aborted) return;
        member = createConsumer(client, topic_id);
        await membership({ consumer: member, topic_id, worker, signal: stopping.signal, joined: () => (pause_ms = 100) });
      } catch (error) {
        if (!stopping.signal.aborted) log.warn({ err: error }, 'events do not come from Kafka; joining again');
      }
      const left = member;
      if (!stopping.signal.aborted) {
        member = null;
        worker.clear();
        if (left) await atMost(3000, left.close(true));
        await pause(pause_ms);
      }
    }
  };
  const running = run();
  return {
    async close() {
      stopping.abort();
      await worker.stop();
      await atMost(5000, running);
      if (member) await atMost(5000, member.close(true));
    },
  };
}

function createConsumer(client: KafkaClient, topic_id: string): KafkaConsumer {
  return new Consumer<Buffer, Buffer, string, string>({
    ...client,
    groupId: `${group}-${topic_id}`,
    autocommit: false,
    sessionTimeout: session_ms,
    rebalanceTimeout: rebalance_ms,
    heartbeatInterval: session_ms / 5,
    // A broker that restarts is waited for, since a member that stays needs no new share-out.
    retries: 20,
    retryDelay: 250,
    // A join waits for the others.
    requestTimeout: rebalance_ms + 2000,
    maxWaitTime: 1000,
    maxBytes: 8 * 1024 * 1024,
    highWaterMark: batch,
    deserializers: { headerKey: toText, headerValue: toText },
  });
}

interface Membership {
  consumer: KafkaConsumer;
  topic_id: string;
  worker: Worker<Item>;
  signal: AbortSignal;
  joined: () => void;
}

/** Joins the group and reads until `signal` or until something is wrong, which is thrown. */
async function membership({ consumer, topic_id, worker, signal, joined }: Membership): Promise<void> {
  const ending = new AbortController();
  const ended = new Promise<void>((resolve, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason));
    signal.addEventListener('abort', () => resolve(), { signal: ending.signal });
  });
  const seen = { heartbeat: performance.now(), fetch: performance.now() };
  let full = false;
  const heard = () => {
    seen.heartbeat = performance.now();
  };
  consumer.on('error', (error: Error) => ending.abort(error));
  consumer.on('consumer:heartbeat:end', heard);
  consumer.on('consumer:group:join', heard);
  consumer.on('client:metadata', ({ topics }: ClusterMetadata) => {
    const id = topics.get(topic)?.id ?? topic_id;
    if (id !== topic_id) ending.abort(new Error('the topic is another one of the same name'));
  });
  const watch = setInterval(() => {
    const now = performance.now();
    if (full || (consumer.assignments ?? []).length === 0) seen.fetch = now;
    if (now - seen.heartbeat > silence_ms) ending.abort(new Error('the group has not heard from this member'));
    if (now - seen.fetch > silence_ms) ending.abort(new Error('nothing was fetched'));
  }, 1000);
  const read = async () => {
    const options = { topics: [topic], mode: 'committed' as const, fallbackMode: 'earliest' as const };
    const stream = await within(2 * silence_ms, 'joining the group', consumer.consume(options));
    joined();
    stream.on('fetch', () => {
      seen.fetch = performance.now();
    });
    for await (const message of stream) {
      if (signal.aborted || ending.signal.aborted) return;
      worker.add({ message, consumer });
      full = true;
      await worker.room();
      full = false;
    }
    throw new Error('the stream of messages has ended');
  };
  try {
    await Promise.race([read(), ended]);
  } finally {
    clearInterval(watch);
    ending.abort(new Error('over'));
    await Promise.allSettled([ended]);
  }
}

/** Where each partition goes on after these. */
function offsetsAfter(items: readonly Item[]) {
  const next = new Map(items.map(({ message }) => [message.partition, message]));
  return [...next.values()].map(({ partition, offset, leaderEpoch }) => ({ topic, partition, offset: offset + 1n, leaderEpoch }));
}

function decodeOr({ value, partition, offset }: KafkaMessage, log: BusOptions['log']): Envelope[] {
  try {
    return [decode(value)];
  } catch (error) {
    log.error({ err: error, partition, offset: `${offset}` }, 'a message from Kafka is no event, and is left out');
    return [];
  }
}

function toText(bytes: Buffer | undefined): string {
  return bytes?.toString('utf8') ?? '';
}
