import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { estimateGap, gaps, type Stretch } from '../../api/meters.ts';
import type { Gap, Register } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';

/** Where readings are missing, each with a way to fill it. */
export function MeterGaps({ meter_id, register, stretch }: { meter_id: string; register: Register; stretch: Stretch }) {
  const found = useQuery(gaps(meter_id, stretch));
  if (register.every_minutes === null) return null;
  const rows = found.data?.data ?? [];
  return (
    <Card
      flush
      title="Gaps"
      lead={found.data ? (rows.length === 0 ? 'Nothing is missing' : formatCount(rows.length)) : undefined}
    >
      {found.error ? (
        <ProblemBox error={found.error} onRetry={found.refetch} className="m-4" />
      ) : found.isPending ? (
        <SkeletonRows rows={2} label="gaps" />
      ) : rows.length === 0 ? (
        <p className="px-4 pb-4 text-ink-3">
          Every reading that is expected in this time is there, one in {everyText(register.every_minutes)}.
        </p>
      ) : (
        <DataTable caption="Gaps" columns={columnsFor(meter_id, register)} rows={rows} rowKey={(gap) => gap.from} />
      )}
    </Card>
  );
}

function EstimateButton({ meter_id, register, gap }: { meter_id: string; register: Register; gap: Gap }) {
  const queries = useQueryClient();
  const may_write = useMay('usage:write');
  const estimate = useMutation({
    mutationFn: () => estimateGap(meter_id, { register: register.register, from: gap.from, to: gap.to }),
    onSuccess: async ({ data }) => {
      const held = data.filter((one) => one.outcome === 'held').length;
      announce(
        `${formatCount(data.length)} ${data.length === 1 ? 'reading was' : 'readings were'} estimated`,
        held > 0 ? `${formatCount(held)} of them wait in the review queue.` : 'Later actual readings take their place.',
      );
      await queries.invalidateQueries({ queryKey: ['readings', meter_id] });
    },
    onError: announceProblem,
  });
  if (!may_write) return null;
  return (
    <Button size="small" busy={estimate.isPending} onClick={() => estimate.mutate()}>
      Estimate
    </Button>
  );
}

function columnsFor(meter_id: string, register: Register): Column<Gap>[] {
  return [
    { id: 'from', header: 'From', cell: (gap) => <span className="tabular whitespace-nowrap">{formatMoment(gap.from)}</span> },
    { id: 'to', header: 'Until', cell: (gap) => <span className="tabular whitespace-nowrap">{formatMoment(gap.to)}</span> },
    {
      id: 'missing',
      header: 'Missing',
      align: 'right',
      cell: (gap) => `${formatCount(gap.missing)} ${gap.missing === 1 ? 'reading' : 'readings'}`,
    },
    {
      id: 'estimate',
      header: '',
      align: 'right',
      className: 'w-28',
      cell: (gap) => <EstimateButton meter_id={meter_id} register={register} gap={gap} />,
    },
  ];
}

export function everyText(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? 'a day' : `${minutes / 1440} days`;
  if (minutes % 60 === 0) return minutes === 60 ? 'an hour' : `${minutes / 60} hours`;
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}
