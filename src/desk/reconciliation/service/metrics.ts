import type { Counter, Registry } from 'prom-client';
import { counterOf } from '../../../platform/telemetry.ts';

export interface ReplayMetrics {
  replayed_events: Counter;
  verified_invoices: Counter;
  differences: Counter;
}

/** The room's own numbers, in the registry of the process. */
export function createReplayMetrics(registry: Registry): ReplayMetrics {
  const counter = (name: string, help: string) => counterOf(registry, { name: `tallystick_${name}`, help });
  return {
    replayed_events: counter('replayed_events_total', 'Stored events that were sent through the reactions again'),
    verified_invoices: counter('verified_invoices_total', 'Invoices that were worked out again and compared'),
    differences: counter('verification_differences_total', 'What did not come to the same again; alert on any'),
  };
}
