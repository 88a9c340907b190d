import { assert } from '../../kernel/assert.ts';
import type { ChargeInputs } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { parseDecimal } from '../../kernel/decimal.ts';
import { toMinor } from '../../kernel/money.ts';
import {
  before,
  type CalendarInterval,
  calendarPeriod,
  daysBetween,
  intervalContaining,
  localDate,
  startOfDay,
} from '../../kernel/period.ts';
import { documentHash, utcText } from '../../kernel/proof.ts';
import { priceCharge } from '../../pricing/charge.ts';
import type {
  ItemUsage,
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
  /** By service period's `interval_from` and SKU; absent where nothing of the interval was billed before. */
  prior: ReadonlyMap<string, PriorCharge>;
  /** Facts that the arithmetic does not read and the record keeps: the partner of record, the run. */
  context: JsonObject;
}

export function usageKey(moment: string, sku: string): string {
  return `${moment} ${sku}`;
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
    const last_day = ends === null ? interval.end_date : sooner(interval.end_date, dayAfterLastMoment(ends, time_zone));
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
 * The parts of `wanted` (one period, arrivals below the watermark) that no live take covers. Live takes of a billed period cover
 * it from below without holes but for what a void set free, so what is left is a few rectangles of the period's full length.
 */
export function freeRectangles(wanted: UsageRectangle, taken: readonly UsageRectangle[]): UsageRectangle[] {
  const over = taken
    .filter((each) => before(each.from, wanted.to) && before(wanted.from, each.to))
    .map((each) => ({ from: BigInt(each.arrived_from), to: BigInt(each.arrived_to) }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  const end = BigInt(wanted.arrived_to);
  const free: UsageRectangle[] = [];
  let at = BigInt(wanted.arrived_from);
  for (const each of over) {
    if (each.from > at) free.push({ ...wanted, arrived_from: `${at}`, arrived_to: `${each.from < end ? each.from : end}` });
    if (each.to > at) at = each.to;
    if (at >= end) break;
  }
  if (at < end) free.push({ ...wanted, arrived_from: `${at}`, arrived_to: `${end}` });
  return free;
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
    ...commonInputs(subscription, facts.rounding, facts.context),
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
  const prior = facts.prior.get(usageKey(period.interval_from, item.sku));
  const inputs: ChargeInputs = {
    ...commonInputs(subscription, facts.rounding, facts.context),
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
  return {
    subscription_id: subscription.subscription_id,
    org_id: subscription.org_id,
    currency: subscription.currency,
    amount_exact: result.amount_exact,
    amount_minor: toMinor(parseDecimal(result.amount), subscription.currency),
    inputs,
    inputs_hash: documentHash(inputs),
    steps: result.steps,
  };
}

/** Calendar intervals count from here: a first of January, and for weeks a Monday. */
function anchorOf(every: CalendarInterval): Temporal.PlainDate {
  return Temporal.PlainDate.from(every.endsWith('W') ? '2001-01-01' : '2000-01-01');
}

/** The exclusive last date of what ends at a moment: the date itself at its midnight, else the next, for the day was begun. */
function dayAfterLastMoment(ends: Temporal.Instant, time_zone: string): Temporal.PlainDate {
  const date = localDate(ends, time_zone);
  return startOfDay(date, time_zone).equals(ends) ? date : date.add({ days: 1 });
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
