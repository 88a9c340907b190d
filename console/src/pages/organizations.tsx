import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Building2, CornerDownRight, Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { orgPages } from '../api/orgs.ts';
import { useMay } from '../features/session/may.ts';
import { NewOrgDialog } from '../features/tenancy/new-org-dialog.tsx';
import { asTree, type TreeOrg } from '../features/tenancy/tree.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { formatDate } from '../ui/dates.ts';
import { TextField } from '../ui/field.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** Every party of the tenant, children beneath their parents. */
export function OrganizationsPage() {
  const { q = '' } = useSearch({ from: '/signed/organizations' });
  const navigate = useNavigate({ from: '/organizations' });
  const [creating, setCreating] = useState(false);
  const list = useInfiniteQuery(orgPages(q));
  const orgs = useMemo(() => asTree(list.data?.pages.flatMap((page) => page.data) ?? []), [list.data]);
  const create = useMay('orgs:write') ? (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> New organization
    </Button>
  ) : null;
  return (
    <Page title="Organizations" lead="Your own, your customers, your partners" actions={create}>
      <form aria-label="Find organizations" onSubmit={(event) => event.preventDefault()} className="mb-4">
        <TextField
          quiet
          type="search"
          label="Name or slug"
          placeholder="Find by name or slug"
          className="w-72"
          defaultValue={q}
          onChange={(event) => navigate({ search: { q: event.target.value.trim() || undefined }, replace: true })}
        />
      </form>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows rows={10} label="organizations" />
        ) : orgs.length === 0 ? (
          <Empty
            icon={<Building2 size={22} aria-hidden="true" />}
            title={q ? 'No organization matches' : 'No organizations yet'}
            action={q ? null : create}
          >
            {q ? 'Try another part of its name or slug.' : 'Customers, partners and group members are organizations.'}
          </Empty>
        ) : (
          <DataTable
            caption="Organizations"
            columns={columns}
            rows={orgs}
            rowKey={(org) => org.org_id}
            onRow={(org) => navigate({ to: '/organizations/$org_id', params: { org_id: org.org_id } })}
          />
        )}
      </Card>
      {list.hasNextPage ? (
        <div className="mt-4 text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
      <NewOrgDialog open={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}

const columns: readonly Column<TreeOrg>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: (org) => (
      <span className="flex items-center gap-2" style={{ paddingLeft: `${org.depth * 1.25}rem` }}>
        {org.depth > 0 ? <CornerDownRight size={13} className="shrink-0 text-ink-3" aria-hidden="true" /> : null}
        <Link to="/organizations/$org_id" params={{ org_id: org.org_id }} className="rounded-sm font-medium hover:underline">
          {org.legal_name}
        </Link>
        {org.is_own ? <Badge tone="accent">Your own</Badge> : null}
        {org.partner_tier ? <Badge>Partner, {org.partner_tier}</Badge> : null}
      </span>
    ),
  },
  { id: 'slug', header: 'Slug', cell: (org) => <code className="font-mono text-xs text-ink-2">{org.org_slug}</code> },
  { id: 'email', header: 'Billing email', cell: (org) => <span className="text-ink-2">{org.billing_email}</span> },
  {
    id: 'zone',
    header: 'Time zone',
    cell: (org) => <span className="whitespace-nowrap text-ink-2">{org.default_timezone}</span>,
  },
  {
    id: 'since',
    header: 'Since',
    cell: (org) => <span className="whitespace-nowrap text-ink-2">{formatDate(org.created_at)}</span>,
  },
];
