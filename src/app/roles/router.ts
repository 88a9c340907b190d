import { openBus } from '../../foundation/events/adapters/bus.ts';
import { createEventMetrics } from '../../foundation/events/service/metrics.ts';
import type { House, Part } from '../house.ts';
import { routerOf } from '../reactions.ts';

/** Runs what follows each event: of the bus, or of the outbox where there is none. */
export async function startRouter({ config, postgres, clock, log, metrics }: House): Promise<Part> {
  const bus = await openBus(config.bus, log);
  const router = routerOf({
    postgres,
    clock,
    log,
    metrics: createEventMetrics(metrics.registry, postgres),
    subscriber: bus.subscriber,
    takes_pending: config.bus.kind === 'embedded',
  });
  await router.start();
  return {
    async stop() {
      await router.stop();
      await bus.publisher.close();
    },
  };
}
