import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { listAuditEntries } from '../../foundation/audit/service.ts';
import { listEvents } from '../../foundation/events/service.ts';
import { newId } from '../../kernel/id.ts';
import { loadMasterKey } from '../../platform/keys.ts';
import {
  createBusinessModel,
  createPlan,
  createSku,
  currentPrices,
  ensureSku,
  latestPricesOfPlans,
  listPriceVersions,
  listSkus,
  requirePlan,
  requireSku,
  setPrice,
  skusByCode,
  updateBusinessModel,
  updatePlan,
  updateSku,
} from './service.ts';

const t = await testDatabase();
const coded = (code: string) => expect.objectContaining({ code });
const constraint = (name: string) => expect.objectContaining({ constraint: name });
const all = { org_ids: null, limit: 100 };
let [model_id, plan_id] = ['', ''];

beforeAll(async () => {
  loadMasterKey('', Buffer.alloc(32, 1).toString('base64'));
  await t.transact(async (tx) => {
    model_id = (await createBusinessModel(tx, { code: 'saas', name: 'SaaS', currency: 'AUD' })).model_id;
    plan_id = (await createPlan(tx, { model_id, name: 'Growth', base_amount: '49.00' })).plan_id;
    await createSku(tx, {
      sku: 'sms',
      type: 'action',
      unit: 'message',
      retail: '0.10',
      dimensions: ['country'],
      metadata: { a: { b: null } },
    });
  });
});

describe('a SKU', () => {
  it('comes back as it went in, with its defaults', async () => {
    expect(await t.read((db) => requireSku(db, 'sms'))).toEqual({
      sku: 'sms',
      type: 'action',
      unit: 'message',
      aggregation: 'sum',
      dimensions: ['country'],
      late_policy: 'adjust_next',
      allow_negative: false,
      cost: null,
      retail: '0.1',
      tax_code: null,
      metadata: { a: { b: null } },
      created_at: '2026-03-01T00:00:00Z',
    });
  });

  it('exists once; made twice at once by an import it is one', async () => {
    await expect(t.transact((tx) => createSku(tx, { sku: 'sms', type: 'action', unit: 'x' }))).rejects.toEqual(
      coded('sku_exists'),
    );
    const kwh = { sku: 'energy.E1', type: 'energy', unit: 'kWh' } as const;
    const [one, other] = await Promise.all([t.transact((tx) => ensureSku(tx, kwh)), t.transact((tx) => ensureSku(tx, kwh))]);
    expect(one).toEqual(other);
  });

  it('changes with both states on record', async () => {
    await t.transact((tx) => updateSku(tx, 'energy.E1', { tax_code: 'GST' }));
    const { data } = await t.read((db) => listAuditEntries(db, { ...all, target_id: 'energy.E1', action: 'sku.updated' }));
    expect(data).toMatchObject([{ before: { tax_code: null }, after: { tax_code: 'GST' }, target_type: 'product_sku' }]);
  });

  it('of another tenant is unknown', async () => {
    await expect(t.postgres.read(t.scope({ tenant_id: t.other_tenant_id }), (db) => requireSku(db, 'sms'))).rejects.toEqual(
      coded('sku_unknown'),
    );
    expect((await t.postgres.read(t.scope({ tenant_id: t.other_tenant_id }), skusByCode)).size).toBe(0);
  });

  it('is listed page by page in order of its code', async () => {
    const first = await t.read((db) => listSkus(db, { limit: 1 }));
    const second = await t.read((db) => listSkus(db, { limit: 1, cursor: first.next_cursor! }));
    expect([first, second].map((page) => page.data.map((sku) => sku.sku))).toEqual([['energy.E1'], ['sms']]);
    expect(second.next_cursor).toBeNull();
  });
});

describe('a business model', () => {
  it('has a code of its own and a currency that exists', async () => {
    await expect(t.transact((tx) => createBusinessModel(tx, { code: 'saas', name: 'x', currency: 'AUD' }))).rejects.toEqual(
      constraint('business_model_tenant_id_code_key'),
    );
    await expect(t.transact((tx) => createBusinessModel(tx, { code: 'x', name: 'x', currency: 'XXX' }))).rejects.toEqual(
      coded('currency_unknown'),
    );
  });

  it('has a default plan of its own, and counts its changes', async () => {
    const other = await t.transact((tx) => createBusinessModel(tx, { code: 'other', name: 'Other', currency: 'JPY' }));
    await expect(t.transact((tx) => updateBusinessModel(tx, other.model_id, { default_plan_id: plan_id }))).rejects.toEqual(
      constraint('business_model_default_plan'),
    );
    expect(await t.transact((tx) => updateBusinessModel(tx, model_id, { default_plan_id: plan_id }))).toMatchObject({
      version: 2,
      default_plan_id: plan_id,
    });
    expect(await t.transact((tx) => updateBusinessModel(tx, model_id, { default_plan_id: plan_id }))).toMatchObject({
      version: 2,
    });
  });

  it('that is retired has no new plans', async () => {
    const old = await t.transact((tx) => createBusinessModel(tx, { code: 'old', name: 'Old', currency: 'AUD' }));
    await t.transact((tx) => updateBusinessModel(tx, old.model_id, { status: 'retired' }));
    await expect(t.transact((tx) => createPlan(tx, { model_id: old.model_id, name: 'x' }))).rejects.toEqual(
      coded('business_model_retired'),
    );
  });
});

