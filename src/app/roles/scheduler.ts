import { cycleDuty } from '../../billing/invoicing/service/close-cycles.ts';
import { schedulesOf } from '../../platform/jobs.ts';
import { createSchedulerMetrics } from '../../platform/scheduler/metrics.ts';
import { startScheduler as start } from '../../platform/scheduler/scheduler.ts';
import type { House, Part } from '../house.ts';
import { jobDefinitions } from '../jobs.ts';

/** Closes billing cycles, and sets off what recurs; of all processes with this role, one does it at a time. */
export async function startScheduler(house: House): Promise<Part> {
  const { config, postgres, clock, log, metrics } = house;
  const schedulerMetrics = createSchedulerMetrics(metrics.registry);
  return start({
    postgres,
    clock,
    log,
    metrics: schedulerMetrics,
    schedules: schedulesOf(jobDefinitions({ ...house, ...config })),
    duties: [cycleDuty({ postgres, clock, log, metrics: schedulerMetrics })],
    lease_s: config.scheduler_lease_s,
  });
}
