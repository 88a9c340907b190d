import { assert } from '../../kernel/assert.ts';
import type { ChargeInputs } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { type Decimal, formatDecimal, maximum, minimum, parseDecimal, subtract } from '../../kernel/decimal.ts';
import { toMinor } from '../../kernel/money.ts';
import {
  before,
  type CalendarInterval,
  calendarPeriod,
  daysBetween,
  intervalContaining,
  localDate,
} from '../../kernel/period.ts';
import { documentHash, utcText } from '../../kernel/proof.ts';
import { priceCharge } from '../../pricing/charge.ts';
import { errors } from './errors.ts';
import type {
  ItemUsage,
  OtherParts,
  PriorCharge,
  RatedCharge,
  RatedItem,
  RatedSubscription,
  ServicePeriod,
  UsageRectangle,
} from './model.ts';

/** What has to be known to rate one subscription over one run. */
export interface RatingFacts {
  subscription: RatedSubscription;
  rounding: string;
  watermark: string;
  periods: readonly ServicePeriod[];
  /** By service period's `from` and SKU; absent where nothing was used. */
  usage: ReadonlyMap<string, ItemUsage>;
  /** By `priorKey`; absent where nothing else of the interval is billed under the same price. */
  prior: ReadonlyMap<string, OtherParts>;
  /** Facts that the arithmetic does not read and the record keeps, by service period's `from`: the partner of record. */
  contexts: ReadonlyMap<string, JsonObject>;
}

export function usageKey(moment: string, sku: string): string {
  return `${moment} ${sku}`;
}

/** Counters run within one interval and under one price: another price version starts them anew. */
export function priorKey(
  { interval_from }: Pick<ServicePeriod, 'interval_from'>,
  { sku, price_hash }: Pick<RatedItem, 'sku' | 'price_hash'>,
): string {
  return `${interval_from} ${sku} ${price_hash}`;
}

/**
 * Cuts a run over the local dates `[from, to)` at the bounds of the subscription's calendar intervals and of the subscription
 * itself. Intervals are the calendar's: months from the first, weeks from Monday, years from 1 January.
 */
export function servicePeriods(
  subscription: Pick<RatedSubscription, 'effective_at' | 'ended_at' | 'billing_interval' | 'time_zone'>,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): ServicePeriod[] {
  const { time_zone, billing_interval: every } = subscription;
  const starts = Temporal.Instant.from(subscription.effective_at);
  const ends = subscription.ended_at === null ? null : Temporal.Instant.from(subscription.ended_at);
  const run = calendarPeriod(from, to, time_zone);
  const found: ServicePeriod[] = [];
  for (let date = from; Temporal.PlainDate.compare(date, to) < 0; ) {
    const interval = intervalContaining({ anchor: anchorOf(every), every, time_zone }, date);
    date = interval.end_date;
    const start = latest(interval.start, run.start, starts);
    const end = earliest(interval.end, run.end, ends ?? interval.end);
    if (Temporal.Instant.compare(start, end) >= 0) continue;
    const first_day = later(interval.start_date, localDate(starts, time_zone));
    // The day that a change falls on is the new plan's, from its start to its end: it is not the old one's too.
    const last_day = ends === null ? interval.end_date : sooner(interval.end_date, localDate(ends, time_zone));
    const held_to_end = end.equals(interval.end) || (ends !== null && end.equals(ends));
    found.push({
      from: utcText(start),
      to: utcText(end),
      interval_from: utcText(interval.start),
      interval_to: utcText(interval.end),
      ends_interval: held_to_end,
      days: daysBetween(first_day, last_day),
      days_of: daysBetween(interval.start_date, interval.end_date),
    });
  }
  return found;
}

/** The calendar interval of a subscription that contains a moment. */
export function calendarInterval(
  { billing_interval: every, time_zone }: Pick<RatedSubscription, 'billing_interval' | 'time_zone'>,
  at: Temporal.Instant,
): { from: string; to: string } {
  const { start, end } = intervalContaining({ anchor: anchorOf(every), every, time_zone }, localDate(at, time_zone));
  return { from: utcText(start), to: utcText(end) };
}

