import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { clock } from '../../platform/clock.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { type BacktestDeps, executeBacktest } from './service/backtest/run.ts';

const s = await testServer();
const shop = openShop(s);
const aud = (amount: string) => ({ amount, currency: 'AUD' });
const months = { from: '2025-01', to: '2025-03' };
const unit = (unit_amount: string, more: object = {}) => ({ model: 'unit', unit_amount, ...more });

const execute = (backtest_id: string, deps: Partial<BacktestDeps> = {}) =>
  executeBacktest({ postgres: s.t.postgres, clock, ...deps }, { tenant_id: s.tenant.tenant_id, backtest_id });
const request = async (body: object): Promise<string> => (await shop.made('POST', '/v1/pricing/backtests', body)).backtest_id;
const read = (backtest_id: string) => shop.made('GET', `/v1/pricing/backtests/${backtest_id}`);
const table = async (backtest_id: string, query = '') =>
  (await shop.made('GET', `/v1/pricing/backtests/${backtest_id}/organizations${query}`)).data;

/** Asks for a backtest and brings it to its end, as a worker does. */
async function backtest(body: object) {
  const backtest_id = await request(body);
  await execute(backtest_id);
  return read(backtest_id);
}

let plan_id: string;
let orgs: Record<'small' | 'middle' | 'large', string>;

/**
 * 10.00 a month and 0.10 a call above 100. January is billed, February is not.
 * small: 50 calls each month. middle: 200 and 300. large: 1000 and 2000. A gold partner earns 20 % on large's calls.
 */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: unit('0.10', { included_quantity: '100' }) }, { base_amount: '10.00' });
  orgs = {
    small: await shop.customer('small', [plan_id]),
    middle: await shop.customer('middle', [plan_id]),
    large: await shop.customer('large', [plan_id]),
  };
  const partner = { legal_name: 'A partner', org_slug: 'partner', billing_email: 'a@example.com', default_timezone: 'UTC' };
  const { org_id: partner_id } = await shop.made('POST', '/v1/orgs', { ...partner, partner_tier: 'gold' });
  await shop.made('POST', '/v1/partners-of-record', { org_id: orgs.large, partner_id, start_at: '2025-01-01T00:00:00Z' });
  await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'call', pct: '20' });
  for (const [org_id, january, february] of [
    [orgs.small, '50', '50'],
    [orgs.middle, '200', '300'],
    [orgs.large, '1000', '2000'],
  ] as const) {
    await shop.use(org_id, 'call', january, '2025-01-10T00:00:00Z');
    await shop.use(org_id, 'call', february, '2025-02-10T00:00:00Z');
  }
  await shop.bill('2025-01-01', '2025-02-01');
});

/** 5.00 a month, 0.12 a call, and none included. */
const steeper = { base_amount: '5.00', skus: { call: unit('0.12') } };

