import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, testServer } from '../../../test/support/server.ts';
import { clock } from '../../platform/clock.ts';

const s = await testServer();
let meter = '';
let gateway_id = '';
let secret = '';

beforeAll(async () => {
  const made = async (path: string, body: unknown) => (await s.call('POST', path, body)).body;
  const org = { legal_name: 'Acme', org_slug: 'acme', billing_email: 'a@example.com', default_timezone: 'UTC' };
  const { org_id } = await made('/v1/orgs', org);
  await made('/v1/skus', { sku: 'water', type: 'energy', unit: 'm3' });
  const { site_id } = await made('/v1/sites', { name: 'Unit 1' });
  await made(`/v1/sites/${site_id}/occupancies`, { org_id, from: '2025-01-01T00:00:00Z' });
  meter = (await made('/v1/meters', { site_id, identifier: 'GW-1', sku: 'water' })).meter_id;
  ({ gateway_id, secret } = await made('/v1/metering/gateways', { name: 'Roof' }));
});

interface Message {
  id?: string;
  seconds?: number;
  body?: string | Buffer;
  secret?: string;
  signature?: string;
  gateway?: string;
  headers?: Record<string, string>;
}

/** Signs as the specification of Standard Webhooks says, by itself. */
function send(message: Message = {}): Promise<Answer> {
  const { id = randomUUID(), body = reading(1), gateway = gateway_id, headers = {} } = message;
  const seconds = message.seconds ?? Math.floor(clock.now().epochMilliseconds / 1000);
  const key = Buffer.from((message.secret ?? secret).slice('whsec_'.length), 'base64');
  const signed = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64');
  return s.call('POST', `/v1/metering/gateways/${gateway}/readings`, body, {
    authorization: '',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': message.signature ?? `v1,${signed}`,
    ...headers,
  });
}

let day = 0;
/** A day further on each time, so that the counter only goes up. */
function reading(gain: number, over: object = {}): string {
  day += 1;
  const time = Temporal.Instant.from('2025-01-01T00:00:00Z').add({ hours: 24 * day });
  return JSON.stringify({ readings: [{ meter: 'GW-1', time: time.toString(), value: String(day * 10 + gain), ...over }] });
}

const stored = () =>
  s.t
    .superuser<{ count: number }>('SELECT count(*)::int AS count FROM meter_reading WHERE meter_id = $1', [meter])
    .then(([row]) => row!.count);

