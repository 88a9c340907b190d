import { divideDecimal, formatDecimal, parseDecimal } from '../../../../kernel/decimal.ts';
import { fromMinor } from '../../../../kernel/money.ts';
import type { Db } from '../../../../platform/postgres.ts';
import type { BacktestSummary, SideSummary } from '../../model/backtests.ts';
import {
  type BacktestRow,
  type ChangeRow,
  countResults,
  selectChange,
  selectFaults,
  selectTotals,
  type TotalRow,
} from '../../sql/backtests.ts';

/** Organizations that a summary names; the table has them all. */
const most_faults = 100;

/** Where the buckets of the distribution meet, in percent. The one that begins at 0 and ends at the smallest step holds who stays. */
const bounds = '-50 -30 -20 -15 -10 -7.5 -5 -2.5 0 0.000001 2.5 5 7.5 10 15 20 30 50 100'.split(' ');

/** What a backtest's results come to. Medians and the like are over organizations, each with all its months. */
export async function summaryOf(db: Db, row: BacktestRow): Promise<BacktestSummary> {
  const { backtest_id, currency, over_percent } = row;
  const has_compare = row.compare_hash !== null;
  const draft = await selectChange(db, backtest_id, { side: 'draft', over: over_percent, bounds });
  const compare = has_compare ? await selectChange(db, backtest_id, { side: 'compare', over: over_percent, bounds }) : null;
  const totals = await selectTotals(db, backtest_id);
  const { count, faults } = await selectFaults(db, backtest_id, most_faults);
  const money = amountIn(currency);
  const columns = (rows: readonly TotalRow[]) => ({
    before: money(sumOf(rows.map((each) => each.before_minor))),
    draft: money(sumOf(rows.map((each) => each.draft_minor))),
    compare: has_compare ? money(sumOf(rows.map((each) => each.compare_minor))) : null,
  });
  return {
    currency,
    organizations: draft.organizations,
    organization_months: await countResults(db, backtest_id),
    before: { revenue: money(draft.was), partners: money(draft.was_partner) },
    draft: sideOf(draft, { currency, over_percent }),
    compare: compare && sideOf(compare, { currency, over_percent }),
    by_month: [...Map.groupBy(totals, (each) => each.month)].map(([month, rows]) => ({
      month: month.slice(0, 7),
      ...columns(rows),
    })),
    by_sku: [...Map.groupBy(totals, (each) => each.sku)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([sku, rows]) => ({ sku: sku === '' ? null : sku, ...columns(rows) })),
    faulty_organizations: count,
    faults: faults.map(({ org_id, side, code, detail }) => ({ org_id, side, code, detail })),
  };
}

/** Minor units as answers carry amounts. */
export function amountIn(currency: string): (minor: string | bigint) => { amount: string; currency: string } {
  return (minor) => ({ amount: fromMinor(BigInt(minor), currency), currency });
}

/** `part` of `whole` in percent with at most two decimals; null where there is no whole. */
export function percentOf(part: bigint, whole: bigint): string | null {
  if (whole <= 0n) return null;
  return formatDecimal(divideDecimal(parseDecimal(`${part * 100n}`), parseDecimal(`${whole}`), 2, 'half_up'));
}

function sideOf(row: ChangeRow, { currency, over_percent }: { currency: string; over_percent: string }): SideSummary {
  const money = amountIn(currency);
  const [was, now] = [BigInt(row.was), BigInt(row.now)];
  return {
    revenue: money(now),
    partners: money(row.now_partner),
    difference: money(now - was),
    percent: percentOf(now - was, was),
    paying_more: row.more,
    paying_less: row.less,
    paying_the_same: row.same,
    over: {
      percent: over_percent,
      organizations: row.over,
      share: percentOf(BigInt(row.over), BigInt(row.organizations)),
    },
    change: row.change && percentilesOf(row.change.map(money)),
    change_percent: row.percent && percentilesOf(row.percent),
    distribution: bucketsOf(row),
  };
}

function percentilesOf<T>(values: readonly T[]) {
  const [p5, p25, p50, p75, p95] = values as [T, T, T, T, T];
  return { p5, p25, p50, p75, p95 };
}

function bucketsOf({ buckets }: ChangeRow): SideSummary['distribution'] {
  const counts = new Map(buckets.map((each) => [each.bucket, each.organizations]));
  return [null, ...bounds].map((from, index) => ({
    from: from === '0.000001' ? '0' : from,
    to: bounds[index] === '0.000001' ? '0' : (bounds[index] ?? null),
    organizations: counts.get(index) ?? 0,
  }));
}

function sumOf(minors: readonly string[]): bigint {
  return minors.reduce((sum, minor) => sum + BigInt(minor), 0n);
}
