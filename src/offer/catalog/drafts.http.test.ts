import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
const unit = (unit_amount: string) => ({ model: 'unit', unit_amount });
let plan_id: string;

beforeAll(async () => {
  plan_id = await shop.plan('growth', 'AUD', { call: unit('0.10'), mail: unit('0.01') }, { base_amount: '10.00' });
  await shop.made('POST', '/v1/skus', { sku: 'seat', type: 'object', unit: 'seat', aggregation: 'max' });
});

const draftOf = (more: object = {}) => shop.made('POST', '/v1/pricing/drafts', { name: 'A draft', plan_id, ...more });
const change = (draft_id: string, body: object) => s.call('PATCH', `/v1/pricing/drafts/${draft_id}`, body);

describe('a price draft', () => {
  it('keeps prices as they would be stored, and its hash tells one content from another', async () => {
    const one = await draftOf({ base_amount: '12', skus: { call: { model: 'unit', unit_amount: '0.120' } } });
    expect(one).toMatchObject({ status: 'draft', base_amount: '12', skus: { call: unit('0.12') }, published_at: null });
    const same = await draftOf({ name: 'Another name', base_amount: '12.00', skus: { call: unit('0.12') } });
    expect(same.content_hash).toBe(one.content_hash);
    const other = await draftOf({ base_amount: '12.01', skus: { call: unit('0.12') } });
    expect(other.content_hash).not.toBe(one.content_hash);
  });

  it('changes SKU by SKU, and null takes a change back', async () => {
    const { draft_id } = await draftOf({ skus: { call: unit('0.2'), mail: unit('0.02') } });
    const changed = await change(draft_id, { skus: { mail: null, seat: unit('5') }, base_amount: '11' });
    expect(changed.body).toMatchObject({ base_amount: '11', skus: { call: unit('0.2'), seat: unit('5') } });
    expect(Object.keys(changed.body.skus)).toEqual(['call', 'seat']);
    expect((await change(draft_id, { base_amount: null })).body.base_amount).toBeNull();
  });

  it('says what it would change in the plan as it is now', async () => {
    const { draft_id } = await draftOf({
      base_amount: '9.00',
      skus: { call: unit('0.2'), mail: unit('0.010'), seat: unit('5') },
    });
    expect(await shop.made('GET', `/v1/pricing/drafts/${draft_id}/differences`)).toMatchObject({
      currency: 'AUD',
      base_amount: { before: '10', after: '9' },
      differences: [
        { sku: 'call', change: 'changed', before: unit('0.1'), after: unit('0.2') },
        { sku: 'seat', change: 'added', before: null, after: unit('5') },
      ],
    });
  });

  it('becomes the plan’s prices as a whole, each version knowing its draft, and does not change any more', async () => {
    const own = await shop.plan('published', 'AUD', { call: unit('1'), mail: unit('2') }, { base_amount: '10.00' });
    const skus = { call: unit('3'), mail: unit('2') };
    const { draft_id } = await shop.made('POST', '/v1/pricing/drafts', { name: 'Now', plan_id: own, base_amount: '7.50', skus });
    const published = await shop.made('POST', `/v1/pricing/drafts/${draft_id}:publish`, {});
    expect(published).toMatchObject({ status: 'published', backtest_id: null, published_at: expect.any(String) });
    const plan = await shop.made('GET', `/v1/plans/${own}`);
    expect(plan).toMatchObject({
      base_amount: '7.5',
      skus: [
        { sku: 'call', version: 2, price: unit('3'), draft_id },
        // The price that it had makes no version.
        { sku: 'mail', version: 1, price: unit('2'), draft_id: null },
      ],
    });
    for (const [method, url, body] of [
      ['PATCH', `/v1/pricing/drafts/${draft_id}`, { name: 'Later' }],
      ['POST', `/v1/pricing/drafts/${draft_id}:publish`, {}],
      ['POST', `/v1/pricing/drafts/${draft_id}:discard`, undefined],
    ] as const)
      expect(await s.call(method, url, body), url).toMatchObject({ status: 409, body: { code: 'draft_final' } });
    await expect(s.t.superuser(`UPDATE price_draft SET name = 'x' WHERE draft_id = $1`, [draft_id])).rejects.toThrow(
      'does not change',
    );
    await expect(s.t.superuser('DELETE FROM price_draft')).rejects.toThrow('does not change');
  });

  it('is put aside for good', async () => {
    const { draft_id } = await draftOf();
    expect((await s.call('POST', `/v1/pricing/drafts/${draft_id}:discard`)).body.status).toBe('discarded');
    expect(await change(draft_id, { name: 'Again' })).toMatchObject({ status: 409, body: { code: 'draft_final' } });
    const list = await shop.made('GET', '/v1/pricing/drafts?status=discarded');
    expect(list.data.map((row: { draft_id: string }) => row.draft_id)).toEqual([draft_id]);
  });
});

