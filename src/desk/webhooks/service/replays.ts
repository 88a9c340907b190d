import { recordAudit } from '../../../foundation/audit/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Postgres, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { Replay, ReplayCriteria, Webhook } from '../model.ts';
import { selectDelivery } from '../sql/deliveries.ts';
import { type Criteria, insertReplay, insertReplayed, lockReplay, selectReplay, updateReplay } from '../sql/replays.ts';
import { lockVisible, type OrgIds, requireWebhook } from './webhooks.ts';

export const replay_job = 'webhooks.replay';

/** Deliveries that one transaction makes. */
const page_size = 500;

/**
 * Delivers one event again, under the `webhook-id` that it had. Throws `webhook_not_found`, `webhook_delivery_not_found`,
 * `webhook_delivery_pending`, `webhook_disabled`.
 */
export async function replayDelivery(
  tx: Tx,
  wall: Temporal.Instant,
  org_ids: OrgIds,
  { webhook_id, delivery_id }: { webhook_id: string; delivery_id: string },
): Promise<Replay> {
  const webhook = await lockVisible(tx, org_ids, webhook_id);
  const delivery = await selectDelivery(tx, webhook_id, delivery_id);
  if (!delivery || delivery.kind === 'test')
    throw errors.webhook_delivery_not_found({ detail: `There is no delivery ${delivery_id} to replay.` });
  if (delivery.status === 'pending') throw errors.webhook_delivery_pending();
  return begin(tx, wall, webhook, { delivery_id, statuses: finished, only_unreplayed: false });
}

/**
 * Delivers again what the criteria say: up to 500 at once, the rest by a job. Throws `webhook_not_found`, `webhook_disabled`,
 * `webhook_replay_range_invalid`.
 */
export async function replayDeliveries(
  tx: Tx,
  wall: Temporal.Instant,
  org_ids: OrgIds,
  webhook_id: string,
  { status, from, to, types }: ReplayCriteria,
): Promise<Replay> {
  const webhook = await lockVisible(tx, org_ids, webhook_id);
  if (from !== undefined && to !== undefined && Temporal.Instant.compare(from, to) >= 0)
    throw errors.webhook_replay_range_invalid({ detail: '`from` must be before `to`.' });
  const undelivered = status !== 'any' && status !== 'delivered';
  const statuses = status === 'any' ? finished : status === 'undelivered' ? ['failed', 'cancelled'] : [status];
  return begin(tx, wall, webhook, { from, to, types, statuses, only_unreplayed: undelivered || status === 'any' });
}

/** Throws `webhook_not_found`, `webhook_replay_not_found`. */
export async function showReplay(db: Db, org_ids: OrgIds, webhook_id: string, replay_id: string): Promise<Replay> {
  await requireWebhook(db, org_ids, webhook_id);
  const found = await selectReplay(db, webhook_id, replay_id);
  if (!found) throw errors.webhook_replay_not_found({ detail: `There is no replay ${replay_id}.` });
  return found;
}

/** Goes on with a replay until it is completed, a page a transaction: one that is killed goes on where it was. */
export async function executeReplay(
  { postgres, signal }: { postgres: Postgres; signal?: AbortSignal },
  named: { tenant_id: string; replay_id: string },
  now: Temporal.Instant,
): Promise<void> {
  const scope = { tenant_id: named.tenant_id, now, actor: { kind: 'system' as const, id: replay_job } };
  for (;;) {
    if (signal?.aborted) throw new Error('the replay goes on when the process is back');
    const completed = await postgres.transact(scope, (tx) => nextPage(tx, named.replay_id));
    if (completed) return;
  }
}

const finished = ['delivered', 'failed', 'cancelled'];

async function begin(tx: Tx, wall: Temporal.Instant, webhook: Webhook, criteria: Criteria): Promise<Replay> {
  const { webhook_id, org_id } = webhook;
  if (webhook.status === 'disabled') throw errors.webhook_disabled({ detail: 'Enable it before deliveries are replayed.' });
  const replay_id = newId(wall);
  await insertReplay(tx, { replay_id, webhook_id, criteria });
  await recordAudit(tx, {
    action: 'webhook.replayed',
    target_type: 'webhook',
    target_id: webhook_id,
    org_id,
    before: null,
    after: { replay_id, ...(JSON.parse(JSON.stringify(criteria)) as object) },
  });
  if (!(await nextPage(tx, replay_id))) await enqueue(tx, replay_job, { replay_id });
  const replay = await selectReplay(tx, webhook_id, replay_id);
  assert(replay, 'the replay was made');
  return replay;
}

/** Answers whether that was the last. */
async function nextPage(tx: Tx, replay_id: string): Promise<boolean> {
  const work = await lockReplay(tx, replay_id);
  if (!work || work.status === 'completed') return true;
  const webhook = await lockVisible(tx, null, work.webhook_id).catch(goneAsNull);
  // An endpoint that was disabled or deleted meanwhile is sent nothing more.
  const stopped = webhook === null || webhook.status === 'disabled';
  const { seen, made, last } = stopped ? { seen: 0, made: 0, last: null } : await insertReplayed(tx, work, page_size);
  const completed = seen < page_size;
  await updateReplay(tx, replay_id, { made, last, completed });
  return completed;
}

function goneAsNull(error: unknown): null {
  if ((error as { code?: unknown }).code === 'webhook_not_found') return null;
  throw error;
}
