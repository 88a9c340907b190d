import { Counter, type Registry } from 'prom-client';

export interface ReplayMetrics {
  replayed_events: Counter;
  verified_invoices: Counter;
  differences: Counter;
}

const made = new WeakMap<Registry, ReplayMetrics>();

/** The room's own numbers, in the registry of the process, once: the roles worker and scheduler of one process both read the list of jobs. */
export function createReplayMetrics(registry: Registry): ReplayMetrics {
  const known = made.get(registry);
  if (known) return known;
  const counter = (name: string, help: string) => new Counter({ name: `tallystick_${name}`, help, registers: [registry] });
  const metrics = {
    replayed_events: counter('replayed_events_total', 'Stored events that were sent through the reactions again'),
    verified_invoices: counter('verified_invoices_total', 'Invoices that were worked out again and compared'),
    differences: counter('verification_differences_total', 'What did not come to the same again; alert on any'),
  };
  made.set(registry, metrics);
  return metrics;
}
