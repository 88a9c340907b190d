import type { JsonObject } from '../../../../kernel/canonical-json.ts';
import { before, lastMoment, startOfDay } from '../../../../kernel/period.ts';
import { skusByCode } from '../../../../offer/catalog/service.ts';
import type { Db } from '../../../../platform/postgres.ts';
import { organizationsWithLateUsage, takeUsage } from '../../../../usage/metering/service.ts';
import { linesOf } from '../../../ledger/service.ts';
import type { Partner } from '../../../partners/model.ts';
import { partnersOfPairs } from '../../../partners/service.ts';
import { baseAmountOf, type Subscription } from '../../../subscriptions/model.ts';
import { pricesOffered, skusHeldElsewhere, subscriptionsOnPlan } from '../../../subscriptions/service/offers.ts';
import { type BilledCharge, type SideTerms, type Trial, type TrialRun, trialRuns, type Window } from '../../decide/backtests.ts';
import { freeRectangles, rectanglesWithin, usageKey } from '../../decide.ts';
import { type Offer, type OfferedPrice, type Offers, SIDES, type Side, type TrialFault } from '../../model/backtests.ts';
import type { ItemUsage, RatedItem, RatedSubscription, UsageRectangle } from '../../model.ts';
import { itemUsage } from '../../service.ts';
import { chargesOfPeriods, takesOfBilled } from '../../sql/backtests.ts';
import { type BilledPeriodRow, liveBilledPeriods } from '../../sql.ts';
import { itemOf, unpricedSubscriptions } from '../subscriptions.ts';

export interface TrialScope {
  readonly plan_id: string;
  readonly currency: string;
  readonly offers: Offers;
  readonly window: Window;
  readonly watermark: string;
}

/** The months of a window in any time zone on earth (UTC−12 to UTC+14). */
export function widely(window: Window): { from: string; to: string } {
  return {
    from: startOfDay(window.from, 'UTC').subtract({ hours: 14 }).toString(),
    to: startOfDay(window.to, 'UTC').add({ hours: 12 }).toString(),
  };
}

/**
 * All that the trials of some organizations read, each kind in one question, whatever their number: subscriptions, prices on every side,
 * what was billed, what was used. By organization.
 */
export async function loadTrials(db: Db, scope: TrialScope, org_ids: readonly string[]): Promise<Map<string, Trial[]>> {
  const subscriptions = await subscriptionsOnPlan(db, { plan_id: scope.plan_id, ...widely(scope.window), org_ids });
  const ids = subscriptions.map((each) => each.subscription_id);
  const bare = await unpricedSubscriptions(db, subscriptions);
  const billed = Map.groupBy(await liveBilledPeriods(db, ids), (row) => row.subscription_id);
  const runs = bare.map((each) => trialRuns(each, scope.window, billed.get(each.subscription_id) ?? []));
  const terms = await termsOf(db, scope, subscriptions);
  const charges = await loadCharges(db, runs.flat());
  const planned = bare.map((subscription, index) => ({
    subscription,
    terms: terms[index]!,
    runs: runs[index]!,
    billed: billed.get(subscription.subscription_id) ?? [],
  }));
  const usage = await loadUsage(db, planned, scope.watermark);
  const partners = await loadPartners(db, planned);
  const trials = planned.map(({ subscription, terms, runs }, index): Trial => {
    const own = new Set(runs.map((run) => run.billed?.billed_period_id));
    return {
      subscription,
      terms,
      runs,
      charges: [...own].flatMap((id) => (id === undefined ? [] : (charges.get(id) ?? []))),
      usage: usage[index]!,
      partners: partners[index]!,
    };
  });
  return Map.groupBy(trials, (trial) => trial.subscription.org_id);
}

interface Planned {
  subscription: RatedSubscription;
  terms: Trial['terms'];
  runs: readonly TrialRun[];
  billed: readonly BilledPeriodRow[];
}

async function termsOf(
  db: Db,
  { offers, currency }: TrialScope,
  subscriptions: readonly Subscription[],
): Promise<Trial['terms'][]> {
  const held = await skusHeldElsewhere(
    db,
    subscriptions.map((each) => each.subscription_id),
  );
  const skus = await skusByCode(db);
  const shared = new Map<string, JsonObject>();
  const side = (name: Side, offer: Offer | null, subscription: Subscription): SideTerms | TrialFault | null => {
    if (offer === null) return null;
    const own = held.get(subscription.subscription_id) ?? new Set<string>();
    const prices = pricesOffered(subscription, { prices: offer.prices.map(named), currency, held: own });
    const faulty = prices.find((price) => price.fault !== null);
    if (faulty) return { side: name, code: 'override_unusable', detail: faulty.fault! };
    const items = prices.map((price): RatedItem => {
      const { price_version_id } = price;
      return { ...itemOf(price, skus, shared), price_version_id: price_version_id === '' ? null : price_version_id };
    });
    return { base_amount: baseAmountOf(subscription, offer), items };
  };
  return subscriptions.map((subscription) => ({
    before: side('before', offers.live, subscription),
    draft: side('draft', offers.draft, subscription),
    compare: side('compare', offers.compare, subscription),
  }));
}

