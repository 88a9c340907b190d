import { type ReactNode, useId } from 'react';
import {
  Bar,
  BarChart,
  CartesianGrid,
  Line,
  LineChart,
  ReferenceArea,
  ReferenceLine,
  Tooltip,
  type TooltipContentProps,
  XAxis,
  YAxis,
} from 'recharts';
import { chartColor } from './chart-color.ts';
import { plotted } from './decimal.ts';

/** One row of a chart: its place on the axis and, per series, a decimal as text. */
export interface ChartPoint {
  at: string;
  values: Record<string, string>;
  /** What else is to be said of it, and to be seen: its place is hatched. */
  note?: string | undefined;
}

export interface ChartSeries {
  key: string;
  name: string;
}

interface ChartProps {
  /** What the chart shows, in a sentence; read out in its place together with its data as a table. */
  label: string;
  points: readonly ChartPoint[];
  series: readonly ChartSeries[];
  formatAt: (at: string) => string;
  formatTick?: (at: string) => string;
  /** A value in full, for the tooltip and the table. */
  formatValue: (value: string) => string;
  /** A value in short, for the axis. */
  formatAxis: (value: string) => string;
  height?: number;
}

const tick = { fill: 'var(--ink-3)', fontSize: 11 };
const margin = { top: 8, right: 4, bottom: 0, left: 0 };

