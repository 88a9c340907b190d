import { openEventMonths } from '../foundation/events/service/archive.ts';
import { createTenantWithAdmin } from '../foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../foundation/receipts/service.ts';
import { allTenants } from '../foundation/tenancy/service.ts';
import { clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { answers, createHealthServer } from '../platform/health.ts';
import { openRedis } from '../platform/redis.ts';
import { createLogger, createMetrics } from '../platform/telemetry.ts';
import { createIngest } from '../usage/metering/service/ingest.ts';
import { type Database, openDatabase } from './database.ts';
import type { House, Part } from './house.ts';
import { listenOn } from './listening.ts';
import { startApi } from './roles/api.ts';
import { startDispatcher } from './roles/dispatcher.ts';
import { startRouter } from './roles/router.ts';
import { startScheduler } from './roles/scheduler.ts';
import { startWebhooks } from './roles/webhooks.ts';
import { startWorker } from './roles/worker.ts';
import type { Role } from './roles.ts';

export interface Running {
  /** `http://127.0.0.1:3000`: the API's, or where the process tells how it does, where the role api does not run here. */
  address: string;
  database: Database;
  /** Told once, when the first tenant was made. */
  first: FirstTenant | null;
  /** Takes nothing more, finishes what runs, stops everything in order. */
  stop(): Promise<void>;
}

export interface FirstTenant {
  tenant_id: string;
  admin_key: string;
  setup_token: string;
  /** False where TALLYSTICK_BOOTSTRAP_KEY set the key, which is then not printed again. */
  key_is_new: boolean;
}

/** What starts each role, in the order of starting; the api last, so that whoever asks it finds the rest at work. */
const starters: readonly [Role, (house: House) => Promise<Part>][] = [
  ['worker', startWorker],
  ['scheduler', startScheduler],
  ['webhooks', startWebhooks],
  ['router', startRouter],
  ['dispatcher', startDispatcher],
  ['api', startApi],
];

/** Starts the given roles in this process. What fails half-way is taken down again before the error is thrown. */
export async function start(config: Config, roles: readonly Role[]): Promise<Running> {
  const log = createLogger(config.log_level);
  const metrics = createMetrics();
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    const ended = [];
    // One after another, and each whatever became of those before: PostgreSQL, the last, must not be left running.
    for (const step of undo.splice(0).reverse()) ended.push(...(await Promise.allSettled([step()])));
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  };
  try {
    const database = await openDatabase(config, log);
    undo.push(() => database.stop());
    const { postgres } = database;
    await openEventMonths(postgres);
    const ingest = createIngest(postgres, {
      queue_events: config.ingest_queue_events,
      queue_bytes: config.ingest_queue_bytes,
      generation_events: config.generation_events,
      onBackgroundError: (error) => log.warn({ err: error }, 'a generation of usage could not be closed now'),
      observe: (outcome, count) => metrics.ingest_events.inc({ outcome }, count),
    });
    metrics.watchQueue(ingest.waiting);
    undo.push(() => ingest.close());
    const shared = config.redis_url === null ? null : openRedis(config.redis_url, { log, registry: metrics.registry });
    undo.push(async () => shared?.close());
    const parts = new Map<Role, Part>();
    let started = false;
    const readiness = async () => ({
      database: await answers(postgres),
      roles: Object.fromEntries(
        await Promise.all(roles.map(async (role) => [role, started && (await isReady(parts.get(role)))] as const)),
      ),
    });
    const house: House = { config, clock, log, metrics, postgres, ingest, shared, readiness };
    let address = roles.includes('api') ? '' : await startHealth(house, undo);
    for (const [role, startRole] of starters) {
      if (!roles.includes(role)) continue;
      const part = await startRole(house);
      undo.push(() => part.stop());
      parts.set(role, part);
      address = part.address ?? address;
    }
    // Last: a start that fails has not made a key that nobody was told.
    const first = await makeFirstTenant(database, config);
    started = true;
    return { address, database, first, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A role that cannot even say whether it is ready is not. */
async function isReady(part: Part | undefined): Promise<boolean> {
  if (!part) return false;
  return Promise.try(async () => (await part.isReady?.()) ?? true).catch(() => false);
}

/** What watches the process finds it, whichever roles it has. Begins before the roles do, ends after them. */
async function startHealth({ config, metrics, readiness }: House, undo: (() => Promise<unknown>)[]): Promise<string> {
  const server = createHealthServer({ config, metrics, ready: readiness });
  const address = await listenOn(server, config);
  undo.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return address;
}

/** On an empty database: the tenant that a newcomer works with. Two processes that start at once make one. */
async function makeFirstTenant({ postgres }: Database, config: Config): Promise<FirstTenant | null> {
  if ((await allTenants(postgres)).length > 0) return null;
  const key = config.bootstrap_key;
  const tenant = { name: 'My business', slug: 'main', ...(key === null ? {} : { bootstrap_key: key }) };
  try {
    const made = await createTenantWithAdmin({ postgres, clock }, tenant, async (tx) => {
      await createTenantKeys(tx);
    });
    return { ...made, key_is_new: key === null };
  } catch (error) {
    if ((error as { code?: string }).code === '23505') return null;
    throw error;
  }
}
