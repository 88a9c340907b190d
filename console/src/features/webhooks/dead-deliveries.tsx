import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import type { DeadLetter, Webhook } from '../../api/types.ts';
import { deadLetterPages, replayDelivery, webhookPages } from '../../api/webhooks.ts';
import { BatchDialog } from '../../ui/batch.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Card } from '../../ui/page.tsx';
import { useSelection } from '../../ui/selection.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { useMay } from '../session/may.ts';
import { EndpointState } from './columns.tsx';
import { ReplayDialog } from './replay-dialog.tsx';

/** Deliveries that failed for good, by endpoint; one endpoint's alone where its id is given. */
export function DeadDeliveries({ webhook_id }: { webhook_id: string | undefined }) {
  const list = useInfiniteQuery(webhookPages({}));
  if (list.error) return <ProblemBox error={list.error} onRetry={list.refetch} />;
  if (list.isPending)
    return (
      <Card flush>
        <SkeletonRows label="dead letters" />
      </Card>
    );
  const found = list.data.pages
    .flatMap((page) => page.data)
    .filter((webhook) => webhook.health.dead_letters > 0 && (webhook_id === undefined || webhook.webhook_id === webhook_id));
  return (
    <div className="flex flex-col gap-4">
      {webhook_id === undefined ? null : (
        <p>
          <Link to="/dead-letters" search={{ tab: 'webhooks' }} className="rounded-sm text-accent hover:underline">
            Show those of every endpoint
          </Link>
        </p>
      )}
      {found.map((webhook) => (
        <OfEndpoint key={webhook.webhook_id} webhook={webhook} />
      ))}
      {found.length === 0 && !list.hasNextPage ? (
        <Card>
          <Empty icon={<CircleCheck size={22} aria-hidden="true" />} title="No delivery is dead">
            What failed for good and was not replayed would be here.
          </Empty>
        </Card>
      ) : null}
      {list.hasNextPage ? (
        <div className="text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Look at more endpoints
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function OfEndpoint({ webhook }: { webhook: Webhook }) {
  const queries = useQueryClient();
  const { webhook_id } = webhook;
  const list = useInfiniteQuery(deadLetterPages(webhook_id));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const may_write = useMay('webhooks:write');
  const may = may_write && webhook.status === 'enabled';
  const [asked, ask] = useState<'chosen' | 'all' | null>(null);
  const { selected, column, clear } = useSelection(
    rows,
    (one) => one.delivery_id,
    (one) => one.event_type,
  );
  const close = () => ask(null);
  return (
    <>
      <ListCard
        title={
          <Link
            to="/webhooks/$webhook_id"
            params={{ webhook_id }}
            search={{}}
            className="rounded-sm wrap-anywhere hover:text-accent hover:underline"
          >
            {webhook.url}
          </Link>
        }
        lead={<EndpointState webhook={webhook} />}
        list={list}
        rows={rows}
        caption={`Dead letters of ${webhook.url}`}
        columns={may ? [column, ...columns] : columns}
        rowKey={(one) => one.delivery_id}
        actions={
          may && rows.length > 0 ? (
            <>
              <Button size="small" disabled={selected.length === 0} onClick={() => ask('chosen')}>
                Replay {selected.length === 0 ? 'the chosen' : formatCount(selected.length)}
              </Button>
              <Button size="small" onClick={() => ask('all')}>
                Replay all
              </Button>
            </>
          ) : may_write ? (
            <span className="text-xs text-ink-3">Can be replayed once the endpoint is on</span>
          ) : null
        }
        empty={<Empty title="All of them were replayed" />}
      />
      <BatchDialog
        open={asked === 'chosen'}
        onClose={() => {
          clear();
          close();
        }}
        items={selected.map((one) => ({ key: one.delivery_id, name: one.event_type }))}
        title={`Replay ${formatCount(selected.length)}`}
        description="Each is sent again under the id that it had."
        action="Replay"
        doneText={(count) => `${formatCount(count)} ${count === 1 ? 'delivery is' : 'deliveries are'} sent again.`}
        run={(item) => replayDelivery(webhook_id, item.key)}
        onDone={() => void queries.invalidateQueries({ queryKey: ['webhooks'] })}
      />
      <ReplayDialog webhook_id={webhook_id} open={asked === 'all'} onClose={close} status="failed" />
    </>
  );
}

const reasons: Record<DeadLetter['reason'], string> = {
  attempts_exhausted: 'every attempt failed',
  endpoint_gone: 'the endpoint answered 410 Gone',
};

const lastText = ({ last_error, last_status }: DeadLetter): string =>
  last_error ?? (last_status === null ? 'no answer' : `answered ${last_status}`);

const columns: readonly Column<DeadLetter>[] = [
  { id: 'event', header: 'Event', cell: (one) => <span className="font-medium whitespace-nowrap">{one.event_type}</span> },
  {
    id: 'reason',
    header: 'Reason',
    cell: (one) => (
      <span className="block min-w-48">
        {reasons[one.reason]}
        {one.reason === 'endpoint_gone' ? null : <span className="text-ink-3"> · {lastText(one)}</span>}
      </span>
    ),
  },
  { id: 'attempts', header: 'Attempts', align: 'right', cell: (one) => formatCount(one.attempts) },
  {
    id: 'at',
    header: 'Happened',
    align: 'right',
    cell: (one) => <span className="text-ink-2">{formatMoment(one.event_at)}</span>,
  },
];
