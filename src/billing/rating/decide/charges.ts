import type { ChargeInputs } from '../../../kernel/bundle.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { add, formatDecimal, parseDecimal, subtract } from '../../../kernel/decimal.ts';
import { fromMinor, toMinor } from '../../../kernel/money.ts';
import { before } from '../../../kernel/period.ts';
import { documentHash } from '../../../kernel/proof.ts';
import { type PricedCharge, priceCharge } from '../../../pricing/charge.ts';
import { addsUp, pricedByEvents } from '../../../pricing/metered.ts';
import { errors } from '../errors.ts';
import type {
  Counter,
  ItemUsage,
  Portion,
  PriorCharge,
  RatedCharge,
  RatedItem,
  RatedSubscription,
  ServicePeriod,
} from '../model.ts';

/** What has to be known to rate one subscription over one run. */
export interface RatingFacts {
  subscription: RatedSubscription;
  rounding: string;
  watermark: string;
  /** Whose base fees are due. */
  periods: readonly ServicePeriod[];
  /** What is charged for usage: what corrects billed periods first, then the run's own, each in order of time. */
  portions: readonly Portion[];
  /** By `usageKey`; absent where nothing was used. */
  usage: ReadonlyMap<string, ItemUsage>;
  /** By name, as portions have it; absent where nothing of the interval is billed under the same price. */
  counters: ReadonlyMap<string, Counter>;
  /** Facts that the arithmetic does not read and the record keeps, by a period's `from`: the partner of record. */
  contexts: ReadonlyMap<string, JsonObject>;
}

export function usageKey({ from, item, adjusts }: Pick<Portion, 'from' | 'adjusts'> & { item: Pick<RatedItem, 'sku'> }): string {
  return `${from} ${item.sku} ${adjusts?.billed_period_id ?? ''}`;
}

/**
 * Whether all usage that a portion's counter runs over is priced anew: where parts do not add up, and for corrections, whose line so shows
 * that nothing of the corrected period is left out.
 */
export function isPricedWhole({ item, adjusts }: Pick<Portion, 'item' | 'adjusts'>): boolean {
  return adjusts !== null || !addsUp(item.price, item.aggregation);
}

/** Works out every charge of a subscription: a base fee for each interval that ends, each item of each period, and corrections. */
export function rateSubscription(facts: RatingFacts): RatedCharge[] {
  const counters = new Map(facts.counters);
  const [own, corrections]: [RatedCharge[], RatedCharge[]] = [[], []];
  for (const portion of facts.portions) {
    const charge = portionCharge(facts, portion, counters);
    if (charge) (portion.adjusts === null ? own : corrections).push(charge);
  }
  const due = facts.periods.flatMap((period) => {
    const base = baseCharge(facts, period);
    return [...(base ? [base] : []), ...own.filter((charge) => charge.from === period.from)];
  });
  return [...due, ...corrections];
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
    ...charged(subscription, inputs, priceCharge(inputs)),
    kind: 'action',
    project_id: facts.project_id,
    sku: item.sku,
    unit: item.unit,
    description: item.sku,
    from: facts.interval.from,
    to: facts.interval.to,
    quantity: facts.quantity,
    price_version_id: item.price_version_id,
    adjusts: null,
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
    ...charged(subscription, inputs, priceCharge(inputs)),
    kind: 'base',
    project_id: null,
    sku: null,
    unit: null,
    description: `${subscription.plan_name}, base fee${period.days === period.days_of ? '' : ` (${period.days} of ${period.days_of} days)`}`,
    from: period.from,
    to: period.to,
    quantity: '1',
    price_version_id: null,
    adjusts: null,
    usage: null,
    request_id: null,
  };
}

/**
 * Every SKU of a plan is priced, at quantity zero too; a charge of quantity zero and amount zero is left out. A part whose usage adds up is
 * priced on top of what the interval has had (`prior`); any other is priced whole, less what was billed for it (`billed`).
 */
