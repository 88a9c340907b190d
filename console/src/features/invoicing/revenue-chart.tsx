import { useQuery } from '@tanstack/react-query';
import { recentInvoices } from '../../api/billing.ts';
import type { InvoiceSummary } from '../../api/types.ts';
import { BarsOverTime, type ChartSeries, Legend } from '../../ui/chart.tsx';
import { addMonths, dateOf, formatMonth, formatShortMonth, startOfMonth, today } from '../../ui/dates.ts';
import { sumDecimals } from '../../ui/decimal.ts';
import { formatAmount, formatAmountCompact } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, Skeleton } from '../../ui/state.tsx';
import { counts, monthsUntil, netOf, totalsByCurrency } from './totals.ts';

const series: readonly ChartSeries[] = [
  { key: 'paid', name: 'Paid' },
  { key: 'open', name: 'Open' },
];

/** What each month's service was billed at, credit notes taken off, in the currency that most invoices are in. */
export function RevenueChart() {
  const all = useQuery(recentInvoices({}, 5));
  const billed = all.data?.invoices.filter(counts) ?? [];
  const currency = totalsByCurrency(billed)[0]?.currency;
  const inCurrency = billed.filter((invoice) => invoice.total.currency === currency);
  return (
    <Card
      title="Revenue"
      lead={currency ? `by month of service, ${currency}` : 'by month of service'}
      actions={<Legend series={series} />}
    >
      {all.error ? (
        <ProblemBox error={all.error} onRetry={all.refetch} />
      ) : all.isPending ? (
        <Skeleton className="h-60 w-full" />
      ) : currency === undefined ? (
        <Empty title="Nothing has been billed yet">Bring usage in, then run billing for the month it falls in.</Empty>
      ) : (
        <BarsOverTime
          label={`Revenue by month of service in ${currency}, paid and open`}
          points={monthly(inCurrency)}
          series={series}
          formatAt={formatMonth}
          formatTick={formatShortMonth}
          formatValue={(amount) => formatAmount({ amount, currency })}
          formatAxis={(amount) => formatAmountCompact(amount, currency)}
          height={240}
        />
      )}
    </Card>
  );
}

function monthly(invoices: readonly InvoiceSummary[]) {
  const groups = Map.groupBy(invoices, (invoice) => startOfMonth(dateOf(invoice.period.from)));
  const known = [...groups.keys()].sort();
  const last = known.at(-1) ?? addMonths(today(), -1);
  const year = monthsUntil(last, 12);
  // A young business gets half a year, so that its first months are not a sliver at the edge.
  const months = year.slice(Math.min(6, Math.max(0, year.indexOf(known[0] ?? ''))));
  return months.map((at) => {
    const list = groups.get(at) ?? [];
    const total = (status: string) => sumDecimals(list.filter((one) => one.status === status).map(netOf));
    return { at, values: { paid: total('paid'), open: total('open') } };
  });
}
