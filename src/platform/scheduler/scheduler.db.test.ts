import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type Jobs, startJobs } from '../jobs.ts';
import { createLogger } from '../telemetry.ts';
import { createLease, type Lease } from './lease.ts';
import { createSchedulerMetrics } from './metrics.ts';
import { enqueueDue, lease_name, registerSchedules } from './runs.ts';
import type { Schedule } from './schedule.ts';
import { type Duty, type Scheduler, startScheduler } from './scheduler.ts';

let t: TestDatabase;
const open: (Scheduler | Jobs)[] = [];
const log = createLogger('silent');

beforeEach(async () => {
  t = await testDatabase();
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
  await t.close();
});

/** A clock that a test sets, and that counts how often it is asked. */
function wallAt(text: string) {
  let now = Temporal.Instant.from(text);
  let asked = 0;
  return {
    now() {
      asked += 1;
      return now;
    },
    asked: () => asked,
    set(to: string) {
      now = Temporal.Instant.from(to);
    },
  };
}

const nightly: Schedule = { name: 'test.nightly', cron: '23 3 * * *', catch_up: 'once' };
const minutely: Schedule = { name: 'test.minutely', cron: '* * * * *', catch_up: 'none' };

function scheduler(clock: ReturnType<typeof wallAt>, over: { schedules?: Schedule[]; duties?: Duty[]; lease?: Lease } = {}) {
  const { schedules = [nightly], duties = [], lease } = over;
  const metrics = createSchedulerMetrics(new Registry());
  const settings = { postgres: t.postgres, clock, log, metrics, schedules, duties, lease_s: 30, tick_ms: 20 };
  const made = startScheduler({ ...settings, ...(lease ? { lease } : {}) });
  open.push(made);
  return made;
}

const leaseOf = (holder: string, lease_s = 30) => createLease(t.postgres.pool('jobs'), { name: lease_name, holder, lease_s });

const runs = () =>
  t.superuser<{ name: string; due_at: string; outcome: string | null; attempts: number; error: string | null }>(
    'SELECT name, due_at, outcome, attempts, error FROM scheduler_run ORDER BY due_at, name',
  );
const dues = async () => (await runs()).map((run) => run.due_at);
const queued = () => t.superuser<{ key: string }>('SELECT key FROM graphile_worker.jobs ORDER BY id');

async function until(met: () => Promise<boolean>) {
  const deadline = performance.now() + 30_000;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('did not come true within thirty seconds');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A scheduler of which a test can wait until it has looked once more, from now on: for each schedule it asks what time it is. */
async function looked(clock: ReturnType<typeof wallAt>, over: Parameters<typeof scheduler>[1] = {}) {
  const made = scheduler(clock, over);
  return {
    made,
    once() {
      // The rest of the look that is under way, a whole one, and the beginning of the next.
      const enough = clock.asked() + 2 * (over.schedules?.length ?? 1) + 2;
      return until(async () => clock.asked() >= enough);
    },
  };
}

describe('a lease', () => {
  it('is one holder’s at a time, renewed by it alone, and another’s once it ran out or was let go', async () => {
    const [one, two] = [leaseOf('one'), leaseOf('two')];
    expect(await one.attend()).toBe(true);
    expect(await two.attend()).toBe(false);
    expect([one.holds(), two.holds()]).toEqual([true, false]);
    expect(await one.attend()).toBe(true);
    expect(one.term()).toBe('1');
    await t.superuser("UPDATE scheduler_lease SET until = clock_timestamp() - interval '1 ms'");
    expect(await two.attend()).toBe(true);
    expect(two.term()).toBe('2');
    expect(await one.attend()).toBe(false);
    expect(one.holds()).toBe(false);
    await two.release();
    expect(await one.attend()).toBe(true);
    expect(one.term()).toBe('3');
  });

  it('is no longer held by who did not renew it in time, whatever it believes to be doing', async () => {
    const one = leaseOf('one', 0.05);
    expect(await one.attend()).toBe(true);
    await until(async () => !one.holds());
    const two = leaseOf('two');
    await until(() => two.attend());
  });

  it('is taken by one of many that try at once', async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, (_, n) => leaseOf(`holder-${n}`).attend()));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});

