import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Tags } from 'lucide-react';
import { businessModels, plans, skus } from '../api/catalog.ts';
import type { BusinessModel, Plan, Sku } from '../api/types.ts';
import { Badge, StatusBadge } from '../ui/badge.tsx';
import { formatDecimal } from '../ui/format.ts';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** What is sold: plans by business model, and the SKUs that prices are made for. */
export function PlansPage() {
  const list = useQuery(plans);
  const models = useQuery(businessModels);
  const groups = grouped(list.data?.data ?? [], models.data?.data ?? []);
  return (
    <Page title="Plans and prices" lead="A price never changes; a new version takes its place from then on">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} />
      ) : list.isPending || models.isPending ? (
        <Card flush>
          <SkeletonRows rows={6} label="plans" />
        </Card>
      ) : list.data.data.length === 0 ? (
        <Card>
          <Empty icon={<Tags size={22} aria-hidden="true" />} title="No plans yet">
            Make a business model, a plan and its prices over the API:{' '}
            <code className="font-mono text-xs">POST /v1/business-models</code>,{' '}
            <code className="font-mono text-xs">POST /v1/plans</code>,{' '}
            <code className="font-mono text-xs">PUT /v1/plans/…/skus/…</code>
          </Empty>
        </Card>
      ) : (
        <div className="flex flex-col gap-6">
          {groups.map(({ model, plans: own }) => (
            <section key={model.model_id} aria-labelledby={model.model_id}>
              <h2 id={model.model_id} className="mb-2 flex items-center gap-2 text-sm font-semibold">
                {model.name} <Badge>{model.currency}</Badge>
              </h2>
              <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
                {own.map((plan) => (
                  <li key={plan.plan_id}>
                    <PlanCard plan={plan} />
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
      <SkuList />
    </Page>
  );
}

function PlanCard({ plan }: { plan: Plan }) {
  return (
    <Link
      to="/plans/$plan_id"
      params={{ plan_id: plan.plan_id }}
      search={{}}
      className="flex h-full flex-col rounded-xl border border-line bg-surface px-4 pt-3.5 pb-3 shadow-card transition-colors hover:border-line-strong"
    >
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{plan.name}</span>
        {plan.tier ? <Badge>{plan.tier}</Badge> : null}
        {plan.status === 'active' ? null : <StatusBadge status={plan.status} />}
      </span>
      <span className="tabular mt-3 text-lg font-semibold tracking-tight">
        {formatDecimal(plan.base_amount ?? '0')}{' '}
        <span className="text-xs font-normal text-ink-3">
          {plan.currency} base, every {intervalName(plan.billing_interval)}
        </span>
      </span>
    </Link>
  );
}

function SkuList() {
  const list = useQuery(skus);
  return (
    <Card flush title="SKUs" lead="what is metered and priced" className="mt-6">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows rows={4} label="SKUs" />
      ) : list.data.data.length === 0 ? (
        <Empty title="No SKUs yet">
          Make the first with <code className="font-mono text-xs">POST /v1/skus</code>.
        </Empty>
      ) : (
        <DataTable caption="SKUs" columns={skuColumns} rows={list.data.data} rowKey={(one) => one.sku} />
      )}
    </Card>
  );
}

const skuColumns: readonly Column<Sku>[] = [
  {
    id: 'sku',
    header: 'SKU',
    cell: (one) => <code className="font-mono text-xs">{one.sku}</code>,
    compare: (a, b) => a.sku.localeCompare(b.sku),
  },
  { id: 'type', header: 'Type', cell: (one) => one.type, compare: (a, b) => a.type.localeCompare(b.type) },
  { id: 'unit', header: 'Unit', cell: (one) => one.unit },
  { id: 'aggregation', header: 'Aggregation', cell: (one) => one.aggregation ?? 'sum' },
];

/** "P1M" → "month". */
export function intervalName(interval: string): string {
  return { P1M: 'month', P1Y: 'year', P3M: 'quarter', P1W: 'week', P1D: 'day' }[interval] ?? interval;
}

function grouped(list: readonly Plan[], models: readonly BusinessModel[]) {
  const byModel = Map.groupBy(list, (plan) => plan.model_id);
  return [...byModel].map(([model_id, own]) => ({
    model: models.find((model) => model.model_id === model_id) ?? {
      model_id,
      code: '',
      name: 'Plans',
      currency: own[0]!.currency,
    },
    plans: own,
  }));
}
