import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import {
  changeInboundEndpoint,
  inboundAddress,
  inboundEndpointById,
  revokeInboundEndpoint,
  rotateInboundSecret,
} from '../api/inbound.ts';
import type { InboundEndpoint, InboundStatus } from '../api/types.ts';
import { inboundState } from '../features/providers/inbound-endpoints.tsx';
import { InboundMessages } from '../features/providers/inbound-messages.tsx';
import { kindName } from '../features/providers/kinds.ts';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm.tsx';
import { formatMoment } from '../ui/dates.ts';
import { Hash } from '../ui/hash.tsx';
import { CodeBlock } from '../ui/json.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { RotateSecretDialog } from '../ui/rotate-secret.tsx';
import { Select } from '../ui/select.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { announce } from '../ui/toast.tsx';

const statuses = [
  { value: '', label: 'Any state' },
  { value: 'received', label: 'Received' },
  { value: 'processed', label: 'Processed' },
  { value: 'ignored', label: 'Ignored' },
  { value: 'failed', label: 'Failed' },
  { value: 'dead', label: 'Dead' },
] as const;

/** One endpoint for webhooks in: where to send, its secrets, and what came. */
export function InboundEndpointPage() {
  const { endpoint_id } = useParams({ from: '/signed/webhooks/in/$endpoint_id' });
  const search = useSearch({ from: '/signed/webhooks/in/$endpoint_id' });
  const navigate = useNavigate({ from: '/webhooks/in/$endpoint_id' });
  const endpoint = useQuery(inboundEndpointById(endpoint_id));
  const status = statuses.find((one) => one.value === search.status)?.value ?? '';
  return (
    <Page
      title={endpoint.data?.name ?? 'Endpoint'}
      heading={
        endpoint.data ? (
          <span className="flex flex-wrap items-center gap-2.5">
            {endpoint.data.name} <StatusBadge status={inboundState(endpoint.data)} />
          </span>
        ) : (
          <HeadingSkeleton title="Endpoint" />
        )
      }
      lead={endpoint.data ? kindName(endpoint.data.kind) : undefined}
      trail={
        <Link to="/webhooks" search={{ tab: 'in' }}>
          Webhooks in
        </Link>
      }
      actions={endpoint.data ? <Actions endpoint={endpoint.data} /> : null}
    >
      {endpoint.error ? (
        <ProblemBox error={endpoint.error} onRetry={endpoint.refetch} />
      ) : !endpoint.data ? (
        <Skeleton className="h-80 w-full rounded-xl" />
      ) : (
        <div className="flex flex-col gap-4">
          <div className="grid items-start gap-4 lg:grid-cols-2">
            <Card title="Address">
              <CodeBlock label="Address" text={inboundAddress(endpoint_id)} />
              <div className="mt-3">
                <Facts
                  facts={[
                    ['Reference', endpoint.data.reference ?? '–'],
                    ['Made', formatMoment(endpoint.data.created_at)],
                    ['Id', <Hash key="id" value={endpoint_id} label="Endpoint id" />],
                  ]}
                />
              </div>
            </Card>
            <Secrets endpoint={endpoint.data} />
          </div>
          <form aria-label="Filter messages" onSubmit={(event) => event.preventDefault()}>
            <Select
              quiet
              label="State"
              className="w-44"
              value={status}
              choices={statuses}
              onChange={(next) => navigate({ search: next ? { status: next } : {}, replace: true, resetScroll: false })}
            />
          </form>
          <InboundMessages filter={{ endpoint_id, status: (status || undefined) as InboundStatus | undefined }} />
        </div>
      )}
    </Page>
  );
}

function Secrets({ endpoint }: { endpoint: InboundEndpoint }) {
  return (
    <Card title="Secrets" lead="the server shows none again">
      {endpoint.secrets.length === 0 ? (
        <p className="text-ink-3">A revoked endpoint has none.</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {endpoint.secrets.map((secret) => (
            <li key={secret.secret_id} className="flex flex-wrap items-center justify-between gap-x-4">
              <Hash value={secret.secret_id} label="Secret id" />
              <span className="text-xs text-ink-2">
                {secret.good_until === null
                  ? `present, since ${formatMoment(secret.created_at)}`
                  : `good until ${formatMoment(secret.good_until)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Actions({ endpoint }: { endpoint: InboundEndpoint }) {
  const queries = useQueryClient();
  const may = useMay('events:write');
  const [asked, ask] = useState<'rotate' | 'switch' | 'revoke' | null>(null);
  const { endpoint_id, enabled } = endpoint;
  const refresh = () => void queries.invalidateQueries({ queryKey: ['inbound'] });
  if (!may || endpoint.revoked_at !== null) return null;
  const close = () => ask(null);
  return (
    <>
      <Button onClick={() => ask('rotate')}>Rotate the secret</Button>
      <Button onClick={() => ask('switch')}>{enabled ? 'Switch off' : 'Switch on'}</Button>
      <Button look="danger" onClick={() => ask('revoke')}>
        Revoke
      </Button>
      <RotateSecretDialog
        open={asked === 'rotate'}
        onClose={close}
        about="Messages signed with the old secret are taken until its time is over, so that the sender can change over without losing one."
        rotate={async (hours) => (await rotateInboundSecret(endpoint_id, hours)).secret}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'switch'}
        onClose={close}
        title={enabled ? 'Switch the endpoint off' : 'Switch the endpoint on'}
        description={enabled ? 'Its messages are refused until it is switched on again.' : 'Its messages are taken from now on.'}
        action={enabled ? 'Switch off' : 'Switch on'}
        run={() => changeInboundEndpoint(endpoint_id, { enabled: !enabled })}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'revoke'}
        onClose={close}
        title="Revoke the endpoint"
        description="Its messages are refused for good, and its secrets end. What it took stays."
        action="Revoke"
        look="danger"
        run={() => revokeInboundEndpoint(endpoint_id)}
        onDone={() => {
          announce('The endpoint was revoked');
          refresh();
        }}
      />
    </>
  );
}
