import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { Assignment, Subscription } from './model.ts';

export const columns = sql`subscription_id, org_id, plan_id, overrides, effective_at, ended_at, status, billed_until, created_at`;

export async function insertSubscription(tx: Tx, subscription: Subscription): Promise<void> {
  await tx.write(sql`
    INSERT INTO org_entitlement (tenant_id, subscription_id, org_id, plan_id, overrides, effective_at, ended_at, status, created_at)
    VALUES (${tx.tenant_id}, ${subscription.subscription_id}, ${subscription.org_id}, ${subscription.plan_id},
            ${JSON.stringify(subscription.overrides)}::jsonb, ${subscription.effective_at}, ${subscription.ended_at},
            ${subscription.status}, ${subscription.created_at})`);
}

/** Ends a subscription and its items at one moment. */
export async function updateEnd(
  tx: Tx,
  subscription: Pick<Subscription, 'subscription_id' | 'effective_at'>,
  ended_at: string,
): Promise<Subscription> {
  await tx.write(sql`
    UPDATE subscription_item SET during = tstzrange(${subscription.effective_at}::timestamptz, ${ended_at}::timestamptz, '[)')
     WHERE subscription_id = ${subscription.subscription_id}`);
  const [ended] = await tx.write<Subscription>(sql`
    UPDATE org_entitlement SET ended_at = ${ended_at} WHERE subscription_id = ${subscription.subscription_id} RETURNING ${columns}`);
  return ended!;
}

export function selectSubscription(db: Db, subscription_id: string): Promise<Subscription | undefined> {
  return db.maybe(sql`SELECT ${columns} FROM org_entitlement WHERE subscription_id = ${subscription_id}`);
}

export function lockSubscription(tx: Tx, subscription_id: string): Promise<Subscription | undefined> {
  return tx.maybe(sql`SELECT ${columns} FROM org_entitlement WHERE subscription_id = ${subscription_id} FOR NO KEY UPDATE`);
}

/** All subscriptions of an organization, past ones too; changes to them wait until the transaction ends. */
export function lockSubscriptionsOf(tx: Tx, org_id: string): Promise<Subscription[]> {
  return tx.rows(sql`SELECT ${columns} FROM org_entitlement WHERE org_id = ${org_id} ORDER BY subscription_id FOR NO KEY UPDATE`);
}

export function selectSubscriptionsByIds(db: Db, subscription_ids: readonly string[]): Promise<Subscription[]> {
  return db.rows(sql`SELECT ${columns} FROM org_entitlement WHERE subscription_id = ANY (${subscription_ids}::uuid[])`);
}

/** Newest first. */
export function selectSubscriptionsOf(
  db: Db,
  org_id: string,
  page: { limit: number; below: string | null },
): Promise<Subscription[]> {
  return db.rows(sql`
    SELECT ${columns} FROM org_entitlement
     WHERE org_id = ${org_id} AND (${page.below}::uuid IS NULL OR subscription_id < ${page.below}::uuid)
     ORDER BY subscription_id DESC LIMIT ${page.limit}`);
}

/** In order of id, those after `after`: what runs at any moment of `[from, to)`. */
export function selectLive(
  db: Db,
  query: { from: string; to: string; org_id: string | null; limit: number; after: string | null },
): Promise<Subscription[]> {
  return db.rows(sql`
    SELECT ${columns} FROM org_entitlement
     WHERE effective_at < ${query.to}::timestamptz AND (ended_at IS NULL OR (ended_at > ${query.from}::timestamptz AND ended_at > effective_at))
       AND (${query.org_id}::uuid IS NULL OR org_id = ${query.org_id}::uuid)
       AND (${query.after}::uuid IS NULL OR subscription_id > ${query.after}::uuid)
     ORDER BY subscription_id LIMIT ${query.limit}`);
}

/** Never moves back, and never past the end of a subscription. */
export async function updateBilledUntil(tx: Tx, billed: readonly { subscription_id: string; until: string }[]): Promise<void> {
  await tx.write(sql`
    UPDATE org_entitlement e SET billed_until = greatest(e.billed_until, least(b.until, e.ended_at))
      FROM unnest(${billed.map((b) => b.subscription_id)}::uuid[], ${billed.map((b) => b.until)}::timestamptz[]) AS b (subscription_id, until)
     WHERE e.subscription_id = b.subscription_id`);
}

export interface ItemRow {
  readonly item_id: string;
  readonly subscription_id: string;
  readonly sku: string;
}

export function selectItems(db: Db, subscription_ids: readonly string[]): Promise<ItemRow[]> {
  return db.rows(sql`
    SELECT item_id, subscription_id, sku FROM subscription_item WHERE subscription_id = ANY (${subscription_ids}::uuid[])`);
}

/** Adds items for as long as their subscriptions run. Answers those that were added: one whose SKU is held elsewhere is not. */
export function insertItems(tx: Tx, items: readonly ItemRow[]): Promise<ItemRow[]> {
  return tx.write(sql`
    INSERT INTO subscription_item (tenant_id, item_id, subscription_id, org_id, sku, during)
    SELECT ${tx.tenant_id}, i.item_id, i.subscription_id, e.org_id, i.sku, tstzrange(e.effective_at::timestamptz, e.ended_at::timestamptz, '[)')
      FROM unnest(${items.map((i) => i.item_id)}::uuid[], ${items.map((i) => i.subscription_id)}::uuid[], ${items.map((i) => i.sku)}::text[])
           AS i (item_id, subscription_id, sku)
      JOIN org_entitlement e ON e.subscription_id = i.subscription_id
    ON CONFLICT DO NOTHING RETURNING item_id, subscription_id, sku`);
}