function portionCharge(facts: RatingFacts, portion: Portion, counters: Map<string, Counter>): RatedCharge | null {
  const { subscription } = facts;
  const { item } = portion;
  const usage = facts.usage.get(usageKey(portion)) ?? noUsage;
  const counter = counters.get(portion.counter);
  const { whole } = portion;
  const open = !portion.ends_interval && !(counter?.closed ?? false);
  const before_this = counter && moneyOf(counter, subscription.currency);
  const bare: ChargeInputs = {
    ...commonInputs(subscription, facts.rounding, facts.contexts.get(portion.from) ?? {}),
    watermark: facts.watermark,
    price: item.price,
    ...priceMembers(item),
    quantity: usage.quantity,
    aggregation: item.aggregation,
    period: { from: portion.from, to: portion.to },
    ...(pricedByEvents(item.price, item.aggregation) ? { by_events: true } : {}),
    ...(item.aggregation === 'unique_count' && item.unique_by !== null ? { unique_by: item.unique_by } : {}),
    ...(usage.opening === null ? {} : { opening: usage.opening }),
    ...(whole ? wholeMembers(portion, before_this) : before_this ? { prior: before_this } : {}),
    ...(portion.share ? { share: portion.share } : {}),
    ...(open ? { open: true } : {}),
    ...(portion.adjusts === null ? {} : { adjusts: { ...portion.adjusts } }),
  };
  const priced = priceCharge(bare, usage.events);
  const inputs = { ...bare, quantity: priced.quantity };
  const charge = charged(subscription, inputs, priced);
  const quantity =
    whole && before_this
      ? formatDecimal(subtract(parseDecimal(priced.quantity), parseDecimal(before_this.quantity)))
      : priced.quantity;
  const { amount_exact, amount_minor } = charge;
  const { from, to, share } = portion;
  counters.set(portion.counter, countOn(counter, { from, to, share, quantity, amount_exact, amount_minor, open }));
  const says_nothing = parseDecimal(quantity).units === 0n && amount_minor === 0n && amount_exact === '0';
  if (says_nothing && (usage.count === 0 || portion.adjusts !== null)) return null;
  return {
    ...charge,
    kind: 'usage',
    project_id: null,
    sku: item.sku,
    unit: item.unit,
    description: portion.adjusts === null ? item.sku : `${item.sku}, correction of a billed period`,
    from: portion.from,
    to: portion.to,
    quantity,
    price_version_id: item.price_version_id,
    adjusts: portion.adjusts,
    usage,
    request_id: null,
  };
}

/** The usage behind a line that is priced whole: its own period's, or all that its counter ran over. */
function wholeMembers({ from, to, scope }: Portion, billed: PriorCharge | undefined) {
  const is_more = scope.from !== from || scope.to !== to;
  return { ...(is_more ? { usage_period: scope } : {}), ...(billed ? { billed: { ...billed } } : {}) };
}

function moneyOf({ quantity, amount_exact, amount_minor }: Counter, currency: string) {
  return { quantity, amount_exact, amount: fromMinor(amount_minor, currency) };
}

/** A counter with one charge more. */
export function countOn(counter: Counter | undefined, charge: Omit<Counter, 'closed'> & { open: boolean }): Counter {
  const { from, to, quantity, amount_exact, amount_minor, share } = charge;
  if (!counter) return { from, to, quantity, amount_exact, amount_minor, share, closed: !charge.open };
  const sum = (a: string, b: string) => formatDecimal(add(parseDecimal(a), parseDecimal(b)));
  return {
    from: before(from, counter.from) ? from : counter.from,
    to: before(counter.to, to) ? to : counter.to,
    quantity: sum(counter.quantity, quantity),
    amount_exact: sum(counter.amount_exact, amount_exact),
    amount_minor: counter.amount_minor + amount_minor,
    closed: counter.closed || !charge.open,
    share,
  };
}

/** What the database's `money_minor` holds. */
const most_minor = 2n ** 53n - 1n;

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). */
const empty_root = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const noUsage: ItemUsage = {
  quantity: '0',
  count: 0,
  sum: '0',
  root: Buffer.from(empty_root, 'hex'),
  events: [],
  opening: null,
};

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

function charged(subscription: RatedSubscription, inputs: ChargeInputs, priced: PricedCharge) {
  const amount_minor = toMinor(parseDecimal(priced.amount), subscription.currency);
  if (amount_minor > most_minor || amount_minor < -most_minor)
    throw errors.amount_out_of_range({
      detail: `${inputs.sku ?? 'The base fee'}: ${inputs.quantity} comes to ${priced.amount} ${inputs.currency}.`,
    });
  return {
    subscription_id: subscription.subscription_id,
    org_id: subscription.org_id,
    currency: subscription.currency,
    amount_exact: priced.amount_exact,
    amount_minor,
    inputs,
    inputs_hash: documentHash(inputs),
    steps: priced.steps,
  };
}