describe('a gateway’s message', () => {
  it('that is signed is taken, by identifier or id, and becomes usage', async () => {
    expect(await send({ body: reading(0) })).toMatchObject({
      status: 200,
      body: { readings: [{ index: 0, outcome: 'recorded' }] },
    });
    expect(await send({ body: reading(0, { meter, register: '1', quality: 'E', unit: 'm3' }) })).toMatchObject({ status: 200 });
    // 20 − 10
    const { body } = await s.call('GET', `/v1/metering/readings?meter_id=${meter}&limit=1`);
    expect(body.data[0]).toMatchObject({ source: 'gateway', quality: 'estimated', usage: { quantity: '10' } });
  });

  it('again gets the first answer, and counts once, also when two come at the same moment', async () => {
    const message = { id: randomUUID(), body: reading(0) };
    const first = await send(message);
    const before = await stored();
    const again = await send(message);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = { id: randomUUID(), body: reading(0) };
    const two = await Promise.all([send(other), send(other)]);
    expect(two[0]!.body).toEqual(two[1]!.body);
    expect(await stored()).toBe(before + 1);
    expect(await send({ ...message, body: reading(0) })).toMatchObject({
      status: 422,
      body: { code: 'gateway_message_reused' },
    });
  });

  it('is refused unread where anything about its signature is wrong', async () => {
    const before = await stored();
    const now = Math.floor(clock.now().epochMilliseconds / 1000);
    const wrong: [string, Message][] = [
      ['another secret', { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }],
      ['no signature of version 1', { signature: 'v2,AAAA' }],
      ['a signature that is none', { signature: 'v1,AAAA' }],
      ['an empty one', { signature: '' }],
      ['too old', { seconds: now - 301 }],
      ['too far ahead', { seconds: now + 302 }],
      ['no time', { headers: { 'webhook-timestamp': 'soon' } }],
      ['no id', { headers: { 'webhook-id': '' } }],
      ['another id than was signed', { headers: { 'webhook-id': randomUUID() } }],
      ['a gateway that nobody knows', { gateway: randomUUID() }],
      ['a gateway that cannot be', { gateway: 'x' }],
      ['not JSON, and not signed', { body: '{', signature: 'v1,AAAA' }],
    ];
    for (const [label, message] of wrong) {
      const answer = await send({ body: reading(0), ...message });
      expect(answer, label).toMatchObject({ status: 401, body: { code: 'gateway_unauthenticated' } });
    }
    expect(await stored()).toBe(before);
    const unknown = await send({ gateway: randomUUID() });
    const unsigned = await send({ secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` });
    expect(unknown.body.detail).toBe(unsigned.body.detail);
  });

  it('is signed over its bytes: one that was changed on its way is refused', async () => {
    const body = reading(0);
    const seconds = Math.floor(clock.now().epochMilliseconds / 1000);
    const id = randomUUID();
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
    expect(await send({ id, seconds, signature, body: body.replace('"value"', ' "value"') })).toMatchObject({ status: 401 });
    expect(await send({ id, seconds, signature: `v1,AAAA ${signature}`, body })).toMatchObject({ status: 200 });
  });

  it('names what it cannot take, and takes the rest', async () => {
    const good = JSON.parse(reading(0)).readings[0];
    const body = JSON.stringify({
      readings: [{ ...good, meter: 'GW-9' }, { ...good, register: '7' }, good],
    });
    expect(await send({ body })).toMatchObject({
      status: 200,
      body: {
        readings: [{ index: 2, outcome: 'recorded' }],
        rejected: [
          { index: 0, code: 'meter_not_found' },
          { index: 1, code: 'register_unknown' },
        ],
      },
    });
    expect(await send({ body: JSON.stringify({ readings: [{ ...good, value: '1' }] }) })).toMatchObject({
      body: { readings: [{ outcome: 'held' }] },
    });
  });

  it.each([
    ['no JSON', '{', 400, 'malformed_request'],
    ['a member twice', '{"readings":[],"readings":[]}', 400, 'malformed_request'],
    ['nothing', '{"readings":[]}', 422, 'gateway_message_invalid'],
    [
      'an unknown field',
      '{"readings":[{"meter":"GW-1","time":"2025-01-01T00:00:00Z","value":"1","x":1}]}',
      422,
      'gateway_message_invalid',
    ],
    ['no offset', '{"readings":[{"meter":"GW-1","time":"2025-01-01T00:00:00","value":"1"}]}', 422, 'gateway_message_invalid'],
    ['no number', '{"readings":[{"meter":"GW-1","time":"2025-01-01T00:00:00Z","value":"NaN"}]}', 422, 'gateway_message_invalid'],
  ])('with %s is refused by name, and may be sent again put right', async (_label, body, status, code) => {
    const id = randomUUID();
    const refused = await send({ id, body });
    expect(refused).toMatchObject({ status, body: { code } });
    expect(refused.body.errors[0].pointer).toEqual(expect.any(String));
    expect(await send({ id, body: reading(0) })).toMatchObject({ status: 200 });
  });

  it('has a limit, and is not compressed', async () => {
    expect(await send({ body: Buffer.alloc(256 * 1024 + 1, 32) })).toMatchObject({ status: 413 });
    expect(await send({ headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 415 });
    expect(await send({ headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 });
  });
});

describe('a gateway', () => {
  it('has two secrets while it changes over, and one after that; none when it is revoked', async () => {
    const { body: made } = await s.call('POST', '/v1/metering/gateways', { name: 'Cellar' });
    const gateway = made.gateway_id;
    const ask = (with_secret: string) => send({ gateway, secret: with_secret, body: reading(0) }).then(({ status }) => status);
    const { body: rotated } = await s.call('POST', `/v1/metering/gateways/${gateway}:rotate`, {});
    expect(rotated.secret).not.toBe(made.secret);
    expect([await ask(made.secret), await ask(rotated.secret)]).toEqual([200, 200]);
    const { body: third } = await s.call('POST', `/v1/metering/gateways/${gateway}:rotate`, { keep_hours: 0 });
    expect([await ask(made.secret), await ask(rotated.secret), await ask(third.secret)]).toEqual([401, 401, 200]);
    await s.call('POST', `/v1/metering/gateways/${gateway}:revoke`);
    expect(await ask(third.secret)).toBe(401);
    expect(await s.call('POST', `/v1/metering/gateways/${gateway}:rotate`, {})).toMatchObject({
      status: 409,
      body: { code: 'gateway_revoked' },
    });
  });

  it('tells its secret once: neither the list, the audit log nor the database holds it', async () => {
    const headers = { 'idempotency-key': 'gateway-1' };
    const { body } = await s.call('POST', '/v1/metering/gateways', { name: 'Kept' }, headers);
    expect((await s.call('POST', '/v1/metering/gateways', { name: 'Kept' }, headers)).body.secret).toBe(body.secret);
    const bytes = body.secret.slice('whsec_'.length);
    expect(JSON.stringify((await s.call('GET', '/v1/metering/gateways')).body)).not.toContain(bytes);
    expect(JSON.stringify((await s.call('GET', '/v1/audit-entries')).body)).not.toContain(bytes);
    const held = await s.t.superuser(
      "SELECT position(decode($1, 'base64') in sealed) AS plain, (SELECT count(*)::int FROM idempotency_key WHERE body::text LIKE '%' || $1 || '%') AS kept FROM inbound_secret WHERE endpoint_id = $2",
      [bytes, body.gateway_id],
    );
    expect(held).toEqual([{ plain: 0, kept: 0 }]);
  });
});
