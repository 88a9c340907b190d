import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Zap } from 'lucide-react';
import { skus } from '../api/catalog.ts';
import { type UsageQuery, usage } from '../api/metering.ts';
import { UsageReport } from '../features/metering/usage-report.tsx';
import type { UsageSearch } from '../features/metering/usage-search.ts';
import { OrgPicker } from '../features/tenancy/org-picker.tsx';
import { addDays, addMonths, formatMoment, startOfMonth, today } from '../ui/dates.ts';
import { TextField } from '../ui/field.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, ProblemBox, Skeleton, SkeletonRows } from '../ui/state.tsx';

const windows = [
  { value: 'day', label: 'By day' },
  { value: 'month', label: 'By month' },
] as const;

/** Metered quantities over time. What is asked stands in the address, so that it can be sent to someone. */
export function UsagePage() {
  const search = useSearch({ from: '/signed/usage' });
  const navigate = useNavigate({ from: '/usage' });
  const ask = (change: UsageSearch) => navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const known = useQuery(skus).data?.data ?? [];
  const query: UsageQuery = {
    org_id: search.org_id,
    sku: search.sku,
    from: search.from ?? startOfMonth(addMonths(today(), -2)),
    to: search.to ?? addDays(today(), 1),
    window: search.window === 'month' ? 'month' : 'day',
    group_by: search.sku ? undefined : 'sku',
  };
  const reversed = query.from >= query.to;
  const found = useQuery({ ...usage(query), enabled: !reversed });
  return (
    <Page
      title="Usage"
      lead={
        found.data?.as_of
          ? `Everything that had arrived by ${formatMoment(found.data.as_of)}`
          : 'What was metered, by organization and SKU'
      }
    >
      <form
        aria-label="What to show"
        onSubmit={(event) => event.preventDefault()}
        className="mb-4 grid grid-cols-2 items-end gap-3 md:grid-cols-[1.6fr_1.2fr_1fr_1fr_0.8fr]"
      >
        <OrgPicker label="Organization" value={search.org_id ?? ''} onChange={(org_id) => ask({ org_id: org_id || undefined })} />
        <Select
          label="SKU"
          value={search.sku ?? ''}
          choices={[{ value: '', label: 'All SKUs' }, ...known.map((one) => ({ value: one.sku, label: one.sku }))]}
          onChange={(sku) => ask({ sku: sku || undefined })}
        />
        <TextField
          label="From"
          type="date"
          value={query.from}
          onChange={(event) => event.target.value && ask({ from: event.target.value })}
        />
        <TextField
          label="Until, not included"
          type="date"
          value={query.to}
          error={reversed ? 'Must be after the start.' : undefined}
          onChange={(event) => event.target.value && ask({ to: event.target.value })}
        />
        <Select label="Window" value={query.window} choices={windows} onChange={(window) => ask({ window })} />
      </form>
      {found.error ? (
        <ProblemBox error={found.error} onRetry={found.refetch} />
      ) : found.isPending ? (
        <Card>
          <Skeleton className="mb-4 h-56 w-full" />
          <SkeletonRows label="usage" />
        </Card>
      ) : found.data.data.length === 0 ? (
        <Card>
          <Empty icon={<Zap size={22} aria-hidden="true" />} title="No usage matches">
            Widen the dates, or look at all SKUs. Usage arrives from imported files and over the API.
          </Empty>
        </Card>
      ) : (
        <UsageReport query={query} points={found.data.data} skus={known} />
      )}
    </Page>
  );
}
