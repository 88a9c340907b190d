import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { FileUp } from 'lucide-react';
import { importPages } from '../../api/metering.ts';
import type { ImportJob } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatBytes, formatCount, formatDecimal } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

/** Every file that was brought in, newest first, with what came of it; a row opens its report. */
export function ImportHistory() {
  const navigate = useNavigate({ from: '/imports' });
  const list = useInfiniteQuery(importPages);
  const jobs = list.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Card flush title="History">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows label="imports" />
      ) : jobs.length === 0 ? (
        <Empty icon={<FileUp size={22} aria-hidden="true" />} title="No file has been imported">
          Drop the first one above.
        </Empty>
      ) : (
        <DataTable
          caption="Imports, newest first"
          columns={columns}
          rows={jobs}
          rowKey={(job) => job.import_id}
          onRow={(job) => navigate({ search: { import_id: job.import_id } })}
        />
      )}
      {list.hasNextPage ? (
        <div className="border-t border-line py-2 text-center">
          <Button size="small" look="ghost" busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Card>
  );
}

const columns: readonly Column<ImportJob>[] = [
  {
    id: 'filename',
    header: 'File',
    cell: (job) => (
      <Link
        to="/imports"
        search={{ import_id: job.import_id }}
        className="block max-w-72 truncate rounded-sm font-medium underline decoration-line-strong underline-offset-2 hover:decoration-current"
      >
        {job.filename}
      </Link>
    ),
  },
  {
    id: 'format',
    header: 'Format',
    cell: (job) => (
      <span className="whitespace-nowrap text-ink-2">
        {job.format.toUpperCase()} <span className="tabular text-xs text-ink-3">{formatBytes(job.bytes)}</span>
      </span>
    ),
  },
  { id: 'status', header: 'State', cell: (job) => <StatusBadge status={job.status} /> },
  { id: 'accepted', header: 'Accepted', align: 'right', cell: (job) => formatCount(job.totals.accepted) },
  { id: 'duplicates', header: 'Already known', align: 'right', cell: (job) => formatCount(job.totals.duplicates) },
  {
    id: 'rejected',
    header: 'Rejected',
    align: 'right',
    cell: (job) => (
      <span className={job.totals.rejected > 0 ? 'font-medium text-bad' : ''}>{formatCount(job.totals.rejected)}</span>
    ),
  },
  {
    id: 'quantities',
    header: 'Quantities',
    cell: (job) => (
      <span className="tabular text-ink-2">
        {Object.entries(job.totals.quantities)
          .map(([sku, quantity]) => `${sku} ${formatDecimal(quantity)}`)
          .join(', ') || '–'}
      </span>
    ),
  },
  {
    id: 'at',
    header: 'When',
    align: 'right',
    cell: (job) => <span className="tabular text-ink-2">{formatMoment(job.created_at)}</span>,
  },
];