/**
 * Where an organization changed its time zone, days are cut elsewhere than when the neighbours were billed. A run whose dates adjoin
 * theirs starts where the one before ended and ends where the one after starts: no moment is billed twice, and none never.
 */
export function besideBilled(
  periods: readonly ServicePeriod[],
  run: { from: Temporal.PlainDate; to: Temporal.PlainDate },
  billed: readonly { from_date: string; to_date: string; from: string; to: string }[],
): ServicePeriod[] {
  const starts = billed.find((row) => row.to_date === `${run.from}`)?.to;
  const ends = billed.find((row) => row.from_date === `${run.to}`)?.from;
  return periods
    .map((period, index) => ({
      ...period,
      from: index === 0 && starts !== undefined ? starts : period.from,
      to: index === periods.length - 1 && ends !== undefined ? ends : period.to,
    }))
    .filter((period) => before(period.from, period.to));
}

/** Works out every charge of a subscription: a base fee for each interval that ends, and each item of each service period. */
export function rateSubscription(facts: RatingFacts): RatedCharge[] {
  const charges: RatedCharge[] = [];
  for (const period of facts.periods) {
    const base = baseCharge(facts, period);
    if (base) charges.push(base);
    for (const item of facts.subscription.items) {
      const charge = itemCharge(facts, period, item);
      if (charge) charges.push(charge);
    }
  }
  return charges;
}

/**
 * The parts of `wanted` (one period, arrivals below the watermark) that no live take covers. Takes may be narrower than the period,
 * when it was billed in parts before: the period is cut where they begin and end, and strips that lack the same are joined again.
 */
export function freeRectangles(wanted: UsageRectangle, taken: readonly UsageRectangle[]): UsageRectangle[] {
  const over = taken.filter((each) => before(each.from, wanted.to) && before(wanted.from, each.to));
  const cuts = over.flatMap((each) => [each.from, each.to]).filter((at) => before(wanted.from, at) && before(at, wanted.to));
  const bounds = [wanted.from, ...new Set(cuts.sort((a, b) => (before(a, b) ? -1 : 1))), wanted.to];
  const strips: UsageRectangle[][] = [];
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const strip = { ...wanted, from, to: bounds[index + 1]! };
    const free = freeArrivals(
      strip,
      over.filter((each) => before(each.from, strip.to) && before(strip.from, each.to)),
    );
    const last = strips.at(-1);
    if (last && arrivalsOf(last) === arrivalsOf(free))
      strips[strips.length - 1] = last.map((each) => ({ ...each, to: strip.to }));
    else strips.push(free);
  }
  return strips.flat();
}

function freeArrivals(strip: UsageRectangle, over: readonly UsageRectangle[]): UsageRectangle[] {
  const end = BigInt(strip.arrived_to);
  const free: UsageRectangle[] = [];
  let at = BigInt(strip.arrived_from);
  const taken = over.map((each) => ({ from: BigInt(each.arrived_from), to: BigInt(each.arrived_to) }));
  for (const each of taken.sort((a, b) => (a.from < b.from ? -1 : 1))) {
    if (at >= end) break;
    if (each.from > at) free.push({ ...strip, arrived_from: `${at}`, arrived_to: `${each.from < end ? each.from : end}` });
    if (each.to > at) at = each.to;
  }
  if (at < end) free.push({ ...strip, arrived_from: `${at}`, arrived_to: `${end}` });
  return free;
}

function arrivalsOf(free: readonly UsageRectangle[]): string {
  return free.map((each) => `${each.arrived_from} ${each.arrived_to}`).join();
}

/**
 * What of a billed period's takes belongs to one of its service periods: the takes cut to its time, and for the first one
 * (`starts` is where the billed period does) also what came late for periods before.
 */
