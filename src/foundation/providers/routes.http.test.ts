import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { inboundSender, type Sending } from '../../../test/support/inbound-sender.ts';
import { type Answer, testServer } from '../../../test/support/server.ts';
import { nowSeconds, signedHeaders } from '../../../test/support/signed.ts';

const s = await testServer({ jobs: true });
const { makeEndpoint, deliver, webhook, settled, stored, eventsOf } = inboundSender(s);
let endpoint_id = '';
let secret = '';

beforeAll(async () => {
  ({ endpoint_id, secret } = await makeEndpoint({ reference: 'acct_1' }));
});

/** To the endpoint that most of these tests share, and by its secret, unless said otherwise. */
const send = (sending: Partial<Sending> = {}) => deliver({ to: endpoint_id, secret, ...sending });

describe('a signed message', () => {
  it('is kept as it came, answered at once, and told of by one event', async () => {
    const body = Buffer.from('{"type": "payment.succeeded",\n "amount": "12.30"}');
    const answer = await send({ body, id: 'msg_1' });
    expect(answer).toMatchObject({ status: 202, body: { inbound_webhook_id: expect.any(String) } });
    const { inbound_webhook_id: id } = answer.body;
    expect(await settled(id)).toMatchObject({
      endpoint_id,
      kind: 'generic',
      message_id: 'msg_1',
      type: 'payment.succeeded',
      status: 'processed',
      attempts: 1,
      last_error: null,
      body_base64: body.toString('base64'),
      body_text: body.toString(),
      body_bytes: body.length,
      headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' },
    });
    const [event, ...more] = await eventsOf(id);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: 'inbound_webhook.received',
      data: { inbound_webhook_id: id, endpoint_id, kind: 'generic', type: 'payment.succeeded' },
    });
    const { data } = (await s.call('GET', `/v1/audit-entries?target_id=${id}`)).body;
    expect(data).toMatchObject([
      {
        action: 'inbound_webhook.accepted',
        actor: { kind: 'system', id: endpoint_id, name: 'Payments' },
        after: { message_id: 'msg_1' },
      },
    ]);
  });

  it('may be anything: what is no JSON, no text, or nothing at all', async () => {
    for (const [content_type, body] of [
      ['application/json', '{"type":'],
      ['application/json', ''],
      ['text/plain; charset=utf-16', 'a,b'],
      ['application/x-www-form-urlencoded', 'a=1&a=2'],
      ['application/octet-stream', Buffer.from([0, 255, 254, 0, 10])],
    ] as const) {
      const answer = await send({ body, headers: { 'content-type': content_type } });
      expect(answer.status, content_type).toBe(202);
      const found = await webhook(answer.body.inbound_webhook_id);
      expect(found).toMatchObject({ type: null, body_base64: Buffer.from(body).toString('base64') });
      expect(found.headers['content-type']).toBe(content_type);
    }
    expect((await webhook((await send({ body: Buffer.from([255]) })).body.inbound_webhook_id)).body_text).toBeNull();
    const nothing = signedHeaders({ secret, body: '' });
    expect((await s.call('POST', `/v1/webhooks/in/${endpoint_id}`, undefined, nothing)).status).toBe(202);
  });

  it('again is answered as the first time and counts once, twenty at the same moment too', async () => {
    const { endpoint_id: to, secret: its } = await makeEndpoint();
    const message = { to, secret: its, id: randomUUID(), body: '{"n":1}' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(message)));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]!.status).toBe(202);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(19);
    expect(await stored(to)).toBe(1);
    const id = answers[0]!.body.inbound_webhook_id;
    expect((await settled(id)).status).toBe('processed');
    // Later, with a signature of its own, as senders do that try again.
    expect(await send({ ...message, seconds: nowSeconds() - 60 })).toMatchObject({
      status: 202,
      body: { inbound_webhook_id: id },
    });
    expect(await eventsOf(id)).toHaveLength(1);
    expect((await s.call('GET', `/v1/audit-entries?target_id=${id}`)).body.data).toHaveLength(1);
  });

  it('under an id that was used for another body is refused', async () => {
    const id = randomUUID();
    expect((await send({ id, body: '1' })).status).toBe(202);
    const before = await stored(endpoint_id);
    expect(await send({ id, body: '2' })).toMatchObject({ status: 422, body: { code: 'inbound_webhook_reused' } });
    expect(await stored(endpoint_id)).toBe(before);
    // The ids of another endpoint are its own.
    const other = await makeEndpoint();
    expect((await send({ id, body: '2', to: other.endpoint_id, secret: other.secret })).status).toBe(202);
  });
});

