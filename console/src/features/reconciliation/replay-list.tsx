import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { History } from 'lucide-react';
import type { ReactNode } from 'react';
import { replayPages } from '../../api/replays.ts';
import type { ReplayJob } from '../../api/types.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { selectionText } from './selection-text.ts';

/** Replays of stored events and dry runs, newest first. */
export function ReplayList({ action }: { action: ReactNode }) {
  const navigate = useNavigate();
  const list = useInfiniteQuery(replayPages);
  return (
    <ListCard
      list={list}
      rows={list.data?.pages.flatMap((page) => page.data) ?? []}
      caption="Replays, newest first"
      columns={columns}
      rowKey={(job) => job.replay_id}
      onRow={({ replay_id }) => navigate({ to: '/replays/$replay_id', params: { replay_id } })}
      empty={
        <Empty icon={<History size={22} aria-hidden="true" />} title="Nothing was replayed yet" action={action}>
          After a fault was put right, events that missed an effect are sent again. A dry run first says what would happen.
        </Empty>
      }
    />
  );
}

const columns: readonly Column<ReplayJob>[] = [
  {
    id: 'selection',
    header: 'Events',
    cell: (job) => (
      <Link
        to="/replays/$replay_id"
        params={{ replay_id: job.replay_id }}
        className="line-clamp-2 min-w-48 rounded-sm font-medium hover:text-accent hover:underline"
      >
        {selectionText(job)}
      </Link>
    ),
  },
  {
    id: 'status',
    header: 'State',
    cell: (job) => (job.dry_run ? <Badge>Dry run</Badge> : <StatusBadge status={job.status} />),
  },
  {
    id: 'done',
    header: 'Sent again',
    align: 'right',
    cell: (job) => (job.dry_run ? '–' : `${formatCount(job.progress.done)} of ${formatCount(job.progress.total)}`),
  },
  {
    id: 'by',
    header: 'Asked for by',
    cell: (job) => (
      <span className="text-ink-2">
        {job.requested_by}
        {job.reason ? <span className="block text-xs text-ink-3">{job.reason}</span> : null}
      </span>
    ),
  },
  {
    id: 'at',
    header: 'When',
    align: 'right',
    cell: (job) => <span className="text-ink-2">{formatMoment(job.created_at)}</span>,
  },
];
