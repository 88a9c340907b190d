import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Activity, Pause, Play } from 'lucide-react';
import { useMemo, useState } from 'react';
import { type EventFilter, eventPages } from '../api/events.ts';
import type { EventEntry } from '../api/types.ts';
import { eventColumns } from '../features/events/event-columns.tsx';
import { EventFilters, type EventSearch, statusOf } from '../features/events/event-filters.tsx';
import { most_kept, type Tail, useTail } from '../features/events/use-tail.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { momentOf } from '../ui/dates.ts';
import { formatCount } from '../ui/format.ts';
import { ListCard } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { Empty, ProblemBox } from '../ui/state.tsx';
import { Toggle } from '../ui/toggle.tsx';

/** What happened, newest first, and what happens while one looks. */
export function EventsPage() {
  const search = useSearch({ from: '/signed/events' });
  const navigate = useNavigate({ from: '/events' });
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  const filter = filterOf(search);
  const list = useInfiniteQuery(eventPages(filter));
  const tail = useTail({
    on: live,
    type: filter.type,
    wanted: (event) => matches(event, filter),
    onConnected: () => queries.invalidateQueries({ queryKey: eventPages(filter).queryKey }),
  });
  const listed = list.data?.pages.flatMap((page) => page.data) ?? [];
  const rows = joined(tail.events, listed);
  const columns = useMemo(() => eventColumns(new Set(tail.events.map((event) => event.event_id))), [tail.events]);
  const filtered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Page
      title="Events"
      lead="What happened, with everything that followed from it"
      actions={<Toggle label="Live" on={live} onChange={setLive} />}
    >
      <EventFilters
        search={search}
        onChange={(change) =>
          navigate({ search: (before) => shortened({ ...before, ...change }), replace: true, resetScroll: false })
        }
      />
      {live ? <TailBar tail={tail} /> : null}
      <ListCard
        list={list}
        rows={rows}
        caption="Events, newest first"
        columns={columns}
        rowKey={(event) => event.event_id}
        onRow={({ event_id }) => navigate({ to: '/events/$event_id', params: { event_id } })}
        empty={
          <Empty
            icon={<Activity size={22} aria-hidden="true" />}
            title={filtered ? 'No event matches' : 'Nothing has happened yet'}
          >
            {filtered
              ? 'Change the filter, or clear it.'
              : 'Every change tells of itself here, in the transaction that makes it.'}
          </Empty>
        }
      />
    </Page>
  );
}

const states: Record<Tail['state'], { tone: Tone; text: string }> = {
  connecting: { tone: 'plain', text: 'Connecting' },
  connected: { tone: 'good', text: 'Connected' },
  waiting: { tone: 'warn', text: 'Connecting again' },
};

function TailBar({ tail }: { tail: Tail }) {
  if (tail.refused) return <ProblemBox error={tail.refused} className="mb-4" />;
  const { tone, text } = states[tail.state];
  return (
    <div className="mb-4 flex min-h-11 flex-wrap items-center gap-3 rounded-xl border border-line bg-surface px-4 py-2 shadow-card">
      <span role="status">
        <Badge tone={tail.paused ? 'warn' : tone}>
          <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />
          {tail.paused ? 'Paused' : text}
        </Badge>
      </span>
      <span className="min-w-0 flex-1 text-xs text-ink-3">
        {tail.paused
          ? `${formatCount(tail.held)}${tail.held === most_kept ? ' or more' : ''} came meanwhile`
          : `Events show here as they are published; the newest ${formatCount(most_kept)} are kept`}
      </span>
      <Button size="small" onClick={tail.paused ? tail.resume : tail.pause}>
        {tail.paused ? <Play size={12} aria-hidden="true" /> : <Pause size={12} aria-hidden="true" />}
        {tail.paused ? 'Resume' : 'Pause'}
      </Button>
    </div>
  );
}

function filterOf(search: EventSearch): EventFilter {
  const { type, aggregate_id, correlation_id, from, to } = search;
  return {
    type,
    aggregate_id,
    correlation_id,
    status: statusOf(search),
    from: from ? momentOf(from) : undefined,
    to: to ? momentOf(to) : undefined,
  };
}

/** The same as the server's filter, for what comes live; the stream itself knows only types. */
function matches(event: EventEntry, { aggregate_id, correlation_id, status, from, to }: EventFilter): boolean {
  const at = Date.parse(event.created_at);
  return (
    (aggregate_id === undefined || event.aggregate_id === aggregate_id) &&
    (correlation_id === undefined || event.correlation_id === correlation_id) &&
    (status === undefined || event.status === status) &&
    (from === undefined || at >= Date.parse(from)) &&
    (to === undefined || at < Date.parse(to))
  );
}

/** What came live, then what the list has beside it; where both have an event, the list's is the later look at it. */
function joined(live: readonly EventEntry[], listed: readonly EventEntry[]): EventEntry[] {
  if (live.length === 0) return [...listed];
  const later = new Map(listed.map((event) => [event.event_id, event]));
  const ids = new Set(live.map((event) => event.event_id));
  return [...live.map((event) => later.get(event.event_id) ?? event), ...listed.filter((event) => !ids.has(event.event_id))];
}

/** Without what says nothing. */
function shortened(search: EventSearch): EventSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as EventSearch;
}
