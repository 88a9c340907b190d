import type { ChargeInputs } from '../../../kernel/bundle.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { toMinor } from '../../../kernel/money.ts';
import type { Db } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { pricedByEvents } from '../../../pricing/metered.ts';
import type { StandingEvent, UsageTake } from '../../../usage/metering/model.ts';
import { subscriptionsByIds } from '../../subscriptions/service.ts';
import { actionCharge, isPricedWhole, rateSubscription, usageKey } from '../decide/charges.ts';
import { itemAsBilled } from '../decide/portions.ts';
import { freeRectangles, rectanglesWithin } from '../decide/rectangles.ts';
import type { MeasuredUsage, Portion, RatedCharge, RatedSubscription, StoredCharge, UsageRectangle } from '../model.ts';
import { type PeriodFilter, selectActionOrganizations, selectActions, selectPeriods } from '../sql/again.ts';
import { takesOfPeriods } from '../sql.ts';
import { itemsAt, ratedSubscriptions } from './subscriptions.ts';
import { beginning_of_usage, itemUsage, wholeRectangle } from './usage.ts';

export type { PeriodFilter };

/** The usage behind a charge, as it is found in the events. */
export interface UsageAgain {
  measured: MeasuredUsage;
  /** Those that stand, where the price is over single events. */
  events: readonly StandingEvent[];
  /** Where a `weighted_sum` starts. */
  opening: string | null;
}

/** Whether rating a charge again needs its single events. */
export function isOverEvents({ inputs }: Pick<StoredCharge, 'inputs'>): boolean {
  return inputs.aggregation !== undefined && pricedByEvents(inputs.price, inputs.aggregation);
}

/** The take whose quantity a `weighted_sum` starts from; null for every other charge. */
export function openingTakeOf({ inputs, org_id, sku, from, to }: StoredCharge): UsageTake | null {
  if (inputs.aggregation !== 'weighted_sum' || sku === null) return null;
  const { usage_period, watermark, time_zone = 'UTC' } = inputs as ChargeInputs & { watermark: string };
  const before = { from: beginning_of_usage, to: (usage_period ?? { from, to }).from };
  return { org_id, sku, time_zone, rectangles: [wholeRectangle(before, watermark)] };
}

/**
 * A charge rated again by the code that rated it, from its stored inputs and the usage that is there now: quantity, amount and steps are
 * worked out and not read back, and the inputs are put together again. What other charges came to before it (`prior`, `billed`) is an input.
 * Null where nothing would be charged. Throws what pricing throws.
 */
export function chargeAgain(
  charge: StoredCharge,
  { usage, unit, plan_name }: { usage: UsageAgain | null; unit: string | null; plan_name: string },
): RatedCharge | null {
  const { inputs, from, to, sku } = charge;
  const subscription = subscriptionOf(charge, plan_name);
  const interval = inputs.period ?? { from, to };
  if (charge.kind === 'action') {
    return actionCharge({
      ...{ subscription, interval, rounding: inputs.rounding, project_id: charge.project_id, context: {} },
      item: itemAsBilled(inputs, { sku: sku!, unit: unit ?? '' }),
      quantity: inputs.quantity,
      prior: inputs.prior ?? null,
      request_id: '',
    });
  }
  const { days, of } = inputs.proration ?? { days: 1, of: 1 };
  const service = { from, to, interval_from: interval.from, interval_to: interval.to, ends_interval: true, days, days_of: of };
  const portion = sku === null ? null : portionOf(charge, { sku, unit: unit ?? '' });
  const before = inputs.billed ?? inputs.prior;
  const [again] = rateSubscription({
    subscription,
    rounding: inputs.rounding,
    watermark: String(inputs.watermark),
    periods: portion === null || portion.adjusts === null ? [service] : [],
    portions: portion === null ? [] : [portion],
    usage: new Map(portion && usage ? [[usageKey(portion), itemUsage(portion.item, usage.measured, usage)]] : []),
    counters: new Map(
      before
        ? [
            [
              counter,
              {
                ...{ from, to, quantity: before.quantity, amount_exact: before.amount_exact, share: inputs.share ?? null },
                amount_minor: toMinor(parseDecimal(before.amount), inputs.currency),
                closed: false,
              },
            ],
          ]
        : [],
    ),
    contexts: new Map([[from, contextOf(inputs)]]),
  });
  return again ?? null;
}

/** The one counter that a charge is rated on top of. */
const counter = 'as billed';

