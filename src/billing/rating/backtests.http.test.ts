import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { clock } from '../../platform/clock.ts';
import { executeBacktest } from './service/backtest/run.ts';

const s = await testServer();
const shop = openShop(s);
const aud = (amount: string) => ({ amount, currency: 'AUD' });

/** Asks for a backtest and brings it to its end, as a worker does. */
async function backtest(body: object) {
  const { backtest_id } = await shop.made('POST', '/v1/pricing/backtests', body);
  await executeBacktest({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, backtest_id });
  return shop.made('GET', `/v1/pricing/backtests/${backtest_id}`);
}

let plan_id: string;
let orgs: Record<'small' | 'middle' | 'large', string>;

/**
 * 10.00 a month and 0.10 a call above 100. January is billed, February is not.
 * small: 50 calls each month. middle: 200 and 300. large: 1000 and 2000. A gold partner earns 20 % on large's calls.
 */
beforeAll(async () => {
  const call = { model: 'unit', unit_amount: '0.10', included_quantity: '100' };
  plan_id = await shop.plan('calls', 'AUD', { call }, { base_amount: '10.00' });
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
const steeper = { base_amount: '5.00', skus: { call: { model: 'unit', unit_amount: '0.12' } } };

describe('a backtest', () => {
  it('shows what billed and unbilled months come to, then and under the draft', async () => {
    const draft = await shop.made('POST', '/v1/pricing/drafts', { name: 'Steeper', plan_id, ...steeper });
    const done = await backtest({ draft_id: draft.draft_id, from: '2025-01', to: '2025-03', over_percent: '60' });
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
          over: { percent: '60', organizations: 0, share: '0' },
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
      { from: '10', to: '25', organizations: 2 },
      { from: '25', to: '50', organizations: 1 },
    ]);
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
  expect(randomUUID()).not.toBe('');
});
