import { requireOrganization, requireProject } from '../../../foundation/tenancy/service.ts';
import { compare, formatDecimal, multiply, parseDecimal, subtract, ZERO } from '../../../kernel/decimal.ts';
import { currencyDecimals, fromMinor, toMinor } from '../../../kernel/money.ts';
import type { Db } from '../../../platform/postgres.ts';
import { priceCharge } from '../../../pricing/charge.ts';
import { errors } from '../errors.ts';
import type { RatedItem, RatedSubscription } from '../model.ts';
import { roundingOf, subscriptionsAt } from './subscriptions.ts';

export interface EstimateRequest {
  org_id: string;
  project_id?: string | undefined;
  /** SKU → uses for each lead, decimal text. */
  skus: Readonly<Record<string, string>>;
  /** Decimal text. */
  leads: string;
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

/**
 * What one billing interval with this usage would cost, by the function that bills it: every SKU of the organization's plans is
 * priced, at quantity zero too. Reads only. Throws `org_not_found`, `project_not_found`, `not_entitled`.
 */
export async function estimate(db: Db, request: EstimateRequest): Promise<Estimate> {
  await requireOrganization(db, request.org_id);
  if (request.project_id !== undefined) await requireProject(db, request.project_id, request.org_id);
  const subscriptions = await subscriptionsAt(db, request.org_id, db.now);
  const currency = currencyOf(subscriptions, request);
  const rounding = await roundingOf(db);
  const leads = parseDecimal(request.leads);
  const lines = subscriptions.flatMap((subscription) =>
    subscription.items.map((item) => {
      const uses = request.skus[item.sku];
      const quantity = uses === undefined ? '0' : formatDecimal(multiply(parseDecimal(uses), leads));
      return estimateLine(item, { quantity, currency, rounding, time_zone: subscription.time_zone });
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
  facts: { quantity: string; currency: string; rounding: string; time_zone: string },
): Estimate['lines'][number] {
  const { quantity, currency, rounding } = facts;
  const priced = priceCharge({ currency, rounding, price: item.price, quantity, allow_negative: item.allow_negative });
  const given = typeof item.price.included_quantity === 'string' ? parseDecimal(item.price.included_quantity) : ZERO;
  const used = parseDecimal(quantity);
  const included = compare(used, given) < 0 ? used : given;
  return {
    sku: item.sku,
    quantity,
    included: formatDecimal(included),
    overage: formatDecimal(subtract(used, included)),
    total: { amount: priced.amount, currency },
  };
}

function currencyOf(subscriptions: readonly RatedSubscription[], request: EstimateRequest): string {
  const priced = new Set(subscriptions.flatMap((each) => each.items.map((item) => item.sku)));
  const missing = Object.keys(request.skus).filter((sku) => !priced.has(sku));
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
