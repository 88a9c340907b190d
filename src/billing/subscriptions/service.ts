import { recordAudit } from '../../foundation/audit/service.ts';
import { emit } from '../../foundation/events/service.ts';
import { requireOrganization } from '../../foundation/tenancy/service.ts';
import { assert } from '../../kernel/assert.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { newId } from '../../kernel/id.ts';
import { isCalendarInterval } from '../../kernel/period.ts';
import { errors as catalogErrors } from '../../offer/catalog/errors.ts';
import type { Plan } from '../../offer/catalog/model.ts';
import {
  baseAmount,
  currentPrices,
  hashOfPrice,
  latestPricesOfPlans,
  plansByIds,
  priceOf,
  requireBusinessModel,
  requirePlan,
} from '../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import {
  effectivePricesOf,
  endSubscription,
  readOverrides,
  requireCurrency,
  requireOpen,
  requireRest,
  statusNow,
  statusOf,
} from './decide.ts';
import { errors } from './errors.ts';
import type { events } from './events.ts';
import type { EffectivePrice, Entitlement, NewEntitlement, Overrides, Subscription } from './model.ts';
import { applyLifecycle } from './service/lifecycle.ts';
import * as store from './sql.ts';

/**
 * Puts an organization on a plan from a moment on. Throws `org_not_found`, `plan_unknown`, `plan_retired`, `business_model_retired`,
 * `currency_mismatch`, `period_closed`, `sku_already_entitled`, `plan_already_entitled`, and what overrides can have wrong.
 */
export async function createEntitlement(tx: Tx, org_id: string, request: NewEntitlement): Promise<Entitlement> {
  const organization = await requireOrganization(tx, org_id);
  const plan = await requireSoldPlan(tx, request.plan_id);
  requireCurrency(organization, plan.currency);
  const existing = await store.lockSubscriptionsOf(tx, org_id);
  requireOpen(request.effective_at, billedUntil(existing), '/effective_at');
  const prices = await currentPrices(tx, plan.plan_id);
  const overrides = readOverrides(request.overrides ?? {}, {
    prices,
    currency: plan.currency,
    fullPrice: (price, pointer) => priceOf(price, plan.currency, pointer).price,
    baseAmount: (json, pointer) => baseAmount(json, plan.currency, pointer),
  });
  // A SKU that joined a plan since its subscriptions were made is theirs, and not free for this one.
  await ensureItems(
    tx,
    liveFrom(existing, request.effective_at).map((subscription) => subscription.subscription_id),
  );
  const skus = prices.map((price) => price.sku);
  await requireFree(tx, { org_id, skus, effective_at: request.effective_at });
  return entitlementOf(
    await start(tx, { org_id, plan_id: plan.plan_id, overrides, effective_at: request.effective_at, skus }),
    plan,
    tx.now,
  );
}

/** Ends a subscription; at `now` unless told. Throws `subscription_unknown`, `subscription_ended`, `subscription_ends_before_start`, `period_closed`. */
export async function endEntitlement(
  tx: Tx,
  subscription_id: string,
  { ended_at = tx.now.toString(), org_ids = null }: { ended_at?: string | undefined; org_ids?: readonly string[] | null },
): Promise<Entitlement> {
  const subscription = await store.lockSubscription(tx, subscription_id);
  if (!subscription || (org_ids !== null && !org_ids.includes(subscription.org_id))) throw unknown(subscription_id);
  const ended = await end(tx, subscription, endSubscription(subscription, ended_at), '/ended_at');
  return entitlementOf(ended, await requirePlan(tx, ended.plan_id), tx.now);
}

/** Throws `subscription_unknown`. */
export async function requireSubscription(db: Db, subscription_id: string): Promise<Subscription> {
  const found = await store.selectSubscription(db, subscription_id);
  if (!found) throw unknown(subscription_id);
  return found;
}

/** Those that exist, by id. */
export async function subscriptionsByIds(db: Db, subscription_ids: readonly string[]): Promise<Map<string, Subscription>> {
  const found = await store.selectSubscriptionsByIds(db, subscription_ids);
  return new Map(found.map((subscription) => [subscription.subscription_id, subscription]));
}

/** Subscriptions of an organization, past ones too, newest first. Throws `org_not_found`, `cursor_invalid`. */
export async function listEntitlements(db: Db, org_id: string, query: { limit: number; cursor?: string | undefined }) {
  const sort = `entitlements.${org_id}`;
  await requireOrganization(db, org_id);
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectSubscriptionsOf(db, org_id, { limit: query.limit + 1, below });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.subscription_id]));
  const plans = await plansByIds(db, [...new Set(data.map((row) => row.plan_id))]);
  return { data: data.map((row) => entitlementOf(row, plans.get(row.plan_id)!, db.now)), next_cursor };
}

