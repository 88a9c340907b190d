import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

/** The stream of all events. The subject of one is `tallystick.events.<tenant>.<type>`. */
export const stream_name = 'TALLYSTICK_EVENTS';
export const subject_prefix = 'tallystick.events';
/** The consumer that all routers share. */
export const consumer_name = 'router';
/** How long JetStream waits for the acknowledgement of a message, or for word that it is being worked on, until another router gets it. */
export const ack_wait_ms = 10_000;

const minute_ms = 60_000;

/** Makes the stream unless it is there. Several that do so at once make the same. */
export async function ensureStream({ streams }: JetStreamManager): Promise<void> {
  try {
    await streams.info(stream_name);
  } catch (error) {
    if (!hasCode(error, JetStreamApiCodes.StreamNotFound)) throw error;
    await streams.add({
      name: stream_name,
      subjects: [`${subject_prefix}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(7 * 24 * 60 * minute_ms),
      duplicate_window: nanos(2 * minute_ms),
    });
  }
}

/** Makes the stream and the consumer unless they are there. A new consumer begins with the oldest message that the stream has. */
export async function ensureConsumer(manager: JetStreamManager): Promise<void> {
  await ensureStream(manager);
  try {
    await manager.consumers.info(stream_name, consumer_name);
  } catch (error) {
    if (!hasCode(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
    await manager.consumers.add(stream_name, {
      durable_name: consumer_name,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ack_wait_ms),
      max_ack_pending: 10_000,
      max_deliver: -1,
    });
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