export function rectanglesWithin(
  takes: readonly UsageRectangle[],
  period: { from: string; to: string },
  starts: string,
): UsageRectangle[] {
  return takes.flatMap((take) => {
    if (before(take.from, starts)) return before(starts, period.from) ? [] : [take];
    const from = before(take.from, period.from) ? period.from : take.from;
    const to = before(period.to, take.to) ? period.to : take.to;
    return before(from, to) ? [{ ...take, from, to }] : [];
  });
}

/** The one SKU charged outside a cycle: priced on top of what the interval has had, rounded on top of what was posted. */
export function actionCharge(facts: {
  subscription: RatedSubscription;
  item: RatedItem;
  interval: { from: string; to: string };
  quantity: string;
  prior: PriorCharge | null;
  rounding: string;
  project_id: string | null;
  request_id: string;
  context: JsonObject;
}): RatedCharge {
  const { subscription, item } = facts;
  const inputs: ChargeInputs = {
    ...commonInputs(subscription, facts.rounding, facts.context),
    price: item.price,
    ...priceMembers(item),
    quantity: facts.quantity,
    period: { from: facts.interval.from, to: facts.interval.to },
    ...(facts.prior ? { prior: { ...facts.prior } } : {}),
  };
  return {
    ...priced(subscription, inputs),
    kind: 'action',
    project_id: facts.project_id,
    sku: item.sku,
    unit: item.unit,
    description: item.sku,
    from: facts.interval.from,
    to: facts.interval.to,
    quantity: facts.quantity,
    price_version_id: item.price_version_id,
    usage: null,
    request_id: facts.request_id,
  };
}

function baseCharge(facts: RatingFacts, period: ServicePeriod): RatedCharge | null {
  const { subscription } = facts;
  const base = subscription.base_amount;
  if (base === null || parseDecimal(base).units === 0n || !period.ends_interval || period.days === 0) return null;
  const inputs: ChargeInputs = {
    ...commonInputs(subscription, facts.rounding, facts.contexts.get(period.from) ?? {}),
    watermark: facts.watermark,
    price: { model: 'flat', amount: base },
    quantity: '1',
    period: { from: period.interval_from, to: period.interval_to },
    ...(period.days === period.days_of ? {} : { proration: { days: period.days, of: period.days_of } }),
  };
  return {
    ...priced(subscription, inputs),
    kind: 'base',
    project_id: null,
    sku: null,
    unit: null,
    description: `${subscription.plan_name}, base fee${period.days === period.days_of ? '' : ` (${period.days} of ${period.days_of} days)`}`,
    from: period.from,
    to: period.to,
    quantity: '1',
    price_version_id: null,
    usage: null,
    request_id: null,
  };
}

/** Every SKU of a plan is priced, at quantity zero too; a charge of quantity zero and amount zero is left out. */
function itemCharge(facts: RatingFacts, period: ServicePeriod, item: RatedItem): RatedCharge | null {
  const { subscription } = facts;
  const usage = facts.usage.get(usageKey(period.from, item.sku)) ?? noUsage;
  const parts = facts.prior.get(priorKey(period, item));
  const prior = parts && priorOf(parts, { aggregation: item.aggregation, usage, from: period.from });
  const inputs: ChargeInputs = {
    ...commonInputs(subscription, facts.rounding, facts.contexts.get(period.from) ?? {}),
    watermark: facts.watermark,
    price: item.price,
    ...priceMembers(item),
    quantity: usage.quantity,
    aggregation: item.aggregation,
    period: { from: period.from, to: period.to },
    ...(prior ? { prior: { ...prior } } : {}),
  };
  const charge = priced(subscription, inputs);
  if (usage.count === 0 && parseDecimal(usage.quantity).units === 0n && charge.amount_minor === 0n && charge.amount_exact === '0')
    return null;
  return {
    ...charge,
    kind: 'usage',
    project_id: null,
    sku: item.sku,
    unit: item.unit,
    description: item.sku,
    from: period.from,
    to: period.to,
    quantity: usage.quantity,
    price_version_id: item.price_version_id,
    usage,
    request_id: null,
  };
}

