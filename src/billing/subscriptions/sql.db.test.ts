import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { listAuditEntries } from '../../foundation/audit/service.ts';
import { listEvents } from '../../foundation/events/service.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import { newId } from '../../kernel/id.ts';
import { createBusinessModel, createPlan, createSku, setPrice, updatePlan } from '../../offer/catalog/service.ts';
import { loadMasterKey } from '../../platform/keys.ts';
import { assignBusinessModel, currentAssignment } from './service/assignment.ts';
import {
  createEntitlement,
  effectivePrices,
  endEntitlement,
  ensureItems,
  listEntitlements,
  liveSubscriptions,
  markBilled,
  requireSubscription,
} from './service.ts';

const t = await testDatabase();
const coded = (code: string) => expect.objectContaining({ code });
const constraint = (name: string) => expect.objectContaining({ constraint: name });
const january = '2026-01-01T00:00:00Z';
const february = '2026-02-01T00:00:00Z';
const march = '2026-03-01T00:00:00Z';
const april = '2026-04-01T00:00:00Z';
let [model_id, basic, pro, storage, yen] = ['', '', '', '', ''];
let count = 0;

const organization = (currency?: string) =>
  t.transact(async (tx) => {
    count += 1;
    const slug = `org-${count}`;
    const made = { legal_name: slug, org_slug: slug, billing_email: 'a@example.com', default_timezone: 'UTC' };
    return (await createOrganization(tx, currency === undefined ? made : { ...made, currency })).org_id;
  });
const entitle = (org_id: string, plan_id: string, effective_at: string, overrides?: object) =>
  t.transact((tx) => createEntitlement(tx, org_id, { plan_id, effective_at, overrides }));
const move = (org_id: string, plan_id: string, over: { effective_at?: string; preview?: boolean; notes?: string } = {}) =>
  t.transact((tx) =>
    assignBusinessModel(
      tx,
      org_id,
      { model_id, plan_id, effective_at: over.effective_at, notes: over.notes },
      { preview: over.preview ?? false },
    ),
  );

beforeAll(async () => {
  loadMasterKey('', Buffer.alloc(32, 1).toString('base64'));
  await t.transact(async (tx) => {
    model_id = (await createBusinessModel(tx, { code: 'saas', name: 'SaaS', currency: 'AUD' })).model_id;
    const other = (await createBusinessModel(tx, { code: 'japan', name: 'Japan', currency: 'JPY' })).model_id;
    basic = (await createPlan(tx, { model_id, name: 'Basic', base_amount: '10' })).plan_id;
    pro = (await createPlan(tx, { model_id, name: 'Pro', base_amount: '50' })).plan_id;
    storage = (await createPlan(tx, { model_id, name: 'Storage' })).plan_id;
    yen = (await createPlan(tx, { model_id: other, name: 'Yen' })).plan_id;
    for (const sku of ['sms', 'mail', 'gb', 'late']) await createSku(tx, { sku, type: 'action', unit: 'one' });
    await setPrice(tx, { plan_id: basic, sku: 'sms' }, { overage_price: '0.1', included_qty: '100' });
    await setPrice(tx, { plan_id: pro, sku: 'sms' }, { overage_price: '0.05', included_qty: '1000' });
    await setPrice(tx, { plan_id: pro, sku: 'mail' }, { overage_price: '0.01' });
    await setPrice(tx, { plan_id: storage, sku: 'gb' }, { overage_price: '2' });
  });
});

