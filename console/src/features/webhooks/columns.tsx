import { Link } from '@tanstack/react-router';
import type { Webhook } from '../../api/types.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { formatAgo } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/table.tsx';
import { OrgName } from '../tenancy/org-name.tsx';
import { SuccessRate } from './success-rate.tsx';

export const webhookColumns: readonly Column<Webhook>[] = [
  {
    id: 'url',
    header: 'Endpoint',
    cell: (webhook) => (
      <div className="min-w-44">
        <Link
          to="/webhooks/$webhook_id"
          params={{ webhook_id: webhook.webhook_id }}
          search={{}}
          className="rounded-sm font-medium break-all hover:text-accent hover:underline"
        >
          {webhook.url}
        </Link>
        {webhook.description ? <p className="text-xs text-ink-3">{webhook.description}</p> : null}
      </div>
    ),
  },
  {
    id: 'org',
    header: 'Of',
    cell: (webhook) =>
      webhook.org_id ? <OrgName org_id={webhook.org_id} /> : <span className="text-ink-3">Every organization</span>,
  },
  {
    id: 'types',
    header: 'Events',
    cell: (webhook) => <span className="whitespace-nowrap text-ink-2">{typesText(webhook)}</span>,
  },
  { id: 'status', header: 'State', cell: (webhook) => <EndpointState webhook={webhook} /> },
  { id: 'rate', header: 'Last 24 hours', cell: (webhook) => <SuccessRate health={webhook.health} /> },
  {
    id: 'last',
    header: 'Last attempt',
    cell: ({ health }) => (
      <span className="whitespace-nowrap text-ink-2">
        {health.last_attempt_at ? formatAgo(health.last_attempt_at) : 'Never'}
        {health.last_status === null ? null : ` · ${health.last_status}`}
      </span>
    ),
  },
  {
    id: 'dead',
    header: 'Dead letters',
    align: 'right',
    cell: ({ health }) => (
      <span className={health.dead_letters > 0 ? 'font-medium text-bad' : ''}>{countText(health.dead_letters)}</span>
    ),
  },
];

/** Counts of health are exact up to a thousand. */
export const countText = (count: number): string => `${formatCount(count)}${count === 1000 ? ' or more' : ''}`;

export function typesText({ event_types }: Pick<Webhook, 'event_types'>): string {
  if (event_types.includes('*')) return 'All';
  return event_types.length === 1 ? event_types[0]! : `${formatCount(event_types.length)} types`;
}

const reasons: Record<NonNullable<Webhook['disabled_reason']>, string> = {
  on_request: 'by someone',
  gone: 'it answered 410 Gone',
  failing: 'it failed for days',
  deleted: 'removed',
};

/** On or off and, where it is off or fails, why and since when. */
export function EndpointState({ webhook }: { webhook: Webhook }) {
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <StatusBadge status={webhook.status} />
      {webhook.disabled_reason ? <span className="text-xs text-ink-3">{reasons[webhook.disabled_reason]}</span> : null}
      {webhook.status === 'enabled' && webhook.failing_since ? (
        <Badge tone="bad">Failing since {formatAgo(webhook.failing_since)}</Badge>
      ) : null}
    </span>
  );
}
