import { setTimeout as sleep } from 'node:timers/promises';
import { AuthenticationError, type SASLOptions } from '@platformatic/kafka';
import type { BusTarget } from '../../../../platform/config.ts';
import type { Bus } from '../../model.ts';
import { type BusOptions, notUsable } from '../options.ts';
import { ensureTopic, isNamed, type KafkaClient, kafkaClient, reasonOf, within } from './client.ts';
import { kafkaPublisher } from './publisher.ts';
import { kafkaSubscription } from './subscriber.ts';

/**
 * Kafka 2.4 or newer. The topic is made where it is missing, now and whenever it is lost, and is never changed: who wants more than 12
 * partitions, or to keep more than seven days, makes it beforehand.
 */
export async function openKafka(options: BusOptions): Promise<Bus> {
  const { log } = options;
  const client = await reach(options);
  return {
    publisher: kafkaPublisher(client, log),
    subscriber: { subscribe: (receive) => kafkaSubscription({ client, receive, log }) },
  };
}

/** Tries until `patience_ms` are over; a user who is refused is refused at once. */
async function reach({ target, log, patience_ms }: BusOptions): Promise<KafkaClient> {
  const until = performance.now() + patience_ms;
  for (;;) {
    try {
      return await within(Math.max(until - performance.now(), 1000), 'an answer', signIn(target, log));
    } catch (error) {
      if (performance.now() >= until || isRefused(error)) throw notUsable(target, `cannot be used: ${reasonOf(error)}`, error);
      await sleep(Math.min(250, patience_ms));
    }
  }
}

/** By the safest way of those that the brokers offer. */
async function signIn(target: BusTarget, log: BusOptions['log']): Promise<KafkaClient> {
  let refusal: unknown = null;
  for (const mechanism of mechanisms(target)) {
    const client = kafkaClient(target, mechanism);
    try {
      await ensureTopic(client, log);
      return client;
    } catch (error) {
      if (!isNamed(error, 'UNSUPPORTED_SASL_MECHANISM')) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** A password goes over the wire as it is only where TLS covers it. */
function mechanisms({ user, tls }: BusTarget): readonly (SASLOptions['mechanism'] | null)[] {
  if (user === null) return [null];
  return tls ? ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'] : ['SCRAM-SHA-512', 'SCRAM-SHA-256'];
}

function isRefused(error: unknown): boolean {
  return (
    error instanceof AuthenticationError ||
    isNamed(error, 'SASL_AUTHENTICATION_FAILED') ||
    isNamed(error, 'UNSUPPORTED_SASL_MECHANISM')
  );
}
