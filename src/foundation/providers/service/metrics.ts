import { Counter, type Registry } from 'prom-client';

export interface InboundMetrics {
  /** Verified messages by what became of them: accepted, repeated, processed, ignored, failed, dead. */
  webhooks: Counter<'kind' | 'outcome'>;
  /** Messages that were refused unread, by reason. */
  refused: Counter<'reason'>;
}

/** The same counters each time: roles of one process share its registry. */
export function createInboundMetrics(registry: Registry): InboundMetrics {
  return {
    webhooks: counter(registry, 'tallystick_inbound_webhooks_total', 'Verified inbound webhooks by what became of them', [
      'kind',
      'outcome',
    ]),
    refused: counter(registry, 'tallystick_inbound_refused_total', 'Inbound webhooks that were refused unread, by reason', [
      'reason',
    ]),
  };
}

function counter<Label extends string>(registry: Registry, name: string, help: string, labelNames: Label[]): Counter<Label> {
  const known = registry.getSingleMetric(name) as Counter<Label> | undefined;
  return known ?? new Counter({ name, help, labelNames, registers: [registry] });
}
