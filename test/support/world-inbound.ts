import type { Sample } from './sample.ts';
import type { Answer } from './server.ts';
import { signedHeaders } from './signed.ts';

interface Maker {
  /** As a world's admin; throws unless it was made. */
  made(path: string, body: unknown, method?: string, headers?: Record<string, string>): Promise<Answer['body']>;
  name: string;
}

/** What a world's endpoints have taken: a message that is told of by an event, and one that waits. */
export async function populateInbound({ made, name }: Maker, ids: Record<string, string>): Promise<void> {
  const endpoint = (what: string) => made('/v1/inbound-endpoints', { kind: 'generic', name: `${name} ${what}` });
  const { endpoint_id, secret } = await endpoint('payments');
  ids.inbound_endpoint = endpoint_id;
  ids.inbound_endpoint_to_revoke = (await endpoint('old payments')).endpoint_id;
  const body = JSON.stringify({ type: 'payment.succeeded' });
  const path = `/v1/webhooks/in/${endpoint_id}`;
  ids.inbound_webhook = (await made(path, body, 'POST', signedHeaders({ secret, body }))).inbound_webhook_id;
}

/** A request for each of their operations. */
export function inboundSamples(ids: Readonly<Record<string, string>>, n: string): Record<string, Sample> {
  const one = `/v1/inbound-endpoints/${ids.inbound_endpoint}`;
  return {
    'POST /v1/inbound-endpoints': { url: '/v1/inbound-endpoints', body: { kind: 'generic', name: `Endpoint ${n}` } },
    'GET /v1/inbound-endpoints': { url: '/v1/inbound-endpoints?kind=generic' },
    'GET /v1/inbound-endpoints/{id}': { url: one },
    'PATCH /v1/inbound-endpoints/{id}': { url: one, body: { reference: `account ${n}` } },
    'POST /v1/inbound-endpoints/{id}:rotate-secret': { url: `${one}:rotate-secret`, body: {} },
    'DELETE /v1/inbound-endpoints/{id}': { url: `/v1/inbound-endpoints/${ids.inbound_endpoint_to_revoke}` },
    'GET /v1/inbound-webhooks': { url: `/v1/inbound-webhooks?endpoint_id=${ids.inbound_endpoint}` },
    'GET /v1/inbound-webhooks/{id}': { url: `/v1/inbound-webhooks/${ids.inbound_webhook}` },
    'POST /v1/inbound-webhooks/{id}:reprocess': { url: `/v1/inbound-webhooks/${ids.inbound_webhook}:reprocess` },
  };
}
