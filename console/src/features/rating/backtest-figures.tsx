import type { ReactNode } from 'react';
import type { BacktestSide, BacktestSummary } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { formatAmount, formatCount, formatDecimal, formatSigned } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';

export interface NamedSide {
  key: 'draft' | 'compare';
  name: string;
  side: BacktestSide;
}

/** The two or three drafts' worth of a backtest by name. */
export function sidesOf(summary: BacktestSummary, names: { draft: string; compare: string }): NamedSide[] {
  return [
    { key: 'draft', name: names.draft, side: summary.draft },
    ...(summary.compare ? [{ key: 'compare' as const, name: names.compare, side: summary.compare }] : []),
  ];
}

/** What it comes to, in four numbers for each draft. */
export function BacktestFigures({ summary, sides }: { summary: BacktestSummary; sides: readonly NamedSide[] }) {
  const { currency } = summary;
  return (
    <div className="flex flex-col gap-4">
      {sides.map(({ key, name, side }) => (
        <section key={key} aria-label={`Key figures, ${name}`}>
          {sides.length > 1 ? <h2 className="mb-1.5 text-xs font-medium text-ink-2">{name}</h2> : null}
          <div className="grid grid-cols-1 overflow-hidden rounded-xl border border-line bg-surface shadow-card sm:grid-cols-2 xl:grid-cols-4">
            <Figure label="Revenue under the draft" about={`${formatDecimal(summary.before.revenue.amount)} before`}>
              {formatDecimal(side.revenue.amount)} <Small>{currency}</Small>
            </Figure>
            <Figure label="Difference" about={side.percent === null ? 'from nothing' : `${formatSigned(side.percent)} %`}>
              <span className={side.difference.amount.startsWith('-') ? 'text-bad' : undefined}>
                {formatSigned(side.difference.amount)}
              </span>{' '}
              <Small>{currency}</Small>
            </Figure>
            <Figure
              label={`Pay over ${formatDecimal(side.over.percent)} % more`}
              about={
                side.over.share === null ? 'nobody was looked at' : `${formatDecimal(side.over.share)} % of the organizations`
              }
            >
              {formatCount(side.over.organizations)} <Small>of {formatCount(summary.organizations)}</Small>
            </Figure>
            <Figure label="Partners’ commission" about={`${formatDecimal(summary.before.partners.amount)} before`}>
              {formatDecimal(side.partners.amount)} <Small>{currency}</Small>
            </Figure>
          </div>
        </section>
      ))}
    </div>
  );
}

const Small = ({ children }: { children: ReactNode }) => <span className="text-xs font-normal text-ink-3">{children}</span>;

function Figure({ label, about, children }: { label: string; about: string; children: ReactNode }) {
  return (
    <div className="min-w-0 border-line px-4 py-3 not-first:border-t sm:not-first:border-t-0 sm:even:border-l xl:not-first:border-l">
      <p className="truncate text-xs text-ink-3">{label}</p>
      <p className="tabular mt-1 text-lg font-semibold tracking-tight">{children}</p>
      <p className="tabular text-xs text-ink-3">{about}</p>
    </div>
  );
}

const rows = [
  ['p5', '5 % see at most'],
  ['p25', '25 % see at most'],
  ['p50', 'Half see at most'],
  ['p75', '75 % see at most'],
  ['p95', '95 % see at most'],
] as const;

/** How the change spreads over organizations, in their own currency and in percent. */
export function BacktestSpread({ sides }: { sides: readonly NamedSide[] }) {
  return (
    <Card flush title="Change of each organization" lead="over all months">
      <div className="overflow-x-auto">
        <table className="w-full text-sm">
          <caption className="sr-only">Percentiles of the change</caption>
          <thead>
            <tr className="border-b border-line text-2xs text-ink-3">
              <th scope="col" className="h-8 px-4 text-left font-medium">
                Of the organizations
              </th>
              {sides.map(({ key, name }) => (
                <th key={key} scope="col" colSpan={2} className="h-8 px-4 text-right font-medium">
                  {sides.length > 1 ? name : 'Change'}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([percentile, label]) => (
              <tr key={percentile} className="border-b border-line last:border-b-0">
                <th scope="row" className="h-9 px-4 text-left font-normal text-ink-2">
                  {label}
                </th>
                {sides.map(({ key, side }) => (
                  <Spread key={key} side={side} percentile={percentile} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Spread({ side, percentile }: { side: BacktestSide; percentile: (typeof rows)[number][0] }) {
  const [change, percent] = [side.change?.[percentile], side.change_percent?.[percentile]];
  return (
    <>
      <td className="tabular px-4 text-right whitespace-nowrap">
        {change ? formatAmount({ ...change, amount: change.amount }) : '–'}
      </td>
      <td className={cx('tabular px-4 text-right whitespace-nowrap text-ink-3')}>
        {percent ? `${formatSigned(percent)} %` : '–'}
      </td>
    </>
  );
}
