import { errors as catalogErrors } from '../../../offer/catalog/errors.ts';
import type { BacktestDemand, PriceDraft } from '../../../offer/catalog/model.ts';
import { openDraft, publishDraft as publish, publishPolicy, requireDraft } from '../../../offer/catalog/service/drafts.ts';
import { requirePlan } from '../../../offer/catalog/service.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { monthsOf, verdictOf } from '../decide/backtests.ts';
import { errors } from '../errors.ts';
import type { PublicationCheck, Verdict } from '../model/backtests.ts';
import { type BacktestRow, countOver, insertPublication, selectCompletedOf } from '../sql/backtests.ts';
import { windowOf } from './backtest/run.ts';
import { liveOffer, offerHash, requireBacktest } from './backtests.ts';

/** What publishing a draft as it is now needs, and which of its backtests meet it. Throws `draft_unknown`. */
export async function checkPublication(db: Db, draft_id: string): Promise<PublicationCheck> {
  const draft = await requireDraft(db, draft_id);
  const { plan_id } = draft;
  const { require_backtest: demand } = await publishPolicy(db, plan_id);
  const found = await selectCompletedOf(db, draft);
  const live_hash = await liveHash(db, plan_id);
  const backtests: PublicationCheck['backtests'] = [];
  for (const row of found) {
    const verdict = demand === null ? { passed: true, reasons: [] } : await judge(db, row, demand, live_hash);
    backtests.push({ backtest_id: row.backtest_id, finished_at: row.finished_at!, ...verdict });
  }
  const passed = backtests.find((each) => each.passed);
  return {
    draft_id,
    plan_id,
    demand: demand && { ...demand },
    may_publish: draft.status === 'draft' && (demand === null || passed !== undefined),
    backtest_id: passed?.backtest_id ?? null,
    backtests,
  };
}

/**
 * Publishes a draft, on the newest backtest of its very content that meets what the plan demands, or on the one that is named.
 * Throws `draft_unknown`, `draft_final`, `backtest_required`, `backtest_unknown`, `backtest_not_passed`.
 */
export async function publishDraft(tx: Tx, draft_id: string, asked: { backtest_id?: string | undefined }): Promise<PriceDraft> {
  const { draft, demand } = await openDraft(tx, draft_id);
  const named = asked.backtest_id === undefined ? null : await requireBacktest(tx, asked.backtest_id);
  if (demand === null) {
    if (named) requireOfDraft(named, draft);
    return publish(tx, draft_id, { backtest_id: named?.backtest_id ?? null });
  }
  const candidates = named ? [named] : await selectCompletedOf(tx, draft);
  if (named) requireOfDraft(named, draft);
  const live_hash = await liveHash(tx, draft.plan_id);
  let refused: Verdict | null = null;
  for (const row of candidates) {
    const verdict = await judge(tx, row, demand, live_hash);
    refused ??= verdict;
    if (!verdict.passed) continue;
    const published = await publish(tx, draft_id, { backtest_id: row.backtest_id });
    const { backtest_id } = row;
    await insertPublication(tx, { draft_id, content_hash: draft.content_hash, backtest_id, demand });
    return published;
  }
  if (refused === null)
    throw catalogErrors.backtest_required({
      detail: 'The plan demands a passed backtest, and there is none of this draft as it is.',
    });
  throw errors.backtest_not_passed({
    detail: refused.reasons.map((reason) => reason.detail).join(' '),
    errors: refused.reasons.map((reason) => ({ pointer: '', ...reason })),
  });
}

/** Throws `backtest_not_passed` for one that has not completed, or was of something else. */
function requireOfDraft(row: BacktestRow, draft: PriceDraft): void {
  const detail =
    row.status !== 'completed'
      ? `The backtest is ${row.status}.`
      : row.content_hash !== draft.content_hash
        ? 'The backtest was of another content: the draft changed since, or it is of another draft.'
        : undefined;
  if (detail) throw errors.backtest_not_passed({ detail });
}

async function judge(db: Db, row: BacktestRow, demand: BacktestDemand, live_hash: string): Promise<Verdict> {
  const { max_org_increase_percent: over } = demand;
  return verdictOf(demand, {
    summary: row.summary!,
    months: monthsOf(windowOf(row)).length,
    of_all: row.org_ids === null,
    is_current: row.live_hash === live_hash,
    organizations_over: over === null ? 0 : await countOver(db, row.backtest_id, over),
  });
}

async function liveHash(db: Db, plan_id: string): Promise<string> {
  return offerHash(await liveOffer(db, await requirePlan(db, plan_id)));
}
