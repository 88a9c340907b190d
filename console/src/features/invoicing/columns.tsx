import { Link } from '@tanstack/react-router';
import type { InvoiceSummary } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { formatDay, formatPeriod } from '../../ui/dates.ts';
import { Money } from '../../ui/money.tsx';
import type { Column } from '../../ui/table.tsx';
import { stateOf } from './totals.ts';

/** How an invoice shows in a list. */
export const invoiceColumns: readonly Column<InvoiceSummary>[] = [
  {
    id: 'number',
    header: 'Number',
    cell: (invoice) => (
      <Link
        to="/invoices/$invoice_id"
        params={{ invoice_id: invoice.invoice_id }}
        search={{}}
        className="tabular rounded-sm font-medium whitespace-nowrap hover:underline"
      >
        {invoice.number}
      </Link>
    ),
  },
  { id: 'org', header: 'Organization', cell: (invoice) => <span className="line-clamp-1">{invoice.org_name}</span> },
  {
    id: 'period',
    header: 'Period',
    cell: (invoice) => (
      <span className="whitespace-nowrap text-ink-2">{formatPeriod(invoice.period.from, invoice.period.to)}</span>
    ),
  },
  {
    id: 'due',
    header: 'Due',
    cell: (invoice) => <span className="whitespace-nowrap text-ink-2">{formatDay(invoice.due_at)}</span>,
  },
  {
    id: 'status',
    header: 'Status',
    cell: (invoice) => <StatusBadge status={stateOf(invoice)} />,
  },
  { id: 'total', header: 'Total', align: 'right', cell: (invoice) => <Money value={invoice.total} className="font-medium" /> },
];