describe('a message is refused, unread and by one answer', () => {
  it('whatever is wrong with its signature or its endpoint', async () => {
    const [off, gone, foreign, gateway] = await Promise.all([
      makeEndpoint(),
      makeEndpoint(),
      s.call('POST', '/v1/inbound-endpoints', { kind: 'generic', name: 'Theirs' }, { authorization: `Bearer ${s.other_key}` }),
      s.call('POST', '/v1/metering/gateways', { name: 'Roof' }),
    ]);
    await s.call('PATCH', `/v1/inbound-endpoints/${off.endpoint_id}`, { enabled: false });
    await s.call('DELETE', `/v1/inbound-endpoints/${gone.endpoint_id}`);
    const now = nowSeconds();
    const wrong: [string, Partial<Sending>][] = [
      ['another secret', { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }],
      ['no secret of anybody', { secret: `whsec_${Buffer.alloc(32).toString('base64')}`, to: randomUUID() }],
      ['no version 1', { headers: { 'webhook-signature': 'v2,AAAA' } }],
      ['an empty signature', { headers: { 'webhook-signature': '' } }],
      ['a signature in other letters', { headers: { 'webhook-signature': 'v1,ÿÿÿÿ' } }],
      ['too old', { seconds: now - 302 }],
      ['too far ahead', { seconds: now + 302 }],
      ['no time', { headers: { 'webhook-timestamp': 'soon' } }],
      ['another time than was signed', { headers: { 'webhook-timestamp': String(now - 1) } }],
      ['no id', { headers: { 'webhook-id': '' } }],
      ['another id than was signed', { headers: { 'webhook-id': randomUUID() } }],
      ['by another scheme', { headers: { 'stripe-signature': `t=${now},v1=${'0'.repeat(64)}` } }],
      ['an endpoint that nobody knows', { to: randomUUID() }],
      ['an endpoint that cannot be', { to: 'x' }],
      ['an endpoint that is off', { to: off.endpoint_id, secret: off.secret }],
      ['an endpoint that is revoked', { to: gone.endpoint_id, secret: gone.secret }],
      ['an endpoint of another tenant, by our secret', { to: foreign.body.endpoint_id }],
      ['a gateway, by our secret', { to: gateway.body.gateway_id }],
    ];
    const before = await s.t.superuser('SELECT count(*) FROM inbound_webhook');
    const told = new Set<string>();
    for (const [label, sending] of wrong) {
      const answer = await send(sending);
      expect(answer, label).toMatchObject({ status: 401, body: { code: 'inbound_webhook_unauthenticated' } });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      const { http_request_id: _id, instance: _instance, ...rest } = answer.body;
      told.add(JSON.stringify(rest));
    }
    expect(told.size).toBe(1);
    expect(await s.t.superuser('SELECT count(*) FROM inbound_webhook')).toEqual(before);
    // Signed by its own secret the other tenant's takes it, and it is the other tenant's.
    const theirs = await send({ to: foreign.body.endpoint_id, secret: foreign.body.secret });
    expect(theirs.status).toBe(202);
    expect((await s.call('GET', `/v1/inbound-webhooks/${theirs.body.inbound_webhook_id}`)).status).toBe(404);
  });

  it('when a single bit of it was changed on its way', async () => {
    const body = Buffer.from('{"type":"payment.succeeded"}');
    const headers = { 'content-type': 'application/json', ...signedHeaders({ secret, body }) };
    for (let at = 0; at < body.length; at += 1) {
      const flipped = Buffer.from(body);
      flipped[at]! ^= 1;
      expect((await s.call('POST', `/v1/webhooks/in/${endpoint_id}`, flipped, headers)).status).toBe(401);
    }
    expect((await s.call('POST', `/v1/webhooks/in/${endpoint_id}`, body, headers)).status).toBe(202);
  });

  it('where it is too large, compressed or a form', async () => {
    expect(await send({ body: Buffer.alloc(1024 * 1024 + 1, 32) })).toMatchObject({ status: 413 });
    expect(await send({ body: Buffer.alloc(1024 * 1024, 32) })).toMatchObject({ status: 202 });
    expect(await send({ headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 415 });
    expect(await send({ headers: { 'content-type': 'multipart/form-data; boundary=x' } })).toMatchObject({ status: 415 });
    expect((await s.call('GET', `/v1/webhooks/in/${endpoint_id}`)).status).toBe(405);
  });

  it('and that is counted, and put on record once a minute for its endpoint', async () => {
    const { endpoint_id: to } = await makeEndpoint();
    const about = async () =>
      (await s.call('GET', `/v1/audit-entries?target_id=${to}&action=inbound_endpoint.refused`)).body.data;
    for (let n = 0; n < 5; n += 1) expect((await send({ to })).status).toBe(401);
    while ((await about()).length === 0) await sleep(10);
    for (let n = 0; n < 5; n += 1) expect((await send({ to })).status).toBe(401);
    expect(await about()).toMatchObject([{ actor: { id: to }, after: { reason: 'signature', refused_since_last_entry: 1 } }]);
    const metrics = (await s.call('GET', '/metrics')).body.toString();
    expect(metrics).toMatch(/tallystick_inbound_refused_total\{reason="signature"\} \d+/);
    expect(metrics).toMatch(/tallystick_inbound_webhooks_total\{kind="generic",outcome="accepted"\} \d+/);
    expect(metrics).toMatch(/tallystick_inbound_webhooks_total\{kind="generic",outcome="processed"\} \d+/);
  });
});

describe('endpoints and their messages', () => {
  it('are listed by kind, status, type and time, a page at a time', async () => {
    const { endpoint_id: to, secret: its } = await makeEndpoint();
    const ids: string[] = [];
    for (const type of ['a.made', 'b.made', 'a.made'])
      ids.unshift((await send({ to, secret: its, body: JSON.stringify({ type }) })).body.inbound_webhook_id);
    for (const id of ids) await settled(id);
    const list = async (query: string) => (await s.call('GET', `/v1/inbound-webhooks?endpoint_id=${to}${query}`)).body;
    const idsOf = (body: Answer['body']) => body.data.map((one: { inbound_webhook_id: string }) => one.inbound_webhook_id);
    expect(idsOf(await list(''))).toEqual(ids);
    expect(idsOf(await list('&type=a.made'))).toEqual([ids[0], ids[2]]);
    expect(idsOf(await list('&status=processed&limit=2'))).toEqual(ids.slice(0, 2));
    const { next_cursor } = await list('&limit=2');
    expect(idsOf(await list(`&limit=2&cursor=${encodeURIComponent(next_cursor)}`))).toEqual(ids.slice(2));
    expect(idsOf(await list('&status=dead'))).toEqual([]);
    const { received_at } = await webhook(ids[1]!);
    expect(idsOf(await list(`&from=${received_at}`))).toEqual(ids.slice(0, 2));
    expect(idsOf(await list(`&to=${received_at}`))).toEqual(ids.slice(2));
    expect((await list('')).data[0]).not.toHaveProperty('body_base64');
    const kinds = (await s.call('GET', '/v1/inbound-endpoints?kind=meter_gateway')).body.data;
    expect(new Set(kinds.map((one: { kind: string }) => one.kind))).toEqual(new Set(['meter_gateway']));
  });

  it('are of kinds that there are, and change by name, reference and whether they take messages', async () => {
    expect(await s.call('POST', '/v1/inbound-endpoints', { kind: 'nobody-s', name: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'inbound_kind_unknown', errors: [{ pointer: '/kind' }] },
    });
    const { endpoint_id: to, secret: its } = await makeEndpoint();
    const change = (body: object) => s.call('PATCH', `/v1/inbound-endpoints/${to}`, body);
    expect((await change({ enabled: false })).body).toMatchObject({ enabled: false, name: 'Payments' });
    expect((await send({ to, secret: its })).status).toBe(401);
    expect((await change({ enabled: true, name: 'Paid', reference: 'acct_2' })).body).toMatchObject({
      name: 'Paid',
      reference: 'acct_2',
    });
    expect((await send({ to, secret: its })).status).toBe(202);
    expect((await change({ reference: null })).body.reference).toBeNull();
    const { data } = (await s.call('GET', `/v1/audit-entries?target_id=${to}&action=inbound_endpoint.changed`)).body;
    expect(data).toHaveLength(3);
  });

  it('that were processed are not processed again, and stay as they came', async () => {
    const { inbound_webhook_id: id } = (await send()).body;
    await settled(id);
    expect(await s.call('POST', `/v1/inbound-webhooks/${id}:reprocess`)).toMatchObject({
      status: 409,
      body: { code: 'inbound_webhook_processed' },
    });
    for (const change of [
      "body = '\\x00', body_hash = sha256('\\x00')",
      "status = 'received', next_attempt_at = now(), finished_at = NULL, body_until = NULL",
    ])
      await expect(
        s.t.superuser(`UPDATE inbound_webhook SET ${change} WHERE inbound_webhook_id = $1`, [id]),
      ).rejects.toMatchObject({
        constraint: 'inbound_webhook_goes_on',
      });
    await expect(s.t.superuser('DELETE FROM inbound_webhook WHERE inbound_webhook_id = $1', [id])).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('that a gateway may send by the path of all go by the same rules, and are answered with what became of them', async () => {
    const { body: gateway } = await s.call('POST', '/v1/metering/gateways', { name: 'Cellar' });
    const message = {
      to: gateway.gateway_id,
      secret: gateway.secret,
      id: 'reading-1',
      body: '{"readings":[{"meter":"none","time":"2025-01-01T00:00:00Z","value":"1"}]}',
    };
    const first = await send(message);
    expect(first).toMatchObject({ status: 200, body: { readings: [], rejected: [{ index: 0, code: 'meter_not_found' }] } });
    const path = `/v1/metering/gateways/${gateway.gateway_id}/readings`;
    const headers = signedHeaders(message);
    const again = await s.call('POST', path, message.body, headers);
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(again.headers['idempotency-replayed']).toBe('true');
    // An endpoint of another kind is no gateway.
    expect(
      await s.call('POST', `/v1/metering/gateways/${endpoint_id}/readings`, '{}', signedHeaders({ secret, body: '{}' })),
    ).toMatchObject({
      status: 401,
      body: { code: 'gateway_unauthenticated' },
    });
    for (const action of ['rotate', 'revoke'])
      expect(
        await s.call('POST', `/v1/metering/gateways/${endpoint_id}:${action}`, action === 'rotate' ? {} : undefined),
      ).toMatchObject({
        status: 404,
        body: { code: 'gateway_not_found' },
      });
    // One that makes no sense is kept with what its sender was told, and may be put right under its id.
    const refused = await send({ ...message, id: 'reading-2', body: '{"readings":[]}' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'gateway_message_invalid' } });
    const list = async () => (await s.call('GET', `/v1/inbound-webhooks?endpoint_id=${gateway.gateway_id}`)).body.data;
    const [ignored] = await list();
    expect(ignored).toMatchObject({
      status: 'ignored',
      message_id: 'reading-2',
      last_error: { code: 'gateway_message_invalid', status: 422 },
    });
    expect((await send({ ...message, id: 'reading-2' })).status).toBe(200);
    expect(await s.call('POST', `/v1/inbound-webhooks/${ignored.inbound_webhook_id}:reprocess`)).toMatchObject({
      status: 409,
      body: { code: 'inbound_webhook_superseded' },
    });
    expect((await list()).map((one: { status: string }) => one.status)).toEqual(['processed', 'ignored', 'processed']);
  });

  it('leave the audit empty', async () => {
    expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
  });
});
