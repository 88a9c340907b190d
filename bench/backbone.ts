import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { start } from '../src/app/compose.ts';
import { openDatabase } from '../src/app/database.ts';
import { roles } from '../src/app/roles.ts';
import { recordAudit } from '../src/foundation/audit/service.ts';
import { createDispatcher } from '../src/foundation/events/service/dispatch.ts';
import type { Reaction } from '../src/foundation/events/service/react.ts';
import { createRouter } from '../src/foundation/events/service/route.ts';
import { emit } from '../src/foundation/events/service.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { type DataFolder, dataFolder } from '../test/support/data-folder.ts';
import type { Figure } from './figure.ts';

const dispatched = 60_000;
const aggregates = 20_000;
const batch = 1024;
const per_second = 500;
const seconds = 15;
const idle_ms = 20_000;

/** What the backbone costs by itself: dispatch to a bus that takes no time, embedded from commit to reaction done, and all roles with nothing to do. */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const config = parseConfig({ TALLYSTICK_DATA_DIR: folder.path, TALLYSTICK_LOG_LEVEL: 'error', PORT: '0' }, folder.path);
  const database = await openDatabase(config, createLogger('error'));
  const figures: Figure[] = [];
  try {
    const { postgres, admin } = database;
    const client = new pg.Client({ ...admin, options: '-c search_path=tally,public' });
    await client.connect();
    try {
      figures.push(await dispatching(postgres, client));
      figures.push(await routing(postgres));
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
  }
  const running = await start(config, roles);
  try {
    figures.push(await idling(folder));
  } finally {
    await running.stop();
    folder.remove();
  }
  return figures;
}

async function makeTenant(postgres: Postgres, slug: string): Promise<string> {
  const made = await createTenantWithAdmin({ postgres, clock }, { name: slug, slug, currency: 'AUD' }, async (tx) => {
    await createTenantKeys(tx);
  });
  return made.tenant_id;
}

/** Claims and marks, with a bus that has everything at once; against reading the same rows and updating them with nothing to decide. */
async function dispatching(postgres: Postgres, client: pg.Client): Promise<Figure> {
  const [ours, bare] = [await makeTenant(postgres, 'dispatched'), await makeTenant(postgres, 'bare')];
  const dispatcher = createDispatcher({
    postgres,
    publisher: { publish: async (envelopes) => envelopes.map(() => null) },
    log: createLogger('error'),
    batch,
  });
  // The tenants' own first events, and the statements' first plans.
  await dispatcher.drain();
  await fill(client, bare);
  const bare_s = await timed(() => markBare(client, bare));
  await fill(client, ours);
  const ours_s = await timed(() => dispatcher.drain());
  await dispatcher.stop();
  return {
    name: 'dispatch, claimed and marked, vs bare SELECT and UPDATE of the same rows',
    ratio: bare_s / ours_s,
    detail: `${Math.round(dispatched / ours_s)} events/s against ${Math.round(dispatched / bare_s)}; higher is better`,
  };
}

async function fill(client: pg.Client, tenant_id: string): Promise<void> {
  await client.query(
    `INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at)
     SELECT $1::uuid, gen_random_uuid(), 'thing.happened', 1, '/tallystick/tenants/' || $1::text, 'thing', 'thing-' || n % ${aggregates},
            jsonb_build_object('n', n, 'thing_id', gen_random_uuid(), 'amount', '12.34', 'currency', 'AUD'), gen_random_uuid()::text, now()
       FROM generate_series(1, ${dispatched}) AS n`,
    [tenant_id],
  );
  await client.query('VACUUM (ANALYZE) billing_events');
  await client.query('CHECKPOINT');
}

async function markBare(client: pg.Client, tenant_id: string): Promise<void> {
  for (let position = 0; position < dispatched; position += batch) {
    const { rows } = await client.query<{ event_id: string; recorded_at: string }>(
      "SELECT * FROM billing_events WHERE tenant_id = $1 AND status = 'pending' ORDER BY seq LIMIT $2",
      [tenant_id, batch],
    );
    await client.query(
      `UPDATE billing_events e SET status = 'published', position = $3::bigint + g.n, published_at = clock_timestamp()
         FROM unnest($2::uuid[]) WITH ORDINALITY AS g (event_id, n) WHERE e.tenant_id = $1 AND e.event_id = g.event_id`,
      [tenant_id, rows.map((row) => row.event_id), position],
    );
  }
}

