import type { JsonObject } from '../../kernel/canonical-json.ts';
import { compare, formatDecimal, parseDecimal, readDecimal } from '../../kernel/decimal.ts';
import { CodedError, type Fault } from '../../kernel/errors.ts';
import { currencyDecimals } from '../../kernel/money.ts';
import { checkPrice } from '../../pricing/check.ts';
import { errors as pricingErrors } from '../../pricing/errors.ts';
import type { Price, Tier } from '../../pricing/language.ts';
import { fitsAggregation } from '../../pricing/metered.ts';
import { errors } from './errors.ts';
import {
  type Aggregation,
  type BacktestDemand,
  type CurrentPrice,
  type DraftContent,
  type PriceRequest,
  type PublishPolicyRequest,
  priceJson,
  type Sku,
  type SkuChanges,
} from './model.ts';

/** Refuses a SKU that could not be billed: `dimension_required` where nothing says what a `unique_count` counts by. */
export function requireBillable(sku: {
  aggregation?: Aggregation | undefined;
  dimensions?: readonly string[] | undefined;
}): void {
  const { aggregation, dimensions = [] } = sku;
  if (aggregation === 'unique_count' && dimensions.length === 0) {
    const detail = 'A unique_count counts the distinct values of the first of dimensions: name it.';
    throw errors.dimension_required({ detail, errors: [{ pointer: '/dimensions', code: 'dimension_required', detail }] });
  }
}

/**
 * Refuses a price that a SKU's usage does not fit: `aggregation_unfit` for a price over single events where the SKU counts distinct values or
 * weighs by time, `dimension_unknown` for a matrix over what is none of the SKU's dimensions.
 */
export function requireFit(
  price: Price,
  { aggregation, dimensions }: Pick<Sku, 'aggregation' | 'dimensions'>,
  pointer = '/price',
): void {
  if (!fitsAggregation(price, aggregation)) {
    const detail = `A price over single events does not fit the aggregation ${aggregation}, which makes one quantity of them.`;
    throw errors.aggregation_unfit({
      detail,
      errors: [{ pointer: `${pointer}/model`, code: 'aggregation_unfit', detail }],
    });
  }
  if (price.model !== 'matrix' || dimensions.length === 0) return;
  const unknown = price.dimensions.findIndex((name) => !dimensions.includes(name));
  if (unknown < 0) return;
  const detail = `${price.dimensions[unknown]} is none of the SKU's dimensions, which are ${dimensions.join(', ')}.`;
  throw errors.dimension_unknown({
    detail,
    errors: [{ pointer: `${pointer}/dimensions/${unknown}`, code: 'dimension_unknown', detail }],
  });
}

const FIXED = ['type', 'unit', 'aggregation', 'dimensions', 'allow_negative'] as const;
const CHANGEABLE = ['late_policy', 'cost', 'retail', 'tax_code', 'metadata'] as const;

/** The SKU as it becomes, and the names of the fields that change. Throws `sku_field_fixed` for what past billing stands on. */
export function changeSku(sku: Sku, changes: SkuChanges): { after: Sku; fields: string[] } {
  const faults: Fault[] = FIXED.filter((name) => changes[name] !== undefined && !same(changes[name], sku[name])).map((name) => ({
    pointer: `/${name}`,
    code: 'sku_field_fixed',
    detail: `${name} cannot change: past billing stands on it. Make another SKU.`,
  }));
  if (faults.length > 0) throw errors.sku_field_fixed({ detail: faults[0]!.detail, errors: faults });
  const fields = CHANGEABLE.filter((name) => changes[name] !== undefined && !same(changes[name], sku[name]));
  return { after: { ...sku, ...Object.fromEntries(fields.map((name) => [name, changes[name]])) }, fields };
}

/** A base fee in the currency's decimals, as shortest text. Throws `base_amount_invalid`, `currency_unknown`. */
export function baseAmount(json: unknown, currency: string, pointer = '/base_amount'): string {
  const decimals = currencyDecimals(currency);
  const amount = readDecimal(json, { decimals, digits: 15 });
  const detail =
    typeof amount === 'string'
      ? `must be an amount with at most ${decimals} decimals, which is what ${currency} has`
      : amount.units < 0n
        ? 'must not be below zero'
        : undefined;
  if (detail !== undefined)
    throw errors.base_amount_invalid({
      detail: `base_amount ${detail}.`,
      errors: [{ pointer, code: 'base_amount_invalid', detail }],
    });
  return formatDecimal(amount as Exclude<typeof amount, string>);
}

/** A price as it is to be stored, and what the columns of `plan_sku` say of it. */
export interface PricePlan {
  readonly price: Price;
  readonly included_qty: string | null;
  readonly overage_price: string | null;
  readonly tiers: readonly Tier[] | null;
}

/**
 * The price that a request means: `price` as it is (with `included_qty` beside it put inside), or else a unit price of
 * `overage_price`. Faults point into the request, below `pointer`. Throws `price_required`, `included_quantity_twice`, `price_invalid`.
 */
export function priceOf(request: PriceRequest, currency: string, pointer = ''): PricePlan {
  const { included_qty, overage_price, price } = request;
  if (price !== undefined)
    return described(checkPrice(withIncluded(price, included_qty, pointer), { currency, pointer: `${pointer}/price` }));
  if (overage_price === undefined) {
    const detail = 'Give price, or overage_price for a price per unit.';
    throw errors.price_required({ detail, errors: [{ pointer: `${pointer}/price`, code: 'price_required', detail }] });
  }
  const unit = {
    model: 'unit',
    unit_amount: overage_price,
    ...(included_qty === undefined ? {} : { included_quantity: included_qty }),
  };
  return described(renamed(() => checkPrice(unit, { currency, pointer }), shortFields(pointer)));
}

