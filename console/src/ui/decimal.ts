/** Exact sums and comparisons of decimal text, by bigint. */

/** The sum, with as many decimals as the longest part. `sum([])` is "0". */
export function sumDecimals(parts: readonly string[]): string {
  const scale = Math.max(0, ...parts.map(decimalsOf));
  const total = parts.reduce((sum, part) => sum + scaled(part, scale), 0n);
  return unscaled(total, scale);
}

/** a − b, with as many decimals as the longer. */
export function subtractDecimals(a: string, b: string): string {
  return sumDecimals([a, b.startsWith('-') ? b.slice(1) : `-${b}`]);
}

/** Below zero when a < b, zero when equal. */
export function compareDecimals(a: string, b: string): number {
  const scale = Math.max(decimalsOf(a), decimalsOf(b));
  const difference = scaled(a, scale) - scaled(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * A decimal as the number a chart needs to place a pixel. For drawing only: what is printed comes from the text.
 */
export function plotted(decimal: string): number {
  return Number(decimal);
}

function decimalsOf(decimal: string): number {
  const point = decimal.indexOf('.');
  return point < 0 ? 0 : decimal.length - point - 1;
}

function scaled(decimal: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(`${whole}${fraction.padEnd(scale, '0')}`);
}

function unscaled(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
