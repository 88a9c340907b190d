import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { inboundMessagePages, reprocessInbound } from '../../api/inbound.ts';
import type { InboundMessage } from '../../api/types.ts';
import { BatchDialog } from '../../ui/batch.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { Hash } from '../../ui/hash.tsx';
import { ListCard } from '../../ui/list.tsx';
import { useSelection } from '../../ui/selection.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { useMay } from '../session/may.ts';
import { reasonOf } from './inbound-messages.tsx';
import { kindName } from './kinds.ts';

/** Messages of others that could not be processed and are not tried again by themselves. */
export function DeadMessages() {
  const queries = useQueryClient();
  const list = useInfiniteQuery(inboundMessagePages({ status: 'dead' }));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const may = useMay('events:write');
  const [asked, ask] = useState<'chosen' | 'all' | null>(null);
  const { selected, column, clear } = useSelection(
    rows,
    (one) => one.inbound_webhook_id,
    (one) => one.message_id,
  );
  const items = (asked === 'all' ? rows : selected).map((one) => ({ key: one.inbound_webhook_id, name: one.message_id }));
  return (
    <>
      <ListCard
        title="Webhooks in"
        lead="that could not be processed"
        list={list}
        rows={rows}
        caption="Dead messages, newest first"
        columns={may ? [column, ...columns] : columns}
        rowKey={(one) => one.inbound_webhook_id}
        actions={
          may && rows.length > 0 ? (
            <>
              <Button size="small" disabled={selected.length === 0} onClick={() => ask('chosen')}>
                Process {selected.length === 0 ? 'the chosen' : formatCount(selected.length)} again
              </Button>
              <Button size="small" onClick={() => ask('all')}>
                {list.hasNextPage ? `Process these ${formatCount(rows.length)} again` : 'Process all again'}
              </Button>
            </>
          ) : null
        }
        empty={
          <Empty icon={<CircleCheck size={22} aria-hidden="true" />} title="No message is dead">
            Each had its effect, was refused for what it says, or is tried again.
          </Empty>
        }
      />
      <BatchDialog
        open={asked !== null}
        onClose={() => {
          clear();
          ask(null);
        }}
        items={items}
        title={`Process ${formatCount(items.length)} again`}
        description="A message counts once: what had its effect has no second one."
        action="Process again"
        doneText={(count) => `${formatCount(count)} ${count === 1 ? 'message is' : 'messages are'} processed again.`}
        run={(item) => reprocessInbound(item.key)}
        onDone={() => void queries.invalidateQueries({ queryKey: ['inbound'] })}
      />
    </>
  );
}

const columns: readonly Column<InboundMessage>[] = [
  {
    id: 'message',
    header: 'Message',
    cell: (one) => (
      <span className="flex items-center gap-2 whitespace-nowrap">
        <Link
          to="/webhooks/in/$endpoint_id"
          params={{ endpoint_id: one.endpoint_id }}
          search={{ status: 'dead' }}
          className="rounded-sm font-medium hover:text-accent hover:underline"
        >
          {one.type ?? 'Without a type'}
        </Link>
        <Hash value={one.message_id} label="Message id" />
      </span>
    ),
  },
  { id: 'kind', header: 'Kind', cell: (one) => <span className="whitespace-nowrap">{kindName(one.kind)}</span> },
  { id: 'reason', header: 'Reason', cell: (one) => <span className="block min-w-48 break-words">{reasonOf(one) || '–'}</span> },
  { id: 'attempts', header: 'Attempts', align: 'right', cell: (one) => formatCount(one.attempts) },
  {
    id: 'at',
    header: 'Received',
    align: 'right',
    cell: (one) => <span className="text-ink-2">{formatMoment(one.received_at)}</span>,
  },
];