/**
 * What this part is priced on top of. Quantities that add up are what they are; of a highest, lowest or latest quantity, it is what
 * lacks to the aggregate of all parts together: 10 and then 8 at the most are 10, so 8 is priced on top of 2.
 */
function priorOf(
  { quantity, amount_exact, amount, ...others }: OtherParts,
  part: { aggregation: string; usage: ItemUsage; from: string },
): PriorCharge {
  const together = aggregateOf(others, part);
  if (together === undefined) return { quantity, amount_exact, amount };
  return { quantity: formatDecimal(subtract(together, parseDecimal(part.usage.quantity))), amount_exact, amount };
}

/** Undefined where quantities add up. */
function aggregateOf(
  { highest, lowest, latest }: Pick<OtherParts, 'highest' | 'lowest' | 'latest'>,
  { aggregation, usage, from }: { aggregation: string; usage: ItemUsage; from: string },
): Decimal | undefined {
  const own = parseDecimal(usage.quantity);
  const beside = (other: string | null, choose: (a: Decimal, b: Decimal) => Decimal) =>
    other === null ? own : usage.count === 0 ? parseDecimal(other) : choose(own, parseDecimal(other));
  if (aggregation === 'max') return beside(highest, maximum);
  if (aggregation === 'min') return beside(lowest, minimum);
  if (aggregation === 'latest')
    return beside(latest?.quantity ?? null, (mine, other) => (before(from, latest!.from) ? other : mine));
  return undefined;
}

/** What the database's `money_minor` holds. */
const most_minor = 2n ** 53n - 1n;

const noUsage: ItemUsage = { quantity: '0', count: 0, sum: '0', root: emptyRoot(), late_count: 0 };

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). */
function emptyRoot(): Buffer {
  return Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex');
}

function commonInputs(subscription: RatedSubscription, rounding: string, context: JsonObject) {
  return {
    ...context,
    currency: subscription.currency,
    rounding,
    time_zone: subscription.time_zone,
    subscription_id: subscription.subscription_id,
    plan_id: subscription.plan_id,
  };
}

function priceMembers(item: RatedItem) {
  return {
    sku: item.sku,
    ...(item.price_version_id === null ? {} : { price_version_id: item.price_version_id }),
    price_version: item.version,
    price_hash: item.price_hash,
    ...(item.allow_negative ? { allow_negative: true } : {}),
  };
}

function priced(subscription: RatedSubscription, inputs: ChargeInputs) {
  const result = priceCharge(inputs);
  const amount_minor = toMinor(parseDecimal(result.amount), subscription.currency);
  if (amount_minor > most_minor || amount_minor < -most_minor)
    throw errors.amount_out_of_range({
      detail: `${inputs.sku ?? 'The base fee'}: ${inputs.quantity} comes to ${result.amount} ${inputs.currency}.`,
    });
  return {
    subscription_id: subscription.subscription_id,
    org_id: subscription.org_id,
    currency: subscription.currency,
    amount_exact: result.amount_exact,
    amount_minor,
    inputs,
    inputs_hash: documentHash(inputs),
    steps: result.steps,
  };
}

/** Calendar intervals count from here: a first of January, and for weeks a Monday. */
function anchorOf(every: CalendarInterval): Temporal.PlainDate {
  return Temporal.PlainDate.from(every.endsWith('W') ? '2001-01-01' : '2000-01-01');
}

function latest(...moments: Temporal.Instant[]): Temporal.Instant {
  const [first, ...rest] = moments;
  assert(first, 'there is a moment');
  return rest.reduce((a, b) => (Temporal.Instant.compare(a, b) >= 0 ? a : b), first);
}

function earliest(...moments: Temporal.Instant[]): Temporal.Instant {
  const [first, ...rest] = moments;
  assert(first, 'there is a moment');
  return rest.reduce((a, b) => (Temporal.Instant.compare(a, b) <= 0 ? a : b), first);
}

function later(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) >= 0 ? a : b;
}

function sooner(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) <= 0 ? a : b;
}
