import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { add, compare, formatDecimal, maximum, minimum, multiply, parseDecimal } from '../../../kernel/decimal.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { fromMinor, toMinor } from '../../../kernel/money.ts';
import { before, lastMoment, localDate, startOfDay } from '../../../kernel/period.ts';
import type { BacktestDemand } from '../../../offer/catalog/model.ts';
import { type Partner, type RateOf, splitGross } from '../../partners/model.ts';
import { besideBilled, calendarInterval, priorKey, rateSubscription, servicePeriods } from '../decide.ts';
import {
  type BacktestSummary,
  SIDES,
  type Side,
  type TrialFault,
  type TrialResult,
  type TrialTotal,
  type Verdict,
} from '../model/backtests.ts';
import type { ItemUsage, OtherParts, RatedCharge, RatedItem, RatedSubscription, ServicePeriod } from '../model.ts';

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

/** A charge of a billed period as it counts against the parts beside it, with the partner's share of it. */
export interface BilledCharge {
  readonly billed_period_id: string;
  readonly kind: 'usage' | 'base' | 'action';
  readonly sku: string | null;
  readonly from: string;
  readonly to: string;
  readonly quantity: string;
  readonly amount_exact: string;
  readonly amount_minor: bigint;
  readonly partner_minor: bigint;
  readonly price_hash: string;
  readonly has_usage: boolean;
}

/** One side of a trial: what the subscription pays there, its overrides applied. */
export interface SideTerms {
  readonly base_amount: string | null;
  readonly items: readonly RatedItem[];
}

/** A subscription with all that its trial reads. Maps go by a service period's `from`, usage by `usageKey`. */
export interface Trial {
  readonly subscription: RatedSubscription;
  readonly terms: Readonly<Record<Side, SideTerms | TrialFault | null>>;
  readonly runs: readonly TrialRun[];
  readonly charges: readonly BilledCharge[];
  readonly usage: ReadonlyMap<string, ItemUsage>;
  readonly partners: ReadonlyMap<string, Partner>;
}

