import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChevronRight, Send } from 'lucide-react';
import { useState } from 'react';
import type { Delivery, Webhook } from '../../api/types.ts';
import { type DeliveryFilter, deliveryPages, eventTypes, replayDelivery } from '../../api/webhooks.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatMoment, momentOf } from '../../ui/dates.ts';
import { TextField } from '../../ui/field.tsx';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Select } from '../../ui/select.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';
import { Attempts } from './attempts.tsx';

/** What the address of an endpoint's page holds. Moments as `datetime-local` fields have them. */
export interface DeliverySearch {
  status?: string;
  event_type?: string;
  from?: string;
  to?: string;
}

const statuses = [
  { value: '', label: 'Any state' },
  { value: 'pending', label: 'Pending' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
] as const;

/** What was sent to an endpoint, newest first; each opens into its attempts. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const search = useSearch({ from: '/signed/webhooks/$webhook_id' });
  const { webhook_id } = webhook;
  const list = useInfiniteQuery(deliveryPages(webhook_id, filterOf(search)));
  const [open, setOpen] = useState<string | null>(null);
  const replay = useReplay(webhook_id);
  const may = useMay('webhooks:write') && webhook.status === 'enabled';
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Object.values(search).some(Boolean);
  const toggle = (delivery: Delivery) => setOpen(delivery.delivery_id === open ? null : delivery.delivery_id);
  return (
    <>
      <Filters search={search} />
      <ListCard
        title="Deliveries"
        lead="newest first"
        list={list}
        rows={rows}
        caption="Deliveries, newest first"
        columns={columnsFor({ open, toggle, replay: may ? replay : null })}
        rowKey={(delivery) => delivery.delivery_id}
        onRow={toggle}
        below={(delivery) => (delivery.delivery_id === open ? <Attempts delivery={delivery} /> : null)}
        empty={
          <Empty icon={<Send size={22} aria-hidden="true" />} title={filtered ? 'No delivery matches' : 'Nothing was sent yet'}>
            {filtered ? 'Change the filter.' : 'The next event of its types is. A test event shows at once whether it is taken.'}
          </Empty>
        }
      />
    </>
  );
}

function Filters({ search }: { search: DeliverySearch }) {
  const navigate = useNavigate({ from: '/webhooks/$webhook_id' });
  const types = useQuery(eventTypes).data ?? [];
  const ask = (change: DeliverySearch) =>
    navigate({
      search: (before) => Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    });
  return (
    <form
      aria-label="Filter deliveries"
      onSubmit={(event) => event.preventDefault()}
      className="grid grid-cols-1 items-end gap-3 sm:grid-cols-2 lg:grid-cols-4"
    >
      <Select
        label="State"
        value={statuses.find((one) => one.value === search.status)?.value ?? ''}
        choices={statuses}
        onChange={(status) => ask({ status })}
      />
      <Select
        label="Event"
        value={search.event_type ?? ''}
        choices={[
          { value: '', label: 'Any type' },
          ...[...new Set([...types, ...(search.event_type ? [search.event_type] : [])])].map((type) => ({
            value: type,
            label: type,
          })),
        ]}
        onChange={(event_type) => ask({ event_type })}
      />
      <TextField
        label="From"
        type="datetime-local"
        value={search.from ?? ''}
        onChange={(event) => ask({ from: event.target.value })}
      />
      <TextField
        label="Before"
        type="datetime-local"
        value={search.to ?? ''}
        onChange={(event) => ask({ to: event.target.value })}
      />
    </form>
  );
}

function filterOf({ status, event_type, from, to }: DeliverySearch): DeliveryFilter {
  return {
    event_type,
    status: statuses.find((one) => one.value === status)?.value || undefined,
    from: from ? momentOf(from) : undefined,
    to: to ? momentOf(to) : undefined,
  };
}

function useReplay(webhook_id: string) {
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: (delivery: Delivery) => replayDelivery(webhook_id, delivery.delivery_id),
    onSuccess: async (_, delivery) => {
      announce(`${delivery.event_type} is sent again`);
      await queries.invalidateQueries({ queryKey: ['webhooks'] });
    },
    onError: announceProblem,
  });
  return (delivery: Delivery) => replay.mutate(delivery);
}

interface ColumnOptions {
  open: string | null;
  toggle: (delivery: Delivery) => void;
  replay: ((delivery: Delivery) => void) | null;
}

function columnsFor({ open, toggle, replay }: ColumnOptions): Column<Delivery>[] {
  return [
    {
      id: 'event',
      header: 'Event',
      cell: (delivery) => (
        <button
          type="button"
          aria-expanded={delivery.delivery_id === open}
          onClick={() => toggle(delivery)}
          className="-ml-1 flex items-center gap-1.5 rounded-md text-left font-medium whitespace-nowrap"
        >
          <ChevronRight
            size={14}
            aria-hidden="true"
            className={cx('text-ink-3 transition-transform', delivery.delivery_id === open && 'rotate-90')}
          />
          {delivery.event_type}
          {delivery.kind === 'event' ? null : <Badge>{delivery.kind === 'test' ? 'Test' : 'Replay'}</Badge>}
        </button>
      ),
    },
    { id: 'status', header: 'State', cell: (delivery) => <StatusBadge status={delivery.status} /> },
    { id: 'attempts', header: 'Attempts', align: 'right', cell: (delivery) => formatCount(delivery.attempts) },
    {
      id: 'answer',
      header: 'Last answer',
      cell: (delivery) => (
        <span className="line-clamp-1 min-w-32 text-ink-2">
          {delivery.last_status ?? ''} {delivery.last_error ?? ''}
        </span>
      ),
    },
    {
      id: 'at',
      header: 'Happened',
      cell: (delivery) => <span className="whitespace-nowrap text-ink-2">{formatMoment(delivery.event_at)}</span>,
    },
    {
      id: 'actions',
      header: '',
      align: 'right',
      cell: (delivery) =>
        replay === null || delivery.status === 'pending' || delivery.kind === 'test' ? null : (
          <Button size="small" look="ghost" aria-label={`Replay ${delivery.event_type}`} onClick={() => replay(delivery)}>
            Replay
          </Button>
        ),
    },
  ];
}
