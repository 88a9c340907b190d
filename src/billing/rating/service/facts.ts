import type { JsonObject } from '../../../kernel/canonical-json.ts';
import type { Db } from '../../../platform/postgres.ts';
import type { RatingFacts } from '../decide/charges.ts';
import { type BilledPart, countersOf, type EarlierCharge, portionsOf } from '../decide/portions.ts';
import { rectanglesWithin } from '../decide/rectangles.ts';
import type { Portion, RatedSubscription, ServicePeriod, UsageRectangle } from '../model.ts';
import type { LateUsage } from './late.ts';
import { usageOfPortions } from './usage.ts';

/** What rating a subscription starts from: its periods, what they take, and what came before in their intervals. */
export interface Work {
  readonly subscription: RatedSubscription;
  readonly periods: readonly ServicePeriod[];
  /** Of the periods themselves. */
  readonly takes: readonly UsageRectangle[];
  readonly late: LateUsage;
  /** Live charges of the intervals that the periods lie in, in the order in which they were made. */
  readonly charges: readonly EarlierCharge[];
  /** What of these intervals is billed. */
  readonly billed: readonly BilledPart[];
  readonly watermark: string;
}

/** Facts that the inputs of a service period's charges keep, such as the partner of record, each in its place. */
export type ContextsOf = (periods: readonly { org_id: string; to: string }[]) => Promise<readonly JsonObject[]>;

/** Reads what is known of works only once their portions are: usage, event by event where it must be, and contexts. Each in its place. */
export async function readFacts(
  db: Db,
  works: readonly Work[],
  { rounding, contextsOf }: { rounding: string; contextsOf: ContextsOf },
): Promise<RatingFacts[]> {
  const planned = works.map((work) => {
    return { ...work, portions: portionsOf({ ...work, late: work.late.periods }) };
  });
  const contexts = await readContexts(contextsOf, planned);
  const asked = planned.flatMap(({ subscription, portions, takes, late, watermark }) =>
    portions.map((portion) => ({
      subscription,
      portion,
      rectangles: rectanglesWithin(portion.adjusts ? late.rectangles : takes, portion),
      watermark,
    })),
  );
  const usage = (await usageOfPortions(db, asked)).values();
  return planned.map(({ subscription, periods, portions, charges, watermark }, index) => ({
    ...{ subscription, periods, portions, rounding, watermark },
    counters: countersOf(charges),
    usage: new Map(portions.map(() => usage.next().value).filter((each) => each !== undefined && each !== null)),
    contexts: contexts[index]!,
  }));
}

/** Facts that the record keeps, by a period's `from`, for each of some subscriptions. */
async function readContexts(
  contextsOf: ContextsOf,
  works: readonly { subscription: RatedSubscription; periods: readonly ServicePeriod[]; portions: readonly Portion[] }[],
): Promise<ReadonlyMap<string, JsonObject>[]> {
  const asked = works.map(({ subscription: { org_id }, periods, portions }) => {
    const times = new Map([...portions, ...periods].map(({ from, to }) => [from, { org_id, from, to }]));
    return [...times.values()];
  });
  const answers = (await contextsOf(asked.flat())).values();
  return asked.map((times) => new Map(times.map(({ from }) => [from, answers.next().value!])));
}
