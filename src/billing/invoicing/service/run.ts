import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { sealCheckpoint } from '../../../foundation/receipts/service.ts';
import { tenantNow } from '../../../foundation/tenancy/model.ts';
import { organizationsByIds, ownOrganization, requireTenant } from '../../../foundation/tenancy/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/id.ts';
import { before } from '../../../kernel/period.ts';
import type { Clock } from '../../../platform/clock.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import { rollUp } from '../../../usage/metering/service/rollup.ts';
import { settledWatermark } from '../../../usage/metering/service/watermark.ts';
import { closeUsage } from '../../../usage/metering/service.ts';
import type { RatedSubscription } from '../../rating/model.ts';
import { tellRating } from '../../rating/service/lifecycle.ts';
import { subscriptionsWithin, unpricedSubscriptions } from '../../rating/service/subscriptions.ts';
import { type PlanOutcome, planPeriods, storePeriods } from '../../rating/service.ts';
import type { Subscription } from '../../subscriptions/model.ts';
import { ensureItems, markBilled } from '../../subscriptions/service.ts';
import { boundAsDate, requireEndedPeriod } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { RunError } from '../model.ts';
import { advanceRun, finishRun, insertRun, lockBilling, type RunRow, selectRun, startRun } from '../sql.ts';
import { closeBilledCycles } from './billed-cycles.ts';
import { issueInvoices, party } from './issue.ts';
import { inZone, planFor, subscriptionsToBill, widely } from './plan.ts';
import { rebillLate } from './rebill.ts';

/** Subscriptions billed in one transaction: enough to make statements large, few enough to keep transactions short. */
const chunk_size = 500;

export interface RunDeps {
  postgres: Postgres;
  clock: Clock;
  signal?: AbortSignal;
}

export interface RunRequest {
  /** A local date, or a local midnight with offset. */
  from: string;
  to: string;
  org_id?: string | undefined;
}

export interface RunOptions {
  /** Until when it waits on the queue: whoever executes it before leaves the queue nothing to do, unless they are killed. */
  run_at?: Temporal.Instant;
  /** In which the dates are; each organization's own unless given. */
  time_zone?: string;
}

/**
 * Puts a run on record and on the queue. Throws `org_not_found`, `period_not_midnight`, `period_empty`, `period_in_future`, and
 * `period_overlaps` where every subscription of the run has a billed period that overlaps without being equal.
 */
export async function requestRun(tx: Tx, request: RunRequest, { time_zone, ...queue }: RunOptions = {}): Promise<RunRow> {
  const { time_zones, subscriptions } = await scopeOfRun(tx, request, time_zone);
  const bounds = time_zones.map((zone) => ({
    from: boundAsDate(request.from, zone, '/from'),
    to: boundAsDate(request.to, zone, '/to'),
    today: tx.now.toZonedDateTimeISO(zone).toPlainDate(),
  }));
  for (const { from, to, today } of bounds) requireEndedPeriod(from, to, today);
  const { from, to } = bounds[0]!;
  await refuseOverlap(tx, { from, to }, subscriptions);
  const run_id = newId(tx.now);
  await insertRun(tx, {
    run_id,
    from_date: `${from}`,
    to_date: `${to}`,
    org_id: request.org_id ?? null,
    time_zone: time_zone ?? null,
  });
  await recordAudit(tx, {
    action: 'billing_run.requested',
    target_type: 'billing_run',
    target_id: run_id,
    org_id: request.org_id ?? null,
    before: null,
    after: { from: `${from}`, to: `${to}` },
  });
  // What the run does belongs to what asked for it.
  const origin = { correlation_id: tx.correlation_id, ...(tx.causation_id === null ? {} : { causation_id: tx.causation_id }) };
  await enqueue(tx, 'invoicing.run', { run_id, ...origin }, { key: `invoicing.run ${run_id}`, ...queue });
  return (await selectRun(tx, run_id))!;
}

/** A run, and what it is an effect of where that is known. */
export interface RunToExecute {
  tenant_id: string;
  run_id: string;
  correlation_id?: string | undefined;
  causation_id?: string | undefined;
}

