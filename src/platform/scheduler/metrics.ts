import { Counter, Gauge, type Registry } from 'prom-client';

export interface SchedulerMetrics {
  leads: Gauge;
  runs: Counter<'name'>;
  cycles: Counter;
  /** Seconds since the oldest cycle that is due fell due, by its tenant's clock. */
  lag_s: Gauge;
}

export function createSchedulerMetrics(registry: Registry): SchedulerMetrics {
  return {
    leads: new Gauge({
      name: 'tallystick_scheduler_leader',
      help: '1 where this process leads the schedulers',
      registers: [registry],
    }),
    runs: new Counter({
      name: 'tallystick_scheduler_runs_total',
      help: 'Recurring jobs that this process enqueued',
      labelNames: ['name'],
      registers: [registry],
    }),
    cycles: new Counter({
      name: 'tallystick_billing_cycles_closed_total',
      help: 'Billing cycles that this process closed',
      registers: [registry],
    }),
    lag_s: new Gauge({
      name: 'tallystick_billing_cycle_lag_seconds',
      help: 'How long the oldest due billing cycle has been due, in seconds; 0 where none is',
      registers: [registry],
    }),
  };
}