describe('an entitlement', () => {
  it('is a subscription to the plan from then, listed with its plan', async () => {
    const org_id = await organization('AUD');
    const made = await entitle(org_id, basic, january);
    expect(made).toEqual({
      subscription_id: expect.any(String),
      org_id,
      plan_id: basic,
      plan_name: 'Basic',
      overrides: {},
      effective_at: january,
      ended_at: null,
      billed_until: null,
      status: 'active',
      created_at: march,
    });
    expect(await t.read((db) => listEntitlements(db, org_id, { limit: 10 }))).toEqual({ data: [made], next_cursor: null });
  });

  it('leaves an audit entry and an event', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, basic, january);
    const audit = await t.read((db) =>
      listAuditEntries(db, { org_ids: null, limit: 10, target_type: 'org_entitlement', target_id: subscription_id }),
    );
    expect(audit.data).toMatchObject([{ action: 'subscription.created', before: null, after: { plan_id: basic } }]);
    const events = await t.read((db) => listEvents(db, { org_ids: null, limit: 10, type: 'subscription.created' }));
    expect(events.data[0]).toMatchObject({ org_id, data: { subscription_id, effective_at: january } });
  });

  it('to a SKU that the organization has in another live one is refused, naming it', async () => {
    const org_id = await organization();
    await entitle(org_id, basic, january);
    await expect(entitle(org_id, pro, february)).rejects.toEqual(
      expect.objectContaining({ code: 'sku_already_entitled', message: expect.stringContaining('The SKU sms') }),
    );
    await entitle(org_id, storage, february);
    await expect(entitle(org_id, storage, march)).rejects.toEqual(coded('sku_already_entitled'));
  });

  it('is had once, though two ask at the same moment', async () => {
    const org_id = await organization();
    const outcomes = await Promise.allSettled([entitle(org_id, basic, january), entitle(org_id, pro, january)]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is refused by the database too', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, basic, january);
    const plant = (text: ReturnType<typeof sql>) => t.transact((tx) => tx.write(text));
    await expect(
      plant(sql`INSERT INTO subscription_item VALUES (${t.tenant_id}, ${newId(t.scope().now)}, ${(await entitle(org_id, storage, january)).subscription_id},
        ${org_id}, 'sms', tstzrange('2026-02-01', NULL))`),
    ).rejects.toEqual(constraint('subscription_item_once'));
    await expect(
      plant(sql`INSERT INTO org_entitlement (tenant_id, subscription_id, org_id, plan_id, effective_at, status, created_at)
        VALUES (${t.tenant_id}, ${newId(t.scope().now)}, ${org_id}, ${basic}, '2026-02-01', 'active', now())`),
    ).rejects.toEqual(constraint('org_entitlement_plan_once'));
    await expect(
      plant(sql`UPDATE org_entitlement SET plan_id = ${pro} WHERE subscription_id = ${subscription_id}`),
    ).rejects.toThrow(/permission denied/);
    await expect(plant(sql`DELETE FROM org_entitlement`)).rejects.toThrow(/permission denied/);
    await expect(
      plant(sql`UPDATE org_entitlement SET ended_at = '2025-12-01' WHERE subscription_id = ${subscription_id}`),
    ).rejects.toEqual(constraint('org_entitlement_ends_after_start'));
  });

  it('in another currency than the organization, or to a plan that is not sold, is refused', async () => {
    const org_id = await organization('AUD');
    await expect(entitle(org_id, yen, january)).rejects.toEqual(coded('currency_mismatch'));
    const retired = await t.transact((tx) => createPlan(tx, { model_id, name: 'Old' }));
    await t.transact((tx) => updatePlan(tx, retired.plan_id, { status: 'retired' }));
    await expect(entitle(org_id, retired.plan_id, january)).rejects.toEqual(coded('plan_retired'));
    await expect(entitle(newId(t.scope().now), basic, january)).rejects.toEqual(coded('org_not_found'));
    const foreign = t.transact((tx) => createEntitlement(tx, org_id, { plan_id: basic, effective_at: january }), {
      tenant_id: t.other_tenant_id,
    });
    await expect(foreign).rejects.toEqual(coded('org_not_found'));
  });

  it('has overrides that are checked when they are written', async () => {
    const org_id = await organization();
    await expect(entitle(org_id, basic, january, { skus: { mail: { overage_price: '1' } } })).rejects.toEqual(
      coded('sku_not_in_plan'),
    );
    await expect(entitle(org_id, basic, january, { base_amount: '1.001' })).rejects.toEqual(coded('base_amount_invalid'));
    await expect(entitle(org_id, basic, january, { skus: { sms: { overage_price: 'x' } } })).rejects.toEqual(
      expect.objectContaining({
        details: expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/overrides/skus/sms/overage_price' })] }),
      }),
    );
    const made = await entitle(org_id, basic, january, { base_amount: '5.00', skus: { sms: { included_qty: '250.0' } } });
    expect(made.overrides).toEqual({ base_amount: '5', skus: { sms: { included_qty: '250' } } });
  });
});

