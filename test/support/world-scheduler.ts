import { Registry } from 'prom-client';
import { closeDueCycles } from '../../src/billing/invoicing/service/close-cycles.ts';
import { clock } from '../../src/platform/clock.ts';
import { createLease } from '../../src/platform/scheduler/lease.ts';
import { createSchedulerMetrics } from '../../src/platform/scheduler/metrics.ts';
import { enqueueDue, lease_name, registerSchedules } from '../../src/platform/scheduler/runs.ts';
import { nextDue, type Schedule } from '../../src/platform/scheduler/schedule.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import type { TestServer } from './server.ts';

const schedule: Schedule = { name: 'meters.sweep_files', cron: '17 4 * * *', catch_up: 'once' };

/** What a scheduler leaves behind: what recurs, a run of it, and cycles that were looked at. */
export async function populateScheduler(s: TestServer): Promise<void> {
  const { postgres } = s.t;
  const pool = postgres.pool('jobs');
  const now = clock.now();
  await registerSchedules(pool, [schedule], now);
  const lease = createLease(pool, { name: lease_name, holder: 'world', lease_s: 30 });
  await lease.attend();
  await enqueueDue(pool, lease, { name: schedule.name, due_at: nextDue(schedule, now), now });
  const deps = { postgres, clock, log: createLogger('silent'), metrics: createSchedulerMetrics(new Registry()) };
  await closeDueCycles(deps, () => true);
}
