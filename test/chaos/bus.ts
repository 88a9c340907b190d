import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openDatabase } from '../../src/app/database.ts';
import { emitMany } from '../../src/foundation/events/service.ts';
import { type BusTarget, parseConfig } from '../../src/platform/config.ts';
import { failpoints } from '../../src/platform/failpoint.ts';
import { createPostgres } from '../../src/platform/postgres.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import { dataFolder } from '../support/data-folder.ts';
import { startKafka } from '../support/kafka.ts';
import { startNats } from '../support/nats.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { BusCounts, BusWork } from './bus-worker.ts';
import { loginOf } from './login.ts';
import { type Random, randomFrom } from './random.ts';

export interface BusChaosOptions {
  seed: number;
  bus: 'nats' | 'kafka' | 'embedded';
  /** How often the bus is killed; with `embedded`, the processes that route. */
  kills: number;
  tell?: (line: string) => void;
}

export interface BusChaos {
  /** Events that were emitted, and those that are there in the end: three follow from each. */
  emitted: number;
  events: number;
  bus_kills: number;
  bus_wipes: number;
  worker_kills: number;
  /** Workers that died at a named place. */
  failpoint_deaths: number;
  /** Messages that the bus brought, and those that were handed over besides. At least: what a worker counted when it died is lost. */
  delivered: number;
  doubled: number;
  /** Effects that are missing or there twice, events that are not routed, and what the audit says. */
  missing: number;
  twice: number;
  not_routed: number;
  defects: string[];
}

const workers = 2;
const events_per_kill = 60;
const aggregates = 40;
const most_unrouted = 150;
const settled_within_ms = 300_000;

/** A bus that is killed and started again. */
interface Killable extends Pick<ServerProcess, 'kill' | 'start'> {
  target: BusTarget;
  wipe(): void | Promise<void>;
  close(): Promise<void>;
}

/**
 * Two processes dispatch and route what is emitted, over a real bus that is killed again and again and loses its store once, while messages are
 * doubled and shuffled, and while these processes die, killed or at named places. Answers what is in the outbox in the end.
 */
export async function busChaos({ seed, bus, kills, tell = () => undefined }: BusChaosOptions): Promise<BusChaos> {
  const random = randomFrom(seed);
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('silent'));
  const admin = new pg.Pool({ ...database.admin, max: 2, options: '-c search_path=tally,public' });
  admin.on('error', () => undefined);
  const connection = { ...database.admin, ...(await loginOf(folder.path)) };
  const postgres = createPostgres({ connection });
  const server = await startBus(bus);
  const crew = createCrew({ connection, target: server?.target ?? embedded, random });
  try {
    const tenants = await Promise.all(['one', 'two', 'three'].map((name) => addTenant(admin, name)));
    const ids: string[] = [];
    const counts = { bus_kills: 0, bus_wipes: 0 };
    crew.start();
    for (let kill = 1; kill <= kills; kill += 1) {
      for (let n = 0; n < events_per_kill; n += 20) {
        const scope = {
          tenant_id: random.of(tenants),
          now: Temporal.Instant.from('2026-03-01T00:00:00Z'),
          actor: { kind: 'system' as const, id: 'chaos' },
        };
        const emissions = Array.from({ length: 20 }, (_, at) => ({
          type: 'thing.happened',
          aggregate_type: 'thing',
          aggregate_id: `${random.below(aggregates)}`,
          data: { kill, n: n + at },
        }));
        ids.push(...(await postgres.transact(scope, (tx) => emitMany(tx, emissions))));
        await sleep(random.below(30));
      }
      // So that there is something under way at every kill, and never all of it.
      while ((await unrouted(admin)) > most_unrouted) await sleep(50);
      if (server) {
        await server.kill();
        counts.bus_kills += 1;
        if (kill === Math.ceil(kills / 2)) {
          await server.wipe();
          counts.bus_wipes += 1;
        }
        await sleep(random.below(100));
        await server.start();
      }
      if (!server || kill % 5 === 0) crew.killOne();
      if (kill % Math.max(1, Math.floor(kills / 10)) === 0) tell(`${kill} kills, ${ids.length} events emitted`);
    }
    crew.spare();
    const not_routed = await settle(admin);
    return { emitted: ids.length, ...counts, ...crew.counts(), not_routed, ...(await judge(admin, ids)) };
  } finally {
    await crew.stop();
    await server?.close();
    await postgres.close();
    await admin.end();
    await database.stop();
    folder.remove();
  }
}

const embedded: BusTarget = { kind: 'embedded', servers: [], user: null, password: null, tls: false };

