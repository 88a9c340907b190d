import { hashOfPrice, pricesOfPlansAt } from '../../../offer/catalog/service.ts';
import type { Db } from '../../../platform/postgres.ts';
import { effectivePricesOf, type PlanPrice } from '../decide.ts';
import type { EffectivePrice, Subscription } from '../model.ts';
import * as store from '../sql.ts';

/** Who had a plan at any moment of `[from, to)`, RFC 3339; `org_ids` null is everybody. */
export interface PlanHolders {
  readonly plan_id: string;
  readonly from: string;
  readonly to: string;
  readonly org_ids: readonly string[] | null;
}

/** Organizations in order of id, those after `after`. */
export function organizationsOnPlan(db: Db, asked: PlanHolders & { after: string | null; limit: number }): Promise<string[]> {
  return store.selectOrganizationsOnPlan(db, asked);
}

export function countOrganizationsOnPlan(db: Db, asked: PlanHolders): Promise<number> {
  return store.countOrganizationsOnPlan(db, asked);
}

/** Subscriptions in order of organization and start. */
export function subscriptionsOnPlan(db: Db, asked: PlanHolders): Promise<Subscription[]> {
  return store.selectOnPlan(db, asked);
}

/** By subscription: the SKUs that it cannot be given, because another subscription of the organization has them. */
export async function skusHeldElsewhere(db: Db, subscription_ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const held = new Map<string, Set<string>>();
  for (const { subscription_id, sku } of await store.selectHeldElsewhere(db, subscription_ids))
    held.set(subscription_id, (held.get(subscription_id) ?? new Set()).add(sku));
  return held;
}

/** The prices that subscriptions had at moments, each in its place, their overrides applied; for the SKUs that they have. */
export async function effectivePricesAt(
  db: Db,
  asked: readonly {
    subscription: Pick<Subscription, 'subscription_id' | 'plan_id' | 'overrides'>;
    at: string;
    currency: string;
  }[],
): Promise<EffectivePrice[][]> {
  const prices = await pricesOfPlansAt(
    db,
    asked.map(({ subscription, at }) => ({ plan_id: subscription.plan_id, at })),
  );
  return asked.map(({ subscription, currency }, index) =>
    pricesOffered(subscription, { prices: prices[index]!, currency, held: new Set() }),
  );
}

/** A subscription's prices if its plan had these: its overrides applied, without the SKUs that another subscription holds. */
export function pricesOffered(
  subscription: Pick<Subscription, 'overrides'>,
  { prices, currency, held }: { prices: readonly PlanPrice[]; currency: string; held: ReadonlySet<string> },
): EffectivePrice[] {
  const items = new Map(prices.filter(({ sku }) => !held.has(sku)).map(({ sku }) => [sku, sku]));
  return effectivePricesOf(subscription, { prices, items, currency, hashOf: hashOfPrice });
}
