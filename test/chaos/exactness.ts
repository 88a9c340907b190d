import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openDatabase } from '../../src/app/database.ts';
import { parseConfig } from '../../src/platform/config.ts';
import { createPostgres, type Postgres } from '../../src/platform/postgres.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import type { IngestOutcome } from '../../src/usage/metering/model.ts';
import { tendGenerations } from '../../src/usage/metering/service/generations.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { dataFolder } from '../support/data-folder.ts';
import { loginOf } from './login.ts';
import { type Random, randomFrom } from './random.ts';

export interface ExactnessOptions {
  seed: number;
  /** Different events; every writer sends all of them. */
  events: number;
  writers: number;
  generation_events: number;
  /** Immediate stops of PostgreSQL while the writers write: each empties the unlogged tables. */
  kills: number;
  /** A change of the database's functions that must not go unnoticed. */
  broken?: keyof typeof broken;
  tell?: (line: string) => void;
}

export interface Exactness {
  rows: number;
  distinct: number;
  /** Request ids that somebody was told are stored. */
  acknowledged: number;
  /** Of these, those that are not. */
  lost: number;
  /** Answers that said "stored now". */
  accepted: number;
  /** Answers that said of the same body that it is another, or whose leaf is not the stored one. */
  wrong_answers: number;
  generations: number;
  unanswered: number;
  defects: string[];
}

/** How the design could be got wrong: in which function, what stands there, and what stands there instead. Pauses let a short run meet a race. */
const broken = {
  'the generation is read before the lock': [
    ['metering_enter', 'PERFORM pg_advisory_xact_lock_shared(7310220);', ''],
    ['metering_enter', 'END $function$', 'PERFORM pg_sleep(0.02); PERFORM pg_advisory_xact_lock_shared(7310220); END $function$'],
  ],
  'nobody waits for those who store': [
    ['metering_roll', 'PERFORM pg_advisory_xact_lock(7310220);', ''],
    ['metering_enter', 'END $function$', 'PERFORM pg_sleep(0.02); END $function$'],
  ],
  'emptied keys go unnoticed': [['metering_enter', 'END $function$', 'is_ready := true; END $function$']],
  'closed generations are forgotten': [['metering_enter', 'END $function$', 'oldest := coalesce(sealed, hot); END $function$']],
  'filters lose their keys': [
    [
      'metering_close',
      'filter = metering_close.filter',
      "filter = '\\x0000000000000000000000000000000000000000000000000000000000000000'",
    ],
    [
      'metering_close',
      'sha256(metering_close.filter)',
      "sha256('\\x0000000000000000000000000000000000000000000000000000000000000000')",
    ],
  ],
} as const satisfies Record<string, readonly (readonly [string, string, string])[]>;

export const waysToBreakIt = Object.keys(broken) as (keyof typeof broken)[];

const processes = 2;

/**
 * Several writers in two processes' worth of queues send the same events at the same time, each in an order of its own, through many small
 * generations and through crashes of PostgreSQL, and send again what was not answered. Answers what is stored and what was said.
 */
export async function exactness(options: ExactnessOptions): Promise<Exactness> {
  const { seed, tell = () => undefined } = options;
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('silent'));
  const admin = new pg.Pool({ ...database.admin, max: 2, options: '-c search_path=tally,public' });
  admin.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
  const connection = { ...database.admin, ...(await loginOf(folder.path)) };
  const pools = Array.from({ length: processes }, () => createPostgres({ connection }));
  const ingests = pools.map((postgres) =>
    createIngest(postgres, { queue_events: 1_000_000, generation_events: options.generation_events }),
  );
  try {
    const world = await prepare(admin);
    if (options.broken) await breakIt(admin, options.broken);
    const events = Array.from({ length: options.events }, (_, n) => eventOf(world, n));
    const told: Told = { leaves: new Map(), accepted: 0, wrong: 0, unanswered: 0 };
    let writing = options.writers;
    const writers = Array.from({ length: options.writers }, async (_, writer) => {
      await write({ ingest: ingests[writer % processes]!, random: randomFrom(seed * 1000 + writer), world, events, told });
      writing -= 1;
    });
    const turning = turnGenerations(pools[0]!, { told, every: options.generation_events, isOver: () => writing === 0 });
    const random = randomFrom(seed);
    for (let kill = 1; kill <= options.kills; kill += 1) {
      const aim = (options.events * kill) / (options.kills + 1) + random.below(50);
      while (told.leaves.size < aim && writing > 0) await sleep(5);
      process.kill(postmasterOf(folder.cluster()), 'SIGQUIT');
      tell(`PostgreSQL killed at ${told.leaves.size} acknowledged events`);
      await sleep(200);
    }
    await Promise.all(writers);
    await turning;
    for (const ingest of ingests) await ingest.close();
    return await judge(admin, told);
  } finally {
    for (const postgres of pools) await postgres.close();
    await admin.end();
    await database.stop();
    folder.remove();
  }
}

interface World {
  tenant_id: string;
  org_id: string;
}

interface Told {
  /** By request id, as the first answer had it. */
  leaves: Map<string, string>;
  accepted: number;
  wrong: number;
  unanswered: number;
}

