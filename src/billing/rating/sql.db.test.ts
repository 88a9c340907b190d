import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);

interface Billed {
  tenant_id: string;
  billed_period_id: string;
  subscription_id: string;
  org_id: string;
  run_id: string;
}
let january: Billed;
let neighbour: Billed;

const periodOf = async (org_id: string) =>
  (await s.t.superuser<Billed>('SELECT * FROM billed_period WHERE org_id = $1', [org_id]))[0]!;

/** Two organizations with a billed January, each with a charge of 3 calls at a dollar. */
beforeAll(async () => {
  const plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
  const org_ids = [await shop.customer('one', [plan_id]), await shop.customer('two', [plan_id])];
  for (const org_id of org_ids) await shop.use(org_id, 'call', '3', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01');
  [january, neighbour] = [await periodOf(org_ids[0]!), await periodOf(org_ids[1]!)];
});

const plantPeriod = (from: string, to: string, over: Partial<Billed> = {}) => {
  const row = { ...january, billed_period_id: randomUUID(), ...over };
  return s.t.superuser(
    `INSERT INTO billed_period (tenant_id, billed_period_id, kind, subscription_id, org_id, from_date, to_date, during, watermark, run_id, created_at)
     VALUES ($1, $2, 'period', $3, $4, $5::date, $6::date, tstzrange($5::timestamptz, $6::timestamptz), 1, $7, now())`,
    [row.tenant_id, row.billed_period_id, row.subscription_id, row.org_id, from, to, row.run_id],
  );
};

const plantTake = (from: string, to: string, arrived: string, over: Partial<Billed> = {}) => {
  const row = { ...january, ...over };
  return s.t.superuser(
    `INSERT INTO usage_take (tenant_id, billed_period_id, subscription_id, during, arrived)
     VALUES ($1, $2, $3, tstzrange($4::timestamptz, $5::timestamptz), $6::int8range)`,
    [row.tenant_id, row.billed_period_id, row.subscription_id, from, to, arrived],
  );
};

/** The charge of a period again under a new id, with some columns changed. */
const plantCharge = (changes: Record<string, string>, of = january) => {
  const row = JSON.stringify({ charge_id: randomUUID(), ...changes });
  return s.t.superuser(
    `INSERT INTO charge SELECT (jsonb_populate_record(c, $1::jsonb)).* FROM charge c WHERE billed_period_id = $2`,
    [row, of.billed_period_id],
  );
};

describe('the database refuses, whoever asks,', () => {
  it('a live period that overlaps another of its subscription, by a moment too', async () => {
    await expect(plantPeriod('2025-01-31', '2025-02-28')).rejects.toThrow('period_overlaps');
    await expect(plantPeriod('2024-12-01', '2025-03-01')).rejects.toThrow('period_overlaps');
  });

  it('a period without end, or of nothing', async () => {
    await expect(plantPeriod('2025-03-01', 'infinity')).rejects.toThrow(/check constraint/);
    await expect(plantTake('2025-03-01', 'infinity', '[0,2)')).rejects.toThrow(/check constraint/);
    await expect(plantPeriod('2025-03-01', '2025-03-01')).rejects.toThrow(/check constraint/);
  });

  it('a period of a subscription that is not the organization’s', async () => {
    await expect(plantPeriod('2025-03-01', '2025-04-01', { org_id: neighbour.org_id })).rejects.toThrow(/foreign key/);
  });

  it('usage that is taken already, and none that came later', async () => {
    await expect(plantTake('2025-01-31', '2025-02-02', '[0,2)')).rejects.toThrow('usage_taken_once');
    const [taken] = await s.t.superuser<{ upper: string }>('SELECT upper(arrived)::text AS upper FROM usage_take LIMIT 1');
    await plantTake('2025-01-01', '2025-02-01', `[${taken!.upper},${BigInt(taken!.upper) + 1n})`);
  });

  it('a take under another subscription’s name, which its exclusion would not see', async () => {
    await expect(plantTake('2025-01-01', '2025-02-01', '[0,2)', { subscription_id: randomUUID() })).rejects.toThrow(
      /foreign key/,
    );
    await expect(plantTake('2025-01-01', '2025-02-01', '[0,2)', { subscription_id: neighbour.subscription_id })).rejects.toThrow(
      /foreign key|usage_taken_once/,
    );
  });

  it('the same charge twice, and a charge of another’s period', async () => {
    await expect(plantCharge({})).rejects.toThrow('charge_once');
    await expect(plantCharge({ sku: 'other', subscription_id: neighbour.subscription_id })).rejects.toThrow(/foreign key/);
    await expect(plantCharge({ sku: 'other', org_id: neighbour.org_id })).rejects.toThrow(/foreign key/);
  });

  it.each([
    ['a quantity that is no number', { quantity: 'NaN' }],
    ['an amount without end', { amount_exact: 'Infinity' }],
    ['a currency that is none', { currency: 'dollars' }],
    ['a charge of no known kind', { kind: 'gift' }],
    ['a charge of usage without its SKU', { kind: 'base' }],
    ['a charge outside a cycle within one', { kind: 'action' }],
  ])('%s', async (_what, changes) => {
    await expect(plantCharge({ ...changes, sku: 'call' })).rejects.toThrow(/check constraint/);
  });
});

describe('what is billed', () => {
  it.each(['billed_period', 'usage_take', 'charge'])(
    'in %s does not change, is not deleted, and does not come to life again',
    async (table) => {
      await expect(s.t.superuser(`DELETE FROM ${table}`)).rejects.toThrow('only be retired');
      await expect(s.t.superuser(`UPDATE ${table} SET subscription_id = gen_random_uuid()`)).rejects.toThrow('only be retired');
      await expect(s.t.superuser(`UPDATE ${table} SET live = true`)).rejects.toThrow('only be retired');
      // Not even where replication would pass other triggers by.
      await expect(s.t.superuser(`SET session_replication_role = replica; DELETE FROM ${table}`)).rejects.toThrow(
        'only be retired',
      );
      await s.t.superuser('RESET session_replication_role');
    },
  );

  it('ceases to count as a whole: the audit names a period whose parts do not agree', async () => {
    expect(await shop.audit()).toEqual([]);
    await s.t.superuser('UPDATE billed_period SET live = false WHERE billed_period_id = $1', [january.billed_period_id]);
    const found = await shop.audit();
    expect(found).toContainEqual({ defect: expect.stringContaining('I6b'), what: january.billed_period_id });
    await s.t.superuser('UPDATE charge SET live = false WHERE billed_period_id = $1', [neighbour.billed_period_id]);
    expect(await shop.audit()).toContainEqual({ defect: expect.stringContaining('I6b'), what: neighbour.billed_period_id });
  });
});