describe('a backtest', () => {
  it('shows what billed and unbilled months come to, before and under the draft', async () => {
    const draft = await shop.made('POST', '/v1/pricing/drafts', { name: 'Steeper', plan_id, ...steeper });
    const done = await backtest({ draft_id: draft.draft_id, ...months, over_percent: '23.3' });
    // Before: base 10.00 each month; calls 0, 10.00, 90.00 in January and 0, 20.00, 190.00 in February.
    // January 30 + 100 = 130.00; February 30 + 210 = 240.00; together 370.00. Partner: 20 % of 90.00 and of 190.00 is 56.00.
    // Draft: base 5.00; calls 6.00, 24.00, 120.00 and 6.00, 36.00, 240.00.
    // January 15 + 150 = 165.00; February 15 + 282 = 297.00; together 462.00. Partner: 20 % of 120.00 and of 240.00 is 72.00.
    // small 20.00 → 22.00 (+10 %), middle 50.00 → 70.00 (+40 %), large 300.00 → 370.00 (+23.33 %).
    expect(done).toMatchObject({
      status: 'completed',
      months: ['2025-01', '2025-02'],
      content_hash: draft.content_hash,
      progress: { done: 6, total: 6 },
      summary: {
        currency: 'AUD',
        organizations: 3,
        organization_months: 6,
        before: { revenue: aud('370.00'), partners: aud('56.00') },
        draft: {
          revenue: aud('462.00'),
          partners: aud('72.00'),
          difference: aud('92.00'),
          // 92 / 370 = 24.864… %
          percent: '24.86',
          paying_more: 3,
          paying_less: 0,
          paying_the_same: 0,
          // 23.33… % and 40 % are over 23.3 %: two of three.
          over: { percent: '23.3', organizations: 2, share: '66.67' },
          change: { p5: aud('2.00'), p25: aud('2.00'), p50: aud('20.00'), p75: aud('70.00'), p95: aud('70.00') },
          change_percent: { p5: '10', p25: '10', p50: '23.33', p75: '40', p95: '40' },
        },
        compare: null,
        by_month: [
          { month: '2025-01', before: aud('130.00'), draft: aud('165.00'), compare: null },
          { month: '2025-02', before: aud('240.00'), draft: aud('297.00'), compare: null },
        ],
        by_sku: [
          { sku: null, before: aud('60.00'), draft: aud('30.00'), compare: null },
          { sku: 'call', before: aud('310.00'), draft: aud('432.00'), compare: null },
        ],
        faulty_organizations: 0,
        faults: [],
      },
    });
    const buckets = done.summary.draft.distribution.filter((bucket: { organizations: number }) => bucket.organizations > 0);
    expect(buckets).toEqual([
      { from: '10', to: '15', organizations: 1 },
      { from: '20', to: '30', organizations: 1 },
      { from: '30', to: '50', organizations: 1 },
    ]);
  });

  it('tries two drafts side by side in one run, and sorts its table by any figure', async () => {
    const milder = { name: 'Milder', plan_id, skus: { call: unit('0.08', { included_quantity: '100' }) } };
    const [one, other] = [
      await shop.made('POST', '/v1/pricing/drafts', { name: 'Steep', plan_id, ...steeper }),
      await shop.made('POST', '/v1/pricing/drafts', milder),
    ];
    const done = await backtest({ draft_id: one.draft_id, compare_draft_id: other.draft_id, ...months });
    // Milder: 60.00 of base and 0.08 × (100 + 900 + 200 + 1900) = 248.00.
    expect(done.summary).toMatchObject({ draft: { revenue: aud('462.00') }, compare: { revenue: aud('308.00') } });
    const slugs = async (sort: string) =>
      (await table(done.backtest_id, `?sort=${sort}`)).map((row: { org_slug: string }) => row.org_slug);
    expect(await slugs('-change')).toEqual(['large', 'middle', 'small']);
    expect(await slugs('percent')).toEqual(['small', 'large', 'middle']);
    expect(await slugs('-before')).toEqual(['large', 'middle', 'small']);
    const rows = await table(done.backtest_id);
    // large under the milder draft: 20.00 + 0.08 × 2800 = 244.00, of which 20 % of 224.00 for the partner.
    expect(rows[0]).toMatchObject({
      org_id: orgs.large,
      basis: 'mixed',
      before: { amount: aud('300.00'), partners: aud('56.00') },
      draft: { amount: aud('370.00'), difference: aud('70.00'), percent: '23.33', partners: aud('72.00') },
      compare: { amount: aud('244.00'), difference: aud('-56.00'), percent: '-18.67', partners: aud('44.80') },
      months: [
        { month: '2025-01', before: aud('100.00'), draft: aud('125.00'), compare: aud('82.00') },
        { month: '2025-02', before: aud('200.00'), draft: aud('245.00'), compare: aud('162.00') },
      ],
      fault: null,
    });
    const first = await shop.made('GET', `/v1/pricing/backtests/${done.backtest_id}/organizations?limit=2`);
    const second = await shop.made(
      'GET',
      `/v1/pricing/backtests/${done.backtest_id}/organizations?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`,
    );
    expect([...first.data, ...second.data]).toEqual(rows);
    expect(second.next_cursor).toBeNull();
  });

  it('gives the whole table as CSV, in which no name is a formula', async () => {
    await shop.made('PATCH', `/v1/orgs/${orgs.small}`, { legal_name: '=HYPERLINK("x")' });
    const { backtest_id } = await backtest({ plan_id, base_amount: '0', skus: steeper.skus, ...months });
    // small: 20.00 of base go, and 0.12 × 100 come.
    const answer = await s.call('GET', `/v1/pricing/backtests/${backtest_id}/organizations.csv`);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="backtest-2025-01-to-2025-03.csv"',
    });
    const lines = String(answer.body).trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe(
      'org_id,org_slug,legal_name,basis,before,before_partners,draft,draft_difference,draft_percent,draft_partners,fault',
    );
    expect(lines.find((line) => line.includes('small'))).toContain(
      `small,"'=HYPERLINK(""x"")",mixed,20.00,0.00,12.00,-8.00,-40.00,0.00,`,
    );
  });

  it('finds no difference where the draft is the live prices', async () => {
    const draft = await shop.made('POST', '/v1/pricing/drafts', { name: 'The same', plan_id });
    const { summary } = await backtest({ draft_id: draft.draft_id, ...months });
    expect(summary.draft).toMatchObject({
      difference: aud('0.00'),
      percent: '0',
      paying_the_same: 3,
      paying_more: 0,
      paying_less: 0,
      over: { organizations: 0 },
    });
    expect(summary.draft.distribution).toContainEqual({ from: '0', to: '0', organizations: 3 });
  });

  it('keeps overrides, prices a new SKU, and counts a rise from nothing as over any percentage', async () => {
    const own = await shop.plan('own', 'AUD', { call: unit('1') });
    await shop.made('POST', '/v1/skus', { sku: 'seat', type: 'object', unit: 'seat', aggregation: 'max' });
    const [favoured, newcomer] = [await shop.customer('favoured', []), await shop.customer('newcomer', [own])];
    const overrides = { skus: { call: { included_qty: '5' } } };
    await shop.made('POST', `/v1/orgs/${favoured}/entitlements`, {
      plan_id: own,
      effective_at: '2025-01-01T00:00:00Z',
      overrides,
    });
    await shop.use(favoured, 'call', '7', '2025-01-05T00:00:00Z');
    await shop.use(newcomer, 'seat', '3', '2025-01-05T00:00:00Z');
    await shop.use(newcomer, 'seat', '4', '2025-01-06T00:00:00Z');
    const skus = { call: unit('2'), seat: unit('10') };
    const done = await backtest({ plan_id: own, skus, from: '2025-01', to: '2025-02', over_percent: '1000' });
    // favoured: (7 − 5) × 1 = 2.00 → 4.00. newcomer: at most 4 seats, 0 → 40.00.
    expect(await table(done.backtest_id)).toMatchObject([
      { org_slug: 'newcomer', before: { amount: aud('0.00') }, draft: { amount: aud('40.00'), percent: null } },
      { org_slug: 'favoured', before: { amount: aud('2.00') }, draft: { amount: aud('4.00'), percent: '100' } },
    ]);
    expect(done.summary.draft.over).toMatchObject({ organizations: 1, share: '50' });
    expect((await table(done.backtest_id, '?sort=-percent'))[0].org_slug).toBe('newcomer');
  });

  it('leaves an organization that cannot be rated out of every figure, and names it', async () => {
    const own = await shop.plan('vast', 'AUD', { token: unit('0.01') });
    const [vast, sound] = [await shop.customer('vast', [own]), await shop.customer('sound', [own])];
    await shop.use(vast, 'token', '9000000000000000', '2025-01-05T00:00:00Z');
    await shop.use(sound, 'token', '100', '2025-01-05T00:00:00Z');
    const done = await backtest({ plan_id: own, skus: { token: unit('10') }, from: '2025-01', to: '2025-02' });
    expect(done.summary).toMatchObject({
      organizations: 1,
      before: { revenue: aud('1.00') },
      draft: { revenue: aud('1000.00') },
      faulty_organizations: 1,
      faults: [{ org_id: vast, side: 'draft', code: 'amount_out_of_range' }],
    });
    expect(await table(done.backtest_id)).toMatchObject([{ org_slug: 'sound' }, { org_slug: 'vast', before: null, draft: null }]);
  });

  it('looks at the organizations that it is told, and honestly at nothing where nothing was', async () => {
    const some = await backtest({ plan_id, ...steeper, ...months, org_ids: [orgs.middle] });
    expect(some).toMatchObject({ org_ids: [orgs.middle], progress: { done: 2, total: 2 }, summary: { organizations: 1 } });
    const none = await backtest({ plan_id, ...steeper, from: '2024-01', to: '2024-03' });
    expect(none).toMatchObject({
      status: 'completed',
      progress: { done: 0, total: 0 },
      summary: {
        organizations: 0,
        before: { revenue: aud('0.00') },
        draft: { revenue: aud('0.00'), percent: null, change: null, change_percent: null, over: { share: null } },
        by_month: [],
        by_sku: [],
      },
    });
  });
});

