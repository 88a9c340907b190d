import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { FilePenLine } from 'lucide-react';
import { useState } from 'react';
import { plans } from '../api/catalog.ts';
import { priceDrafts } from '../api/pricing.ts';
import type { PriceDraft } from '../api/types.ts';
import { NewDraftDialog } from '../features/catalog/new-draft-dialog.tsx';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { formatMoment } from '../ui/dates.ts';
import { formatCount } from '../ui/format.ts';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** Changes of prices that are being thought about, tried, or done. */
export function DraftsPage() {
  const list = useQuery(priceDrafts);
  const names = new Map(useQuery(plans).data?.data.map((plan) => [plan.plan_id, plan.name]));
  const navigate = useNavigate();
  const may = useMay('catalog:write');
  const [drafting, setDrafting] = useState(false);
  const begin = may ? (
    <Button look="primary" onClick={() => setDrafting(true)}>
      Draft a price change
    </Button>
  ) : null;
  return (
    <Page title="Price drafts" lead="Change prices here first, try them on real months, then publish" actions={begin}>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows label="price drafts" />
        ) : list.data.data.length === 0 ? (
          <Empty icon={<FilePenLine size={22} aria-hidden="true" />} title="No drafts yet" action={begin}>
            A draft holds new prices of a plan. A backtest shows what the last months would have cost everybody under it.
          </Empty>
        ) : (
          <DataTable
            caption="Price drafts, newest first"
            columns={columnsWith(names)}
            rows={list.data.data}
            rowKey={(one) => one.draft_id}
            onRow={({ draft_id }) => navigate({ to: '/drafts/$draft_id', params: { draft_id }, search: {} })}
          />
        )}
      </Card>
      <NewDraftDialog open={drafting} onClose={() => setDrafting(false)} />
    </Page>
  );
}

const columnsWith = (names: ReadonlyMap<string, string>): readonly Column<PriceDraft>[] => [
  {
    id: 'name',
    header: 'Draft',
    cell: ({ draft_id, name }) => (
      <Link to="/drafts/$draft_id" params={{ draft_id }} search={{}} className="font-medium hover:text-accent">
        {name}
      </Link>
    ),
  },
  { id: 'plan', header: 'Plan', cell: ({ plan_id }) => names.get(plan_id) ?? '' },
  { id: 'status', header: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { id: 'skus', header: 'Prices', align: 'right', cell: ({ skus }) => formatCount(Object.keys(skus).length) },
  {
    id: 'at',
    header: 'Changed',
    cell: ({ updated_at }) => <span className="whitespace-nowrap text-ink-2">{formatMoment(updated_at)}</span>,
  },
];
