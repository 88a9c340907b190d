import type { ChargeInputs } from '../../../kernel/bundle.ts';
import { before, daysBetween, localDate } from '../../../kernel/period.ts';
import type { Counter, Portion, RatedItem, RatedSubscription, ServicePeriod, Share } from '../model.ts';
import { counterKey, countOn } from './charges.ts';

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
}

export interface PortionFacts {
  subscription: Pick<RatedSubscription, 'items' | 'time_zone'>;
  periods: readonly ServicePeriod[];
  late: readonly LatePeriod[];
  /** Live charges of the intervals that these periods lie in, in the order in which they were made. */
  charges: readonly EarlierCharge[];
  /** What of these intervals is billed, also where nothing had to be charged. */
  billed: readonly BilledPart[];
}

/** The part of an interval that a billed period holds. */
export interface BilledPart {
  interval_from: string;
  from: string;
  to: string;
}

/** The time that a counter runs over. */
type Reach = Pick<Counter, 'from' | 'to'>;

/** By `counterKey`: the counters on record, and what each runs over once this run's corrections are made. */
interface Known {
  counters: ReadonlyMap<string, Counter>;
  reaches: ReadonlyMap<string, Reach>;
}

/** What some charges come to, by `counterKey`. */
export function countersOf(charges: readonly EarlierCharge[]): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  for (const charge of charges) {
    const key = counterKey(charge, charge.item);
    counters.set(key, countOn(counters.get(key), charge));
  }
  return counters;
}

/**
 * What is to be charged for usage: corrections of billed periods at the price at which they were billed, then the run's own periods. Where
 * another price takes over within an interval, the counter under the price before ends, with what falls due at its end.
 */
export function portionsOf(facts: PortionFacts): Portion[] {
  const counters = countersOf(facts.charges);
  const reaches = reachesOf(facts, counters);
  const corrections = new Map<string, Portion>();
  for (const period of facts.late) {
    for (const item of facts.subscription.items.filter(({ sku }) => period.skus.has(sku))) {
      const charge = facts.charges.find((each) => each.item.sku === item.sku && isChargeOf(period, each));
      const portion = correctionOf(period, charge?.item ?? item, { charge, counters, reaches });
      corrections.set(correctionKey(portion), portion);
      // What is priced whole after it runs over the corrected time too, where nothing had been charged for it before.
      reaches.set(counterKey(portion, portion.item), portion.scope);
    }
  }
  const own = facts.periods.flatMap((period) =>
    facts.subscription.items.map((item) => {
      const ended = endedBy(facts, period, item, counters);
      for (const charge of ended) {
        const counter = counters.get(counterKey(period, charge.item))!;
        const portion = correctionOf({ ...period, ...charge }, charge.item, { charge, counters, reaches });
        const share = shareOf(facts.subscription, period, counter);
        corrections.set(correctionKey(portion), { ...portion, share, ends_interval: true });
      }
      return ownPortion(facts, period, item, { counters, reaches });
    }),
  );
  return [...corrections.values(), ...own];
}

/** What each counter runs over: its charges, and, where no other price was charged in the interval, what was billed and charged nothing. */
function reachesOf(facts: PortionFacts, counters: ReadonlyMap<string, Counter>): Map<string, Reach> {
  const reaches = new Map<string, Reach>(counters);
  for (const period of [...facts.late, ...facts.periods]) {
    const parts = facts.billed.filter((part) => part.interval_from === period.interval_from);
    for (const item of parts.length === 0 ? [] : facts.subscription.items) {
      if (facts.charges.some((each) => isOtherPrice(each, period, item))) continue;
      const key = counterKey(period, item);
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
  period: Omit<LatePeriod, 'skus' | 'days' | 'days_of'>,
  item: RatedItem,
  { charge, counters, reaches }: { charge: EarlierCharge | undefined } & Known,
): Portion {
  const counter = counters.get(counterKey(period, item));
  const { billed_period_id, from, to, interval_from, interval_to, ends_interval } = period;
  const adjusts = { billed_period_id, charge_id: charge?.charge_id ?? null };
  return {
    ...{ item, from, to, interval_from, interval_to, ends_interval, adjusts },
    scope: scopeOf(period, reaches.get(counterKey(period, item))),
    share: counter?.share ?? null,
  };
}

function ownPortion(
  { subscription, charges }: PortionFacts,
  period: ServicePeriod,
  item: RatedItem,
  { counters, reaches }: Known,
): Portion {
  const { from, to, interval_from, interval_to, ends_interval } = period;
  const counter = counters.get(counterKey(period, item));
  const scope = scopeOf(period, reaches.get(counterKey(period, item)));
  const took_over = charges.some((each) => isOtherPrice(each, period, item));
  const share = took_over ? shareOf(subscription, period, { from: scope.from, to: interval_to }) : null;
  return { item, from, to, interval_from, interval_to, ends_interval, scope, share: counter?.share ?? share, adjusts: null };
}

/** The last charge of every counter of the interval that runs under another price and has not ended. */
function endedBy(
  { charges }: PortionFacts,
  period: ServicePeriod,
  item: RatedItem,
  counters: ReadonlyMap<string, Counter>,
): EarlierCharge[] {
  const others = charges.filter(
    (each) =>
      isOtherPrice(each, period, item) && !counters.get(counterKey(each, each.item))!.closed && before(each.from, period.from),
  );
  return [...new Map(others.map((each) => [each.item.price_hash, each])).values()];
}

function isOtherPrice(charge: EarlierCharge, period: ServicePeriod, item: RatedItem): boolean {
  return (
    charge.item.sku === item.sku && charge.interval_from === period.interval_from && charge.item.price_hash !== item.price_hash
  );
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
