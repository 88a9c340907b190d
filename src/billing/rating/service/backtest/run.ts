import { emit } from '../../../../foundation/events/service.ts';
import { tenantNow } from '../../../../foundation/tenancy/model.ts';
import { requireTenant } from '../../../../foundation/tenancy/service.ts';
import { CodedError } from '../../../../kernel/errors.ts';
import type { Clock } from '../../../../platform/clock.ts';
import type { Db, Postgres, Scope, Tx } from '../../../../platform/postgres.ts';
import { rollUp } from '../../../../usage/metering/service/rollup.ts';
import { settledWatermark } from '../../../../usage/metering/service/watermark.ts';
import { commissionRates } from '../../../partners/service.ts';
import { countOrganizationsOnPlan, organizationsOnPlan } from '../../../subscriptions/service/offers.ts';
import { monthsOf, tallyOrganization, type Window } from '../../decide/backtests.ts';
import { errors } from '../../errors.ts';
import type { events } from '../../events.ts';
import type { TrialResult, TrialTotal } from '../../model/backtests.ts';
import {
  addTotals,
  advanceBacktest,
  type BacktestRow,
  finishBacktest,
  insertResults,
  selectBacktest,
  selectOffers,
  startBacktest,
} from '../../sql/backtests.ts';
import { roundingOf } from '../subscriptions.ts';
import { loadTrials, type TrialScope, widely } from './load.ts';
import { rateTrials, type TrialTerms } from './rate.ts';
import { summaryOf } from './summary.ts';

/** Organizations whose results are stored together: enough to make questions large, few enough that a kill costs little. */
const organizations_per_chunk = 400;

export interface BacktestDeps {
  postgres: Postgres;
  clock: Clock;
  signal?: AbortSignal;
  /** Organizations; as many as serve it best unless given. */
  chunk_size?: number;
}

interface Named {
  tenant_id: string;
  backtest_id: string;
}

/**
 * Brings a backtest to its end, chunk by chunk. Safe to repeat and to run twice at once: a chunk's results are stored in the transaction
 * that moves the backtest on from where it was, so each is stored once. Stops where it is cancelled. Throws `backtest_unknown`.
 */
export async function executeBacktest(deps: BacktestDeps, named: Named): Promise<BacktestRow> {
  const scope = await scopeOfTenant(deps, named.tenant_id);
  try {
    let row = await begin(deps, scope, named.backtest_id);
    const trial = await deps.postgres.read(scope, (db) => scopeOfTrial(db, row));
    while (row.status === 'running') {
      deps.signal?.throwIfAborted();
      const asked = {
        plan_id: row.plan_id,
        ...widely(trial.window),
        org_ids: row.org_ids,
        after: row.after_org_id,
        limit: deps.chunk_size ?? organizations_per_chunk,
      };
      const org_ids = await deps.postgres.read(scope, (db) => organizationsOnPlan(db, asked));
      if (org_ids.length === 0) return await deps.postgres.transact(scope, (tx) => complete(tx, row));
      const outcome = await rateChunk(deps, scope, trial, org_ids);
      await deps.postgres.transact(scope, (tx) => storeChunk(tx, row, org_ids, outcome));
      row = await current(deps, scope, row.backtest_id);
    }
    return row;
  } catch (error) {
    if (!(error instanceof CodedError) || error.status >= 500 || error.code === 'backtest_unknown') throw error;
    return failBacktest(deps, named, { code: error.code, detail: error.message });
  }
}

/** Puts on record that a backtest came to no end. */
export async function failBacktest(
  deps: BacktestDeps,
  { tenant_id, backtest_id }: Named,
  problem: { code: string; detail: string },
): Promise<BacktestRow> {
  const scope = await scopeOfTenant(deps, tenant_id);
  await deps.postgres.transact(scope, (tx) => finishBacktest(tx, backtest_id, { status: 'failed', problem }));
  return current(deps, scope, backtest_id);
}

