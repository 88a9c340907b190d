import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Webhook as WebhookIcon } from 'lucide-react';
import { useState } from 'react';
import { webhookPages } from '../api/webhooks.ts';
import { InboundEndpoints } from '../features/providers/inbound-endpoints.tsx';
import { useMay } from '../features/session/may.ts';
import { OrgPicker } from '../features/tenancy/org-picker.tsx';
import { webhookColumns } from '../features/webhooks/columns.tsx';
import { NewWebhookDialog } from '../features/webhooks/webhook-dialogs.tsx';
import { Button } from '../ui/button.tsx';
import { ListCard } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/state.tsx';
import { Tabs } from '../ui/tabs.tsx';

export interface WebhooksSearch {
  tab?: string;
  org_id?: string;
  status?: string;
}

/** Where events are sent to, and where others send theirs. People of an organization see their own endpoints alone. */
export function WebhooksPage() {
  const search = useSearch({ from: '/signed/webhooks' });
  const navigate = useNavigate({ from: '/webhooks' });
  // What others send is the tenant's own business, and so are events as such.
  const is_staff = useMay('events:read');
  const tab = is_staff && search.tab === 'in' ? 'in' : 'out';
  return (
    <Page title="Webhooks" lead="Events are told to other systems as they happen, signed">
      <Tabs
        label="Direction"
        value={tab}
        onChange={(next) => navigate({ search: next === 'in' ? { tab: 'in' } : {}, replace: true })}
        tabs={[
          { value: 'out', label: 'Endpoints', content: <Endpoints search={search} /> },
          ...(is_staff ? [{ value: 'in' as const, label: 'Webhooks in', content: <InboundEndpoints /> }] : []),
        ]}
      />
    </Page>
  );
}

const statuses = [
  { value: '', label: 'On or off' },
  { value: 'enabled', label: 'Enabled' },
  { value: 'disabled', label: 'Disabled' },
] as const;

function Endpoints({ search }: { search: WebhooksSearch }) {
  const navigate = useNavigate({ from: '/webhooks' });
  const may_write = useMay('webhooks:write');
  const [creating, setCreating] = useState(false);
  const status = statuses.find((one) => one.value === search.status)?.value || undefined;
  const list = useInfiniteQuery(webhookPages({ org_id: search.org_id, status }));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = search.org_id !== undefined || status !== undefined;
  const create = may_write ? (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> New endpoint
    </Button>
  ) : null;
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-3">
        <form aria-label="Filter endpoints" onSubmit={(event) => event.preventDefault()} className="flex flex-wrap gap-3">
          <OrgPicker
            quiet
            label="Organization"
            className="w-72"
            value={search.org_id ?? ''}
            onChange={(org_id) => navigate({ search: (before) => ({ ...before, org_id: org_id || undefined }), replace: true })}
          />
          <Select
            quiet
            label="State"
            className="w-40"
            value={status ?? ''}
            choices={statuses}
            onChange={(next) => navigate({ search: (before) => ({ ...before, status: next || undefined }), replace: true })}
          />
        </form>
        {create}
      </div>
      <ListCard
        list={list}
        rows={rows}
        caption="Endpoints, newest first"
        columns={webhookColumns}
        rowKey={(webhook) => webhook.webhook_id}
        onRow={({ webhook_id }) => navigate({ to: '/webhooks/$webhook_id', params: { webhook_id }, search: {} })}
        empty={
          <Empty
            icon={<WebhookIcon size={22} aria-hidden="true" />}
            title={filtered ? 'No endpoint matches' : 'No endpoints yet'}
            action={filtered ? null : create}
          >
            {filtered
              ? 'Change the organization or the state.'
              : 'An endpoint is told of invoices, usage and whatever else you choose.'}
          </Empty>
        }
      />
      <NewWebhookDialog open={creating} onClose={() => setCreating(false)} />
    </>
  );
}
