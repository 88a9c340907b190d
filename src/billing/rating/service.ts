import type { JsonObject } from '../../kernel/canonical-json.ts';
import { CodedError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/id.ts';
import { fromMinor } from '../../kernel/money.ts';
import { before } from '../../kernel/period.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { shortestDecimal } from '../../platform/schemas.ts';
import type { TakenUsage } from '../../usage/metering/model.ts';
import { organizationsWithLateUsage, takeUsage } from '../../usage/metering/service.ts';
import {
  besideBilled,
  freeRectangles,
  priorKey,
  rateSubscription,
  rectanglesWithin,
  servicePeriods,
  usageKey,
} from './decide.ts';
import type {
  ChargeOnRecord,
  ItemUsage,
  OtherParts,
  PlannedPeriod,
  RatedSubscription,
  ServicePeriod,
  StoredCharge,
  UsageRectangle,
} from './model.ts';
import {
  type BilledPeriodRow,
  insertCharges,
  insertPeriods,
  insertTakes,
  liveBilledPeriods,
  liveTakes,
  priorUsageCharges,
  retirePeriods,
  selectCharges,
  takesOfPeriod,
} from './sql.ts';

export interface PlanRequest {
  run_id: string;
  /** Local dates, half-open. */
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
  watermark: string;
  rounding: string;
  subscriptions: readonly RatedSubscription[];
  /** Facts that the inputs of a service period's charges keep, such as the partner of record, each in its place. */
  contextsOf: (periods: readonly { org_id: string; to: string }[]) => Promise<readonly JsonObject[]>;
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
  periods: ServicePeriod[];
  from: string;
  to: string;
  billed: readonly BilledPeriodRow[];
}

/** Works out what a run bills for some subscriptions. Reads only: a preview stops here, a run goes on to `storePeriods`. */
export async function planPeriods(db: Db, request: PlanRequest): Promise<PlanOutcome> {
  const ids = request.subscriptions.map((each) => each.subscription_id);
  const billed = Map.groupBy(await liveBilledPeriods(db, ids), (row) => row.subscription_id);
  const outcome: PlanOutcome = { planned: [], already_billed: [], overlapping: [], faults: [] };
  const candidates: Candidate[] = [];
  for (const subscription of request.subscriptions) {
    const mine = billed.get(subscription.subscription_id) ?? [];
    const periods = besideBilled(servicePeriods(subscription, request.from, request.to), request, mine);
    if (periods.length === 0) continue;
    const bounds = { from: periods[0]!.from, to: periods.at(-1)!.to };
    const clash = mine.find((row) => before(row.from, bounds.to) && before(bounds.from, row.to));
    if (!clash) candidates.push({ subscription, periods, ...bounds, billed: mine });
    // A run that is taken up again after a kill: this part of it is done.
    else if (clash.run_id === request.run_id) continue;
    else if (clash.from_date === `${request.from}` && clash.to_date === `${request.to}`)
      outcome.already_billed.push(subscription.subscription_id);
    else {
      const { subscription_id, org_id } = subscription;
      outcome.overlapping.push({ subscription_id, org_id, billed: { from: clash.from_date, to: clash.to_date } });
    }
  }
  const takes = await planTakes(db, request, candidates);
  const usage = await readUsage(db, candidates, takes);
  const prior = await readPrior(db, candidates);
  const contexts = await readContexts(request, candidates);
  for (const candidate of candidates) {
    const { subscription_id, org_id } = candidate.subscription;
    try {
      const charges = rateSubscription({
        subscription: candidate.subscription,
        rounding: request.rounding,
        watermark: request.watermark,
        periods: candidate.periods,
        usage: usage.get(subscription_id) ?? new Map(),
        prior: prior.get(subscription_id) ?? new Map(),
        contexts: contexts.get(subscription_id) ?? new Map(),
      });
      outcome.planned.push({
        subscription_id,
        org_id,
        from_date: `${request.from}`,
        to_date: `${request.to}`,
        from: candidate.from,
        to: candidate.to,
        watermark: request.watermark,
        run_id: request.run_id,
        takes: takes.get(subscription_id) ?? [],
        charges,
      });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const detail = error.details.errors?.[0]?.detail ?? error.message;
      outcome.faults.push({ subscription_id, org_id, code: error.code, detail });
    }
  }
  return outcome;
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
    rows.map((row) => [
      row.charge_id,
      { ...row, quantity: shortestDecimal(row.quantity), amount_exact: shortestDecimal(row.amount_exact) },
    ]),
  );
}

/** The rectangles of usage behind a usage charge: its period's takes cut to its own time; the period's first also has what came late. */
export async function rectanglesOfCharge(db: Db, charge: StoredCharge): Promise<UsageRectangle[]> {
  if (charge.billed_period_id === null || charge.sku === null) return [];
  const { starts, takes } = await takesOfPeriod(db, charge.billed_period_id);
  return rectanglesWithin(takes, { from: charge.from, to: charge.to }, starts);
}

/** A void sets the periods behind these charges free: their usage may be billed again. */
export async function retireCharges(tx: Tx, charge_ids: readonly string[]): Promise<void> {
  await retirePeriods(tx, charge_ids);
}

