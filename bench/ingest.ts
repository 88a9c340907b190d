import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clock } from '../src/platform/clock.ts';
import { rollUpWhatIsNew } from '../src/usage/metering/service/rollup.ts';
import type { Figure } from './figure.ts';
import { fill, position } from './fill.ts';
import { connections, type Served, startServed } from './served.ts';

const rounds = 7;
const events_per_round = 20_000;
const batch = 100;
/** Five million: four closed generations and a hot one that is half full. */
const stored = [1_125_000, 1_125_000, 1_125_000, 1_125_000, 500_000];

/**
 * Ingest over HTTP (batches of 100 on 8 connections, durable, deduplicated, validated, hashed, acknowledged with a signature) by the whole
 * server in a process of its own, against a bare multi-row INSERT … ON CONFLICT DO NOTHING of ready-made rows from Node into a plain table
 * with the same columns and one unique index on (tenant_id, request_id), on the same PostgreSQL with fsync on. On two servers at once, one
 * empty and one with five million events of random ids on both sides. Interleaved rounds, medians; a checkpoint before the first of them.
 */
export async function run(): Promise<Figure[]> {
  const empty = await startServed({ roles: 'api' });
  try {
    const full = await startServed({ roles: 'api' });
    try {
      return await compare(empty, full);
    } finally {
      await full.stop();
    }
  } finally {
    await empty.stop();
  }
}

const rounds_of_rollups = 5;
const events_per_round_of_rollups = 60_000;

/** Ingest while rollups are kept, as the job keeps them, against ingest alone, in turn on one server. */
export async function runBesideRollups(): Promise<Figure[]> {
  const served = await startServed({ roles: 'api' });
  try {
    const [alone, live]: number[][] = [[], []];
    for (let round = -1; round < rounds_of_rollups; round += 1) {
      const rate = await overHttp(served, events_per_round_of_rollups);
      // What came meanwhile is not this round's to roll up.
      await rollUpWhatIsNew(served.postgres, served.tenant_id, clock.now());
      const rollups = keepRollups(served);
      const live_rate = await overHttp(served, events_per_round_of_rollups);
      await rollups.stop();
      if (round < 0) continue;
      alone!.push(rate);
      live!.push(live_rate);
    }
    return [
      {
        name: 'ingest over HTTP while rollups are kept vs alone',
        ratio: median(live!.map((value, at) => value / alone![at]!)),
        detail: `${Math.round(median(live!))} / ${Math.round(median(alone!))} events/s`,
      },
    ];
  } finally {
    await served.stop();
  }
}