describe('is refused, by name and place:', () => {
  it.each([
    ['a price that is none', { skus: { call: { model: 'unit' } } }, 'price_invalid', '/skus/call/unit_amount'],
    ['a base fee that the currency lacks', { base_amount: '1.234' }, 'base_amount_invalid', '/base_amount'],
    ['an unknown SKU', { skus: { nothing: unit('1') } }, 'sku_unknown', undefined],
  ])('%s', async (_what, more, code, pointer) => {
    const answer = await s.call('POST', '/v1/pricing/drafts', { name: 'Wrong', plan_id, ...more });
    expect(answer.body.code).toBe(code);
    expect(answer.body.errors?.[0]?.pointer).toBe(pointer);
  });
});

describe('a plan that demands a backtest', () => {
  it('changes its prices in no other way, whoever asks', async () => {
    const own = await shop.plan('guarded', 'AUD', { call: unit('1') });
    const demand = { max_increase_percent: '5.0', months: 3 };
    const policy = await shop.made('PUT', `/v1/plans/${own}/publish-policy`, { require_backtest: demand });
    expect(policy.require_backtest).toEqual({
      max_increase_percent: '5',
      max_org_increase_percent: null,
      max_share_over: null,
      months: 3,
    });
    expect(await shop.made('GET', `/v1/plans/${own}/publish-policy`)).toEqual(policy);
    const put = await s.call('PUT', `/v1/plans/${own}/skus/call`, { price: unit('2') });
    expect(put).toMatchObject({ status: 409, body: { code: 'backtest_required' } });
    const { draft_id } = await shop.made('POST', '/v1/pricing/drafts', { name: 'Now', plan_id: own, skus: { call: unit('2') } });
    expect(await s.call('POST', `/v1/pricing/drafts/${draft_id}:publish`, {})).toMatchObject({
      status: 409,
      body: { code: 'backtest_required' },
    });
    // The database holds it too.
    const planted = `INSERT INTO price_version SELECT tenant_id, gen_random_uuid(), plan_id, sku, 2, price, price_hash, now(), 'x', NULL
                       FROM price_version WHERE plan_id = $1`;
    await expect(s.t.superuser(planted, [own])).rejects.toThrow('demands a passed backtest');
    await expect(
      s.t.superuser(
        `UPDATE price_draft SET status = 'published', published_at = now(), published_by = 'x', published_policy = '{}' WHERE draft_id = $1`,
        [draft_id],
      ),
    ).rejects.toThrow('price_draft_backtest_required');
    await shop.made('PUT', `/v1/plans/${own}/publish-policy`, { require_backtest: null });
    expect((await s.call('PUT', `/v1/plans/${own}/skus/call`, { price: unit('2') })).status).toBe(200);
  });

  it.each([
    ['below zero', { max_increase_percent: '-1', months: 1 }, '/require_backtest/max_increase_percent'],
    ['a share over all', { max_org_increase_percent: '1', max_share_over: '101', months: 1 }, '/require_backtest/max_share_over'],
    ['a share of nothing', { max_share_over: '5', months: 1 }, '/require_backtest/max_share_over'],
  ])('cannot demand %s', async (_what, require_backtest, pointer) => {
    const answer = await s.call('PUT', `/v1/plans/${plan_id}/publish-policy`, { require_backtest });
    expect(answer).toMatchObject({ status: 422, body: { code: 'publish_policy_invalid', errors: [{ pointer }] } });
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
