import type { JsonObject } from '../../../../kernel/canonical-json.ts';
import { startOfDay } from '../../../../kernel/period.ts';
import { skusByCode } from '../../../../offer/catalog/service.ts';
import type { Db } from '../../../../platform/postgres.ts';
import { linesOf } from '../../../ledger/service.ts';
import { baseAmountOf, type Subscription } from '../../../subscriptions/model.ts';
import { pricesOffered, skusHeldElsewhere, subscriptionsOnPlan } from '../../../subscriptions/service/offers.ts';
import { type SideTerms, type TrialLine, type TrialRun, trialRuns, type Window } from '../../decide/backtests.ts';
import type { Offer, OfferedPrice, Offers, Side, TrialFault } from '../../model/backtests.ts';
import type { RatedItem, RatedSubscription, UsageRectangle } from '../../model.ts';
import { billedChargesOf } from '../../sql/backtests.ts';
import { liveBilledPeriods, liveTakes } from '../../sql.ts';
import { itemOf, unpricedSubscriptions } from '../subscriptions.ts';

export interface TrialScope {
  readonly plan_id: string;
  readonly currency: string;
  readonly offers: Offers;
  readonly window: Window;
  readonly watermark: string;
}

/** A subscription before it is rated: its runs, what it pays on every side, and what billing made of it. */
export interface LoadedTrial {
  readonly subscription: RatedSubscription;
  readonly runs: readonly TrialRun[];
  readonly terms: Readonly<Record<Side, SideTerms | TrialFault | null>>;
  /** What live takes of the subscription hold. */
  readonly taken: readonly UsageRectangle[];
  /** Every live charge of the window's time, corrections of it too. */
  readonly billed: readonly TrialLine[];
}

/** The months of a window in any time zone on earth (UTC−12 to UTC+14). */
export function widely(window: Window): { from: string; to: string } {
  return {
    from: startOfDay(window.from, 'UTC').subtract({ hours: 14 }).toString(),
    to: startOfDay(window.to, 'UTC').add({ hours: 12 }).toString(),
  };
}

/** All that the trials of some organizations start from, each kind in one question, whatever their number. */
export async function loadTrials(db: Db, scope: TrialScope, org_ids: readonly string[]): Promise<LoadedTrial[]> {
  const subscriptions = await subscriptionsOnPlan(db, { plan_id: scope.plan_id, ...widely(scope.window), org_ids });
  const ids = subscriptions.map((each) => each.subscription_id);
  const bare = await unpricedSubscriptions(db, subscriptions);
  const periods = Map.groupBy(await liveBilledPeriods(db, ids), (row) => row.subscription_id);
  const taken = Map.groupBy(await liveTakes(db, ids), (row) => row.subscription_id);
  const terms = await termsOf(db, scope, subscriptions);
  const billed = await billedLines(db, scope, { org_ids, ids });
  return bare.map((subscription, index) => {
    const { subscription_id } = subscription;
    return {
      subscription,
      runs: trialRuns(subscription, scope.window, periods.get(subscription_id) ?? []),
      terms: terms[index]!,
      taken: taken.get(subscription_id) ?? [],
      billed: billed.get(subscription_id) ?? [],
    };
  });
}

async function termsOf(
  db: Db,
  { offers, currency }: TrialScope,
  subscriptions: readonly Subscription[],
): Promise<LoadedTrial['terms'][]> {
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

/** By subscription: what was billed, with the partner's share as it was posted. */
async function billedLines(
  db: Db,
  { window }: TrialScope,
  of: { org_ids: readonly string[]; ids: readonly string[] },
): Promise<Map<string, (TrialLine & { subscription_id: string })[]>> {
  const rows = await billedChargesOf(db, { ...of, ...widely(window) });
  const lines = rows.length === 0 ? [] : await linesOf(db, { charge_ids: rows.map((row) => row.charge_id) });
  const shares = new Map(lines.map((line) => [line.charge_id, line.partner_minor]));
  const billed = rows.map(({ charge_id, subscription_id, sku, to, amount_minor }) => ({
    subscription_id,
    to,
    sku: sku ?? '',
    amount_minor: BigInt(amount_minor),
    partner_minor: shares.get(charge_id) ?? 0n,
  }));
  return Map.groupBy(billed, (line) => line.subscription_id);
}
