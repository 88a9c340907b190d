import { useQuery } from '@tanstack/react-query';
import { consumption, type Stretch } from '../../api/meters.ts';
import type { Consumption, Register } from '../../api/types.ts';
import { BarsOverTime, type ChartPoint, Legend } from '../../ui/chart.tsx';
import { addDays, dateIn, formatDate, formatShortDate } from '../../ui/dates.ts';
import { sumDecimals } from '../../ui/decimal.ts';
import { formatCompact, formatCount, formatDecimal } from '../../ui/format.ts';
import { Empty, ProblemBox, Skeleton } from '../../ui/state.tsx';
import { drawnAs, quality_series } from './quality.tsx';

/** What a register used, coloured by how far it is to be trusted; where readings are missing the ground is hatched. */
export function MeterChart({
  meter_id,
  register,
  zone,
  stretch,
}: {
  meter_id: string;
  register: Register;
  zone: string;
  stretch: Stretch;
}) {
  const found = useQuery(consumption(meter_id, stretch));
  if (found.error) return <ProblemBox error={found.error} onRetry={found.refetch} />;
  if (!found.data) return <Skeleton className="h-64 w-full" />;
  const points = found.data.data;
  if (points.length === 0) {
    return (
      <Empty title="Nothing was used here in this time">
        {register.kind === 'interval'
          ? 'Widen the dates, or import a meter file.'
          : 'A counter needs two readings before it tells what was used.'}
      </Empty>
    );
  }
  const by_day = register.kind === 'interval';
  const drawn = points.map((point) => drawnPoint(point, zone));
  const present = quality_series.filter(({ key }) => drawn.some((point) => point.values[key] !== undefined));
  const missing = points.reduce((sum, point) => sum + point.missing, 0);
  const total = sumDecimals(points.map((point) => point.quantity));
  return (
    <>
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <p className="tabular">
          <span className="text-lg font-semibold">{formatDecimal(total)}</span>{' '}
          <span className="text-ink-3">
            {register.unit} {by_day ? 'by day' : 'between reads'}
          </span>
          {missing > 0 ? (
            <span className="ml-3 text-warn">
              {formatCount(missing)} {missing === 1 ? 'reading' : 'readings'} missing
            </span>
          ) : null}
        </p>
        <div className="flex flex-wrap items-center gap-x-4">
          <Legend series={quality_series} />
          {missing > 0 ? (
            <span className="inline-flex items-center gap-1.5 text-xs text-ink-2">
              <svg aria-hidden="true" width="10" height="10">
                <rect width="10" height="10" rx="2" fill="var(--warn-soft)" stroke="var(--warn)" strokeDasharray="2 2" />
              </svg>
              Gap
            </span>
          ) : null}
        </div>
      </div>
      <BarsOverTime
        label={`${register.register}, ${register.unit}, from ${formatDate(dateIn(points[0]!.from, zone))}`}
        points={drawn}
        series={present.length > 0 ? quality_series : [quality_series[0]]}
        formatAt={by_day ? formatDate : (at) => stretchOf(points, at, zone)}
        formatTick={formatShortDate}
        formatValue={(quantity) => `${formatDecimal(quantity)} ${register.unit}`}
        formatAxis={formatCompact}
        height={260}
      />
    </>
  );
}

function drawnPoint(point: Consumption, zone: string): ChartPoint {
  const values: Record<string, string> = {};
  for (const { quality, quantity } of point.by_quality) {
    const key = drawnAs(quality);
    values[key] = sumDecimals([values[key] ?? '0', quantity]);
  }
  const note =
    point.missing > 0 ? `${formatCount(point.missing)} ${point.missing === 1 ? 'reading' : 'readings'} missing` : undefined;
  return { at: dateIn(point.from, zone), values, note };
}

/** Between which reads a bar lies: "1 Jan 2025 – 31 Jan 2025". */
function stretchOf(points: readonly Consumption[], at: string, zone: string): string {
  const point = points.find((one) => dateIn(one.from, zone) === at);
  const last = point === undefined ? at : addDays(dateIn(point.to, zone), -1);
  return last <= at ? formatDate(at) : `${formatDate(at)} – ${formatDate(last)}`;
}
