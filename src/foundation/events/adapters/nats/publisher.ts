import { jetstreamManager } from '@nats-io/jetstream';
import { createInbox, errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
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
  const answers = await publishAll(link, connection, messages);
  const homeless = messages.filter((_message, at) => answers[at] === nobody);
  if (homeless.length === 0) return answers;
  // Nobody takes the subject: the server lost its store, or it is a new one.
  try {
    await ensureStream(await jetstreamManager(connection, { timeout: answer_ms, checkAPI: false }));
  } catch (error) {
    const lost = new Outage(`NATS has no stream for events: ${said(error)}`, { cause: error });
    return answers.map((answer) => (answer === nobody ? lost : answer));
  }
  const again = await publishAll(link, connection, homeless);
  const retried = new Map(homeless.map((message, at) => [message, again[at]!]));
  return messages.map((message, at) => (retried.has(message) ? retried.get(message)! : answers[at]!));
}

const nobody = new Outage('no stream of this NATS takes events');

/**
 * Publishes all at once, each with a subject of its own for JetStream's answer. One subscription and one deadline for all of them cost half of
 * what the client's request for each would.
 */
async function publishAll(link: NatsLink, connection: NatsConnection, messages: readonly Message[]): Promise<(Error | null)[]> {
  const answers: (Error | null | undefined)[] = messages.map(() => undefined);
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  const inbox = createInbox();
  let open = messages.length;
  const answer = (at: number, given: Error | null) => {
    if (answers[at] !== undefined) return;
    answers[at] = given;
    open -= 1;
    if (open === 0) resolve();
  };
  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) reject(error);
      else answer(Number.parseInt(message.subject.slice(inbox.length + 1), 10), answerOf(message));
    },
  });
  const late = setTimeout(() => reject(new Error('NATS did not answer in time')), answer_ms);
  const head = headers();
  head.set('content-type', content_type);
  let outage: Outage | null = null;
  try {
    for (const [at, { envelope, body }] of messages.entries()) {
      // Encoded within the call, so that one object does for all.
      head.set('Nats-Msg-Id', envelope.id);
      try {
        connection.publish(subjectOf(envelope.tenantid, envelope.type), body, { reply: `${inbox}.${at}`, headers: head });
      } catch (error) {
        answer(at, refusal(error, body.length, connection.info?.max_payload));
      }
    }
    await link.whileStanding(all);
  } catch (error) {
    outage = new Outage(said(error), { cause: error });
  } finally {
    clearTimeout(late);
    if (!connection.isClosed()) subscription.unsubscribe();
  }
  return answers.map((given) => (given === undefined ? outage : given));
}

/** What JetStream says: `{stream, seq}`, `{error: {description}}`, or the server, that nobody listens. */
function answerOf(message: Msg): Error | null {
  if (message.headers?.code === 503) return nobody;
  const { error, stream } = message.json<{ error?: { code?: number; description?: string }; stream?: string }>();
  if (error) {
    const reason = `NATS did not take the event: ${error.description ?? error.code}`;
    // From 500 on it is the server that cannot: no space, no leader.
    return (error.code ?? 500) >= 500 ? new Outage(reason) : new Error(reason);
  }
  return stream ? null : new Error('NATS gave an answer that is none of JetStream');
}

function refusal(error: unknown, bytes: number, most_bytes = Number.POSITIVE_INFINITY): Error {
  if (error instanceof errors.InvalidArgumentError && bytes + room_of_headers > most_bytes) {
    return new Error(`the event has ${bytes} bytes; this NATS takes ${most_bytes}, headers included (max_payload)`);
  }
  return error instanceof errors.ClosedConnectionError ? new Outage(said(error)) : new Error(said(error), { cause: error });
}

/** More than our headers take. */
const room_of_headers = 512;

/** White space and wildcards mean something in a subject, and are none of a tenant or a type. */
function subjectOf(tenant_id: string, type: string): string {
  return `${subject_prefix}.${tenant_id}.${type}`.replaceAll(/[\s*>]/g, '_');
}
