import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { clock } from '../../platform/clock.ts';
import { executeBacktest } from './service/backtest/run.ts';

const s = await testServer();
const shop = openShop(s);
const unit = (unit_amount: string) => ({ model: 'unit', unit_amount });
let plan_id: string;

/** Ten organizations with 100.00 a month at 1.00 a call, and one with 10.00. */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: unit('1') });
  for (let n = 0; n < 11; n += 1) {
    const org_id = await shop.customer(`customer-${n}`, [plan_id]);
    const quantity = n === 10 ? '10' : '100';
    for (const month of ['01', '02']) await shop.use(org_id, 'call', quantity, `2025-${month}-10T00:00:00Z`);
  }
});

const demand = (require_backtest: object | null) => shop.made('PUT', `/v1/plans/${plan_id}/publish-policy`, { require_backtest });
const draftOf = async (price: object): Promise<string> =>
  (await shop.made('POST', '/v1/pricing/drafts', { name: 'A draft', plan_id, skus: { call: price } })).draft_id;
const publish = (draft_id: string, body: object = {}) => s.call('POST', `/v1/pricing/drafts/${draft_id}:publish`, body);
const check = (draft_id: string) => shop.made('GET', `/v1/pricing/drafts/${draft_id}/publication`);

async function tryIt(draft_id: string, more: object = {}): Promise<string> {
  const months = { from: '2025-01', to: '2025-03' };
  const { backtest_id } = await shop.made('POST', '/v1/pricing/backtests', { draft_id, ...months, ...more });
  await executeBacktest({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, backtest_id });
  return backtest_id;
}

describe('a draft of a plan that demands a backtest', () => {
  it('is published on one that meets every limit, which is on record', async () => {
    await demand({ max_increase_percent: '5', max_org_increase_percent: '4', max_share_over: '0', months: 2 });
    // 5 % more for everybody: revenue may rise so far, an organization may not.
    const dear = await draftOf(unit('1.05'));
    expect(await publish(dear)).toMatchObject({ status: 409, body: { code: 'backtest_required' } });
    await tryIt(dear);
    expect(await publish(dear)).toMatchObject({
      status: 409,
      body: { code: 'backtest_not_passed', errors: [{ code: 'organizations_over' }] },
    });
    expect(await check(dear)).toMatchObject({
      may_publish: false,
      backtest_id: null,
      backtests: [{ passed: false, reasons: [{ code: 'organizations_over' }] }],
    });
    const mild = await draftOf(unit('1.04'));
    const backtest_id = await tryIt(mild);
    expect(await check(mild)).toMatchObject({ may_publish: true, backtest_id });
    expect((await publish(mild)).body).toMatchObject({ status: 'published', backtest_id });
    expect((await shop.made('GET', `/v1/plans/${plan_id}`)).skus[0]).toMatchObject({ price: unit('1.04'), draft_id: mild });
    const [kept] = await s.t.superuser<{ backtest_id: string; months: number }>(
      `SELECT backtest_id, (demand->>'months')::int AS months FROM backtest_publication WHERE draft_id = $1`,
      [mild],
    );
    expect(kept).toEqual({ backtest_id, months: 2 });
  });

  it('may have some over the limit, where a share of them is allowed', async () => {
    // A minimum of 60.00 touches the small one alone: 10.40 → 60.00. One of eleven is 9.09 %.
    const price = { ...unit('1.04'), minimum_amount: '60.00' };
    await demand({ max_org_increase_percent: '10', max_share_over: '9', months: 1 });
    const draft_id = await draftOf(price);
    await tryIt(draft_id);
    expect(await publish(draft_id)).toMatchObject({ status: 409, body: { code: 'backtest_not_passed' } });
    await demand({ max_org_increase_percent: '10', max_share_over: '9.1', months: 1 });
    expect((await publish(draft_id)).status).toBe(200);
  });

  it.each([
    [
      'of some organizations only',
      async (draft_id: string) => tryIt(draft_id, { org_ids: [await anyone()] }),
      'organizations_left_out',
    ],
    ['over too few months', (draft_id: string) => tryIt(draft_id, { to: '2025-02' }), 'months_too_few'],
  ])('is not published on a backtest %s', async (_what, attempt, code) => {
    await demand({ max_increase_percent: '100', months: 2 });
    const draft_id = await draftOf(unit('1.06'));
    await attempt(draft_id);
    expect(await publish(draft_id)).toMatchObject({ status: 409, body: { code: 'backtest_not_passed', errors: [{ code }] } });
  });

  it('is not published on a backtest of what it was before, of another draft, or of prices that the plan no longer has', async () => {
    await demand({ max_increase_percent: '100', months: 2 });
    const draft_id = await draftOf(unit('1.07'));
    const backtest_id = await tryIt(draft_id);
    await shop.made('PATCH', `/v1/pricing/drafts/${draft_id}`, { skus: { call: unit('9') } });
    expect(await publish(draft_id)).toMatchObject({ body: { code: 'backtest_required' } });
    expect(await publish(draft_id, { backtest_id })).toMatchObject({ body: { code: 'backtest_not_passed' } });
    await shop.made('PATCH', `/v1/pricing/drafts/${draft_id}`, { skus: { call: unit('1.07') } });
    await demand(null);
    await shop.made('PUT', `/v1/plans/${plan_id}/skus/call`, { price: unit('1.03') });
    await demand({ max_increase_percent: '100', months: 2 });
    expect(await publish(draft_id)).toMatchObject({ body: { errors: [{ code: 'plan_changed' }] } });
  });

  it('cannot be given a backtest that has not completed, not even by the database', async () => {
    const draft_id = await draftOf(unit('1.08'));
    const months = { from: '2025-01', to: '2025-03' };
    const { backtest_id } = await shop.made('POST', '/v1/pricing/backtests', { draft_id, ...months });
    expect(await publish(draft_id, { backtest_id })).toMatchObject({ body: { code: 'backtest_not_passed' } });
    const planted = `INSERT INTO backtest_publication (tenant_id, draft_id, content_hash, backtest_id, demand, created_at)
                     SELECT tenant_id, draft_id, content_hash, $2, '{}', now() FROM price_draft WHERE draft_id = $1`;
    await expect(s.t.superuser(planted, [draft_id, backtest_id])).rejects.toThrow(/foreign key/);
  });
});

describe('the database', () => {
  it('lets a backtest that ended change no more, and takes results only while one runs', async () => {
    const backtest_id = await tryIt(await draftOf(unit('1.09')));
    await expect(s.t.superuser('UPDATE backtest SET done = 0 WHERE backtest_id = $1', [backtest_id])).rejects.toThrow(
      'does not change',
    );
    await expect(s.t.superuser('DELETE FROM backtest_result')).rejects.toThrow('append-only');
    const planted = `INSERT INTO backtest_result (tenant_id, backtest_id, org_id, month, basis, fault)
                     SELECT tenant_id, backtest_id, org_id, '2026-01-01', 'rated', '{}' FROM backtest_result WHERE backtest_id = $1 LIMIT 1`;
    await expect(s.t.superuser(planted, [backtest_id])).rejects.toThrow('only while it runs');
  });
});

async function anyone(): Promise<string> {
  return (await shop.made('GET', '/v1/orgs?limit=1')).data[0].org_id;
}

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
