import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { PricePlan } from './decide.ts';
import type {
  BacktestDemand,
  BusinessModel,
  CurrentPrice,
  NewBusinessModel,
  Plan,
  PriceDraft,
  PriceVersion,
  Sku,
} from './model.ts';

const skuColumns = sql`sku, type, unit, aggregation, dimensions, late_policy, allow_negative, trim_scale(cost)::text AS cost,
  trim_scale(retail)::text AS retail, tax_code, metadata, created_at`;

/** False when the SKU was there before. */
export async function insertSku(tx: Tx, sku: Sku): Promise<boolean> {
  const made = await tx.write(sql`
    INSERT INTO product_sku (tenant_id, sku, type, unit, aggregation, dimensions, late_policy, allow_negative, cost, retail, tax_code, metadata, created_at)
    VALUES (${tx.tenant_id}, ${sku.sku}, ${sku.type}, ${sku.unit}, ${sku.aggregation}, ${sku.dimensions}::text[], ${sku.late_policy},
            ${sku.allow_negative}, ${sku.cost}, ${sku.retail}, ${sku.tax_code}, ${JSON.stringify(sku.metadata)}::jsonb, ${sku.created_at})
    ON CONFLICT (tenant_id, sku) DO NOTHING RETURNING sku`);
  return made.length === 1;
}

export async function updateSku(tx: Tx, sku: Sku): Promise<void> {
  await tx.write(sql`
    UPDATE product_sku SET late_policy = ${sku.late_policy}, cost = ${sku.cost}, retail = ${sku.retail}, tax_code = ${sku.tax_code},
           metadata = ${JSON.stringify(sku.metadata)}::jsonb WHERE sku = ${sku.sku}`);
}

export function selectSku(db: Db, sku: string): Promise<Sku | undefined> {
  return db.maybe(sql`SELECT ${skuColumns} FROM product_sku WHERE sku = ${sku}`);
}

export function lockSku(tx: Tx, sku: string): Promise<Sku | undefined> {
  return tx.maybe(sql`SELECT ${skuColumns} FROM product_sku WHERE sku = ${sku} FOR NO KEY UPDATE`);
}

/** In order of their codes, those after `after`; all of them without a limit. */
export function selectSkus(db: Db, page: { limit: number | null; after: string | null }): Promise<Sku[]> {
  return db.rows(sql`
    SELECT ${skuColumns} FROM product_sku WHERE ${page.after}::text IS NULL OR sku > ${page.after} ORDER BY sku LIMIT ${page.limit}`);
}

const modelColumns = sql`model_id, code, name, status, version, currency, default_plan_id, created_at`;

export async function insertBusinessModel(tx: Tx, model: NewBusinessModel & { model_id: string }): Promise<BusinessModel> {
  const [made] = await tx.write<BusinessModel>(sql`
    INSERT INTO business_model (tenant_id, model_id, code, name, currency, created_at)
    VALUES (${tx.tenant_id}, ${model.model_id}, ${model.code}, ${model.name}, ${model.currency}, ${tx.now.toString()}) RETURNING ${modelColumns}`);
  return made!;
}

export async function updateBusinessModel(tx: Tx, model: BusinessModel): Promise<void> {
  await tx.write(sql`
    UPDATE business_model SET name = ${model.name}, status = ${model.status}, version = ${model.version}, default_plan_id = ${model.default_plan_id}
     WHERE model_id = ${model.model_id}`);
}

export function selectBusinessModel(db: Db, model_id: string): Promise<BusinessModel | undefined> {
  return db.maybe(sql`SELECT ${modelColumns} FROM business_model WHERE model_id = ${model_id}`);
}

export function lockBusinessModel(tx: Tx, model_id: string): Promise<BusinessModel | undefined> {
  return tx.maybe(sql`SELECT ${modelColumns} FROM business_model WHERE model_id = ${model_id} FOR NO KEY UPDATE`);
}

/** Newest first. */
export function selectBusinessModels(db: Db, page: { limit: number; below: string | null }): Promise<BusinessModel[]> {
  return db.rows(sql`
    SELECT ${modelColumns} FROM business_model WHERE ${page.below}::uuid IS NULL OR model_id < ${page.below}::uuid
     ORDER BY model_id DESC LIMIT ${page.limit}`);
}

const planColumns = sql`p.plan_id, p.model_id, p.name, p.tier, p.status, p.notes, trim_scale(p.base_amount)::text AS base_amount,
  p.billing_interval, m.currency, p.created_at`;
const planTables = sql`plan p JOIN business_model m ON m.tenant_id = p.tenant_id AND m.model_id = p.model_id`;

