import { recordAudit } from '../../../foundation/audit/service.ts';
import { organizationsByIds } from '../../../foundation/tenancy/service.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import type { Fault } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/id.ts';
import { documentHash } from '../../../kernel/proof.ts';
import { errors as catalogErrors } from '../../../offer/catalog/errors.ts';
import { type DraftContent, type Plan, type PriceDraft, priceJson } from '../../../offer/catalog/model.ts';
import { type CheckedDraft, checkDraft, requireDraft } from '../../../offer/catalog/service/drafts.ts';
import { currentPrices, hashOfPrice, requirePlan } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { monthsOf } from '../decide/backtests.ts';
import { errors } from '../errors.ts';
import {
  type Backtest,
  type BacktestOrganization,
  most_months,
  type NewBacktest,
  type Offer,
  type OrganizationSort,
} from '../model/backtests.ts';
import * as store from '../sql/backtests.ts';
import { windowOf } from './backtest/run.ts';
import { amountIn } from './backtest/summary.ts';

export const backtest_job = 'rating.backtest';

/**
 * Puts a backtest on record and on the queue, with all prices as they are now. Throws `backtest_invalid`, `backtest_months_invalid`,
 * `backtest_org_unknown`, `draft_unknown`, `draft_final`, and as `checkDraft`.
 */
export async function requestBacktest(tx: Tx, request: NewBacktest): Promise<Backtest> {
  requireMonths(request, tx.now);
  const tried = await triedContent(tx, request);
  const { plan } = tried;
  const compare = request.compare_draft_id === undefined ? null : await openDraftOf(tx, request.compare_draft_id, plan);
  const org_ids = await knownOrganizations(tx, request.org_ids);
  const live = await liveOffer(tx, plan);
  const backtest_id = newId(tx.now);
  await store.insertBacktest(tx, {
    backtest_id,
    plan_id: plan.plan_id,
    draft_id: request.draft_id ?? null,
    compare_draft_id: request.compare_draft_id ?? null,
    currency: plan.currency,
    content_hash: tried.content_hash,
    compare_hash: compare?.content_hash ?? null,
    live_hash: offerHash(live),
    offers: { live, draft: changedOffer(live, tried), compare: compare && changedOffer(live, compare) },
    from_month: request.from,
    to_month: request.to,
    org_ids,
    over_percent: request.over_percent ?? '10',
  });
  await recordAudit(tx, {
    action: 'backtest.requested',
    target_type: 'backtest',
    target_id: backtest_id,
    before: null,
    after: { plan_id: plan.plan_id, content_hash: tried.content_hash, from: request.from, to: request.to },
  });
  await enqueue(tx, backtest_job, { backtest_id }, { key: `${backtest_job} ${backtest_id}` });
  return toBacktest(await requireBacktest(tx, backtest_id));
}

/** Throws `backtest_unknown`. */
export async function backtestById(db: Db, backtest_id: string): Promise<Backtest> {
  return toBacktest(await requireBacktest(db, backtest_id));
}

/** Newest first, without summaries. Throws `cursor_invalid`. */
export async function listBacktests(
  db: Db,
  query: { limit: number; cursor?: string | undefined; plan_id?: string | undefined; draft_id?: string | undefined },
) {
  const sort = 'backtests.backtest_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { plan_id = null, draft_id = null } = query;
  const rows = await store.selectBacktests(db, { limit: query.limit + 1, below, plan_id, draft_id });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.backtest_id]));
  return { data: data.map((row) => omitSummary(toBacktest(row))), next_cursor };
}

/** Stops a backtest where it is; what it found so far can be read. Throws `backtest_unknown`, `backtest_ended`. */
export async function cancelBacktest(tx: Tx, backtest_id: string): Promise<Backtest> {
  const row = await requireBacktest(tx, backtest_id);
  if (!(await store.finishBacktest(tx, backtest_id, { status: 'cancelled' }))) {
    const { status } = await requireBacktest(tx, backtest_id);
    throw errors.backtest_ended({ detail: `The backtest is ${status}.` });
  }
  await recordAudit(tx, {
    action: 'backtest.cancelled',
    target_type: 'backtest',
    target_id: backtest_id,
    before: { status: row.status, done: row.done },
    after: { status: 'cancelled' },
  });
  return backtestById(tx, backtest_id);
}

