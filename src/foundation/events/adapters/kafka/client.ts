import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, type BaseOptions, type SASLOptions } from '@platformatic/kafka';
import type { BusTarget } from '../../../../platform/config.ts';
import type { BusOptions } from '../options.ts';

/** The topic of all events. The key of one is `tenant/aggregate_type/aggregate_id`, so that a partition keeps the order of an aggregate. */
export const topic = 'tallystick.events';
/** The consumer group of all routers begins so; the topic's id follows, since a position in one topic means nothing in its successor. */
export const group = 'tallystick-router';

/** As many routers as there are partitions can share the work. */
const partitions = 12;
const week_ms = 7 * 24 * 60 * 60 * 1000;
/** Events are a megabyte at the most, and Kafka's own limit is for a whole batch with its headers. */
const most_bytes = 4 * 1024 * 1024;

/** How to reach Kafka: what all clients have in common. The secrets are in it. */
export type KafkaClient = Pick<BaseOptions, 'clientId' | 'bootstrapBrokers' | 'connectTimeout' | 'requestTimeout' | 'timeout'> &
  Pick<BaseOptions, 'tls' | 'tlsServerName' | 'sasl'>;

export function kafkaClient(
  { servers, tls, user, password }: BusTarget,
  mechanism: SASLOptions['mechanism'] | null,
): KafkaClient {
  return {
    clientId: 'tallystick',
    bootstrapBrokers: [...servers],
    connectTimeout: 3000,
    requestTimeout: 5000,
    timeout: 5000,
    // An address is no name to ask a certificate for.
    ...(tls ? { tls: {}, tlsServerName: servers.every((server) => isIP(server.replace(/:\d+$/, '')) === 0) } : {}),
    ...(mechanism === null ? {} : { sasl: { mechanism, username: user ?? '', password: password ?? '' } }),
  };
}

/** Makes the topic unless it is there, and answers its id, which another topic of the same name does not have. Several may do so at once. */
export async function ensureTopic(client: KafkaClient, log: BusOptions['log']): Promise<string> {
  const admin = new Admin({ ...client, retries: 0 });
  admin.on('error', (error: Error) => log.warn({ err: error }, 'Kafka reports an error'));
  try {
    const id = await topicId(admin);
    if (id !== null) return id;
    await makeTopic(admin);
    // A new topic takes a moment until every broker knows it.
    for (const until = performance.now() + 5000; performance.now() < until; await sleep(50)) {
      const made = await topicId(admin);
      if (made !== null) return made;
    }
    throw new Error(`Kafka does not know the topic ${topic} after making it`);
  } finally {
    await atMost(2000, admin.close());
  }
}

async function topicId(admin: Admin): Promise<string | null> {
  try {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true });
    return metadata.topics.get(topic)?.id ?? null;
  } catch (error) {
    if (isUnknownTopic(error)) return null;
    throw error;
  }
}

async function makeTopic(admin: Admin): Promise<void> {
  try {
    await admin.createTopics({
      topics: [topic],
      partitions,
      // As many as the brokers make by default.
      replicas: -1,
      configs: [
        { name: 'max.message.bytes', value: `${most_bytes}` },
        { name: 'retention.ms', value: `${week_ms}` },
        { name: 'cleanup.policy', value: 'delete' },
      ],
    });
  } catch (error) {
    if (!isNamed(error, 'TOPIC_ALREADY_EXISTS')) throw error;
  }
}

export function isUnknownTopic(error: unknown): boolean {
  return isNamed(error, 'UNKNOWN_TOPIC_OR_PARTITION') || /Unknown topic/.test(String(error));
}

/** Whether an error, or one within it, is the protocol's of that name. */
export function isNamed(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false;
  const { apiId, errors, cause } = error as Error & { apiId?: string; errors?: unknown[] };
  return apiId === name || (errors ?? []).some((inner) => isNamed(inner, name)) || isNamed(cause, name);
}

/** The innermost reason of errors that hold others. */
export function reasonOf(error: unknown): string {
  const { errors, cause, message } = error as { errors?: unknown[]; cause?: unknown; message?: string };
  const inner = errors?.at(-1) ?? cause;
  return inner instanceof Error ? reasonOf(inner) : (message ?? String(error));
}

/** Waits for something that may fail or take for ever, when neither matters. */
export async function atMost(most_ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const late = sleep(most_ms, undefined, { signal: done.signal });
  await Promise.allSettled([Promise.race([work, late]).finally(() => done.abort())]);
  await Promise.allSettled([late]);
}

/** The outcome of something, or a rejection after `most_ms`. */
export async function within<T>(most_ms: number, what: string, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(most_ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${what} took more than ${most_ms / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    await Promise.allSettled([late]);
  }
}
