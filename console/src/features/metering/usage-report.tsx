import { Clipboard, Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { UsageQuery } from '../../api/metering.ts';
import type { Sku, UsagePoint } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { BarsOverTime } from '../../ui/chart.tsx';
import { chartColor } from '../../ui/chart-color.ts';
import { cx } from '../../ui/cx.ts';
import { addDays, addMonths, dateOf, formatDate, formatMonth, formatShortDate, formatShortMonth } from '../../ui/dates.ts';
import { compareDecimals, sumDecimals } from '../../ui/decimal.ts';
import { formatCompact, formatCount, formatDecimal } from '../../ui/format.ts';
import { copyText } from '../../ui/hash.tsx';
import { Card } from '../../ui/page.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

interface UsageReportProps {
  query: UsageQuery;
  points: readonly UsagePoint[];
  skus: readonly Sku[];
}

/** A chart of one SKU (quantities of different units have no common axis) and the table of all. */
export function UsageReport({ query, points, skus }: UsageReportProps) {
  const named = useMemo(() => points.map((point) => ({ ...point, sku: point.sku ?? query.sku ?? '' })), [points, query.sku]);
  const groups = useMemo(() => [...Map.groupBy(named, (point) => point.sku)], [named]);
  const [picked, setPicked] = useState<string | null>(null);
  const [shown, list] = groups.find(([sku]) => sku === picked) ?? groups[0]!;
  const [all, showAll] = useState(false);
  const unit = (sku: string) => skus.find((one) => one.sku === sku)?.unit ?? '';
  const columns = useMemo(() => columnsFor(query.window, skus), [query.window, skus]);
  return (
    <div className="flex flex-col gap-4">
      <Card>
        <fieldset className="mb-3 flex flex-wrap gap-2">
          <legend className="sr-only">SKU in the chart</legend>
          {groups.map(([sku, own]) => (
            <button
              key={sku}
              type="button"
              aria-pressed={sku === shown}
              onClick={() => setPicked(sku)}
              className={cx(
                'rounded-lg border px-3 py-1.5 text-left',
                sku === shown ? 'border-accent bg-accent-soft' : 'border-line hover:bg-sunken',
              )}
            >
              <span className={cx('block text-xs', sku === shown ? 'text-accent' : 'text-ink-3')}>{sku}</span>
              <span className="tabular block text-base font-semibold">
                {formatCompact(sumDecimals(own.map((point) => point.quantity)))}{' '}
                <span className={cx('text-xs font-normal', sku === shown ? 'text-accent' : 'text-ink-3')}>{unit(sku)}</span>
              </span>
            </button>
          ))}
        </fieldset>
        <BarsOverTime
          label={`${shown} by ${query.window}, from ${formatDate(query.from)} until ${formatDate(addDays(query.to, -1))}`}
          points={filled(list, query)}
          series={[{ key: 'quantity', name: `${shown}, ${unit(shown)}` }]}
          formatAt={query.window === 'month' ? formatMonth : formatDate}
          formatTick={query.window === 'month' ? formatShortMonth : formatShortDate}
          formatValue={(quantity) => `${formatDecimal(quantity)} ${unit(shown)}`}
          formatAxis={formatCompact}
          height={260}
        />
      </Card>
      <Card
        flush
        title="Quantities"
        lead={`${formatCount(named.length)} rows`}
        actions={
          <>
            <Button size="small" onClick={() => copyText(asCsv(named, unit), 'CSV')}>
              <Clipboard size={12} aria-hidden="true" /> Copy CSV
            </Button>
            <Button size="small" onClick={() => save(asCsv(named, unit), `usage-${query.from}-${query.to}.csv`)}>
              <Download size={12} aria-hidden="true" /> Download
            </Button>
          </>
        }
      >
        <DataTable
          caption="Quantities by window and SKU"
          columns={columns}
          rows={named}
          rowKey={(point) => `${point.start} ${point.sku}`}
        />
        {named.length > first_rows && !all ? (
          <div className="border-t border-line py-2 text-center">
            <Button size="small" look="ghost" onClick={() => showAll(true)}>
              Show all {formatCount(named.length)} rows
            </Button>
          </div>
        ) : null}
      </Card>
    </div>
  );
}

const first_rows = 100;

type NamedPoint = UsagePoint & { sku: string };

function columnsFor(window: 'day' | 'month', skus: readonly Sku[]): Column<NamedPoint>[] {
  const unit = (sku: string) => skus.find((one) => one.sku === sku)?.unit ?? '';
  return [
    {
      id: 'start',
      header: window === 'month' ? 'Month' : 'Day',
      cell: (point) => (
        <span className="whitespace-nowrap">{window === 'month' ? formatMonth(point.start) : formatDate(point.start)}</span>
      ),
      compare: (a, b) => a.start.localeCompare(b.start),
    },
    {
      id: 'sku',
      header: 'SKU',
      cell: (point) => (
        <span className="inline-flex items-center gap-2">
          <span
            aria-hidden="true"
            className="size-2 rounded-[3px]"
            style={{ background: chartColor(skus.findIndex((one) => one.sku === point.sku)) }}
          />
          {point.sku}
        </span>
      ),
      compare: (a, b) => a.sku.localeCompare(b.sku),
    },
    {
      id: 'count',
      header: 'Events',
      align: 'right',
      cell: (point) => formatCount(point.count),
      compare: (a, b) => compareDecimals(String(a.count), String(b.count)),
    },
    {
      id: 'quantity',
      header: 'Quantity',
      align: 'right',
      cell: (point) => (
        <>
          <span className="font-medium">{formatDecimal(point.quantity)}</span>{' '}
          <span className="text-xs text-ink-3">{unit(point.sku)}</span>
        </>
      ),
      compare: (a, b) => compareDecimals(a.quantity, b.quantity),
    },
  ];
}

/** Every window of the period, those without usage at zero, so that the axis is true to time. */
function filled(points: readonly UsagePoint[], query: UsageQuery) {
  const found = new Map(points.map((point) => [dateOf(point.start), point.quantity]));
  const next = (at: string) => (query.window === 'month' ? addMonths(at, 1) : addDays(at, 1));
  const rows: { at: string; values: { quantity: string } }[] = [];
  const first = query.window === 'month' ? `${query.from.slice(0, 7)}-01` : query.from;
  for (let at = first; at < query.to; at = next(at)) rows.push({ at, values: { quantity: found.get(at) ?? '0' } });
  return rows;
}

function asCsv(points: readonly NamedPoint[], unit: (sku: string) => string): string {
  const rows = points.map((point) => [dateOf(point.start), point.sku, point.quantity, unit(point.sku), String(point.count)]);
  return [['start', 'sku', 'quantity', 'unit', 'events'], ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n');
}

/** Quoted where it must be; text that a spreadsheet would run as a formula is kept text. Signed numbers are left alone. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function save(text: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
}
