import { Link } from '@tanstack/react-router';
import type { EventEntry } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Hash } from '../../ui/hash.tsx';
import type { Column } from '../../ui/table.tsx';
import { formatExact } from './time.ts';

/** An event in a list; those in `live` came while one looked. */
export function eventColumns(live: ReadonlySet<string>): Column<EventEntry>[] {
  return [
    {
      id: 'type',
      header: 'Event',
      cell: (event) => (
        <span className="flex items-center gap-2">
          <EventLink event_id={event.event_id}>{event.type}</EventLink>
          {live.has(event.event_id) ? (
            <span className="size-1.5 shrink-0 rounded-full bg-accent" title="Came while you looked">
              <span className="sr-only">new</span>
            </span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'about',
      header: 'About',
      cell: (event) => (
        <span className="flex items-center gap-1.5 whitespace-nowrap text-ink-2">
          {event.aggregate_type.replaceAll('_', ' ')} <Hash value={event.aggregate_id} label="Aggregate id" />
        </span>
      ),
    },
    { id: 'status', header: 'State', cell: (event) => <StatusBadge status={event.status} /> },
    {
      id: 'at',
      header: 'When',
      align: 'right',
      cell: (event) => <span className="tabular text-ink-2">{formatExact(event.created_at)}</span>,
    },
  ];
}

export function EventLink({ event_id, children }: { event_id: string; children: string }) {
  return (
    <Link
      to="/events/$event_id"
      params={{ event_id }}
      className="rounded-sm font-medium whitespace-nowrap hover:text-accent hover:underline"
    >
      {children}
    </Link>
  );
}
