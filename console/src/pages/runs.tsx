import { useQuery } from '@tanstack/react-query';
import { RefreshCcwDot } from 'lucide-react';
import { billingRuns } from '../api/billing.ts';
import type { BillingRun } from '../api/types.ts';
import { RunButton } from '../features/invoicing/run-button.tsx';
import { StatusBadge } from '../ui/badge.tsx';
import { formatMoment, formatPeriod } from '../ui/dates.ts';
import { formatCount } from '../ui/format.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

export function RunsPage() {
  const list = useQuery({
    ...billingRuns,
    refetchInterval: ({ state }) => (state.data?.data.some((run) => run.finished_at === null) ? 1500 : false),
  });
  return (
    <Page title="Billing runs" lead="Each closes a period and issues its invoices, once" actions={<RunButton />}>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="billing runs" />
        ) : list.data.data.length === 0 ? (
          <Empty icon={<RefreshCcwDot size={22} aria-hidden="true" />} title="No period has been billed" action={<RunButton />}>
            A run rates the usage of every subscription and issues one invoice for each payer and currency.
          </Empty>
        ) : (
          <DataTable caption="Billing runs, newest first" columns={columns} rows={list.data.data} rowKey={(one) => one.run_id} />
        )}
      </Card>
    </Page>
  );
}

const columns: readonly Column<BillingRun>[] = [
  {
    id: 'period',
    header: 'Period',
    cell: (run) => <span className="font-medium whitespace-nowrap">{formatPeriod(run.from, run.to)}</span>,
  },
  { id: 'status', header: 'Status', cell: (run) => <StatusBadge status={run.status} /> },
  { id: 'invoices', header: 'Invoices', align: 'right', cell: (run) => formatCount(run.invoices) },
  {
    id: 'errors',
    header: 'Refused',
    align: 'right',
    cell: (run) => (run.errors.length > 0 ? <span className="text-bad">{formatCount(run.errors.length)}</span> : '0'),
  },
  {
    id: 'at',
    header: 'Started',
    cell: (run) => <span className="whitespace-nowrap text-ink-2">{formatMoment(run.created_at)}</span>,
  },
  { id: 'id', header: 'Run', align: 'right', cell: (run) => <Hash value={run.run_id} label="Run id" /> },
];
