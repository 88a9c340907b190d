import { Histogram, type Registry } from 'prom-client';
import type { Outcome } from '../model.ts';

/** How long attempts to deliver webhooks took, by what came of them: `taken`, the class of the status (`4xx`), or why there was none. */
export function createWebhookMetrics(registry: Registry): (outcome: Outcome, taken: boolean) => void {
  const seconds = new Histogram({
    name: 'tallystick_webhook_attempt_seconds',
    help: 'How long attempts to deliver webhooks took, in seconds',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  });
  return (outcome, taken) => {
    const untaken = outcome.error?.code ?? `${`${outcome.status}`.slice(0, 1)}xx`;
    seconds.observe({ outcome: taken ? 'taken' : untaken }, outcome.duration_ms / 1000);
  };
}
