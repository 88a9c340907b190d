import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { roles } from '../../src/app/roles.ts';
import { createTenantWithAdmin } from '../../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../../src/foundation/receipts/service.ts';
import { clock } from '../../src/platform/clock.ts';
import { testDatabase } from '../support/database.ts';
import { type Command, tallystick } from '../support/processes.ts';

const t = await testDatabase();
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-apart-'));
const variables = {
  ...{ DATABASE_URL: t.url, PORT: '0', TALLYSTICK_DATA_DIR: data_dir, TALLYSTICK_LOG_LEVEL: 'error' },
  TALLYSTICK_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
};
const started: Command[] = [];
afterAll(async () => {
  for (const command of started) command.kill('SIGKILL');
  for (const command of started) await command.finished;
  rmSync(data_dir, { recursive: true, force: true });
});

it('bills usage with every role in a process of its own, and each ends when it is told to', async () => {
  const { admin_key } = await createTenantWithAdmin(
    { postgres: t.postgres, clock },
    { name: 'Apart', slug: 'apart', mode: 'test' },
    async (tx) => {
      await createTenantKeys(tx);
    },
  );
  const processes = [...roles, 'api' as const].map((role) => {
    const command = tallystick(['serve', '--roles', role], variables);
    started.push(command);
    return { role, command };
  });
  const addresses: string[] = [];
  for (const { role, command } of processes) {
    const address = await printed(command, /(?: at |Health )(http:\/\/[\d.:]+)/);
    const ready = await fetch(`${address}/readyz`);
    expect([role, await ready.json()]).toEqual([role, { status: 'ready', roles: { [role]: 'ready' } }]);
    if (role === 'api') addresses.push(address);
  }
  const [one = '', two = ''] = addresses;
  const call = async (method: string, path: string, body?: unknown, address = one) => {
    const headers = { authorization: `Bearer ${admin_key}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const answer = await fetch(`${address}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    const found = JSON.parse(await answer.text());
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(found)}`);
    return found;
  };
  const org = { legal_name: 'A customer', org_slug: 'customer', billing_email: 'a@b.example', default_timezone: 'UTC' };
  const { org_id } = await call('POST', '/v1/orgs', org);
  for (const sku of ['calls', 'mails'])
    await call('POST', '/v1/skus', { sku, type: 'action', unit: 'piece', aggregation: 'sum' }, two);
  const { model_id } = await call('POST', '/v1/business-models', { code: 'm', name: 'M', currency: 'AUD' });
  const { plan_id } = await call('POST', '/v1/plans', { model_id, name: 'P' });
  await call('PUT', `/v1/plans/${plan_id}/skus/calls`, { overage_price: '0.25' });
  const subscribed = { plan_id, effective_at: '2025-01-01T00:00:00Z' };
  await call('POST', `/v1/orgs/${org_id}/entitlements`, subscribed);
  // The router's part: whoever has the plan is given what is priced on it later.
  await call('PUT', `/v1/plans/${plan_id}/skus/mails`, { overage_price: '1' }, two);
  await until(async () => (await t.superuser("SELECT FROM subscription_item WHERE sku = 'mails'")).length === 1);
  const event = (request_id: string, quantity: string) => ({
    request_id,
    org_id,
    sku: 'calls',
    quantity,
    time: '2025-01-05T00:00:00Z',
  });
  await call('POST', '/v1/metering/events', [event('e1', '3')], one);
  await call('POST', '/v1/metering/events', [event('e1', '3'), event('e2', '5')], two);
  // The worker's part.
  const { run_id } = await call('POST', '/v1/billing/runs', { from: '2025-01-01', to: '2025-02-01' });
  await until(async () => (await call('GET', `/v1/billing/runs/${run_id}`)).status === 'completed');
  const { data: invoices } = await call('GET', `/v1/invoices?org_id=${org_id}`, undefined, two);
  // 8 calls at 0.25.
  expect(invoices).toMatchObject([{ total: { amount: '2.00', currency: 'AUD' } }]);
  await until(async () => (await call('GET', '/v1/events?type=invoice.generated')).data[0]?.status === 'routed');

  for (const { command } of processes) command.kill('SIGTERM');
  for (const { role, command } of processes) {
    const { code, signal, stdout } = await command.finished;
    expect([role, code, signal, stdout.endsWith('Stopped.\n')]).toEqual([role, 0, null, true]);
  }
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

async function printed(command: Command, pattern: RegExp): Promise<string> {
  let ended = false;
  void command.finished.then(() => {
    ended = true;
  });
  await until(async () => ended || pattern.test(command.printed()));
  expect(command.printed()).toMatch(pattern);
  return pattern.exec(command.printed())![1]!;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}
