import type { Amount, Decimal } from '../api/types.ts';

type NumberText = Intl.StringNumericLiteral;

/** Groups the digits of a decimal and keeps every one of them: "1234.5000" → "1,234.5000". */
export function formatDecimal(decimal: Decimal): string {
  const fraction = decimal.split('.')[1]?.length ?? 0;
  return new Intl.NumberFormat('en', { minimumFractionDigits: fraction, maximumFractionDigits: fraction }).format(
    decimal as NumberText,
  );
}

/** A difference: "+0.0025", "-0.0025", "0". */
export function formatSigned(decimal: Decimal): string {
  return /^-|^0(\.0*)?$/.test(decimal) ? formatDecimal(decimal) : `+${formatDecimal(decimal)}`;
}

/** A quantity short enough for a chart or a tile: "12,345.7", "1.2M". The full one stands in the table beside it. */
export function formatCompact(decimal: Decimal): string {
  const large = decimal.replace('-', '').split('.')[0]!.length > 5;
  const options: Intl.NumberFormatOptions = large
    ? { notation: 'compact', maximumFractionDigits: 1 }
    : { maximumFractionDigits: 1 };
  return new Intl.NumberFormat('en', options).format(decimal as NumberText);
}

/** "1,234.56 AUD". */
export function formatAmount(amount: Amount): string {
  return `${formatDecimal(amount.amount)} ${amount.currency}`;
}

/** For axis ticks and tiles: "A$1.2K". */
export function formatAmountCompact(decimal: Decimal, currency: string): string {
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    notation: 'compact',
    maximumFractionDigits: 1,
    minimumFractionDigits: 0,
  }).format(decimal as NumberText);
}

export function formatCount(count: number | string): string {
  return formatDecimal(String(count));
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** "first_tier" → "First tier". */
export function formatLabel(word: string): string {
  const spaced = word.replaceAll(/[_.-]+/g, ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