export interface TrialTerms {
  readonly window: Window;
  readonly rounding: string;
  readonly watermark: string;
  readonly rateOf: RateOf;
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
export function rateOrganization(trials: readonly Trial[], terms: TrialTerms): { results: TrialResult[]; totals: TrialTotal[] } {
  const months = new Map<string, Set<'billed' | 'rated'>>();
  const totals = new Map<string, TrialTotal & { amounts: Record<Side, bigint> }>();
  const sums = new Map<string, { amounts: Record<Side, bigint>; partners: Record<Side, bigint> }>();
  let fault: TrialFault | null = null;
  for (const trial of trials) {
    const { time_zone } = trial.subscription;
    for (const run of trial.runs) {
      for (const period of run.periods) {
        const month = monthOf(period.to, time_zone);
        if (!within(month, terms.window)) continue;
        months.set(month, (months.get(month) ?? new Set()).add(run.billed ? 'billed' : 'rated'));
      }
    }
    for (const side of SIDES) {
      const lines = linesOf(trial, side, terms);
      if ('code' in lines) {
        fault ??= lines;
        continue;
      }
      for (const line of lines) {
        if (!within(line.month, terms.window)) continue;
        const sum = sums.get(line.month) ?? { amounts: nothing(), partners: nothing() };
        sums.set(line.month, sum);
        sum.amounts[side] += line.amount_minor;
        sum.partners[side] += line.partner_minor;
        const key = `${line.month} ${line.sku}`;
        const total = totals.get(key) ?? { month: line.month, sku: line.sku, amounts: nothing() };
        totals.set(key, total);
        total.amounts[side] += line.amount_minor;
      }
    }
  }
  const compared = trials.some((trial) => trial.terms.compare !== null);
  const [{ subscription } = { subscription: undefined }] = trials;
  const results = [...months].sort().map(([month, kinds]): TrialResult => {
    const sum = sums.get(month) ?? { amounts: nothing(), partners: nothing() };
    const shown = ({ before, draft, compare }: Record<Side, bigint>) =>
      fault ? { before: null, draft: null, compare: null } : { before, draft, compare: compared ? compare : null };
    return {
      org_id: subscription!.org_id,
      month,
      basis: kinds.size > 1 ? 'mixed' : [...kinds][0]!,
      amounts: shown(sum.amounts),
      partners: shown(sum.partners),
      fault,
    };
  });
  return { results, totals: fault ? [] : [...totals.values()] };
}

const nothing = (): Record<Side, bigint> => ({ before: 0n, draft: 0n, compare: 0n });

/** The month in which a service period ends. */
function monthOf(to: string, time_zone: string): string {
  return `${localDate(Temporal.Instant.from(lastMoment(to)), time_zone).with({ day: 1 })}`;
}

function within(month: string, window: Window): boolean {
  return month >= `${window.from}` && month < `${window.to}`;
}

interface TrialLine {
  month: string;
  sku: string;
  amount_minor: bigint;
  partner_minor: bigint;
}

/** Every charge of one side, in order of time: each run counts on those before it, as billing does. */
function linesOf(trial: Trial, side: Side, terms: TrialTerms): TrialLine[] | TrialFault {
  const { subscription, runs } = trial;
  const chosen = trial.terms[side];
  if (chosen === null) return [];
  const charges = Map.groupBy(trial.charges, (charge) => charge.billed_period_id);
  const priced = 'code' in chosen ? chosen : { ...subscription, ...chosen };
  const prior = new Map<string, OtherParts>();
  const lines: TrialLine[] = [];
  for (const run of runs) {
    const stored = side === 'before' && run.billed ? (charges.get(run.billed.billed_period_id) ?? []) : null;
    if (stored === null && 'code' in priced) return priced;
    try {
      const made =
        stored ?? rated(priced as RatedSubscription, run, trial, prior, terms).map((each) => asBilled(each, trial, terms));
      for (const charge of made) {
        const month = monthOf(charge.to, subscription.time_zone);
        lines.push({ month, sku: charge.sku ?? '', amount_minor: charge.amount_minor, partner_minor: charge.partner_minor });
        count(prior, charge, run, subscription.currency);
      }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { side, code: error.code, detail: error.details.errors?.[0]?.detail ?? error.message };
    }
  }
  return lines;
}

function rated(
  subscription: RatedSubscription,
  { periods }: TrialRun,
  { usage, partners }: Trial,
  prior: ReadonlyMap<string, OtherParts>,
  { rounding, watermark }: TrialTerms,
): RatedCharge[] {
  const contexts = new Map([...partners].map(([from, { partner_id }]): [string, JsonObject] => [from, { partner_id }]));
  // Only a part of an interval has others beside it.
  const parts = new Set(periods.filter(isPart).map((period) => period.interval_from));
  const beside = new Map([...prior].filter(([key]) => parts.has(key.split(' ', 1)[0]!)));
  return rateSubscription({ subscription, rounding, watermark, periods, usage, prior: beside, contexts });
}

const isPart = (period: ServicePeriod) => before(period.interval_from, period.from) || before(period.to, period.interval_to);

function asBilled(charge: RatedCharge, { partners }: Trial, { rateOf }: TrialTerms): BilledCharge {
  const partner = partners.get(charge.from);
  const pct = partner ? rateOf(partner.partner_tier, charge.sku) : '0';
  return {
    billed_period_id: '',
    kind: charge.kind,
    sku: charge.sku,
    from: charge.from,
    to: charge.to,
    quantity: charge.quantity,
    amount_exact: charge.amount_exact,
    amount_minor: charge.amount_minor,
    partner_minor: splitGross({ gross_minor: charge.amount_minor, pct }).partner_minor,
    price_hash: String(charge.inputs.price_hash),
    has_usage: (charge.usage?.count ?? 0) > 0,
  };
}

/** Adds a charge to what the parts after it are priced on top of, as the sums over stored charges do. */
function count(prior: Map<string, OtherParts>, charge: BilledCharge, { periods }: TrialRun, currency: string): void {
  if (charge.kind !== 'usage' || charge.sku === null) return;
  const { sku, price_hash, quantity, from } = charge;
  const period = periods.find((each) => !before(charge.from, each.interval_from) && before(charge.from, each.interval_to));
  if (!period) return;
  const key = priorKey(period, { sku, price_hash });
  const known = prior.get(key) ?? noParts;
  const sum = (a: string, b: string) => formatDecimal(add(parseDecimal(a), parseDecimal(b)));
  const own = charge.has_usage ? quantity : null;
  prior.set(key, {
    quantity: sum(known.quantity, quantity),
    amount_exact: sum(known.amount_exact, charge.amount_exact),
    amount: fromMinor(toMinor(parseDecimal(known.amount), currency) + charge.amount_minor, currency),
    highest: chosen(known.highest, own, maximum),
    lowest: chosen(known.lowest, own, minimum),
    latest: own === null || (known.latest && before(from, known.latest.from)) ? known.latest : { quantity: own, from },
  });
}

const noParts: OtherParts = { quantity: '0', amount_exact: '0', amount: '0', highest: null, lowest: null, latest: null };

function chosen(a: string | null, b: string | null, choose: typeof maximum): string | null {
  if (a === null || b === null) return a ?? b;
  return formatDecimal(choose(parseDecimal(a), parseDecimal(b)));
}

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
