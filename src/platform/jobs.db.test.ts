import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../../test/support/database.ts';
import { clock } from './clock.ts';
import { enqueue, type JobDefinition, type Jobs, startJobs } from './jobs.ts';
import { createLogger } from './telemetry.ts';

const t = await testDatabase();
const log = createLogger('silent');
const running: Jobs[] = [];
afterAll(async () => {
  for (const jobs of running) await jobs.stop();
});

/** Runs jobs; the promise is the payload of the next one that runs. */
async function work(name: string) {
  const { promise, resolve } = Promise.withResolvers<Record<string, string>>();
  const job: JobDefinition = {
    name,
    run: async (payload) => resolve(payload),
  };
  running.push(await startJobs([job], { postgres: t.postgres, clock, log }));
  return promise;
}

it('runs what was enqueued in a transaction that committed, and nothing of one that did not', async () => {
  await expect(
    t.transact(async (tx) => {
      await enqueue(tx, 'test.one', { number: '1' });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await t.transact((tx) => enqueue(tx, 'test.one', { number: '2' }));
  expect(await work('test.one')).toEqual({ number: '2', tenant_id: t.tenant_id });
});

it('takes no job for another tenant', async () => {
  const body = JSON.stringify({ tenant_id: t.other_tenant_id });
  const foreign = t.transact((tx) => tx.write(sql`SELECT tally_queue.enqueue('test.none', ${body}::jsonb, NULL, NULL)`));
  await expect(foreign).rejects.toMatchObject({ code: '42501' });
});

it('gives back the job of a worker that was killed', async () => {
  await t.transact((tx) => enqueue(tx, 'test.lost', { number: '3' }));
  const planted = await t.superuser(
    `UPDATE graphile_worker._private_jobs SET locked_by = 'worker-killed', locked_at = now() - interval '1 minute', attempts = 1
      WHERE task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'test.lost') RETURNING id`,
  );
  expect(planted).toHaveLength(1);
  expect(await work('test.lost')).toMatchObject({ number: '3' });
});
