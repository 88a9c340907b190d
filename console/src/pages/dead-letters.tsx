import { useNavigate, useSearch } from '@tanstack/react-router';
import { DeadEvents } from '../features/events/dead-events.tsx';
import { DeadMessages } from '../features/providers/dead-messages.tsx';
import { useMay } from '../features/session/may.ts';
import { DeadDeliveries } from '../features/webhooks/dead-deliveries.tsx';
import { Page } from '../ui/page.tsx';
import { type Tab, Tabs } from '../ui/tabs.tsx';

export interface DeadLettersSearch {
  tab?: string;
  webhook_id?: string;
}

type TabName = 'events' | 'webhooks' | 'in';

/** Everything that was given up and waits for somebody, with the reasons. */
export function DeadLettersPage() {
  const search = useSearch({ from: '/signed/dead-letters' });
  const navigate = useNavigate({ from: '/dead-letters' });
  const may_events = useMay('events:read');
  const may_webhooks = useMay('webhooks:read');
  const tabs: Tab<TabName>[] = [
    ...(may_events ? [{ value: 'events' as const, label: 'Events', content: <DeadEvents /> }] : []),
    ...(may_webhooks
      ? [
          {
            value: 'webhooks' as const,
            label: 'Webhook deliveries',
            content: <DeadDeliveries webhook_id={search.webhook_id} />,
          },
        ]
      : []),
    ...(may_events ? [{ value: 'in' as const, label: 'Webhooks in', content: <DeadMessages /> }] : []),
  ];
  const tab = tabs.find((one) => one.value === search.tab)?.value ?? tabs[0]?.value;
  return (
    <Page title="Dead letters" lead="What was given up, and waits for somebody to look at it">
      {tab === undefined ? null : (
        <Tabs
          label="What was given up"
          value={tab}
          tabs={tabs}
          onChange={(next) => navigate({ search: { tab: next }, replace: true })}
        />
      )}
    </Page>
  );
}
