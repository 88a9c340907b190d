import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Bus } from '../../model.ts';
import { type BusOptions, notUsable, said } from '../options.ts';
import { connectPatiently, letGo, natsLink } from './link.ts';
import { natsPublisher } from './publisher.ts';
import { ensureStream } from './stream.ts';
import { natsSubscription } from './subscriber.ts';

/**
 * NATS 2.9 or newer with JetStream. The stream and its consumer are made where they are missing, now and whenever they are lost, and are
 * never changed: who wants three replicas, or to keep more than seven days, makes the stream beforehand.
 */
export async function openNats(options: BusOptions): Promise<Bus> {
  const { target, log } = options;
  let first: NatsConnection;
  try {
    first = await connectPatiently(options);
  } catch (error) {
    throw notUsable(target, `cannot be used: ${said(error)}`, error);
  }
  try {
    await ensureStream(await jetstreamManager(first));
  } catch (error) {
    throw notUsable(target, `has no JetStream for events (is the server started with --jetstream?): ${said(error)}`, error);
  } finally {
    await letGo(first);
  }
  return {
    publisher: natsPublisher(natsLink(options)),
    subscriber: { subscribe: (receive) => natsSubscription(natsLink(options), receive, log) },
  };
}
