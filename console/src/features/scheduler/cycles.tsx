import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { CalendarCheck, CalendarClock } from 'lucide-react';
import { cyclePages, isBeingBilled, retryCycle, upcomingPages } from '../../api/scheduler.ts';
import type { BillingCycle, UpcomingCycle } from '../../api/types.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment, formatPeriod } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';
import { OrgName } from '../tenancy/org-name.tsx';

/** What will be closed by itself, soonest first. */
export function UpcomingCycles({ org_id }: { org_id: string | undefined }) {
  const list = useInfiniteQuery(upcomingPages(org_id));
  return (
    <ListCard
      title="Upcoming"
      lead="soonest first"
      list={list}
      rows={list.data?.pages.flatMap((page) => page.data) ?? []}
      caption="Upcoming billing cycles, soonest first"
      columns={upcomingColumns}
      rowKey={(cycle) => `${cycle.org_id} ${cycle.from}`}
      empty={
        <Empty icon={<CalendarClock size={22} aria-hidden="true" />} title="Nothing will be closed by itself">
          Automatic billing is off, or nobody has a subscription.
        </Empty>
      }
    />
  );
}

/** What was closed, newest first, with the run that bills it. */
export function ClosedCycles({ org_id }: { org_id: string | undefined }) {
  const queries = useQueryClient();
  const list = useInfiniteQuery(cyclePages(org_id));
  const may = useMay('billing:write');
  const retry = useMutation({
    mutationFn: (cycle: BillingCycle) => retryCycle(cycle.cycle_id),
    onSuccess: async () => {
      announce('The cycle is billed again');
      await queries.invalidateQueries({ queryKey: ['cycles'] });
    },
    onError: announceProblem,
  });
  return (
    <ListCard
      title="Closed"
      lead="newest first"
      list={list}
      rows={list.data?.pages.flatMap((page) => page.data) ?? []}
      caption="Closed billing cycles, newest first"
      columns={closedColumns(may ? (cycle) => retry.mutate(cycle) : null)}
      rowKey={(cycle) => cycle.cycle_id}
      empty={
        <Empty icon={<CalendarCheck size={22} aria-hidden="true" />} title="No cycle was closed yet">
          A cycle is closed by itself after it ended, or by a billing run.
        </Empty>
      }
    />
  );
}

const upcomingColumns: readonly Column<UpcomingCycle>[] = [
  { id: 'org', header: 'Organization', cell: (cycle) => <OrgName org_id={cycle.org_id} /> },
  {
    id: 'period',
    header: 'Cycle',
    cell: (cycle) => <span className="font-medium whitespace-nowrap">{formatPeriod(cycle.from, cycle.to)}</span>,
  },
  { id: 'zone', header: 'Time zone', cell: (cycle) => <span className="text-ink-2">{cycle.time_zone}</span> },
  {
    id: 'state',
    header: 'State',
    cell: (cycle) =>
      cycle.failures === 0 ? (
        <Badge>Open</Badge>
      ) : (
        <Badge tone="bad">
          Could not be closed {formatCount(cycle.failures)} {cycle.failures === 1 ? 'time' : 'times'}
        </Badge>
      ),
  },
  {
    id: 'closes',
    header: 'Closed at',
    align: 'right',
    cell: (cycle) => <span className="text-ink-2">{formatMoment(cycle.closes_at)}</span>,
  },
];

function closedColumns(retry: ((cycle: BillingCycle) => void) | null): Column<BillingCycle>[] {
  return [
    { id: 'org', header: 'Organization', cell: (cycle) => <OrgName org_id={cycle.org_id} /> },
    {
      id: 'period',
      header: 'Cycle',
      cell: (cycle) => <span className="font-medium whitespace-nowrap">{formatPeriod(cycle.from, cycle.to)}</span>,
    },
    { id: 'state', header: 'Billed', cell: (cycle) => <Outcome cycle={cycle} /> },
    {
      id: 'invoices',
      header: 'Invoices',
      align: 'right',
      cell: (cycle) => (cycle.run ? formatCount(cycle.run.invoices) : '–'),
    },
    {
      id: 'closed',
      header: 'Closed',
      cell: (cycle) => (
        <span className="whitespace-nowrap text-ink-2">
          {formatMoment(cycle.closed_at)}
          <span className="text-ink-3"> · {cycle.closed_by === 'scheduler' ? 'by itself' : 'by a run'}</span>
        </span>
      ),
    },
    {
      id: 'actions',
      header: '',
      align: 'right',
      cell: (cycle) =>
        retry !== null && isUnbilled(cycle) ? (
          <Button size="small" aria-label={`Bill ${formatPeriod(cycle.from, cycle.to)} again`} onClick={() => retry(cycle)}>
            Bill again
          </Button>
        ) : null,
    },
  ];
}

/** Whether something of it is not billed and nothing is under way. */
export const isUnbilled = (cycle: BillingCycle): boolean =>
  !isBeingBilled(cycle) && (cycle.refusal !== null || cycle.run?.status === 'failed' || (cycle.run?.errors ?? 0) > 0);

function Outcome({ cycle }: { cycle: BillingCycle }) {
  if (cycle.refusal)
    return (
      <span className="block min-w-40">
        <Badge tone="bad">Refused</Badge> <span className="text-xs text-ink-2">{cycle.refusal.detail}</span>
      </span>
    );
  if (cycle.run === null) return <StatusBadge status="queued" />;
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <StatusBadge status={cycle.run.status} />
      {cycle.run.errors > 0 ? <span className="text-xs text-bad">{formatCount(cycle.run.errors)} refused</span> : null}
    </span>
  );
}
