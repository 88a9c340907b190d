import type { InvoiceLine, InvoiceSummary } from '../../api/types.ts';
import { addMonths, isPast, startOfMonth } from '../../ui/dates.ts';
import { compareDecimals, subtractDecimals, sumDecimals } from '../../ui/decimal.ts';

/** What credit notes left of an invoice. */
export const netOf = (invoice: InvoiceSummary) => subtractDecimals(invoice.total.amount, invoice.credited.amount);

/** Exact totals by currency, credit notes taken off, the currency of most invoices first. */
export function totalsByCurrency(invoices: readonly InvoiceSummary[]): { currency: string; amount: string; count: number }[] {
  const groups = Map.groupBy(invoices, (invoice) => invoice.total.currency);
  return [...groups]
    .map(([currency, list]) => ({
      currency,
      amount: sumDecimals(list.map(netOf)),
      count: list.length,
    }))
    .sort((a, b) => b.count - a.count);
}

/** Issued and not taken back: what counts as revenue. */
export const counts = (invoice: InvoiceSummary) => invoice.status === 'open' || invoice.status === 'paid';

/** The state as it is shown: an open invoice past its day is overdue, one that credit notes paid whole is credited. */
export function stateOf(invoice: InvoiceSummary): string {
  if (isOverdue(invoice)) return 'overdue';
  return invoice.status === 'paid' && isCredited(invoice) && compareDecimals(netOf(invoice), '0') === 0
    ? 'credited'
    : invoice.status;
}

/** What credit notes left of a line, or null where nothing is left. */
export function leftOf(line: InvoiceLine): string | null {
  const left = subtractDecimals(line.amount.amount, line.credited.amount);
  return compareDecimals(left, '0') === 0 ? null : left;
}

/** Whether anything of an invoice, or of a line, was credited. */
export const isCredited = ({ credited }: Pick<InvoiceSummary | InvoiceLine, 'credited'>) =>
  compareDecimals(credited.amount, '0') !== 0;

export const isOverdue = (invoice: InvoiceSummary) => invoice.status === 'open' && isPast(invoice.due_at);

/** The first days of `months` months that end with the month of `last`. */
export function monthsUntil(last: string, months: number): string[] {
  return Array.from({ length: months }, (_, index) => addMonths(startOfMonth(last), index - months + 1));
}
