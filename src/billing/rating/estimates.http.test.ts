import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { kept_days, sweepEstimates } from './service/estimate.ts';

const s = await testServer();
const shop = openShop(s);
let plan_id: string;
let org_id: string;

beforeAll(async () => {
  plan_id = await shop.plan('forms', 'AUD', { lead: { model: 'unit', unit_amount: '0.10' } }, { base_amount: '5.00' });
  org_id = await shop.customer('asking', [plan_id]);
});

const ask = (leads: string) => shop.made('POST', '/v1/pricing/estimate', { org_id, skus: { lead: '2' }, leads });
const kept = () =>
  s.t.superuser<{ result: object; inputs: { leads: string } }>('SELECT result, inputs FROM pricing_estimate ORDER BY created_at');

describe('an estimate', () => {
  it('is kept under all that it was worked out from, and answered from there', async () => {
    const first = await ask('50');
    // 5.00 + 2 × 50 × 0.10
    expect(first).toMatchObject({ base: { amount: '5.00' }, grand_total: { amount: '15.00' } });
    expect(await ask('50')).toEqual(first);
    expect(await ask('50.0')).toEqual(first);
    expect(await kept()).toEqual([{ result: first, inputs: expect.objectContaining({ leads: '50', org_id }) }]);
    // Nobody but a test can change what is kept; that it is told shows where the answer came from.
    await s.t.superuser(`UPDATE pricing_estimate SET result = jsonb_set(result, '{grand_total,amount}', '"1.00"')`);
    expect((await ask('50')).grand_total.amount).toBe('1.00');
  });

  it('is another question once a price changes', async () => {
    await shop.made('PUT', `/v1/plans/${plan_id}/skus/lead`, { price: { model: 'unit', unit_amount: '0.20' } });
    // 5.00 + 2 × 50 × 0.20
    expect((await ask('50')).grand_total.amount).toBe('25.00');
    expect(await kept()).toHaveLength(2);
  });

  it('is given all the same when it cannot be kept', async () => {
    await s.t.superuser('ALTER TABLE pricing_estimate ADD CONSTRAINT never CHECK (false) NOT VALID');
    // 5.00 + 2 × 7 × 0.20
    expect((await ask('7')).grand_total.amount).toBe('7.80');
    await s.t.superuser('ALTER TABLE pricing_estimate DROP CONSTRAINT never');
    expect(await kept()).toHaveLength(2);
  });

  it('is let go after a while', async () => {
    const now = Temporal.Instant.from('2026-03-01T00:00:00Z');
    await s.t.superuser(
      `UPDATE pricing_estimate SET created_at = '2026-01-29T00:00:00Z' WHERE result->'grand_total'->>'amount' = '1.00'`,
    );
    await s.t.superuser(
      `UPDATE pricing_estimate SET created_at = '2026-01-31T00:00:00Z' WHERE result->'grand_total'->>'amount' = '25.00'`,
    );
    // 30 days before 1 March is 30 January.
    expect(kept_days).toBe(30);
    await sweepEstimates(s.t.postgres, now);
    expect(await kept()).toMatchObject([{ result: { grand_total: { amount: '25.00' } } }]);
  });

  it('changes nothing else', async () => {
    expect(await shop.audit()).toEqual([]);
    expect(await s.t.superuser('SELECT 1 FROM charge')).toEqual([]);
  });
});