/**
 * Bills a run to its end. What happens on the way has one correlation: that of what asked for the run, or else the run's id. Safe to repeat, and to run twice at once: every chunk holds the tenant's billing lock, looks at what is
 * billed, and the database refuses the rest.
 */
export async function executeRun(deps: RunDeps, { tenant_id, run_id, ...origin }: RunToExecute): Promise<RunRow> {
  const { correlation_id = run_id, causation_id = null } = origin;
  const scope = { ...(await scopeOfTenant(deps, tenant_id)), correlation_id, causation_id };
  const run = await deps.postgres.read(scope, (db) => selectRun(db, run_id));
  if (!run) throw errors.run_unknown();
  if (run.status === 'completed') return run;
  try {
    const watermark = await settledWatermark(deps.postgres);
    await rollUp(deps.postgres, tenant_id, watermark, scope.now);
    const subscriptions = await deps.postgres.read(scope, (db) => subscriptionsToBill(db, run));
    await deps.postgres.transact(scope, (tx) => startRun(tx, run_id, subscriptions.length));
    for (const chunk of chunksOfOrganizations(subscriptions)) {
      deps.signal?.throwIfAborted();
      await deps.postgres.transact(scope, (tx) => billChunk(tx, run, watermark, chunk));
    }
    return await deps.postgres.transact(scope, (tx) => complete(tx, run));
  } catch (error) {
    if (!(error instanceof CodedError) || error.status >= 500) throw error;
    return await failRun(deps, { tenant_id, run_id }, { code: error.code, detail: error.message });
  }
}

/** Puts on record that a run ended without its whole effect. What it billed stays billed; the same period again bills the rest. */
export async function failRun(
  deps: RunDeps,
  { tenant_id, run_id }: { tenant_id: string; run_id: string },
  problem: RunError,
): Promise<RunRow> {
  const scope = await scopeOfTenant(deps, tenant_id);
  return deps.postgres.transact(scope, async (tx) => {
    await finishRun(tx, run_id, 'failed', [problem]);
    return (await selectRun(tx, run_id))!;
  });
}

/** The tenant's own time, for work that no request began. */
export async function scopeOfTenant(deps: Pick<RunDeps, 'postgres' | 'clock'>, tenant_id: string): Promise<Scope> {
  const wall = deps.clock.now();
  const tenant = await deps.postgres.read({ tenant_id, now: wall }, requireTenant);
  return { tenant_id, now: tenantNow(tenant, wall), actor: { kind: 'system', id: 'billing' } };
}

async function billChunk(tx: Tx, run: RunRow, watermark: string, subscriptions: readonly Subscription[]): Promise<void> {
  await lockBilling(tx);
  await ensureItems(
    tx,
    // What has ended is billed for what it had.
    subscriptions
      .filter(({ ended_at }) => ended_at === null || before(widely(run).from, ended_at))
      .map((each) => each.subscription_id),
  );
  const rebilled = await rebillLate(tx, { ...run, watermark }, subscriptions);
  const { outcome, organizations, own, partners } = await planFor(tx, { ...run, watermark, subscriptions });
  const charges = await storePeriods(tx, outcome.planned);
  const invoices = await issueInvoices(tx, {
    run_id: run.run_id,
    period: { from: run.from_date, to: run.to_date },
    charges,
    seller: party(own),
    organizations,
    partners,
  });
  await markBilled(
    tx,
    outcome.planned.filter(({ kind }) => kind === 'period').map(({ subscription_id, to }) => ({ subscription_id, until: to })),
  );
  await closeUsage(tx, closures(outcome));
  await closeBilledCycles(tx, run, { outcome, organizations });
  await tellRating(tx, {
    run_id: run.run_id,
    subscriptions: subscriptions.length,
    charges: charges.length,
    faults: outcome.faults,
  });
  await advanceRun(tx, run.run_id, {
    done: subscriptions.length,
    invoices: rebilled + invoices,
    already_billed: outcome.already_billed.length,
    errors: [...outcome.overlapping.map(overlapError), ...outcome.faults.map(({ usage: _, ...error }) => error)],
  });
}

