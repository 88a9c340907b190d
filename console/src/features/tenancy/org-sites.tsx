import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronRight, Gauge } from 'lucide-react';
import { useState } from 'react';
import { metersOf, occupanciesOf, orgById, sitesOf } from '../../api/orgs.ts';
import type { Occupancy, Site } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { formatDateIn } from '../../ui/dates.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, Skeleton, SkeletonRows } from '../../ui/state.tsx';

/** Where the organization is metered; a site opens into its meters and who occupied it when. */
export function OrgSites({ org_id }: { org_id: string }) {
  const list = useQuery(sitesOf(org_id));
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Card flush title="Sites">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows rows={2} label="sites" />
      ) : list.data.data.length === 0 ? (
        <Empty title="No sites">A site is a place with meters. Importing a meter file makes the ones it names.</Empty>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {list.data.data.map((site) => (
            <li key={site.site_id}>
              <SiteRow
                site={site}
                open={open === site.site_id}
                onToggle={() => setOpen(open === site.site_id ? null : site.site_id)}
              />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function SiteRow({ site, open, onToggle }: { site: Site; open: boolean; onToggle: () => void }) {
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={`site-${site.site_id}`}
        onClick={onToggle}
        className="flex h-10 w-full items-center gap-2 px-4 text-left hover:bg-sunken focus-visible:-outline-offset-2"
      >
        <ChevronRight size={14} aria-hidden="true" className={cx('text-ink-3 transition-transform', open && 'rotate-90')} />
        <span className="font-medium">{site.name}</span>
        {site.address ? <span className="truncate text-ink-3">{site.address}</span> : null}
      </button>
      {open ? (
        <div id={`site-${site.site_id}`} className="grid gap-6 bg-sunken px-4 pt-2 pb-4 sm:grid-cols-2 sm:pl-10">
          <Meters site_id={site.site_id} />
          <Occupancies site={site} />
        </div>
      ) : null}
    </>
  );
}

function Meters({ site_id }: { site_id: string }) {
  const list = useQuery(metersOf(site_id));
  return (
    <div>
      <h3 className="mb-1.5 text-xs font-medium text-ink-3">Meters</h3>
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} />
      ) : list.isPending ? (
        <Skeleton className="h-8 w-full" />
      ) : list.data.data.length === 0 ? (
        <p className="text-ink-3">None yet.</p>
      ) : (
        <ul className="flex flex-col gap-1.5">
          {list.data.data.map((meter) => (
            <li key={meter.meter_id} className="flex items-center gap-2">
              <Gauge size={14} className="text-ink-3" aria-hidden="true" />
              <Link
                to="/meters/$meter_id"
                params={{ meter_id: meter.meter_id }}
                search={{}}
                className="rounded-sm font-mono text-xs underline decoration-line-strong underline-offset-2 hover:decoration-current"
              >
                {meter.identifier}
              </Link>
              <span className="text-ink-3">
                {meter.registers.length > 0 ? meter.registers.map((one) => `${one.register} ${one.sku}`).join(', ') : meter.sku}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Occupancies({ site }: { site: Site }) {
  const list = useQuery(occupanciesOf(site.site_id));
  return (
    <div>
      <h3 className="mb-1.5 text-xs font-medium text-ink-3">Occupied by</h3>
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} />
      ) : list.isPending ? (
        <Skeleton className="h-8 w-full" />
      ) : list.data.data.length === 0 ? (
        <p className="text-ink-3">Nobody.</p>
      ) : (
        <ul className="flex flex-col gap-1.5">
          {list.data.data.map((occupancy) => (
            <OccupancyRow key={occupancy.occupancy_id} occupancy={occupancy} zone={site.time_zone} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OccupancyRow({ occupancy, zone }: { occupancy: Occupancy; zone: string }) {
  const org = useQuery(orgById(occupancy.org_id));
  return (
    <li className="tabular">
      {org.data?.legal_name ?? 'An organization'}{' '}
      <span className="text-ink-3">
        {formatDateIn(occupancy.from, zone)} – {occupancy.to ? formatDateIn(occupancy.to, zone) : 'now'}
      </span>
    </li>
  );
}
