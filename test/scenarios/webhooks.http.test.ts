import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { testServer } from '../support/server.ts';
import { defects, receiver, testSender } from '../support/webhooks.ts';

const s = await testServer({ jobs: true });

it('a change made over HTTP arrives at the endpoint that asked for it, signed, with the id of its event', async () => {
  const there = await receiver();
  const asked = { url: 'https://hooks.example.com/', event_types: ['organization.created'] };
  const { webhook_id, secret } = (await s.call('POST', '/v1/webhooks', asked)).body;
  await s.t.superuser('UPDATE webhook SET url = $2 WHERE webhook_id = $1', [webhook_id, there.url]);
  const organization = { legal_name: 'A', org_slug: 'a', billing_email: 'a@b.example', default_timezone: 'UTC' };
  const { org_id } = (await s.call('POST', '/v1/orgs', organization)).body;
  const sender = testSender(s.t, { poll_ms: 100 });
  sender.start();
  // What happened a moment before the endpoint was there may be told to it, too.
  const told = () => there.received.find(({ body }) => body.includes(org_id));
  await expect.poll(told, { timeout: 30_000 }).toBeDefined();
  await sender.close();
  const { headers, body } = told()!;
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({
    type: 'organization.created',
    data: { org_id },
    orgid: org_id,
  });
  const [event] = (await s.call('GET', `/v1/events?aggregate_id=${org_id}`)).body.data;
  expect(headers['webhook-id']).toBe(event.event_id);
  await there.close();
  expect(await defects(s.t)).toEqual([]);
}, 60_000);
