import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { eventPages } from '../../api/events.ts';
import { inboundMessagePages } from '../../api/inbound.ts';
import { cyclePages } from '../../api/scheduler.ts';
import { webhookPages } from '../../api/webhooks.ts';
import { formatCount } from '../../ui/format.ts';
import { isUnbilled } from '../scheduler/cycles.tsx';
import { useMay } from '../session/may.ts';

/** What was given up or fails and waits for somebody; nothing where nothing does. */
export function Attention() {
  const sees_events = useMay('events:read');
  const sees_webhooks = useMay('webhooks:read');
  const sees_billing = useMay('billing:read');
  const events = useInfiniteQuery({ ...eventPages({ status: 'dead' }), enabled: sees_events });
  const messages = useInfiniteQuery({ ...inboundMessagePages({ status: 'dead' }), enabled: sees_events });
  const webhooks = useInfiniteQuery({ ...webhookPages({}), enabled: sees_webhooks });
  const cycles = useInfiniteQuery({ ...cyclePages(undefined), enabled: sees_billing });
  const endpoints = rowsOf(webhooks);
  const failing = endpoints.filter(
    (one) =>
      one.disabled_reason === 'failing' || one.disabled_reason === 'gone' || (one.status === 'enabled' && one.failing_since),
  ).length;
  const deliveries = endpoints.reduce((sum, one) => sum + one.health.dead_letters, 0);
  const unbilled = rowsOf(cycles).filter(isUnbilled).length;
  const said = [
    { count: rowsOf(events).length, more: events.hasNextPage, to: { tab: 'events' }, one: 'event', many: 'events' },
    {
      count: deliveries,
      more: webhooks.hasNextPage,
      to: { tab: 'webhooks' },
      one: 'webhook delivery',
      many: 'webhook deliveries',
    },
    { count: rowsOf(messages).length, more: messages.hasNextPage, to: { tab: 'in' }, one: 'webhook in', many: 'webhooks in' },
  ].filter(({ count }) => count > 0);
  if (said.length === 0 && failing === 0 && unbilled === 0) return null;
  return (
    <section aria-label="Needs attention" className="flex items-start gap-3 rounded-xl border border-line bg-warn-soft px-4 py-3">
      <TriangleAlert size={16} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
      <ul className="flex min-w-0 flex-wrap gap-x-6 gap-y-1">
        {said.map(({ count, more, to, one, many }) => (
          <li key={one}>
            <Link to="/dead-letters" search={to} className={linkClass}>
              {countText(count, more)} {count === 1 ? one : many}
            </Link>{' '}
            {count === 1 ? 'was' : 'were'} given up
          </li>
        ))}
        {failing > 0 ? (
          <li>
            <Link to="/webhooks" search={{}} className={linkClass}>
              {formatCount(failing)} {failing === 1 ? 'endpoint' : 'endpoints'}
            </Link>{' '}
            {failing === 1 ? 'fails' : 'fail'}
          </li>
        ) : null}
        {unbilled > 0 ? (
          <li>
            <Link to="/scheduler" search={{}} className={linkClass}>
              {formatCount(unbilled)} closed {unbilled === 1 ? 'cycle' : 'cycles'}
            </Link>{' '}
            {unbilled === 1 ? 'is' : 'are'} not billed
          </li>
        ) : null}
      </ul>
    </section>
  );
}

const linkClass = 'rounded-sm font-medium underline decoration-line-strong underline-offset-2 hover:text-accent';

const countText = (count: number, more: boolean): string => `${formatCount(count)}${more ? ' or more' : ''}`;

function rowsOf<T>({ data }: { data: { pages: { data: T[] }[] } | undefined }): T[] {
  return data?.pages.flatMap((page) => page.data) ?? [];
}
