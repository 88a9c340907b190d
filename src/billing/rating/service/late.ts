import { before } from '../../../kernel/period.ts';
import type { Db } from '../../../platform/postgres.ts';
import { organizationsWithLateUsage, takeUsage } from '../../../usage/metering/service.ts';
import type { Subscription } from '../../subscriptions/model.ts';
import { subscriptionsByIds } from '../../subscriptions/service.ts';
import { servicePeriods } from '../decide/periods.ts';
import type { LatePeriod } from '../decide/portions.ts';
import { freeRectangles, rectanglesWithin } from '../decide/rectangles.ts';
import type { RatedItem, RatedSubscription, UsageRectangle } from '../model.ts';
import { type BilledPeriodRow, lastBilledBefore, liveBilledPeriods, liveTakes } from '../sql.ts';
import { itemsAt } from './subscriptions.ts';

/** A subscription with its live billed periods and takes. */
export interface BilledSubscription {
  subscription: RatedSubscription;
  billed: readonly BilledPeriodRow[];
  taken: readonly UsageRectangle[];
  /** Only periods that begin before are corrected; the others are left to the run that follows them. */
  until: string;
}

/** What came for billed periods after they were billed. */
export interface LateUsage {
  periods: LatePeriod[];
  /** Rectangles of the periods with late usage that no live take covers. */
  rectangles: UsageRectangle[];
}

/**
 * By subscription, the billed periods in which something arrived since, below the watermark, that nothing has taken. Cheap where there is
 * nothing: rollups tell which organizations have to be looked at.
 */
export async function lateUsageOf(
  db: Db,
  subscriptions: readonly BilledSubscription[],
  watermark: string,
): Promise<Map<string, LateUsage>> {
  const late_orgs = await organizationsWithLateUsage(
    db,
    subscriptions.flatMap(({ subscription, billed }) => billed.map((row) => ({ ...row, org_id: subscription.org_id }))),
  );
  const asked = subscriptions
    .filter(({ subscription }) => late_orgs.has(subscription.org_id))
    .flatMap(({ subscription, billed, taken, until }) =>
      billed
        .filter((row) => before(row.from, until))
        .flatMap((row) => {
          const free = freeRectangles({ from: row.from, to: row.to, arrived_from: '0', arrived_to: watermark }, taken);
          return periodsOf(subscription, row, billed).flatMap((period) =>
            subscription.items.map(({ sku }) => ({ subscription, row, period, sku, rectangles: rectanglesWithin(free, period) })),
          );
        }),
    )
    .filter(({ rectangles }) => rectangles.length > 0);
  const taken = await takeUsage(
    db,
    asked.map(({ subscription: { org_id, time_zone }, sku, rectangles }) => ({ org_id, sku, time_zone, rectangles })),
  );
  const found = new Map<string, LateUsage>();
  const news = asked.filter((_each, index) => taken[index]!.count > 0);
  const prices = await pricesOfItsTime(db, news);
  for (const of_period of Map.groupBy(news, ({ row, period }) => `${row.billed_period_id} ${period.from}`).values()) {
    const [{ subscription, row, period, rectangles }] = of_period as [(typeof news)[number]];
    const items = prices.get(row.billed_period_id)!;
    const late = found.get(subscription.subscription_id) ?? { periods: [], rectangles: [] };
    found.set(subscription.subscription_id, late);
    const skus = new Set(of_period.map(({ sku }) => sku));
    late.periods.push({ ...period, billed_period_id: row.billed_period_id, skus, items });
    late.rectangles.push(...rectangles);
  }
  return found;
}

/** By billed period: its subscription's items at the prices of the moment at which it was billed. */
async function pricesOfItsTime(
  db: Db,
  late: readonly { subscription: RatedSubscription; row: BilledPeriodRow }[],
): Promise<Map<string, ReadonlyMap<string, RatedItem>>> {
  const asked = [...new Map(late.map(({ subscription, row }) => [row.billed_period_id, { subscription, at: row.billed_at }]))];
  const items = await itemsAt(
    db,
    asked.map(([, each]) => each),
  );
  return new Map(asked.map(([billed_period_id], index) => [billed_period_id, items[index]!]));
}