/** One real reaction, an entry of the audit log, to events that come one by one: from the emitter's commit to the reaction's. */
async function routing(postgres: Postgres): Promise<Figure> {
  const tenant_id = await makeTenant(postgres, 'routed');
  const committed = new Map<string, number>();
  const took: number[] = [];
  const done = (event_id: string) => {
    const at = committed.get(event_id);
    if (at !== undefined) took.push(clock.monotonic_ms() - at);
  };
  const react: Reaction = {
    name: 'bench.record',
    async react(tx, event) {
      await recordAudit(tx, { action: 'thing.followed', target_type: 'thing', target_id: event.id, before: null, after: {} });
      tx.afterCommit(() => done(event.id));
    },
  };
  const router = createRouter({
    postgres,
    nowOf: async () => clock.now(),
    reactionsTo: (type) => (type === 'thing.happened' ? [react] : []),
    log: createLogger('error'),
    takes_pending: true,
  });
  await router.drain();
  await router.start();
  const began = clock.monotonic_ms();
  let emitted = 0;
  const emitting = new Set<Promise<void>>();
  while (emitted < per_second * seconds) {
    const due = Math.min(per_second * seconds, Math.floor(((clock.monotonic_ms() - began) / 1000) * per_second));
    for (; emitted < due; emitted += 1) {
      const aggregate_id = `thing-${emitted % 1000}`;
      const one = postgres
        .transact({ tenant_id, now: clock.now(), actor: { kind: 'system', id: 'bench' } }, (tx) =>
          emit(tx, { type: 'thing.happened', aggregate_type: 'thing', aggregate_id, data: { n: emitted } }),
        )
        .then((event_id) => {
          // The reaction may have been quicker than this answer; then it took no time.
          committed.set(event_id, clock.monotonic_ms());
        })
        .finally(() => emitting.delete(one));
      emitting.add(one);
    }
    await sleep(2);
  }
  await Promise.all(emitting);
  const emitted_s = (clock.monotonic_ms() - began) / 1000;
  await router.drain();
  await router.stop();
  // The first second warms up.
  const sorted = took.slice(per_second).sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return {
    name: `embedded, commit to reaction done at ${per_second} events/s: p99 vs p50`,
    ratio: at(0.99) / at(0.5),
    detail: `p50 ${at(0.5).toFixed(1)} ms (aim: 20), p99 ${at(0.99).toFixed(1)} ms (aim: 100) over ${sorted.length} events, emitted in ${emitted_s.toFixed(1)} s; lower is better`,
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = clock.monotonic_ms();
  await work();
  return (clock.monotonic_ms() - began) / 1000;
}

/** What all roles and PostgreSQL take of a core while nothing happens (Linux). */
async function idling(folder: DataFolder): Promise<Figure> {
  await sleep(5000);
  const before = { own: process.cpuUsage(), postgres_s: postgresSeconds(folder) };
  await sleep(idle_ms);
  const own_s = (({ user, system }) => (user + system) / 1e6)(process.cpuUsage(before.own));
  const postgres_s = postgresSeconds(folder) - before.postgres_s;
  return {
    name: 'idle, all roles in one process, as a part of a core',
    ratio: (own_s + postgres_s) / (idle_ms / 1000),
    detail: `${((100 * own_s) / (idle_ms / 1000)).toFixed(1)} % the process, ${((100 * postgres_s) / (idle_ms / 1000)).toFixed(1)} % PostgreSQL (aim: 2 %); lower is better`,
  };
}

/** Seconds of processor that the folder's PostgreSQL and its processes have taken (proc(5)). */
function postgresSeconds(folder: DataFolder): number {
  const postmaster = readFileSync(join(folder.cluster(), 'postmaster.pid'), 'utf8').split('\n')[0];
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = statOf(pid);
    if (pid === postmaster) ticks += stat.slice(11, 15).reduce((sum, field) => sum + Number.parseInt(field, 10), 0);
    else if (stat[1] === postmaster) ticks += Number.parseInt(stat[11]!, 10) + Number.parseInt(stat[12]!, 10);
  }
  return ticks / 100;
}

/** The fields of a process from its state on; none where it has ended meanwhile. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return [];
  }
}