describe('a subscription', () => {
  it('ends once, frees its SKUs, and says so', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, basic, january);
    const end = (ended_at: string) => t.transact((tx) => endEntitlement(tx, subscription_id, { ended_at }));
    await expect(end('2025-12-31T00:00:00Z')).rejects.toEqual(coded('subscription_ends_before_start'));
    expect(await end(february)).toMatchObject({ ended_at: february, status: 'ended' });
    await expect(end(march)).rejects.toEqual(coded('subscription_ended'));
    await entitle(org_id, pro, february);
    const events = await t.read((db) => listEvents(db, { org_ids: null, limit: 1, type: 'subscription.status.changed' }));
    expect(events.data[0]).toMatchObject({ org_id, data: { subscription_id, from: 'active', to: 'ended', ended_at: february } });
  });

  it('of an organization out of sight is unknown', async () => {
    const { subscription_id } = await entitle(await organization(), basic, january);
    await expect(t.transact((tx) => endEntitlement(tx, subscription_id, { org_ids: [] }))).rejects.toEqual(
      coded('subscription_unknown'),
    );
    const foreign = t.transact((tx) => endEntitlement(tx, subscription_id, {}), { tenant_id: t.other_tenant_id });
    await expect(foreign).rejects.toEqual(coded('subscription_unknown'));
  });

  it('that is billed changes nothing before then', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, basic, january);
    await t.transact((tx) => markBilled(tx, [{ subscription_id, until: february }]));
    await t.transact((tx) => markBilled(tx, [{ subscription_id, until: january }]));
    expect((await t.read((db) => requireSubscription(db, subscription_id))).billed_until).toBe(february);
    await expect(t.transact((tx) => endEntitlement(tx, subscription_id, { ended_at: '2026-01-31T00:00:00Z' }))).rejects.toEqual(
      coded('period_closed'),
    );
    await expect(entitle(org_id, storage, '2026-01-15T00:00:00Z')).rejects.toEqual(coded('period_closed'));
    await expect(move(org_id, pro, { effective_at: '2026-01-15T00:00:00Z' })).rejects.toEqual(coded('period_closed'));
    await expect(
      t.transact((tx) =>
        tx.write(sql`UPDATE org_entitlement SET ended_at = '2026-01-15' WHERE subscription_id = ${subscription_id}`),
      ),
    ).rejects.toEqual(constraint('org_entitlement_period_closed'));
    await t.transact((tx) => endEntitlement(tx, subscription_id, { ended_at: february }));
  });
});

