import { Counter, type Registry } from 'prom-client';

export interface ReplayMetrics {
  replayed_events: Counter;
  verified_invoices: Counter;
  differences: Counter;
}

/** The room's own numbers, in the registry of the process; the same counters each time, since its roles share it. */
export function createReplayMetrics(registry: Registry): ReplayMetrics {
  const counter = (short_name: string, help: string) => {
    const name = `tallystick_${short_name}`;
    return (registry.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, registers: [registry] });
  };
  return {
    replayed_events: counter('replayed_events_total', 'Stored events that were sent through the reactions again'),
    verified_invoices: counter('verified_invoices_total', 'Invoices that were worked out again and compared'),
    differences: counter('verification_differences_total', 'What did not come to the same again; alert on any'),
  };
}
