import { createResolver } from '../../desk/webhooks/adapters/resolver.ts';
import { createTransport } from '../../desk/webhooks/adapters/transport.ts';
import { createWebhookMetrics } from '../../desk/webhooks/service/metrics.ts';
import { createSender } from '../../desk/webhooks/service/sender.ts';
import { clock } from '../../platform/clock.ts';
import type { House, Part } from '../house.ts';

/** From the resolution of a name to the end of an answer; well within the lease of a delivery. */
const deadline_ms = 15_000;

/** Delivers webhooks. */
export async function startWebhooks({ config, log, metrics, postgres }: House): Promise<Part> {
  const allowed = config.webhooks_allow_private;
  const resolver = createResolver({ clock, allowed });
  const transport = createTransport();
  const sender = createSender({
    postgres,
    clock,
    log,
    resolver,
    transport,
    allowed,
    deadline_ms,
    disable_after_days: config.webhooks_disable_after_days,
    observe: createWebhookMetrics(metrics.registry),
  });
  sender.start();
  return {
    async stop() {
      await sender.stop();
      await transport.close();
    },
  };
}