/** A page of the table by organization, in an order. Throws `backtest_unknown`, `cursor_invalid`. */
export async function listOrganizations(
  db: Db,
  backtest_id: string,
  query: { limit: number; cursor?: string | undefined; sort: OrganizationSort },
): Promise<{ data: BacktestOrganization[]; next_cursor: string | null }> {
  const { currency } = await requireBacktest(db, backtest_id);
  const sort = `backtest_organizations.${backtest_id}.${query.sort}`;
  const [key, org_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const after = key === undefined || org_id === undefined ? null : ([key, org_id] as const);
  const rows = await store.selectOrganizations(db, backtest_id, { sort: query.sort, limit: query.limit + 1, after });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.sort_key, row.org_id]));
  const organizations = await organizationsByIds(
    db,
    data.map((row) => row.org_id),
  );
  return {
    next_cursor,
    data: data.map((row) => {
      const { legal_name, org_slug } = organizations.get(row.org_id)!;
      return { ...organizationOf(row, currency), legal_name, org_slug };
    }),
  };
}

/** What a plan charges now. */
export async function liveOffer(db: Db, plan: Plan): Promise<Offer> {
  const prices = await currentPrices(db, plan.plan_id);
  return {
    base_amount: plan.base_amount,
    prices: prices.map(({ sku, price_version_id, version, price, price_hash }) => ({
      sku,
      price_version_id,
      version,
      price,
      price_hash,
    })),
  };
}

/** SHA-256 over fee and prices, lower-case hex: one that is the same prices everything the same. */
export function offerHash({ base_amount, prices }: Offer): string {
  const skus = Object.fromEntries(prices.map(({ sku, price }) => [sku, priceJson(price)]));
  return documentHash({ base_amount, skus } as JsonObject).toString('hex');
}

function changedOffer(live: Offer, { base_amount, skus }: DraftContent): Offer {
  const changed = Object.entries(skus).map(([sku, price]) => ({
    sku,
    price_version_id: null,
    version: 0,
    price,
    price_hash: hashOfPrice(price),
  }));
  const kept = live.prices.filter(({ sku }) => !Object.hasOwn(skus, sku));
  return {
    base_amount: base_amount ?? live.base_amount,
    prices: [...kept, ...changed].sort((a, b) => (a.sku < b.sku ? -1 : 1)),
  };
}

export async function requireBacktest(db: Db, backtest_id: string): Promise<store.BacktestRow> {
  const row = await store.selectBacktest(db, backtest_id);
  if (!row) throw errors.backtest_unknown({ detail: `There is no backtest ${backtest_id}.` });
  return row;
}

/** What is tried: a draft as it is now, or a change that comes with the request. */
async function triedContent(tx: Tx, { draft_id, plan_id, base_amount, skus }: NewBacktest): Promise<CheckedDraft> {
  if ((draft_id === undefined) === (plan_id === undefined)) {
    const detail = 'Give draft_id, or plan_id with base_amount and skus.';
    throw errors.backtest_invalid({ detail, errors: [{ pointer: '/draft_id', code: 'backtest_invalid', detail }] });
  }
  if (plan_id !== undefined) return checkDraft(tx, plan_id, { base_amount: base_amount ?? undefined, skus });
  if (base_amount !== undefined || skus !== undefined) {
    const pointer = base_amount === undefined ? '/skus' : '/base_amount';
    const detail = 'The draft says what is tried: give base_amount and skus with plan_id alone.';
    throw errors.backtest_invalid({ detail, errors: [{ pointer, code: 'backtest_invalid', detail }] });
  }
  const draft = await requireDraft(tx, draft_id!);
  requireOpen(draft);
  return { ...draft, plan: await requirePlan(tx, draft.plan_id) };
}

async function openDraftOf(tx: Tx, draft_id: string, plan: Plan): Promise<PriceDraft> {
  const draft = await requireDraft(tx, draft_id);
  requireOpen(draft);
  if (draft.plan_id === plan.plan_id) return draft;
  const detail = `The draft ${draft.name} is of another plan.`;
  throw errors.backtest_invalid({ detail, errors: [{ pointer: '/compare_draft_id', code: 'backtest_invalid', detail }] });
}

