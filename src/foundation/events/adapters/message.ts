import { z } from 'zod';
import { type Envelope, Outage } from '../model.ts';

/** The content type of structured mode, in the CloudEvents bindings of NATS and Kafka alike. */
export const content_type = 'application/cloudevents+json; charset=UTF-8';

/** An envelope as it goes over the wire. */
export interface Message {
  envelope: Envelope;
  /** What keeps its order: `tenant/aggregate_type/aggregate_id`. */
  aggregate: string;
  body: Buffer;
}

const shape = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().min(1),
  time: z.string().min(1),
  recordedtime: z.string().min(1),
  datacontenttype: z.literal('application/json'),
  tenantid: z.string().min(1),
  correlationid: z.string().min(1),
  orgid: z.string().min(1).optional(),
  causationid: z.string().min(1).optional(),
  dataversion: z.number().int(),
  data: z.record(z.string(), z.unknown()),
});

/** Reads what came over the wire. Throws when it is no envelope of ours. */
export function decode(body: Uint8Array): Envelope {
  return shape.parse(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')));
}

function encode(envelope: Envelope): Message {
  return { envelope, aggregate: `${envelope.tenantid}/${envelope.subject}`, body: Buffer.from(JSON.stringify(envelope)) };
}

export interface Part {
  /** The most that is on its way at once. */
  messages: number;
  bytes: number;
}

/**
 * Sends envelopes in parts, one after another, and answers for each. After the first of an aggregate that failed none of the same aggregate
 * counts, nor is it sent in a later part; after an outage no other part is tried.
 */
export async function sendInParts(
  envelopes: readonly Envelope[],
  most: Part,
  send: (messages: readonly Message[]) => Promise<readonly (Error | null)[]>,
): Promise<(Error | null)[]> {
  const answers: (Error | null)[] = [];
  const failed = new Map<string, Error>();
  let outage: Error | null = null;
  for (let at = 0; at < envelopes.length; ) {
    const part = takePart(envelopes, at, most);
    at += part.length;
    const due = part.filter(({ aggregate }) => outage === null && !failed.has(aggregate));
    const sent = due.length === 0 ? [] : await send(due);
    const results = new Map(due.map((message, index) => [message, sent[index] ?? null]));
    for (const message of part) {
      const earlier = failed.get(message.aggregate);
      const own = results.has(message) ? results.get(message)! : outage;
      const answer = earlier ? afterFailureOf(earlier) : own;
      if (answer !== null && !earlier) failed.set(message.aggregate, answer);
      answers.push(answer);
    }
    outage ??= sent.find((answer) => answer instanceof Outage) ?? null;
  }
  return answers;
}

function takePart(envelopes: readonly Envelope[], from: number, most: Part): Message[] {
  const part: Message[] = [];
  let bytes = 0;
  for (let at = from; at < envelopes.length && part.length < most.messages; at += 1) {
    const message = encode(envelopes[at]!);
    if (part.length > 0 && bytes + message.body.length > most.bytes) break;
    part.push(message);
    bytes += message.body.length;
  }
  return part;
}

function afterFailureOf(earlier: Error): Error {
  return new Error(`an earlier event of its aggregate did not reach the bus: ${earlier.message}`, { cause: earlier });
}
