import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { clock } from '../src/platform/clock.ts';
import { freePort } from '../src/platform/embedded-postgres/postmaster.ts';
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';
import { dataFolder } from '../test/support/data-folder.ts';

const rounds = 7;
const events_per_round = 20_000;
const batch = 100;
const connections = 8;

/**
 * Ingest over HTTP (batches of 100 on 8 connections, durable, deduplicated, validated, hashed, acknowledged with a signature) by the whole
 * server in a process of its own, against a bare multi-row INSERT … ON CONFLICT DO NOTHING of ready-made rows from Node: the same batches,
 * connections, columns, constraints and indexes, on the same PostgreSQL with fsync on. Interleaved rounds, medians.
 */
export async function run(): Promise<{ name: string; ratio: number; detail: string }[]> {
  const folder = dataFolder();
  const data_dir = folder.path;
  const key = `tsk_live_${randomBytes(16).toString('hex')}`;
  const port = await freePort();
  const server = serve(data_dir, key, port);
  try {
    await ready(server, port);
    const http = client(port, key);
    const database = await startEmbeddedPostgres({ data_dir, share: true });
    const pool = new pg.Pool({
      ...database.admin,
      max: connections,
      options: '-c search_path=tally,public -c synchronous_commit=on',
    });
    const world = await prepare(http, pool);
    const sides = {
      http: () => overHttp(http, world),
      values: () => bare(pool, world, multiRowValues),
      arrays: () => bare(pool, world, unnestedArrays),
    };
    const rates: Record<keyof typeof sides, number[]> = { http: [], values: [], arrays: [] };
    for (let round = -1; round < rounds; round += 1) {
      for (const side of ['http', 'values', 'arrays'] as const) {
        const rate = await sides[side]();
        // The first round warms up all three.
        if (round >= 0) rates[side].push(rate);
      }
    }
    await pool.end();
    await database.stop();
    http.close();
    const [ours, values, arrays] = [median(rates.http), median(rates.values), median(rates.arrays)];
    const detail = (theirs: number) => `${Math.round(ours)} / ${Math.round(theirs)} events/s`;
    return [
      { name: 'ingest over HTTP vs bare multi-row INSERT … VALUES … ON CONFLICT', ratio: ours / values, detail: detail(values) },
      {
        name: 'ingest over HTTP vs bare INSERT … SELECT FROM unnest(arrays) … ON CONFLICT',
        ratio: ours / arrays,
        detail: detail(arrays),
      },
    ];
  } finally {
    await stop(server);
    folder.remove();
  }
}

type Http = ReturnType<typeof client>;

interface World {
  tenant_id: string;
  org_ids: string[];
  skus: string[];
}

async function prepare(http: Http, pool: pg.Pool): Promise<World> {
  const org_ids: string[] = [];
  for (let at = 0; at < 50; at += 1) {
    const org = {
      legal_name: `Customer ${at}`,
      org_slug: `customer-${at}`,
      billing_email: 'a@example.com',
      default_timezone: 'Australia/Sydney',
    };
    org_ids.push((await http.post('/v1/orgs', JSON.stringify(org), 201)).org_id as string);
  }
  const skus = ['mail', 'sms', 'validation', 'hosting', 'report'];
  for (const sku of skus) await http.post('/v1/skus', JSON.stringify({ sku, type: 'action', unit: 'unit' }), 201);
  await pool.query('CREATE TABLE public.bare_event (LIKE tally.metering_event INCLUDING ALL)');
  const { rows } = await pool.query<{ tenant_id: string }>('SELECT tenant_id FROM tally.tenant');
  return { tenant_id: rows[0]!.tenant_id, org_ids, skus };
}

let sequence = 0;

function newEvent({ org_ids, skus }: World) {
  sequence += 1;
  const time = Temporal.Instant.from('2026-01-01T00:00:00Z').add({ seconds: (sequence * 997) % (28 * 86_400) });
  return {
    request_id: randomUUID(),
    org_id: org_ids[sequence % org_ids.length]!,
    sku: skus[sequence % skus.length]!,
    quantity: `${sequence % 1000}.${sequence % 10}`,
    time: time.toString(),
    properties: { region: 'ap-southeast-2', status: 'sent' },
  };
}

