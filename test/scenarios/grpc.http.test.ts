import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { expect, it } from 'vitest';
import { ProblemSchema } from '../../src/proto/tallystick/v1/problem_pb.ts';
import { UsageService } from '../../src/proto/tallystick/v1/usage_pb.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();
const address = await s.listen();
const headers = { authorization: `Bearer ${s.key}` };
it('smoke', async () => {
  const org = (
    await s.call('POST', '/v1/orgs', { legal_name: 'A', org_slug: 'a', billing_email: 'a@a.example', default_timezone: 'UTC' })
  ).body.org_id;
  await s.call('POST', '/v1/skus', { sku: 'calls', type: 'action', unit: 'call', aggregation: 'sum' });
  const transports: Transport[] = [
    createGrpcTransport({ baseUrl: address }),
    createGrpcWebTransport({ baseUrl: address, httpVersion: '1.1' }),
    createConnectTransport({ baseUrl: address, httpVersion: '1.1' }),
    createConnectTransport({ baseUrl: address, httpVersion: '2' }),
  ];
  for (const [at, transport] of transports.entries()) {
    const client = createClient(UsageService, transport);
    const event = {
      requestId: `r${at}`,
      sku: 'calls',
      quantity: '1',
      orgId: org,
      time: '2026-01-01T00:00:00Z',
      properties: { a: 1 },
    };
    const answer = await client.ingestEvents({ events: [event, { requestId: 'x' }] }, { headers });
    console.log(answer);
    try {
      await client.ingestEvents({ events: [{ requestId: 'x' }] }, { headers });
    } catch (error) {
      const e = ConnectError.from(error);
      console.log(e.code, Code[e.code], e.rawMessage, e.findDetails(ProblemSchema), Object.fromEntries(e.metadata));
    }
    await expect(client.ingestEvents({ events: [event] })).rejects.toThrow(/API key/);
  }
  const client = createClient(UsageService, transports[0]!);
  async function* batches() {
    for (let i = 0; i < 3; i++)
      yield { events: [{ requestId: `s${i}`, sku: 'calls', quantity: '1', orgId: org, time: '2026-01-01T00:00:00Z' }] };
    yield { events: [] };
  }
  for await (const answer of client.ingestStream(batches(), { headers })) console.log(answer.batch, answer.outcome.case);
});
