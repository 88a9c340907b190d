import { beforeAll, expect, it } from 'vitest';
import { testServer } from '../../test/support/server.ts';
import { memoryAcks } from './acks.ts';
import { createUsageBuffer } from './buffer.ts';
import { createClient } from './client.ts';
import { ConnectionError, ProblemError } from './errors.ts';

const s = await testServer();
let base_url = '';
beforeAll(async () => {
  base_url = await s.listen();
});

const patient = { sleep: async () => undefined };
const client = (options: { fetch?: typeof fetch; retries?: number } = {}) =>
  createClient({ base_url, api_key: s.key, patience: patient, ...options });
const orgOf = (org_slug: string) => ({
  legal_name: org_slug,
  org_slug,
  billing_email: 'a@example.com',
  default_timezone: 'Australia/Sydney',
});

/** Every n-th request is not sent, every n-th answer not heard. */
function flaky(n: number, m: number): typeof fetch {
  let requests = 0;
  return async (url, init) => {
    requests += 1;
    if (requests % n === 0) throw new TypeError('fetch failed');
    const answer = await fetch(url, init);
    if (requests % m !== 0) return answer;
    await answer.arrayBuffer();
    throw new TypeError('terminated');
  };
}

it('makes what it is asked for once, however often the answer is lost', async () => {
  const org = await client({ fetch: flaky(3, 1 << 30) }).call('POST /v1/orgs', { body: orgOf('made-once') });
  let tries = 0;
  const forgetful: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init);
    tries += 1;
    if (tries < 3) throw new TypeError('terminated');
    return answer;
  };
  const again = await client({ fetch: forgetful }).call('POST /v1/orgs', { body: orgOf('made-twice') });
  expect(tries).toBe(3);
  const read = await client().call('GET /v1/orgs/{id}', { params: { id: again.org_id } });
  expect([read.org_slug, org.org_slug]).toEqual(['made-twice', 'made-once']);
});

it('throws a problem with its code, and says when there was no answer', async () => {
  const call = client().call('POST /v1/orgs', { body: { ...orgOf('bad'), default_timezone: 'Mars/Base' } });
  await expect(call).rejects.toBeInstanceOf(ProblemError);
  await expect(call).rejects.toMatchObject({
    status: 422,
    code: 'validation_failed',
    problem: { http_request_id: expect.any(String) },
  });
  await expect(client().call('GET /v1/orgs/{id}', { params: { id: 'a/b?c' } })).rejects.toMatchObject({ status: 422 });
  await expect(client({ fetch: flaky(1, 1), retries: 2 }).call('GET /v1/orgs', {})).rejects.toBeInstanceOf(ConnectionError);
});

it('waits as the server asks before it tries again', async () => {
  const waited: number[] = [];
  const answers = [
    new Response('{"status":429,"code":"rate_limited","title":"Slow"}', {
      status: 429,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '2' },
    }),
  ];
  const api = createClient({
    base_url,
    api_key: s.key,
    fetch: async (...request) => answers.shift() ?? fetch(...request),
    patience: {
      random: () => 0,
      sleep: async (ms) => {
        waited.push(ms);
      },
    },
  });
  expect((await api.call('GET /v1/orgs', { query: { limit: 1 } })).data).toHaveLength(1);
  expect(waited).toEqual([2000]);
});

it('lists the items of all pages', async () => {
  for (let at = 0; at < 7; at += 1) await client().call('POST /v1/orgs', { body: orgOf(`listed-${at}`) });
  const slugs: string[] = [];
  for await (const { org_slug } of client().list('GET /v1/orgs', { query: { q: 'listed-', limit: 3 } })) slugs.push(org_slug);
  expect(slugs.toSorted()).toEqual(Array.from({ length: 7 }, (_, at) => `listed-${at}`));
});

it('brings usage to the server once over a bad line, with an acknowledgement of each event', async () => {
  const { org_id } = await client().call('POST /v1/orgs', { body: orgOf('used') });
  await client().call('POST /v1/skus', { body: { sku: 'mail', type: 'action', unit: 'mail' } });
  const acks = memoryAcks();
  const rejected: unknown[] = [];
  const usage = createUsageBuffer({
    base_url,
    api_key: s.key,
    batch_events: 40,
    acks,
    fetch: flaky(3, 4),
    patience: patient,
    on_rejected: (rejection) => rejected.push(rejection),
  });
  const ids = await Promise.all(Array.from({ length: 300 }, () => usage.track({ org_id, sku: 'mail', quantity: '0.5' })));
  // A NUL makes the server refuse the body that holds it.
  await usage.track({ org_id, sku: 'mail', quantity: '1', request_id: 'bad', metadata: { text: '\u0000' } });
  await usage.track({ org_id, sku: 'unknown', quantity: '1', request_id: 'unknown' });
  await usage.close();
  expect(rejected).toMatchObject([
    { request_id: 'bad', code: 'malformed_request' },
    { request_id: 'unknown', code: 'sku_unknown' },
  ]);
  expect(new Set(acks.records.flatMap(({ events }) => events.map(({ request_id }) => request_id)))).toEqual(new Set(ids));
  const query = { org_id, sku: 'mail', from: '2020-01-01', to: '2099-01-01', window: 'month' } as const;
  // 300 × 0.5
  expect((await client().call('GET /v1/metering/usage', { query })).data).toMatchObject([{ count: 300, value: '150' }]);
});

it('leaves nothing for the audit to find', async () => {
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});
