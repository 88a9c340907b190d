import { formatDecimal, readDecimal } from '../../kernel/decimal.ts';
import { CodedError } from '../../kernel/errors.ts';
import { type CalendarInterval, calendarIntervalOf, localDate } from '../../kernel/period.ts';
import type { CurrentPrice, PriceRequest } from '../../offer/catalog/model.ts';
import { checkPrice } from '../../pricing/check.ts';
import type { Price } from '../../pricing/language.ts';
import { errors } from './errors.ts';
import type {
  Difference,
  EffectivePrice,
  Overrides,
  OverridesRequest,
  SkuOverride,
  Subscription,
  SubscriptionStatus,
} from './model.ts';

const instant = (text: string) => Temporal.Instant.from(text);
const isBefore = (a: string, b: string) => Temporal.Instant.compare(instant(a), instant(b)) < 0;
const earlierOf = (a: string, b: string) => (isBefore(a, b) ? a : b);
const laterOf = (a: string, b: string) => (isBefore(a, b) ? b : a);

/** What a time makes of a subscription. One that ended as it started was never live. */
export function statusOf(
  subscription: Pick<Subscription, 'effective_at' | 'ended_at'>,
  now: Temporal.Instant,
): SubscriptionStatus {
  const { effective_at, ended_at } = subscription;
  if (ended_at !== null && (Temporal.Instant.compare(instant(ended_at), now) <= 0 || !isBefore(effective_at, ended_at)))
    return 'ended';
  return Temporal.Instant.compare(instant(effective_at), now) > 0 ? 'scheduled' : 'active';
}

/** A step of a subscription, and the moment at which its times make it: RFC 3339. */
export interface Step {
  readonly from: SubscriptionStatus;
  readonly to: SubscriptionStatus;
  readonly at: string;
}

/**
 * The steps from a subscription's state to what its times make of it, in order: one that started and ended since was active in between.
 * Its state never goes back.
 */
export function stepsDue(
  { status, effective_at, ended_at }: Pick<Subscription, 'status' | 'effective_at' | 'ended_at'>,
  now: Temporal.Instant,
): Step[] {
  const reached = statusOf({ effective_at, ended_at }, now);
  const is_live = ended_at === null || isBefore(effective_at, ended_at);
  const steps: Step[] = [];
  if (status === 'scheduled' && reached !== 'scheduled' && is_live)
    steps.push({ from: 'scheduled', to: 'active', at: effective_at });
  const from = steps.at(-1)?.to ?? status;
  if (from !== 'ended' && reached === 'ended' && ended_at !== null) steps.push({ from, to: 'ended', at: ended_at });
  return steps;
}

/** The state of a subscription at a moment, told or not. */
export function statusNow(
  subscription: Pick<Subscription, 'status' | 'effective_at' | 'ended_at'>,
  now: Temporal.Instant,
): SubscriptionStatus {
  return stepsDue(subscription, now).at(-1)?.to ?? subscription.status;
}

/** Refuses a change at `at` when something of the organization up to a later moment is billed. Throws `period_closed`. */
export function requireOpen(at: string, billed_until: string | null, pointer: string): void {
  if (billed_until === null || !isBefore(at, billed_until)) return;
  const detail = `The organization is billed until ${billed_until}: choose that moment or a later one.`;
  throw errors.period_closed({ detail, errors: [{ pointer, code: 'period_closed', detail }] });
}

/**
 * Refuses an end where the last billed part of an interval ended: no run would have a part of it left, with which its fee, volume and
 * minimum fall due. Throws `period_closed`.
 */
export function requireRest(
  { effective_at, billed_until }: Pick<Subscription, 'effective_at' | 'billed_until'>,
  ended_at: string,
  { every, time_zone, pointer }: { every: CalendarInterval; time_zone: string; pointer: string },
): void {
  if (billed_until === null || !instant(ended_at).equals(instant(billed_until)) || !isBefore(effective_at, ended_at)) return;
  const { start } = calendarIntervalOf(every, localDate(instant(ended_at), time_zone), time_zone);
  if (start.equals(instant(ended_at))) return;
  const detail = `The subscription is billed until ${billed_until}, within an interval whose fees fall due when it ends: choose a later moment.`;
  throw errors.period_closed({ detail, errors: [{ pointer, code: 'period_closed', detail }] });
}

