import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';
import { createResolver } from '../src/desk/webhooks/adapters/resolver.ts';
import { createTransport } from '../src/desk/webhooks/adapters/transport.ts';
import { createSender, type Sender } from '../src/desk/webhooks/service/sender.ts';
import { createWebhook } from '../src/desk/webhooks/service/webhooks.ts';
import { clock } from '../src/platform/clock.ts';
import { loadMasterKey } from '../src/platform/keys.ts';
import type { Figure } from './figure.ts';
import { type Served, startServed } from './served.ts';

const deliveries = 4000;
const concurrency = 32;
const allowed = ['127.0.0.1'];
const body = JSON.stringify({ type: 'invoice.generated', timestamp: '2026-03-01T00:00:00Z', data: { filler: 'x'.repeat(600) } });

/** Deliveries a second against bare POSTs to the same receiver, and how long others wait while one receiver hangs. */
export async function run(): Promise<Figure[]> {
  const served = await startServed({ roles: 'api' });
  loadMasterKey('', Buffer.alloc(32, 7).toString('base64'));
  const there = await receiver();
  try {
    const figures: Figure[] = [];
    for (const delay_ms of [0, 20]) figures.push(await rate(served, there.port, delay_ms));
    figures.push(await beside(served, there.port));
    return figures;
  } finally {
    await there.close();
    await served.stop();
  }
}

/** In a thread of its own. `/5` answers after 5 ms, `/hang` never. */
async function receiver(): Promise<{ port: number; close(): Promise<unknown> }> {
  const code = `
    const { createServer } = require('node:http');
    const { parentPort } = require('node:worker_threads');
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        if (request.url === '/hang') return;
        const delay = Number.parseInt(request.url.slice(1), 10);
        if (delay === 0) response.end('ok'); else setTimeout(() => response.end('ok'), delay);
      });
    });
    server.keepAliveTimeout = 60000;
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const worker = new Worker(code, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  return { port, close: () => worker.terminate() };
}

async function rate(served: Served, port: number, delay_ms: number): Promise<Figure> {
  const url = `http://127.0.0.1:${port}/${delay_ms}`;
  const webhook_id = await endpoint(served, url);
  const [bare, ours] = [[] as number[], [] as number[]];
  // In turn, so that whatever else the machine does befalls both.
  for (let round = 0; round < 3; round += 1) {
    bare.push(await bareRate(port, delay_ms));
    await enqueue(served, [webhook_id], deliveries);
    const { sender, sent, stop } = makeSender(served);
    const began_ms = clock.monotonic_ms();
    sender.start();
    while (sent() < deliveries) await sleep(5);
    // Ends when the last is recorded.
    await stop();
    ours.push((deliveries / (clock.monotonic_ms() - began_ms)) * 1000);
  }
  await served.pool.query("UPDATE webhook SET status = 'disabled', disabled_reason = 'on_request', disabled_at = now()");
  const [a, b] = [median(ours), median(bare)];
  const answer = delay_ms === 0 ? 'at once' : `after ${delay_ms} ms`;
  return {
    name: `webhooks to a receiver that answers ${answer}, against bare keep-alive POSTs`,
    ratio: a / b,
    detail: `${Math.round(a)} deliveries/s signed and recorded, ${Math.round(b)} POSTs/s, ${concurrency} at a time; higher is better, aim 0.60`,
  };
}

async function bareRate(port: number, delay_ms: number): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency, pipelining: 1 });
  const headers = { 'content-type': 'application/json' };
  const began_ms = clock.monotonic_ms();
  let left = deliveries;
  const worker = async () => {
    while (left-- > 0) await (await pool.request({ method: 'POST', path: `/${delay_ms}`, headers, body })).body.text();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const took_ms = clock.monotonic_ms() - began_ms;
  await pool.destroy();
  return (deliveries / took_ms) * 1000;
}

