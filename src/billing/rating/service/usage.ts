import type { Db } from '../../../platform/postgres.ts';
import { pricedByEvents } from '../../../pricing/metered.ts';
import type { StandingEvent, TakenUsage, UsageTake } from '../../../usage/metering/model.ts';
import { standingEvents, takeUsage } from '../../../usage/metering/service.ts';
import { usageKey } from '../decide/charges.ts';
import type { ItemUsage, MeasuredUsage, Portion, RatedItem, RatedSubscription, UsageRectangle } from '../model.ts';

/** A portion of a subscription, with the rectangles that are its own where usage adds up, and up to where it looks where it is priced whole. */
export interface AskedPortion {
  subscription: Pick<RatedSubscription, 'subscription_id' | 'org_id' | 'time_zone'>;
  portion: Portion;
  rectangles: readonly UsageRectangle[];
  watermark: string;
}

/**
 * The usage behind portions, each in its place under its `usageKey`, or null where nothing was used; in a few questions to metering for all of them: from their own rectangles, or
 * from all that their counter runs over, event by event where the price is over events.
 */
export async function usageOfPortions(db: Db, asked: readonly AskedPortion[]): Promise<([string, ItemUsage] | null)[]> {
  const takes = asked.map(takeOf);
  const taken = await takeOnce(db, takes);
  const events = await eventsOf(db, asked, takes);
  const openings = await openingsOf(db, asked);
  return asked.map(({ portion }, index) => {
    const opening = openings.get(index) ?? null;
    if (taken[index]!.count === 0 && (opening === null || opening === '0')) return null;
    return [usageKey(portion), itemUsage(portion.item, taken[index]!, { events: events.get(index) ?? [], opening })];
  });
}

/** A backtest asks the same of metering for every offer: it is answered once. */
async function takeOnce(db: Db, takes: readonly UsageTake[]): Promise<TakenUsage[]> {
  const places = new Map<string, number>();
  const distinct: UsageTake[] = [];
  const placed = takes.map((take) => {
    const parts = take.rectangles.map((each) => `${each.from} ${each.to} ${each.arrived_from} ${each.arrived_to}`);
    const key = `${take.org_id} ${take.sku} ${parts.join()}`;
    const place = places.get(key) ?? distinct.push(take) - 1;
    places.set(key, place);
    return place;
  });
  const taken = await takeUsage(db, distinct);
  return placed.map((place) => taken[place]!);
}

/** The rectangle of a line that is priced whole: everything used in a time that had arrived below the watermark. */
export function wholeRectangle({ from, to }: { from: string; to: string }, watermark: string): UsageRectangle {
  return { from, to, arrived_from: '0', arrived_to: watermark };
}

function takeOf({ subscription, portion, rectangles, watermark }: AskedPortion): UsageTake {
  const { org_id, time_zone } = subscription;
  const own = portion.whole ? [wholeRectangle(portion.scope, watermark)] : rectangles;
  return { org_id, sku: portion.item.sku, time_zone, rectangles: own };
}

async function eventsOf(
  db: Db,
  asked: readonly AskedPortion[],
  takes: readonly UsageTake[],
): Promise<Map<number, StandingEvent[]>> {
  const places = asked.flatMap(({ portion }, index) =>
    pricedByEvents(portion.item.price, portion.item.aggregation) ? [index] : [],
  );
  const found = new Map<number, StandingEvent[]>();
  if (places.length === 0) return found;
  for await (const { take, events } of standingEvents(
    db,
    places.map((index) => takes[index]!),
  ))
    found.set(places[take]!, events);
  return found;
}

/** What was in stock when the time of a `weighted_sum` began: the sum of everything before. */
async function openingsOf(db: Db, asked: readonly AskedPortion[]): Promise<Map<number, string>> {
  const places = asked.flatMap(({ portion }, index) => (portion.item.aggregation === 'weighted_sum' ? [index] : []));
  if (places.length === 0) return new Map();
  const sums = await takeUsage(
    db,
    places.map((index) => {
      const { subscription, portion, watermark } = asked[index]!;
      const rectangles = [wholeRectangle({ from: beginning_of_usage, to: portion.scope.from }, watermark)];
      return { org_id: subscription.org_id, sku: portion.item.sku, time_zone: subscription.time_zone, rectangles };
    }),
  );
  return new Map(places.map((index, at) => [index, sums[at]!.quantity_sum]));
}

/** No usage is older: ingest refuses it. */
export const beginning_of_usage = '2000-01-01T00:00:00Z';

/** What a take is to an item: its one quantity, and what its price needs beside it. */
export function itemUsage(
  { aggregation }: Pick<RatedItem, 'aggregation'>,
  usage: MeasuredUsage,
  { events, opening }: { events: readonly StandingEvent[]; opening: string | null },
): ItemUsage {
  return {
    quantity: aggregated(aggregation, usage),
    count: usage.count,
    sum: usage.quantity_sum,
    root: usage.root,
    events,
    opening,
  };
}

/** The one quantity that a SKU's aggregation makes of its events, where sums over them are enough to tell. */
function aggregated(aggregation: string, usage: MeasuredUsage): string {
  if (aggregation === 'count') return `${usage.counted}`;
  if (aggregation === 'max') return usage.quantity_max ?? '0';
  if (aggregation === 'min') return usage.quantity_min ?? '0';
  if (aggregation === 'latest') return usage.quantity_latest ?? '0';
  return usage.quantity_sum;
}
