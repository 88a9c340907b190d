import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { newId } from '../../../kernel/id.ts';
import { documentHash } from '../../../kernel/proof.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Price } from '../../../pricing/language.ts';
import { backtestDemand, draftChanges, draftContent, draftDocument, requireFit } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type {
  BacktestDemand,
  DraftContent,
  NewPriceDraft,
  Plan,
  PriceDraft,
  PriceDraftChanges,
  PublishPolicy,
  PublishPolicyRequest,
} from '../model.ts';
import { currentPrices, hashOfPrice, requirePlan, requireSku, setPrice } from '../service.ts';
import * as store from '../sql.ts';

/** A change over the prices of a plan, checked as it would be when it is published, with its hash. */
export interface CheckedDraft extends DraftContent {
  readonly plan: Plan;
  readonly content_hash: string;
}

const nothing: DraftContent = { base_amount: null, skus: {} };

/** Reads a change that is tried without being kept. Throws `plan_unknown`, `sku_unknown`, `price_invalid`, `base_amount_invalid`, and as `requireFit`. */
export async function checkDraft(
  db: Db,
  plan_id: string,
  request: { base_amount?: unknown; skus?: Readonly<Record<string, unknown>> | undefined },
  before: DraftContent = nothing,
): Promise<CheckedDraft> {
  const plan = await requirePlan(db, plan_id);
  const content = draftContent(request, { before, currency: plan.currency });
  for (const sku of Object.keys(request.skus ?? {})) {
    const priced = await requireSku(db, sku);
    const price = content.skus[sku];
    if (price !== undefined) requireFit(price, priced, `/skus/${sku}`);
  }
  return { ...content, plan, content_hash: documentHash(draftDocument(plan_id, content)).toString('hex') };
}

/** Throws as `checkDraft`. */
export async function createDraft(tx: Tx, request: NewPriceDraft): Promise<PriceDraft> {
  const { base_amount, skus, content_hash } = await checkDraft(tx, request.plan_id, request);
  const draft_id = newId(tx.now);
  const { plan_id, name } = request;
  const at = tx.now.toString();
  await store.insertDraft(tx, {
    draft_id,
    plan_id,
    name,
    status: 'draft',
    base_amount,
    skus,
    content_hash,
    created_at: at,
    created_by: tx.actor.id,
    updated_at: at,
    published_at: null,
    published_by: null,
    backtest_id: null,
  });
  const made = await requireDraft(tx, draft_id);
  await audit(tx, 'price_draft.created', null, made);
  await emit<typeof events>(tx, {
    type: 'price_draft.created',
    aggregate_type: 'price_draft',
    aggregate_id: draft_id,
    data: { draft_id, plan_id, content_hash },
  });
  return made;
}

/** Throws `draft_unknown`. */
export async function requireDraft(db: Db, draft_id: string): Promise<PriceDraft> {
  const found = await store.selectDraft(db, draft_id);
  if (!found) throw unknownDraft(draft_id);
  return found;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listDrafts(
  db: Db,
  query: { limit: number; cursor?: string | undefined; plan_id?: string | undefined; status?: string | undefined },
) {
  const sort = 'price_drafts.draft_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { plan_id = null, status = null } = query;
  const rows = await store.selectDrafts(db, { limit: query.limit + 1, below, plan_id, status });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.draft_id]));
}

/** Throws `draft_unknown`, `draft_final`, and as `checkDraft`. */
export async function changeDraft(tx: Tx, draft_id: string, changes: PriceDraftChanges): Promise<PriceDraft> {
  const before = await lockOpenDraft(tx, draft_id);
  const { base_amount, skus, content_hash } = await checkDraft(tx, before.plan_id, changes, before);
  const name = changes.name ?? before.name;
  if (name === before.name && content_hash === before.content_hash) return before;
  return updated(tx, before, { ...before, name, base_amount, skus, content_hash });
}

/** Puts a draft aside for good. Throws `draft_unknown`, `draft_final`. */
export async function discardDraft(tx: Tx, draft_id: string): Promise<PriceDraft> {
  const before = await lockOpenDraft(tx, draft_id);
  return updated(tx, before, { ...before, status: 'discarded' });
}

/** What publishing would change now, in order of SKU. Throws `draft_unknown`. */
export async function draftDifferences(
  db: Db,
  draft_id: string,
): Promise<{
  draft: PriceDraft;
  plan: Plan;
  base_amount: { before: string | null; after: string | null };
  differences: { sku: string; change: 'added' | 'changed'; before: Price | null; after: Price }[];
}> {
  const draft = await requireDraft(db, draft_id);
  const plan = await requirePlan(db, draft.plan_id);
  return {
    draft,
    plan,
    base_amount: { before: plan.base_amount, after: draft.base_amount ?? plan.base_amount },
    differences: draftChanges(draft, await currentPrices(db, plan.plan_id), hashOfPrice),
  };
}

/** An open draft, locked, and what its plan demands before it is published. Throws `draft_unknown`, `draft_final`. */
export async function openDraft(tx: Tx, draft_id: string): Promise<{ draft: PriceDraft; demand: BacktestDemand | null }> {
  const { plan_id } = await requireDraft(tx, draft_id);
  await store.lockPlan(tx, plan_id);
  const draft = await lockOpenDraft(tx, draft_id);
  return { draft, demand: await store.selectPublishPolicy(tx, plan_id) };
}

