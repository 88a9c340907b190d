import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { AlarmClock } from 'lucide-react';
import { scheduleRunPages, schedules } from '../../api/scheduler.ts';
import type { Schedule, ScheduleRun } from '../../api/types.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount, formatLabel } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Card } from '../../ui/page.tsx';
import { Select } from '../../ui/select.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

interface SchedulesProps {
  /** Whose runs are shown; all without. */
  name: string | undefined;
  onPick: (name: string | undefined) => void;
}

/** What the server does again and again, when next, and what became of it. */
export function Schedules({ name, onPick }: SchedulesProps) {
  const list = useQuery(schedules);
  const runs = useInfiniteQuery(scheduleRunPages(name));
  const known = list.data?.data ?? [];
  return (
    <div className="flex flex-col gap-4">
      <Card flush title="Schedules" lead="by the wall clock, in UTC">
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="schedules" />
        ) : known.length === 0 ? (
          <Empty icon={<AlarmClock size={22} aria-hidden="true" />} title="Nothing is scheduled">
            No process with the role scheduler has run yet.
          </Empty>
        ) : (
          <DataTable
            caption="Schedules"
            columns={scheduleColumns}
            rows={known}
            rowKey={(one) => one.name}
            onRow={(one) => onPick(one.name)}
          />
        )}
      </Card>
      <ListCard
        title="Runs"
        lead="kept for 30 days"
        list={runs}
        rows={runs.data?.pages.flatMap((page) => page.data) ?? []}
        caption="Runs, newest first"
        columns={runColumns}
        rowKey={(run) => `${run.name} ${run.due_at}`}
        actions={
          <Select
            quiet
            label="Schedule"
            value={name ?? ''}
            choices={[{ value: '', label: 'Every schedule' }, ...known.map((one) => ({ value: one.name, label: one.name }))]}
            onChange={(next) => onPick(next || undefined)}
          />
        }
        empty={<Empty title="Nothing fell due yet">The first run shows when its time has come.</Empty>}
      />
    </div>
  );
}

const scheduleColumns: readonly Column<Schedule>[] = [
  { id: 'name', header: 'Schedule', cell: (one) => <span className="font-medium whitespace-nowrap">{one.name}</span> },
  { id: 'cron', header: 'When', cell: (one) => <code className="font-mono text-xs whitespace-nowrap">{one.cron}</code> },
  {
    id: 'catch_up',
    header: 'After a downtime',
    cell: (one) => (
      <span className="text-ink-2">{one.catch_up === 'once' ? 'the latest missed one is run' : 'none is made up for'}</span>
    ),
  },
  {
    id: 'last',
    header: 'Last due',
    cell: (one) => (
      <span className="whitespace-nowrap text-ink-2">{one.last_due_at ? formatMoment(one.last_due_at) : 'Never'}</span>
    ),
  },
  {
    id: 'next',
    header: 'Next due',
    align: 'right',
    cell: (one) => <span className="font-medium">{formatMoment(one.next_due_at)}</span>,
  },
];

const runColumns: readonly Column<ScheduleRun>[] = [
  { id: 'name', header: 'Schedule', cell: (run) => <span className="font-medium whitespace-nowrap">{run.name}</span> },
  { id: 'due', header: 'Due', cell: (run) => <span className="whitespace-nowrap text-ink-2">{formatMoment(run.due_at)}</span> },
  { id: 'outcome', header: 'Outcome', cell: (run) => <RunState run={run} /> },
  { id: 'attempts', header: 'Attempts', align: 'right', cell: (run) => formatCount(run.attempts) },
  {
    id: 'finished',
    header: 'Finished',
    align: 'right',
    cell: (run) => <span className="text-ink-2">{run.finished_at ? formatMoment(run.finished_at) : '–'}</span>,
  },
];

function RunState({ run }: { run: ScheduleRun }) {
  if (run.outcome !== null) return <StatusBadge status={run.outcome} />;
  return <Badge tone="accent">{formatLabel(run.started_at ? 'under_way' : 'waits')}</Badge>;
}
