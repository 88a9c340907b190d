import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ChevronRight, Inbox } from 'lucide-react';
import { useState } from 'react';
import { type InboundFilter, inboundMessageById, inboundMessagePages, reprocessInbound } from '../../api/inbound.ts';
import type { InboundMessage } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatMoment } from '../../ui/dates.ts';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { Hash } from '../../ui/hash.tsx';
import { CodeBlock, JsonBlock, readable } from '../../ui/json.tsx';
import { ListCard } from '../../ui/list.tsx';
import { Facts } from '../../ui/page.tsx';
import { Empty, ProblemBox, Skeleton } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';
import { headersText } from '../webhooks/attempts.tsx';

/** Messages that were verified, newest first; each opens into what was sent and answered. */
export function InboundMessages({ filter }: { filter: InboundFilter }) {
  const list = useInfiniteQuery(inboundMessagePages(filter));
  const [open, setOpen] = useState<string | null>(null);
  const may = useMay('events:write');
  const reprocess = useReprocess();
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const toggle = ({ inbound_webhook_id }: InboundMessage) => setOpen(inbound_webhook_id === open ? null : inbound_webhook_id);
  return (
    <ListCard
      title="Messages"
      lead="verified, newest first"
      list={list}
      rows={rows}
      caption="Messages, newest first"
      columns={messageColumns({ open, toggle, reprocess: may ? reprocess : null })}
      rowKey={(message) => message.inbound_webhook_id}
      onRow={toggle}
      below={(message) => (message.inbound_webhook_id === open ? <Message id={message.inbound_webhook_id} /> : null)}
      empty={
        <Empty
          icon={<Inbox size={22} aria-hidden="true" />}
          title={filter.status ? 'No message is in this state' : 'No message has come yet'}
        >
          What is not signed with the endpoint’s secret is refused, and not kept.
        </Empty>
      }
    />
  );
}

function useReprocess() {
  const queries = useQueryClient();
  const reprocess = useMutation({
    mutationFn: (message: InboundMessage) => reprocessInbound(message.inbound_webhook_id),
    onSuccess: async () => {
      announce('The message is processed again');
      await queries.invalidateQueries({ queryKey: ['inbound'] });
    },
    onError: announceProblem,
  });
  return (message: InboundMessage) => reprocess.mutate(message);
}

interface ColumnOptions {
  open: string | null;
  toggle: (message: InboundMessage) => void;
  reprocess: ((message: InboundMessage) => void) | null;
}

function messageColumns({ open, toggle, reprocess }: ColumnOptions): Column<InboundMessage>[] {
  return [
    {
      id: 'message',
      header: 'Message',
      cell: (message) => (
        <button
          type="button"
          aria-expanded={message.inbound_webhook_id === open}
          onClick={() => toggle(message)}
          className="-ml-1 flex items-center gap-1.5 rounded-md text-left font-medium whitespace-nowrap"
        >
          <ChevronRight
            size={14}
            aria-hidden="true"
            className={cx('text-ink-3 transition-transform', message.inbound_webhook_id === open && 'rotate-90')}
          />
          {message.type ?? 'Without a type'}
        </button>
      ),
    },
    { id: 'id', header: 'Id', cell: (message) => <Hash value={message.message_id} label="Message id" /> },
    { id: 'status', header: 'State', cell: (message) => <StatusBadge status={message.status} /> },
    {
      id: 'error',
      header: 'Why',
      cell: (message) => <span className="line-clamp-1 min-w-32 text-ink-2">{reasonOf(message)}</span>,
    },
    {
      id: 'at',
      header: 'Received',
      cell: (message) => <span className="whitespace-nowrap text-ink-2">{formatMoment(message.received_at)}</span>,
    },
    {
      id: 'actions',
      header: '',
      align: 'right',
      cell: (message) =>
        reprocess === null || !canReprocess(message) ? null : (
          <Button size="small" look="ghost" aria-label={`Process ${message.message_id} again`} onClick={() => reprocess(message)}>
            Process again
          </Button>
        ),
    },
  ];
}

export const reasonOf = ({ last_error }: InboundMessage): string => last_error?.detail ?? last_error?.title ?? '';

/** What had its effect is final, and what waits comes by itself. */
const canReprocess = ({ status, body_bytes }: InboundMessage): boolean =>
  body_bytes !== null && (status === 'failed' || status === 'dead' || status === 'ignored');

function Message({ id }: { id: string }) {
  const found = useQuery(inboundMessageById(id));
  if (found.error) return <ProblemBox error={found.error} onRetry={found.refetch} className="m-4" />;
  if (!found.data) return <Skeleton className="m-4 h-24" />;
  const message = found.data;
  return (
    <div className="grid gap-4 px-4 pt-1 pb-4 sm:pl-9 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        <Facts
          facts={[
            ['Signed', formatMoment(message.signed_at)],
            ['Attempts', formatCount(message.attempts)],
            ['Next attempt', message.next_attempt_at ? formatMoment(message.next_attempt_at) : '–'],
            ['Finished', message.finished_at ? formatMoment(message.finished_at) : '–'],
            ['Size', message.body_bytes === null ? 'Let go' : formatBytes(message.body_bytes)],
            ['SHA-256', <Hash key="hash" value={message.body_sha256} label="SHA-256" />],
          ]}
        />
        {message.last_error ? <JsonBlock label="Why it had no effect" value={message.last_error} /> : null}
        {message.answer ? <JsonBlock label="What the sender was answered" value={message.answer} /> : null}
      </div>
      <div className="flex min-w-0 flex-col gap-3">
        <div>
          <h3 className="mb-1 text-xs font-medium text-ink-2">Headers</h3>
          <CodeBlock label="Headers" text={headersText(message.headers)} />
        </div>
        <div>
          <h3 className="mb-1 text-xs font-medium text-ink-2">Body</h3>
          {message.body_text === null && message.body_base64 === null ? (
            <p className="text-ink-3">It was let go; its hash stays.</p>
          ) : (
            <CodeBlock label="Body" text={message.body_text === null ? message.body_base64! : readable(message.body_text)} />
          )}
        </div>
      </div>
    </div>
  );
}
