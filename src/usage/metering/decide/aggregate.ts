import { add, type Decimal, divideDecimal, formatDecimal, multiply, parseDecimal, ZERO } from '../../../kernel/decimal.ts';

/** What one window of one SKU holds. Decimals are text. */
export interface Measures {
  count: string;
  quantity: string;
  quantity_max: string | null;
  quantity_min: string | null;
  latest: string | null;
  unique_count: string | null;
  weighted: string | null;
  window_seconds: string | null;
}

/** The one quantity that a SKU's aggregation makes of a window. `stock` is what `weighted_sum` began with. */
export function aggregateOf(aggregation: string, measures: Measures, stock: Decimal): string {
  switch (aggregation) {
    case 'count':
      return measures.count;
    case 'max':
      return measures.quantity_max ?? '0';
    case 'min':
      return measures.quantity_min ?? '0';
    case 'latest':
      return measures.latest ?? '0';
    case 'unique_count':
      return measures.unique_count ?? '0';
    case 'average':
      return measures.count === '0'
        ? '0'
        : formatDecimal(divideDecimal(parseDecimal(measures.quantity), parseDecimal(measures.count)));
    case 'weighted_sum':
      return weightedValue(measures, stock);
    default:
      return measures.quantity;
  }
}

/** (stock × the window's seconds + each change × the seconds it stood) ÷ the window's seconds: what there was, on average by second. */
function weightedValue({ weighted, window_seconds }: Measures, stock: Decimal): string {
  if (window_seconds === null) return formatDecimal(stock);
  const seconds = parseDecimal(window_seconds);
  const total = add(multiply(stock, seconds), weighted === null ? ZERO : parseDecimal(weighted));
  return formatDecimal(divideDecimal(total, seconds));
}
