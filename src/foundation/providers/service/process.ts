import { assert } from '../../../kernel/assert.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { CodedError } from '../../../kernel/errors.ts';
import type { Clock } from '../../../platform/clock.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { emit } from '../../events/service.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { requireTenant } from '../../tenancy/service.ts';
import { afterFailure, failureOf, isRefusal } from '../decide/attempts.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Refusal } from '../model.ts';
import { lockWebhook, type Standing, selectContent, selectStanding, updateSettled } from '../sql/webhooks.ts';
import type { InboundKinds } from './kinds.ts';
import type { InboundMetrics } from './metrics.ts';

export interface ProcessDeps {
  postgres: Postgres;
  clock: Clock;
  log: Pick<Logger, 'warn' | 'error'>;
  kinds: InboundKinds;
  metrics: InboundMetrics;
}

/** What became of a message. One that failed is tried again by a job; nobody needs to wait for it. */
export type Outcome =
  | { status: 'processed'; answer: JsonObject | null }
  | { status: 'ignored'; error: Refusal }
  | { status: 'failed' | 'dead' };

export const process_job = 'providers.process_inbound';

/** The job's key: a second one in the queue takes the place of the first. */
export function processKey(inbound_webhook_id: string): string {
  return `${process_job} ${inbound_webhook_id}`;
}

/** How long bodies are kept once there is nothing to do with them but to look. */
const body_days = { processed: 30, ignored: 30, dead: 90 };

/**
 * Has a message take its effect, unless it had: however many do this at once, the effect is had once, in the transaction that says so. A message that
 * is refused for what it says is `ignored`; one that fails is tried again later, and is dead after eight tries. Throws `inbound_webhook_not_found`.
 */
export async function processWebhook(
  deps: ProcessDeps,
  { tenant_id, inbound_webhook_id }: { tenant_id: string; inbound_webhook_id: string },
): Promise<Outcome> {
  const { postgres, clock, metrics } = deps;
  const wall = clock.now();
  const { now, known } = await postgres.read({ tenant_id, now: wall }, async (db) => ({
    now: tenantNow(await requireTenant(db), wall),
    known: await selectStanding(db, inbound_webhook_id),
  }));
  if (!known) throw errors.inbound_webhook_not_found({ detail: `There is no message ${inbound_webhook_id}.` });
  const { kind, endpoint_id } = known;
  const before = outcomeOf(known);
  if (before) return before;
  const actor = { kind: 'system', id: endpoint_id, name: kind } as const;
  const scope: Scope = { tenant_id, now, actor, correlation_id: inbound_webhook_id };
  let outcome: Outcome;
  let again = false;
  try {
    ({ outcome, again } = await postgres.transact(scope, (tx) => takeEffect(tx, deps, inbound_webhook_id)));
  } catch (error) {
    ({ outcome, again } = await postgres.transact(scope, (tx) => settleFailure(tx, deps, inbound_webhook_id, error)));
    const entry = { err: error, inbound_webhook_id, endpoint_id, tenant_id, outcome: outcome.status };
    if (!again && outcome.status === 'dead') deps.log.error(entry, 'an inbound webhook is dead');
    else if (!again && outcome.status === 'failed') deps.log.warn(entry, 'an inbound webhook will be tried again');
  }
  if (!again) metrics.webhooks.inc({ kind, outcome: outcome.status });
  return outcome;
}

type Settled = {
  outcome: Outcome;
  /** True where somebody else had settled it meanwhile. */
  again: boolean;
};

async function takeEffect(tx: Tx, { kinds, clock }: ProcessDeps, inbound_webhook_id: string): Promise<Settled> {
  const standing = await lockWebhook(tx, inbound_webhook_id);
  assert(standing, 'a stored message is never deleted');
  const before = outcomeOf(standing);
  if (before) return { outcome: before, again: true };
  const kind = kinds.get(standing.kind);
  assert(kind, 'every endpoint has a kind that the program knows');
  const { body, body_hash: _hash, ...content } = await selectContent(tx, inbound_webhook_id);
  assert(body, 'the body of a message that waits is kept');
  const { endpoint_id } = standing;
  const answer = await kind.take(tx, { inbound_webhook_id, endpoint_id, kind: standing.kind, ...content, body });
  await updateSettled(tx, inbound_webhook_id, { status: 'processed', answer, ...kept('processed', clock.now()) });
  return { outcome: { status: 'processed', answer }, again: false };
}

async function settleFailure(tx: Tx, { clock }: ProcessDeps, inbound_webhook_id: string, error: unknown): Promise<Settled> {
  const standing = await lockWebhook(tx, inbound_webhook_id);
  assert(standing, 'a stored message is never deleted');
  const before = outcomeOf(standing);
  if (before) return { outcome: before, again: true };
  const wall = clock.now();
  if (error instanceof CodedError && isRefusal(error)) {
    const { code, status, title, details } = error;
    const refusal: Refusal = {
      code,
      status,
      title,
      ...optional('detail', details.detail),
      ...optional('errors', details.errors),
    };
    await updateSettled(tx, inbound_webhook_id, { status: 'ignored', error: refusal, ...kept('ignored', wall) });
    return { outcome: { status: 'ignored', error: refusal }, again: false };
  }
  const failure = failureOf(error);
  const verdict = afterFailure(standing.attempts + 1);
  if (verdict.status === 'dead') {
    await updateSettled(tx, inbound_webhook_id, { status: 'dead', error: failure, ...kept('dead', wall) });
    const { endpoint_id, kind } = standing;
    await emit<typeof events>(tx, {
      type: 'inbound_webhook.dead',
      aggregate_type: 'inbound_webhook',
      aggregate_id: inbound_webhook_id,
      data: { inbound_webhook_id, endpoint_id, kind, code: failure.code },
    });
    return { outcome: { status: 'dead' }, again: false };
  }
  const next = wall.add({ seconds: verdict.wait_s });
  await updateSettled(tx, inbound_webhook_id, { status: 'failed', error: failure, next_attempt_at: next.toString() });
  await enqueue(tx, process_job, { inbound_webhook_id }, { key: processKey(inbound_webhook_id), run_at: next });
  return { outcome: { status: 'failed' }, again: false };
}

function kept(status: keyof typeof body_days, wall: Temporal.Instant): { at: string; body_until: string } {
  return { at: wall.toString(), body_until: wall.add({ hours: 24 * body_days[status] }).toString() };
}

/** What became of a message that is not to be tried any more; null for one that waits. */
function outcomeOf({ status, answer, last_error }: Standing): Outcome | null {
  if (status === 'processed') return { status, answer };
  if (status === 'ignored') return { status, error: last_error! };
  return status === 'dead' ? { status } : null;
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [_ in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [_ in Name]: Value });
}
