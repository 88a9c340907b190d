import { EventEmitter } from 'node:events';
import { type JobHelpers, Logger as QueueLogger, type Runner, run, runMigrations, type WorkerEvents } from 'graphile-worker';
import { sql } from 'kysely';
import pg from 'pg';
import type { Clock } from './clock.ts';
import type { Postgres, Tx } from './postgres.ts';
import { due_field, noteEnded, noteStarted, type WorkedRun } from './scheduler/runs.ts';
import type { Schedule } from './scheduler/schedule.ts';
import type { Logger } from './telemetry.ts';

/** What a job gets beside its payload. A job may run more than once: its effect must not. */
export interface JobContext {
  postgres: Postgres;
  clock: Clock;
  log: Logger;
  /** Aborted when the process drains. */
  signal: AbortSignal;
  /** True where a failure is final: nobody tries again. */
  last_attempt: boolean;
}

export interface JobDefinition {
  /** `<room>.<what>`, such as `invoicing.run`. */
  name: string;
  /** A crontab line's five fields, in UTC, for what recurs: the scheduler enqueues it, with an empty payload. */
  cron?: string;
  /** What becomes of due times that nobody was there for: the latest is run, which is the rule, or none. */
  catch_up?: Schedule['catch_up'];
  run(payload: Record<string, string>, context: JobContext): Promise<void>;
}

export interface Jobs {
  /** False where the queue could not be reached for a while, so that others may take this worker's jobs. */
  isReady(): boolean;
  /** Finishes what runs, takes nothing more. */
  stop(): Promise<void>;
}

const silent = new QueueLogger(() => () => undefined);
const heartbeat_ms = 10_000;
const lease_s = 40;

/** Puts a job on the queue in the transaction of the change; `key` makes a second one replace the first while it waits. */
export async function enqueue(
  tx: Tx,
  name: string,
  payload: Record<string, string>,
  options: { key?: string; run_at?: Temporal.Instant } = {},
): Promise<void> {
  const body = JSON.stringify({ ...payload, tenant_id: tx.tenant_id });
  await tx.write(
    sql`SELECT tally_queue.enqueue(${name}, ${body}::jsonb, ${options.key ?? null}, ${options.run_at?.toString() ?? null}::timestamptz)`,
  );
}

/** Makes the queue's schema, owned by the role `jobs`, and the one function by which others enqueue. Part of `migrate up`. */
export async function prepareJobs(admin: pg.PoolConfig): Promise<void> {
  const client = new pg.Client(admin);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(7310003)');
    const database = (await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name')).rows[0]!.name;
    await client.query(`GRANT CREATE ON DATABASE ${database} TO tally_jobs`);
    const pool = new pg.Pool({ ...admin, max: 2, options: '-c role=tally_jobs' });
    quiet(pool);
    try {
      await runMigrations({ pgPool: pool, logger: silent });
    } finally {
      await pool.end();
    }
    await client.query(`SET ROLE tally_jobs; ${queueSchema} RESET ROLE;`);
  } finally {
    await client.end();
  }
}

/** A lost connection is replaced by the pool; it must not end the process. */
function quiet(pool: pg.Pool, tell: (error: Error) => void = () => undefined): void {
  pool.on('error', tell);
  pool.on('connect', (client) => client.on('error', tell));
}

const queueSchema = /* sql */ `
CREATE SCHEMA IF NOT EXISTS tally_queue;
CREATE TABLE IF NOT EXISTS tally_queue.heartbeat (worker_id text PRIMARY KEY, at timestamptz NOT NULL);
CREATE OR REPLACE FUNCTION tally_queue.enqueue(task text, payload jsonb, job_key text, run_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF payload->>'tenant_id' IS DISTINCT FROM current_setting('tally.tenant_id', true) OR payload->>'tenant_id' IS NULL THEN
    RAISE EXCEPTION 'a job is enqueued for the tenant of its transaction' USING ERRCODE = '42501';
  END IF;
  PERFORM graphile_worker.add_job(task, payload::json, job_key => job_key, run_at => run_at, max_attempts => 10);
END $$;
REVOKE ALL ON FUNCTION tally_queue.enqueue(text, jsonb, text, timestamptz) FROM PUBLIC;
GRANT USAGE ON SCHEMA tally_queue TO tally_app;
GRANT EXECUTE ON FUNCTION tally_queue.enqueue(text, jsonb, text, timestamptz) TO tally_app;
`;

/**
 * Runs jobs until stopped. graphile-worker keeps a killed worker's jobs locked for four hours; here every worker's name is
 * renewed each 10 s, and the jobs of a name not renewed for 40 s are given back.
 */