describe('for rating, live subscriptions', () => {
  it('are those that run in the period, page by page, with their prices', async () => {
    const org_id = await organization();
    const first = await entitle(org_id, basic, january, { skus: { sms: { included_qty: '250' } } });
    await t.transact((tx) => endEntitlement(tx, first.subscription_id, { ended_at: february }));
    const second = await entitle(org_id, pro, february);
    const live = (from: string, to: string) =>
      t.read(async (db) => (await liveSubscriptions(db, { from, to, org_id, limit: 10 })).map((one) => one.subscription_id));
    expect(await live(january, february)).toEqual([first.subscription_id]);
    expect(await live(february, march)).toEqual([second.subscription_id]);
    expect(new Set(await live(january, march))).toEqual(new Set([first.subscription_id, second.subscription_id]));
    expect(await live('2025-12-01T00:00:00Z', january)).toEqual([]);
    const [one] = await t.read((db) => liveSubscriptions(db, { from: january, to: march, org_id, limit: 1 }));
    const rest = await t.read((db) =>
      liveSubscriptions(db, { from: january, to: march, org_id, limit: 1, after: one!.subscription_id }),
    );
    expect(new Set([one!, ...rest].map((each) => each.subscription_id)).size).toBe(2);
    const prices = await t.read((db) => effectivePrices(db, [one!, ...rest]));
    expect(prices.get(first.subscription_id)).toMatchObject([
      { sku: 'sms', price: { model: 'unit', unit_amount: '0.1', included_quantity: '250' }, overridden: true, fault: null },
    ]);
    expect(prices.get(second.subscription_id)!.map((price) => [price.sku, price.overridden])).toEqual([
      ['mail', false],
      ['sms', false],
    ]);
  });

  it('gain the items that their plans gained, unless another subscription holds the SKU', async () => {
    const [alone, both] = [await organization(), await organization()];
    const plan = await t.transact((tx) => createPlan(tx, { model_id, name: 'Growing' }));
    const one = await entitle(alone, plan.plan_id, january);
    const other = await entitle(both, plan.plan_id, january);
    const holder = await t.transact((tx) => createPlan(tx, { model_id, name: 'Holder' }));
    await t.transact((tx) => setPrice(tx, { plan_id: holder.plan_id, sku: 'late' }, { overage_price: '1' }));
    await entitle(both, holder.plan_id, january);
    await t.transact((tx) => setPrice(tx, { plan_id: plan.plan_id, sku: 'late' }, { overage_price: '1' }));
    const ids = [one.subscription_id, other.subscription_id];
    const refused = [{ subscription_id: other.subscription_id, sku: 'late' }];
    expect(await t.transact((tx) => ensureItems(tx, ids))).toEqual(refused);
    expect(await t.transact((tx) => ensureItems(tx, ids))).toEqual(refused);
    const prices = await t.read(async (db) =>
      effectivePrices(db, [
        await requireSubscription(db, one.subscription_id),
        await requireSubscription(db, other.subscription_id),
      ]),
    );
    expect([...prices.values()].map((list) => list.length)).toEqual([1, 0]);
    const storageLater = await t.transact((tx) => createPlan(tx, { model_id, name: 'Later' }));
    await t.transact((tx) => setPrice(tx, { plan_id: storageLater.plan_id, sku: 'late' }, { overage_price: '1' }));
    await expect(entitle(alone, storageLater.plan_id, march)).rejects.toEqual(coded('sku_already_entitled'));
  });
});

