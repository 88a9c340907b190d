import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from './model.ts';
import { admin_key } from './server.ts';

export interface Reply {
  status: number;
  text: string;
}

/** A connection of its own, kept alive as long as the other side does. */
export class Connection {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly addressOf: () => string;

  constructor(addressOf: () => string) {
    this.addressOf = addressOf;
  }

  /** Throws when there is no answer. */
  send(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Reply> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const type = payload === undefined ? {} : { 'content-type': 'application/json' };
      const headers = { authorization: `Bearer ${admin_key}`, ...type, ...more };
      const outgoing = request(new URL(path, this.addressOf()), { method, agent: this.agent, headers }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('error', reject).on('close', () => {
          if (incoming.complete) resolve({ status: incoming.statusCode ?? 0, text });
          else reject(new Error('the answer broke off'));
        });
      });
      outgoing.on('error', reject).setTimeout(30_000, () => outgoing.destroy(new Error('no answer')));
      outgoing.end(payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** What the client was told: one line an acknowledgement, as `tallystick verify --acks` reads it. A line counts once it is on disk. */
export class AckLog {
  readonly path: string;
  private readonly file: number;
  batches = 0;

  constructor(path: string) {
    this.path = path;
    this.file = openSync(path, 'a');
  }

  keep(reply: Reply, events: readonly Event[]): void {
    const { ack, leaves, rejected } = JSON.parse(reply.text) as { ack: string; leaves: string[]; rejected: unknown[] };
    if (rejected.length > 0) throw new Error(`a good event was rejected: ${JSON.stringify(rejected)}`);
    const named = events.map(({ request_id, org_id, sku, time }, at) => ({ request_id, org_id, sku, time, leaf: leaves[at] }));
    writeSync(this.file, `${JSON.stringify({ ack, events: named })}\n`);
    fsyncSync(this.file);
    this.batches += 1;
  }

  /** The request ids that stand in the file. */
  acknowledged(): Set<string> {
    const lines = readFileSync(this.path, 'utf8').split('\n').filter(Boolean);
    return new Set(lines.flatMap((line) => (JSON.parse(line) as { events: Event[] }).events.map((event) => event.request_id)));
  }

  close(): void {
    closeSync(this.file);
  }
}

export interface SendCounts {
  acknowledged: number;
  unanswered: number;
  refused: number;
}

/**
 * Sends batches over several connections at once until all are acknowledged, or `isOver` says that no more is wanted. What gets no answer, or
 * a 429 or 503, goes back to the queue. Any other answer is a defect.
 */
export async function sendAll(
  batches: readonly (readonly Event[])[],
  options: {
    connections: readonly Connection[];
    acks: AckLog;
    isOver?: () => boolean;
    onAcknowledged?: () => void;
    pause_ms?: () => number;
  },
): Promise<SendCounts> {
  const { connections, acks, isOver = () => false, onAcknowledged = () => undefined, pause_ms = () => 0 } = options;
  const queue = [...batches];
  const counts: SendCounts = { acknowledged: 0, unanswered: 0, refused: 0 };
  let under_way = 0;
  const work = async (connection: Connection) => {
    while ((queue.length > 0 || under_way > 0) && !isOver()) {
      const batch = queue.shift();
      if (batch === undefined) {
        await sleep(2);
        continue;
      }
      under_way += 1;
      await sleep(pause_ms());
      const reply = await connection.send('POST', '/v1/metering/events?leaves=true', batch).catch(failedToAnswer);
      under_way -= 1;
      if (reply?.status === 202) {
        acks.keep(reply, batch);
        counts.acknowledged += 1;
        onAcknowledged();
        continue;
      }
      queue.push(batch);
      if (reply === null) counts.unanswered += 1;
      else if (reply.status === 503 || reply.status === 429) counts.refused += 1;
      else throw new Error(`unexpected answer ${reply.status}: ${reply.text}`);
      await sleep(20);
    }
  };
  await Promise.all(connections.map(work));
  return counts;
}

/** Asks as a patient client does: the same again, under the same idempotency key, while there is no answer or a 503. */
export async function persist(
  connection: Connection,
  request: { method: string; path: string; body?: unknown; key: string },
): Promise<Reply> {
  const { method, path, body, key } = request;
  const began = performance.now();
  for (;;) {
    const reply = await connection
      .send(method, path, body, method === 'POST' ? { 'idempotency-key': key } : {})
      .catch(failedToAnswer);
    const waits =
      reply === null || reply.status === 503 || (reply.status === 409 && reply.text.includes('idempotency_key_in_use'));
    if (!waits) return reply;
    if (performance.now() - began > 60_000) throw new Error(`${method} ${path} was not answered for a minute: ${reply?.text}`);
    await sleep(50);
  }
}

/** A broken connection is what a client of a killed server sees; anything else is not expected. */
function failedToAnswer(error: unknown): null {
  const { code, message } = error as NodeJS.ErrnoException;
  if (/^(ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code ?? '') || /socket hang up|broke off/.test(message)) return null;
  throw error;
}
