import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../cursor.ts';
import type { Server } from '../http.ts';
import { PageQuery, page } from '../schemas.ts';
import { selectRuns, selectSchedules } from './runs.ts';
import { nextDue } from './schedule.ts';

const tags = ['Scheduler'];

const Schedule = z.object({
  name: z.string(),
  cron: z.string().meta({ description: "a crontab line's five fields, in UTC" }),
  catch_up: z.enum(['once', 'none']).meta({ description: 'after a downtime: the latest missed due time is run, or none' }),
  since: z.string(),
  last_due_at: z.string().nullable().meta({ description: 'the latest due time that was looked at; null before the first' }),
  next_due_at: z.string(),
});

const Run = z.object({
  name: z.string(),
  due_at: z.string(),
  enqueued_at: z.string(),
  started_at: z.string().nullable(),
  attempts: z.number().int(),
  finished_at: z.string().nullable(),
  outcome: z
    .enum(['done', 'failed', 'superseded'])
    .nullable()
    .meta({ description: 'null while it waits, runs or is tried again; superseded where the next fell due before it was begun' }),
});

/** What the server itself does again and again, for a tenant's staff: names and times, and nothing of any tenant. */
export function schedulerRoutes(server: Server, { clock }: { clock: Clock }): void {
  server.query({
    method: 'GET',
    url: '/v1/scheduler/schedules',
    scope: 'billing:read',
    summary: 'What recurs, and when next, by the wall clock',
    tags,
    response: { 200: z.object({ data: z.array(Schedule) }) },
    handle: async (db) => {
      const known = await selectSchedules(db);
      const now = clock.now();
      const data = known.map((schedule) => ({
        ...schedule,
        last_due_at: schedule.last_due_at === schedule.since ? null : schedule.last_due_at,
        next_due_at: nextDue(schedule, now).toString(),
      }));
      return { status: 200, body: { data } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/scheduler/runs',
    scope: 'billing:read',
    summary: 'What fell due and what became of it, newest first; kept for 30 days',
    tags,
    querystring: z.strictObject({ ...PageQuery, name: z.string().max(200).optional() }),
    response: { 200: page(Run) },
    handle: async (db, { query }) => {
      const sort = 'scheduler_runs.due_at';
      const [due_at, name] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
      const below = due_at === undefined || name === undefined ? null : { due_at, name };
      const rows = await selectRuns(db, { name: query.name ?? null, limit: query.limit + 1, below });
      const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.due_at, row.name]));
      return { status: 200, body: { data, next_cursor } };
    },
  });
}