describe('what recurs', () => {
  it('is enqueued at its due time, once, though two schedulers work', async () => {
    const clock = wallAt('2026-03-01T03:22:00Z');
    const one = await looked(clock, { schedules: [nightly, minutely] });
    await one.once();
    scheduler(clock, { schedules: [nightly, minutely] });
    expect(await dues()).toEqual([]);
    clock.set('2026-03-01T03:23:01Z');
    await one.once();
    expect(await runs()).toMatchObject([
      { name: 'test.minutely', due_at: '2026-03-01T03:23:00Z', outcome: null },
      { name: 'test.nightly', due_at: '2026-03-01T03:23:00Z', outcome: null },
    ]);
    expect(await queued()).toHaveLength(2);
    await one.once();
    expect(await runs()).toHaveLength(2);
  });

  it('runs once after a downtime of months, or waits for the next time, as its policy is', async () => {
    const clock = wallAt('2026-01-01T12:00:00Z');
    const before = await looked(clock, { schedules: [nightly, minutely] });
    await before.once();
    await before.made.stop();
    clock.set('2026-04-01T12:00:30Z');
    const after = await looked(clock, { schedules: [{ ...nightly }, { ...minutely, cron: '59 * * * *' }] });
    await after.once();
    expect(await runs()).toMatchObject([{ name: 'test.nightly', due_at: '2026-04-01T03:23:00Z' }]);
    clock.set('2026-04-01T12:59:02Z');
    await after.once();
    expect((await runs()).map((run) => run.name)).toEqual(['test.nightly', 'test.minutely']);
  });

  it('that is new is not due for times before it was known', async () => {
    const clock = wallAt('2026-01-01T12:00:00Z');
    const one = await looked(clock);
    await one.once();
    expect(await runs()).toEqual([]);
  });

  it('is enqueued by nobody whose lease is over, though it believes to lead', async () => {
    const clock = wallAt('2026-03-01T03:24:00Z');
    const pool = t.postgres.pool('jobs');
    await registerSchedules(pool, [nightly], Temporal.Instant.from('2026-03-01T00:00:00Z'));
    const [paused, leader] = [leaseOf('paused'), leaseOf('leader')];
    await paused.attend();
    await t.superuser("UPDATE scheduler_lease SET until = clock_timestamp() - interval '1 ms'");
    await leader.attend();
    expect(paused.holds()).toBe(true);
    const due = { name: nightly.name, due_at: Temporal.Instant.from('2026-03-01T03:23:00Z'), now: clock.now() };
    expect(await enqueueDue(pool, paused, due)).toBe('refused');
    expect(await dues()).toEqual([]);
    const outcomes = await Promise.all([1, 2, 3].map(() => enqueueDue(pool, leader, due)));
    expect(outcomes.sort()).toEqual(['enqueued', 'known', 'known']);
    expect(await queued()).toHaveLength(1);
  });

  it('takes the place of a run of its own that still waits, so that a worker that was away works once', async () => {
    const clock = wallAt('2026-03-01T03:22:00Z');
    const one = await looked(clock, { schedules: [minutely] });
    await one.once();
    for (const minute of ['23', '24', '25']) {
      clock.set(`2026-03-01T03:${minute}:00Z`);
      await one.once();
    }
    expect((await runs()).map((run) => run.outcome)).toEqual(['superseded', 'superseded', null]);
    expect(await queued()).toHaveLength(1);
    const ran: Record<string, string>[] = [];
    const job = {
      name: minutely.name,
      cron: minutely.cron,
      run: async (payload: Record<string, string>) => void ran.push(payload),
    };
    open.push(await startJobs([job], { postgres: t.postgres, clock, log }));
    await until(async () => (await runs())[2]?.outcome === 'done');
    expect(ran).toEqual([{}]);
  });

  it('that fails is tried again, and failed with its reason when it is given up', async () => {
    const clock = wallAt('2026-03-01T03:22:00Z');
    const one = await looked(clock);
    await one.once();
    clock.set('2026-03-01T03:23:00Z');
    await one.once();
    let broken = true;
    const job = {
      name: nightly.name,
      async run() {
        if (broken) throw new TypeError('not today\u0000');
      },
    };
    open.push(await startJobs([job], { postgres: t.postgres, clock, log }));
    await until(async () => (await runs())[0]?.error !== null);
    expect(await runs()).toMatchObject([{ outcome: null, error: 'TypeError: not today ' }]);
    await t.superuser('UPDATE graphile_worker._private_jobs SET run_at = now(), attempts = 2');
    await until(async () => (await runs())[0]?.outcome === 'failed');
    broken = false;
    clock.set('2026-03-02T03:23:00Z');
    await one.once();
    await until(async () => (await runs())[1]?.outcome === 'done');
  });

  it('does not recur where there is a worker and no scheduler', async () => {
    const clock = wallAt('2026-03-01T03:22:00Z');
    open.push(await startJobs([{ ...minutely, run: async () => undefined }], { postgres: t.postgres, clock, log }));
    expect(await t.superuser('SELECT * FROM graphile_worker._private_known_crontabs')).toEqual([]);
    expect(await queued()).toEqual([]);
  });
});

describe('a duty', () => {
  it('is the leader’s alone, and goes on though it failed', async () => {
    const clock = wallAt('2026-03-01T00:00:00Z');
    const counts = [0, 0];
    const duty = (place: 0 | 1): Duty => ({
      name: 'test',
      async attend() {
        counts[place] = counts[place]! + 1;
        throw new Error('once more');
      },
    });
    const leader = scheduler(clock, { duties: [duty(0)] });
    await until(async () => counts[0]! > 2);
    const follower = scheduler(clock, { duties: [duty(1)] });
    await until(async () => counts[0]! > 10);
    expect(counts[1]).toBe(0);
    await leader.stop();
    const ended = counts[0];
    await until(async () => counts[1]! > 2);
    expect(counts[0]).toBe(ended);
    await follower.stop();
  });
});
