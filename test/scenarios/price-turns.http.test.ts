import { expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { planFor, subscriptionsToBill } from '../../src/billing/invoicing/service/plan.ts';
import { newId } from '../../src/kernel/id.ts';
import { clock } from '../../src/platform/clock.ts';
import { settledWatermark } from '../../src/usage/metering/service/watermark.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);
const unit = (unit_amount: string, more: object = {}) => ({ model: 'unit', unit_amount, ...more });
const setPrice = (plan_id: string, sku: string, price: object) => shop.made('PUT', `/v1/plans/${plan_id}/skus/${sku}`, { price });

/** The lines of an organization's invoices that count, each of which verifies offline. */
async function verified(org_id: string): Promise<string[]> {
  const jwks = Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  for (const { invoice_id } of (await shop.made('GET', `/v1/invoices?org_id=${org_id}`)).data) {
    const bundle = Buffer.from(JSON.stringify(await shop.made('GET', `/v1/invoices/${invoice_id}/bundle`)));
    expect(verifyBundle(bundle, { jwks })).toMatchObject({ authenticated: true, findings: [] });
  }
  return shop.lines(org_id);
}

it('starts a price that comes back within a month anew: it neither prices nor counts what was used under another', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'peak', type: 'action', unit: 'kW', aggregation: 'max' });
  const call = unit('1', { included_quantity: '31' });
  const plan_id = await shop.plan('returns', 'AUD', { peak: unit('1'), call });
  const org_id = await shop.customer('returns', [plan_id]);
  await shop.use(org_id, 'peak', '5', '2025-03-03T00:00:00Z');
  await shop.use(org_id, 'call', '20', '2025-03-03T00:00:00Z');
  await shop.bill('2025-03-01', '2025-03-11', org_id);
  await setPrice(plan_id, 'peak', unit('10'));
  await setPrice(plan_id, 'call', unit('10'));
  await shop.use(org_id, 'peak', '17', '2025-03-13T00:00:00Z');
  await shop.bill('2025-03-11', '2025-03-21', org_id);
  await setPrice(plan_id, 'peak', unit('1'));
  await setPrice(plan_id, 'call', call);
  await shop.use(org_id, 'peak', '2', '2025-03-23T00:00:00Z');
  await shop.use(org_id, 'call', '20', '2025-03-23T00:00:00Z');
  await shop.bill('2025-03-21', '2025-04-01', org_id);
  expect(await verified(org_id)).toEqual([
    'call 20 0.00',
    'peak 5 5.00',
    // 17 at 10.00; the first price held for 10 of 31 days, in which 10 are included: 20 − 10 are owed
    'peak 17 170.00',
    'call 0 10.00',
    // For 11 of 31 days: 20 less 11 included; the highest of these days alone
    'call 20 9.00',
    'peak 2 2.00',
  ]);
  expect(await shop.audit()).toEqual([]);
});

it('bills a voided part again at the price at which corrections of it stand', async () => {
  const plan_id = await shop.plan('voided', 'AUD', { mail: unit('1', { minimum_amount: '31.00' }) });
  const org_id = await shop.customer('voided', [plan_id]);
  await shop.use(org_id, 'mail', '5', '2025-01-03T00:00:00Z');
  await shop.bill('2025-01-01', '2025-01-11', org_id);
  const first = await shop.newest(org_id);
  await setPrice(plan_id, 'mail', unit('2'));
  await shop.use(org_id, 'mail', '5', '2025-01-13T00:00:00Z');
  await shop.bill('2025-01-11', '2025-02-01', org_id);
  // 5 at 1.00, and what the minimum of 10 of 31 days leaves of it; 5 at 2.00
  expect(await verified(org_id)).toEqual(['mail 5 5.00', 'mail 5 10.00', 'mail 0 5.00']);
  await shop.void(first.invoice_id);
  await shop.bill('2025-01-01', '2025-01-11', org_id);
  expect(await verified(org_id)).toEqual(['mail 5 10.00', 'mail 0 5.00', 'mail 5 5.00']);
  expect(await shop.audit()).toEqual([]);
});

it.each(['adjust_next', 'rebill'])(
  'prices what comes late at the price of its time, also where nothing was charged then (%s)',
  async (late_policy) => {
    const [chat, base_amount] = [`chat-${late_policy}`, '3.00'];
    await shop.made('POST', '/v1/skus', { sku: chat, type: 'action', unit: 'chat', late_policy });
    const plan_id = await shop.plan(`quiet-${late_policy}`, 'AUD', { [chat]: unit('1') }, { base_amount });
    const org_id = await shop.customer(`quiet-${late_policy.replace('_', '-')}`, [plan_id]);
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    await setPrice(plan_id, chat, unit('9'));
    await shop.use(org_id, chat, '2', '2025-01-03T00:00:00Z');
    await shop.use(org_id, chat, '1', '2025-02-03T00:00:00Z');
    await shop.bill('2025-02-01', '2025-03-01', org_id);
    const lines = (await verified(org_id)).filter((line) => line.startsWith('chat'));
    expect(lines.sort()).toEqual([`${chat} 1 9.00`, `${chat} 2 2.00`]);
    expect(await shop.audit()).toEqual([]);
  },
);