/** Events a second; the bodies are made beforehand. */
async function overHttp(http: Http, world: World): Promise<number> {
  const bodies = batches(() => newEvent(world)).map((events) => JSON.stringify({ events }));
  return perSecond(bodies, async (body) => {
    const answer = await http.post('/v1/metering/events', body, 202);
    if (answer.accepted !== batch) throw new Error(`${JSON.stringify(answer)} instead of ${batch} accepted`);
  });
}

const columns = {
  tenant_id: 'uuid',
  request_id: 'text',
  event_id: 'uuid',
  org_id: 'uuid',
  project_id: 'uuid',
  sku: 'text',
  quantity: 'numeric',
  amount: 'numeric',
  properties: 'jsonb',
  event_time: 'timestamptz',
  source: 'text',
  metadata: 'jsonb',
  salt: 'bytea',
  leaf: 'bytea',
  received_at: 'timestamptz',
};
const names = Object.keys(columns).join(', ');

type Statement = (rows: readonly unknown[][]) => { name: string; text: string; values: unknown[] };

const valuesText = `INSERT INTO public.bare_event (${names}) VALUES ${Array.from(
  { length: batch },
  (_, row) => `(${Object.keys(columns).map((_name, column) => `$${row * Object.keys(columns).length + column + 1}`)})`,
)} ON CONFLICT DO NOTHING`;
const multiRowValues: Statement = (rows) => ({ name: 'values', text: valuesText, values: rows.flat() });

const arraysText = `INSERT INTO public.bare_event (${names}) SELECT * FROM unnest(${Object.values(columns).map(
  (type, column) => `$${column + 1}::${type}[]`,
)}) ON CONFLICT DO NOTHING`;
const unnestedArrays: Statement = (rows) => ({
  name: 'arrays',
  text: arraysText,
  values: Object.keys(columns).map((_name, column) => rows.map((row) => row[column])),
});

/** Events a second; the rows, salts and leaves included, are made beforehand. */
async function bare(pool: pg.Pool, world: World, statement: Statement): Promise<number> {
  const all = batches((): unknown[] => {
    const { request_id, org_id, sku, quantity, time, properties } = newEvent(world);
    const [salt, leaf] = [randomBytes(16), randomBytes(32)];
    const document = JSON.stringify(properties);
    return [
      world.tenant_id,
      request_id,
      randomUUID(),
      org_id,
      null,
      sku,
      quantity,
      null,
      document,
      time,
      'backend',
      null,
      salt,
      leaf,
      time,
    ];
  });
  return perSecond(all, async (rows) => {
    await pool.query(statement(rows));
  });
}

function batches<T>(make: () => T): T[][] {
  return Array.from({ length: events_per_round / batch }, () => Array.from({ length: batch }, make));
}

async function perSecond<T>(work: readonly T[], send: (one: T) => Promise<void>): Promise<number> {
  let next = 0;
  const began = clock.monotonic_ms();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < work.length) {
        next += 1;
        await send(work[next - 1]!);
      }
    }),
  );
  return events_per_round / ((clock.monotonic_ms() - began) / 1000);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function client(port: number, key: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    post: (path: string, body: string, status: number) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        const headers = {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString();
            if (answer.statusCode === status) resolve(JSON.parse(text) as Record<string, unknown>);
            else reject(new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`));
          });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
  };
}

function serve(data_dir: string, key: string, port: number): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url)), 'serve'], {
    env: {
      ...process.env,
      TALLYSTICK_DATA_DIR: data_dir,
      TALLYSTICK_BOOTSTRAP_KEY: key,
      TALLYSTICK_LOG_LEVEL: 'error',
      TALLYSTICK_RATE_LIMIT: '100000000',
      PORT: `${port}`,
      HOST: '127.0.0.1',
      DATABASE_URL: '',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function ready(server: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error('the server was not ready within a minute');
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}
