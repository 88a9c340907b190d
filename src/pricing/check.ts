import { compare, parseDecimal } from '../kernel/decimal.ts';
import { currencyDecimals } from '../kernel/money.ts';
import { parseBucket } from './buckets.ts';
import { errors } from './errors.ts';
import { Fields, present, type Report } from './fields.ts';
import { type Discount, type Price, TRANSFORM_ROUNDINGS, type Transform } from './language.ts';
import type { Model } from './model.ts';
import { checkModel, isModelName, models } from './models.ts';

/**
 * Reads a price when it is written. Answers it normalised: shortest decimals, absent fields dropped. A price that passes can be
 * evaluated for every quantity. Throws `price_invalid` with every fault by name and JSON pointer (below `pointer`), and
 * `currency_unknown`.
 */
export function checkPrice(json: unknown, { currency, pointer = '' }: { currency: string; pointer?: string }): Price {
  const report: Report = { faults: [], currency_decimals: currencyDecimals(currency) };
  const price = readPrice(json, pointer, report, 0);
  const [first] = report.faults;
  if (first) {
    const more = report.faults.length > 1 ? ` (and ${report.faults.length - 1} more)` : '';
    throw errors.price_invalid({
      detail: `${first.pointer || '/'}: ${first.detail}${more}`,
      errors: report.faults.slice(0, 100),
    });
  }
  return price;
}

/** Matrices and times of use may hold each other, this deep. */
const MAX_NESTING = 4;
const PLACEHOLDER: Price = { model: 'flat', amount: '0' };

function readPrice(json: unknown, pointer: string, report: Report, depth: number): Price {
  const fields = new Fields(json, pointer, report);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return PLACEHOLDER;
  if (depth > MAX_NESTING) {
    fields.fault(undefined, 'nesting_too_deep', `lies more than ${MAX_NESTING} prices deep`);
    return PLACEHOLDER;
  }
  const model = fields.required('model');
  if (!isModelName(model)) {
    if (model !== undefined) fields.fault('model', 'model_unknown', `must be one of ${Object.keys(models).join(', ')}`);
    return PLACEHOLDER;
  }
  const own = checkModel(model, fields, (inner, at) => readPrice(inner, at, report, depth + 1));
  const terms = readTerms(fields, model, models[model].terms);
  fields.close();
  const price = present({ model, ...own, ...terms }) as Price;
  checkInnerQuantities(fields, price);
  return price;
}

function readTerms(fields: Fields, model: Price['model'], takes: Model<Price>['terms']) {
  const unsupported = (name: string) => {
    if (fields.value(name) !== undefined) fields.fault(name, 'term_unsupported', `does not belong to a ${model} price`);
    return undefined;
  };
  const minimum_amount = fields.amount('minimum_amount');
  const maximum_amount = fields.amount('maximum_amount');
  if (
    minimum_amount !== undefined &&
    maximum_amount !== undefined &&
    compare(parseDecimal(minimum_amount), parseDecimal(maximum_amount)) > 0
  ) {
    fields.fault('minimum_amount', 'minimum_above_maximum', 'is above maximum_amount');
  }
  const discounts = fields.has('discounts')
    ? fields.list('discounts', (json, at) => readDiscount(fields.object(json, at), model, takes))
    : undefined;
  return {
    included_quantity: takes === 'total' ? unsupported('included_quantity') : fields.decimal('included_quantity', 'not_negative'),
    transform: takes === 'quantity' ? readTransform(fields) : unsupported('transform'),
    bucket: takes === 'quantity' ? readBucket(fields) : unsupported('bucket'),
    minimum_amount,
    maximum_amount,
    discounts,
  };
}

function readDiscount(discount: Fields, model: Price['model'], takes: Model<Price>['terms']): Discount {
  const percent = discount.decimal('percent', 'not_negative');
  const amount = discount.amount('amount', 'not_negative');
  const quantity = discount.decimal('quantity', 'not_negative');
  discount.close();
  if (['percent', 'amount', 'quantity'].filter((name) => discount.has(name)).length !== 1) {
    discount.fault(undefined, 'discount_invalid', 'must have exactly one of percent, amount and quantity');
  }
  if (percent !== undefined && compare(parseDecimal(percent), { units: 100n, scale: 0 }) > 0) {
    discount.fault('percent', 'percent_over_100', 'is over 100');
  }
  if (quantity !== undefined && takes === 'total')
    discount.fault('quantity', 'term_unsupported', `does not belong to a ${model} price`);
  if (percent !== undefined) return { percent };
  return amount !== undefined ? { amount } : { quantity: quantity ?? '0' };
}

function readTransform(fields: Fields): Transform | undefined {
  if (!fields.has('transform')) return undefined;
  const transform = fields.object(fields.value('transform'), fields.at('transform'));
  const precision = transform.value('precision');
  const whole = typeof precision === 'number' && Number.isInteger(precision) && precision >= -12 && precision <= 18;
  if (precision !== undefined && !whole)
    transform.fault('precision', 'transform_invalid', 'must be a whole number from -12 to 18');
  const read = {
    multiply: transform.decimal('multiply', 'not_negative'),
    divide: transform.decimal('divide', 'above_zero'),
    round: transform.choice('round', TRANSFORM_ROUNDINGS),
    precision: whole ? precision : undefined,
  };
  transform.close();
  return present(read);
}

function readBucket(fields: Fields): string | undefined {
  const bucket = fields.value('bucket');
  if (bucket === undefined) return undefined;
  if (typeof bucket === 'string' && parseBucket(bucket)) return bucket;
  fields.fault(
    'bucket',
    'bucket_invalid',
    'must be P1D, P1W, P1M, P1Y, or minutes or hours that divide a day, such as PT15M or PT1H',
  );
  return undefined;
}

/** A quantity can be taken off before the parts are priced only where every part is priced by quantity. */
function checkInnerQuantities(fields: Fields, price: Price): void {
  if (price.model !== 'matrix' && price.model !== 'time_of_use') return;
  const term = price.included_quantity === undefined ? 'discounts' : 'included_quantity';
  if (term === 'discounts' && !price.discounts?.some((discount) => 'quantity' in discount)) return;
  const money = innerPrices(price).find((inner) => MONEY_MODELS.includes(inner.model));
  if (money) fields.fault(term, 'term_unsupported', `takes a quantity off, but a ${money.model} price inside counts money`);
}

const MONEY_MODELS: readonly string[] = ['percentage', 'graduated_percentage', 'dynamic'];

function innerPrices(price: Price): Price[] {
  if (price.model === 'matrix')
    return [...price.cells.map((cell) => cell.price), ...(price.default ? [price.default] : [])].flatMap(withInner);
  if (price.model === 'time_of_use') return [...price.bands.map((band) => band.price), price.default].flatMap(withInner);
  return [];
}

function withInner(price: Price): Price[] {
  return [price, ...innerPrices(price)];
}
