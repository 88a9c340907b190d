import type { Envelope } from '../../foundation/events/model.ts';
import type { Reaction } from '../../foundation/events/service/react.ts';
import { lineage } from '../../foundation/tenancy/service.ts';
import type { Tx } from '../../platform/postgres.ts';
import { messageBody } from './decide/signature.ts';
import { insertDeliveries } from './sql/deliveries.ts';
import { lockSubscribers, type Subscriber, selectTenantsWithWebhooks } from './sql/webhooks.ts';

/**
 * To every event: a delivery to each live endpoint that wants it. `to_organizations` are the types that organizations may be told about themselves.
 * Which tenants have endpoints is asked anew for each batch of events: a memory of it could be older than an endpoint, and lose what it waits for.
 */
export function enqueueDeliveries(to_organizations: readonly string[]): Reaction {
  const told: ReadonlySet<string> = new Set(to_organizations);
  return {
    name: 'webhooks.enqueue_deliveries',
    tenantsConcerned: async (postgres, tenant_ids) =>
      new Set(await selectTenantsWithWebhooks(postgres.pool('relay'), tenant_ids)),
    async react(tx, event) {
      const subscribers = await lockSubscribers(tx, event, told.has(event.type));
      const webhook_ids = await concerned(tx, event, subscribers);
      if (webhook_ids.length === 0) return;
      const message = { event_id: event.id, type: event.type, event_at: event.time, body: messageBody(event) };
      await insertDeliveries(tx, message, webhook_ids, 'event');
    },
  };
}

/** Those of the whole tenant, and those of the event's organization and of all above it. */
async function concerned(tx: Tx, { orgid, type, data }: Envelope, subscribers: readonly Subscriber[]): Promise<string[]> {
  const bound = subscribers.some(({ org_id }) => org_id !== null);
  const orgs = bound && orgid !== undefined ? await lineage(tx, orgid) : [];
  return subscribers
    .filter(({ org_id }) => org_id === null || orgs.includes(org_id))
    .filter(({ webhook_id }) => !(type === 'webhook.delivery.failed' && data.webhook_id === webhook_id))
    .map(({ webhook_id }) => webhook_id);
}
