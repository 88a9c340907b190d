import { useQuery } from '@tanstack/react-query';
import { priceVersions } from '../../api/catalog.ts';
import type { PlanDetail, PlanSku } from '../../api/types.ts';
import { formatMoment } from '../../ui/dates.ts';
import { Hash } from '../../ui/hash.tsx';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { PriceRule } from './price-rule.tsx';

/** The versions before the current one; lines on invoices point at theirs for good. */
export function PriceHistory({ plan, sku }: { plan: PlanDetail; sku: PlanSku }) {
  const versions = useQuery(priceVersions(plan.plan_id, sku.sku));
  const earlier = versions.data?.data.filter((one) => one.version !== sku.version) ?? [];
  return (
    <Card flush title="Earlier versions">
      {versions.error ? (
        <ProblemBox error={versions.error} onRetry={versions.refetch} className="m-4" />
      ) : versions.isPending ? (
        <SkeletonRows rows={2} label="versions" />
      ) : earlier.length === 0 ? (
        <p className="px-4 pb-4 text-ink-3">None. This is the first price of this SKU in the plan.</p>
      ) : (
        <ol className="divide-y divide-line border-t border-line">
          {earlier.map((one) => (
            <li key={one.price_version_id} className="grid gap-x-6 gap-y-2 px-4 py-3 sm:grid-cols-[11rem_minmax(0,1fr)]">
              <div>
                <p className="font-medium">Version {one.version}</p>
                <p className="text-xs text-ink-3">{formatMoment(one.created_at)}</p>
                <Hash value={one.price_version_id} label="Price version id" />
              </div>
              <PriceRule price={one.price} currency={plan.currency} unit={sku.unit} />
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
