import { openBus } from '../../foundation/events/adapters/bus.ts';
import { createDispatcher } from '../../foundation/events/service/dispatch.ts';
import { createEventMetrics } from '../../foundation/events/service/metrics.ts';
import type { House, Part } from '../house.ts';

/** Takes what is in the outbox to the bus. Without one the router takes events from the outbox itself, and there is nothing to do here. */
export async function startDispatcher({ config, postgres, log, metrics }: House): Promise<Part> {
  if (config.bus.kind === 'embedded') {
    log.info('the bus is embedded: the role router takes events from the outbox itself, and the dispatcher rests');
    return { stop: async () => undefined };
  }
  const { publisher, subscriber } = await openBus(config.bus, log);
  const dispatcher = createDispatcher({
    postgres,
    publisher,
    log,
    metrics: createEventMetrics(metrics.registry, postgres),
    // Where nothing comes back, there is nothing to wait for.
    ...(subscriber === null ? { grace_ms: 0 } : {}),
  });
  dispatcher.start();
  return {
    isReady: () => dispatcher.isReady(),
    async stop() {
      await dispatcher.stop();
      await publisher.close();
    },
  };
}
