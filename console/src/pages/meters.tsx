import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Gauge } from 'lucide-react';
import { meterPages, siteById } from '../api/meters.ts';
import { orgById } from '../api/orgs.ts';
import type { Meter } from '../api/types.ts';
import { everyText } from '../features/metering/meter-gaps.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, Skeleton, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** Every meter, by what it is called or where it stands. */
export function MetersPage() {
  const { q = '' } = useSearch({ from: '/signed/meters' });
  const navigate = useNavigate({ from: '/meters' });
  const list = useInfiniteQuery(meterPages(q));
  const meters = list.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Page
      title="Meters"
      lead="What is metered where, and who is there"
      actions={
        <TextField
          quiet
          label="Search meters and sites"
          type="search"
          placeholder="Search meters and sites"
          className="w-64"
          defaultValue={q}
          maxLength={100}
          onChange={(event) => navigate({ search: event.target.value ? { q: event.target.value } : {}, replace: true })}
        />
      }
    >
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows rows={8} label="meters" />
        ) : meters.length === 0 ? (
          <Empty
            icon={<Gauge size={22} aria-hidden="true" />}
            title={q ? 'No meter is called so' : 'No meters yet'}
            action={
              q ? undefined : (
                <Link to="/imports" search={{}} className={buttonClass('primary')}>
                  Import a meter file
                </Link>
              )
            }
          >
            {q
              ? 'The search looks at what meters and their sites are called.'
              : 'Importing a meter file makes the ones it names.'}
          </Empty>
        ) : (
          <DataTable
            caption="Meters"
            columns={columns}
            rows={meters}
            rowKey={(meter) => meter.meter_id}
            onRow={(meter) => navigate({ to: '/meters/$meter_id', params: { meter_id: meter.meter_id }, search: {} })}
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
    </Page>
  );
}

const columns: readonly Column<Meter>[] = [
  {
    id: 'identifier',
    header: 'Meter',
    cell: (meter) => (
      <Link
        to="/meters/$meter_id"
        params={{ meter_id: meter.meter_id }}
        search={{}}
        className="rounded-sm font-mono text-xs font-medium underline decoration-line-strong underline-offset-2 hover:decoration-current"
      >
        {meter.identifier}
      </Link>
    ),
  },
  { id: 'site', header: 'Site', cell: (meter) => <SiteOf site_id={meter.site_id} /> },
  { id: 'occupant', header: 'Occupied by', cell: (meter) => <OccupantOf site_id={meter.site_id} /> },
  {
    id: 'registers',
    header: 'Registers',
    cell: (meter) => (
      <span className="text-ink-2">{meter.registers.map((one) => `${one.register} ${one.sku}`).join(', ') || meter.sku}</span>
    ),
  },
  { id: 'kind', header: 'Read', cell: (meter) => <span className="text-ink-2">{rhythmOf(meter)}</span> },
];

function SiteOf({ site_id }: { site_id: string }) {
  const site = useQuery(siteById(site_id));
  if (site.isPending) return <Skeleton className="h-3 w-28" />;
  return (
    <span className="inline-flex items-baseline gap-2">
      {site.data?.name ?? '–'}
      {site.data?.address ? <span className="text-xs text-ink-3">{site.data.address}</span> : null}
    </span>
  );
}

function OccupantOf({ site_id }: { site_id: string }) {
  const site = useQuery(siteById(site_id));
  const org_id = site.data?.org_id;
  if (site.isPending) return <Skeleton className="h-3 w-28" />;
  return org_id ? <Occupant org_id={org_id} /> : <span className="text-ink-3">Nobody</span>;
}

function Occupant({ org_id }: { org_id: string }) {
  const org = useQuery(orgById(org_id));
  return org.isPending ? <Skeleton className="h-3 w-28" /> : (org.data?.legal_name ?? '–');
}

function rhythmOf(meter: Meter): string {
  const kinds = new Set(
    meter.registers.map(({ kind, every_minutes }) =>
      kind === 'cumulative' ? 'Counter' : every_minutes === null ? 'Intervals' : `Every ${everyText(every_minutes)}`,
    ),
  );
  return [...kinds].join(', ') || '–';
}
