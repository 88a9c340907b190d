import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import type { CurrentPrice, Plan } from '../../../offer/catalog/model.ts';
import { hashOfPrice, latestPricesOfPlans, plansByIds, requireBusinessModel } from '../../../offer/catalog/service.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { differences, effectivePricesOf, planAssignment, priceThere, replacedEnd, requireCurrency } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { type Assignment, type AssignmentResult, baseAmountOf, type NewAssignment, type Subscription } from '../model.ts';
import { billedUntil, end, itemsOf, json, liveFrom, requireSoldPlan, start } from '../service.ts';
import * as store from '../sql.ts';

/** The organization's model and plan. Throws `org_not_found`, `business_model_not_assigned`. */
export async function currentAssignment(db: Db, org_id: string): Promise<Assignment> {
  await requireOrganization(db, org_id);
  const found = await store.selectAssignment(db, org_id);
  if (!found) throw errors.business_model_not_assigned({ detail: `The organization ${org_id} has no business model.` });
  return found;
}

/**
 * Moves an organization to a plan of a business model, and answers the differences it makes; `preview` answers them and changes
 * nothing. What ends and what stays: see `planAssignment`. Throws as `createEntitlement`, and `plan_of_another_model`.
 */
export async function assignBusinessModel(
  tx: Tx,
  org_id: string,
  request: NewAssignment,
  { preview }: { preview: boolean },
): Promise<AssignmentResult> {
  const organization = await requireOrganization(tx, org_id);
  const model = await requireBusinessModel(tx, request.model_id);
  const plan = await requireSoldPlan(tx, request.plan_id);
  if (plan.model_id !== model.model_id)
    throw errors.plan_of_another_model({ detail: `The plan ${plan.name} is not one of ${model.name}.` });
  requireCurrency(organization, plan.currency);
  const effective_at = request.effective_at ?? tx.now.toString();
  const previous = await store.selectAssignment(tx, org_id);
  const existing = await store.lockSubscriptionsOf(tx, org_id);
  const live = liveFrom(existing, effective_at);
  const [prices, items] = [
    await latestPricesOfPlans(tx, [...new Set([plan.plan_id, ...live.map((subscription) => subscription.plan_id)])]),
    await itemsOf(
      tx,
      live.map((subscription) => subscription.subscription_id),
    ),
  ];
  const skusOf = (plan_id: string) => (prices.get(plan_id) ?? []).map((price) => price.sku);
  const decided = planAssignment({
    plan: { plan_id: plan.plan_id, skus: skusOf(plan.plan_id) },
    assigned: new Set(await store.selectAssignedSubscriptions(tx, org_id)),
    live: live.map((subscription) => ({
      subscription,
      skus: new Set([...(items.get(subscription.subscription_id)?.keys() ?? []), ...skusOf(subscription.plan_id)]),
    })),
    effective_at,
    billed_until: billedUntil(existing),
  });
  const plans = await plansByIds(tx, [...prices.keys()]);
  const kept = decided.keep === null ? [] : [decided.keep];
  const after = decided.keep ?? { plan_id: plan.plan_id, overrides: {} };
  const leaving =
    kept[0] ?? decided.replaced.find((one) => one.subscription_id === previous?.subscription_id) ?? decided.replaced[0];
  const answer: AssignmentResult = {
    preview,
    org_id,
    model_id: model.model_id,
    plan_id: plan.plan_id,
    subscription_id: decided.keep?.subscription_id ?? null,
    effective_at,
    notes: request.notes ?? null,
    currency: plan.currency,
    base_amount: {
      before: leaving === undefined ? null : baseAmountOf(leaving, plans.get(leaving.plan_id)!),
      after: baseAmountOf(after, plan),
    },
    differences: differences(pricesThere([...decided.replaced, ...kept], plans, prices), pricesThere([after], plans, prices)),
    ended_subscription_ids: decided.replaced.map((subscription) => subscription.subscription_id),
  };
  if (preview) return answer;
  for (const subscription of decided.replaced)
    await end(tx, subscription, replacedEnd(subscription, effective_at), '/effective_at');
  const subscription_id =
    decided.keep?.subscription_id ??
    (await start(tx, { org_id, plan_id: plan.plan_id, overrides: {}, effective_at, skus: skusOf(plan.plan_id) })).subscription_id;
  await assign(tx, previous, { ...answer, subscription_id });
  return { ...answer, subscription_id };
}

async function assign(
  tx: Tx,
  previous: Assignment | undefined,
  result: AssignmentResult & { subscription_id: string },
): Promise<void> {
  const { org_id, model_id, plan_id, subscription_id, effective_at, notes } = result;
  // The same again is no news, and makes no history.
  if (previous?.subscription_id === subscription_id && (notes === null || notes === previous.notes)) return;
  const after = await store.replaceAssignment(tx, {
    assignment_id: newId(tx.now),
    org_id,
    model_id,
    plan_id,
    subscription_id,
    effective_at,
    assigned_by: tx.actor.id,
    assigned_at: tx.now.toString(),
    notes,
  });
  await recordAudit(tx, {
    action: 'business_model.assigned',
    target_type: 'org_business_model',
    target_id: after.assignment_id,
    org_id,
    before: previous ? json(previous) : null,
    after: json(after),
  });
  await emit<typeof events>(tx, {
    type: 'business_model.assigned',
    aggregate_type: 'organization',
    aggregate_id: org_id,
    org_id,
    data: { org_id, model_id, plan_id, subscription_id, previous_plan_id: previous?.plan_id ?? null, effective_at },
  });
}

/** What subscriptions pay for each SKU, as a difference shows it. */
function pricesThere(
  subscriptions: readonly Pick<Subscription, 'plan_id' | 'overrides'>[],
  plans: ReadonlyMap<string, Plan>,
  prices: ReadonlyMap<string, readonly CurrentPrice[]>,
) {
  return new Map(
    subscriptions.flatMap((subscription) => {
      const own = prices.get(subscription.plan_id) ?? [];
      const items = new Map(own.map((price) => [price.sku, '']));
      const { currency } = plans.get(subscription.plan_id)!;
      return effectivePricesOf(subscription, { prices: own, items, currency, hashOf: hashOfPrice }).map(
        (effective) =>
          [effective.sku, { ...priceThere(subscription.plan_id, effective), price_hash: effective.price_hash }] as const,
      );
    }),
  );
}