/** The window of a backtest's months. */
export function windowOf(row: Pick<BacktestRow, 'from_month' | 'to_month'>): Window {
  return { from: Temporal.PlainDate.from(row.from_month), to: Temporal.PlainDate.from(row.to_month) };
}

/** What all chunks share, read once. */
type TrialWork = TrialScope & TrialTerms;

async function scopeOfTrial(db: Db, row: BacktestRow): Promise<TrialWork> {
  return {
    plan_id: row.plan_id,
    currency: row.currency,
    offers: await selectOffers(db, row.backtest_id),
    window: windowOf(row),
    watermark: row.watermark ?? '0',
    rounding: await roundingOf(db),
    rateOf: await commissionRates(db),
  };
}

/** The usage of now is what every chunk looks at, also one that is rated after a kill. */
async function begin(deps: BacktestDeps, scope: Scope, backtest_id: string): Promise<BacktestRow> {
  const row = await current(deps, scope, backtest_id);
  if (row.status !== 'queued') return row;
  const watermark = await settledWatermark(deps.postgres);
  await rollUp(deps.postgres, scope.tenant_id, watermark, scope.now);
  await deps.postgres.transact(scope, async (tx) => {
    const window = windowOf(row);
    const organizations = await countOrganizationsOnPlan(tx, { plan_id: row.plan_id, ...widely(window), org_ids: row.org_ids });
    await startBacktest(tx, backtest_id, { watermark, total: organizations * monthsOf(window).length });
  });
  return current(deps, scope, backtest_id);
}

interface Outcome {
  results: TrialResult[];
  totals: TrialTotal[];
}

async function rateChunk(deps: BacktestDeps, scope: Scope, work: TrialWork, org_ids: readonly string[]): Promise<Outcome> {
  const trials = await deps.postgres.read(scope, async (db) => rateTrials(db, await loadTrials(db, work, org_ids), work));
  const outcome: Outcome = { results: [], totals: [] };
  for (const [org_id, own] of Map.groupBy(trials, (trial) => trial.subscription.org_id)) {
    const { results, totals } = tallyOrganization(org_id, own, work.window);
    outcome.results.push(...results);
    outcome.totals.push(...totals);
  }
  return outcome;
}

async function storeChunk(tx: Tx, row: BacktestRow, org_ids: readonly string[], { results, totals }: Outcome): Promise<void> {
  const done = org_ids.length * monthsOf(windowOf(row)).length;
  const step = { after_org_id: row.after_org_id, to_org_id: org_ids.at(-1)!, done };
  if (!(await advanceBacktest(tx, row.backtest_id, step))) return;
  if (results.length > 0) await insertResults(tx, row.backtest_id, results);
  if (totals.length > 0) await addTotals(tx, row.backtest_id, totals);
}

async function complete(tx: Tx, row: BacktestRow): Promise<BacktestRow> {
  const summary = await summaryOf(tx, row);
  if (await finishBacktest(tx, row.backtest_id, { status: 'completed', summary })) {
    const { backtest_id, plan_id, draft_id, content_hash } = row;
    await emit<typeof events>(tx, {
      type: 'backtest.completed',
      aggregate_type: 'backtest',
      aggregate_id: backtest_id,
      data: {
        backtest_id,
        plan_id,
        draft_id,
        content_hash,
        organizations: summary.organizations,
        percent: summary.draft.percent,
      },
    });
  }
  return (await selectBacktest(tx, row.backtest_id))!;
}

async function current(deps: BacktestDeps, scope: Scope, backtest_id: string): Promise<BacktestRow> {
  const row = await deps.postgres.read(scope, (db) => selectBacktest(db, backtest_id));
  if (!row) throw errors.backtest_unknown({ detail: `There is no backtest ${backtest_id}.` });
  return row;
}

/** The tenant's own time, for work that no request does. */
async function scopeOfTenant({ postgres, clock }: BacktestDeps, tenant_id: string): Promise<Scope> {
  const wall = clock.now();
  const tenant = await postgres.read({ tenant_id, now: wall }, requireTenant);
  return { tenant_id, now: tenantNow(tenant, wall), actor: { kind: 'system', id: 'backtest' } };
}