describe('a plan', () => {
  it('has the currency of its model, and a base amount in its decimals', async () => {
    expect(await t.read((db) => requirePlan(db, plan_id))).toMatchObject({
      currency: 'AUD',
      base_amount: '49',
      billing_interval: 'P1M',
      status: 'active',
    });
    await expect(t.transact((tx) => createPlan(tx, { model_id, name: 'x', base_amount: '1.001' }))).rejects.toEqual(
      coded('base_amount_invalid'),
    );
    const free = await t.transact((tx) => createPlan(tx, { model_id, name: 'Free' }));
    expect(free.base_amount).toBeNull();
    expect(await t.transact((tx) => updatePlan(tx, free.plan_id, { status: 'retired', notes: 'gone' }))).toMatchObject({
      status: 'retired',
      notes: 'gone',
    });
  });
});

describe('a price', () => {
  const set = (request: object) =>
    t.transact((tx) => setPrice(tx, { plan_id, sku: 'sms' }, request), { actor: { kind: 'user', id: 'ann' } });

  it('is a new version each time it changes, and none when it does not', async () => {
    const first = await set({ overage_price: '0.10', included_qty: 100 });
    expect(first).toMatchObject({
      changed: true,
      current: { version: 1, created_by: 'ann', included_qty: '100', overage_price: '0.1' },
    });
    const same = await set({ price: { included_quantity: '100.00', model: 'unit', unit_amount: '0.100' } });
    expect(same).toMatchObject({ changed: false, current: { version: 1, price_version_id: first.current.price_version_id } });
    const second = await set({ overage_price: '0.09' });
    const third = await set({ overage_price: '0.10', included_qty: 100 });
    expect([second.current.version, third.current.version]).toEqual([2, 3]);
    expect(third.current.price_hash).toBe(first.current.price_hash);
    expect(await t.read((db) => currentPrices(db, plan_id))).toEqual([third.current]);
  });

  it('keeps every version, newest first', async () => {
    const first = await t.read((db) => listPriceVersions(db, { plan_id, sku: 'sms' }, { limit: 2 }));
    const second = await t.read((db) => listPriceVersions(db, { plan_id, sku: 'sms' }, { limit: 2, cursor: first.next_cursor! }));
    expect([...first.data, ...second.data].map((version) => [version.version, version.price])).toEqual([
      [3, { model: 'unit', unit_amount: '0.1', included_quantity: '100' }],
      [2, { model: 'unit', unit_amount: '0.09' }],
      [1, { model: 'unit', unit_amount: '0.1', included_quantity: '100' }],
    ]);
    await expect(t.read((db) => listPriceVersions(db, { plan_id, sku: 'energy.E1' }, { limit: 2 }))).rejects.toEqual(
      coded('plan_sku_unknown'),
    );
  });

  it('cannot be changed or deleted once it is a version', async () => {
    for (const change of ["UPDATE price_version SET price = '{}'", 'DELETE FROM price_version', 'TRUNCATE price_version']) {
      await expect(t.transact((tx) => tx.write(sql.raw(change)))).rejects.toThrow(/permission denied/);
    }
    await expect(t.superuser('UPDATE price_version SET version = 9')).rejects.toThrow(/append-only/);
    await expect(t.transact((tx) => tx.write(sql`UPDATE product_sku SET aggregation = 'count'`))).rejects.toThrow(
      /permission denied/,
    );
  });

  it('leaves an audit entry of plan_sku with both prices, and an event', async () => {
    const { data } = await t.read((db) => listAuditEntries(db, { ...all, target_type: 'plan_sku' }));
    expect(data).toHaveLength(3);
    expect(data).toContainEqual(
      expect.objectContaining({
        before: expect.objectContaining({ version: 1 }),
        after: expect.objectContaining({ version: 2 }),
      }),
    );
    const events = await t.read((db) => listEvents(db, { type: 'price.changed', limit: 10, org_ids: null }));
    expect(events.data.map((event) => event.data.version)).toEqual([3, 2, 1]);
  });

  it('set from many sides at once has versions without a gap', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => set({ overage_price: `1.${index}` })));
    const { data } = await t.read((db) => listPriceVersions(db, { plan_id, sku: 'sms' }, { limit: 100 }));
    expect(data.map((version) => version.version)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('is refused for an unknown plan or SKU', async () => {
    const of = (target: { plan_id: string; sku: string }) => t.transact((tx) => setPrice(tx, target, { overage_price: '1' }));
    await expect(of({ plan_id: newId(t.scope().now), sku: 'sms' })).rejects.toEqual(coded('plan_unknown'));
    await expect(of({ plan_id, sku: 'fax' })).rejects.toEqual(coded('sku_unknown'));
  });

  it('is read for many plans in one go', async () => {
    const empty = await t.transact((tx) => createPlan(tx, { model_id, name: 'Empty' }));
    const prices = await t.read((db) => latestPricesOfPlans(db, [plan_id, empty.plan_id]));
    expect([...prices.values()].map((list) => list.length)).toEqual([1, 0]);
  });
});

it('leaves nothing for the audit to find', async () => {
  expect(await t.superuser("SELECT * FROM audit WHERE defect LIKE 'C%'")).toEqual([]);
});
