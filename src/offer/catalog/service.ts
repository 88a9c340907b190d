import { hash } from 'node:crypto';
import { recordAudit } from '../../foundation/audit/service.ts';
import { emit } from '../../foundation/events/service.ts';
import { canonicalJson, type JsonObject } from '../../kernel/canonical-json.ts';
import { newId } from '../../kernel/id.ts';
import { currencyDecimals } from '../../kernel/money.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { Price } from '../../pricing/language.ts';
import { baseAmount, changeSku, priceOf, requireBillable, requireFit } from './decide.ts';
import { errors } from './errors.ts';
import type { events } from './events.ts';
import {
  type BusinessModel,
  type BusinessModelChanges,
  type CurrentPrice,
  type NewBusinessModel,
  type NewPlan,
  type NewSku,
  type Plan,
  type PlanChanges,
  type PriceRequest,
  type PriceVersion,
  priceJson,
  type Sku,
  type SkuChanges,
} from './model.ts';
import * as store from './sql.ts';

export { baseAmount, priceOf } from './decide.ts';

/** Throws `sku_exists`, `dimension_required`. */
export async function createSku(tx: Tx, sku: NewSku): Promise<Sku> {
  const made = await insertNew(tx, sku);
  if (!made) throw errors.sku_exists({ detail: `The SKU ${sku.sku} exists already.` });
  return made;
}

/** The SKU of that code, made as described where it is missing. For imports, which may come twice and at once. */
export async function ensureSku(tx: Tx, sku: NewSku): Promise<Sku> {
  return (await store.selectSku(tx, sku.sku)) ?? (await insertNew(tx, sku)) ?? requireSku(tx, sku.sku);
}

async function insertNew(tx: Tx, sku: NewSku): Promise<Sku | undefined> {
  requireBillable(sku);
  const made: Sku = {
    sku: sku.sku,
    type: sku.type,
    unit: sku.unit,
    aggregation: sku.aggregation ?? 'sum',
    dimensions: sku.dimensions ?? [],
    late_policy: sku.late_policy ?? 'adjust_next',
    allow_negative: sku.allow_negative ?? false,
    cost: sku.cost ?? null,
    retail: sku.retail ?? null,
    tax_code: sku.tax_code ?? null,
    metadata: sku.metadata ?? {},
    created_at: tx.now.toString(),
  };
  if (!(await store.insertSku(tx, made))) return undefined;
  await recordAudit(tx, {
    action: 'sku.created',
    target_type: 'product_sku',
    target_id: sku.sku,
    before: null,
    after: json(made),
  });
  const { sku: code, type, unit, aggregation } = made;
  await emit<typeof events>(tx, {
    type: 'sku.created',
    aggregate_type: 'sku',
    aggregate_id: code,
    data: { sku: code, type, unit, aggregation },
  });
  return made;
}

/** Throws `sku_unknown`, `sku_field_fixed`. */
export async function updateSku(tx: Tx, code: string, changes: SkuChanges): Promise<Sku> {
  const before = await store.lockSku(tx, code);
  if (!before) throw unknownSku(code);
  const { after, fields } = changeSku(before, changes);
  if (fields.length === 0) return before;
  await store.updateSku(tx, after);
  await recordAudit(tx, {
    action: 'sku.updated',
    target_type: 'product_sku',
    target_id: code,
    before: json(before),
    after: json(after),
  });
  await emit<typeof events>(tx, { type: 'sku.updated', aggregate_type: 'sku', aggregate_id: code, data: { sku: code, fields } });
  return after;
}

/** Throws `sku_unknown`. */
export async function requireSku(db: Db, sku: string): Promise<Sku> {
  const found = await store.selectSku(db, sku);
  if (!found) throw unknownSku(sku);
  return found;
}

export async function skuByCode(db: Db, sku: string): Promise<Sku | undefined> {
  return store.selectSku(db, sku);
}

/** Every SKU of the tenant by its code. */
export async function skusByCode(db: Db): Promise<Map<string, Sku>> {
  const all = await store.selectSkus(db, { limit: null, after: null });
  return new Map(all.map((sku) => [sku.sku, sku]));
}

/** In order of their codes. Throws `cursor_invalid`. */
export async function listSkus(db: Db, query: { limit: number; cursor?: string | undefined }) {
  const sort = 'skus.sku';
  const [after = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectSkus(db, { limit: query.limit + 1, after });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.sku]));
}

/** Throws `currency_unknown`, and by constraint `business_model_exists`. */
export async function createBusinessModel(tx: Tx, model: NewBusinessModel): Promise<BusinessModel> {
  currencyDecimals(model.currency);
  const made = await store.insertBusinessModel(tx, { ...model, model_id: newId(tx.now) });
  const { model_id, code, currency } = made;
  await recordAudit(tx, {
    action: 'business_model.created',
    target_type: 'business_model',
    target_id: model_id,
    before: null,
    after: json(made),
  });
  await emit<typeof events>(tx, {
    type: 'business_model.created',
    aggregate_type: 'business_model',
    aggregate_id: model_id,
    data: { model_id, code, currency },
  });
  return made;
}