/** Which of these SKUs the organization holds at or after a moment, and by which subscription. */
export function selectHeld(
  db: Db,
  { org_id, skus, effective_at }: { org_id: string; skus: readonly string[]; effective_at: string },
): Promise<{ sku: string; subscription_id: string }[]> {
  return db.rows(sql`
    SELECT sku, subscription_id FROM subscription_item
     WHERE org_id = ${org_id} AND sku = ANY (${skus}::text[]) AND during && tstzrange(${effective_at}::timestamptz, NULL, '[)') ORDER BY sku`);
}

const assignmentColumns = sql`assignment_id, org_id, model_id, plan_id, subscription_id, effective_at, assigned_by, assigned_at, notes, replaced_at`;

export function selectAssignment(db: Db, org_id: string): Promise<Assignment | undefined> {
  return db.maybe(sql`SELECT ${assignmentColumns} FROM org_business_model WHERE org_id = ${org_id} AND replaced_at IS NULL`);
}

/** The subscriptions of every assignment that an organization ever had. */
export async function selectAssignedSubscriptions(db: Db, org_id: string): Promise<string[]> {
  const rows = await db.rows<{ subscription_id: string }>(sql`
    SELECT DISTINCT subscription_id FROM org_business_model WHERE org_id = ${org_id}`);
  return rows.map((row) => row.subscription_id);
}

/** The current assignment gives way to a new one. */
export async function replaceAssignment(tx: Tx, assignment: Omit<Assignment, 'replaced_at'>): Promise<Assignment> {
  await tx.write(sql`
    UPDATE org_business_model SET replaced_at = ${assignment.assigned_at} WHERE org_id = ${assignment.org_id} AND replaced_at IS NULL`);
  const [made] = await tx.write<Assignment>(sql`
    INSERT INTO org_business_model (tenant_id, assignment_id, org_id, model_id, plan_id, subscription_id, effective_at, assigned_by, assigned_at, notes)
    VALUES (${tx.tenant_id}, ${assignment.assignment_id}, ${assignment.org_id}, ${assignment.model_id}, ${assignment.plan_id},
            ${assignment.subscription_id}, ${assignment.effective_at}, ${assignment.assigned_by}, ${assignment.assigned_at}, ${assignment.notes})
    RETURNING ${assignmentColumns}`);
  return made!;
}

/** Subscriptions to a plan that run at a moment or later. */
export async function selectIdsOfPlan(db: Db, plan_id: string, at: string): Promise<string[]> {
  const rows = await db.rows(sql<{ subscription_id: string }>`
    SELECT subscription_id FROM org_entitlement
     WHERE tenant_id = ${db.tenant_id} AND plan_id = ${plan_id} AND (ended_at IS NULL OR ended_at > ${at}) ORDER BY subscription_id`);
  return rows.map((row) => row.subscription_id);
}

/** What runs on a plan at any moment of `[from, to)`; one that ended as it started never ran. */
interface OnPlan {
  readonly plan_id: string;
  readonly from: string;
  readonly to: string;
  /** Null for all. */
  readonly org_ids: readonly string[] | null;
}

const onPlan = (db: Db, { plan_id, from, to, org_ids }: OnPlan) => sql`
  tenant_id = ${db.tenant_id} AND plan_id = ${plan_id} AND effective_at < ${to}::timestamptz
  AND (ended_at IS NULL OR (ended_at > ${from}::timestamptz AND ended_at > effective_at)) AND (${org_ids}::uuid[] IS NULL OR org_id = ANY (${org_ids}::uuid[]))`;

/** In order of organization and start. */
export function selectOnPlan(db: Db, asked: OnPlan): Promise<Subscription[]> {
  return db.rows(sql`SELECT ${columns} FROM org_entitlement WHERE ${onPlan(db, asked)} ORDER BY org_id, effective_at`);
}

/** In order of id, those after `after`. */
export async function selectOrganizationsOnPlan(
  db: Db,
  asked: OnPlan & { after: string | null; limit: number },
): Promise<string[]> {
  const rows = await db.rows<{ org_id: string }>(sql`
    SELECT DISTINCT org_id FROM org_entitlement WHERE ${onPlan(db, asked)} AND (${asked.after}::uuid IS NULL OR org_id > ${asked.after}::uuid)
     ORDER BY org_id LIMIT ${asked.limit}`);
  return rows.map((row) => row.org_id);
}

export async function countOrganizationsOnPlan(db: Db, asked: OnPlan): Promise<number> {
  const { count } = await db.one<{ count: number }>(sql`
    SELECT count(DISTINCT org_id)::int AS count FROM org_entitlement WHERE ${onPlan(db, asked)}`);
  return count;
}

/** SKUs that another subscription of the organization holds while these run. */
export function selectHeldElsewhere(
  db: Db,
  subscription_ids: readonly string[],
): Promise<{ subscription_id: string; sku: string }[]> {
  return db.rows(sql`
    SELECT DISTINCT e.subscription_id, i.sku
      FROM org_entitlement e
      JOIN subscription_item i ON i.tenant_id = e.tenant_id AND i.org_id = e.org_id AND i.subscription_id <> e.subscription_id
       AND i.during && tstzrange(e.effective_at::timestamptz, e.ended_at::timestamptz, '[)')
     WHERE e.tenant_id = ${db.tenant_id} AND e.subscription_id = ANY (${subscription_ids}::uuid[])`);
}