export async function insertPlan(tx: Tx, plan: Omit<Plan, 'currency' | 'created_at' | 'status'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO plan (tenant_id, plan_id, model_id, name, tier, notes, base_amount, billing_interval, created_at)
    VALUES (${tx.tenant_id}, ${plan.plan_id}, ${plan.model_id}, ${plan.name}, ${plan.tier}, ${plan.notes}, ${plan.base_amount},
            ${plan.billing_interval}, ${tx.now.toString()})`);
}

export async function updatePlan(tx: Tx, plan: Plan): Promise<void> {
  await tx.write(
    sql`UPDATE plan SET status = ${plan.status}, notes = ${plan.notes}, base_amount = ${plan.base_amount} WHERE plan_id = ${plan.plan_id}`,
  );
}

export function selectPlan(db: Db, plan_id: string): Promise<Plan | undefined> {
  return db.maybe(sql`SELECT ${planColumns} FROM ${planTables} WHERE p.plan_id = ${plan_id}`);
}

/** Writers of a plan's prices wait for each other here, so that versions count without a gap. */
export function lockPlan(tx: Tx, plan_id: string): Promise<Plan | undefined> {
  return tx.maybe(sql`SELECT ${planColumns} FROM ${planTables} WHERE p.plan_id = ${plan_id} FOR NO KEY UPDATE OF p`);
}

export function selectPlansByIds(db: Db, plan_ids: readonly string[]): Promise<Plan[]> {
  return db.rows(sql`SELECT ${planColumns} FROM ${planTables} WHERE p.plan_id = ANY (${plan_ids}::uuid[])`);
}

/** Newest first. */
export function selectPlans(db: Db, page: { limit: number; below: string | null; model_id: string | null }): Promise<Plan[]> {
  return db.rows(sql`
    SELECT ${planColumns} FROM ${planTables}
     WHERE (${page.below}::uuid IS NULL OR p.plan_id < ${page.below}::uuid) AND (${page.model_id}::uuid IS NULL OR p.model_id = ${page.model_id}::uuid)
     ORDER BY p.plan_id DESC LIMIT ${page.limit}`);
}

const versionColumns = sql`v.price_version_id, v.plan_id, v.sku, v.version, v.price, encode(v.price_hash, 'hex') AS price_hash, v.created_at, v.created_by, v.draft_id`;

export async function insertPriceVersion(tx: Tx, version: PriceVersion): Promise<void> {
  await tx.write(sql`
    INSERT INTO price_version (tenant_id, price_version_id, plan_id, sku, version, price, price_hash, created_at, created_by, draft_id)
    VALUES (${tx.tenant_id}, ${version.price_version_id}, ${version.plan_id}, ${version.sku}, ${version.version},
            ${JSON.stringify(version.price)}::jsonb, decode(${version.price_hash}, 'hex'), ${version.created_at}, ${version.created_by}, ${version.draft_id})`);
}

export async function upsertPlanSku(
  tx: Tx,
  pointer: Pick<PriceVersion, 'plan_id' | 'sku' | 'price_version_id'> & Omit<PricePlan, 'price'>,
): Promise<void> {
  const tiers = pointer.tiers === null ? null : JSON.stringify(pointer.tiers);
  await tx.write(sql`
    INSERT INTO plan_sku (tenant_id, plan_id, sku, included_qty, overage_price, tiers, price_version_id)
    VALUES (${tx.tenant_id}, ${pointer.plan_id}, ${pointer.sku}, ${pointer.included_qty}, ${pointer.overage_price}, ${tiers}::jsonb, ${pointer.price_version_id})
    ON CONFLICT (tenant_id, plan_id, sku) DO UPDATE SET included_qty = excluded.included_qty, overage_price = excluded.overage_price,
      tiers = excluded.tiers, price_version_id = excluded.price_version_id`);
}

/** In order of plan and SKU. */
export function selectCurrentPrices(db: Db, plan_ids: readonly string[], sku?: string): Promise<CurrentPrice[]> {
  const only: RawBuilder<unknown> = sku === undefined ? sql`true` : sql`c.sku = ${sku}`;
  return db.rows(sql`
    SELECT ${versionColumns}, trim_scale(c.included_qty)::text AS included_qty, trim_scale(c.overage_price)::text AS overage_price, c.tiers
      FROM plan_sku c JOIN price_version v ON v.tenant_id = c.tenant_id AND v.price_version_id = c.price_version_id
     WHERE c.plan_id = ANY (${plan_ids}::uuid[]) AND ${only} ORDER BY c.plan_id, c.sku`);
}

/** The prices of plans at moments, each question by its place: of every SKU the last version that was made by then. */
export function selectPricesAt(
  db: Db,
  asked: readonly { plan_id: string; at: string }[],
): Promise<(PriceVersion & { place: number })[]> {
  return db.rows(sql`
    SELECT DISTINCT ON (a.n, v.sku) a.n::int - 1 AS place, ${versionColumns}
      FROM unnest(${asked.map((each) => each.plan_id)}::uuid[], ${asked.map((each) => each.at)}::timestamptz[]) WITH ORDINALITY AS a(plan_id, at, n)
      JOIN price_version v ON v.plan_id = a.plan_id AND v.created_at <= a.at
     ORDER BY a.n, v.sku, v.version DESC`);
}

/** Newest first, those below `below`. */
export function selectPriceVersions(
  db: Db,
  of: { plan_id: string; sku: string },
  page: { limit: number; below: string | null },
): Promise<PriceVersion[]> {
  return db.rows(sql`
    SELECT ${versionColumns} FROM price_version v
     WHERE v.plan_id = ${of.plan_id} AND v.sku = ${of.sku} AND (${page.below}::int IS NULL OR v.version < ${page.below}::int)
     ORDER BY v.version DESC LIMIT ${page.limit}`);
}

/** What a plan demands before its prices change; null where nothing is demanded. */
export async function selectPublishPolicy(db: Db, plan_id: string): Promise<BacktestDemand | null> {
  const row = await db.maybe(
    sql<{ publish_policy: BacktestDemand | null }>`SELECT publish_policy FROM plan WHERE plan_id = ${plan_id}`,
  );
  return row?.publish_policy ?? null;
}

export async function updatePublishPolicy(tx: Tx, plan_id: string, policy: BacktestDemand | null): Promise<void> {
  const json = policy === null ? null : JSON.stringify(policy);
  await tx.write(sql`UPDATE plan SET publish_policy = ${json}::jsonb WHERE plan_id = ${plan_id}`);
}

const draftColumns = sql`draft_id, plan_id, name, status, trim_scale(base_amount)::text AS base_amount, skus, encode(content_hash, 'hex') AS content_hash,
  created_at, created_by, updated_at, published_at, published_by, backtest_id`;

export async function insertDraft(tx: Tx, draft: PriceDraft): Promise<void> {
  await tx.write(sql`
    INSERT INTO price_draft (tenant_id, draft_id, plan_id, name, base_amount, skus, content_hash, created_at, created_by, updated_at)
    VALUES (${tx.tenant_id}, ${draft.draft_id}, ${draft.plan_id}, ${draft.name}, ${draft.base_amount}, ${JSON.stringify(draft.skus)}::jsonb,
            decode(${draft.content_hash}, 'hex'), ${draft.created_at}, ${draft.created_by}, ${draft.updated_at})`);
}

/** `policy` is what the plan demanded when the draft was published. */
export async function updateDraft(tx: Tx, draft: PriceDraft, policy: BacktestDemand | null = null): Promise<void> {
  const json = policy === null ? null : JSON.stringify(policy);
  await tx.write(sql`
    UPDATE price_draft SET name = ${draft.name}, status = ${draft.status}, base_amount = ${draft.base_amount}, skus = ${JSON.stringify(draft.skus)}::jsonb,
           content_hash = decode(${draft.content_hash}, 'hex'), updated_at = ${draft.updated_at}, published_at = ${draft.published_at},
           published_by = ${draft.published_by}, backtest_id = ${draft.backtest_id}, published_policy = ${json}::jsonb
     WHERE draft_id = ${draft.draft_id}`);
}

export function selectDraft(db: Db, draft_id: string): Promise<PriceDraft | undefined> {
  return db.maybe(sql`SELECT ${draftColumns} FROM price_draft WHERE draft_id = ${draft_id}`);
}

export function lockDraft(tx: Tx, draft_id: string): Promise<PriceDraft | undefined> {
  return tx.maybe(sql`SELECT ${draftColumns} FROM price_draft WHERE draft_id = ${draft_id} FOR NO KEY UPDATE`);
}

/** Newest first. */
export function selectDrafts(
  db: Db,
  page: { limit: number; below: string | null; plan_id: string | null; status: string | null },
): Promise<PriceDraft[]> {
  return db.rows(sql`
    SELECT ${draftColumns} FROM price_draft
     WHERE (${page.below}::uuid IS NULL OR draft_id < ${page.below}::uuid) AND (${page.plan_id}::uuid IS NULL OR plan_id = ${page.plan_id}::uuid)
       AND (${page.status}::text IS NULL OR status = ${page.status})
     ORDER BY draft_id DESC LIMIT ${page.limit}`);
}