/**
 * Makes a draft the plan's own: new price versions for what differs, and the base fee, in one transaction. `backtest_id` is the passed
 * backtest of this very content, which the caller vouches for. Throws `draft_unknown`, `draft_final`, and `backtest_required` where the
 * plan demands one.
 */
export async function publishDraft(
  tx: Tx,
  draft_id: string,
  { backtest_id }: { backtest_id: string | null },
): Promise<PriceDraft> {
  const { draft: before, demand } = await openDraft(tx, draft_id);
  const plan = await requirePlan(tx, before.plan_id);
  if (demand !== null && backtest_id === null)
    throw errors.backtest_required({ detail: `The plan ${plan.name} demands a passed backtest of this draft as it is.` });
  const at = tx.now.toString();
  const published: PriceDraft = {
    ...before,
    status: 'published',
    updated_at: at,
    published_at: at,
    published_by: tx.actor.id,
    backtest_id,
  };
  await store.updateDraft(tx, published, demand);
  const price_version_ids: string[] = [];
  for (const [sku, price] of Object.entries(before.skus)) {
    const { current, changed } = await setPrice(tx, { plan_id: plan.plan_id, sku }, { price }, { draft_id });
    if (changed) price_version_ids.push(current.price_version_id);
  }
  await changeBaseAmount(tx, plan, before.base_amount);
  const after = await requireDraft(tx, draft_id);
  await audit(tx, 'price_draft.published', before, after);
  const { plan_id, content_hash } = after;
  await emit<typeof events>(tx, {
    type: 'price_draft.published',
    aggregate_type: 'price_draft',
    aggregate_id: draft_id,
    data: { draft_id, plan_id, content_hash, backtest_id, price_version_ids },
  });
  return after;
}

/** What a plan demands before its prices change. Throws `plan_unknown`. */
export async function publishPolicy(db: Db, plan_id: string): Promise<PublishPolicy> {
  await requirePlan(db, plan_id);
  return { plan_id, require_backtest: await store.selectPublishPolicy(db, plan_id) };
}

/** Throws `plan_unknown`, `publish_policy_invalid`. */
export async function putPublishPolicy(tx: Tx, plan_id: string, request: PublishPolicyRequest): Promise<PublishPolicy> {
  await store.lockPlan(tx, plan_id);
  const before = await publishPolicy(tx, plan_id);
  const after = {
    plan_id,
    require_backtest: request.require_backtest === null ? null : backtestDemand(request.require_backtest),
  };
  if (JSON.stringify(sorted(before.require_backtest)) === JSON.stringify(sorted(after.require_backtest))) return before;
  await store.updatePublishPolicy(tx, plan_id, after.require_backtest);
  await recordAudit(tx, { action: 'plan.publish_policy.changed', target_type: 'plan', target_id: plan_id, before, after });
  return after;
}

/** jsonb keeps no order of members. */
function sorted(demand: BacktestDemand | null): [string, unknown][] {
  return Object.entries(demand ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function changeBaseAmount(tx: Tx, plan: Plan, base_amount: string | null): Promise<void> {
  if (base_amount === null || base_amount === plan.base_amount) return;
  await store.updatePlan(tx, { ...plan, base_amount });
  const after = await requirePlan(tx, plan.plan_id);
  const { plan_id, status } = after;
  await recordAudit(tx, {
    action: 'plan.updated',
    target_type: 'plan',
    target_id: plan_id,
    before: json(plan),
    after: json(after),
  });
  await emit<typeof events>(tx, {
    type: 'plan.updated',
    aggregate_type: 'plan',
    aggregate_id: plan_id,
    data: { plan_id, status },
  });
}

async function lockOpenDraft(tx: Tx, draft_id: string): Promise<PriceDraft> {
  const found = await store.lockDraft(tx, draft_id);
  if (!found) throw unknownDraft(draft_id);
  if (found.status !== 'draft') throw errors.draft_final({ detail: `The draft ${found.name} is ${found.status}.` });
  return found;
}

async function updated(tx: Tx, before: PriceDraft, wanted: PriceDraft): Promise<PriceDraft> {
  await store.updateDraft(tx, { ...wanted, updated_at: tx.now.toString() });
  const after = await requireDraft(tx, before.draft_id);
  await audit(tx, 'price_draft.updated', before, after);
  const { draft_id, plan_id, content_hash } = after;
  await emit<typeof events>(tx, {
    type: 'price_draft.updated',
    aggregate_type: 'price_draft',
    aggregate_id: draft_id,
    data: { draft_id, plan_id, content_hash, status: after.status === 'discarded' ? 'discarded' : 'draft' },
  });
  return after;
}

async function audit(tx: Tx, action: string, before: PriceDraft | null, after: PriceDraft): Promise<void> {
  const target = { action, target_type: 'price_draft', target_id: after.draft_id };
  await recordAudit(tx, { ...target, before: before === null ? null : json(before), after: json(after) });
}

const unknownDraft = (draft_id: string) => errors.draft_unknown({ detail: `There is no price draft ${draft_id}.` });

/** What an audit entry keeps: our own rows, which are JSON. */
const json = (row: object): JsonObject => row as unknown as JsonObject;
