import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { type Command, tallystick } from '../support/processes.ts';
import { testServer } from '../support/server.ts';
import { signedHeaders } from '../support/signed.ts';

const s = await testServer();
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-inbound-'));
const started: Command[] = [];

afterAll(async () => {
  for (const one of started) one.kill('SIGKILL');
  await Promise.all(started.map((one) => one.finished));
  rmSync(data_dir, { recursive: true, force: true });
});

function serve(roles: string, variables: Record<string, string> = {}): Command {
  const one = tallystick(['serve', '--roles', roles], {
    DATABASE_URL: s.t.url,
    PORT: '0',
    TALLYSTICK_DATA_DIR: data_dir,
    TALLYSTICK_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    TALLYSTICK_LOG_LEVEL: 'silent',
    ...variables,
  });
  started.push(one);
  return one;
}

async function addressOf(one: Command): Promise<string> {
  for (;;) {
    const [, address] = /ready in .* at (http:\S+)/.exec(one.printed()) ?? [];
    if (address !== undefined) return address;
    await sleep(20);
  }
}

const only = async (endpoint_id: string) => {
  const { data } = (await s.call('GET', `/v1/inbound-webhooks?endpoint_id=${endpoint_id}`)).body;
  expect(data).toHaveLength(1);
  return data[0];
};

it('has each message that was stored take its effect once, though the process is killed before it could', async () => {
  const generic = (await s.call('POST', '/v1/inbound-endpoints', { kind: 'generic', name: 'Payments' })).body;
  const gateway = (await s.call('POST', '/v1/metering/gateways', { name: 'Roof' })).body;
  const site = (await s.call('POST', '/v1/sites', { name: 'Unit 1' })).body;
  await s.call('POST', '/v1/skus', { sku: 'water', type: 'energy', unit: 'm3' });
  const meter = { site_id: site.site_id, identifier: 'GW-1', sku: 'water' };
  const { meter_id } = (await s.call('POST', '/v1/meters', meter)).body;
  const messages = [
    { to: generic.endpoint_id, secret: generic.secret, body: '{"type":"payment.succeeded"}' },
    {
      to: gateway.gateway_id,
      secret: gateway.secret,
      body: JSON.stringify({ readings: [{ meter: 'GW-1', time: '2025-01-02T00:00:00Z', value: '10' }] }),
    },
  ].map((message) => ({ ...message, id: randomUUID() }));
  const post = (address: string, { to, ...message }: (typeof messages)[number]) =>
    fetch(`${address}/v1/webhooks/in/${to}`, {
      method: 'POST',
      body: message.body,
      headers: { ...signedHeaders(message), 'content-type': 'application/json' },
    });

  for (const message of messages) {
    const api = serve('api', { TALLYSTICK_FAILPOINT: 'inbound.stored-not-processed' });
    await expect(post(await addressOf(api), message)).rejects.toThrow();
    expect((await api.finished).signal).toBe('SIGKILL');
    expect(await only(message.to)).toMatchObject({ status: 'received', message_id: message.id, attempts: 0 });
  }

  const all = serve('api,worker');
  const address = await addressOf(all);
  for (const { to } of messages) while ((await only(to)).status !== 'processed') await sleep(50);
  // Their senders had no answer, and try again.
  const answers = await Promise.all(messages.map((message) => post(address, message)));
  expect(answers.map(({ status }) => status)).toEqual([202, 200]);
  expect(answers.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual(['true', 'true']);
  expect(await answers[1]!.json()).toMatchObject({ readings: [{ index: 0 }], rejected: [] });
  for (const { to } of messages) expect(await only(to)).toMatchObject({ status: 'processed', attempts: 1 });
  const { inbound_webhook_id } = await only(generic.endpoint_id);
  const { data: told } = (await s.call('GET', `/v1/events?aggregate_id=${inbound_webhook_id}`)).body;
  expect(told).toHaveLength(1);
  expect(await s.t.superuser('SELECT FROM meter_reading WHERE meter_id = $1', [meter_id])).toHaveLength(1);
  all.kill('SIGTERM');
  expect((await all.finished).code).toBe(0);
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});
