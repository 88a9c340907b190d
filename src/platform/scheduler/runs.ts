import { sql } from 'kysely';
import type pg from 'pg';
import { failpoint } from '../failpoint.ts';
import type { Db } from '../postgres.ts';
import type { Lease } from './lease.ts';
import { nextDue, type Schedule } from './schedule.ts';

export const lease_name = 'scheduler';
const kept_days = 30;
const most_attempts = 3;

/** A schedule with the due time up to which it was looked at, and the one after. */
export interface KnownSchedule extends Schedule {
  last_due_at: Temporal.Instant;
  next_due_at: Temporal.Instant;
}

/** Puts on record what recurs, and forgets what does so no more. A schedule that is new is due from now on. */
export async function registerSchedules(
  pool: pg.Pool,
  schedules: readonly Schedule[],
  now: Temporal.Instant,
): Promise<KnownSchedule[]> {
  const column = (read: (schedule: Schedule) => string) => schedules.map(read);
  const { rows } = await pool.query<{ name: string; last_due_at: string }>(
    `WITH gone AS (DELETE FROM scheduler_schedule WHERE name <> ALL ($1::text[]))
     INSERT INTO scheduler_schedule (name, cron, catch_up, since, last_due_at)
     SELECT name, cron, catch_up, $4, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS t (name, cron, catch_up)
     ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, catch_up = excluded.catch_up RETURNING name, last_due_at`,
    [column((each) => each.name), column((each) => each.cron), column((each) => each.catch_up), now.toString()],
  );
  const known = new Map(rows.map((row) => [row.name, Temporal.Instant.from(row.last_due_at)]));
  return schedules.map((schedule) => {
    const last_due_at = known.get(schedule.name)!;
    return { ...schedule, last_due_at, next_due_at: nextDue(schedule, last_due_at) };
  });
}

/**
 * Enqueues a schedule's job for one due time, once whoever else tries, and only while the lease is the holder's by the database's clock.
 * A run of the schedule that still waits is superseded: a worker that was away does the work once. `known` where it was enqueued before,
 * `refused` where the lease is another's.
 */
export async function enqueueDue(
  pool: pg.Pool,
  lease: Pick<Lease, 'holder' | 'term'>,
  { name, due_at, now }: { name: string; due_at: Temporal.Instant; now: Temporal.Instant },
): Promise<'enqueued' | 'known' | 'refused'> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const made = await client.query(
      `INSERT INTO scheduler_run (name, due_at, enqueued_at, enqueued_by)
       SELECT $1, $2, $3, $4 FROM scheduler_lease WHERE name = $5 AND holder = $4 AND term = $6 AND until > clock_timestamp()
       ON CONFLICT DO NOTHING`,
      [name, due_at.toString(), now.toString(), lease.holder, lease_name, lease.term()],
    );
    if (made.rowCount === 1) {
      await client.query(
        `UPDATE scheduler_run SET finished_at = $3, outcome = 'superseded'
          WHERE name = $1 AND due_at < $2 AND finished_at IS NULL AND started_at IS NULL`,
        [name, due_at.toString(), now.toString()],
      );
      await client.query('SELECT graphile_worker.add_job($1::text, $2::json, job_key => $3::text, max_attempts => $4::int)', [
        name,
        JSON.stringify({ [due_field]: due_at.toString() }),
        `schedule ${name}`,
        most_attempts,
      ]);
      failpoint('scheduler.due-not-committed');
    }
    const looked = await client.query(
      `UPDATE scheduler_schedule s SET last_due_at = greatest(last_due_at, $2) FROM scheduler_run r
        WHERE s.name = $1 AND r.name = $1 AND r.due_at = $2`,
      [name, due_at.toString()],
    );
    await client.query('COMMIT');
    if (made.rowCount === 1) return 'enqueued';
    return looked.rowCount === 1 ? 'known' : 'refused';
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Lets a due time go by that was missed and is not caught up. */
export async function passOver(pool: pg.Pool, name: string, due_at: Temporal.Instant): Promise<void> {
  await pool.query('UPDATE scheduler_schedule SET last_due_at = greatest(last_due_at, $2) WHERE name = $1', [
    name,
    due_at.toString(),
  ]);
}

/** The member of a job's payload that says for which due time it was enqueued. */
export const due_field = 'scheduled_for';

/** A run as its worker keeps it. */
export interface WorkedRun {
  name: string;
  due_at: string;
  worker: string;
  now: Temporal.Instant;
}

export async function noteStarted(pool: pg.Pool, { name, due_at, worker, now }: WorkedRun): Promise<void> {
  await pool.query(
    `UPDATE scheduler_run SET started_at = coalesce(started_at, $3), attempts = attempts + 1, run_by = $4 WHERE name = $1 AND due_at = $2`,
    [name, due_at, now.toString(), worker],
  );
}

/** `error` null for one that was done; `last` where nobody tries again. */
export async function noteEnded(
  pool: pg.Pool,
  { name, due_at, now }: WorkedRun,
  { error, last }: { error: string | null; last: boolean },
): Promise<void> {
  const outcome = error === null ? 'done' : last ? 'failed' : null;
  await pool.query(
    `UPDATE scheduler_run SET error = $3, outcome = $4, finished_at = CASE WHEN $4::text IS NULL THEN NULL ELSE $5::timestamptz END
      WHERE name = $1 AND due_at = $2`,
    [name, due_at, error, outcome, now.toString()],
  );
}

/** Forgets runs that are long over. */
export async function sweepRuns(pool: pg.Pool, now: Temporal.Instant): Promise<void> {
  await pool.query('DELETE FROM scheduler_run WHERE finished_at < $1', [now.subtract({ hours: 24 * kept_days }).toString()]);
}

export interface RunEntry {
  name: string;
  due_at: string;
  enqueued_at: string;
  started_at: string | null;
  attempts: number;
  finished_at: string | null;
  outcome: 'done' | 'failed' | 'superseded' | null;
}

/** Newest first: names and times, which are nobody's secret. What went wrong is in the log, for it may name a tenant's things. */
export function selectRuns(
  db: Db,
  query: { name: string | null; limit: number; below: { due_at: string; name: string } | null },
): Promise<RunEntry[]> {
  return db.rows(sql<RunEntry>`
    SELECT name, due_at, enqueued_at, started_at, attempts, finished_at, outcome FROM scheduler_run
     WHERE (${query.name}::text IS NULL OR name = ${query.name})
       AND (${query.below?.due_at ?? null}::timestamptz IS NULL OR due_at < ${query.below?.due_at ?? null}
            OR (due_at = ${query.below?.due_at ?? null} AND name > ${query.below?.name ?? null}))
     ORDER BY due_at DESC, name LIMIT ${query.limit}`);
}

export function selectSchedules(db: Db): Promise<(Schedule & { since: string; last_due_at: string })[]> {
  return db.rows(sql<Schedule & { since: string; last_due_at: string }>`
    SELECT name, cron, catch_up, since, last_due_at FROM scheduler_schedule ORDER BY name`);
}
