import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Inbox, Plus } from 'lucide-react';
import { useState } from 'react';
import { inboundEndpointPages } from '../../api/inbound.ts';
import type { InboundEndpoint } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatDay } from '../../ui/dates.ts';
import { ListCard } from '../../ui/list.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { useMay } from '../session/may.ts';
import { kindName } from './kinds.ts';
import { NewInboundDialog } from './new-inbound-dialog.tsx';

/** Where others send signed messages to. */
export function InboundEndpoints() {
  const navigate = useNavigate();
  const may_write = useMay('events:write');
  const [creating, setCreating] = useState(false);
  const list = useInfiniteQuery(inboundEndpointPages);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const create = may_write ? (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> New endpoint for webhooks in
    </Button>
  ) : null;
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-xl text-ink-2">
          Payment providers and meters send their messages here. A message is verified, kept, and counts once.
        </p>
        {create}
      </div>
      <ListCard
        list={list}
        rows={rows}
        caption="Endpoints for webhooks in, newest first"
        columns={columns}
        rowKey={(endpoint) => endpoint.endpoint_id}
        onRow={({ endpoint_id }) => navigate({ to: '/webhooks/in/$endpoint_id', params: { endpoint_id }, search: {} })}
        empty={
          <Empty icon={<Inbox size={22} aria-hidden="true" />} title="Nobody sends anything yet" action={create}>
            Make an endpoint, and give its address and secret to whoever sends.
          </Empty>
        }
      />
      <NewInboundDialog open={creating} onClose={() => setCreating(false)} />
    </>
  );
}

export function inboundState(endpoint: InboundEndpoint): string {
  if (endpoint.revoked_at !== null) return 'revoked';
  return endpoint.enabled ? 'enabled' : 'disabled';
}

const columns: readonly Column<InboundEndpoint>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: (endpoint) => (
      <Link
        to="/webhooks/in/$endpoint_id"
        params={{ endpoint_id: endpoint.endpoint_id }}
        search={{}}
        className="rounded-sm font-medium hover:text-accent hover:underline"
      >
        {endpoint.name}
      </Link>
    ),
  },
  { id: 'kind', header: 'Kind', cell: (endpoint) => <span className="whitespace-nowrap">{kindName(endpoint.kind)}</span> },
  { id: 'reference', header: 'Reference', cell: (endpoint) => <span className="text-ink-2">{endpoint.reference ?? '–'}</span> },
  { id: 'status', header: 'State', cell: (endpoint) => <StatusBadge status={inboundState(endpoint)} /> },
  {
    id: 'made',
    header: 'Made',
    align: 'right',
    cell: (endpoint) => <span className="text-ink-2">{formatDay(endpoint.created_at)}</span>,
  },
];