/** One signed checkpoint covers every receipt of the run. */
async function complete(tx: Tx, run: RunRow): Promise<RunRow> {
  // Last, for it holds the tenant's log until the transaction ends.
  await sealCheckpoint(tx);
  const is_news = await finishRun(tx, run.run_id, 'completed', []);
  const done = (await selectRun(tx, run.run_id))!;
  // Another worker may have taken the run up, and come to its end first.
  if (!is_news) return done;
  await emit<typeof events>(tx, {
    type: 'billing.run.completed',
    aggregate_type: 'billing_run',
    aggregate_id: run.run_id,
    org_id: run.org_id,
    data: { run_id: run.run_id, from: run.from_date, to: run.to_date, invoices: done.invoices, errors: done.errors.length },
  });
  return done;
}

function overlapError({ org_id, subscription_id, billed }: PlanOutcome['overlapping'][number]): RunError {
  return { org_id, subscription_id, code: 'period_overlaps', detail: `${billed.from} to ${billed.to} is billed already.` };
}

/** Up to where each organization is billed now, for the judgement of late usage. */
function closures(outcome: PlanOutcome): { org_id: string; closed_until: string }[] {
  const until = new Map<string, string>();
  for (const period of outcome.planned.filter(({ kind }) => kind === 'period')) {
    const known = until.get(period.org_id);
    if (known === undefined || before(known, period.to)) until.set(period.org_id, period.to);
  }
  return [...until].map(([org_id, closed_until]) => ({ org_id, closed_until }));
}

/** All of an organization's subscriptions together, so that each payer has one invoice. */
function* chunksOfOrganizations(subscriptions: readonly Subscription[]): Generator<Subscription[]> {
  let chunk: Subscription[] = [];
  for (const group of Map.groupBy(subscriptions, (each) => each.org_id).values()) {
    if (chunk.length > 0 && chunk.length + group.length > chunk_size) {
      yield chunk;
      chunk = [];
    }
    chunk.push(...group);
  }
  if (chunk.length > 0) yield chunk;
}

async function scopeOfRun(
  tx: Tx,
  request: RunRequest,
  time_zone: string | undefined,
): Promise<{ time_zones: string[]; subscriptions: RatedSubscription[] }> {
  const own = await ownOrganization(tx);
  const dates = { from_date: request.from.slice(0, 10), to_date: request.to.slice(0, 10) };
  const window = dates.from_date < dates.to_date ? widely(dates) : null;
  const live = window ? await subscriptionsWithin(tx, { ...window, org_id: request.org_id ?? null }) : [];
  const subscriptions = inZone(await unpricedSubscriptions(tx, live), time_zone ?? null);
  if (time_zone !== undefined) return { time_zones: [time_zone], subscriptions };
  const zones = new Set(subscriptions.map((each) => each.time_zone));
  if (zones.size === 0) {
    const organization = request.org_id ? (await organizationsByIds(tx, [request.org_id])).get(request.org_id) : own;
    zones.add((organization ?? own).default_timezone);
  }
  return { time_zones: [...zones], subscriptions };
}

async function refuseOverlap(
  tx: Tx,
  { from, to }: { from: Temporal.PlainDate; to: Temporal.PlainDate },
  subscriptions: readonly RatedSubscription[],
): Promise<void> {
  if (subscriptions.length === 0 || subscriptions.length > chunk_size) return;
  const outcome = await planPeriods(tx, {
    run_id: newId(tx.now),
    from,
    to,
    watermark: '1',
    rounding: 'half_up',
    subscriptions,
    contextsOf: async (periods) => periods.map(() => ({})),
  });
  const first = outcome.overlapping[0];
  if (first && outcome.planned.length === 0 && outcome.already_billed.length === 0) {
    throw errors.period_overlaps({
      detail: `${first.billed.from} to ${first.billed.to} is billed already, and ${from} to ${to} overlaps it.`,
    });
  }
}