/** The service periods of a billed one, as they were cut. */
function periodsOf(subscription: RatedSubscription, row: BilledPeriodRow, billed: readonly BilledPeriodRow[]) {
  const [from, to] = [Temporal.PlainDate.from(row.from_date), Temporal.PlainDate.from(row.to_date)];
  const cut = servicePeriods(subscription, from, to);
  return cut
    .map((period, index) => ({
      ...period,
      from: index === 0 ? row.from : period.from,
      to: index === cut.length - 1 ? row.to : period.to,
      // The interval has ended for good once a later part of it has, although this part did not end it.
      ends_interval: period.ends_interval || billed.some((each) => !before(each.to, period.interval_to)),
    }))
    .filter((period) => before(period.from, period.to));
}

/** A billed period in which usage came, or was corrected, since. */
export interface LateBilledPeriod {
  subscription: RatedSubscription;
  period: BilledPeriodRow;
  skus: ReadonlySet<string>;
  /** By SKU, at the prices of the moment at which it was billed. */
  items: ReadonlyMap<string, RatedItem>;
}

/**
 * The billed periods of some subscriptions in which something arrived since, as far as they begin before a moment. A subscription of which some
 * of the run's dates are billed is passed over: the run does nothing for it.
 */
export async function lateBilledPeriods(
  db: Db,
  subscriptions: readonly RatedSubscription[],
  { until, watermark, run }: { until: string; watermark: string; run: { from_date: string; to_date: string } },
): Promise<LateBilledPeriod[]> {
  const ids = subscriptions.map((each) => each.subscription_id);
  const billed = Map.groupBy(await liveBilledPeriods(db, ids), (row) => row.subscription_id);
  const taken = Map.groupBy(await liveTakes(db, ids), (row) => row.subscription_id);
  const known = subscriptions
    .map((subscription) => ({
      subscription,
      billed: billed.get(subscription.subscription_id) ?? [],
      taken: taken.get(subscription.subscription_id) ?? [],
      until,
    }))
    .filter((each) => !each.billed.some((row) => row.from_date < run.to_date && row.to_date > run.from_date));
  const late = await lateUsageOf(db, known, watermark);
  return known.flatMap(({ subscription, billed }) => {
    const found = Map.groupBy(late.get(subscription.subscription_id)?.periods ?? [], (each) => each.billed_period_id);
    return billed.flatMap((period) => {
      const parts = found.get(period.billed_period_id) ?? [];
      const [first] = parts;
      if (!first) return [];
      return [{ subscription, period, skus: new Set(parts.flatMap(({ skus }) => [...skus])), items: first.items }];
    });
  });
}

/**
 * Subscriptions that ended before a moment and may have usage that came, or was corrected, since they were billed: all that have are among
 * them. A run has no period of theirs to bill, and corrects what it billed.
 */
export async function endedWithLateUsage(
  db: Db,
  { org_id, ended_by }: { org_id: string | null; ended_by: string },
): Promise<Subscription[]> {
  const quiet = await lastBilledBefore(db, ended_by, org_id);
  const known = await subscriptionsByIds(db, quiet);
  const ended = [...known.values()].filter(({ ended_at }) => ended_at !== null && !before(ended_by, ended_at));
  const owner = new Map(ended.map((each) => [each.subscription_id, each.org_id]));
  const periods = await liveBilledPeriods(db, [...owner.keys()]);
  const late_orgs = await organizationsWithLateUsage(
    db,
    periods.map((row) => ({ ...row, org_id: owner.get(row.subscription_id)! })),
  );
  return ended.filter((each) => late_orgs.has(each.org_id));
}
