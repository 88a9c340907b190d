import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka';
import { Outage, type Publisher } from '../../model.ts';
import { content_type, type Message, sendInParts } from '../message.ts';
import type { BusOptions } from '../options.ts';
import { atMost, ensureTopic, isNamed, isUnknownTopic, type KafkaClient, reasonOf, topic, within } from './client.ts';

/** One request, whose batch for a single partition stays within what Kafka takes by default. */
const part = { messages: 1000, bytes: 900_000 };
/** While the brokers are away a publish fails after this, so that the dispatcher can turn to its own pauses. */
const patience_ms = 5000;

/**
 * Publishes to Kafka by an idempotent producer that waits for all replicas in sync. What is answered with null, they have. One request is on
 * its way at a time, which keeps the order; a producer of which one failed is not used again, and whatever it still does is not counted.
 */
export function kafkaPublisher(client: KafkaClient, log: BusOptions['log']): Publisher {
  let producer: Producer<Buffer, Buffer, string, string> | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const discard = (used: Producer<Buffer, Buffer, string, string>) => {
    if (producer === used) producer = null;
    return atMost(2000, used.close(true));
  };
  const produce = async (messages: readonly Message[]): Promise<Error | null> => {
    producer ??= createProducer(client, log);
    const used = producer;
    try {
      await within(patience_ms, 'Kafka', used.send({ messages: messages.map(record) }));
      return null;
    } catch (error) {
      await discard(used);
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  const send = async (messages: readonly Message[]): Promise<(Error | null)[]> => {
    let error = await produce(messages);
    if (error !== null && isUnknownTopic(error)) {
      try {
        await within(patience_ms, 'making the topic', ensureTopic(client, log));
        error = await produce(messages);
      } catch (failure) {
        error = failure instanceof Error ? failure : new Error(String(failure));
      }
    }
    if (error !== null && messages.length > 1 && isOneOf(of_one_record, error)) {
      // One of them is the reason: each alone finds out which, and none suffers for another.
      const answers: (Error | null)[] = [];
      for (const message of messages) answers.push(...(await send([message])));
      return answers;
    }
    return messages.map(({ body }) => (error === null ? null : explained(error, body.length)));
  };
  return {
    publish(envelopes) {
      const publishing = last.then(() => sendInParts(envelopes, part, send));
      last = publishing.catch(() => undefined);
      return publishing;
    },
    async close() {
      await last;
      if (producer) await discard(producer);
    },
  };
}

function createProducer(client: KafkaClient, log: BusOptions['log']): Producer<Buffer, Buffer, string, string> {
  const producer = new Producer<Buffer, Buffer, string, string>({
    ...client,
    idempotent: true,
    acks: ProduceAcks.ALL,
    retries: 4,
    retryDelay: 250,
    // As other clients of Kafka place a key.
    partitioner: compatibilityPartitioner,
    serializers: { headerKey: toBuffer, headerValue: toBuffer },
  });
  producer.on('error', (error: Error) => log.warn({ err: error }, 'Kafka reports an error'));
  return producer;
}

function toBuffer(text: string | undefined): Buffer {
  return Buffer.from(text ?? '');
}

function record({ aggregate, body }: Message) {
  return { topic, key: Buffer.from(aggregate), value: body, headers: { 'content-type': content_type } };
}

const too_large = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];
const of_one_record = [...too_large, 'INVALID_RECORD', 'CORRUPT_MESSAGE'];

function isOneOf(names: readonly string[], error: Error): boolean {
  return names.some((name) => isNamed(error, name));
}

function explained(error: Error, bytes: number): Error {
  if (isOneOf(too_large, error))
    return new Error(`the event has ${bytes} bytes, more than the topic takes (max.message.bytes)`, { cause: error });
  const reason = `Kafka did not take the event: ${reasonOf(error)}`;
  return isOneOf(of_one_record, error) ? new Error(reason, { cause: error }) : new Outage(reason, { cause: error });
}
