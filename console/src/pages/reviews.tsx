import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ListChecks } from 'lucide-react';
import { useMemo, useState } from 'react';
import { reviewPages } from '../api/meters.ts';
import type { Review } from '../api/types.ts';
import { PhotoLink } from '../features/metering/photo-link.tsx';
import { AcceptButton, CorrectDialog, nameOf, RejectDialog } from '../features/metering/review-dialogs.tsx';
import { useMay } from '../features/session/may.ts';
import { Badge, StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { formatMoment } from '../ui/dates.ts';
import { formatDecimal, formatLabel } from '../ui/format.ts';
import { Card, Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

const statuses = [
  { value: 'open', label: 'Waiting' },
  { value: 'accepted', label: 'Accepted' },
  { value: 'corrected', label: 'Corrected' },
  { value: 'rejected', label: 'Rejected' },
] as const;

/** Readings that broke a rule and count for nothing until somebody decides. */
export function ReviewsPage() {
  const search = useSearch({ from: '/signed/reviews' });
  const navigate = useNavigate({ from: '/reviews' });
  const status = statuses.find((one) => one.value === search.status)?.value ?? 'open';
  const list = useInfiniteQuery(reviewPages(status));
  const may_decide = useMay('usage:write');
  const [correcting, setCorrecting] = useState<Review | null>(null);
  const [rejecting, setRejecting] = useState<Review | null>(null);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const columns = useMemo(
    () => columnsFor({ open: status === 'open', may_decide, setCorrecting, setRejecting }),
    [status, may_decide],
  );
  return (
    <Page
      title="Review queue"
      lead="Readings that broke a rule. They count for nothing until somebody decides."
      actions={
        <Select
          quiet
          label="Which reviews"
          value={status}
          choices={statuses}
          onChange={(next) => navigate({ search: next === 'open' ? {} : { status: next } })}
          className="w-36"
        />
      }
    >
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="reviews" />
        ) : rows.length === 0 ? (
          <Empty icon={<ListChecks size={22} aria-hidden="true" />} title={status === 'open' ? 'Nothing waits' : 'None of these'}>
            {status === 'open' ? 'Readings that break a rule wait here: a fall, a spike, a time when nobody was there.' : null}
          </Empty>
        ) : (
          <DataTable caption="Readings held for review" columns={columns} rows={rows} rowKey={(review) => review.review_id} />
        )}
      </Card>
      {list.hasNextPage ? (
        <div className="mt-4 text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
      <CorrectDialog review={correcting} onClose={() => setCorrecting(null)} />
      <RejectDialog review={rejecting} onClose={() => setRejecting(null)} />
    </Page>
  );
}

interface Deciding {
  open: boolean;
  may_decide: boolean;
  setCorrecting: (review: Review) => void;
  setRejecting: (review: Review) => void;
}

function columnsFor({ open, may_decide, setCorrecting, setRejecting }: Deciding): Column<Review>[] {
  const columns: Column<Review>[] = [
    {
      id: 'meter',
      header: 'Meter',
      cell: ({ identifier, reading }) => (
        <span className="inline-flex items-center gap-2">
          <Link
            to="/meters/$meter_id"
            params={{ meter_id: reading.meter_id }}
            search={{ register: reading.register }}
            className="rounded-sm font-mono text-xs underline decoration-line-strong underline-offset-2 hover:decoration-current"
          >
            {identifier}
          </Link>
          <span className="text-xs text-ink-3">{reading.register}</span>
        </span>
      ),
    },
    {
      id: 'value',
      header: 'Reading',
      align: 'right',
      cell: ({ reading, unit, before }) => (
        <span className="block">
          <span className="font-medium">{formatDecimal(reading.value)}</span> <span className="text-xs text-ink-3">{unit}</span>
          <span className="block text-2xs text-ink-3">{before ? `after ${formatDecimal(before.value)}` : 'the first'}</span>
        </span>
      ),
    },
    {
      id: 'time',
      header: 'Read at',
      cell: ({ reading }) => (
        <span className="tabular inline-flex items-center gap-2 whitespace-nowrap">
          {formatMoment(reading.time)}
          <PhotoLink reading={reading} />
        </span>
      ),
    },
    {
      id: 'reasons',
      header: 'Why it waits',
      className: 'min-w-56',
      cell: ({ reasons }) => (
        <ul className="flex flex-col gap-1">
          {reasons.map((reason) => (
            <li key={`${reason.code} ${reason.detail}`} className="flex flex-wrap items-baseline gap-x-2">
              <Badge tone="warn">{formatLabel(reason.code)}</Badge>
              <span className="text-xs text-ink-2">{reason.detail}</span>
            </li>
          ))}
        </ul>
      ),
    },
  ];
  if (!open) return [...columns, decidedColumn];
  if (!may_decide) return columns;
  return [
    ...columns,
    {
      id: 'decide',
      header: '',
      align: 'right',
      cell: (review) => (
        <span className="inline-flex gap-1.5">
          <AcceptButton review={review} />
          <Button size="small" aria-label={`Correct ${nameOf(review)}`} onClick={() => setCorrecting(review)}>
            Correct
          </Button>
          <Button size="small" look="danger" aria-label={`Reject ${nameOf(review)}`} onClick={() => setRejecting(review)}>
            Reject
          </Button>
        </span>
      ),
    },
  ];
}

const decidedColumn: Column<Review> = {
  id: 'decided',
  header: 'Decided',
  cell: ({ status, decided_at, decided_by, note }) => (
    <span className="block">
      <StatusBadge status={status} />
      <span className="block text-2xs text-ink-3">
        {decided_by?.name ?? decided_by?.id}, {decided_at ? formatMoment(decided_at) : ''}
        {note ? `: ${note}` : ''}
      </span>
    </span>
  ),
};
