import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { orgById } from '../api/orgs.ts';
import type { Organization } from '../api/types.ts';
import { OrgInvoices } from '../features/invoicing/org-invoices.tsx';
import { OrgSites } from '../features/tenancy/org-sites.tsx';
import { OrgSubscriptions } from '../features/tenancy/org-subscriptions.tsx';
import { Badge } from '../ui/badge.tsx';
import { buttonClass } from '../ui/button.tsx';
import { formatDate } from '../ui/dates.ts';
import { formatLabel } from '../ui/format.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';

/** One organization: who it is, what it is on, where it is metered, what it was billed. */
export function OrganizationPage() {
  const { org_id } = useParams({ from: '/signed/organizations/$org_id' });
  const org = useQuery(orgById(org_id));
  return (
    <Page
      title={org.data?.legal_name ?? 'Organization'}
      trail={
        <Link to="/organizations" search={{}}>
          Organizations
        </Link>
      }
      heading={
        org.data ? (
          <span className="flex flex-wrap items-center gap-2">
            {org.data.legal_name}
            {org.data.is_own ? <Badge tone="accent">Your own</Badge> : null}
            {org.data.partner_tier ? <Badge>Partner, {org.data.partner_tier}</Badge> : null}
          </span>
        ) : (
          <HeadingSkeleton title="Organization" />
        )
      }
      actions={
        <>
          <Link to="/usage" search={{ org_id }} className={buttonClass()}>
            Usage
          </Link>
          <Link to="/invoices" search={{ org_id }} className={buttonClass()}>
            Invoices
          </Link>
        </>
      }
    >
      {org.error ? (
        <ProblemBox error={org.error} onRetry={org.refetch} />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_18rem]">
          <div className="flex min-w-0 flex-col gap-4">
            <OrgSubscriptions org_id={org_id} />
            <OrgSites org_id={org_id} />
            <OrgInvoices org_id={org_id} />
          </div>
          {org.data ? <About org={org.data} /> : <Skeleton className="h-64 rounded-xl" />}
        </div>
      )}
    </Page>
  );
}

function About({ org }: { org: Organization }) {
  return (
    <Card title="About">
      <Facts
        facts={[
          [
            'Slug',
            <code key="slug" className="font-mono text-xs">
              {org.org_slug}
            </code>,
          ],
          ['Billing', org.billing_email],
          ['Time zone', org.default_timezone],
          ['Currency', org.currency ?? 'The plan’s'],
          ['Visible to', formatLabel(org.visibility)],
          ['Part of', org.parent_org_id ? <Parent key="parent" org_id={org.parent_org_id} /> : 'Nothing'],
          ['Since', formatDate(org.created_at)],
          ['Id', <Hash key="id" value={org.org_id} label="Organization id" />],
        ]}
      />
    </Card>
  );
}

function Parent({ org_id }: { org_id: string }) {
  const parent = useQuery(orgById(org_id));
  return (
    <Link
      to="/organizations/$org_id"
      params={{ org_id }}
      className="rounded-sm underline decoration-line-strong underline-offset-2 hover:decoration-current"
    >
      {parent.data?.legal_name ?? 'Another organization'}
    </Link>
  );
}
