import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { FlaskConical } from 'lucide-react';
import { plans } from '../api/catalog.ts';
import { backtests, priceDrafts } from '../api/pricing.ts';
import type { BacktestHead } from '../api/types.ts';
import { BacktestButton } from '../features/rating/backtest-dialog.tsx';
import { StatusBadge } from '../ui/badge.tsx';
import { addMonths, formatMoment, formatPeriod } from '../ui/dates.ts';
import { formatCount } from '../ui/format.ts';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** Every backtest, with how far it is. */
export function BacktestsPage() {
  const list = useQuery(backtests());
  const drafts = useQuery(priceDrafts).data?.data ?? [];
  const sold = useQuery(plans).data?.data ?? [];
  const navigate = useNavigate();
  const nameOf = (one: BacktestHead) =>
    drafts.find((draft) => draft.draft_id === one.draft_id)?.name ??
    sold.find((plan) => plan.plan_id === one.plan_id)?.name ??
    'A change';
  return (
    <Page title="Backtests" lead="A draft on months of real usage, by the engine that bills" actions={<BacktestButton />}>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="backtests" />
        ) : list.data.data.length === 0 ? (
          <Empty
            icon={<FlaskConical size={22} aria-hidden="true" />}
            title="Nothing has been tried yet"
            action={<BacktestButton />}
          >
            Draft new prices of a plan, and see what the last months would have cost everybody.
          </Empty>
        ) : (
          <DataTable
            caption="Backtests, newest first"
            columns={columnsWith(nameOf)}
            rows={list.data.data}
            rowKey={(one) => one.backtest_id}
            onRow={({ backtest_id }) => navigate({ to: '/backtests/$backtest_id', params: { backtest_id } })}
          />
        )}
      </Card>
    </Page>
  );
}

/** "January 2026", "1 Jan 2026 – 31 Mar 2026". */
export const monthsName = ({ from, to }: Pick<BacktestHead, 'from' | 'to'>) =>
  formatPeriod(addMonths(`${from}-01`, 0), `${to}-01`);

const columnsWith = (nameOf: (one: BacktestHead) => string): readonly Column<BacktestHead>[] => [
  {
    id: 'name',
    header: 'Of',
    cell: (one) => (
      <Link to="/backtests/$backtest_id" params={{ backtest_id: one.backtest_id }} className="font-medium hover:text-accent">
        {nameOf(one)}
      </Link>
    ),
  },
  { id: 'months', header: 'Months', cell: (one) => <span className="whitespace-nowrap">{monthsName(one)}</span> },
  { id: 'status', header: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  {
    id: 'progress',
    header: 'Organization-months',
    align: 'right',
    cell: ({ progress }) => `${formatCount(progress.done)} of ${formatCount(progress.total)}`,
  },
  {
    id: 'at',
    header: 'Started',
    cell: ({ created_at }) => <span className="whitespace-nowrap text-ink-2">{formatMoment(created_at)}</span>,
  },
];
