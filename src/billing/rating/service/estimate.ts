import { requireOrganization, requireProject } from '../../../foundation/tenancy/service.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { newId } from '../../../kernel/id.ts';
import { documentHash } from '../../../kernel/proof.ts';
import type { Db, Postgres, Tx } from '../../../platform/postgres.ts';
import { currencyOf, type Estimate, type EstimateRequest, inputsOf, workOut } from '../decide/estimate.ts';
import { deleteEstimatesBefore, insertEstimate, selectEstimate, tenantsWithEstimatesBefore } from '../sql/estimates.ts';
import { roundingOf, subscriptionsAt } from './subscriptions.ts';

/** An answer that was worked out anew, and what it was worked out from. */
export interface NewEstimate {
  inputs: JsonObject;
  inputs_hash: Buffer;
  result: Estimate;
}

/** Days for which an answer is kept. */
export const kept_days = 30;

/**
 * What one billing interval with this usage would cost, by the function that bills it: every SKU of the organization's plans is
 * priced, at quantity zero too. What was asked before, under the same prices, fees and rounding, is answered as it was then; `to_keep` is
 * what was not. Reads only. Throws `org_not_found`, `project_not_found`, `not_entitled`, `events_required` where a price is over single events
 * and a quantity alone is given.
 */
export async function estimate(db: Db, request: EstimateRequest): Promise<{ answer: Estimate; to_keep: NewEstimate | null }> {
  await requireOrganization(db, request.org_id);
  if (request.project_id !== undefined) await requireProject(db, request.project_id, request.org_id);
  const subscriptions = await subscriptionsAt(db, request.org_id, db.now);
  const facts = { subscriptions, currency: currencyOf(subscriptions, request), rounding: await roundingOf(db), at: db.now };
  const inputs = inputsOf(request, facts);
  const inputs_hash = documentHash(inputs);
  const kept = await selectEstimate<Estimate>(db, inputs_hash);
  if (kept) return { answer: kept, to_keep: null };
  const result = workOut(request, facts);
  return { answer: result, to_keep: { inputs, inputs_hash, result } };
}

/** Keeps an answer; one that another request kept meanwhile stays. */
export async function keepEstimate(
  tx: Tx,
  request: EstimateRequest,
  { inputs, inputs_hash, result }: NewEstimate,
): Promise<void> {
  const { org_id, project_id = null } = request;
  await insertEstimate(tx, { estimate_id: newId(tx.now), org_id, project_id, inputs, inputs_hash, result });
}

/** Lets go of the answers of all tenants that are older than `kept_days`. */
export async function sweepEstimates(postgres: Postgres, now: Temporal.Instant): Promise<void> {
  const oldest = now.subtract({ hours: 24 * kept_days }).toString();
  for (const tenant_id of await tenantsWithEstimatesBefore(postgres.pool('due'), oldest)) {
    const scope = { tenant_id, now, actor: { kind: 'system', id: 'rating' } } as const;
    await postgres.transact(scope, (tx) => deleteEstimatesBefore(tx, oldest));
  }
}
