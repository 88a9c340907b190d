import type { InvoiceSummary } from '../../api/types.ts';
import { addMonths, isPast, startOfMonth } from '../../ui/dates.ts';
import { sumDecimals } from '../../ui/decimal.ts';

/** Exact totals by currency, the currency of most invoices first. */
export function totalsByCurrency(invoices: readonly InvoiceSummary[]): { currency: string; amount: string; count: number }[] {
  const groups = Map.groupBy(invoices, (invoice) => invoice.total.currency);
  return [...groups]
    .map(([currency, list]) => ({
      currency,
      amount: sumDecimals(list.map((invoice) => invoice.total.amount)),
      count: list.length,
    }))
    .sort((a, b) => b.count - a.count);
}

/** Issued and not taken back: what counts as revenue. */
export const counts = (invoice: InvoiceSummary) => invoice.status === 'open' || invoice.status === 'paid';

export const isOverdue = (invoice: InvoiceSummary) => invoice.status === 'open' && isPast(invoice.due_at);

/** The first days of `months` months that end with the month of `last`. */
export function monthsUntil(last: string, months: number): string[] {
  return Array.from({ length: months }, (_, index) => addMonths(startOfMonth(last), index - months + 1));
}