/** Rolls up what is new, with the pauses of the job `metering.rollup_tenant`. */
function keepRollups({ postgres, tenant_id }: Served): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const work = (async () => {
    while (!stopping.signal.aborted) {
      const began = clock.monotonic_ms();
      await rollUpWhatIsNew(postgres, tenant_id, clock.now());
      const pause_ms = 5000 + 2 * (clock.monotonic_ms() - began);
      await sleep(pause_ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await work;
    },
  };
}

interface Measured {
  rate: number[];
  bytes: number[];
}

async function compare(empty: Served, full: Served): Promise<Figure[]> {
  for (const served of [empty, full]) await makeBare(served);
  const closings = await fillBoth(full);
  for (const served of [empty, full]) await served.pool.query('CHECKPOINT');
  const none = (): Measured => ({ rate: [], bytes: [] });
  const seen = { http: [none(), none()], values: [none(), none()], arrays: [none(), none()] };
  for (let round = -1; round < rounds; round += 1) {
    for (const [at, served] of [empty, full].entries()) {
      for (const side of ['http', 'values', 'arrays'] as const) {
        const before = await position(served.pool);
        const rate = await sides[side](served);
        const bytes = ((await position(served.pool)) - before) / events_per_round;
        // The first round warms up all of them.
        if (round < 0) continue;
        seen[side][at]!.rate.push(rate);
        seen[side][at]!.bytes.push(bytes);
      }
    }
  }
  const [ours, theirs, arrays] = [seen.http, seen.values, seen.arrays].map((side) =>
    side.map(({ rate, bytes }) => ({ rate: median(rate), bytes: median(bytes) })),
  ) as [Summary[], Summary[], Summary[]];
  const closing = { first: closings[0]!, last: closings.at(-1)! };
  const [log_none, log_full] = [ours[0]!.bytes + closing.first, ours[1]!.bytes + closing.last];
  const rate = (a: Summary, b: Summary) =>
    `${Math.round(a.rate)} / ${Math.round(b.rate)} events/s, log ${Math.round(a.bytes)} / ${Math.round(b.bytes)} bytes an event`;
  const versus = (name: string, a: Summary, b: Summary): Figure => ({ name, ratio: a.rate / b.rate, detail: rate(a, b) });
  const each = (side: Measured) => side.rate.map((value) => 1 / value);
  return [
    versus('ingest over HTTP vs bare INSERT … VALUES … ON CONFLICT, both empty', ours[0]!, theirs[0]!),
    versus('ingest over HTTP vs bare INSERT … FROM unnest(arrays), both empty', ours[0]!, arrays[0]!),
    versus('ingest over HTTP vs bare INSERT … VALUES … ON CONFLICT, both with 5 million', ours[1]!, theirs[1]!),
    versus('ingest over HTTP vs bare INSERT … FROM unnest(arrays), both with 5 million', ours[1]!, arrays[1]!),
    {
      name: 'time of an event over HTTP at 5 million vs at none',
      ratio: median(each(seen.http[1]!).map((value, at) => value / each(seen.http[0]!)[at]!)),
      detail: `${rate(ours[1]!, ours[0]!)}; lower is better`,
    },
    {
      name: 'log of an event at 5 million vs at none, closing included',
      ratio: log_full / log_none,
      detail: `${Math.round(log_full)} / ${Math.round(log_none)} bytes, of which closing ${Math.round(closing.last)} / ${Math.round(closing.first)}; lower is better`,
    },
  ];
}

interface Summary {
  rate: number;
  bytes: number;
}

const sides = {
  http: (served: Served) => overHttp(served),
  values: (served: Served) => bare(served, multiRowValues),
  arrays: (served: Served) => bare(served, unnestedArrays),
};

async function makeBare({ pool }: Served): Promise<void> {
  await pool.query(`CREATE TABLE public.bare_event (LIKE tally.metering_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                    ALTER TABLE public.bare_event DROP COLUMN gen; CREATE UNIQUE INDEX ON public.bare_event (tenant_id, request_id)`);
}

/** The bare table gets its rows by inserts too, so that its index is as inserts leave it. */
async function fillBoth({ pool, postgres, tenant_id, org_ids, skus }: Served): Promise<number[]> {
  const rows = `SELECT gen_random_uuid()::text AS request_id, ('{${org_ids}}'::uuid[])[1 + n % ${org_ids.length}] AS org_id,
                       ('{${skus}}'::text[])[1 + n % ${skus.length}] AS sku, n % 1000 + (n % 10) / 10.0 AS quantity,
                       '{"region": "ap-southeast-2", "status": "sent"}'::jsonb AS properties,
                       timestamptz '2026-01-01T00:00:00Z' + (n * 997) % (28 * 86400) * interval '1 second' AS event_time
                  FROM generate_series($1::bigint, $2::bigint) AS n`;
  const closings = await fill(pool, postgres, { tenant_id, generations: stored, rows });
  const total = stored.reduce((sum, size) => sum + size, 0);
  for (let n = 0; n < total; n += 250_000) {
    await pool.query(
      `INSERT INTO public.bare_event (tenant_id, request_id, event_id, org_id, sku, quantity, properties, event_time, source, salt, leaf, received_at)
       SELECT $3, request_id, uuidv7(), org_id, sku, quantity, properties, event_time, 'backend', substring(sha256(int8send($1)) FOR 16), sha256(int8send($2)),
              now() FROM (${rows}) AS row`,
      [n, n + 249_999, tenant_id],
    );
  }
  await pool.query('VACUUM (ANALYZE) public.bare_event');
  return closings;
}

let sequence = 0;

function newEvent({ org_ids, skus }: Served) {
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
async function overHttp(served: Served, count = events_per_round): Promise<number> {
  const bodies = batches(() => newEvent(served), count).map((events) => JSON.stringify({ events }));
  return perSecond(bodies, async (body) => {
    const answer = await served.http.post('/v1/metering/events', body, 202);
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
async function bare(served: Served, statement: Statement): Promise<number> {
  const all = batches((): unknown[] => {
    const { request_id, org_id, sku, quantity, time, properties } = newEvent(served);
    const [salt, leaf] = [randomBytes(16), randomBytes(32)];
    const document = JSON.stringify(properties);
    return [
      served.tenant_id,
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
    await served.pool.query(statement(rows));
  });
}

function batches<T>(make: () => T, count = events_per_round): T[][] {
  return Array.from({ length: count / batch }, () => Array.from({ length: batch }, make));
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
  return (work.length * batch) / ((clock.monotonic_ms() - began) / 1000);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