/** What rating one charge reads of its subscription: fee and interval are in the charge's own inputs. */
function subscriptionOf({ inputs, subscription_id, org_id, kind, from }: StoredCharge, plan_name: string): RatedSubscription {
  return {
    ...{ subscription_id, org_id, plan_name, effective_at: from, ended_at: null, billing_interval: 'P1M', items: [] },
    plan_id: String(inputs.plan_id),
    currency: inputs.currency,
    base_amount: kind === 'base' ? String(inputs.price.amount) : null,
    time_zone: inputs.time_zone ?? 'UTC',
  };
}

function portionOf({ inputs, adjusts, from, to }: StoredCharge, { sku, unit }: { sku: string; unit: string }): Portion {
  const item = itemAsBilled(inputs, { sku, unit });
  const period = inputs.period ?? { from, to };
  return {
    item,
    from,
    to,
    interval_from: period.from,
    interval_to: period.to,
    ends_interval: inputs.open !== true,
    scope: inputs.usage_period ?? { from, to },
    counter,
    whole: inputs.billed !== undefined || isPricedWhole({ item, adjusts }),
    share: inputs.share ?? null,
    adjusts,
  };
}

function contextOf(inputs: ChargeInputs): JsonObject {
  return inputs.partner_id === undefined ? {} : { partner_id: inputs.partner_id };
}

/** A billed period, and what of its SKUs' usage no charge of it is for: there must be none. */
export interface BilledPeriodAgain {
  billed_period_id: string;
  kind: 'period' | 'adjustment';
  org_id: string;
  subscription_id: string;
  run_id: string;
  charges: readonly { charge_id: string; sku: string | null }[];
  from: string;
  to: string;
  uncharged: readonly { sku: string; aggregation: string; rectangles: readonly UsageRectangle[] }[];
}

/**
 * Billed periods in order of id, retired ones too, with the takes of each that its charges leave out: for every SKU that the subscription had
 * with a price when it was billed, the time in which the SKU was not charged.
 */
export async function billedPeriodsAgain(db: Db, filter: PeriodFilter): Promise<BilledPeriodAgain[]> {
  const periods = await selectPeriods(db, filter);
  const takes = Map.groupBy(
    await takesOfPeriods(
      db,
      periods.map((each) => each.billed_period_id),
    ),
    (take) => take.billed_period_id,
  );
  const known = await subscriptionsByIds(db, [...new Set(periods.map((each) => each.subscription_id))]);
  const { rated } = await ratedSubscriptions(db, [...known.values()]);
  const subscriptions = new Map(rated.map((each) => [each.subscription_id, each]));
  const asked = periods.filter((each) => subscriptions.has(each.subscription_id));
  const items = await itemsAt(
    db,
    asked.map(({ subscription_id, billed_at }) => ({ subscription: subscriptions.get(subscription_id)!, at: billed_at })),
  );
  const itemsOf = new Map(asked.map((each, index) => [each.billed_period_id, items[index]!]));
  return periods.map(({ charges, billed_at: _at, ...period }) => {
    const taken = (takes.get(period.billed_period_id) ?? []).map(({ billed_period_id: _id, ...rectangle }) => rectangle);
    const held = subscriptions.get(period.subscription_id)?.items ?? [];
    const then = itemsOf.get(period.billed_period_id);
    return {
      ...period,
      charges,
      uncharged: held
        .filter(({ sku }) => then?.has(sku))
        .map(({ sku, aggregation }) => ({
          ...{ sku, aggregation },
          rectangles: outside(
            taken,
            charges.filter((charge) => charge.sku === sku),
            period,
          ),
        }))
        .filter(({ rectangles }) => rectangles.length > 0),
    };
  });
}

/** What of some rectangles lies in no charge's time. */
function outside(
  rectangles: readonly UsageRectangle[],
  charged: readonly { from: string; to: string }[],
  period: { from: string; to: string },
): UsageRectangle[] {
  const arrivals = { arrived_from: '0', arrived_to: '1' };
  const free = freeRectangles(
    { ...period, ...arrivals },
    charged.map(({ from, to }) => ({ from, to, ...arrivals })),
  );
  return free.flatMap((gap) => rectanglesWithin(rectangles, gap));
}

/** One organization's charges outside cycles, in order of id. */
export async function actionsAgain(
  db: Db,
  filter: { org_id: string; after: string | null; limit: number },
): Promise<(StoredCharge & { request_id: string })[]> {
  const rows = await selectActions(db, filter);
  return rows.map(({ adjusts_period_id: _period, adjusts_charge_id: _charge, ...row }) => ({
    ...row,
    adjusts: null,
    quantity: shortestDecimal(row.quantity),
    amount_exact: shortestDecimal(row.amount_exact),
  }));
}

/** Organizations that were charged outside cycles, in order of id. */
export function organizationsWithActions(
  db: Db,
  filter: { org_id: string | null; after: string | null; limit: number },
): Promise<string[]> {
  return selectActionOrganizations(db, filter);
}
