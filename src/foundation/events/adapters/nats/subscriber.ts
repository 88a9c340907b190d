import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, type ConsumerMessages, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Subscriber } from '../../model.ts';
import { decode } from '../message.ts';
import type { BusOptions } from '../options.ts';
import type { NatsLink } from './link.ts';
import { ack_wait_ms, consumer_name, ensureConsumer, stream_name } from './stream.ts';

/** What `receive` gets at once at the most. */
const batch = 128;
/** A pull asks for so many, and ends after this time, so that whatever went wrong with it ends too. */
const pull = { max_messages: 2 * batch, expires: 5000 };
const answer_ms = 5000;
const grace_ms = 100;
const give_back_ms = 250;
const longest_pause_ms = 5000;
const longest_delay_ms = 30_000;

/**
 * Takes from the consumer that all routers share, and acknowledges twice: JetStream confirms that it has the acknowledgement, or else the
 * message comes again. What is rejected comes again after a pause that doubles, to whichever router asks first.
 */
export async function natsSubscription(
  link: NatsLink,
  receive: Parameters<Subscriber['subscribe']>[0],
  log: BusOptions['log'],
): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  const held: JsMsg[] = [];
  const stillHere = setInterval(() => held.forEach(sayWorking), ack_wait_ms / 3);
  let pulling: ConsumerMessages | null = null;
  let arrived = Promise.withResolvers<void>();

  const take = async (consumer: Consumer) => {
    // One pull after another, each once there is room for what it may bring.
    while (!stopping.signal.aborted) {
      while (held.length > pull.max_messages && !stopping.signal.aborted) await sleep(20);
      const messages = await consumer.fetch(pull);
      pulling = messages;
      const drain = async () => {
        for await (const message of messages) {
          held.push(message);
          arrived.resolve();
        }
      };
      try {
        // Left to itself, a pull would look after a lost connection only after seconds.
        await link.whileStanding(drain());
      } finally {
        messages.stop();
      }
    }
  };
  const connect = async () => {
    for (let pause_ms = 100; !stopping.signal.aborted; pause_ms = Math.min(2 * pause_ms, longest_pause_ms)) {
      try {
        const connection = await link.standing(answer_ms);
        const consumer = await link.whileStanding(consumerOf(connection));
        pause_ms = 100;
        await take(consumer);
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.warn({ err: error }, 'events do not come from NATS; trying again');
        await sleep(pause_ms, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const work = async () => {
    while (!stopping.signal.aborted) {
      if (held.length === 0) {
        arrived = Promise.withResolvers();
        await arrived.promise;
        continue;
      }
      const taken = held.slice(0, batch);
      await handle(taken, { link, receive, log });
      held.splice(0, taken.length);
    }
  };
  const connected = connect();
  const worked = work();
  return {
    async close() {
      stopping.abort();
      arrived.resolve();
      // What the server is sending right now would wait for its acknowledgement in vain once nobody listens.
      await sleep(grace_ms);
      pulling?.stop();
      await worked;
      await Promise.race([connected, sleep(answer_ms / 5)]);
      clearInterval(stillHere);
      // What nobody began is free for the next router. Not at once: while nobody asks, NATS 2.9 mislays a message that it gets back.
      for (const message of held.splice(0)) nak(message, give_back_ms);
      await link.close();
      await connected;
    },
  };
}

async function consumerOf(connection: NatsConnection): Promise<Consumer> {
  await ensureConsumer(await jetstreamManager(connection, { timeout: answer_ms, checkAPI: false }));
  return await jetstream(connection, { timeout: answer_ms }).consumers.get(stream_name, consumer_name);
}

interface Handling {
  link: NatsLink;
  receive: Parameters<Subscriber['subscribe']>[0];
  log: BusOptions['log'];
}

async function handle(messages: readonly JsMsg[], { link, receive, log }: Handling): Promise<void> {
  const good = messages.flatMap((message) => {
    try {
      return [{ message, envelope: decode(message.data) }];
    } catch (error) {
      log.error({ err: error, subject: message.subject, seq: message.seq }, 'a message from NATS is no event, and is left out');
      respond(() => message.term());
      return [];
    }
  });
  if (good.length === 0) return;
  try {
    await receive(good.map(({ envelope }) => envelope));
  } catch (error) {
    log.warn({ err: error, events: good.length }, 'events from NATS were not taken, and come again');
    for (const { message } of good) nak(message, Math.min(500 * 2 ** (message.info.deliveryCount - 1), longest_delay_ms));
    return;
  }
  try {
    await link.whileStanding(Promise.all(good.map(({ message }) => message.ackAck({ timeout: answer_ms }))));
  } catch (error) {
    log.warn({ err: error, events: good.length }, 'NATS did not confirm acknowledgements; these events may come again');
  }
}

function nak(message: JsMsg, delay_ms: number): void {
  respond(() => message.nak(delay_ms));
}

function sayWorking(message: JsMsg): void {
  respond(() => message.working());
}

/** A connection that is closed takes no answer; the message comes again by itself then. */
function respond(answer: () => void): void {
  try {
    answer();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ClosedConnectionError')) throw error;
  }
}