async function startBus(bus: BusChaosOptions['bus']): Promise<Killable | null> {
  if (bus === 'nats') return startNats();
  return bus === 'kafka' ? startKafka() : null;
}

/** Processes that work on the outbox, each of which is started again when it dies, half of them with a place to die at. */
function createCrew({ connection, target, random }: Omit<BusWork, 'seed' | 'failpoint'> & { random: Random }) {
  const script = fileURLToPath(new URL('bus-worker.ts', import.meta.url));
  const places = failpoints.filter((name) => (target.kind === 'embedded' ? /^router\./ : /^(?:dispatcher|router)\./).test(name));
  const crew: ChildProcess[] = [];
  const died = { worker_kills: 0, failpoint_deaths: 0 };
  const handed: BusCounts = { delivered: 0, doubled: 0 };
  let is_over = false;
  let is_spared = false;

  const employ = (seat: number) => {
    const failpoint = is_spared || random.below(2) === 0 ? null : `${random.of(places)}:${1 + random.below(8)}`;
    const work: BusWork = { connection, target, seed: random.below(1_000_000), failpoint };
    const child = spawn(process.execPath, [script, JSON.stringify(work)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    crew[seat] = child;
    let told: BusCounts = { delivered: 0, doubled: 0 };
    let was_killed = false;
    child.on('message', (counts: BusCounts) => {
      handed.delivered += counts.delivered - told.delivered;
      handed.doubled += counts.doubled - told.doubled;
      told = counts;
    });
    child.once('killed-by-us', () => {
      was_killed = true;
    });
    child.once('exit', (code, signal) => {
      if (is_over) return;
      if (was_killed) died.worker_kills += 1;
      else if (signal === 'SIGKILL' && failpoint !== null) died.failpoint_deaths += 1;
      else throw new Error(`a worker ended by itself (${code ?? signal})`);
      employ(seat);
    });
  };
  const kill = (child: ChildProcess | undefined) => {
    child?.emit('killed-by-us');
    child?.kill('SIGKILL');
  };
  process.once('exit', () => {
    for (const child of crew) child.kill('SIGKILL');
  });
  return {
    start() {
      for (let seat = 0; seat < workers; seat += 1) employ(seat);
    },
    killOne: () => kill(random.of(crew)),
    /** From now on none has a place to die at. */
    spare() {
      is_spared = true;
      for (const child of crew) kill(child);
    },
    counts: () => ({ ...died, ...handed }),
    async stop() {
      is_over = true;
      const ends = crew.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of crew) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}

async function addTenant(admin: pg.Pool, name: string): Promise<string> {
  const tenant_id = randomUUID();
  await admin.query(
    "INSERT INTO tenant (tenant_id, name, slug, mode, created_at) VALUES ($1, $2::text, $2::text, 'test', now())",
    [tenant_id, `tenant-${name}`],
  );
  return tenant_id;
}

async function unrouted(admin: pg.Pool): Promise<number> {
  const { rows } = await admin.query<{ open: number }>(
    'SELECT count(*)::int AS open FROM billing_events WHERE routed_at IS NULL',
  );
  return rows[0]!.open;
}

/** Waits until every event is routed, and answers how many are not when it has waited long enough. */
async function settle(admin: pg.Pool): Promise<number> {
  for (const until = performance.now() + settled_within_ms; ; await sleep(200)) {
    const open = await unrouted(admin);
    if (open === 0 || performance.now() > until) return open;
  }
}

async function judge(
  admin: pg.Pool,
  ids: readonly string[],
): Promise<Pick<BusChaos, 'events' | 'missing' | 'twice' | 'defects'>> {
  const { rows } = await admin.query<{ event_id: string; type: string; of: string | null }>(
    "SELECT event_id, type, data->>'of' AS of FROM billing_events",
  );
  const effects = Map.groupBy(
    rows.filter((row) => row.of !== null),
    ({ type, of }) => `${type} ${of}`,
  );
  const followers = rows.filter(({ type }) => type === 'thing.followed').map(({ event_id }) => event_id);
  const due = [
    ...ids.flatMap((id) => [`thing.followed ${id}`, `thing.counted ${id}`]),
    ...followers.map((id) => `thing.settled ${id}`),
  ];
  const { rows: defects } = await admin.query<{ defect: string }>('SELECT defect FROM audit');
  return {
    events: rows.length,
    missing: due.filter((effect) => !effects.has(effect)).length,
    twice: [...effects.values()].filter((each) => each.length > 1).length,
    defects: defects.map(({ defect }) => defect),
  };
}
