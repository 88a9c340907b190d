import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { executeBacktest } from '../../src/billing/rating/service/backtest/run.ts';
import { clock } from '../../src/platform/clock.ts';
import { keepDocumentsIn } from '../../src/platform/documents.ts';
import { archiveUsage } from '../../src/usage/metering/service/archive.ts';
import { tendGenerations } from '../../src/usage/metering/service/generations.ts';
import { testServer } from '../support/server.ts';
import { openShop, verificationOf } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);
const months = { from: '2025-01', to: '2025-02' };
const unit = { model: 'unit', unit_amount: '1' };
/** 10 % of each event's amount. */
const percentage = { model: 'percentage', rate: '10' };
let plan_id: string;

/** 3 and 4 calls of 30.00 and 50.00 in January, which is billed and archived. */
beforeAll(async () => {
  keepDocumentsIn(s.config.data_dir);
  plan_id = await shop.plan('calls', 'AUD', { call: unit });
  const org_id = await shop.customer('one', [plan_id]);
  const event = { org_id, sku: 'call', time: '2025-01-10T00:00:00Z' };
  await shop.made('POST', '/v1/metering/events', [
    { ...event, request_id: 'a', quantity: '3', amount: '30.00' },
    { ...event, request_id: 'b', quantity: '4', amount: '50.00' },
  ]);
  await shop.bill('2025-01-01', '2025-02-01');
  const [hot] = await s.t.superuser<{ gen: number }>("SELECT gen FROM metering_generation WHERE state = 'hot'");
  await tendGenerations(s.t.postgres, { over: hot!.gen });
  await s.t.superuser("UPDATE metering_generation SET month = '2025-01-01' WHERE gen = $1", [hot!.gen]);
  const [done] = await archiveUsage(s.t.postgres, { before: '2025-02' });
  expect(done).toMatchObject({ events: 2, document: expect.any(String) });
  expect(await s.t.superuser('SELECT 1 FROM metering_event')).toEqual([]);
});

async function tryIt(price: object) {
  const { backtest_id } = await shop.made('POST', '/v1/pricing/backtests', { plan_id, skus: { call: price }, ...months });
  const attempt = executeBacktest({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, backtest_id });
  return { attempt, read: () => shop.made('GET', `/v1/pricing/backtests/${backtest_id}`) };
}

it('is verified from the document, each event by itself', async () => {
  const { verification, differences } = await verificationOf(s, s.tenant.tenant_id);
  expect(differences).toEqual([]);
  expect(verification.checked).toMatchObject({ invoices: 1, events: 2 });
});

it('is tried from rollups, and where a price is over single events, from the document', async () => {
  const dearer = await tryIt({ ...unit, unit_amount: '2' });
  await dearer.attempt;
  // 7 × 1.00 and 7 × 2.00
  expect((await dearer.read()).summary).toMatchObject({
    before: { revenue: { amount: '7.00' } },
    draft: { revenue: { amount: '14.00' } },
  });
  const by_amount = await tryIt(percentage);
  await by_amount.attempt;
  // 10 % of 80.00
  expect((await by_amount.read()).summary.draft.revenue.amount).toBe('8.00');
});

it('is not tried on half of the usage: a document that is gone is said by name, and prices over quantities need none', async () => {
  rmSync(join(s.config.data_dir, 'documents'), { recursive: true });
  const by_amount = await tryIt(percentage);
  await expect(by_amount.attempt).rejects.toMatchObject({ code: 'usage_archive_unreadable' });
  expect(await by_amount.read()).toMatchObject({ status: 'running', summary: null });
  const dearer = await tryIt({ ...unit, unit_amount: '3' });
  await dearer.attempt;
  expect((await dearer.read()).summary.draft.revenue.amount).toBe('21.00');
  await expect(verificationOf(s, s.tenant.tenant_id)).rejects.toMatchObject({ code: 'usage_archive_unreadable' });
});

it('leaves an audit without defects', async () => {
  expect(await shop.defects()).toEqual([]);
});
