import type { ChargeInputs } from '../../kernel/bundle.ts';
import { CodedError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/id.ts';
import { before } from '../../kernel/period.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { shortestDecimal } from '../../platform/schemas.ts';
import { isPricedWhole, rateSubscription } from './decide/charges.ts';
import { besideBilled, billedParts, servicePeriods } from './decide/periods.ts';
import { type EarlierCharge, itemAsBilled } from './decide/portions.ts';
import { freeRectangles, rectanglesWithin } from './decide/rectangles.ts';
import type {
  ChargeOnRecord,
  PlannedPeriod,
  RatedCharge,
  RatedItem,
  RatedSubscription,
  ServicePeriod,
  StoredCharge,
  UsageRectangle,
} from './model.ts';
import { type ContextsOf, readFacts, type Work } from './service/facts.ts';
import { type LateUsage, lateUsageOf } from './service/late.ts';
import { wholeRectangle } from './service/usage.ts';
import {
  type BilledPeriodRow,
  highestWatermark,
  insertCharges,
  insertPeriods,
  insertTakes,
  liveBilledPeriods,
  liveTakes,
  retirePeriods,
  selectCharges,
  selectChargesOfPeriods,
  takesOfPeriods,
  usageChargesOf,
} from './sql.ts';

export interface PlanRequest {
  run_id: string;
  /** Local dates, half-open. */
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
  watermark: string;
  rounding: string;
  subscriptions: readonly RatedSubscription[];
  contextsOf: ContextsOf;
}

export interface PlanOutcome {
  planned: PlannedPeriod[];
  /** Subscriptions whose equal period is billed: nothing is to be done. */
  already_billed: string[];
  /** Subscriptions with a billed period that overlaps without being equal. */
  overlapping: { subscription_id: string; org_id: string; billed: { from: string; to: string } }[];
  /** Subscriptions whose usage or price cannot be turned into an amount; the others are billed without them. */
  faults: { subscription_id: string; org_id: string; code: string; detail: string }[];
}

interface Candidate {
  subscription: RatedSubscription;
  /** None where the run only corrects what was billed. */
  periods: ServicePeriod[];
  billed: readonly BilledPeriodRow[];
}

/**
 * Works out what a run bills for some subscriptions: their own periods, and corrections of billed ones in which usage arrived since.
 * Reads only: a preview stops here, a run goes on to `storePeriods`.
 */
export async function planPeriods(db: Db, request: PlanRequest): Promise<PlanOutcome> {
  const ids = request.subscriptions.map((each) => each.subscription_id);
  const billed = Map.groupBy(await liveBilledPeriods(db, ids), (row) => row.subscription_id);
  const outcome: PlanOutcome = { planned: [], already_billed: [], overlapping: [], faults: [] };
  const candidates: Candidate[] = [];
  for (const subscription of request.subscriptions) {
    const mine = billed.get(subscription.subscription_id) ?? [];
    const periods = besideBilled(servicePeriods(subscription, request.from, request.to), request, mine);
    const clash = periods.length === 0 ? undefined : clashOf(periods, mine);
    if (!clash) candidates.push({ subscription, periods, billed: mine });
    // A run that is taken up again after a kill: this part of it is done.
    else if (clash.run_id === request.run_id) continue;
    else if (clash.from_date === `${request.from}` && clash.to_date === `${request.to}`)
      outcome.already_billed.push(subscription.subscription_id);
    else {
      const { subscription_id, org_id } = subscription;
      outcome.overlapping.push({ subscription_id, org_id, billed: { from: clash.from_date, to: clash.to_date } });
    }
  }
  const works = await readWorks(db, request, candidates);
  for (const [index, facts] of (await readFacts(db, works, request)).entries()) {
    const { subscription_id, org_id } = facts.subscription;
    try {
      outcome.planned.push(...plannedPeriods(request, works[index]!, rateSubscription(facts)));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const detail = error.details.errors?.[0]?.detail ?? error.message;
      outcome.faults.push({ subscription_id, org_id, code: error.code, detail });
    }
  }
  return outcome;
}

/**
 * The watermark with which a run bills these subscriptions: its own, or a later one with which another run has billed them since. What is
 * priced whole is over all that was billed, else it would take back what came between the two.
 */
export async function watermarkFor(db: Db, subscription_ids: readonly string[], watermark: string): Promise<string> {
  const billed = await highestWatermark(db, subscription_ids);
  return billed !== null && BigInt(billed) > BigInt(watermark) ? billed : watermark;
}

function clashOf(periods: readonly ServicePeriod[], billed: readonly BilledPeriodRow[]): BilledPeriodRow | undefined {
  const [from, to] = [periods[0]!.from, periods.at(-1)!.to];
  return billed.find((row) => before(row.from, to) && before(from, row.to));
}

/** Puts planned periods on record, with their takes and charges; answers each charge with its id. The database refuses what was billed. */
export async function storePeriods(tx: Tx, planned: readonly PlannedPeriod[]): Promise<ChargeOnRecord[]> {
  const periods = planned.map((period) => ({ ...period, billed_period_id: newId(tx.now) }));
  const takes = periods.flatMap(({ billed_period_id, subscription_id, takes }) =>
    takes.map((take) => ({ ...take, billed_period_id, subscription_id })),
  );
  const charges = periods.flatMap(({ billed_period_id, charges }) =>
    charges.map((charge) => ({ ...charge, billed_period_id, charge_id: newId(tx.now) })),
  );
  if (periods.length > 0) await insertPeriods(tx, periods);
  if (takes.length > 0) await insertTakes(tx, takes);
  if (charges.length > 0) await insertCharges(tx, charges);
  return charges;
}

/** Charges by id, as stored. */
export async function chargesByIds(db: Db, charge_ids: readonly string[]): Promise<Map<string, StoredCharge>> {
  const rows = await selectCharges(db, charge_ids);
  return new Map(
    rows.map(({ adjusts_period_id, adjusts_charge_id, ...row }) => [
      row.charge_id,
      {
        ...row,
        adjusts: adjusts_period_id === null ? null : { billed_period_id: adjusts_period_id, charge_id: adjusts_charge_id },
        quantity: shortestDecimal(row.quantity),
        amount_exact: shortestDecimal(row.amount_exact),
      },
    ]),
  );
}

/**
 * The rectangles of usage behind a usage charge: its period's takes cut to its own time, or, where it was priced whole, all that was used in
 * the time that was priced and had arrived.
 */
export async function rectanglesOfCharge(db: Db, charge: StoredCharge): Promise<UsageRectangle[]> {
  const [rectangles] = await rectanglesOfCharges(db, [charge]);
  return rectangles!;
}

/** The same for many, each in its place, in one question. */
export async function rectanglesOfCharges(db: Db, charges: readonly StoredCharge[]): Promise<UsageRectangle[][]> {
  const ids = new Set(charges.flatMap(({ billed_period_id: id, sku }) => (id === null || sku === null ? [] : [id])));
  const takes = Map.groupBy(await takesOfPeriods(db, [...ids]), (take) => take.billed_period_id);
  return charges.map((charge) => {
    if (charge.billed_period_id === null || charge.sku === null) return [];
    const { usage_period, billed, watermark } = charge.inputs as ChargeInputs & { watermark: string };
    const item = itemAsBilled(charge.inputs, { sku: charge.sku, unit: '' });
    if (billed || isPricedWhole({ item, adjusts: charge.adjusts })) return [wholeRectangle(usage_period ?? charge, watermark)];
    const taken = takes.get(charge.billed_period_id) ?? [];
    return rectanglesWithin(
      taken.map(({ billed_period_id: _period, ...rectangle }) => rectangle),
      charge,
    );
  });
}

/** The live charges of some billed periods. */
export function chargesOfPeriods(
  db: Db,
  billed_period_ids: readonly string[],
): Promise<{ charge_id: string; billed_period_id: string; sku: string | null; inputs: ChargeInputs }[]> {
  return selectChargesOfPeriods(db, billed_period_ids);
}

/** A subscription as it was billed in a period: its base fee, and each item at the price of its charge there, or of that time. */
export function asBilled(
  subscription: RatedSubscription,
  charges: readonly { sku: string | null; inputs: ChargeInputs }[],
  items_then: ReadonlyMap<string, RatedItem>,
): RatedSubscription {
  const base = charges.find((charge) => charge.sku === null)?.inputs.price.amount;
  const inputs = new Map(charges.flatMap((charge) => (charge.sku === null ? [] : [[charge.sku, charge.inputs] as const])));
  const items = subscription.items.map((item) => {
    const before = inputs.get(item.sku);
    return before ? itemAsBilled(before, item) : (items_then.get(item.sku) ?? item);
  });
  return { ...subscription, base_amount: typeof base === 'string' ? base : null, items };
}

/** A void sets the periods behind these charges free: their usage may be billed again. */
export async function retireCharges(tx: Tx, charge_ids: readonly string[]): Promise<void> {
  await retirePeriods(tx, charge_ids);
}

async function readWorks(db: Db, request: PlanRequest, candidates: readonly Candidate[]): Promise<Work[]> {
  const ids = candidates.map((each) => each.subscription.subscription_id);
  const taken = Map.groupBy(await liveTakes(db, ids), (row) => row.subscription_id);
  const takenBy = (candidate: Candidate) => taken.get(candidate.subscription.subscription_id) ?? [];
  const late = await lateUsageOf(
    db,
    candidates.map((each) => ({ ...each, taken: takenBy(each), until: each.periods[0]?.from ?? end_of_usage })),
    request.watermark,
  );
  const charges = await earlierCharges(
    db,
    candidates.map((each) => ({ ...each, taken: takenBy(each) })),
    late,
  );
  return candidates.map((candidate) => {
    const { subscription, periods } = candidate;
    const { subscription_id, time_zone } = subscription;
    const corrected = late.get(subscription_id) ?? { periods: [], rectangles: [] };
    return {
      ...{ subscription, periods, late: corrected, watermark: request.watermark },
      takes: freeOf(request, candidate, takenBy(candidate)),
      billed: billedParts([...corrected.periods, ...periods], candidate.billed, time_zone),
      charges: charges.get(subscription_id) ?? [],
    };
  });
}

/** Later than any usage. */
const end_of_usage = '2100-01-01T00:00:00Z';

/** What of the run's own period no live take covers. */
function freeOf(request: PlanRequest, { periods }: Candidate, taken: readonly UsageRectangle[]): UsageRectangle[] {
  if (periods.length === 0) return [];
  const [from, to] = [periods[0]!.from, periods.at(-1)!.to];
  return freeRectangles({ from, to, arrived_from: '0', arrived_to: request.watermark }, taken);
}

function plannedPeriods(
  request: PlanRequest,
  { subscription, periods, takes, late }: Work,
  charges: readonly RatedCharge[],
): PlannedPeriod[] {
  const { subscription_id, org_id } = subscription;
  const common = {
    ...{ subscription_id, org_id, from_date: `${request.from}`, to_date: `${request.to}` },
    ...{ watermark: request.watermark, run_id: request.run_id },
  };
  const planned: PlannedPeriod[] = [];
  const [first, last] = [periods[0], periods.at(-1)];
  const [own, corrections] = [
    charges.filter((charge) => charge.adjusts === null),
    charges.filter((charge) => charge.adjusts !== null),
  ];
  if (first && last) planned.push({ ...common, kind: 'period', from: first.from, to: last.to, takes, charges: own });
  const times = [...late.rectangles, ...corrections];
  if (times.length > 0) {
    const bounds = {
      from: times.map((each) => each.from).reduce((a, b) => (before(a, b) ? a : b)),
      to: times.map((each) => each.to).reduce((a, b) => (before(a, b) ? b : a)),
    };
    planned.push({ ...common, kind: 'adjustment', ...bounds, takes: late.rectangles, charges: corrections });
  }
  return planned;
}

/** By subscription: the live charges of intervals that are billed in parts, or of whose usage something was taken before, or corrected. */
export async function earlierCharges(
  db: Db,
  candidates: readonly {
    subscription: RatedSubscription;
    periods: readonly ServicePeriod[];
    taken: readonly UsageRectangle[];
  }[],
  late: ReadonlyMap<string, LateUsage>,
): Promise<Map<string, EarlierCharge[]>> {
  const parts = candidates.flatMap(({ subscription: { subscription_id }, periods, taken }) => [
    ...periods
      .filter(
        (period) =>
          before(period.interval_from, period.from) ||
          before(period.to, period.interval_to) ||
          // Billed before and voided: corrections of it stand.
          taken.some((take) => before(take.from, period.to) && before(period.from, take.to)),
      )
      .map((period) => ({ subscription_id, ...period })),
    ...(late.get(subscription_id)?.periods ?? []).map((period) => ({ subscription_id, ...period })),
  ]);
  const intervals = new Map(parts.map((part) => [`${part.subscription_id} ${part.interval_from}`, part]));
  if (intervals.size === 0) return new Map();
  const items = new Map(candidates.map(({ subscription: { subscription_id, items } }) => [subscription_id, items]));
  const rows = await usageChargesOf(db, [...intervals.values()]);
  const found = new Map<string, EarlierCharge[]>();
  for (const { subscription_id, inputs, sku, quantity, amount_exact, amount_minor, ...row } of rows) {
    const mine = found.get(subscription_id) ?? [];
    found.set(subscription_id, mine);
    const unit = items.get(subscription_id)!.find((item) => item.sku === sku)?.unit ?? '';
    mine.push({
      ...row,
      quantity: shortestDecimal(quantity),
      amount_exact: shortestDecimal(amount_exact),
      amount_minor: BigInt(amount_minor),
      open: inputs.open === true,
      share: inputs.share ?? null,
      item: itemAsBilled(inputs, { sku, unit }),
    });
  }
  return found;
}