/**
 * What runs at any moment of `[from, to)`, in order of id; give the last id as `after` for the next page. For rating: a page of
 * hundreds costs one query.
 */
export function liveSubscriptions(
  db: Db,
  query: {
    from: string | Temporal.Instant;
    to: string | Temporal.Instant;
    org_id?: string | null | undefined;
    limit: number;
    after?: string | null | undefined;
  },
): Promise<Subscription[]> {
  const { from, to, org_id = null, limit, after = null } = query;
  return store.selectLive(db, { from: from.toString(), to: to.toString(), org_id, limit, after });
}

/**
 * Gives subscriptions the items that their plans gained since, for as long as they run. Answers what could not be given, because
 * another subscription of the organization holds the SKU.
 */
export async function ensureItems(
  tx: Tx,
  subscription_ids: readonly string[],
): Promise<{ subscription_id: string; sku: string }[]> {
  if (subscription_ids.length === 0) return [];
  const subscriptions = await store.selectSubscriptionsByIds(tx, subscription_ids);
  const items = await itemsOf(tx, subscription_ids);
  const prices = await latestPricesOfPlans(tx, [...new Set(subscriptions.map((subscription) => subscription.plan_id))]);
  const missing = subscriptions.flatMap(({ subscription_id, plan_id }) =>
    (prices.get(plan_id) ?? [])
      .filter(({ sku }) => !items.get(subscription_id)?.has(sku))
      .map(({ sku }) => ({ item_id: newId(tx.now), subscription_id, sku })),
  );
  if (missing.length === 0) return [];
  const given = new Set((await store.insertItems(tx, missing)).map((item) => item.item_id));
  return missing.filter((item) => !given.has(item.item_id)).map(({ subscription_id, sku }) => ({ subscription_id, sku }));
}

/** The same for all subscriptions to a plan that run now or later. */
export async function ensureItemsOfPlan(tx: Tx, plan_id: string): Promise<void> {
  await ensureItems(tx, await store.selectIdsOfPlan(tx, plan_id, tx.now.toString()));
}

/** The prices of subscriptions by id, in order of SKU, loaded together. Call `ensureItems` first: a SKU without an item is not in it. */
export async function effectivePrices(
  db: Db,
  subscriptions: readonly Pick<Subscription, 'subscription_id' | 'plan_id' | 'overrides'>[],
): Promise<Map<string, EffectivePrice[]>> {
  const plan_ids = [...new Set(subscriptions.map((subscription) => subscription.plan_id))];
  const prices = await latestPricesOfPlans(db, plan_ids);
  const plans = await plansByIds(db, plan_ids);
  const items = await itemsOf(
    db,
    subscriptions.map((subscription) => subscription.subscription_id),
  );
  return new Map(
    subscriptions.map((subscription) => [
      subscription.subscription_id,
      effectivePricesOf(subscription, {
        prices: prices.get(subscription.plan_id) ?? [],
        items: items.get(subscription.subscription_id) ?? new Map(),
        currency: plans.get(subscription.plan_id)!.currency,
        hashOf: hashOfPrice,
      }),
    ]),
  );
}

/** Puts on record up to where subscriptions are billed: nothing before can change from then. Never moves back. */
export async function markBilled(tx: Tx, billed: readonly { subscription_id: string; until: string }[]): Promise<void> {
  if (billed.length > 0) await store.updateBilledUntil(tx, billed);
}

/** Starts a subscription with its items. Throws `sku_already_entitled`, and by constraint `plan_already_entitled`. */
export async function start(
  tx: Tx,
  wanted: { org_id: string; plan_id: string; overrides: Overrides; effective_at: string; skus: readonly string[] },
): Promise<Subscription> {
  const { org_id, plan_id, overrides, effective_at, skus } = wanted;
  const subscription_id = newId(tx.now);
  await store.insertSubscription(tx, {
    subscription_id,
    org_id,
    plan_id,
    overrides,
    effective_at,
    ended_at: null,
    status: statusOf({ effective_at, ended_at: null }, tx.now),
    billed_until: null,
    created_at: tx.now.toString(),
  });
  const items = skus.map((sku) => ({ item_id: newId(tx.now), subscription_id, sku }));
  const given = items.length === 0 ? [] : await store.insertItems(tx, items);
  // Looked for before, but another transaction may have been quicker.
  if (given.length < items.length) throw errors.sku_already_entitled();
  const made = await requireSubscription(tx, subscription_id);
  await recordAudit(tx, {
    action: 'subscription.created',
    target_type: 'org_entitlement',
    target_id: subscription_id,
    org_id,
    before: null,
    after: json(made),
  });
  await emit<typeof events>(tx, {
    type: 'subscription.created',
    aggregate_type: 'subscription',
    aggregate_id: subscription_id,
    org_id,
    data: { subscription_id, org_id, plan_id, effective_at: made.effective_at, status: made.status },
  });
  return made;
}

