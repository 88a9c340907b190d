import { useQuery } from '@tanstack/react-query';
import { priceVersions } from '../../api/catalog.ts';
import type { PlanDetail, PlanSku } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { Hash } from '../../ui/hash.tsx';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { PriceRule } from './price-rule.tsx';

/** Every version that ever was; lines on invoices point at theirs for good. */
export function PriceHistory({ plan, sku }: { plan: PlanDetail; sku: PlanSku }) {
  const versions = useQuery(priceVersions(plan.plan_id, sku.sku));
  return (
    <Card flush title="Versions">
      {versions.error ? (
        <ProblemBox error={versions.error} onRetry={versions.refetch} className="m-4" />
      ) : versions.isPending ? (
        <SkeletonRows rows={2} label="versions" />
      ) : (
        <ol className="divide-y divide-line border-t border-line">
          {versions.data.data.map((one) => (
            <li key={one.price_version_id} className="grid gap-x-6 gap-y-2 px-4 py-3 sm:grid-cols-[11rem_minmax(0,1fr)]">
              <div>
                <p className="flex items-center gap-2 font-medium">
                  Version {one.version} {one.version === sku.version ? <Badge tone="good">Current</Badge> : null}
                </p>
                {one.created_at ? <p className="text-xs text-ink-3">{formatMoment(one.created_at)}</p> : null}
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
