import type { ChargeInputs } from '../../../kernel/bundle.ts';
import { before, daysBetween, localDate } from '../../../kernel/period.ts';
import type { Counter, Portion, RatedItem, RatedSubscription, ServicePeriod, Share, UsageRectangle } from '../model.ts';
import { countOn, isPricedWhole } from './charges.ts';
import { freeRectangles } from './rectangles.ts';

/** A live charge for usage, as far as what comes after it has to know. */
export interface EarlierCharge {
  charge_id: string;
  billed_period_id: string;
  from: string;
  to: string;
  interval_from: string;
  interval_to: string;
  quantity: string;
  amount_exact: string;
  amount_minor: bigint;
  open: boolean;
  share: Share | null;
  /** The item as it was billed. */
  item: RatedItem;
}

/** A billed period in which usage arrived, or was corrected, since. */
export interface LatePeriod extends ServicePeriod {
  billed_period_id: string;
  /** SKUs with something new. */
  skus: ReadonlySet<string>;
  /** What had been charged nothing, at the prices at which the period was billed; by SKU. */
  items: ReadonlyMap<string, RatedItem>;
}

export interface PortionFacts {
  subscription: Pick<RatedSubscription, 'items' | 'time_zone'>;
  periods: readonly ServicePeriod[];
  late: readonly LatePeriod[];
  /** Live charges of the intervals that these periods lie in, in the order in which they were made. */
  charges: readonly EarlierCharge[];
  /** What of these intervals is billed, also where nothing had to be charged. */
  billed: readonly BilledPart[];
  /** What the periods take, below the watermark. */
  takes: readonly UsageRectangle[];
  watermark: string;
}

/** The part of an interval that a billed period holds. */
export interface BilledPart {
  interval_from: string;
  from: string;
  to: string;
}

/** The time that a counter runs over. */
type Reach = Pick<Counter, 'from' | 'to'>;

/** By name: the counters on record, and what each runs over once this run's corrections are made. */
interface Known {
  nameOf: CounterName;
  counters: ReadonlyMap<string, Counter>;
  reaches: ReadonlyMap<string, Reach>;
}

/** Which counter an item's usage of a time belongs to. */
type CounterName = (time: { from: string; interval_from: string }, item: Pick<RatedItem, 'sku' | 'price_hash'>) => string;

/** What some charges come to, by the name of their counter. */
export function countersOf(charges: readonly EarlierCharge[]): Map<string, Counter> {
  const nameOf = counterNames(charges);
  const counters = new Map<string, Counter>();
  for (const charge of charges) {
    const name = nameOf(charge, charge.item);
    counters.set(name, countOn(counters.get(name), charge));
  }
  return counters;
}

/**
 * Counters run within one interval and under one price, for as long as no other takes its place: a price that comes back after another
 * starts anew, and neither counts nor prices what was used in between.
 */
function counterNames(charges: readonly EarlierCharge[]): CounterName {
  const beside = Map.groupBy(charges, ({ interval_from, item: { sku } }) => `${interval_from} ${sku}`);
  /** Where counters under a price ended, one after another. */
  const ends = new Map<string, string[]>();
  const nameOf: CounterName = ({ from, interval_from }, { sku, price_hash }) => {
    let since = '';
    for (const { item, from: start } of beside.get(`${interval_from} ${sku}`) ?? [])
      if (item.price_hash !== price_hash && before(start, from) && (since === '' || before(since, start))) since = start;
    const price = `${interval_from} ${sku} ${price_hash} ${since}`;
    return `${price} ${(ends.get(price) ?? []).filter((end) => !before(from, end)).length}`;
  };
  const counters = new Map<string, Counter>();
  for (const charge of charges) {
    const name = nameOf(charge, charge.item);
    const counter = countOn(counters.get(name), charge);
    const price = name.slice(0, name.lastIndexOf(' '));
    if (counter.closed && !counters.get(name)?.closed) ends.set(price, [...(ends.get(price) ?? []), counter.to]);
    counters.set(name, counter);
  }
  return nameOf;
}

