import { organizationsByIds, requireTenant } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import type { Rounding } from '../../../kernel/decimal.ts';
import { type CalendarInterval, isCalendarInterval } from '../../../kernel/period.ts';
import { plansByIds, skusByCode } from '../../../offer/catalog/service.ts';
import type { Db } from '../../../platform/postgres.ts';
import { baseAmountOf, type EffectivePrice, type Subscription } from '../../subscriptions/model.ts';
import { effectivePricesAt } from '../../subscriptions/service/offers.ts';
import { effectivePrices, liveSubscriptions, subscriptionsByIds } from '../../subscriptions/service.ts';
import { errors } from '../errors.ts';
import type { RatedItem, RatedSubscription } from '../model.ts';

const page_size = 1000;

/** Every subscription that runs at some moment of `[from, to)`. */
export async function subscriptionsWithin(
  db: Db,
  query: { from: string; to: string; org_id: string | null },
): Promise<Subscription[]> {
  const found: Subscription[] = [];
  for (let after: string | null = null; ; ) {
    const page: Subscription[] = await liveSubscriptions(db, { ...query, limit: page_size, after });
    found.push(...page);
    if (page.length < page_size) return found;
    after = page.at(-1)!.subscription_id;
  }
}

export interface RatedSubscriptions {
  rated: RatedSubscription[];
  /** Subscriptions that cannot be billed: an override that no longer fits the plan's price. */
  faults: { subscription_id: string; org_id: string; detail: string }[];
}

/** Subscriptions with their plan, time zone and prices in force, loaded together. Give them their items (`ensureItems`) before. */
export async function ratedSubscriptions(db: Db, subscriptions: readonly Subscription[]): Promise<RatedSubscriptions> {
  const prices = await effectivePrices(db, subscriptions);
  const [bare, skus] = [await unpricedSubscriptions(db, subscriptions), await skusByCode(db)];
  const outcome: RatedSubscriptions = { rated: [], faults: [] };
  const shared = new Map<string, JsonObject>();
  for (const subscription of bare) {
    const own = prices.get(subscription.subscription_id) ?? [];
    const faulty = own.find((price) => price.fault !== null);
    if (faulty) {
      const { subscription_id, org_id } = subscription;
      outcome.faults.push({ subscription_id, org_id, detail: `${faulty.sku}: ${faulty.fault}` });
      continue;
    }
    outcome.rated.push({ ...subscription, items: own.map((price) => itemOf(price, skus, shared)) });
  }
  return outcome;
}

/** The same without prices: enough to say which periods they have. */
export async function unpricedSubscriptions(db: Db, subscriptions: readonly Subscription[]): Promise<RatedSubscription[]> {
  const plans = await plansByIds(db, [...new Set(subscriptions.map((each) => each.plan_id))]);
  const organizations = await organizationsByIds(db, [...new Set(subscriptions.map((each) => each.org_id))]);
  return subscriptions.map((subscription) => {
    const plan = plans.get(subscription.plan_id)!;
    return {
      subscription_id: subscription.subscription_id,
      org_id: subscription.org_id,
      plan_id: subscription.plan_id,
      plan_name: plan.name,
      effective_at: subscription.effective_at,
      ended_at: subscription.ended_at,
      currency: plan.currency,
      base_amount: baseAmountOf(subscription, plan),
      billing_interval: intervalOf(plan.billing_interval),
      time_zone: organizations.get(subscription.org_id)!.default_timezone,
      items: [],
    };
  });
}

/** The subscriptions that an organization has at a moment, with prices. Throws `override_unusable`. */
export async function subscriptionsAt(db: Db, org_id: string, at: Temporal.Instant): Promise<RatedSubscription[]> {
  const live = await subscriptionsWithin(db, { from: at.toString(), to: at.add({ milliseconds: 1 }).toString(), org_id });
  const { rated, faults } = await ratedSubscriptions(db, live);
  const [fault] = faults;
  if (fault) throw errors.override_unusable({ detail: fault.detail });
  return rated;
}

/** What subscriptions price, each in its place, at the prices of a moment; what had no price then, or none that its override fits, is left out. */
export async function itemsAt(
  db: Db,
  asked: readonly { subscription: RatedSubscription; at: string }[],
): Promise<ReadonlyMap<string, RatedItem>[]> {
  if (asked.length === 0) return [];
  const known = await subscriptionsByIds(db, [...new Set(asked.map(({ subscription }) => subscription.subscription_id))]);
  const prices = await effectivePricesAt(
    db,
    asked.map(({ subscription, at }) => ({
      ...{ subscription: known.get(subscription.subscription_id)!, at },
      currency: subscription.currency,
    })),
  );
  const [skus, shared] = [await skusByCode(db), new Map<string, JsonObject>()];
  return prices.map((own) => new Map(own.flatMap((price) => (price.fault ? [] : [[price.sku, itemOf(price, skus, shared)]]))));
}

/** How the tenant rounds. */
export async function roundingOf(db: Db): Promise<Rounding> {
  return (await requireTenant(db)).rounding_mode;
}

function intervalOf(text: string): CalendarInterval {
  assert(isCalendarInterval(text), `a plan is billed every ${text}`);
  return text;
}

/** Equal prices become one object, so that each is compiled once in a run. */
export function itemOf(
  price: EffectivePrice,
  skus: Awaited<ReturnType<typeof skusByCode>>,
  shared: Map<string, JsonObject>,
): RatedItem {
  const sku = skus.get(price.sku)!;
  const one = shared.get(price.price_hash) ?? (price.price as unknown as JsonObject);
  shared.set(price.price_hash, one);
  return {
    sku: price.sku,
    unit: sku.unit,
    aggregation: sku.aggregation,
    unique_by: sku.dimensions[0] ?? null,
    allow_negative: sku.allow_negative,
    price_version_id: price.price_version_id,
    version: price.version,
    price: one,
    price_hash: price.price_hash,
  };
}
