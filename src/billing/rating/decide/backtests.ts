import { compare, multiply, parseDecimal } from '../../../kernel/decimal.ts';
import { before, lastMoment, localDate, startOfDay } from '../../../kernel/period.ts';
import type { BacktestDemand } from '../../../offer/catalog/model.ts';
import {
  type BacktestSummary,
  SIDES,
  type Side,
  type TrialFault,
  type TrialResult,
  type TrialTotal,
  type Verdict,
} from '../model/backtests.ts';
import type { RatedCharge, RatedItem, RatedSubscription, ServicePeriod } from '../model.ts';
import { besideBilled, calendarInterval, servicePeriods } from './periods.ts';
import type { EarlierCharge } from './portions.ts';

/** Months `[from, to)`, each a first of a month. */
export interface Window {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** A live billed period: its local dates and its moments. */
export interface BilledSpan {
  readonly billed_period_id: string;
  readonly from_date: string;
  readonly to_date: string;
  readonly from: string;
  readonly to: string;
}

/** What one run billed for a subscription, or would bill. */
export interface TrialRun {
  readonly billed: BilledSpan | null;
  readonly periods: readonly ServicePeriod[];
}

/** One side of a trial: what the subscription pays there, its overrides applied. */
export interface SideTerms {
  readonly base_amount: string | null;
  readonly items: readonly RatedItem[];
}

/** A charge on one side, stored or worked out: the base fee has the SKU ''. */
export interface TrialLine {
  readonly to: string;
  readonly sku: string;
  readonly amount_minor: bigint;
  readonly partner_minor: bigint;
}

/** A subscription with its charges on every side: null where there is no such side, a fault where they cannot be worked out. */
export interface Trial {
  readonly subscription: RatedSubscription;
  readonly runs: readonly TrialRun[];
  readonly lines: Readonly<Record<Side, readonly TrialLine[] | TrialFault | null>>;
}

/** Every month of a window, as YYYY-MM-01. */
export function monthsOf({ from, to }: Window): string[] {
  const months: string[] = [];
  for (let month = from; Temporal.PlainDate.compare(month, to) < 0; month = month.add({ months: 1 })) months.push(`${month}`);
  return months;
}

/**
 * The runs of a subscription that a window asks about, in order of time: the billed periods as they were billed, and month by month what
 * was not billed. It begins where the calendar interval does that the window begins in, because counters do.
 */
export function trialRuns(subscription: RatedSubscription, window: Window, billed: readonly BilledSpan[]): TrialRun[] {
  const { time_zone } = subscription;
  const begins = Temporal.Instant.from(calendarInterval(subscription, startOfDay(window.from, time_zone)).from);
  const runs: TrialRun[] = [];
  const until = `${window.to}`;
  let at = `${localDate(begins, time_zone)}`;
  for (const span of billed.filter((each) => each.to_date > at && each.from_date < until)) {
    runs.push(...unbilledRuns(subscription, at, span.from_date, billed), billedRun(subscription, span));
    if (span.to_date > at) at = span.to_date;
  }
  runs.push(...unbilledRuns(subscription, at, until, billed));
  return runs.filter((run) => run.periods.length > 0);
}

function unbilledRuns(subscription: RatedSubscription, from: string, to: string, billed: readonly BilledSpan[]): TrialRun[] {
  const runs: TrialRun[] = [];
  for (let at = from; at < to; ) {
    const next = `${Temporal.PlainDate.from(at).with({ day: 1 }).add({ months: 1 })}`;
    const run = { from: Temporal.PlainDate.from(at), to: Temporal.PlainDate.from(next < to ? next : to) };
    runs.push({ billed: null, periods: besideBilled(servicePeriods(subscription, run.from, run.to), run, billed) });
    at = next;
  }
  return runs;
}

function billedRun(subscription: RatedSubscription, span: BilledSpan): TrialRun {
  const cut = servicePeriods(subscription, Temporal.PlainDate.from(span.from_date), Temporal.PlainDate.from(span.to_date));
  const periods = cut.map((period, index) => ({
    ...period,
    from: index === 0 ? span.from : period.from,
    to: index === cut.length - 1 ? span.to : period.to,
  }));
  return { billed: span, periods: periods.filter((period) => before(period.from, period.to)) };
}

/** What an organization's months come to on every side, and the same by SKU. One that faults on any side has no amounts on any. */
export function tallyOrganization(
  org_id: string,
  trials: readonly Trial[],
  window: Window,
): { results: TrialResult[]; totals: TrialTotal[] } {
  const months = new Map<string, Set<'billed' | 'rated'>>();
  const sums = new Map<string, { amounts: Record<Side, bigint>; partners: Record<Side, bigint> }>();
  const totals = new Map<string, { month: string; sku: string; amounts: Record<Side, bigint> }>();
  for (const { subscription, runs, lines } of trials) {
    const monthWithin = (to: string) => {
      const month = monthOf(to, subscription.time_zone);
      return month >= `${window.from}` && month < `${window.to}` ? month : undefined;
    };
    for (const run of runs) {
      for (const { to } of run.periods) {
        const month = monthWithin(to);
        if (month) months.set(month, (months.get(month) ?? new Set()).add(run.billed ? 'billed' : 'rated'));
      }
    }
    for (const side of SIDES) {
      const own = lines[side];
      if (own === null || isFault(own)) continue;
      for (const { to, sku, amount_minor, partner_minor } of own) {
        const month = monthWithin(to);
        if (!month) continue;
        const sum = sums.get(month) ?? { amounts: nothing(), partners: nothing() };
        sums.set(month, sum);
        sum.amounts[side] += amount_minor;
        sum.partners[side] += partner_minor;
        const total = totals.get(`${month} ${sku}`) ?? { month, sku, amounts: nothing() };
        totals.set(`${month} ${sku}`, total);
        total.amounts[side] += amount_minor;
      }
    }
  }
  const fault =
    trials.flatMap(({ lines }) => SIDES.map((side) => lines[side]).filter((own) => own !== null && isFault(own)))[0] ?? null;
  const compared = trials.some(({ lines }) => lines.compare !== null);
  const shown = ({ before, draft, compare }: Record<Side, bigint>) =>
    fault ? { before: null, draft: null, compare: null } : { before, draft, compare: compared ? compare : null };
  const results = [...months].sort().map(([month, kinds]): TrialResult => {
    const sum = sums.get(month) ?? { amounts: nothing(), partners: nothing() };
    const basis = kinds.size > 1 ? 'mixed' : [...kinds][0]!;
    return { org_id, month, basis, amounts: shown(sum.amounts), partners: shown(sum.partners), fault };
  });
  return { results, totals: fault ? [] : [...totals.values()] };
}

export function isFault(lines: readonly TrialLine[] | SideTerms | TrialFault): lines is TrialFault {
  return 'code' in lines;
}

const nothing = (): Record<Side, bigint> => ({ before: 0n, draft: 0n, compare: 0n });

/** The month in which a service period ends. */
function monthOf(to: string, time_zone: string): string {
  return `${localDate(Temporal.Instant.from(lastMoment(to)), time_zone).with({ day: 1 })}`;
}

/** A charge that a run would make, as the parts after it know it; they are billed in order. */
export function asEarlier(charge: RatedCharge, { items }: SideTerms, { periods }: TrialRun): EarlierCharge | null {
  const item = items.find(({ sku }) => sku === charge.sku);
  const period = periods.find(({ from }) => from === charge.from);
  if (charge.kind !== 'usage' || !item || !period) return null;
  const { from, to, quantity, amount_exact, amount_minor, inputs } = charge;
  const { interval_from, interval_to } = period;
  return {
    ...{ charge_id: '', billed_period_id: '', from, to, interval_from, interval_to, quantity, amount_exact, amount_minor, item },
    open: inputs.open === true,
    share: inputs.share ?? null,
  };
}

/** What the parts of intervals have before them: charges of the same intervals, and only where a period is a part of one. */
export function besideOf(run: TrialRun, earlier: readonly EarlierCharge[]): EarlierCharge[] {
  const intervals = new Set(run.periods.filter(isPart).map((period) => period.interval_from));
  return earlier.filter((charge) => intervals.has(charge.interval_from));
}

export const isPart = (period: ServicePeriod) =>
  before(period.interval_from, period.from) || before(period.to, period.interval_to);

/** What a plan's demand makes of a completed backtest: every reason why it does not pass. */
export function verdictOf(
  demand: BacktestDemand,
  backtest: {
    summary: BacktestSummary;
    months: number;
    of_all: boolean;
    /** The plan is priced as it was when the backtest was made. */
    is_current: boolean;
    /** Organizations whose increase is over `max_org_increase_percent`. */
    organizations_over: number;
  },
): Verdict {
  const { summary } = backtest;
  const reasons: Verdict['reasons'] = [];
  const refuse = (code: string, detail: string) => reasons.push({ code, detail });
  if (!backtest.is_current) refuse('plan_changed', 'The plan’s prices changed since: try the draft against them.');
  if (!backtest.of_all) refuse('organizations_left_out', 'It looked at some organizations only.');
  if (backtest.months < demand.months)
    refuse('months_too_few', `It covers ${backtest.months} months, and ${demand.months} are demanded.`);
  if (summary.faulty_organizations > 0)
    refuse('organizations_faulty', `${summary.faulty_organizations} organizations could not be rated.`);
  if (demand.max_increase_percent !== null && exceeds(summary, demand.max_increase_percent)) {
    const by = summary.draft.percent === null ? 'from nothing' : `by ${summary.draft.percent} %`;
    refuse('increase_too_high', `Revenue rises ${by}, and ${demand.max_increase_percent} % are allowed.`);
  }
  if (demand.max_org_increase_percent !== null) {
    const allowed = multiply(parseDecimal(demand.max_share_over ?? '0'), parseDecimal(`${summary.organizations}`));
    if (compare(parseDecimal(`${backtest.organizations_over}00`), allowed) > 0) {
      const most = `${demand.max_share_over ?? '0'} % of ${summary.organizations}`;
      refuse(
        'organizations_over',
        `${backtest.organizations_over} organizations pay over ${demand.max_org_increase_percent} % more, and ${most} may.`,
      );
    }
  }
  return { passed: reasons.length === 0, reasons };
}

/** Whether revenue rises by more than a percentage, exactly: a rise from nothing is more than any. */
function exceeds({ before, draft }: BacktestSummary, percent: string): boolean {
  const difference = parseDecimal(draft.difference.amount);
  if (difference.units <= 0n) return false;
  const was = parseDecimal(before.revenue.amount);
  return was.units <= 0n || compare(multiply(difference, parseDecimal('100')), multiply(was, parseDecimal(percent))) > 0;
}
