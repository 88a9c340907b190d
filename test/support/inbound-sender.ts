import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, TestServer } from './server.ts';
import { type SignedMessage, signedHeaders } from './signed.ts';

export type Sending = Partial<SignedMessage> & { to: string; secret: string; headers?: Record<string, string> };

/** Sends webhooks in as an outside system would, and looks at what became of them as the tenant's admin. */
export function inboundSender(s: TestServer) {
  const webhook = async (id: string): Promise<Answer['body']> => (await s.call('GET', `/v1/inbound-webhooks/${id}`)).body;
  return {
    webhook,
    async makeEndpoint(over: object = {}): Promise<{ endpoint_id: string; secret: string }> {
      const { status, body } = await s.call('POST', '/v1/inbound-endpoints', { kind: 'generic', name: 'Payments', ...over });
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body;
    },
    deliver({ to, headers = {}, ...message }: Sending): Promise<Answer> {
      const { body = '{"type":"payment.succeeded"}' } = message;
      const signed = signedHeaders({ ...message, body });
      return s.call('POST', `/v1/webhooks/in/${to}`, body, { 'content-type': 'application/json', ...signed, ...headers });
    },
    /** Waits until its job is done with a message. */
    async settled(id: string): Promise<Answer['body']> {
      for (;;) {
        const found = await webhook(id);
        if (found.status !== 'received') return found;
        await sleep(20);
      }
    },
    async stored(endpoint_id: string): Promise<number> {
      const [row] = await s.t.superuser<{ count: number }>(
        'SELECT count(*)::int AS count FROM inbound_webhook WHERE endpoint_id = $1',
        [endpoint_id],
      );
      return row!.count;
    },
    eventsOf: async (id: string): Promise<Answer['body']> => (await s.call('GET', `/v1/events?aggregate_id=${id}`)).body.data,
  };
}
