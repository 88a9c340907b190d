import type { Server } from '../../platform/http.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import type { WebhookDeps } from './service/webhooks.ts';

export function routes(server: Server, deps: WebhookDeps): void {
  webhookRoutes(server, deps);
  deliveryRoutes(server, deps);
}
