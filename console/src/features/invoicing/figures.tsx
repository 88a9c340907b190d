import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { recentInvoices } from '../../api/billing.ts';
import type { InvoiceSummary } from '../../api/types.ts';
import { addMonths, dateOf, formatMonth, startOfMonth, today } from '../../ui/dates.ts';
import { formatDecimal } from '../../ui/format.ts';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { counts, isOverdue, totalsByCurrency } from './totals.ts';

/** The four numbers at the top of the overview. */
export function Figures() {
  const all = useQuery(recentInvoices({}, 5));
  if (all.error) return <ProblemBox error={all.error} onRetry={all.refetch} />;
  const invoices = all.data?.invoices ?? [];
  const month = latestMonth(invoices) ?? startOfMonth(addMonths(today(), -1));
  const inMonth = (first: string) => invoices.filter((one) => counts(one) && startOfMonth(dateOf(one.period.from)) === first);
  const open = invoices.filter((one) => one.status === 'open');
  const overdue = open.filter((one) => isOverdue(one));
  const paid = invoices.filter((one) => one.status === 'paid');
  const loading = all.isPending;
  return (
    <section
      aria-label="Key figures"
      className="grid grid-cols-1 overflow-hidden rounded-xl border border-line bg-surface shadow-card sm:grid-cols-2 xl:grid-cols-4"
    >
      <Figure loading={loading} label={`Billed for ${formatMonth(month)}`} about={plural(inMonth(month).length, 'invoice')}>
        <Totals invoices={inMonth(month)} />
      </Figure>
      <Figure
        loading={loading}
        label="Open receivables"
        about={
          <Link
            to="/invoices"
            search={{ status: 'open' }}
            className="rounded-sm underline decoration-line-strong underline-offset-2 hover:text-ink"
          >
            {plural(open.length, 'open invoice')}
          </Link>
        }
      >
        <Totals invoices={open} />
      </Figure>
      <Figure
        loading={loading}
        label="Overdue"
        about={overdue.length === 0 ? 'Everything is within its terms' : plural(overdue.length, 'invoice')}
      >
        <Totals invoices={overdue} />
      </Figure>
      <Figure
        loading={loading}
        label="Paid"
        about={all.data && !all.data.complete ? 'Among the latest 500 invoices' : plural(paid.length, 'invoice')}
      >
        <Totals invoices={paid} />
      </Figure>
    </section>
  );
}

function Figure({ label, about, loading, children }: { label: string; about: ReactNode; loading: boolean; children: ReactNode }) {
  return (
    <div className="-mt-px -ml-px border-t border-l border-line px-4 pt-3 pb-3.5">
      <p className="text-xs text-ink-3">{label}</p>
      <div className="tabular mt-1 min-h-8 text-2xl font-semibold tracking-tight">
        {loading ? <Skeleton className="mt-1 h-6 w-32" /> : children}
      </div>
      <p className="mt-0.5 text-xs text-ink-3">{loading ? <Skeleton className="mt-1.5 h-3 w-20" /> : about}</p>
    </div>
  );
}

/** The main currency large, others beneath it. */
function Totals({ invoices }: { invoices: readonly InvoiceSummary[] }) {
  const [first, ...others] = totalsByCurrency(invoices);
  if (!first) return <span className="text-ink-3">0</span>;
  return (
    <>
      {formatDecimal(first.amount)} <span className="text-sm font-normal text-ink-3">{first.currency}</span>
      {others.map((one) => (
        <span key={one.currency} className="ml-2 text-sm font-medium text-ink-2">
          + {formatDecimal(one.amount)} {one.currency}
        </span>
      ))}
    </>
  );
}

function latestMonth(invoices: readonly InvoiceSummary[]): string | undefined {
  return invoices
    .filter(counts)
    .map((one) => startOfMonth(dateOf(one.period.from)))
    .sort()
    .at(-1);
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
