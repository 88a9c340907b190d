import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';

const s = await testServer();
const other = { authorization: `Bearer ${s.other_key}` };
const january = '2026-01-01T00:00:00Z';
const february = '2026-02-01T00:00:00Z';
const unknown = '019ca6b1-dc00-7c10-9cde-d00607d992f3';
let [model_id, basic, pro] = ['', '', ''];
let count = 0;

const organization = async () => {
  count += 1;
  const body = {
    legal_name: 'Org',
    org_slug: `org-${count}`,
    billing_email: 'a@example.com',
    default_timezone: 'Australia/Sydney',
    currency: 'AUD',
  };
  return (await s.call('POST', '/v1/orgs', body)).body.org_id as string;
};
const plan = async (name: string, base_amount: string, prices: Record<string, object>) => {
  const { plan_id } = (await s.call('POST', '/v1/plans', { model_id, name, base_amount })).body;
  for (const [sku, price] of Object.entries(prices)) await s.call('PUT', `/v1/plans/${plan_id}/skus/${sku}`, price);
  return plan_id as string;
};

beforeAll(async () => {
  model_id = (await s.call('POST', '/v1/business-models', { code: 'saas', name: 'SaaS', currency: 'AUD' })).body.model_id;
  for (const sku of ['sms', 'mail']) await s.call('POST', '/v1/skus', { sku, type: 'action', unit: 'message' });
  basic = await plan('Basic', '10', { sms: { overage_price: '0.1' } });
  pro = await plan('Pro', '50', { sms: { overage_price: '0.05' }, mail: { overage_price: '0.01' } });
});

describe('an entitlement', () => {
  it('starts, is listed, and ends', async () => {
    const org_id = await organization();
    const made = await s.call('POST', `/v1/orgs/${org_id}/entitlements`, {
      plan_id: basic,
      effective_at: '2026-01-01T11:00:00+11:00',
    });
    expect(made).toMatchObject({
      status: 201,
      body: { org_id, plan_id: basic, plan_name: 'Basic', effective_at: january, ended_at: null },
    });
    expect((await s.call('GET', `/v1/orgs/${org_id}/entitlements`)).body).toEqual({ data: [made.body], next_cursor: null });
    const ended = await s.call('POST', `/v1/subscriptions/${made.body.subscription_id}:end`, { ended_at: february });
    expect(ended).toMatchObject({ status: 200, body: { ended_at: february, status: 'ended' } });
    const again = await s.call('POST', `/v1/subscriptions/${made.body.subscription_id}:end`, { ended_at: february });
    expect(again).toMatchObject({ status: 409, body: { code: 'subscription_ended' } });
  });

  it('that shares a SKU with a live one is a conflict', async () => {
    const org_id = await organization();
    await s.call('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: basic, effective_at: january });
    const second = await s.call('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: pro, effective_at: february });
    expect(second).toMatchObject({ status: 409, body: { code: 'sku_already_entitled' } });
  });

  it('names what is wrong with its overrides', async () => {
    const org_id = await organization();
    const entitle = (overrides: object) =>
      s.call('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: basic, effective_at: january, overrides });
    const wrong = await entitle({ skus: { sms: { price: { model: 'unit', unit_amount: 'x' } } } });
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'price_invalid', errors: [{ pointer: '/overrides/skus/sms/price/unit_amount' }] },
    });
    expect(await entitle({ skus: { sms: { colour: 'red' } } })).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
    expect(await entitle({ base_amount: '-1' })).toMatchObject({ status: 422, body: { code: 'base_amount_invalid' } });
    const right = await entitle({ base_amount: '0', skus: { sms: { overage_price: '0.09' } } });
    expect(right).toMatchObject({
      status: 201,
      body: { overrides: { base_amount: '0', skus: { sms: { overage_price: '0.09' } } } },
    });
  });

  it('of a time that does not exist is refused', async () => {
    const org_id = await organization();
    for (const effective_at of ['2026-02-30T00:00:00Z', '2026-01-01T00:00:00', '0000-01-01T00:00:00Z', 'now', null]) {
      const answer = await s.call('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: basic, effective_at });
      expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    }
  });
});

describe('a business model', () => {
  it('is shown as differences first, then assigned', async () => {
    const org_id = await organization();
    const url = `/v1/orgs/${org_id}/business-model`;
    expect(await s.call('GET', url)).toMatchObject({ status: 404, body: { code: 'business_model_not_assigned' } });
    const first = await s.call('PUT', url, { model_id, plan_id: basic, notes: 'trial over' });
    expect(first).toMatchObject({ status: 200, body: { preview: false, differences: [{ sku: 'sms', change: 'added' }] } });
    const preview = await s.call('PUT', `${url}?preview=true`, { model_id, plan_id: pro });
    expect(preview).toMatchObject({
      status: 200,
      body: {
        preview: true,
        base_amount: { before: '10', after: '50' },
        differences: [
          { sku: 'mail', change: 'added' },
          { sku: 'sms', change: 'changed' },
        ],
        ended_subscription_ids: [first.body.subscription_id],
      },
    });
    expect((await s.call('GET', url)).body).toMatchObject({
      plan_id: basic,
      notes: 'trial over',
      subscription_id: first.body.subscription_id,
    });
    const done = await s.call('PUT', url, { model_id, plan_id: pro });
    expect(done.body.differences).toEqual(preview.body.differences);
    expect((await s.call('GET', url)).body).toMatchObject({ plan_id: pro, subscription_id: done.body.subscription_id });
  });
});

it("answers another tenant's ids as it answers unknown ones", async () => {
  const org_id = await organization();
  const made = await s.call('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: basic, effective_at: january });
  const probes: [string, (org: string, subscription: string) => string, unknown?][] = [
    ['GET', (o) => `/v1/orgs/${o}/entitlements`],
    ['POST', (o) => `/v1/orgs/${o}/entitlements`, { plan_id: basic, effective_at: january }],
    ['GET', (o) => `/v1/orgs/${o}/business-model`],
    ['PUT', (o) => `/v1/orgs/${o}/business-model`, { model_id, plan_id: basic }],
    ['POST', (_o, id) => `/v1/subscriptions/${id}:end`, {}],
  ];
  for (const [method, path, body] of probes) {
    const foreign = await s.call(method, path(org_id, made.body.subscription_id), body, other);
    const missing = await s.call(method, path(unknown, unknown), body, other);
    expect([foreign.status, foreign.body.code]).toEqual([404, missing.body.code]);
  }
});
