import { type Decimal, parseDecimal } from '../kernel/decimal.ts';
import { type Exact, exact, multiplyExact, NOTHING } from '../kernel/exact.ts';
import { currencyDecimals } from '../kernel/money.ts';
import { parseBucket } from './buckets.ts';
import type { Discount, IncludedTerms, ModelName, Price, QuantityTerms, Transform } from './language.ts';
import type { CompiledPrice, CompiledTransform, QuantityModel } from './model.ts';
import { compileModel } from './models.ts';

/** How a price stands in one period. */
export interface CompileOptions {
  /**
   * The part of the period, by days, in which the price holds: included quantity, minimum and maximum are prorated by it.
   * The whole period unless given.
   */
  readonly share?: Exact | undefined;
  /** The period goes on: what falls due with its last part alone (volume, a flat price, the minimum) is left out. */
  readonly open?: boolean | undefined;
}

/**
 * Makes a checked price ready to be evaluated many times. Takes what `checkPrice` answered: anything else may throw in any
 * way. Throws `currency_unknown`.
 */
export function compilePrice(price: Price, currency: string, options: CompileOptions = {}): CompiledPrice {
  const terms: QuantityTerms & IncludedTerms = price;
  const discounts = terms.discounts ?? [];
  const prorated = (text: string | undefined) => {
    const value = parsed(text);
    return value && options.share ? multiplyExact(value, options.share) : value;
  };
  const compiled = {
    price,
    currency,
    decimals: currencyDecimals(currency),
    model:
      options.open && DUE_AT_THE_END.has(price.model)
        ? NOT_YET_DUE
        : compileModel(price, (inner) => compilePrice(inner, currency, options)),
    transform: compileTransform(terms.transform),
    included: prorated(terms.included_quantity),
    quantity_discounts: discounts.flatMap((discount) => ('quantity' in discount ? [exact(parseDecimal(discount.quantity))] : [])),
    percentage_discounts: discounts.flatMap(percentageDiscount),
    amount_discounts: discounts.flatMap((discount) => ('amount' in discount ? [exact(parseDecimal(discount.amount))] : [])),
    maximum: prorated(terms.maximum_amount),
    minimum: options.open ? undefined : prorated(terms.minimum_amount),
    bucket: terms.bucket === undefined ? undefined : parseBucket(terms.bucket),
  };
  return {
    ...compiled,
    quantity_as_is: !compiled.transform && !compiled.included && compiled.quantity_discounts.length === 0,
    total_as_is:
      !compiled.maximum && !compiled.minimum && compiled.percentage_discounts.length + compiled.amount_discounts.length === 0,
  };
}

const DUE_AT_THE_END: ReadonlySet<ModelName> = new Set(['volume', 'flat']);

/** A price whose amount nothing but the end of the period can tell. */
const NOT_YET_DUE: QuantityModel = {
  shape: 'quantity',
  over: 'quantity',
  mirrors: false,
  price: () => [],
  total: () => NOTHING,
  units: () => NOTHING,
  flats: () => [],
};

function parsed(text: string | undefined): Exact | undefined {
  return text === undefined ? undefined : exact(parseDecimal(text));
}

function percentageDiscount(discount: Discount): { factor: Exact; rate: string }[] {
  if (!('percent' in discount)) return [];
  const { units, scale }: Decimal = parseDecimal(discount.percent);
  return [{ factor: exact({ units, scale: scale + 2 }), rate: discount.percent }];
}

function compileTransform(transform: Transform | undefined): CompiledTransform | undefined {
  if (!transform) return undefined;
  const { round, precision } = transform;
  return {
    multiply: parsed(transform.multiply),
    divide: parsed(transform.divide),
    round: round ?? (precision === undefined ? undefined : 'half_up'),
    precision: precision ?? 0,
  };
}
