import { describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';

const s = await testServer();
const other = { authorization: `Bearer ${s.other_key}` };
const model = await s.call('POST', '/v1/business-models', { code: 'saas', name: 'SaaS', currency: 'AUD' });
const plan = await s.call('POST', '/v1/plans', { model_id: model.body.model_id, name: 'Growth', base_amount: '49.00' });
const sku = await s.call('POST', '/v1/skus', { sku: 'msg:sms.au', type: 'action', unit: 'message' });
const price_url = `/v1/plans/${plan.body.plan_id}/skus/msg:sms.au`;

describe('the way to a price', () => {
  it('is model, plan, SKU, price', async () => {
    expect([model.status, plan.status, sku.status]).toEqual([201, 201, 201]);
    const put = await s.call('PUT', price_url, { included_qty: '100', overage_price: 0.08 });
    expect(put).toMatchObject({
      status: 200,
      body: {
        sku: 'msg:sms.au',
        version: 1,
        price: { model: 'unit', unit_amount: '0.08', included_quantity: '100' },
        price_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        included_qty: '100',
        overage_price: '0.08',
        tiers: null,
      },
    });
    const again = await s.call('PUT', price_url, { price: { model: 'unit', unit_amount: '0.080', included_quantity: '100' } });
    expect(again.body).toEqual(put.body);
    const detail = await s.call('GET', `/v1/plans/${plan.body.plan_id}`);
    expect(detail.body).toEqual({ ...plan.body, skus: [{ ...put.body, type: 'action', unit: 'message' }] });
    const versions = await s.call('GET', `${price_url}/versions`);
    expect(versions.body).toMatchObject({ data: [{ version: 1 }], next_cursor: null });
  });

  it('shows what is there in lists', async () => {
    for (const [url, id, made] of [
      ['/v1/skus', 'sku', sku],
      ['/v1/business-models', 'model_id', model],
      ['/v1/plans', 'plan_id', plan],
    ] as const) {
      const list = await s.call('GET', url);
      expect(list.body.data.map((row: Record<string, string>) => row[id])).toEqual([made.body[id]]);
    }
    expect((await s.call('GET', '/v1/skus/msg:sms.au')).body).toEqual(sku.body);
  });

  it('changes what may change', async () => {
    const changed = await s.call('PATCH', '/v1/skus/msg:sms.au', { retail: '0.10', late_policy: 'absorb' });
    expect(changed).toMatchObject({ status: 200, body: { retail: '0.1', late_policy: 'absorb' } });
    const fixed = await s.call('PATCH', '/v1/skus/msg:sms.au', { aggregation: 'count' });
    expect(fixed).toMatchObject({ status: 409, body: { code: 'sku_field_fixed', errors: [{ pointer: '/aggregation' }] } });
    const patched = await s.call('PATCH', `/v1/business-models/${model.body.model_id}`, { default_plan_id: plan.body.plan_id });
    expect(patched).toMatchObject({ status: 200, body: { version: 2, default_plan_id: plan.body.plan_id } });
    expect((await s.call('PATCH', `/v1/plans/${plan.body.plan_id}`, { notes: 'ours' })).body.notes).toBe('ours');
  });
});

describe('is refused, by name and place:', () => {
  const refusals: [string, string, string, unknown, number, string][] = [
    ['a SKU twice', 'POST', '/v1/skus', { sku: 'msg:sms.au', type: 'action', unit: 'x' }, 409, 'sku_exists'],
    [
      'a count of distinct values of nothing',
      'POST',
      '/v1/skus',
      { sku: 'a', type: 'action', unit: 'x', aggregation: 'unique_count' },
      422,
      'dimension_required',
    ],
    ['an unknown type', 'POST', '/v1/skus', { sku: 'a', type: 'gas', unit: 'x' }, 422, 'validation_failed'],
    ['an unknown field', 'POST', '/v1/skus', { sku: 'a', type: 'action', unit: 'x', colour: 'red' }, 422, 'validation_failed'],
    [
      'a cost that is no number',
      'POST',
      '/v1/skus',
      { sku: 'a', type: 'action', unit: 'x', cost: 'NaN' },
      422,
      'validation_failed',
    ],
    ['a SKU with a slash', 'POST', '/v1/skus', { sku: 'a/b', type: 'action', unit: 'x' }, 422, 'validation_failed'],
    ['NUL in a name', 'POST', '/v1/business-models', { code: 'x', name: 'a\u0000', currency: 'AUD' }, 400, 'malformed_request'],
    ['a code twice', 'POST', '/v1/business-models', { code: 'saas', name: 'x', currency: 'AUD' }, 409, 'business_model_exists'],
    ['an unknown currency', 'POST', '/v1/business-models', { code: 'x', name: 'x', currency: 'QQQ' }, 422, 'currency_unknown'],
    [
      'an interval that is no calendar one',
      'POST',
      '/v1/plans',
      { model_id: model.body.model_id, name: 'x', billing_interval: 'PT1H' },
      422,
      'validation_failed',
    ],
    [
      'more decimals than the currency has',
      'POST',
      '/v1/plans',
      { model_id: model.body.model_id, name: 'x', base_amount: '1.001' },
      422,
      'base_amount_invalid',
    ],
    ['no price', 'PUT', price_url, {}, 422, 'price_required'],
    [
      'an included quantity twice',
      'PUT',
      price_url,
      { included_qty: '1', price: { model: 'unit', unit_amount: '1', included_quantity: '1' } },
      422,
      'included_quantity_twice',
    ],
    [
      'a gap in tiers',
      'PUT',
      price_url,
      { price: { model: 'graduated', tiers: [{ up_to: '1', unit_amount: '1' }] } },
      422,
      'price_invalid',
    ],
    ['a price that is null', 'PUT', price_url, { price: null }, 422, 'price_invalid'],
    ['a foreign cursor', 'GET', '/v1/plans?cursor=abc.def', undefined, 400, 'cursor_invalid'],
    ['a limit of 0', 'GET', '/v1/skus?limit=0', undefined, 422, 'validation_failed'],
  ];
  it.each(refusals)('%s', async (_what, method, path, body, status, code) => {
    const answer = await s.call(method, path, body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });
});

it("answers another tenant's ids as it answers unknown ones", async () => {
  const unknown = '019ca6b1-dc00-7c10-9cde-d00607d992f3';
  const probes: [string, (plan_id: string, model_id: string, sku: string) => string, unknown?][] = [
    ['GET', (_p, m) => `/v1/business-models/${m}`],
    ['PATCH', (_p, m) => `/v1/business-models/${m}`, { name: 'x' }],
    ['GET', (p) => `/v1/plans/${p}`],
    ['PATCH', (p) => `/v1/plans/${p}`, { notes: 'x' }],
    ['PUT', (p, _m, k) => `/v1/plans/${p}/skus/${k}`, { overage_price: '1' }],
    ['GET', (p, _m, k) => `/v1/plans/${p}/skus/${k}/versions`],
    ['GET', (_p, _m, k) => `/v1/skus/${k}`],
    ['PATCH', (_p, _m, k) => `/v1/skus/${k}`, { retail: '1' }],
  ];
  for (const [method, path, body] of probes) {
    const foreign = await s.call(method, path(plan.body.plan_id, model.body.model_id, 'msg:sms.au'), body, other);
    const missing = await s.call(method, path(unknown, unknown, 'no-such'), body, other);
    expect([foreign.status, foreign.body.code]).toEqual([404, missing.body.code]);
  }
  const plan_of_foreign_model = await s.call('POST', '/v1/plans', { model_id: model.body.model_id, name: 'x' }, other);
  expect(plan_of_foreign_model).toMatchObject({ status: 404, body: { code: 'business_model_unknown' } });
});
