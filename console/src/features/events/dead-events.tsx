import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { eventPages, redispatchEvent, redispatchEvents } from '../../api/events.ts';
import type { EventEntry } from '../../api/types.ts';
import { BatchDialog } from '../../ui/batch.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm.tsx';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { useSelection } from '../../ui/selection.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';
import { EventLink } from './event-columns.tsx';
import { about_redispatch } from './redispatch-dialog.tsx';
import { formatExact } from './time.ts';

export const sentAgain = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? 'event was' : 'events were'} sent again`;

/** Events that were given up, with the reason; sent again by choice or all. */
export function DeadEvents() {
  const queries = useQueryClient();
  const list = useInfiniteQuery(eventPages({ status: 'dead' }));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const may = useMay('events:write');
  const [asked, ask] = useState<'chosen' | 'all' | null>(null);
  const { selected, column, clear } = useSelection(
    rows,
    (event) => event.event_id,
    (event) => event.type,
  );
  const close = () => ask(null);
  const refresh = () => void queries.invalidateQueries({ queryKey: ['events'] });
  return (
    <>
      <ListCard
        title="Events"
        lead="that failed ten times"
        list={list}
        rows={rows}
        caption="Dead events, newest first"
        columns={may ? [column, ...columns] : columns}
        rowKey={(event) => event.event_id}
        actions={
          may && rows.length > 0 ? (
            <>
              <Button size="small" disabled={selected.length === 0} onClick={() => ask('chosen')}>
                Send {selected.length === 0 ? 'the chosen' : formatCount(selected.length)} again
              </Button>
              <Button size="small" onClick={() => ask('all')}>
                Send all again
              </Button>
            </>
          ) : null
        }
        empty={
          <Empty icon={<CircleCheck size={22} aria-hidden="true" />} title="No event is dead">
            Each reached everything that follows from it, or is on its way.
          </Empty>
        }
      />
      <BatchDialog
        open={asked === 'chosen'}
        onClose={() => {
          clear();
          close();
        }}
        items={selected.map((event) => ({ key: event.event_id, name: event.type }))}
        title={`Send ${formatCount(selected.length)} again`}
        description={about_redispatch}
        action="Send again"
        doneText={(count) => `${sentAgain(count)}.`}
        run={(item) => redispatchEvent(item.key)}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'all'}
        onClose={close}
        title="Send every dead event again"
        description={about_redispatch}
        action="Send all again"
        run={redispatchAll}
        onDone={(count) => {
          announce(sentAgain(count));
          refresh();
        }}
      />
    </>
  );
}

/** A thousand at a time, until there are no more. */
async function redispatchAll(): Promise<number> {
  let count = 0;
  for (;;) {
    const { redispatched, more } = await redispatchEvents({ status: 'dead' });
    count += redispatched;
    if (!more || redispatched === 0) return count;
  }
}

const columns: readonly Column<EventEntry>[] = [
  { id: 'type', header: 'Event', cell: (event) => <EventLink event_id={event.event_id}>{event.type}</EventLink> },
  {
    id: 'reason',
    header: 'Reason',
    cell: (event) => <span className="block min-w-48 break-words">{event.last_error ?? '–'}</span>,
  },
  {
    id: 'stage',
    header: 'Given up',
    cell: (event) => <span className="whitespace-nowrap text-ink-2">{event.position === null ? 'publishing' : 'routing'}</span>,
  },
  {
    id: 'at',
    header: 'Happened',
    align: 'right',
    cell: (event) => <span className="tabular text-ink-2">{formatExact(event.created_at)}</span>,
  },
];