/** A draft's price has no version yet. */
const named = (price: OfferedPrice) => ({ ...price, price_version_id: price.price_version_id ?? '' });

async function loadCharges(db: Db, runs: readonly TrialRun[]): Promise<Map<string, BilledCharge[]>> {
  const ids = runs.flatMap((run) => (run.billed ? [run.billed.billed_period_id] : []));
  if (ids.length === 0) return new Map();
  const rows = await chargesOfPeriods(db, ids);
  const lines = rows.length === 0 ? [] : await linesOf(db, { charge_ids: rows.map((row) => row.charge_id) });
  const shares = new Map(lines.map((line) => [line.charge_id, line.partner_minor]));
  const charges = rows.map(
    (row): BilledCharge => ({
      billed_period_id: row.billed_period_id,
      kind: row.kind,
      sku: row.sku,
      from: row.from,
      to: row.to,
      quantity: row.quantity,
      amount_exact: row.amount_exact,
      amount_minor: BigInt(row.amount_minor),
      partner_minor: shares.get(row.charge_id) ?? 0n,
      price_hash: row.price_hash ?? '',
      has_usage: row.usage_count !== null && row.usage_count !== '0',
    }),
  );
  return Map.groupBy(charges, (charge) => charge.billed_period_id);
}

/** By place and by service period and SKU: what each run took or would take, in one question to metering. */
async function loadUsage(db: Db, planned: readonly Planned[], watermark: string): Promise<Map<string, ItemUsage>[]> {
  const takes = await takesOfRuns(db, planned, watermark);
  const asked = planned.flatMap(({ subscription, terms, runs }, place) => {
    const items = itemsOf(terms);
    return runs.flatMap((run, at) => {
      const starts = run.periods[0]!.from;
      return run.periods.flatMap((period) => {
        const rectangles = rectanglesWithin(takes[place]![at]!, period, starts);
        return items.map((item) => ({
          place,
          period,
          item,
          take: { org_id: subscription.org_id, sku: item.sku, time_zone: subscription.time_zone, rectangles },
        }));
      });
    });
  });
  const answers = await takeUsage(
    db,
    asked.map((each) => each.take),
  );
  const found = planned.map(() => new Map<string, ItemUsage>());
  for (const [index, { place, period, item }] of asked.entries()) {
    const answer = answers[index]!;
    if (answer.count > 0) found[place]!.set(usageKey(period.from, item.sku), itemUsage(item.aggregation, answer));
  }
  return found;
}

/** Every SKU that any side prices, once. */
function itemsOf(terms: Trial['terms']): RatedItem[] {
  const items = new Map<string, RatedItem>();
  for (const side of SIDES) {
    const own = terms[side];
    if (own !== null && !('code' in own)) for (const item of own.items) items.set(item.sku, item);
  }
  return [...items.values()];
}

/**
 * What a billed run took is on record. One that was not billed takes what is free: its own time, and what came late for the billed
 * periods before it, as the next bill would.
 */
async function takesOfRuns(db: Db, planned: readonly Planned[], watermark: string): Promise<UsageRectangle[][][]> {
  const stored = await takesOfBilled(
    db,
    planned.map((each) => each.subscription.subscription_id),
  );
  const byPeriod = Map.groupBy(stored, (take) => take.billed_period_id);
  const unbilled = planned.filter(({ runs }) => runs.some((run) => run.billed === null));
  const late_orgs = await organizationsWithLateUsage(
    db,
    unbilled.flatMap(({ subscription, billed }) => billed.map((row) => ({ ...row, org_id: subscription.org_id }))),
  );
  return planned.map(({ subscription, runs, billed }) => {
    const taken: UsageRectangle[] = billed.flatMap((row) => byPeriod.get(row.billed_period_id) ?? []);
    return runs.map((run) => {
      if (run.billed) return byPeriod.get(run.billed.billed_period_id) ?? [];
      const [from, to] = [run.periods[0]!.from, run.periods.at(-1)!.to];
      const late = late_orgs.has(subscription.org_id) ? billed.filter((row) => before(row.from, from)) : [];
      const free = [{ from, to }, ...late].flatMap((period) =>
        freeRectangles({ from: period.from, to: period.to, arrived_from: '0', arrived_to: watermark }, taken),
      );
      taken.push(...free);
      return free;
    });
  });
}

async function loadPartners(db: Db, planned: readonly Planned[]): Promise<Map<string, Partner>[]> {
  const asked = planned.flatMap(({ subscription, runs }, place) =>
    runs.flatMap((run) => run.periods.map(({ from, to }) => ({ place, from, org_id: subscription.org_id, at: lastMoment(to) }))),
  );
  const found = planned.map(() => new Map<string, Partner>());
  for (const [index, partner] of (await partnersOfPairs(db, asked)).entries()) {
    const { place, from } = asked[index]!;
    if (partner) found[place]!.set(from, partner);
  }
  return found;
}