export async function startJobs(
  definitions: readonly JobDefinition[],
  context: Omit<JobContext, 'signal' | 'last_attempt'>,
): Promise<Jobs> {
  const stopping = new AbortController();
  const pool = new pg.Pool({ ...context.postgres.connection('jobs'), max: 4, idleTimeoutMillis: 10_000 });
  quiet(pool, (error) => {
    if (!stopping.signal.aborted) context.log.warn({ err: error }, 'job queue connection');
  });
  const names = new Set<string>();
  const events: WorkerEvents = new EventEmitter();
  events.on('worker:create', ({ worker }) => names.add(worker.workerId));
  const runner: Runner = await run({
    pgPool: pool,
    events,
    noHandleSignals: true,
    concurrency: 2,
    pollInterval: 2000,
    logger: silent,
    taskList: Object.fromEntries(
      definitions.map((job) => [
        job.name,
        async (payload: unknown, { job: { attempts, max_attempts, locked_by } }: JobHelpers) => {
          const last_attempt = attempts >= max_attempts;
          const { [due_field]: due_at, ...rest } = (payload ?? {}) as Record<string, string>;
          const run = (): Promise<void> => job.run(rest, { ...context, signal: stopping.signal, last_attempt });
          const recurring = { name: job.name, due_at, worker: locked_by ?? 'worker', clock: context.clock };
          try {
            await (due_at === undefined ? run() : recordRun(pool, { ...recurring, due_at, last_attempt }, run));
          } catch (error) {
            context.log.error(
              { err: error, job: job.name, attempts },
              `a job failed and ${last_attempt ? 'is given up' : 'will be tried again'}`,
            );
            // The queue keeps the message, and must be able to.
            throw new Error(storableReason(error), { cause: error });
          }
        },
      ]),
    ),
  });
  let beaten_ms = performance.now();
  const beat = async () => {
    await pool.query(
      `INSERT INTO tally_queue.heartbeat SELECT unnest($1::text[]), now() ON CONFLICT (worker_id) DO UPDATE SET at = now()`,
      [[...names]],
    );
    beaten_ms = performance.now();
    const lost = await pool.query<{ locked_by: string }>(
      `SELECT DISTINCT j.locked_by FROM graphile_worker.jobs j LEFT JOIN tally_queue.heartbeat h ON h.worker_id = j.locked_by
        WHERE j.locked_by IS NOT NULL AND coalesce(h.at, j.locked_at) < now() - make_interval(secs => $1)`,
      [lease_s],
    );
    const ids = lost.rows.map((row) => row.locked_by).filter((id) => !names.has(id));
    if (ids.length > 0) {
      await pool.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [ids]);
      await pool.query('DELETE FROM tally_queue.heartbeat WHERE worker_id = ANY ($1)', [ids]);
      context.log.warn({ workers: ids }, 'jobs of lost workers were given back');
    }
  };
  const timer = setInterval(() => {
    beat().catch((error: unknown) => context.log.warn({ err: error }, 'job heartbeat'));
  }, heartbeat_ms);
  await beat();
  return {
    isReady: () => performance.now() - beaten_ms < lease_s * 1000,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await runner.stop();
      await pool.query('DELETE FROM tally_queue.heartbeat WHERE worker_id = ANY ($1)', [[...names]]);
      await pool.end();
    },
  };
}

/** What recurs among jobs, for the scheduler. */
export function schedulesOf(definitions: readonly JobDefinition[]): Schedule[] {
  return definitions.flatMap(({ name, cron, catch_up = 'once' }) => (cron === undefined ? [] : [{ name, cron, catch_up }]));
}

/** Runs what fell due, and keeps that it began and what became of it. */
async function recordRun(
  pool: pg.Pool,
  { clock, last_attempt, ...run }: Omit<WorkedRun, 'now'> & { clock: Clock; last_attempt: boolean },
  work: () => Promise<void>,
): Promise<void> {
  await noteStarted(pool, { ...run, now: clock.now() });
  try {
    await work();
  } catch (error) {
    await noteEnded(pool, { ...run, now: clock.now() }, { error: storableReason(error), last: last_attempt });
    throw error;
  }
  await noteEnded(pool, { ...run, now: clock.now() }, { error: null, last: last_attempt });
}

/** What a row keeps of a failure: never longer than the column, without characters that cannot be stored. */
function storableReason(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll('\u0000', ' ').toWellFormed().slice(0, 2000) || 'unknown';
}
