import { expect, it } from 'vitest';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

it('bills usage that came for a billed period once its subscription had ended, once, with the next run', async () => {
  const plan_id = await shop.plan('leaving', 'AUD', { call: { model: 'unit', unit_amount: '1', included_quantity: '4' } });
  const org_id = await shop.customer('leaver', [plan_id]);
  await shop.customer('stayer', [plan_id]);
  await shop.use(org_id, 'call', '5', '2025-01-10T00:00:00Z');
  expect(await shop.bill('2025-01-01', '2025-02-01')).toMatchObject({ status: 'completed', invoices: 1, errors: [] });
  const { data } = await shop.made('GET', `/v1/orgs/${org_id}/entitlements`);
  await shop.made('POST', `/v1/subscriptions/${data[0].subscription_id}:end`, { ended_at: '2025-02-01T00:00:00Z' });
  expect(await shop.bill('2025-02-01', '2025-03-01')).toMatchObject({ invoices: 0, errors: [] });

  await shop.use(org_id, 'call', '3', '2025-01-20T00:00:00Z');
  await shop.use(org_id, 'call', '4', '2025-01-21T00:00:00Z');
  expect(await shop.bill('2025-03-01', '2025-04-01')).toMatchObject({ status: 'completed', invoices: 1, errors: [] });
  expect(await shop.bill('2025-04-01', '2025-05-01')).toMatchObject({ status: 'completed', invoices: 0, errors: [] });
  // 5 − 4 included; then 5 + 3 + 4 − 4 = 8, of which 1 is billed.
  expect(await shop.lines(org_id)).toEqual(['call 5 1.00', 'call 7 7.00']);
  expect(await shop.audit()).toEqual([]);
});