/**
 * What is to be charged for usage: corrections of billed periods at the price at which they were billed, then the run's own periods. Where
 * another price takes over within an interval, the counter under the price before ends, with what falls due at its end.
 */
export function portionsOf(facts: PortionFacts): Portion[] {
  const nameOf = counterNames(facts.charges);
  const counters = countersOf(facts.charges);
  const reaches = reachesOf(facts, { nameOf, counters });
  const known = { nameOf, counters, reaches };
  const corrections = new Map<string, Portion>();
  for (const period of facts.late) {
    for (const item of facts.subscription.items.filter(({ sku }) => period.skus.has(sku))) {
      const charge = facts.charges.find((each) => each.item.sku === item.sku && isChargeOf(period, each));
      const portion = correctionOf(period, charge?.item ?? period.items.get(item.sku) ?? item, { charge, ...known });
      corrections.set(correctionKey(portion), { ...portion, share: portion.share ?? turnOf(facts, portion, known) });
      // What is priced whole after it runs over the corrected time too, where nothing had been charged for it before.
      reaches.set(portion.counter, portion.scope);
    }
  }
  const own = facts.periods.flatMap((period) =>
    facts.subscription.items.map((current) => {
      const item = standingPrice(facts, period, current);
      for (const charge of endedBy(facts, period, item, known)) {
        const counter = counters.get(nameOf(charge, charge.item))!;
        const portion = correctionOf({ ...period, ...charge }, charge.item, { charge, ...known });
        const share = shareOf(facts.subscription, period, counter);
        corrections.set(correctionKey(portion), { ...portion, share, ends_interval: true });
      }
      return ownPortion(facts, period, item, known);
    }),
  );
  return [...corrections.values(), ...own];
}

/** What each counter runs over: its charges, and, where no other price was charged in the interval, what was billed and charged nothing. */
function reachesOf(facts: PortionFacts, { nameOf, counters }: Omit<Known, 'reaches'>): Map<string, Reach> {
  const reaches = new Map<string, Reach>(counters);
  for (const period of [...facts.late, ...facts.periods]) {
    const parts = facts.billed.filter((part) => part.interval_from === period.interval_from);
    for (const item of parts.length === 0 ? [] : facts.subscription.items) {
      const key = nameOf(period, item);
      if (facts.charges.some((each) => isBeside(each, period, item) && nameOf(each, each.item) !== key)) continue;
      const known = reaches.get(key) ?? parts[0]!;
      reaches.set(
        key,
        parts.reduce<Reach>((all, part) => scopeOf(all, part), known),
      );
    }
  }
  return reaches;
}

/** The item of a charge from what its inputs keep. */
export function itemAsBilled(inputs: ChargeInputs, { sku, unit }: { sku: string; unit: string }): RatedItem {
  const { price_version_id, price_version, price_hash, unique_by } = inputs as ChargeInputs & {
    price_version_id?: string;
    price_version: number;
    price_hash: string;
  };
  return {
    sku,
    unit,
    aggregation: inputs.aggregation ?? 'sum',
    unique_by: unique_by ?? null,
    allow_negative: inputs.allow_negative ?? false,
    price_version_id: price_version_id ?? null,
    version: price_version,
    price: inputs.price,
    price_hash,
  };
}

function correctionOf(
  period: Omit<LatePeriod, 'skus' | 'items' | 'days' | 'days_of'>,
  item: RatedItem,
  { charge, nameOf, counters, reaches }: { charge: EarlierCharge | undefined } & Known,
): Portion {
  const name = nameOf(period, item);
  const { billed_period_id, from, to, interval_from, interval_to, ends_interval } = period;
  const adjusts = { billed_period_id, charge_id: charge?.charge_id ?? null };
  return {
    ...{ item, from, to, interval_from, interval_to, ends_interval, adjusts, counter: name },
    scope: scopeOf(period, reaches.get(name)),
    share: counters.get(name)?.share ?? null,
    whole: true,
  };
}

