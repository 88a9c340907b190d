import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { signedHeaders } from '../../../test/support/signed.ts';
import { migrateDown, migrateUp } from '../../platform/migrate.ts';

const s = await testServer();

it('gateways from before they were endpoints go on by their paths and secrets, and their messages stay answered', async () => {
  const made = async (name: string) => (await s.call('POST', '/v1/metering/gateways', { name })).body;
  const [roof, revoked, theirs] = [
    await made('Roof'),
    await made('Revoked'),
    await s.call('POST', '/v1/metering/gateways', { name: 'Theirs' }, { authorization: `Bearer ${s.other_key}` }),
  ];
  const send = (gateway: { gateway_id: string; secret: string }, body: string, id: string = randomUUID()) =>
    s.call(
      'POST',
      `/v1/metering/gateways/${gateway.gateway_id}/readings`,
      body,
      signedHeaders({ secret: gateway.secret, body, id }),
    );
  const body = '{"readings":[{"meter":"none","time":"2025-01-01T00:00:00Z","value":"1"}]}';
  const first = await send(roof, body, 'first');
  expect(first.status).toBe(200);
  const rotated = (await s.call('POST', `/v1/metering/gateways/${roof.gateway_id}:rotate`, {})).body;
  await s.call('POST', `/v1/metering/gateways/${revoked.gateway_id}:revoke`);
  const before = (await s.call('GET', '/v1/metering/gateways')).body;

  const admin = new pg.Client(s.t.url);
  await admin.connect();
  await migrateDown(admin, '0389');
  const old = 'SELECT name, old_secret IS NOT NULL AS two, revoked_at IS NOT NULL AS revoked FROM meter_gateway ORDER BY name';
  expect(await s.t.superuser(old)).toEqual([
    { name: 'Revoked', two: false, revoked: true },
    { name: 'Roof', two: true, revoked: false },
    { name: 'Theirs', two: false, revoked: false },
  ]);
  expect(await s.t.superuser('SELECT message_id FROM gateway_message')).toEqual([{ message_id: 'first' }]);
  await migrateUp(admin);
  await admin.end();

  expect((await s.call('GET', '/v1/metering/gateways')).body).toEqual(before);
  const again = await send(roof, body, 'first');
  expect(again).toMatchObject({ status: 200, body: first.body });
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(await send(roof, `${body} `, 'first')).toMatchObject({ status: 422, body: { code: 'gateway_message_reused' } });
  for (const gateway of [roof, { ...roof, secret: rotated.secret }, theirs.body])
    expect((await send(gateway, body)).status).toBe(200);
  expect((await send(revoked, body)).status).toBe(401);
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});
