import { useQuery } from '@tanstack/react-query';
import { draftDifferences } from '../../api/pricing.ts';
import type { PriceDraft } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatDecimal } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { PriceRule } from './price-rule.tsx';

/** What publishing the draft would change in its plan as it is now. */
export function DraftChanges({ draft, unitOf }: { draft: PriceDraft; unitOf: (sku: string) => string }) {
  const found = useQuery(draftDifferences(draft.draft_id));
  const data = found.data;
  const base = data && data.base_amount.before !== data.base_amount.after ? data.base_amount : null;
  return (
    <Card flush title="Differences to the live plan">
      {found.error ? (
        <ProblemBox error={found.error} onRetry={found.refetch} className="m-4" />
      ) : !data ? (
        <SkeletonRows rows={2} label="differences" />
      ) : data.differences.length === 0 && !base ? (
        <p className="px-4 pb-4 text-ink-3">None: the plan charges what the draft says.</p>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {base ? (
            <li className="tabular px-4 py-3">
              <span className="font-medium">Base fee</span>{' '}
              <span className="text-ink-2">
                {formatDecimal(base.before ?? '0')} → {formatDecimal(base.after ?? '0')} {data.currency}
              </span>
            </li>
          ) : null}
          {data.differences.map(({ sku, change, before, after }) => (
            <li key={sku} className="px-4 py-3">
              <p className="mb-1 flex items-center gap-2 font-medium">
                {sku} <Badge tone={change === 'added' ? 'accent' : 'warn'}>{change === 'added' ? 'New' : 'Changed'}</Badge>
              </p>
              <div className="grid gap-4 sm:grid-cols-2">
                <div className="min-w-0">
                  <p className="text-2xs text-ink-3">Live</p>
                  {before ? (
                    <PriceRule price={before} currency={data.currency} unit={unitOf(sku)} />
                  ) : (
                    <p className="text-ink-3">Not priced</p>
                  )}
                </div>
                <div className="min-w-0">
                  <p className="text-2xs text-ink-3">Draft</p>
                  <PriceRule price={after} currency={data.currency} unit={unitOf(sku)} />
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