type Event = ReturnType<typeof eventOf>;

function eventOf({ org_id }: World, n: number) {
  const time = Temporal.Instant.from('2026-01-01T00:00:00Z').add({ seconds: n % 2_000_000 });
  return { request_id: `exact-${n}`, org_id, sku: 'mail', quantity: `${n % 97}`, time: time.toString() };
}

async function write(work: {
  ingest: ReturnType<typeof createIngest>;
  random: Random;
  world: World;
  events: readonly Event[];
  told: Told;
}): Promise<void> {
  const { ingest, random, world, told } = work;
  const mine = shuffled(random, work.events);
  const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
  for (let at = 0; at < mine.length; ) {
    const size = 1 + random.below(60);
    const batch = mine.slice(at, at + size);
    at += size;
    for (;;) {
      const outcome = await ingest.ingestEvents(world.tenant_id, batch, { now }).catch((error: Error) => error);
      if (!(outcome instanceof Error)) {
        note(told, batch, outcome);
        break;
      }
      told.unanswered += 1;
      await sleep(50);
    }
  }
}

/**
 * Ingest closes what it fills when it finds the time. This insists: a generation ends each `every` acknowledged events while the writers
 * write, and two of them at the least where there are so many events.
 */
async function turnGenerations(
  postgres: Postgres,
  { told, every, isOver }: { told: Told; every: number; isOver: () => boolean },
): Promise<void> {
  for (let turned = 0; ; ) {
    const isDue = told.leaves.size >= every * (turned + 1);
    if (isOver() && (turned >= 2 || !isDue)) return;
    if (isDue && (await isClosed(postgres))) turned += 1;
    else await sleep(10);
  }
}

/** Closes the generation that is written to; false where PostgreSQL is down, or another process is at it. */
async function isClosed(postgres: Postgres): Promise<boolean> {
  try {
    const { rows } = await postgres
      .pool('ingest')
      .query<{ gen: number }>("SELECT gen FROM metering_generation WHERE state = 'hot'");
    const over = rows[0]!.gen;
    return (await tendGenerations(postgres, { over })).has(over);
  } catch {
    return false;
  }
}

function note(told: Told, batch: readonly Event[], outcome: IngestOutcome): void {
  told.accepted += outcome.accepted;
  told.wrong += outcome.rejected.length;
  if (outcome.rejected.length > 0) return;
  for (const [at, { request_id }] of batch.entries()) {
    const leaf = outcome.leaves[at]!.toString('hex');
    if ((told.leaves.get(request_id) ?? leaf) !== leaf) told.wrong += 1;
    told.leaves.set(request_id, leaf);
  }
}

/** From the stored rows alone. */
async function judge(admin: pg.Pool, told: Told): Promise<Exactness> {
  const stored = await admin.query<{ request_id: string; leaf: string }>(
    "SELECT request_id, encode(leaf, 'hex') AS leaf FROM metering_event",
  );
  const leaves = new Map(stored.rows.map((row) => [row.request_id, row.leaf]));
  const lost = [...told.leaves].filter(([request_id, leaf]) => leaves.get(request_id) !== leaf).length;
  const generations = await admin.query('SELECT FROM metering_generation');
  const defects = await admin.query<{ defect: string }>('SELECT DISTINCT defect FROM audit');
  return {
    rows: stored.rows.length,
    distinct: leaves.size,
    acknowledged: told.leaves.size,
    lost,
    accepted: told.accepted,
    wrong_answers: told.wrong,
    generations: generations.rowCount ?? 0,
    unanswered: told.unanswered,
    defects: defects.rows.map((row) => row.defect),
  };
}

async function prepare(admin: pg.Pool): Promise<World> {
  const world: World = { tenant_id: randomUUID(), org_id: randomUUID() };
  await admin.query("INSERT INTO tenant (tenant_id, name, slug, mode, created_at) VALUES ($1, 'Exact', 'exact', 'test', now())", [
    world.tenant_id,
  ]);
  await admin.query(
    `INSERT INTO organization (tenant_id, org_id, legal_name, org_slug, billing_email, default_timezone, created_at)
     VALUES ($1, $2, 'Exact', 'exact', 'billing@example.com', 'UTC', now())`,
    [world.tenant_id, world.org_id],
  );
  await admin.query(
    `INSERT INTO product_sku (tenant_id, sku, type, unit, aggregation, late_policy, allow_negative, created_at)
     VALUES ($1, 'mail', 'action', 'unit', 'sum', 'adjust_next', false, now())`,
    [world.tenant_id],
  );
  return world;
}

async function breakIt(admin: pg.Pool, way: keyof typeof broken): Promise<void> {
  for (const [name, from, to] of broken[way]) {
    const { rows } = await admin.query<{ text: string }>('SELECT pg_get_functiondef($1::regproc) AS text', [name]);
    const { text } = rows[0]!;
    assert.ok(text.includes(from), `${name} no longer holds ${from}`);
    await admin.query(text.replace(from, () => to));
  }
}

/** The login of the program, which may do nothing but act as the database's roles. */
function postmasterOf(cluster: string): number {
  return Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '', 10);
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [copy[at], copy[other]] = [copy[other]!, copy[at]!];
  }
  return copy;
}
