import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { Outage, type Publisher } from '../../model.ts';
import { content_type, type Message, sendInParts } from '../message.ts';
import { said } from '../options.ts';
import type { NatsLink } from './link.ts';
import { ensureStream, subject_prefix } from './stream.ts';

/** The most that is on its way at once. */
const part = { messages: 1024, bytes: 16 * 1024 * 1024 };
/** While the server is away a publish fails after this, so that the dispatcher can turn to its own pauses. */
const patience_ms = 3000;
const answer_ms = 5000;
/** More than our headers take. */
const room_of_headers = 512;

/**
 * Publishes to JetStream, a whole batch at once over one connection, on which the server keeps the order. The event's id is the message's:
 * within two minutes JetStream takes it once, however often it comes. What is answered with null, JetStream has stored.
 */
export function natsPublisher(link: NatsLink): Publisher {
  return {
    publish: (envelopes) => sendInParts(envelopes, part, (messages) => send(link, messages)),
    close: () => link.close(),
  };
}

async function send(link: NatsLink, messages: readonly Message[]): Promise<(Error | null)[]> {
  let connection: NatsConnection;
  try {
    connection = await link.standing(patience_ms);
  } catch (error) {
    const away = new Outage(`NATS does not answer: ${said(error)}`, { cause: error });
    return messages.map(() => away);
  }
  const client = jetstream(connection, { timeout: answer_ms });
  const most_bytes = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  const answers = await publishAll(link, client, messages, most_bytes);
  const homeless = messages.filter((_message, at) => isWithoutStream(answers[at]));
  if (homeless.length === 0) return answers;
  // Nobody takes the subject: the server lost its store, or it is a new one.
  try {
    await ensureStream(await jetstreamManager(connection, { timeout: answer_ms, checkAPI: false }));
  } catch (error) {
    const lost = new Outage(`NATS has no stream for events: ${said(error)}`, { cause: error });
    return answers.map((answer) => (isWithoutStream(answer) ? lost : answer));
  }
  const again = await publishAll(link, client, homeless, most_bytes);
  const retried = new Map(homeless.map((message, at) => [message, again[at]!]));
  return messages.map((message, at) => (retried.has(message) ? retried.get(message)! : answers[at]!));
}

/** Publishes all at once. What has no answer when the connection is lost has failed. */
async function publishAll(link: NatsLink, client: JetStreamClient, messages: readonly Message[], most_bytes: number) {
  const answers: (Error | null | undefined)[] = messages.map(() => undefined);
  const all = messages.map(async (message, at) => {
    answers[at] = await publishOne(client, message, most_bytes);
  });
  let lost: Error | null = null;
  try {
    await link.whileStanding(Promise.all(all));
  } catch (error) {
    lost = new Outage(said(error), { cause: error });
  }
  return answers.map((answer) => (answer === undefined ? lost : answer));
}

async function publishOne(client: JetStreamClient, { envelope, body }: Message, most_bytes: number): Promise<Error | null> {
  const named = headers();
  named.set('content-type', content_type);
  try {
    await client.publish(subjectOf(envelope.tenantid, envelope.type), body, { msgID: envelope.id, headers: named });
    return null;
  } catch (error) {
    if (error instanceof errors.InvalidArgumentError && body.length + room_of_headers > most_bytes) {
      return new Error(`the event has ${body.length} bytes; this NATS takes ${most_bytes}, headers included (max_payload)`);
    }
    if (error instanceof errors.TimeoutError) return new Outage('NATS did not answer in time', { cause: error });
    return error instanceof Error ? error : new Error(said(error));
  }
}

/** No stream takes the subject. */
function isWithoutStream(answer: Error | null | undefined): boolean {
  return answer?.name === 'JetStreamNotEnabled';
}

/** White space and wildcards mean something in a subject, and are none of a tenant or a type. */
function subjectOf(tenant_id: string, type: string): string {
  return `${subject_prefix}.${tenant_id}.${type}`.replaceAll(/[\s*>]/g, '_');
}