function ownPortion(facts: PortionFacts, period: ServicePeriod, item: RatedItem, { nameOf, counters, reaches }: Known): Portion {
  const { from, to, interval_from, interval_to, ends_interval } = period;
  const counter = nameOf(period, item);
  const scope = scopeOf(period, reaches.get(counter));
  // Where corrections of a voided period stand, they have taken what came for it: the line shows it again, so that nothing seems left out.
  const whole = isPricedWhole({ item, adjusts: null }) || (counters.has(counter) && isTakenInPart(facts, period));
  const times = { from, to, interval_from, interval_to, ends_interval, scope };
  const portion = { item, ...times, counter, whole, share: null, adjusts: null };
  const until_then = { ...portion, scope: { from: scope.from, to: interval_to } };
  return { ...portion, share: counters.get(counter)?.share ?? turnOf(facts, until_then, { nameOf, counters }) };
}

/** Whether something of a period of the run's own was taken before. */
function isTakenInPart({ takes, watermark }: PortionFacts, { from, to }: ServicePeriod): boolean {
  return freeRectangles({ from, to, arrived_from: '0', arrived_to: watermark }, takes).length > 0;
}

/** The part of the interval in which a counter that is new runs, where another price was charged in it too. */
function turnOf(
  { subscription, charges }: PortionFacts,
  { item, scope, counter, ...period }: Portion,
  { nameOf, counters }: Omit<Known, 'reaches'>,
): Share | null {
  if (counters.has(counter)) return null;
  const is_shared = charges.some((each) => isBeside(each, period, item) && nameOf(each, each.item) !== counter);
  return is_shared ? shareOf(subscription, period, scope) : null;
}

/**
 * The price of an item over a period of the run's own: the one in force, or, where the period was billed before and voided, the one at which
 * corrections of it stand: they were charged for its time, on top of what it was billed.
 */
function standingPrice({ charges }: PortionFacts, period: ServicePeriod, item: RatedItem): RatedItem {
  return charges.find((each) => isBeside(each, period, item) && each.from === period.from)?.item ?? item;
}

/** The last charge of every other counter of the interval, begun before and not ended. */
function endedBy(
  { charges }: PortionFacts,
  period: ServicePeriod,
  item: RatedItem,
  { nameOf, counters }: Known,
): EarlierCharge[] {
  const own = nameOf(period, item);
  const others = charges.flatMap((charge): [string, EarlierCharge][] => {
    if (!isBeside(charge, period, item) || !before(charge.from, period.from)) return [];
    const name = nameOf(charge, charge.item);
    return name === own || counters.get(name)!.closed ? [] : [[name, charge]];
  });
  return [...new Map(others).values()];
}

/** Of the same item and interval. */
function isBeside(charge: EarlierCharge, period: Pick<ServicePeriod, 'interval_from'>, { sku }: RatedItem): boolean {
  return charge.item.sku === sku && charge.interval_from === period.interval_from;
}

function isChargeOf({ billed_period_id, from }: LatePeriod, charge: EarlierCharge): boolean {
  return charge.billed_period_id === billed_period_id && charge.from === from;
}

function correctionKey({ adjusts, item, from }: Portion): string {
  return `${adjusts?.billed_period_id} ${item.sku} ${from}`;
}

/** A period together with all that its counter runs over. */
function scopeOf({ from, to }: Reach, reach: Reach | undefined): Reach {
  if (!reach) return { from, to };
  return { from: before(reach.from, from) ? reach.from : from, to: before(to, reach.to) ? reach.to : to };
}

/** The days of a part of an interval, of the interval's. */
function shareOf(
  { time_zone }: Pick<RatedSubscription, 'time_zone'>,
  interval: Pick<ServicePeriod, 'interval_from' | 'interval_to'>,
  part: { from: string; to: string },
): Share | null {
  const dateOf = (moment: string) => localDate(Temporal.Instant.from(moment), time_zone);
  const days = daysBetween(dateOf(part.from), dateOf(part.to));
  const of = daysBetween(dateOf(interval.interval_from), dateOf(interval.interval_to));
  return days === of ? null : { days, of };
}
