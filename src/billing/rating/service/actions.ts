import { add, type Decimal, formatDecimal, parseDecimal, type Rounding } from '../../../kernel/decimal.ts';
import { newId } from '../../../kernel/id.ts';
import { fromMinor, roundToMinor } from '../../../kernel/money.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { pricedByEvents } from '../../../pricing/metered.ts';
import { actionCharge } from '../decide/charges.ts';
import { calendarInterval } from '../decide/periods.ts';
import { errors } from '../errors.ts';
import type { PriorCharge, RatedCharge, RatedItem, RatedSubscription } from '../model.ts';
import { insertCharges, lockActions, priorActionCharges, selectChargesByRequest } from '../sql.ts';
import { roundingOf, subscriptionsAt } from './subscriptions.ts';

/** A charge outside a cycle, on record. */
export interface StoredAction {
  charge_id: string;
  request_id: string;
  org_id: string;
  project_id: string | null;
  sku: string;
  quantity: string;
  amount_exact: string;
  currency: string;
}

/** What was charged under these request ids, by request id. */
export async function storedActions(tx: Tx, request_ids: readonly string[]): Promise<Map<string, StoredAction>> {
  await lockActions(tx);
  const rows = await selectChargesByRequest(tx, request_ids);
  return new Map(
    rows.map((row) => [
      row.request_id,
      { ...row, sku: row.sku!, quantity: shortestDecimal(row.quantity), amount_exact: shortestDecimal(row.amount_exact) },
    ]),
  );
}

/**
 * Prices lines on top of what their item was charged so in the same calendar interval, and puts the charges on record. Their
 * amounts are exact; what they post is the ledger's running total. Throws `not_entitled`, `price_needs_events`, `quantity_negative`,
 * `amount_out_of_range`.
 */
export async function actionCharges(
  tx: Tx,
  request: { org_id: string; project_id: string | null; lines: readonly { sku: string; quantity: string; request_id: string }[] },
): Promise<StoredAction[]> {
  if (request.lines.length === 0) return [];
  const subscriptions = await subscriptionsAt(tx, request.org_id, tx.now);
  const rounding = await roundingOf(tx);
  const priors = new Map<string, PriorCharge | null>();
  const made: StoredAction[] = [];
  const charges = [];
  for (const [index, line] of request.lines.entries()) {
    const subscription = subscriptions.find((each) => each.items.some((item) => item.sku === line.sku));
    const item = subscription?.items.find((each) => each.sku === line.sku);
    if (!subscription || !item) {
      const detail = `No live subscription has ${line.sku}.`;
      throw errors.not_entitled({ detail, errors: [{ pointer: `/lines/${index}/sku`, code: 'not_entitled', detail }] });
    }
    if (pricedByEvents(item.price, item.aggregation)) {
      const detail = `${line.sku} is priced by its events, over a period: report the usage, and a run bills it.`;
      throw errors.price_needs_events({
        detail,
        errors: [{ pointer: `/lines/${index}/sku`, code: 'price_needs_events', detail }],
      });
    }
    // The total so far could carry it, but the SKU does not take it: metering refuses the same.
    if (line.quantity.startsWith('-') && !item.allow_negative) {
      const detail = `${line.sku} does not take negative quantities.`;
      throw errors.quantity_negative({
        detail,
        errors: [{ pointer: `/lines/${index}/quantity`, code: 'quantity_negative', detail }],
      });
    }
    const interval = calendarInterval(subscription, tx.now);
    if (!priors.has(line.sku)) priors.set(line.sku, await priorOf(tx, { subscription, item, interval, rounding }));
    const prior = priors.get(line.sku)!;
    const charge = actionCharge({ ...request, ...line, subscription, item, interval, prior, rounding, context: {} });
    priors.set(line.sku, addTo(prior, charge, rounding));
    const charge_id = newId(tx.now);
    charges.push({ ...charge, charge_id, billed_period_id: null });
    made.push({
      ...line,
      charge_id,
      org_id: request.org_id,
      project_id: request.project_id,
      amount_exact: charge.amount_exact,
      currency: charge.currency,
    });
  }
  await insertCharges(tx, charges);
  return made;
}

interface Counted {
  subscription: RatedSubscription;
  item: RatedItem;
  interval: { from: string };
  rounding: Rounding;
}

async function priorOf(tx: Tx, { subscription, item, interval, rounding }: Counted): Promise<PriorCharge | null> {
  const { subscription_id, currency } = subscription;
  const { sku, price_hash } = item;
  const row = await priorActionCharges(tx, { subscription_id, sku, price_hash, interval_from: interval.from });
  return row ? counted(parseDecimal(row.quantity), parseDecimal(row.amount_exact), { currency, rounding }) : null;
}

function addTo(prior: PriorCharge | null, charge: RatedCharge, rounding: Rounding): PriorCharge {
  const sum = (a: string, b: string) => add(parseDecimal(a), parseDecimal(b));
  const quantity = sum(prior?.quantity ?? '0', charge.quantity);
  const amount_exact = sum(prior?.amount_exact ?? '0', charge.amount_exact);
  return counted(quantity, amount_exact, { currency: charge.currency, rounding });
}

/** Amounts of an interval's charges are differences of rounded totals, so what was charged before is its exact total, rounded. */
function counted(quantity: Decimal, amount_exact: Decimal, how: { currency: string; rounding: Rounding }): PriorCharge {
  const amount = fromMinor(roundToMinor(amount_exact, how.currency, how.rounding), how.currency);
  return { quantity: formatDecimal(quantity), amount_exact: formatDecimal(amount_exact), amount };
}
