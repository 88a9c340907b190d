import pg from 'pg';
import { expect, it } from 'vitest';
import { migrateDown, migrateUp } from '../../src/platform/migrate.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

it('finds the states of what was there before it kept them', async () => {
  const plan_id = await shop.plan('before', 'AUD', { one: { model: 'unit', unit_amount: '1' } });
  const later = await shop.customer('later', [plan_id], '2090-01-01T00:00:00Z');
  const kept = await shop.customer('kept', [plan_id]);
  const voided = await shop.customer('voided', [plan_id]);
  const [{ subscription_id }] = (await shop.made('GET', `/v1/orgs/${voided}/entitlements`)).data;
  for (const org_id of [kept, voided]) await shop.use(org_id, 'one', '1', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01');
  // Billed twice: the state is the second bill's.
  await shop.void((await shop.newest(kept)).invoice_id);
  await shop.bill('2025-01-01', '2025-02-01', kept);
  await shop.void((await shop.newest(voided)).invoice_id);
  await shop.made('POST', `/v1/subscriptions/${subscription_id}:end`, { ended_at: '2025-03-01T00:00:00Z' });
  const states = async () => ({
    usage: await s.t.superuser('SELECT org_id, sku, during, state, charge_id, invoice_id FROM usage_state ORDER BY org_id'),
    subscriptions: await s.t.superuser('SELECT org_id, status FROM org_entitlement ORDER BY org_id'),
  });
  const before = await states();
  expect(before.usage.map(({ state }) => state).sort()).toEqual(['billed', 'voided']);
  expect(new Map(before.subscriptions.map(({ org_id, status }) => [org_id, status]))).toEqual(
    new Map([
      [later, 'scheduled'],
      [kept, 'active'],
      [voided, 'ended'],
    ]),
  );
  const client = new pg.Client({ connectionString: s.t.url });
  await client.connect();
  await migrateDown(client, '0382');
  await migrateUp(client);
  await client.end();
  expect(await states()).toEqual(before);
  expect(await shop.audit()).toEqual([]);
});
