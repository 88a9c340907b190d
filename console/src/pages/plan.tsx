import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { planById, priceVersions } from '../api/catalog.ts';
import type { PlanDetail, PlanSku } from '../api/types.ts';
import { NewDraftDialog } from '../features/catalog/new-draft-dialog.tsx';
import { PolicyCard } from '../features/catalog/policy-card.tsx';
import { PriceCurve } from '../features/catalog/price-curve.tsx';
import { PriceHistory } from '../features/catalog/price-history.tsx';
import { PriceRule } from '../features/catalog/price-rule.tsx';
import { VersionComparison } from '../features/catalog/version-comparison.tsx';
import { useMay } from '../features/session/may.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { formatMoment } from '../ui/dates.ts';
import { formatDecimal } from '../ui/format.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { intervalName } from './plans.tsx';

/** A plan's SKUs; the chosen one shows its price, its curve and its history. */
export function PlanPage() {
  const { plan_id } = useParams({ from: '/signed/plans/$plan_id' });
  const plan = useQuery(planById(plan_id));
  return (
    <Page
      title={plan.data?.name ?? 'Plan'}
      trail={<Link to="/plans">Plans and prices</Link>}
      heading={
        plan.data ? (
          <span className="flex items-center gap-2">
            {plan.data.name} {plan.data.tier ? <Badge>{plan.data.tier}</Badge> : null}
          </span>
        ) : (
          <HeadingSkeleton title="Plan" />
        )
      }
      lead={
        plan.data ? (
          <span className="tabular">
            {formatDecimal(plan.data.base_amount ?? '0')} {plan.data.currency} base, every{' '}
            {intervalName(plan.data.billing_interval)}
          </span>
        ) : null
      }
      actions={<DraftButton plan_id={plan_id} />}
    >
      {plan.error ? (
        <ProblemBox error={plan.error} onRetry={plan.refetch} />
      ) : !plan.data ? (
        <Skeleton className="h-96 rounded-xl" />
      ) : plan.data.skus.length === 0 ? (
        <Card>
          <Empty title="This plan prices nothing yet">
            Give it a price with <code className="font-mono text-xs">PUT /v1/plans/{plan_id}/skus/…</code>; its base amount is
            billed either way.
          </Empty>
        </Card>
      ) : (
        <Prices plan={plan.data} />
      )}
    </Page>
  );
}

function DraftButton({ plan_id }: { plan_id: string }) {
  const may = useMay('catalog:write');
  const [open, setOpen] = useState(false);
  if (!may) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Draft a price change</Button>
      <NewDraftDialog plan_id={plan_id} open={open} onClose={() => setOpen(false)} />
    </>
  );
}

function Prices({ plan }: { plan: PlanDetail }) {
  const search = useSearch({ from: '/signed/plans/$plan_id' });
  const navigate = useNavigate({ from: '/plans/$plan_id' });
  const chosen = plan.skus.find((one) => one.sku === search.sku) ?? plan.skus[0]!;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[15rem_minmax(0,1fr)]">
      <div className="flex flex-col gap-4">
        <nav aria-label="SKUs of the plan" className="overflow-hidden rounded-xl border border-line bg-surface shadow-card">
          <ul className="divide-y divide-line">
            {plan.skus.map((one) => (
              <li key={one.sku}>
                <button
                  type="button"
                  aria-current={one.sku === chosen.sku ? 'true' : undefined}
                  onClick={() => navigate({ search: { sku: one.sku }, replace: true })}
                  className={cx(
                    'flex w-full items-center gap-2 px-4 py-2 text-left focus-visible:-outline-offset-2',
                    one.sku === chosen.sku ? 'bg-accent-soft' : 'hover:bg-sunken',
                  )}
                >
                  <span className="min-w-0 flex-1">
                    <span className="block truncate font-medium">{one.sku}</span>
                    <span className={cx('block text-xs', one.sku === chosen.sku ? 'text-accent' : 'text-ink-3')}>
                      per {one.unit}
                    </span>
                  </span>
                  <span className={cx('tabular text-xs', one.sku === chosen.sku ? 'text-accent' : 'text-ink-3')}>
                    v{one.version}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <PolicyCard plan_id={plan.plan_id} />
      </div>
      <PriceOf key={chosen.sku} plan={plan} sku={chosen} />
    </div>
  );
}

function PriceOf({ plan, sku }: { plan: PlanDetail; sku: PlanSku }) {
  const compared = useQuery(priceVersions(plan.plan_id, sku.sku)).data?.data ?? [];
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card
        title={sku.sku}
        lead={`version ${sku.version}, since ${formatMoment(sku.created_at)}`}
        actions={<Hash value={sku.price_version_id} label="Price version id" />}
      >
        <PriceRule price={sku.price} currency={plan.currency} unit={sku.unit} />
      </Card>
      <PriceCurve price={sku.price} currency={plan.currency} unit={sku.unit} />
      <PriceHistory plan={plan} sku={sku} />
      {compared.length > 1 ? <VersionComparison key={sku.version} versions={compared} /> : null}
    </div>
  );
}