/** The end of a subscription that a caller asks for. Throws `subscription_ended`, `subscription_ends_before_start`, `period_closed`. */
export function endSubscription(subscription: Subscription, ended_at: string): string {
  if (subscription.ended_at !== null) throw errors.subscription_ended({ detail: `It ends at ${subscription.ended_at}.` });
  if (isBefore(ended_at, subscription.effective_at)) {
    const detail = `ended_at is before ${subscription.effective_at}, when the subscription starts.`;
    throw errors.subscription_ends_before_start({
      detail,
      errors: [{ pointer: '/ended_at', code: 'subscription_ends_before_start', detail }],
    });
  }
  requireOpen(ended_at, subscription.billed_until, '/ended_at');
  return ended_at;
}

/** The end of a subscription that another replaces from `effective_at`: never later than its own, never before its start. */
export function replacedEnd(subscription: Subscription, effective_at: string): string {
  const end = subscription.ended_at === null ? effective_at : earlierOf(subscription.ended_at, effective_at);
  return laterOf(end, subscription.effective_at);
}

/** Throws `currency_mismatch` when the organization is billed in a currency that is not the model's. */
export function requireCurrency(organization: { legal_name: string; currency: string | null }, currency: string): void {
  if (organization.currency === null || organization.currency === currency) return;
  throw errors.currency_mismatch({
    detail: `${organization.legal_name} is billed in ${organization.currency}, the plan is in ${currency}.`,
  });
}

/** The price that an override makes of the plan's. Throws `price_invalid` where the two do not fit. */
export function overriddenPrice(price: Price, override: SkuOverride, currency: string, pointer = ''): Price {
  if (override.price !== undefined) return override.price;
  const included = override.included_qty ?? ('included_quantity' in price ? price.included_quantity : undefined);
  const json =
    override.overage_price === undefined
      ? { ...price, included_quantity: included }
      : { model: 'unit', unit_amount: override.overage_price, included_quantity: included };
  return checkPrice(json, { currency, pointer });
}

/** What overrides are read with: the plan's prices, and how a price in full is read (as the catalog does). */
export interface OverrideContext {
  readonly prices: readonly CurrentPrice[];
  readonly currency: string;
  readonly fullPrice: (request: PriceRequest, pointer: string) => Price;
  readonly baseAmount: (json: unknown, pointer: string) => string;
}

/**
 * Overrides as they are stored. Every price that they make is checked against the plan's prices of now. Throws `sku_not_in_plan`,
 * `override_empty`, `price_invalid`, `included_quantity_twice`, `base_amount_invalid`.
 */
export function readOverrides(
  request: OverridesRequest,
  { prices, currency, fullPrice, baseAmount }: OverrideContext,
): Overrides {
  const skus = Object.entries(request.skus ?? {}).map(([sku, asked]): [string, SkuOverride] => {
    const pointer = `/overrides/skus/${sku}`;
    const current = prices.find((price) => price.sku === sku);
    if (current === undefined) {
      const detail = `The plan has no price for ${sku}.`;
      throw errors.sku_not_in_plan({ detail, errors: [{ pointer, code: 'sku_not_in_plan', detail }] });
    }
    if (asked.price !== undefined) return [sku, { price: fullPrice(asked, pointer) }];
    const override: SkuOverride = {
      ...(asked.included_qty === undefined ? {} : { included_qty: shortest(asked.included_qty) }),
      ...(asked.overage_price === undefined ? {} : { overage_price: shortest(asked.overage_price) }),
    };
    if (Object.keys(override).length === 0) {
      const detail = 'Give price, included_qty or overage_price.';
      throw errors.override_empty({ detail, errors: [{ pointer, code: 'override_empty', detail }] });
    }
    if (override.overage_price !== undefined) fullPrice(override, pointer);
    overriddenPrice(current.price, override, currency, pointer);
    return [sku, override];
  });
  return {
    ...(request.base_amount === undefined ? {} : { base_amount: baseAmount(request.base_amount, '/overrides/base_amount') }),
    ...(skus.length === 0 ? {} : { skus: Object.fromEntries(skus) }),
  };
}

/** Shortest text where it is a decimal; else as it came, for the engine to refuse by name. */
function shortest(json: unknown): string {
  const decimal = readDecimal(json);
  return typeof decimal === 'string' ? String(json) : formatDecimal(decimal);
}

/** What of a plan's price a subscription's own is made of. */
export type PlanPrice = Pick<CurrentPrice, 'sku' | 'price_version_id' | 'version' | 'price' | 'price_hash'>;

