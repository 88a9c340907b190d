import type { BacktestSummary } from '../../api/types.ts';
import { type ChartSeries, GroupedBars, Legend } from '../../ui/chart.tsx';
import { formatMonth, formatShortMonth } from '../../ui/dates.ts';
import { formatAmount, formatAmountCompact, formatCompact, formatCount } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import type { NamedSide } from './backtest-figures.tsx';

type Bucket = NamedSide['side']['distribution'][number];

/** How many organizations pay how much more or less, in percent. */
export function ChangeChart({ sides }: { sides: readonly NamedSide[] }) {
  const series: ChartSeries[] = sides.map(({ key, name }) => ({ key, name }));
  const points = sides[0]!.side.distribution.map((bucket, index) => ({
    at: bucketName(bucket),
    values: Object.fromEntries(sides.map(({ key, side }) => [key, String(side.distribution[index]!.organizations)])),
  }));
  const used = points.map(({ values }) => Object.values(values).some((count) => count !== '0'));
  const shown = points.slice(Math.max(0, used.indexOf(true) - 1), used.lastIndexOf(true) + 2);
  return (
    <Card title="Who pays how much more" lead="organizations by change in percent" actions={<Legend series={series} />}>
      <GroupedBars
        label="Organizations by the change of what they pay, in percent"
        points={shown}
        series={series}
        formatAt={(at) => `${at} %`}
        formatTick={(at) => at}
        formatValue={formatCount}
        formatAxis={formatCompact}
        height={260}
      />
    </Card>
  );
}

/** "−5 to −2", "none", "over 100". */
function bucketName({ from, to }: Bucket): string {
  const shown = (percent: string) => percent.replace('-', '−');
  if (from === null) return `under ${shown(to ?? '0')}`;
  if (to === null) return `over ${shown(from)}`;
  return from === to ? 'the same' : `${shown(from)} to ${shown(to)}`;
}

interface RevenueProps {
  summary: BacktestSummary;
  sides: readonly NamedSide[];
}

/** Revenue before and under each draft, month by month. */
export function MonthChart({ summary, sides }: RevenueProps) {
  const { currency } = summary;
  const series = seriesOf(sides);
  return (
    <Card title="Revenue by month" lead={currency} actions={<Legend series={series} />}>
      <GroupedBars
        label={`Revenue by month in ${currency}, before and under the draft`}
        points={summary.by_month.map(({ month, ...amounts }) => ({ at: `${month}-01`, values: valuesOf(amounts) }))}
        series={series}
        formatAt={formatMonth}
        formatTick={formatShortMonth}
        formatValue={(amount) => formatAmount({ amount, currency })}
        formatAxis={(amount) => formatAmountCompact(amount, currency)}
      />
    </Card>
  );
}

/** The same by what is sold. */
export function SkuChart({ summary, sides }: RevenueProps) {
  const { currency } = summary;
  const series = seriesOf(sides);
  return (
    <Card title="Revenue by SKU" lead={currency} actions={<Legend series={series} />}>
      <GroupedBars
        label={`Revenue by SKU in ${currency}, before and under the draft`}
        points={summary.by_sku.map(({ sku, ...amounts }) => ({ at: sku ?? 'Base fee', values: valuesOf(amounts) }))}
        series={series}
        formatAt={(sku) => sku}
        formatValue={(amount) => formatAmount({ amount, currency })}
        formatAxis={(amount) => formatAmountCompact(amount, currency)}
      />
    </Card>
  );
}

/** Drafts keep the colours that they have among themselves; before is the last. */
function seriesOf(sides: readonly NamedSide[]): ChartSeries[] {
  return [...sides.map(({ key, name }) => ({ key, name })), { key: 'before', name: 'Before' }];
}

type Columns = Pick<BacktestSummary['by_sku'][number], 'before' | 'draft' | 'compare'>;

function valuesOf({ before, draft, compare }: Columns): Record<string, string> {
  return { before: before.amount, draft: draft.amount, ...(compare ? { compare: compare.amount } : {}) };
}