describe('a backtest that is disturbed', () => {
  /** Everything that a backtest found. */
  const found = async (backtest_id: string) => {
    const { summary, progress } = await read(backtest_id);
    return { summary, progress, rows: await table(backtest_id) };
  };

  it('comes to the same result after kills between chunks and within one', async () => {
    const body = { plan_id, ...steeper, ...months };
    const whole = await backtest(body);
    const killed = await request(body);
    let chunks = 0;
    const signal = {
      throwIfAborted() {
        chunks += 1;
        if (chunks === 2) throw new Error('killed between chunks');
      },
    } as AbortSignal;
    await expect(execute(killed, { chunk_size: 1, signal })).rejects.toThrow('killed between chunks');
    expect(await read(killed)).toMatchObject({ status: 'running', progress: { done: 2, total: 6 }, summary: null });
    const dying: Postgres = {
      ...s.t.postgres,
      transact: (scope, work) =>
        s.t.postgres.transact(scope, async (tx) => {
          await work(tx);
          throw new Error('killed before the commit');
        }),
    };
    await expect(execute(killed, { chunk_size: 1, postgres: dying })).rejects.toThrow('killed before the commit');
    expect(await read(killed)).toMatchObject({ status: 'running', progress: { done: 2, total: 6 } });
    await execute(killed, { chunk_size: 1 });
    expect(await found(killed)).toEqual(await found(whole.backtest_id));
  });

  it('comes to the same result when two workers take it up at once, and beside another', async () => {
    const body = { plan_id, ...steeper, ...months };
    const [one, two] = [await request(body), await request(body)];
    await Promise.all([execute(one, { chunk_size: 1 }), execute(one, { chunk_size: 1 }), execute(two, { chunk_size: 2 })]);
    expect(await found(one)).toEqual(await found(two));
    // Once it is completed, taking it up again does nothing.
    await execute(one);
    expect(await found(one)).toEqual(await found(two));
  });

  it('is what it was asked for, whatever is used, priced or drafted meanwhile', async () => {
    const draft = await shop.made('POST', '/v1/pricing/drafts', { name: 'Edited', plan_id, ...steeper });
    const backtest_id = await request({ draft_id: draft.draft_id, ...months });
    await shop.made('PATCH', `/v1/pricing/drafts/${draft.draft_id}`, { skus: { call: unit('9') } });
    await execute(backtest_id);
    expect((await read(backtest_id)).summary.draft.revenue).toEqual(aud('462.00'));
  });

  it('stops where it is cancelled, once, and keeps what it found', async () => {
    const backtest_id = await request({ plan_id, ...steeper, ...months });
    let chunks = 0;
    const signal = {
      throwIfAborted() {
        chunks += 1;
        if (chunks === 2) throw new Error('stopped for the test');
      },
    } as AbortSignal;
    await expect(execute(backtest_id, { chunk_size: 1, signal })).rejects.toThrow('stopped for the test');
    const cancelled = await shop.made('POST', `/v1/pricing/backtests/${backtest_id}:cancel`);
    expect(cancelled).toMatchObject({ status: 'cancelled', progress: { done: 2, total: 6 }, summary: null });
    await execute(backtest_id);
    expect(await read(backtest_id)).toEqual(cancelled);
    expect(await table(backtest_id)).toHaveLength(1);
    expect(await s.call('POST', `/v1/pricing/backtests/${backtest_id}:cancel`)).toMatchObject({
      status: 409,
      body: { code: 'backtest_ended' },
    });
    const waiting = await request({ plan_id, ...steeper, ...months });
    await shop.made('POST', `/v1/pricing/backtests/${waiting}:cancel`);
    expect(await execute(waiting)).toMatchObject({ status: 'cancelled', total: 0 });
  });
});