/** The prices of a subscription: the plan's, changed by its overrides. An override that the plan's price outgrew is a fault. */
export function effectivePricesOf(
  subscription: Pick<Subscription, 'overrides'>,
  {
    prices,
    items,
    currency,
    hashOf,
  }: { prices: readonly PlanPrice[]; items: ReadonlyMap<string, string>; currency: string; hashOf: (price: Price) => string },
): EffectivePrice[] {
  const overrides = subscription.overrides.skus ?? {};
  return prices.flatMap((current): EffectivePrice[] => {
    const { sku, price_version_id, version, price, price_hash } = current;
    const item_id = items.get(sku);
    if (item_id === undefined) return [];
    const plain = { sku, item_id, price_version_id, version, price, price_hash, overridden: false, fault: null };
    const override = Object.hasOwn(overrides, sku) ? overrides[sku] : undefined;
    if (override === undefined) return [plain];
    try {
      const changed = overriddenPrice(price, override, currency);
      return [{ ...plain, price: changed, price_hash: hashOf(changed), overridden: true }];
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return [{ ...plain, fault: `The override of ${sku} does not fit the plan's price: ${error.message}` }];
    }
  });
}

/** A live subscription with the SKUs that it holds. */
export interface Holding {
  readonly subscription: Subscription;
  readonly skus: ReadonlySet<string>;
}

/** What assigning a plan does to the subscriptions of an organization. */
export interface AssignmentPlan {
  /** The subscription to the plan that is there already and stays; null when one starts. */
  readonly keep: Subscription | null;
  readonly replaced: readonly Subscription[];
}

/**
 * What earlier assignments still run ends, and so does every other one that shares a SKU with the new plan, because the two
 * could not live beside each other. What has nothing to do with the new plan stays: add-ons. Throws `period_closed`.
 */
export function planAssignment({
  plan,
  assigned,
  live,
  effective_at,
  billed_until,
}: {
  plan: { plan_id: string; skus: readonly string[] };
  /** The subscriptions of all assignments before: the one that runs then is the plan that the organization leaves. */
  assigned: ReadonlySet<string>;
  /** Those that run at or after `effective_at`. */
  live: readonly Holding[];
  effective_at: string;
  /** Of the organization: the latest of its subscriptions'. */
  billed_until: string | null;
}): AssignmentPlan {
  const stays = ({ plan_id, effective_at: start, ended_at }: Subscription) =>
    plan_id === plan.plan_id && ended_at === null && !isBefore(effective_at, start);
  const keep = live.find(({ subscription }) => stays(subscription))?.subscription ?? null;
  const replaced = live
    .filter(({ subscription }) => subscription !== keep)
    .filter(
      ({ subscription, skus }) =>
        assigned.has(subscription.subscription_id) ||
        subscription.plan_id === plan.plan_id ||
        plan.skus.some((sku) => skus.has(sku)),
    )
    .map(({ subscription }) => subscription);
  if (keep === null || replaced.length > 0) requireOpen(effective_at, billed_until, '/effective_at');
  return { keep, replaced };
}

/** A price where a difference is shown. */
export type PriceThere = NonNullable<Difference['before']>;

export function priceThere(
  plan_id: string,
  effective: Omit<EffectivePrice, 'item_id' | 'sku' | 'fault' | 'price_hash'>,
): PriceThere {
  const { price, price_version_id, version, overridden } = effective;
  const included_qty = ('included_quantity' in price ? price.included_quantity : undefined) ?? null;
  return { plan_id, price_version_id, version, price: { ...price }, included_qty, overridden };
}

/** What changes between two sets of prices, in order of SKU. Equal prices are no difference, whatever their plan. */
export function differences(
  before: ReadonlyMap<string, PriceThere & { price_hash: string }>,
  after: ReadonlyMap<string, PriceThere & { price_hash: string }>,
): Difference[] {
  const shown = (there: (PriceThere & { price_hash: string }) | undefined): PriceThere | null => {
    if (there === undefined) return null;
    const { price_hash: _, ...rest } = there;
    return rest;
  };
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((sku): Difference[] => {
    const [was, is] = [before.get(sku), after.get(sku)];
    if (was?.price_hash === is?.price_hash) return [];
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return [{ sku, change, before: shown(was), after: shown(is) }];
  });
}