/** Throws `business_model_unknown`, and by constraint `default_plan_foreign` (an unknown plan is as foreign as another model's). */
export async function updateBusinessModel(tx: Tx, model_id: string, changes: BusinessModelChanges): Promise<BusinessModel> {
  const before = await store.lockBusinessModel(tx, model_id);
  if (!before) throw unknownModel(model_id);
  const changed = { ...before, ...defined(changes) };
  if (canonicalJson(json(changed)) === canonicalJson(json(before))) return before;
  const after = { ...changed, version: before.version + 1 };
  await store.updateBusinessModel(tx, after);
  await recordAudit(tx, {
    action: 'business_model.updated',
    target_type: 'business_model',
    target_id: model_id,
    before: json(before),
    after: json(after),
  });
  const { version, status, default_plan_id } = after;
  await emit<typeof events>(tx, {
    type: 'business_model.updated',
    aggregate_type: 'business_model',
    aggregate_id: model_id,
    data: { model_id, version, status, default_plan_id },
  });
  return after;
}

/** Throws `business_model_unknown`. */
export async function requireBusinessModel(db: Db, model_id: string): Promise<BusinessModel> {
  const found = await store.selectBusinessModel(db, model_id);
  if (!found) throw unknownModel(model_id);
  return found;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listBusinessModels(db: Db, query: { limit: number; cursor?: string | undefined }) {
  const sort = 'business_models.model_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectBusinessModels(db, { limit: query.limit + 1, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.model_id]));
}

/** Throws `business_model_unknown`, `business_model_retired`, `base_amount_invalid`. */
export async function createPlan(tx: Tx, plan: NewPlan): Promise<Plan> {
  const model = await requireBusinessModel(tx, plan.model_id);
  if (model.status === 'retired') throw errors.business_model_retired({ detail: `The business model ${model.code} is retired.` });
  const plan_id = newId(tx.now);
  await store.insertPlan(tx, {
    plan_id,
    model_id: plan.model_id,
    name: plan.name,
    tier: plan.tier ?? null,
    notes: plan.notes ?? null,
    base_amount: plan.base_amount === undefined ? null : baseAmount(plan.base_amount, model.currency),
    billing_interval: plan.billing_interval ?? 'P1M',
  });
  const made = await requirePlan(tx, plan_id);
  await recordAudit(tx, { action: 'plan.created', target_type: 'plan', target_id: plan_id, before: null, after: json(made) });
  const { model_id, name, base_amount, currency } = made;
  await emit<typeof events>(tx, {
    type: 'plan.created',
    aggregate_type: 'plan',
    aggregate_id: plan_id,
    data: { plan_id, model_id, name, base_amount, currency },
  });
  return made;
}

/** Throws `plan_unknown`. */
export async function updatePlan(tx: Tx, plan_id: string, changes: PlanChanges): Promise<Plan> {
  const before = await store.lockPlan(tx, plan_id);
  if (!before) throw unknownPlan(plan_id);
  const after = { ...before, ...defined(changes) };
  if (after.status === before.status && after.notes === before.notes) return before;
  await store.updatePlan(tx, after);
  await recordAudit(tx, {
    action: 'plan.updated',
    target_type: 'plan',
    target_id: plan_id,
    before: json(before),
    after: json(after),
  });
  await emit<typeof events>(tx, {
    type: 'plan.updated',
    aggregate_type: 'plan',
    aggregate_id: plan_id,
    data: { plan_id, status: after.status },
  });
  return after;
}

/** Throws `plan_unknown`. */
export async function requirePlan(db: Db, plan_id: string): Promise<Plan> {
  const found = await store.selectPlan(db, plan_id);
  if (!found) throw unknownPlan(plan_id);
  return found;
}

/** Those that exist, by id. */
export async function plansByIds(db: Db, plan_ids: readonly string[]): Promise<Map<string, Plan>> {
  const found = await store.selectPlansByIds(db, plan_ids);
  return new Map(found.map((plan) => [plan.plan_id, plan]));
}

/** Newest first. Throws `cursor_invalid`. */
export async function listPlans(db: Db, query: { limit: number; cursor?: string | undefined; model_id?: string | undefined }) {
  const sort = 'plans.plan_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectPlans(db, { limit: query.limit + 1, below, model_id: query.model_id ?? null });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.plan_id]));
}

/**
 * Makes a price the current one of a SKU in a plan, as a new immutable version. The price that is current already makes none.
 * `draft_id` is the draft whose publication sets it. Throws `plan_unknown`, `sku_unknown`, `price_required`, `included_quantity_twice`,
 * `price_invalid`, `aggregation_unfit`, `dimension_unknown`, and `backtest_required` where the plan demands one and no draft is published.
 */
export async function setPrice(
  tx: Tx,
  target: { plan_id: string; sku: string },
  request: PriceRequest,
  { draft_id = null }: { draft_id?: string | null } = {},
): Promise<{ current: CurrentPrice; changed: boolean }> {
  const plan = await store.lockPlan(tx, target.plan_id);
  if (!plan) throw unknownPlan(target.plan_id);
  if (draft_id === null && (await store.selectPublishPolicy(tx, plan.plan_id)) !== null) {
    const detail = `The plan ${plan.name} demands a passed backtest: make a price draft, try it, and publish it.`;
    throw errors.backtest_required({ detail });
  }
  const priced = await requireSku(tx, target.sku);
  const asked = priceOf(request, plan.currency);
  requireFit(asked.price, priced);
  const price_hash = hashOfPrice(asked.price);
  const [before] = await store.selectCurrentPrices(tx, [plan.plan_id], target.sku);
  if (before?.price_hash === price_hash) return { current: before, changed: false };
  const current: CurrentPrice = {
    ...asked,
    price_version_id: newId(tx.now),
    plan_id: plan.plan_id,
    sku: target.sku,
    version: (before?.version ?? 0) + 1,
    price_hash,
    created_at: tx.now.toString(),
    created_by: tx.actor.id,
    draft_id,
  };
  await store.insertPriceVersion(tx, current);
  await store.upsertPlanSku(tx, current);
  await recordAudit(tx, {
    action: 'price.changed',
    target_type: 'plan_sku',
    target_id: `${plan.plan_id}/${target.sku}`,
    before: before ? json(before) : null,
    after: json(current),
  });
  const { plan_id, sku, price_version_id, version } = current;
  await emit<typeof events>(tx, {
    type: 'price.changed',
    aggregate_type: 'plan',
    aggregate_id: plan_id,
    data: { plan_id, sku, price_version_id, version, price_hash, previous_price_version_id: before?.price_version_id ?? null },
  });
  return { current, changed: true };
}

/** The prices that a plan charges now, in order of SKU; none for an unknown plan. */
export function currentPrices(db: Db, plan_id: string): Promise<CurrentPrice[]> {
  return store.selectCurrentPrices(db, [plan_id]);
}

/** The same for many plans in one query; a plan without prices has an empty list. */
export async function latestPricesOfPlans(db: Db, plan_ids: readonly string[]): Promise<Map<string, CurrentPrice[]>> {
  const prices = new Map<string, CurrentPrice[]>(plan_ids.map((plan_id) => [plan_id, []]));
  for (const price of await store.selectCurrentPrices(db, plan_ids)) prices.get(price.plan_id)?.push(price);
  return prices;
}

/** The prices that plans had at moments, each in its place; a SKU that had none yet is left out. */
export async function pricesOfPlansAt(db: Db, asked: readonly { plan_id: string; at: string }[]): Promise<PriceVersion[][]> {
  const prices = asked.map((): PriceVersion[] => []);
  if (asked.length === 0) return prices;
  for (const { place, ...price } of await store.selectPricesAt(db, asked)) prices[place]!.push(price);
  return prices;
}

/** Versions of a price, newest first. Throws `plan_unknown`, `plan_sku_unknown`, `cursor_invalid`. */
export async function listPriceVersions(
  db: Db,
  of: { plan_id: string; sku: string },
  query: { limit: number; cursor?: string | undefined },
) {
  const sort = `price_versions.${of.plan_id}.${of.sku}`;
  await requirePlan(db, of.plan_id);
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectPriceVersions(db, of, { limit: query.limit + 1, below });
  if (rows.length === 0 && below === null) throw errors.plan_sku_unknown({ detail: `The plan has no price for ${of.sku}.` });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [String(row.version)]));
}

/** SHA-256 of the price's canonical JSON, lower-case hex. */
export function hashOfPrice(price: Price): string {
  return hash('sha256', canonicalJson(priceJson(price)));
}

const unknownSku = (sku: string) => errors.sku_unknown({ detail: `There is no SKU ${sku}.` });
const unknownPlan = (plan_id: string) => errors.plan_unknown({ detail: `There is no plan ${plan_id}.` });
const unknownModel = (model_id: string) => errors.business_model_unknown({ detail: `There is no business model ${model_id}.` });

/** What an audit entry keeps: our own rows, which are JSON. */
const json = (row: object): JsonObject => row as unknown as JsonObject;

/** Without the fields that were not given. */
function defined<T extends object>(changes: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never;
}