describe('is refused, by name and place:', () => {
  const asked: [string, () => object, string, string | undefined][] = [
    ['neither draft nor plan', () => ({}), 'backtest_invalid', '/draft_id'],
    ['both', () => ({ plan_id, draft_id: randomUUID() }), 'backtest_invalid', '/draft_id'],
    ['no month', () => ({ plan_id, from: '2025-02', to: '2025-02' }), 'backtest_months_invalid', '/to'],
    ['more months than can be tried', () => ({ plan_id, from: '2020-01', to: '2025-02' }), 'backtest_months_invalid', '/to'],
    ['a month that has not ended', () => ({ plan_id, to: '2098-01', from: '2097-12' }), 'backtest_months_invalid', '/to'],
    ['a date that begins no month', () => ({ plan_id, from: '2025-01-15' }), 'validation_failed', '/from'],
    ['an unknown organization', () => ({ plan_id, org_ids: [orgs.small, randomUUID()] }), 'backtest_org_unknown', '/org_ids/1'],
    ['a price that is none', () => ({ plan_id, skus: { call: { model: 'unit' } } }), 'price_invalid', '/skus/call/unit_amount'],
  ];
  it.each(asked)('%s', async (_what, body, code, pointer) => {
    const answer = await s.call('POST', '/v1/pricing/backtests', { ...months, ...body() });
    expect(answer).toMatchObject({ status: 422, body: { code } });
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it('a draft of another plan beside it', async () => {
    const other = await shop.plan('elsewhere', 'AUD', { call: unit('1') });
    const draft = await shop.made('POST', '/v1/pricing/drafts', { name: 'Elsewhere', plan_id: other });
    const answer = await s.call('POST', '/v1/pricing/backtests', { plan_id, compare_draft_id: draft.draft_id, ...months });
    expect(answer).toMatchObject({ status: 422, body: { code: 'backtest_invalid', errors: [{ pointer: '/compare_draft_id' }] } });
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
