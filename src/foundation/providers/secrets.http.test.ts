import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inboundSender } from '../../../test/support/inbound-sender.ts';
import { testServer } from '../../../test/support/server.ts';
import { nowSeconds, signedHeaders } from '../../../test/support/signed.ts';

const s = await testServer({ jobs: true });
const { makeEndpoint, deliver: send, webhook, settled, stored, eventsOf } = inboundSender(s);

describe('an endpoint of Stripe’s', () => {
  const own = 'whsec_0123456789abcdef0123456789abcdef';
  const sign = (body: string, seconds = nowSeconds(), by = own) =>
    `t=${seconds},v1=${createHmac('sha256', by).update(`${seconds}.${body}`).digest('hex')}`;

  it('has the secret that Stripe made, and takes an event once by its id, though its body says how often it was tried', async () => {
    const asked = { kind: 'stripe', name: 'Stripe' };
    for (const wrong of [{}, { secret: 'x' }])
      expect(await s.call('POST', '/v1/inbound-endpoints', { ...asked, ...wrong })).toMatchObject({
        status: 422,
        body: { code: 'inbound_secret_invalid', errors: [{ pointer: '/secret' }] },
      });
    const made = await makeEndpoint({ ...asked, secret: own });
    expect(made.secret).toBeNull();
    const post = (body: string, signature: string) =>
      s.call('POST', `/v1/webhooks/in/${made.endpoint_id}`, body, { authorization: '', 'stripe-signature': signature });
    const body = '{"id":"evt_1","type":"invoice.paid","pending_webhooks":2}';
    const first = await post(body, `${sign(body)},v1=${'0'.repeat(64)}`);
    expect(first.status).toBe(202);
    const again = body.replace('2}', '1}');
    expect(await post(again, sign(again))).toMatchObject({ status: 202, body: first.body });
    expect(await settled(first.body.inbound_webhook_id)).toMatchObject({
      kind: 'stripe',
      message_id: 'evt_1',
      type: 'invoice.paid',
      body_text: body,
    });
    expect(await eventsOf(first.body.inbound_webhook_id)).toMatchObject([
      { type: 'inbound_webhook.received', data: { kind: 'stripe' } },
    ]);
    for (const wrong of [sign(body, nowSeconds() - 302), sign(body, nowSeconds() + 302), sign(body, nowSeconds(), `${own}x`), ''])
      expect((await post(body, wrong)).status).toBe(401);
    // Its secret does not open it by the other scheme, nor does another's.
    expect((await send({ to: made.endpoint_id, secret: (await makeEndpoint()).secret })).status).toBe(401);
    expect(await stored(made.endpoint_id)).toBe(1);
  });
});

describe('the secret of an endpoint', () => {
  it('overlaps with the one before for as long as was asked, and says by which a message was signed', async () => {
    const made = await makeEndpoint();
    const to = made.endpoint_id;
    const rotate = async (over: object = {}) => (await s.call('POST', `/v1/inbound-endpoints/${to}:rotate-secret`, over)).body;
    const status = async (by: string) => (await send({ to, secret: by })).status;
    const second = await rotate();
    expect([await status(made.secret), await status(second.secret)]).toEqual([202, 202]);
    expect(second.secrets.map((one: { good_until: unknown }) => one.good_until)).toEqual([null, expect.any(String)]);
    const signed_by = await Promise.all(
      [made.secret, second.secret].map(
        async (by) => (await webhook((await send({ to, secret: by })).body.inbound_webhook_id)).secret_id,
      ),
    );
    const ids = second.secrets.map((one: { secret_id: string }) => one.secret_id);
    expect(signed_by).toEqual([ids[1], ids[0]]);
    // A message may be signed by both.
    const body = '{}';
    const both = [made.secret, second.secret].map((by) => signedHeaders({ secret: by, body, id: 'both' })['webhook-signature']);
    const answer = await send({ to, secret: made.secret, body, id: 'both', headers: { 'webhook-signature': both.join(' ') } });
    expect(answer.status).toBe(202);
    const third = await rotate({ keep_hours: 0 });
    expect([await status(made.secret), await status(second.secret), await status(third.secret)]).toEqual([401, 401, 202]);
    const brought = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
    expect((await rotate({ secret: brought })).secret).toBeNull();
    expect([await status(third.secret), await status(brought)]).toEqual([202, 202]);
    for (let n = 0; n < 4; n += 1) await rotate();
    expect((await s.call('GET', `/v1/inbound-endpoints/${to}`)).body.secrets).toHaveLength(4);
    expect(await status(third.secret)).toBe(401);
  });

  it('ends when its time is over', async () => {
    const made = await makeEndpoint();
    const to = made.endpoint_id;
    await s.call('POST', `/v1/inbound-endpoints/${to}:rotate-secret`, { keep_hours: 1 });
    expect((await send({ to, secret: made.secret })).status).toBe(202);
    await s.t.superuser(
      "UPDATE inbound_secret SET good_until = now() - interval '1 second' WHERE endpoint_id = $1 AND good_until IS NOT NULL",
      [to],
    );
    expect((await send({ to, secret: made.secret })).status).toBe(401);
  });

  it('is told once: neither lists, the audit log nor the database hold it, and a revoked endpoint has none', async () => {
    const made = await makeEndpoint();
    const bytes = made.secret.slice('whsec_'.length);
    for (const path of [
      '/v1/inbound-endpoints?limit=100',
      `/v1/inbound-endpoints/${made.endpoint_id}`,
      '/v1/audit-entries?limit=100',
    ])
      expect(JSON.stringify((await s.call('GET', path)).body), path).not.toContain(bytes);
    const held = "SELECT position(decode($1, 'base64') in sealed) AS plain FROM inbound_secret WHERE endpoint_id = $2";
    expect(await s.t.superuser(held, [bytes, made.endpoint_id])).toEqual([{ plain: 0 }]);
    const revoked = await s.call('DELETE', `/v1/inbound-endpoints/${made.endpoint_id}`);
    expect(revoked).toMatchObject({ status: 200, body: { revoked_at: expect.any(String), secrets: [] } });
    expect((await s.call('DELETE', `/v1/inbound-endpoints/${made.endpoint_id}`)).body).toEqual(revoked.body);
    for (const [method, path, body] of [
      ['PATCH', '', { enabled: true }],
      ['POST', ':rotate-secret', {}],
    ] as const)
      expect(await s.call(method, `/v1/inbound-endpoints/${made.endpoint_id}${path}`, body)).toMatchObject({
        status: 409,
        body: { code: 'inbound_endpoint_revoked' },
      });
  });
});

it('leaves the audit empty', async () => {
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});
