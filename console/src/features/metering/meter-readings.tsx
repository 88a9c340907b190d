import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { readingPages } from '../../api/meters.ts';
import type { Reading, Register } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatDecimal, formatLabel } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';
import { PhotoLink } from './photo-link.tsx';
import { QualityBadge } from './quality.tsx';

/** What a register showed, latest first, with what each came to. */
export function MeterReadings({ meter_id, register }: { meter_id: string; register: Register }) {
  const list = useInfiniteQuery(readingPages(meter_id, register.register));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Card flush title="Readings">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows label="readings" />
      ) : rows.length === 0 ? (
        <Empty title="No readings yet">They come from files, from gateways, or by hand.</Empty>
      ) : (
        <>
          <DataTable
            caption="Readings, latest first"
            columns={columnsFor(register)}
            rows={rows}
            rowKey={(reading) => reading.reading_id}
          />
          {list.hasNextPage ? (
            <div className="border-t border-line py-2 text-center">
              <Button size="small" look="ghost" busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
                Show more
              </Button>
            </div>
          ) : null}
        </>
      )}
    </Card>
  );
}

function columnsFor(register: Register): Column<Reading>[] {
  const columns: Column<Reading>[] = [
    {
      id: 'time',
      header: register.kind === 'interval' ? 'Begins' : 'Read at',
      cell: (reading) => <span className="tabular whitespace-nowrap">{formatMoment(reading.time)}</span>,
    },
    {
      id: 'value',
      header: register.kind === 'interval' ? 'Value' : 'Shows',
      align: 'right',
      cell: (reading) => (
        <>
          <span className="font-medium">{formatDecimal(reading.value)}</span>{' '}
          <span className="text-xs text-ink-3">{register.unit}</span>
        </>
      ),
    },
    {
      id: 'quality',
      header: 'Quality',
      cell: (reading) => (
        <span className="inline-flex flex-wrap items-center gap-1">
          <QualityOf reading={reading} />
          {reading.flags.map((flag) => (
            <Badge key={flag} tone="warn">
              {formatLabel(flag)}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      id: 'source',
      header: 'From',
      cell: (reading) => (
        <span className="inline-flex items-center gap-2 text-ink-2">
          {reading.is_last ? 'Last of the old device' : formatLabel(reading.source)}
          <PhotoLink reading={reading} />
        </span>
      ),
    },
  ];
  // An interval is its own usage.
  return register.kind === 'interval' ? columns : [...columns, usageColumn];
}

const usageColumn: Column<Reading> = {
  id: 'usage',
  header: 'Usage',
  align: 'right',
  cell: (reading) =>
    reading.usage ? (
      <span className={reading.usage.refusal ? 'text-bad' : ''}>
        {formatDecimal(reading.usage.quantity)}
        {reading.usage.refusal ? ` refused, ${reading.usage.refusal}` : ''}
      </span>
    ) : (
      <span className="text-ink-3">–</span>
    ),
};

function QualityOf({ reading }: { reading: Reading }) {
  if (reading.state !== 'held') return <QualityBadge quality={reading.quality} />;
  return (
    <Link to="/reviews" search={{}} className="rounded">
      <Badge tone="warn">Held for review</Badge>
    </Link>
  );
}
