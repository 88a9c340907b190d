import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { Webhook } from '../api/types.ts';
import { webhookById } from '../api/webhooks.ts';
import { OrgName } from '../features/tenancy/org-name.tsx';
import { countText, EndpointState, typesText } from '../features/webhooks/columns.tsx';
import { Deliveries } from '../features/webhooks/deliveries.tsx';
import { EndpointActions } from '../features/webhooks/endpoint-actions.tsx';
import { SuccessRate } from '../features/webhooks/success-rate.tsx';
import { scheduleNames } from '../features/webhooks/webhook-dialogs.tsx';
import { formatMoment } from '../ui/dates.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';

/** One endpoint: how it goes, and what was sent to it. */
export function WebhookPage() {
  const { webhook_id } = useParams({ from: '/signed/webhooks/$webhook_id' });
  const webhook = useQuery(webhookById(webhook_id));
  return (
    <Page
      title={webhook.data ? `Endpoint ${webhook.data.url}` : 'Endpoint'}
      heading={webhook.data ? <span className="break-all">{webhook.data.url}</span> : <HeadingSkeleton title="Endpoint" />}
      lead={webhook.data?.description ?? undefined}
      trail={
        <Link to="/webhooks" search={{}}>
          Webhooks
        </Link>
      }
      actions={webhook.data ? <EndpointActions webhook={webhook.data} /> : null}
    >
      {webhook.error ? (
        <ProblemBox error={webhook.error} onRetry={webhook.refetch} />
      ) : !webhook.data ? (
        <Skeleton className="h-96 w-full rounded-xl" />
      ) : (
        <div className="flex flex-col gap-4">
          <div className="grid items-start gap-4 lg:grid-cols-2">
            <Health webhook={webhook.data} />
            <About webhook={webhook.data} />
          </div>
          <Deliveries webhook={webhook.data} />
        </div>
      )}
    </Page>
  );
}

function Health({ webhook }: { webhook: Webhook }) {
  const { health } = webhook;
  return (
    <Card title="How it goes">
      <Facts
        facts={[
          ['State', <EndpointState key="state" webhook={webhook} />],
          ['Last 24 hours', <SuccessRate key="rate" health={health} />],
          ['Last attempt', lastText(webhook)],
          ['Waiting', countText(health.pending)],
          ['Dead letters', <DeadLetters key="dead" webhook={webhook} />],
          ...(webhook.paused_until ? [['Asked to be left alone', `until ${formatMoment(webhook.paused_until)}`] as const] : []),
        ]}
      />
    </Card>
  );
}

function lastText({ health }: Webhook): string {
  if (!health.last_attempt_at) return 'Never';
  const came = health.last_error ?? (health.last_status === null ? '' : `answered ${health.last_status}`);
  return `${formatMoment(health.last_attempt_at)}${came ? `, ${came}` : ''}`;
}

function DeadLetters({ webhook: { health, webhook_id } }: { webhook: Webhook }) {
  if (health.dead_letters === 0) return 'None';
  return (
    <Link
      to="/dead-letters"
      search={{ tab: 'webhooks', webhook_id }}
      className="rounded-sm font-medium text-bad underline-offset-2 hover:underline"
    >
      {countText(health.dead_letters)}
    </Link>
  );
}

function About({ webhook }: { webhook: Webhook }) {
  return (
    <Card title="Endpoint">
      <Facts
        facts={[
          ['Of', webhook.org_id ? <OrgName key="org" org_id={webhook.org_id} /> : 'Every organization'],
          ['Kept by', webhook.managed_by === 'tenant' ? 'staff' : 'people of the organization'],
          [
            'Events',
            webhook.event_types.length > 1 ? (
              <details key="events">
                <summary className="w-fit cursor-pointer rounded-sm">{typesText(webhook)}</summary>
                <ul className="mt-1 font-mono text-xs text-ink-2">
                  {webhook.event_types.map((type) => (
                    <li key={type}>{type}</li>
                  ))}
                </ul>
              </details>
            ) : (
              typesText(webhook)
            ),
          ],
          ['Tried', scheduleNames[webhook.schedule]],
          ['Made', formatMoment(webhook.created_at)],
          ['Id', <Hash key="id" value={webhook.webhook_id} label="Endpoint id" />],
        ]}
      />
    </Card>
  );
}
