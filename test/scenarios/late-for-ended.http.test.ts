import { expect, it } from 'vitest';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

it('names usage that came for a billed period once its subscription had ended, run after run, and bills it to nobody', async () => {
  const plan_id = await shop.plan('leaving', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
  const org_id = await shop.customer('leaver', [plan_id]);
  await shop.customer('stayer', [plan_id]);
  await shop.use(org_id, 'call', '5', '2025-01-10T00:00:00Z');
  expect(await shop.bill('2025-01-01', '2025-02-01')).toMatchObject({ status: 'completed', invoices: 1, errors: [] });
  const { data } = await shop.made('GET', `/v1/orgs/${org_id}/entitlements`);
  await shop.made('POST', `/v1/subscriptions/${data[0].subscription_id}:end`, { ended_at: '2025-02-01T00:00:00Z' });
  expect((await shop.bill('2025-02-01', '2025-03-01')).errors).toEqual([]);

  await shop.use(org_id, 'call', '3', '2025-01-20T00:00:00Z');
  await shop.use(org_id, 'call', '4', '2025-01-21T00:00:00Z');
  const march = await shop.bill('2025-03-01', '2025-04-01');
  expect(march).toMatchObject({
    status: 'completed',
    invoices: 0,
    errors: [{ org_id, subscription_id: data[0].subscription_id, code: 'late_usage_unbilled' }],
  });
  // 3 + 4 arrived late, in two events.
  expect(march.errors[0]!.detail).toContain('2 events of call (7 in sum)');
  expect(await shop.lines(org_id)).toEqual(['call 5 5.00']);
  expect(await shop.audit()).toEqual([]);
});
