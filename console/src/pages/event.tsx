import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import { eventById, eventTree } from '../api/events.ts';
import type { EventDetail } from '../api/types.ts';
import { CausalTree } from '../features/events/causal-tree.tsx';
import { EventLink } from '../features/events/event-columns.tsx';
import { RedispatchDialog } from '../features/events/redispatch-dialog.tsx';
import { formatAfter, formatExact } from '../features/events/time.ts';
import { useMay } from '../features/session/may.ts';
import { OrgName } from '../features/tenancy/org-name.tsx';
import { StatusBadge } from '../ui/badge.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { formatCount } from '../ui/format.ts';
import { Hash } from '../ui/hash.tsx';
import { JsonBlock } from '../ui/json.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { Empty, HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** One event: what it says, how far it is, and where it stands among its causes and effects. */
export function EventPage() {
  const { event_id } = useParams({ from: '/signed/events/$event_id' });
  const event = useQuery(eventById(event_id));
  return (
    <Page
      title={event.data?.type ?? 'Event'}
      heading={
        event.data ? (
          <span className="flex flex-wrap items-center gap-2.5">
            {event.data.type} <StatusBadge status={event.data.status} />
          </span>
        ) : (
          <HeadingSkeleton title="Event" />
        )
      }
      lead={event.data ? formatExact(event.data.created_at) : undefined}
      trail={
        <Link to="/events" search={{}}>
          Events
        </Link>
      }
      actions={event.data ? <Actions event={event.data} /> : null}
    >
      {event.error ? (
        <ProblemBox error={event.error} onRetry={event.refetch} />
      ) : !event.data ? (
        <Skeleton className="h-96 w-full rounded-xl" />
      ) : (
        <div className="flex flex-col gap-4">
          {event.data.last_error ? <LastError event={event.data} /> : null}
          <Tree event_id={event_id} />
          <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
            <div className="flex min-w-0 flex-col gap-4">
              <Card title="Data" lead={`version ${event.data.version}`}>
                <JsonBlock label="Data" value={event.data.data} />
              </Card>
              <Reactions event={event.data} />
            </div>
            <div className="flex min-w-0 flex-col gap-4">
              <Envelope event={event.data} />
              <DeliveryState event={event.data} />
              <Card title="Metadata">
                <JsonBlock label="Metadata" value={event.data.metadata} />
              </Card>
            </div>
          </div>
        </div>
      )}
    </Page>
  );
}

function Actions({ event }: { event: EventDetail }) {
  const may = useMay('events:write');
  const [asked, ask] = useState(false);
  return (
    <>
      <Link to="/events" search={{ correlation_id: event.correlation_id }} className={buttonClass()}>
        The whole correlation
      </Link>
      {may && event.status !== 'pending' ? (
        <Button onClick={() => ask(true)}>
          <RotateCw size={13} aria-hidden="true" /> Send again
        </Button>
      ) : null}
      <RedispatchDialog event={event} open={asked} onClose={() => ask(false)} />
    </>
  );
}

function LastError({ event }: { event: EventDetail }) {
  return (
    <div role={event.status === 'dead' ? 'alert' : undefined} className="rounded-lg bg-bad-soft px-4 py-3">
      <p className="font-medium text-bad">
        {event.status === 'dead'
          ? 'Given up'
          : `Failed ${formatCount(event.attempts)} ${event.attempts === 1 ? 'time' : 'times'} so far, and is tried again`}
      </p>
      <p className="mt-0.5 break-words">{event.last_error}</p>
    </div>
  );
}

function Tree({ event_id }: { event_id: string }) {
  const tree = useQuery(eventTree(event_id));
  const count = tree.data?.data.length ?? 0;
  return (
    <Card
      flush
      title="Causes and effects"
      lead={
        tree.data
          ? `${formatCount(count)} ${count === 1 ? 'event' : 'events'} of one correlation${tree.data.complete ? '' : ', the first thousand'}`
          : null
      }
    >
      {tree.error ? (
        <ProblemBox error={tree.error} onRetry={tree.refetch} className="m-4" />
      ) : tree.data ? (
        <CausalTree events={tree.data.data} event_id={event_id} />
      ) : (
        <Skeleton className="m-4 h-48" />
      )}
    </Card>
  );
}

function Reactions({ event }: { event: EventDetail }) {
  return (
    <Card flush title="Reactions" lead="that had their effect, each once">
      {event.reactions.length === 0 ? (
        <Empty title="None">
          {event.status === 'routed' ? 'Nothing follows from an event like this one.' : 'None has had its effect yet.'}
        </Empty>
      ) : (
        <DataTable
          caption="Reactions that had their effect"
          columns={reactionColumns(event.created_at)}
          rows={event.reactions}
          rowKey={(one) => one.reaction}
        />
      )}
    </Card>
  );
}

function reactionColumns(began: string): Column<EventDetail['reactions'][number]>[] {
  return [
    { id: 'reaction', header: 'Reaction', cell: (one) => <code className="font-mono text-xs">{one.reaction}</code> },
    {
      id: 'at',
      header: 'Took effect',
      align: 'right',
      cell: (one) => (
        <span className="tabular text-ink-2">
          {formatExact(one.at)} <span className="text-ink-3">{formatAfter(began, one.at)}</span>
        </span>
      ),
    },
  ];
}

function Envelope({ event }: { event: EventDetail }) {
  return (
    <Card title="Envelope">
      <Facts
        facts={[
          ['Id', <Hash key="id" value={event.event_id} label="Event id" />],
          ['Type', event.type],
          [
            'Source',
            <span key="source" className="font-mono text-xs break-all">
              {event.source}
            </span>,
          ],
          [
            'Subject',
            <span key="subject" className="flex flex-wrap items-center gap-1.5">
              {event.aggregate_type.replaceAll('_', ' ')} <Hash value={event.aggregate_id} label="Aggregate id" />
            </span>,
          ],
          ['Organization', event.org_id ? <OrgName key="org" org_id={event.org_id} /> : '–'],
          ['Correlation', <Hash key="correlation" value={event.correlation_id} label="Correlation id" />],
          [
            'Cause',
            event.causation_id ? (
              <EventLink key="cause" event_id={event.causation_id}>
                the event before
              </EventLink>
            ) : (
              '–'
            ),
          ],
        ]}
      />
    </Card>
  );
}

function DeliveryState({ event }: { event: EventDetail }) {
  return (
    <Card title="Delivery">
      <Facts
        facts={[
          ['State', <StatusBadge key="state" status={event.status} />],
          ['Position', event.position === null ? '–' : formatCount(event.position)],
          ['Happened', formatExact(event.created_at)],
          ['Published', event.published_at ? formatExact(event.published_at) : '–'],
          ['Routed', event.routed_at ? formatExact(event.routed_at) : '–'],
          ['Failures', formatCount(event.attempts)],
        ]}
      />
    </Card>
  );
}