function requireOpen({ name, status }: PriceDraft): void {
  if (status !== 'draft') throw catalogErrors.draft_final({ detail: `The draft ${name} is ${status}: there is nothing to try.` });
}

/** Throws `backtest_months_invalid` for no month, too many, or one that has not ended everywhere on earth. */
function requireMonths({ from, to }: { from: string; to: string }, now: Temporal.Instant): void {
  const refuse = (pointer: string, detail: string) =>
    errors.backtest_months_invalid({ detail, errors: [{ pointer, code: 'backtest_months_invalid', detail }] });
  if (from >= to) throw refuse('/to', `from ${from.slice(0, 7)} is not before to ${to.slice(0, 7)}, the month after the last.`);
  const months = monthsOf({ from: Temporal.PlainDate.from(from), to: Temporal.PlainDate.from(to) }).length;
  if (months > most_months) throw refuse('/to', `These are ${months} months, and ${most_months} can be tried at once.`);
  const today = `${now.subtract({ hours: 12 }).toZonedDateTimeISO('UTC').toPlainDate()}`;
  if (to > today) throw refuse('/to', `The month before ${to.slice(0, 7)} has not ended yet.`);
}

async function knownOrganizations(tx: Tx, org_ids: NewBacktest['org_ids']): Promise<string[] | null> {
  if (org_ids === undefined || org_ids === 'all') return null;
  const known = await organizationsByIds(tx, org_ids);
  const faults = org_ids.flatMap((org_id, index): Fault[] =>
    known.has(org_id)
      ? []
      : [{ pointer: `/org_ids/${index}`, code: 'backtest_org_unknown', detail: `There is no organization ${org_id}.` }],
  );
  if (faults.length > 0) throw errors.backtest_org_unknown({ detail: faults[0]!.detail, errors: faults });
  return [...new Set(org_ids)].sort();
}

function toBacktest(row: store.BacktestRow): Backtest {
  const { backtest_id, plan_id, draft_id, compare_draft_id, content_hash, currency, org_ids, over_percent } = row;
  return {
    backtest_id,
    plan_id,
    draft_id,
    compare_draft_id,
    content_hash,
    currency,
    from: row.from_month.slice(0, 7),
    to: row.to_month.slice(0, 7),
    months: monthsOf(windowOf(row)).map((month) => month.slice(0, 7)),
    org_ids,
    over_percent,
    status: row.status,
    progress: { done: row.done, total: row.total },
    summary: row.summary,
    problem: row.problem,
    created_at: row.created_at,
    finished_at: row.finished_at,
  };
}

function omitSummary({ summary: _, ...rest }: Backtest): Omit<Backtest, 'summary'> {
  return rest;
}

type Unnamed = Omit<BacktestOrganization, 'legal_name' | 'org_slug'>;

function organizationOf(row: store.OrganizationRow, currency: string): Unnamed {
  const money = amountIn(currency);
  const { before_minor, before_partner_minor } = row;
  const side = (minor: string | null, partner_minor: string | null, percent: string | null) =>
    minor === null || before_minor === null
      ? null
      : {
          amount: money(minor),
          partners: money(partner_minor ?? '0'),
          difference: money(BigInt(minor) - BigInt(before_minor)),
          percent,
        };
  const faulty = row.fault !== null;
  return {
    org_id: row.org_id,
    basis: row.basis,
    before:
      faulty || before_minor === null ? null : { amount: money(before_minor), partners: money(before_partner_minor ?? '0') },
    draft: faulty ? null : side(row.draft_minor, row.draft_partner_minor, row.draft_percent),
    compare: faulty ? null : side(row.compare_minor, row.compare_partner_minor, row.compare_percent),
    months: row.months.map(({ month, before_minor, draft_minor, compare_minor }) => ({
      month: month.slice(0, 7),
      before: money(before_minor),
      draft: money(draft_minor),
      compare: compare_minor === null ? null : money(compare_minor),
    })),
    fault: row.fault && { side: row.fault.side, code: row.fault.code, detail: row.fault.detail },
  };
}