/** By subscription: what its period takes, and what came late for periods that were billed. */
async function planTakes(db: Db, request: PlanRequest, candidates: readonly Candidate[]): Promise<Map<string, UsageRectangle[]>> {
  const taken = Map.groupBy(
    await liveTakes(
      db,
      candidates.map((each) => each.subscription.subscription_id),
    ),
    (row) => row.subscription_id,
  );
  const late_orgs = await organizationsWithLateUsage(
    db,
    candidates.flatMap(({ subscription, billed }) =>
      billed.map((row) => ({ org_id: subscription.org_id, from: row.from, to: row.to, watermark: row.watermark })),
    ),
  );
  return new Map(
    candidates.map(({ subscription, from, to, billed }) => {
      const mine = (taken.get(subscription.subscription_id) ?? []).map(({ from, to, arrived_from, arrived_to }) => ({
        from,
        to,
        arrived_from,
        arrived_to,
      }));
      const wanted = [
        { from, to },
        // What came late for a period after this one stays for the run that follows it.
        ...(late_orgs.has(subscription.org_id)
          ? billed.filter((row) => before(row.from, from)).map((row) => ({ from: row.from, to: row.to }))
          : []),
      ];
      const free = wanted.flatMap((period) =>
        freeRectangles({ ...period, arrived_from: '0', arrived_to: request.watermark }, mine),
      );
      return [subscription.subscription_id, free] as const;
    }),
  );
}

/** Everything that the candidates' items used, in one question to metering. */
async function readUsage(
  db: Db,
  candidates: readonly Candidate[],
  takes: ReadonlyMap<string, readonly UsageRectangle[]>,
): Promise<Map<string, Map<string, ItemUsage>>> {
  const asked = candidates.flatMap(({ subscription, periods, from }) =>
    periods.flatMap((period) =>
      subscription.items.map((item) => {
        const rectangles = rectanglesWithin(takes.get(subscription.subscription_id) ?? [], period, from);
        return {
          subscription,
          period,
          item,
          take: { org_id: subscription.org_id, sku: item.sku, time_zone: subscription.time_zone, rectangles },
        };
      }),
    ),
  );
  const answers = await takeUsage(
    db,
    asked.map((each) => each.take),
  );
  const found = new Map<string, Map<string, ItemUsage>>(candidates.map((each) => [each.subscription.subscription_id, new Map()]));
  for (const [index, { subscription, period, item }] of asked.entries()) {
    const answer = answers[index]!;
    if (answer.count > 0)
      found.get(subscription.subscription_id)!.set(usageKey(period.from, item.sku), itemUsage(item.aggregation, answer));
  }
  return found;
}

/** For periods that are a part of their interval: what its other parts are billed, before and, after a void, also later ones. */
async function readPrior(db: Db, candidates: readonly Candidate[]): Promise<Map<string, Map<string, OtherParts>>> {
  const parts = candidates.flatMap(({ subscription, periods }) =>
    periods
      .filter((period) => before(period.interval_from, period.from) || before(period.to, period.interval_to))
      .map((period) => ({
        subscription_id: subscription.subscription_id,
        interval_from: period.interval_from,
        interval_to: period.interval_to,
      })),
  );
  const found = new Map<string, Map<string, OtherParts>>();
  if (parts.length === 0) return found;
  const currencies = new Map(candidates.map(({ subscription }) => [subscription.subscription_id, subscription.currency]));
  for (const row of await priorUsageCharges(db, parts)) {
    const mine = found.get(row.subscription_id) ?? new Map<string, OtherParts>();
    found.set(row.subscription_id, mine);
    mine.set(priorKey(row, row), {
      quantity: shortestDecimal(row.quantity),
      amount_exact: shortestDecimal(row.amount_exact),
      amount: fromMinor(BigInt(row.amount_minor), currencies.get(row.subscription_id)!),
      highest: row.highest === null ? null : shortestDecimal(row.highest),
      lowest: row.lowest === null ? null : shortestDecimal(row.lowest),
      latest: row.latest === null ? null : { quantity: shortestDecimal(row.latest), from: row.latest_from! },
    });
  }
  return found;
}

/** By subscription and a service period's `from`. */
async function readContexts(
  request: PlanRequest,
  candidates: readonly Candidate[],
): Promise<Map<string, ReadonlyMap<string, JsonObject>>> {
  const asked = candidates.flatMap(({ subscription, periods }) => periods.map(({ to }) => ({ org_id: subscription.org_id, to })));
  const answers = (await request.contextsOf(asked)).values();
  return new Map(
    candidates.map(({ subscription, periods }) => [
      subscription.subscription_id,
      new Map(periods.map((period) => [period.from, answers.next().value!])),
    ]),
  );
}

function itemUsage(aggregation: string, usage: TakenUsage): ItemUsage {
  return {
    quantity: aggregated(aggregation, usage),
    count: usage.count,
    sum: usage.quantity_sum,
    root: usage.root,
    late_count: usage.late_count,
  };
}

/** The one quantity that a SKU's aggregation makes of its events. */
function aggregated(aggregation: string, usage: TakenUsage): string {
  if (aggregation === 'count') return `${usage.count}`;
  if (aggregation === 'max') return usage.quantity_max ?? '0';
  if (aggregation === 'min') return usage.quantity_min ?? '0';
  if (aggregation === 'latest') return usage.quantity_latest ?? '0';
  return usage.quantity_sum;
}