/** Ten endpoints at 200 deliveries a second, by themselves and beside one more that never answers and gets as many as each of them. */
async function beside(served: Served, port: number): Promise<Figure> {
  const quick: string[] = [];
  for (let nth = 0; nth < 10; nth += 1) quick.push(await endpoint(served, `http://127.0.0.1:${port}/5`));
  const hanging = await endpoint(served, `http://127.0.0.1:${port}/hang`);
  const [alone, together] = [[] as number[], [] as number[]];
  for (let round = 0; round < 3; round += 1) {
    alone.push(await p99(served, quick, quick));
    together.push(await p99(served, [...quick, hanging], quick));
  }
  const [a, b] = [median(together), median(alone)];
  return {
    name: 'webhooks: p99 of others while one receiver hangs, against without it',
    ratio: a / b,
    detail: `${a.toFixed(1)} ms from enqueued to recorded beside it, ${b.toFixed(1)} ms without, 200 deliveries/s; lower is better, aim below 1.10`,
  };
}

async function p99(served: Served, all: readonly string[], measured: readonly string[]): Promise<number> {
  const { sender, stop } = makeSender(served);
  sender.start();
  const { rows: began } = await served.pool.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  for (let nth = 0; nth < 200; nth += 1) {
    await enqueue(served, all, all.length);
    await sleep(50);
  }
  for (let waiting = 1; waiting > 0; ) {
    await sleep(100);
    const { rows } = await served.pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM webhook_delivery WHERE status = 'pending' AND webhook_id = ANY ($1)",
      [measured],
    );
    waiting = rows[0]!.n;
  }
  const { rows } = await served.pool.query<{ ms: number }>(
    `SELECT 1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)::float8) AS ms
       FROM webhook_delivery WHERE webhook_id = ANY ($1) AND created_at > $2`,
    [measured, began[0]!.at],
  );
  await served.pool.query(
    "UPDATE webhook_delivery SET status = 'cancelled', next_attempt_at = NULL, lease = NULL, leased_until = NULL, finished_at = now() WHERE status = 'pending'",
  );
  await stop();
  return rows[0]!.ms;
}

function makeSender({ postgres }: Served): { sender: Sender; sent(): number; stop(): Promise<void> } {
  const transport = createTransport();
  let sent = 0;
  const sender = createSender({
    postgres,
    clock,
    log: console as never,
    resolver: createResolver({ clock, allowed }),
    transport,
    allowed,
    deadline_ms: 3000,
    disable_after_days: 5,
    observe: () => {
      sent += 1;
    },
  });
  return {
    sender,
    sent: () => sent,
    async stop() {
      await sender.stop();
      await transport.close();
    },
  };
}

async function endpoint({ postgres, tenant_id }: Served, url: string): Promise<string> {
  const event_types = { all: ['invoice.generated'], organizations: [] };
  const scope = { tenant_id, now: clock.now(), actor: { kind: 'system' as const, id: 'bench' } };
  const asked = { url, event_types: ['*'], schedule: 'standard' as const };
  return (await postgres.transact(scope, (tx) => createWebhook(tx, { clock, event_types, allowed }, null, asked))).webhook_id;
}

/** `count` deliveries in all, dealt to the endpoints in turn, each of a message of its own. */
async function enqueue({ pool, tenant_id }: Served, webhook_ids: readonly string[], count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await pool.query(
    `WITH message AS (
       INSERT INTO webhook_message (tenant_id, event_id, type, event_at, body)
       SELECT $1, id, 'invoice.generated', '2026-03-01', $2 FROM unnest($3::uuid[]) AS id)
     INSERT INTO webhook_delivery (tenant_id, webhook_id, event_id, event_type, event_at, kind)
     SELECT $1, ($4::uuid[])[1 + (nth - 1) % cardinality($4::uuid[])], id, 'invoice.generated', '2026-03-01', 'event'
       FROM unnest($3::uuid[]) WITH ORDINALITY AS given (id, nth)`,
    [tenant_id, body, ids, webhook_ids],
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
