import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { entitlementsOf, orgById } from '../../api/orgs.ts';
import type { Entitlement } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatDateIn } from '../../ui/dates.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';
import { useMay } from '../session/may.ts';
import { PlanDialog } from './plan-dialog.tsx';

/** What the organization is on, was on, and will be on. */
export function OrgSubscriptions({ org_id }: { org_id: string }) {
  const list = useQuery(entitlementsOf(org_id));
  const zone = useQuery(orgById(org_id)).data?.default_timezone ?? 'UTC';
  const [changing, setChanging] = useState(false);
  const may_change = useMay('billing:write');
  const change = may_change ? (
    <Button size="small" onClick={() => setChanging(true)}>
      Change the plan
    </Button>
  ) : null;
  return (
    <Card flush title="Subscriptions" actions={change}>
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows rows={2} label="subscriptions" />
      ) : list.data.data.length === 0 ? (
        <Empty title="On no plan">Usage is kept, but nothing is billed until it has a plan.</Empty>
      ) : (
        <DataTable
          caption="Subscriptions"
          columns={columnsIn(zone)}
          rows={list.data.data}
          rowKey={(one) => one.subscription_id}
        />
      )}
      <PlanDialog org_id={org_id} open={changing} onClose={() => setChanging(false)} />
    </Card>
  );
}

const columnsIn = (zone: string): Column<Entitlement>[] => [
  {
    id: 'plan',
    header: 'Plan',
    cell: (one) => (
      <Link to="/plans/$plan_id" params={{ plan_id: one.plan_id }} search={{}} className="rounded-sm font-medium hover:underline">
        {one.plan_name}
      </Link>
    ),
  },
  { id: 'from', header: 'From', cell: (one) => <span className="text-ink-2">{formatDateIn(one.effective_at, zone)}</span> },
  {
    id: 'until',
    header: 'Until',
    cell: (one) => <span className="text-ink-2">{one.ended_at ? formatDateIn(one.ended_at, zone) : '–'}</span>,
  },
  {
    id: 'billed',
    header: 'Billed until',
    cell: (one) => <span className="text-ink-2">{one.billed_until ? formatDateIn(one.billed_until, zone) : 'Not yet'}</span>,
  },
  {
    id: 'overrides',
    header: 'Overrides',
    cell: (one) => {
      const names = Object.keys(one.overrides);
      return names.length === 0 ? (
        <span className="text-ink-3">None</span>
      ) : (
        <code className="font-mono text-xs">{names.join(', ')}</code>
      );
    },
  },
  { id: 'status', header: 'Status', align: 'right', cell: (one) => <StatusBadge status={one.status} /> },
];
