import type { Sample } from './sample.ts';
import type { Answer, TestServer, TestTenant } from './server.ts';
import { happen, testSender } from './webhooks.ts';

/** A world's endpoints: one with a delivery that was replayed, one with dead letters, and one to take away. */
export async function populateWebhooks(
  s: TestServer,
  tenant: TestTenant,
  made: (path: string, body: unknown) => Promise<Answer['body']>,
  ids: Record<string, string>,
): Promise<void> {
  const endpoint = async (more: object = {}) =>
    (await made('/v1/webhooks', { url: 'https://hooks.example.com/', event_types: ['webhook.changed'], ...more })).webhook_id;
  ids.webhook = await endpoint({ org_id: ids.org });
  ids.removed_webhook = await endpoint();
  ids.webhook_event = await happen(s.t, { type: 'webhook.changed', org_id: ids.org!, tenant_id: tenant.tenant_id });
  const sender = testSender(s.t, {
    // Nothing leaves the test: whoever it is answers no.
    resolver: { resolve: async () => ({ address: '93.184.216.34' }) },
    transport: {
      post: async () => ({ answer: { status: 500, headers: {}, body: 'no', cut: false } }),
      close: async () => undefined,
    },
  });
  for (const minutes of [0, 5, 30, 120]) await sender.after(minutes * 60_000);
  await sender.close();
  const [delivery] = await s.t.superuser<{ delivery_id: string }>(
    'SELECT delivery_id FROM webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2',
    [tenant.tenant_id, ids.webhook],
  );
  ids.webhook_delivery = delivery!.delivery_id;
  await happen(s.t, { type: 'webhook.changed', org_id: ids.org!, tenant_id: tenant.tenant_id });
  ids.webhook_replay = (await made(`/v1/webhooks/${ids.webhook}:replay`, { status: 'delivered' })).replay_id;
}

/** A request for each of their operations. */
export function webhookSamples(ids: Readonly<Record<string, string>>): Record<string, Sample> {
  const path = `/v1/webhooks/${ids.webhook}`;
  const delivery = `${path}/deliveries/${ids.webhook_delivery}`;
  return {
    'GET /v1/webhooks': { url: `/v1/webhooks?org_id=${ids.org}` },
    'GET /v1/webhook-event-types': { url: '/v1/webhook-event-types' },
    'POST /v1/webhooks': {
      url: '/v1/webhooks',
      body: { url: 'https://hooks.example.com/', event_types: ['invoice.generated'], org_id: ids.org },
    },
    'GET /v1/webhooks/{id}': { url: path },
    'PATCH /v1/webhooks/{id}': { url: path, body: { description: 'A description', schedule: 'extended' } },
    'POST /v1/webhooks/{id}:rotate-secret': { url: `${path}:rotate-secret`, body: { keep_hours: 0 } },
    'POST /v1/webhooks/{id}:test': { url: `${path}:test` },
    'GET /v1/webhooks/{id}/deliveries': { url: `${path}/deliveries?event_id=${ids.webhook_event}` },
    'GET /v1/webhooks/{id}/deliveries/{delivery_id}': { url: delivery },
    'GET /v1/webhooks/{id}/deliveries/{delivery_id}/attempts': { url: `${delivery}/attempts` },
    'GET /v1/webhooks/{id}/dead-letters': { url: `${path}/dead-letters?replayed=true` },
    'GET /v1/webhooks/{id}/replays/{replay_id}': { url: `${path}/replays/${ids.webhook_replay}` },
    'POST /v1/webhooks/{id}/deliveries/{delivery_id}:replay': { url: `${delivery}:replay` },
    'POST /v1/webhooks/{id}:replay': {
      url: `${path}:replay`,
      body: { from: '2025-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z', types: ['webhook.changed'], status: 'failed' },
    },
    'POST /v1/webhooks/{id}:disable': { url: `${path}:disable` },
    'POST /v1/webhooks/{id}:enable': { url: `${path}:enable` },
    'DELETE /v1/webhooks/{id}': { url: `/v1/webhooks/${ids.removed_webhook}` },
  };
}