it('gives a price whose part was charged nothing its own days, when usage of it comes late', async () => {
  const plan_id = await shop.plan('late-part', 'AUD', { fax: unit('1', { included_quantity: '31' }) });
  const org_id = await shop.customer('late-part', [plan_id]);
  await shop.bill('2025-01-01', '2025-01-11', org_id);
  await setPrice(plan_id, 'fax', unit('2'));
  await shop.use(org_id, 'fax', '5', '2025-01-13T00:00:00Z');
  await shop.bill('2025-01-11', '2025-02-01', org_id);
  await shop.use(org_id, 'fax', '14', '2025-01-03T00:00:00Z');
  await shop.bill('2025-02-01', '2025-03-01', org_id);
  // 5 at 2.00; 14 less the 10 that 10 of 31 days include
  expect(await verified(org_id)).toEqual(['fax 5 10.00', 'fax 14 4.00']);
  expect(await shop.audit()).toEqual([]);
});

it('takes nothing back of what a later run billed while it waited', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'load', type: 'action', unit: 'kW', aggregation: 'max' });
  const plan_id = await shop.plan('overtaken', 'AUD', { load: unit('1') });
  const org_id = await shop.customer('overtaken', [plan_id]);
  await shop.use(org_id, 'load', '5', '2025-01-03T00:00:00Z');
  const scope = { tenant_id: s.tenant.tenant_id, now: clock.now() };
  // A run over the first days has begun, and one over the others overtakes it, with usage that came in between.
  const watermark = await settledWatermark(s.t.postgres);
  await shop.use(org_id, 'load', '9', '2025-01-20T00:00:00Z');
  await shop.bill('2025-01-15', '2025-02-01', org_id);
  expect(await shop.lines(org_id)).toEqual(['load 9 9.00']);
  const run = { run_id: newId(scope.now), from_date: '2025-01-01', to_date: '2025-01-15', org_id, watermark };
  const { outcome } = await s.t.postgres.read(scope, async (db) =>
    planFor(db, { ...run, subscriptions: await subscriptionsToBill(db, run) }),
  );
  // The highest of the month is billed: nothing is left to charge for 5, and nothing to give back.
  expect(outcome.planned.flatMap(({ charges }) => charges.map(({ sku, amount_minor }) => [sku, amount_minor]))).toEqual([
    ['load', 0n],
  ]);
});

it('bills a voided month again beside corrections that stand: what they charged is not charged twice', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'top', type: 'action', unit: 'kW', aggregation: 'max' });
  const plan_id = await shop.plan('voided-month', 'AUD', {
    top: unit('1'),
    fee: { model: 'percentage', rate: '10' },
    sms: {
      model: 'volume',
      tiers: [
        { up_to: '10', unit_amount: '2' },
        { up_to: null, unit_amount: '1' },
      ],
    },
  });
  const org_id = await shop.customer('voided-month', [plan_id]);
  const used = (at: string, top: string, amount: string, sms: string) =>
    shop.made('POST', '/v1/metering/events', [
      { request_id: `top-${at}`, org_id, sku: 'top', quantity: top, time: at },
      { request_id: `fee-${at}`, org_id, sku: 'fee', amount, time: at },
      { request_id: `sms-${at}`, org_id, sku: 'sms', quantity: sms, time: at },
    ]);
  await used('2025-01-03T00:00:00Z', '10', '100', '10');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const january = await shop.newest(org_id);
  await used('2025-01-04T00:00:00Z', '14', '40', '4');
  await shop.bill('2025-02-01', '2025-03-01', org_id);
  const corrections = ['fee 40 4.00', 'sms 4 -6.00', 'top 4 4.00'];
  // 10 % of 100, then of 140; 10 at 2.00, then 14 at 1.00; the highest is 10, then 14
  const month = ['fee 100 10.00', 'sms 10 20.00', 'top 10 10.00'];
  expect(await verified(org_id)).toEqual([...month, ...corrections]);
  await setPrice(plan_id, 'top', unit('9'));
  await shop.void(january.invoice_id);
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  expect(await verified(org_id)).toEqual([...corrections, ...month]);
  expect(await shop.audit()).toEqual([]);
});

it('does not let a subscription end where a part of its month was billed: what falls due with the last part would be nobody’s', async () => {
  const volume = { model: 'volume', tiers: [{ up_to: null, unit_amount: '1' }] };
  const plan_id = await shop.plan('left', 'AUD', { ride: volume }, { base_amount: '31.00' });
  const org_id = await shop.customer('left', [plan_id]);
  await shop.use(org_id, 'ride', '20', '2025-01-03T00:00:00Z');
  await shop.bill('2025-01-01', '2025-01-15', org_id);
  const [{ subscription_id }] = (await shop.made('GET', `/v1/orgs/${org_id}/entitlements`)).data;
  const end = (ended_at: string) => s.call('POST', `/v1/subscriptions/${subscription_id}:end`, { ended_at });
  expect(await end('2025-01-15T00:00:00Z')).toMatchObject({
    status: 409,
    body: { code: 'period_closed', errors: [{ pointer: '/ended_at' }] },
  });
  expect(await end('2025-01-15T00:00:01Z')).toMatchObject({ status: 200 });
  await shop.bill('2025-01-15', '2025-02-01', org_id);
  // The day of the end is not the subscription’s: 14 of 31 days.
  expect(await verified(org_id)).toEqual(['ride 20 0.00', 'base 1 14.00', 'ride 0 20.00']);
  expect(await shop.audit()).toEqual([]);
});