describe('moving an organization to a plan', () => {
  it('starts it there, and answers what is added', async () => {
    const org_id = await organization();
    const answer = await move(org_id, basic, { effective_at: january, notes: 'first' });
    expect(answer).toMatchObject({
      preview: false,
      effective_at: january,
      currency: 'AUD',
      base_amount: { before: null, after: '10' },
      differences: [{ sku: 'sms', change: 'added', before: null, after: { included_qty: '100', price: { unit_amount: '0.1' } } }],
      ended_subscription_ids: [],
    });
    expect(await t.read((db) => currentAssignment(db, org_id))).toMatchObject({
      model_id,
      plan_id: basic,
      subscription_id: answer.subscription_id,
      notes: 'first',
      assigned_by: 'test',
    });
  });

  it('shows the differences in a preview, and changes nothing', async () => {
    const org_id = await organization();
    const start = await move(org_id, basic, { effective_at: january });
    const preview = await move(org_id, pro, { effective_at: february, preview: true });
    expect(preview).toMatchObject({
      preview: true,
      subscription_id: null,
      base_amount: { before: '10', after: '50' },
      differences: [
        { sku: 'mail', change: 'added' },
        {
          sku: 'sms',
          change: 'changed',
          before: { plan_id: basic, included_qty: '100' },
          after: { plan_id: pro, included_qty: '1000' },
        },
      ],
      ended_subscription_ids: [start.subscription_id],
    });
    expect(await t.read((db) => currentAssignment(db, org_id))).toMatchObject({ plan_id: basic });
    expect((await t.read((db) => listEntitlements(db, org_id, { limit: 10 }))).data).toHaveLength(1);
    const done = await move(org_id, pro, { effective_at: february });
    expect({ ...done, preview: true, subscription_id: null }).toEqual(preview);
  });

  it('ends the plan it leaves at that moment and leaves add-ons alone', async () => {
    const org_id = await organization();
    const by_hand = await entitle(org_id, basic, january);
    const addon = await entitle(org_id, storage, january);
    const answer = await move(org_id, pro, { effective_at: february });
    expect(answer.ended_subscription_ids).toEqual([by_hand.subscription_id]);
    const { data } = await t.read((db) => listEntitlements(db, org_id, { limit: 10 }));
    expect(Object.fromEntries(data.map((one) => [one.plan_name, [one.effective_at, one.ended_at]]))).toEqual({
      Basic: [january, february],
      Storage: [january, null],
      Pro: [february, null],
    });
    expect(data.find((one) => one.plan_name === 'Storage')!.subscription_id).toBe(addon.subscription_id);
  });

  it('that it is on already keeps its subscription and its overrides', async () => {
    const org_id = await organization();
    const own = await entitle(org_id, basic, january, { base_amount: '7' });
    const answer = await move(org_id, basic);
    expect(answer).toMatchObject({
      subscription_id: own.subscription_id,
      base_amount: { before: '7', after: '7' },
      differences: [],
      ended_subscription_ids: [],
    });
    await move(org_id, basic);
    const audit = await t.read((db) => listAuditEntries(db, { org_ids: [org_id], limit: 10, action: 'business_model.assigned' }));
    expect(audit.data).toHaveLength(1);
  });

  it('may be thought over before it takes effect', async () => {
    const org_id = await organization();
    await move(org_id, basic, { effective_at: january });
    await move(org_id, pro, { effective_at: april });
    await move(org_id, storage, { effective_at: march });
    const { data } = await t.read((db) => listEntitlements(db, org_id, { limit: 10 }));
    // Pro never started; Basic, which was to end in April, gives way in March.
    expect(Object.fromEntries(data.map((one) => [one.plan_name, [one.effective_at, one.ended_at]]))).toEqual({
      Basic: [january, march],
      Pro: [april, april],
      Storage: [march, null],
    });
    await move(org_id, basic, { effective_at: april });
  });

  it('of another model, or in another currency, is refused', async () => {
    const org_id = await organization('AUD');
    await expect(move(org_id, yen)).rejects.toEqual(coded('plan_of_another_model'));
    await expect(t.read((db) => currentAssignment(db, org_id))).rejects.toEqual(coded('business_model_not_assigned'));
  });

  it('leaves a history that cannot be changed', async () => {
    const org_id = await organization();
    await move(org_id, basic, { effective_at: january });
    await move(org_id, pro, { effective_at: february });
    const rows = await t.superuser<{ replaced: boolean }>(
      'SELECT replaced_at IS NOT NULL AS replaced FROM org_business_model WHERE org_id = $1 ORDER BY effective_at',
      [org_id],
    );
    expect(rows.map((row) => row.replaced)).toEqual([true, false]);
    await expect(t.superuser('UPDATE org_business_model SET replaced_at = now() WHERE replaced_at IS NOT NULL')).rejects.toThrow(
      /only replaced, once/,
    );
  });
});

it('leaves nothing for the audit to find', async () => {
  expect(await t.superuser("SELECT * FROM audit WHERE defect LIKE 'S%' OR defect LIKE 'C%'")).toEqual([]);
});
