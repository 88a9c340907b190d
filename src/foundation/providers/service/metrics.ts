import type { Counter, Registry } from 'prom-client';
import { counterOf } from '../../../platform/telemetry.ts';

export interface InboundMetrics {
  /** Verified messages by what became of them: accepted, repeated, processed, ignored, failed, dead. */
  webhooks: Counter<'kind' | 'outcome'>;
  /** Messages that were refused unread, by reason. */
  refused: Counter<'reason'>;
}

/** The room's own numbers, in the registry of the process. */
export function createInboundMetrics(registry: Registry): InboundMetrics {
  return {
    webhooks: counterOf(registry, {
      name: 'tallystick_inbound_webhooks_total',
      help: 'Verified inbound webhooks by what became of them',
      labelNames: ['kind', 'outcome'],
    }),
    refused: counterOf(registry, {
      name: 'tallystick_inbound_refused_total',
      help: 'Inbound webhooks that were refused unread, by reason',
      labelNames: ['reason'],
    }),
  };
}
