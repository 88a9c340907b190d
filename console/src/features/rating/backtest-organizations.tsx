import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { type BacktestSort, backtestCsv, backtestOrganizations } from '../../api/pricing.ts';
import type { BacktestOrganization } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { formatDecimal, formatSigned } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Select } from '../../ui/select.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

const sorts: readonly { value: BacktestSort; label: string }[] = [
  { value: '-change', label: 'Largest rise first' },
  { value: 'change', label: 'Largest fall first' },
  { value: '-percent', label: 'Largest rise in percent' },
  { value: 'percent', label: 'Largest fall in percent' },
  { value: '-before', label: 'Largest before' },
  { value: '-draft', label: 'Largest under the draft' },
];

/** What the months come to for each organization; sorted by the server, since it has them all. */
export function BacktestOrganizations({ backtest_id, compared }: { backtest_id: string; compared: boolean }) {
  const [sort, setSort] = useState<BacktestSort>('-change');
  const list = useInfiniteQuery(backtestOrganizations(backtest_id, sort));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Card
      flush
      title="Organizations"
      actions={
        <>
          <Select quiet label="Order" value={sort} choices={sorts} onChange={setSort} />
          <a href={backtestCsv(backtest_id)} download className={buttonClass('secondary')}>
            <Download size={13} aria-hidden="true" /> CSV
          </a>
        </>
      }
    >
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows label="organizations" />
      ) : rows.length === 0 ? (
        <Empty title="Nobody had the plan in these months" />
      ) : (
        <>
          <DataTable
            caption="Organizations of the backtest"
            columns={compared ? [...columns, ...compareColumns] : columns}
            rows={rows}
            rowKey={(row) => row.org_id}
          />
          {list.hasNextPage ? (
            <div className="flex justify-center border-t border-line p-3">
              <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
                Show more
              </Button>
            </div>
          ) : null}
        </>
      )}
    </Card>
  );
}

const basisNames = { billed: 'Billed', rated: 'Not billed yet', mixed: 'Partly billed' } as const;

const columns: readonly Column<BacktestOrganization>[] = [
  {
    id: 'name',
    header: 'Organization',
    cell: ({ org_id, legal_name }) => (
      <Link to="/organizations/$org_id" params={{ org_id }} className="font-medium hover:text-accent">
        {legal_name}
      </Link>
    ),
  },
  {
    id: 'basis',
    header: 'Before is',
    cell: ({ basis, fault }) =>
      fault ? <Badge tone="bad">{fault.code}</Badge> : <span className="text-ink-2">{basisNames[basis]}</span>,
  },
  { id: 'before', header: 'Before', align: 'right', cell: ({ before }) => (before ? formatDecimal(before.amount.amount) : '–') },
  { id: 'draft', header: 'Draft', align: 'right', cell: ({ draft }) => (draft ? formatDecimal(draft.amount.amount) : '–') },
  { id: 'difference', header: 'Difference', align: 'right', cell: ({ draft }) => differenceOf(draft) },
  { id: 'percent', header: 'Percent', align: 'right', cell: ({ draft }) => percentOf(draft) },
];

const compareColumns: readonly Column<BacktestOrganization>[] = [
  {
    id: 'compare',
    header: 'Beside it',
    align: 'right',
    cell: ({ compare }) => (compare ? formatDecimal(compare.amount.amount) : '–'),
  },
  { id: 'other', header: 'Difference', align: 'right', cell: ({ compare }) => differenceOf(compare) },
  { id: 'other_percent', header: 'Percent', align: 'right', cell: ({ compare }) => percentOf(compare) },
];

function differenceOf(side: BacktestOrganization['draft']): string {
  return side ? formatSigned(side.difference.amount) : '–';
}

function percentOf(side: BacktestOrganization['draft']): string {
  return side?.percent ? `${formatSigned(side.percent)} %` : '–';
}