function withIncluded(price: unknown, included_qty: unknown, pointer: string): unknown {
  if (included_qty === undefined || typeof price !== 'object' || price === null) return price;
  if ('included_quantity' in price && price.included_quantity !== undefined) {
    const detail = 'included_qty and price.included_quantity say the same thing: give one of them.';
    throw errors.included_quantity_twice({
      detail,
      errors: [{ pointer: `${pointer}/included_qty`, code: 'included_quantity_twice', detail }],
    });
  }
  return { ...price, included_quantity: included_qty };
}

/**
 * What a draft says after a request: prices as they would be stored, those that are null taken back. Throws `price_invalid`,
 * `base_amount_invalid` with pointers into the request.
 */
export function draftContent(
  request: { base_amount?: unknown; skus?: Readonly<Record<string, unknown>> | undefined },
  { before, currency }: { before: DraftContent; currency: string },
): DraftContent {
  const { base_amount, skus = {} } = request;
  const asked = Object.entries(skus).filter(([, price]) => price !== null);
  const kept = Object.entries(before.skus).filter(([sku]) => !Object.hasOwn(skus, sku));
  const checked = asked.map(([sku, price]): [string, Price] => [sku, checkPrice(price, { currency, pointer: `/skus/${sku}` })]);
  return {
    base_amount: base_amount === undefined ? before.base_amount : base_amount === null ? null : baseAmount(base_amount, currency),
    skus: Object.fromEntries([...kept, ...checked].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** SHA-256 over what a draft changes in which plan is taken of this. */
export function draftDocument(plan_id: string, { base_amount, skus }: DraftContent): JsonObject {
  const prices = Object.entries(skus).map(([sku, price]) => [sku, priceJson(price)]);
  return { plan_id, ...(base_amount === null ? {} : { base_amount }), skus: Object.fromEntries(prices) };
}

/** What a draft makes of the prices of its plan, in order of SKU; those that it does not name stay. */
export function draftChanges(
  { skus }: DraftContent,
  current: readonly CurrentPrice[],
  hashOf: (price: Price) => string,
): { sku: string; change: 'added' | 'changed'; before: Price | null; after: Price }[] {
  const before = new Map(current.map((price) => [price.sku, price]));
  return Object.entries(skus)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([sku, price]) => before.get(sku)?.price_hash !== hashOf(price))
    .map(([sku, after]) => {
      const was = before.get(sku)?.price ?? null;
      return { sku, change: was === null ? 'added' : 'changed', before: was, after };
    });
}

/** A demand as it is stored. Throws `publish_policy_invalid` for a limit that is below zero, is no share, or stands alone. */
export function backtestDemand(request: NonNullable<PublishPolicyRequest['require_backtest']>): BacktestDemand {
  const { max_increase_percent = null, max_org_increase_percent = null, max_share_over = null, months } = request;
  const limits = { max_increase_percent, max_org_increase_percent, max_share_over };
  const faults: Fault[] = Object.entries(limits).flatMap(([name, limit]) => {
    const fault = (detail: string) => [{ pointer: `/require_backtest/${name}`, code: 'publish_policy_invalid', detail }];
    if (limit === null) return [];
    const value = parseDecimal(limit);
    if (value.units < 0n) return fault('must not be below zero');
    if (name !== 'max_share_over') return [];
    if (compare(value, parseDecimal('100')) > 0) return fault('is a share of all, and at most 100');
    return max_org_increase_percent === null ? fault('needs max_org_increase_percent, above which an organization is over') : [];
  });
  if (faults.length > 0) throw errors.publish_policy_invalid({ detail: faults[0]!.detail, errors: faults });
  return { ...limits, months };
}

/** Where the short form's fields end up in a unit price, the other way round. */
const shortFields = (pointer: string): ReadonlyMap<string, string> =>
  new Map([
    [`${pointer}/unit_amount`, `${pointer}/overage_price`],
    [`${pointer}/included_quantity`, `${pointer}/included_qty`],
  ]);

/** The price's faults under the names that the caller wrote. */
function renamed<T>(check: () => T, names: ReadonlyMap<string, string>): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'price_invalid') throw error;
    const faults = (error.details.errors ?? []).map((fault) => {
      const pointer = names.get(fault.pointer) ?? fault.pointer;
      const [was, is] = [fault.pointer.split('/').at(-1) ?? '', pointer.split('/').at(-1) ?? ''];
      return { ...fault, pointer, detail: was === '' ? fault.detail : fault.detail.replace(was, is) };
    });
    throw pricingErrors.price_invalid({ detail: `${faults[0]?.pointer}: ${faults[0]?.detail}`, errors: faults });
  }
}

function described(price: Price): PricePlan {
  return {
    price,
    included_qty: ('included_quantity' in price ? price.included_quantity : undefined) ?? null,
    overage_price: price.model === 'unit' ? price.unit_amount : null,
    tiers: price.model === 'graduated' || price.model === 'volume' ? price.tiers : null,
  };
}

/** Equal JSON, whatever the order of members: jsonb does not keep it. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([name, value]) => right.has(name) && same(value, right.get(name)));
}