/** Ends a subscription and its items at a moment that was decided, and asked for at `pointer`. Throws `period_closed`. */
export async function end(tx: Tx, subscription: Subscription, ended_at: string, pointer: string): Promise<Subscription> {
  const { subscription_id, org_id } = subscription;
  const [{ billing_interval }, { default_timezone: time_zone }] = [
    await requirePlan(tx, subscription.plan_id),
    await requireOrganization(tx, org_id),
  ];
  assert(isCalendarInterval(billing_interval), `a plan is billed every ${billing_interval}`);
  requireRest(subscription, ended_at, { every: billing_interval, time_zone, pointer });
  await applyLifecycle(tx, [subscription_id]);
  const ended = await store.updateEnd(tx, subscription, ended_at);
  await recordAudit(tx, {
    action: 'subscription.ended',
    target_type: 'org_entitlement',
    target_id: subscription_id,
    org_id,
    before: json(subscription),
    after: json(ended),
  });
  const [now] = await applyLifecycle(tx, [subscription_id]);
  if (now) return now;
  await emit<typeof events>(tx, {
    type: 'subscription.updated',
    aggregate_type: 'subscription',
    aggregate_id: subscription_id,
    org_id,
    data: { subscription_id, org_id, ended_at },
  });
  return ended;
}

/** Throws `sku_already_entitled`, naming the SKU and the subscription that holds it. */
async function requireFree(db: Db, wanted: { org_id: string; skus: readonly string[]; effective_at: string }): Promise<void> {
  const [held] = await store.selectHeld(db, wanted);
  if (!held) return;
  throw errors.sku_already_entitled({
    detail: `The SKU ${held.sku} is in the subscription ${held.subscription_id}, which runs at that time.`,
  });
}

/** A plan that is for sale. Throws `plan_unknown`, `plan_retired`, `business_model_retired`. */
export async function requireSoldPlan(db: Db, plan_id: string): Promise<Plan> {
  const plan = await requirePlan(db, plan_id);
  if (plan.status === 'retired') throw catalogErrors.plan_retired({ detail: `The plan ${plan.name} is retired.` });
  const model = await requireBusinessModel(db, plan.model_id);
  if (model.status === 'retired')
    throw catalogErrors.business_model_retired({ detail: `The business model ${model.name} is retired.` });
  return plan;
}

/** SKU → item id, by subscription. */
export async function itemsOf(db: Db, subscription_ids: readonly string[]): Promise<Map<string, Map<string, string>>> {
  const items = new Map<string, Map<string, string>>();
  for (const { subscription_id, sku, item_id } of await store.selectItems(db, subscription_ids)) {
    const own = items.get(subscription_id) ?? new Map<string, string>();
    items.set(subscription_id, own.set(sku, item_id));
  }
  return items;
}

const instant = (text: string) => Temporal.Instant.from(text);

/** Those that run at or after a moment. */
export function liveFrom(subscriptions: readonly Subscription[], at: string): Subscription[] {
  return subscriptions.filter(
    ({ effective_at, ended_at }) =>
      ended_at === null ||
      (Temporal.Instant.compare(instant(ended_at), instant(at)) > 0 &&
        Temporal.Instant.compare(instant(ended_at), instant(effective_at)) > 0),
  );
}

/** Up to where an organization is billed: the latest of its subscriptions'. */
export function billedUntil(subscriptions: readonly Subscription[]): string | null {
  const moments = subscriptions.flatMap(({ billed_until }) => (billed_until === null ? [] : [instant(billed_until)]));
  return moments.sort(Temporal.Instant.compare).at(-1)?.toString() ?? null;
}

function entitlementOf(subscription: Subscription, plan: Plan, now: Temporal.Instant): Entitlement {
  return {
    ...subscription,
    overrides: { ...subscription.overrides },
    plan_name: plan.name,
    status: statusNow(subscription, now),
  };
}

const unknown = (subscription_id: string) =>
  errors.subscription_unknown({ detail: `There is no subscription ${subscription_id}.` });

/** What an audit entry keeps: our own rows, which are JSON. */
export const json = (row: object): JsonObject => row as unknown as JsonObject;
