import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { compare, formatDecimal, multiply, parseDecimal, type Rounding, subtract, ZERO } from '../../../kernel/decimal.ts';
import { currencyDecimals, fromMinor, toMinor } from '../../../kernel/money.ts';
import { priceCharge } from '../../../pricing/charge.ts';
import { pricedByEvents } from '../../../pricing/metered.ts';
import { errors } from '../errors.ts';
import type { RatedItem, RatedSubscription } from '../model.ts';
import { calendarInterval } from './periods.ts';

export interface EstimateRequest {
  org_id: string;
  project_id?: string | undefined;
  /** SKU → uses for each lead, decimal text. */
  skus: Readonly<Record<string, string>>;
  /** Decimal text. */
  leads: string;
  /** SKU → single events of the interval, for prices over them; not multiplied by leads. */
  events?: Readonly<Record<string, readonly EstimateEvent[]>> | undefined;
}

/** An event that might come. Decimals are texts; without a time it is at the start of the interval: the first event's, or the present one. */
export interface EstimateEvent {
  quantity?: string | undefined;
  amount?: string | undefined;
  time?: string | undefined;
  properties?: JsonObject | undefined;
}

interface Amount {
  amount: string;
  currency: string;
}

export interface Estimate {
  base: Amount;
  lines: { sku: string; quantity: string; included: string; overage: string; total: Amount }[];
  grand_total: Amount;
}

/** What an estimate is worked out from beside the request. */
export interface EstimateFacts {
  subscriptions: readonly RatedSubscription[];
  currency: string;
  rounding: Rounding;
  at: Temporal.Instant;
}

/** Everything that the answer depends on: a price, a fee or a rounding that changes makes it another question. */
export function inputsOf({ org_id, project_id, skus, leads, events }: EstimateRequest, facts: EstimateFacts): JsonObject {
  return {
    format: 2,
    org_id,
    ...(project_id === undefined ? {} : { project_id }),
    skus: { ...skus },
    leads,
    ...(events === undefined ? {} : { events: JSON.parse(JSON.stringify(events)) as JsonObject, at: intervalsOf(facts) }),
    currency: facts.currency,
    rounding: facts.rounding,
    subscriptions: facts.subscriptions.map(({ subscription_id, base_amount, time_zone, items }) => ({
      subscription_id,
      base_amount,
      time_zone,
      items: items.map(({ sku, price_hash, aggregation, allow_negative }) => ({ sku, price_hash, aggregation, allow_negative })),
    })),
  };
}

/** The estimate itself: every line by the function that bills it. */
export function workOut(request: EstimateRequest, { subscriptions, currency, rounding, at }: EstimateFacts): Estimate {
  const leads = parseDecimal(request.leads);
  const lines = subscriptions.flatMap((subscription) =>
    subscription.items.map((item) => {
      const uses = request.skus[item.sku];
      const quantity = uses === undefined ? '0' : formatDecimal(multiply(parseDecimal(uses), leads));
      const events = request.events?.[item.sku];
      return estimateLine(item, { subscription, quantity, events, at, currency, rounding });
    }),
  );
  const base = subscriptions.reduce((sum, each) => sum + toMinor(parseDecimal(each.base_amount ?? '0'), currency), 0n);
  const total = lines.reduce((sum, line) => sum + toMinor(parseDecimal(line.total.amount), currency), base);
  return {
    base: { amount: fromMinor(base, currency), currency },
    lines: lines.filter((line) => line.quantity !== '0' || line.total.amount !== fromMinor(0n, currency)),
    grand_total: { amount: fromMinor(total, currency), currency },
  };
}

function estimateLine(
  item: RatedItem,
  facts: {
    subscription: RatedSubscription;
    quantity: string;
    events: readonly EstimateEvent[] | undefined;
    at: Temporal.Instant;
    currency: string;
    rounding: string;
  },
): Estimate['lines'][number] {
  const { subscription, events, currency, rounding } = facts;
  const first = events?.find(({ time }) => time !== undefined)?.time;
  const period = calendarInterval(subscription, first === undefined ? facts.at : Temporal.Instant.from(first));
  const by_events = events !== undefined || (facts.quantity === '0' && pricedByEvents(item.price, item.aggregation));
  const priced = priceCharge(
    {
      ...{ currency, rounding, period, price: item.price, quantity: facts.quantity, aggregation: item.aggregation },
      ...{ time_zone: subscription.time_zone, allow_negative: item.allow_negative },
      ...(by_events ? { by_events } : {}),
      ...(item.unique_by === null ? {} : { unique_by: item.unique_by }),
    },
    (events ?? []).map((event, index) => ({
      request_id: `${index}`.padStart(6, '0'),
      ...event,
      time: event.time ?? period.from,
    })),
  );
  const given = typeof item.price.included_quantity === 'string' ? parseDecimal(item.price.included_quantity) : ZERO;
  const used = parseDecimal(priced.quantity);
  const included = compare(used, given) < 0 ? used : given;
  return {
    sku: item.sku,
    quantity: priced.quantity,
    included: formatDecimal(included),
    overage: formatDecimal(subtract(used, included)),
    total: { amount: priced.amount, currency },
  };
}

/** The intervals in which events are put: another month is another question. */
function intervalsOf({ subscriptions, at }: EstimateFacts): string[] {
  return subscriptions.map((subscription) => calendarInterval(subscription, at).from);
}

/** The one currency of what is estimated. Throws `not_entitled`, `currencies_differ`. */
export function currencyOf(subscriptions: readonly RatedSubscription[], request: EstimateRequest): string {
  const priced = new Set(subscriptions.flatMap((each) => each.items.map((item) => item.sku)));
  const missing = [...new Set([...Object.keys(request.skus), ...Object.keys(request.events ?? {})])].filter(
    (sku) => !priced.has(sku),
  );
  const [first] = subscriptions;
  if (!first || missing.length > 0) {
    const faults = missing.map((sku) => ({
      pointer: `/skus/${sku}`,
      code: 'not_entitled',
      detail: 'no live subscription has this SKU',
    }));
    throw errors.not_entitled({
      detail: first ? `No live subscription has ${missing.join(', ')}.` : 'There is no live subscription.',
      errors: faults,
    });
  }
  currencyDecimals(first.currency);
  if (subscriptions.some((each) => each.currency !== first.currency)) {
    throw errors.currencies_differ({ detail: 'The subscriptions of this organization are in more than one currency.' });
  }
  return first.currency;
}