/** Bars over time, series on top of one another. */
export function BarsOverTime(props: ChartProps) {
  const { points, series, height = 220 } = props;
  return (
    <ChartFigure {...props}>
      <BarChart
        responsive
        accessibilityLayer={false}
        data={points.map(drawn)}
        margin={margin}
        style={{ width: '100%', height }}
        barCategoryGap={points.length > 40 ? '12%' : '22%'}
      >
        <Hatching />
        {axes(props)}
        {points.map((point) =>
          point.note === undefined ? null : (
            <ReferenceArea
              key={point.at}
              x1={point.at}
              x2={point.at}
              fill="url(#hatching)"
              stroke="var(--warn)"
              strokeDasharray="3 3"
              strokeOpacity={0.6}
            />
          ),
        )}
        {series.map((one, index) => (
          <Bar
            key={one.key}
            dataKey={(row: DrawnPoint) => row.drawn[one.key]}
            name={one.key}
            stackId="all"
            fill={chartColor(index)}
            maxBarSize={34}
            radius={index === series.length - 1 ? [2, 2, 0, 0] : 0}
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ChartFigure>
  );
}

/** Bars in groups: the same thing measured several ways, side by side. */
export function GroupedBars(props: ChartProps) {
  const { points, series, height = 220 } = props;
  return (
    <ChartFigure {...props}>
      <BarChart
        responsive
        accessibilityLayer={false}
        data={points.map(drawn)}
        margin={margin}
        style={{ width: '100%', height }}
        barCategoryGap="18%"
        barGap={2}
      >
        {axes(props)}
        {series.map((one, index) => (
          <Bar
            key={one.key}
            dataKey={(row: DrawnPoint) => row.drawn[one.key]}
            name={one.key}
            fill={chartColor(index)}
            maxBarSize={42}
            radius={[2, 2, 0, 0]}
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ChartFigure>
  );
}

/** What marks a place where something is missing. */
function Hatching() {
  return (
    <defs>
      <pattern id="hatching" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" fill="var(--warn-soft)" />
        <line x1="0" y1="0" x2="0" y2="6" stroke="var(--warn)" strokeWidth="1.5" strokeOpacity="0.55" />
      </pattern>
    </defs>
  );
}

interface CurveProps extends ChartProps {
  /** Places on the axis to mark, such as where a tier ends. */
  marks?: readonly { at: string; label: string }[];
}

/** One line over a quantity that grows evenly; the axis is to scale. */
export function Curve(props: CurveProps) {
  const { points, series, marks = [], height = 220 } = props;
  return (
    <ChartFigure {...props}>
      <LineChart
        responsive
        accessibilityLayer={false}
        data={points.map(placed)}
        margin={margin}
        style={{ width: '100%', height }}
      >
        {axes(props, 'number')}
        {marks.map((mark) => (
          <ReferenceLine
            key={mark.at}
            x={plotted(mark.at)}
            stroke="var(--line-strong)"
            strokeDasharray="3 3"
            label={{ value: mark.label, position: 'insideTopLeft', fill: 'var(--ink-3)', fontSize: 11 }}
          />
        ))}
        {series.map((one, index) => (
          <Line
            key={one.key}
            dataKey={(row: DrawnPoint) => row.drawn[one.key]}
            name={one.key}
            stroke={chartColor(index)}
            strokeWidth={2}
            dot={false}
            activeDot={{ r: 3.5, strokeWidth: 0 }}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </ChartFigure>
  );
}

/** The shape of a series in the height of a line of text. Its meaning stands beside it, so it is not read out. */
export function Sparkline({ values, color }: { values: readonly string[]; color: string }) {
  const id = useId();
  const numbers = values.map(plotted);
  const top = Math.max(...numbers, 0);
  const step = numbers.length > 1 ? 100 / (numbers.length - 1) : 0;
  const spots = numbers.map(
    (value, index) => `${(index * step).toFixed(2)},${(27 - (top > 0 ? value / top : 0) * 25).toFixed(2)}`,
  );
  return (
    <svg viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true" className="h-7 w-full overflow-visible">
      <defs>
        <linearGradient id={id} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor={color} stopOpacity="0.28" />
          <stop offset="1" stopColor={color} stopOpacity="0.02" />
        </linearGradient>
      </defs>
      <polygon points={`0,28 ${spots.join(' ')} 100,28`} fill={`url(#${id})`} />
      <polyline
        points={spots.join(' ')}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** Series by colour and name, for charts of more than one. */
export function Legend({ series }: { series: readonly ChartSeries[] }) {
  if (series.length < 2) return null;
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-2">
      {series.map((one, index) => (
        <li key={one.key} className="inline-flex items-center gap-1.5">
          <span aria-hidden="true" className="size-2 rounded-[3px]" style={{ background: chartColor(index) }} />
          {one.name}
        </li>
      ))}
    </ul>
  );
}

interface DrawnPoint {
  at: string;
  note: string | undefined;
  values: Record<string, string>;
  drawn: Record<string, number>;
}

function drawn(point: ChartPoint): DrawnPoint {
  const heights = Object.fromEntries(Object.entries(point.values).map(([key, value]) => [key, plotted(value)]));
  return { at: point.at, note: point.note, values: point.values, drawn: heights };
}

/** With its place on an axis to scale. */
function placed(point: ChartPoint): DrawnPoint & { place: number } {
  return { ...drawn(point), place: plotted(point.at) };
}

function axes(props: ChartProps, type: 'category' | 'number' = 'category'): ReactNode {
  const { formatAt, formatTick = formatAt, formatAxis } = props;
  const place = type === 'number' ? { dataKey: 'place', domain: ['dataMin', 'dataMax'] as const } : { dataKey: 'at' };
  return (
    <>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        {...place}
        type={type}
        tick={tick}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        tickMargin={6}
        minTickGap={type === 'number' ? 24 : 12}
        interval={type === 'number' ? 'preserveEnd' : 'equidistantPreserveStart'}
        tickFormatter={(at: string | number) => formatTick(String(at))}
      />
      <YAxis
        width={52}
        tick={tick}
        tickLine={false}
        axisLine={false}
        tickCount={4}
        tickFormatter={(value: number) => formatAxis(String(value))}
      />
      <Tooltip
        isAnimationActive={false}
        cursor={type === 'number' ? { stroke: 'var(--line-strong)' } : { fill: 'var(--ink)', fillOpacity: 0.05 }}
        content={(tip) => <Tip {...tip} chart={props} />}
      />
    </>
  );
}

function Tip({ active, payload, chart }: TooltipContentProps & { chart: ChartProps }) {
  const row: DrawnPoint | undefined = payload[0]?.payload;
  if (!active || !row) return null;
  const shown = chart.series.filter((one) => row.values[one.key] !== undefined);
  return (
    <div className="tabular rounded-lg bg-raised px-3 py-2 text-xs shadow-high">
      <p className="mb-1 font-medium">{chart.formatAt(row.at)}</p>
      {shown.map((one) => (
        <p key={one.key} className="flex items-center gap-2 text-ink-2">
          <span className="size-2 rounded-[3px]" style={{ background: chartColor(chart.series.indexOf(one)) }} />
          {chart.series.length > 1 ? <span className="pr-3">{one.name}</span> : null}
          <span className="ml-auto text-ink">{chart.formatValue(row.values[one.key]!)}</span>
        </p>
      ))}
      {row.note === undefined ? null : <p className="mt-1 text-warn">{row.note}</p>}
    </div>
  );
}

/** The drawing for those who see it, and the same numbers as a table for those who do not. */
function ChartFigure({ label, points, series, formatAt, formatValue, children }: ChartProps & { children: ReactNode }) {
  const has_notes = points.some((point) => point.note !== undefined);
  return (
    <figure className="m-0 min-w-0" aria-label={label}>
      <div aria-hidden="true">{children}</div>
      <table className="sr-only">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">At</th>
            {series.map((one) => (
              <th key={one.key} scope="col">
                {one.name}
              </th>
            ))}
            {has_notes ? <th scope="col">Note</th> : null}
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.at}>
              <th scope="row">{formatAt(point.at)}</th>
              {series.map((one) => (
                <td key={one.key}>{point.values[one.key] === undefined ? '–' : formatValue(point.values[one.key]!)}</td>
              ))}
              {has_notes ? <td>{point.note ?? ''}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
