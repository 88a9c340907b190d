import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { skus } from '../../api/catalog.ts';
import { usage } from '../../api/metering.ts';
import type { UsagePoint } from '../../api/types.ts';
import { Sparkline } from '../../ui/chart.tsx';
import { chartColor } from '../../ui/chart-color.ts';
import { addDays, addMonths, dateOf, today } from '../../ui/dates.ts';
import { sumDecimals } from '../../ui/decimal.ts';
import { formatCompact } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, Skeleton } from '../../ui/state.tsx';

/** Each SKU's last three months: units differ, so each has a line of its own and no common axis. */
export function UsageBySku() {
  const to = addDays(today(), 1);
  const from = addMonths(to, -3);
  const used = useQuery(usage({ from, to, window: 'day', group_by: 'sku' }));
  const units = new Map(useQuery(skus).data?.data.map((one) => [one.sku, one.unit]));
  const groups = bySku(used.data?.data ?? []);
  return (
    <Card title="Usage" lead="last three months, by day">
      {used.error ? (
        <ProblemBox error={used.error} onRetry={used.refetch} />
      ) : used.isPending ? (
        <div className="flex flex-col gap-4 pt-2">
          {[1, 2, 3, 4, 5].map((row) => (
            <Skeleton key={row} className="h-8 w-full" />
          ))}
        </div>
      ) : groups.length === 0 ? (
        <Empty title="No usage in these months">Import a file, or send events to the API.</Empty>
      ) : (
        <ul className="-mx-4 -mb-4 flex flex-col">
          {groups.slice(0, 6).map((group, index) => (
            <li key={group.sku}>
              <Link
                to="/usage"
                search={{ sku: group.sku, from, to }}
                className="grid h-[41px] grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(8.5rem,auto)] items-center gap-4 px-4 hover:bg-sunken focus-visible:-outline-offset-2"
              >
                <span className="truncate">{group.sku}</span>
                <Sparkline values={daily(group.points, from, to)} color={chartColor(index)} />
                <span className="tabular text-right whitespace-nowrap">
                  <span className="font-medium">{formatCompact(group.total)}</span>{' '}
                  <span className="text-xs text-ink-3">{units.get(group.sku)}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Groups with what moved most often first. */
function bySku(points: readonly UsagePoint[]) {
  const groups = Map.groupBy(points, (point) => point.sku ?? '');
  return [...groups]
    .map(([sku, list]) => ({ sku, points: list, total: sumDecimals(list.map((point) => point.quantity)) }))
    .sort((a, b) => b.points.length - a.points.length || a.sku.localeCompare(b.sku));
}

/** One quantity for every whole day of the period, "0" where nothing was used. Today is not over, so it is left out. */
function daily(points: readonly UsagePoint[], from: string, to: string): string[] {
  const found = new Map(points.map((point) => [dateOf(point.start), point.quantity]));
  const days: string[] = [];
  for (let day = from; day < addDays(to, -1); day = addDays(day, 1)) days.push(found.get(day) ?? '0');
  return days;
}
