import { before } from '../../../kernel/period.ts';
import { skusByCode } from '../../../offer/catalog/service.ts';
import type { Db } from '../../../platform/postgres.ts';
import { organizationsWithLateUsage, takeUsage } from '../../../usage/metering/service.ts';
import { effectivePrices, subscriptionsByIds } from '../../subscriptions/service.ts';
import { freeRectangles } from '../decide.ts';
import { lastBilledBefore, liveBilledPeriods, liveTakes } from '../sql.ts';

/** Usage that arrived for a billed period after its subscription had ended: no run takes it up. */
export interface OrphanedUsage {
  subscription_id: string;
  org_id: string;
  sku: string;
  count: number;
  quantity: string;
}

/**
 * What came late, below the watermark, for subscriptions that ended before a run (`ended_by`): nobody's next bill would have it, so
 * that whoever runs billing must be told. SKUs whose policy absorbs late usage are left out. Call it once rollups are at the watermark.
 */
export async function orphanedUsage(
  db: Db,
  { org_id, ended_by, watermark }: { org_id: string | null; ended_by: string; watermark: string },
): Promise<OrphanedUsage[]> {
  const quiet = await lastBilledBefore(db, ended_by, org_id);
  const known = await subscriptionsByIds(db, quiet);
  const ended = [...known.values()].filter(({ ended_at }) => ended_at !== null && !before(ended_by, ended_at));
  if (ended.length === 0) return [];
  const ids = ended.map((each) => each.subscription_id);
  const owner = new Map(ended.map((each) => [each.subscription_id, each.org_id]));
  const periods = (await liveBilledPeriods(db, ids)).map((row) => ({ ...row, org_id: owner.get(row.subscription_id)! }));
  const late_orgs = await organizationsWithLateUsage(db, periods);
  const suspects = ended.filter((each) => late_orgs.has(each.org_id));
  if (suspects.length === 0) return [];
  const taken = Map.groupBy(
    await liveTakes(
      db,
      suspects.map((each) => each.subscription_id),
    ),
    (row) => row.subscription_id,
  );
  const [prices, skus] = [await effectivePrices(db, suspects), await skusByCode(db)];
  const asked = suspects.flatMap(({ subscription_id, org_id }) => {
    const rectangles = periods
      .filter((period) => period.subscription_id === subscription_id)
      .flatMap(({ from, to }) =>
        freeRectangles({ from, to, arrived_from: '0', arrived_to: watermark }, taken.get(subscription_id) ?? []),
      );
    return (prices.get(subscription_id) ?? [])
      .filter(({ sku }) => skus.get(sku)?.late_policy !== 'absorb')
      .map(({ sku }) => ({ subscription_id, take: { org_id, sku, time_zone: 'UTC', rectangles } }));
  });
  const found = await takeUsage(
    db,
    asked.map((each) => each.take),
  );
  return asked.flatMap(({ subscription_id, take }, index) => {
    const { count, quantity_sum } = found[index]!;
    return count === 0 ? [] : [{ subscription_id, org_id: take.org_id, sku: take.sku, count, quantity: quantity_sum }];
  });
}
