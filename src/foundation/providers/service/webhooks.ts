import { isUtf8 } from 'node:buffer';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Postgres, Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { errors } from '../errors.ts';
import type { InboundWebhook, InboundWebhookWithBody } from '../model.ts';
import {
  dropOldBodies,
  findOverdue,
  lockWebhook,
  selectWebhook,
  selectWebhooks,
  tenantsWithOldBodies,
  updateWaiting,
  type WebhookFilter,
} from '../sql/webhooks.ts';
import { process_job, processKey } from './process.ts';

/** Newest first. Throws `cursor_invalid`. */
export async function listWebhooks(
  db: Db,
  query: WebhookFilter & { limit: number; cursor?: string | undefined },
): Promise<{ data: InboundWebhook[]; next_cursor: string | null }> {
  const sort = 'inbound_webhooks';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectWebhooks(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.inbound_webhook_id]));
}

/** A message with what was sent, for people, and for rooms above that were told of it by an event. Throws `inbound_webhook_not_found`. */
export async function readWebhook(db: Db, inbound_webhook_id: string): Promise<InboundWebhookWithBody> {
  const found = await selectWebhook(db, inbound_webhook_id);
  if (!found) throw unknown(inbound_webhook_id);
  const { body, body_hash, ...webhook } = found;
  return {
    ...webhook,
    body_sha256: body_hash.toString('hex'),
    body_base64: body?.toString('base64') ?? null,
    body_text: body && isUtf8(body) ? body.toString('utf8') : null,
  };
}

/**
 * Has a message that had no effect processed as though it had just come. Throws `inbound_webhook_not_found`, `inbound_webhook_processed`,
 * `inbound_webhook_body_gone`, and where another message has its id by now, `inbound_webhook_superseded`.
 */
export async function reprocessWebhook(tx: Tx, wall: Temporal.Instant, inbound_webhook_id: string): Promise<InboundWebhook> {
  const standing = await lockWebhook(tx, inbound_webhook_id);
  if (!standing) throw unknown(inbound_webhook_id);
  const before = await readWebhook(tx, inbound_webhook_id);
  if (standing.status === 'processed') throw errors.inbound_webhook_processed({ detail: `It was, at ${before.finished_at}.` });
  if (before.body_bytes === null) throw errors.inbound_webhook_body_gone();
  await updateWaiting(tx, inbound_webhook_id, wall.toString());
  await enqueue(tx, process_job, { inbound_webhook_id }, { key: processKey(inbound_webhook_id) });
  const {
    headers: _headers,
    body_sha256: _sha,
    body_base64: _base64,
    body_text: _text,
    answer: _answer,
    ...after
  } = await readWebhook(tx, inbound_webhook_id);
  await recordAudit(tx, {
    action: 'inbound_webhook.reprocessed',
    target_type: 'inbound_webhook',
    target_id: inbound_webhook_id,
    before: { status: before.status, attempts: before.attempts, last_error: before.last_error && { ...before.last_error } },
    after: { status: after.status, attempts: after.attempts, last_error: null },
  });
  return after;
}

/** How long after it was due a message is looked for whose job got lost; its job is given some time. */
const overdue_s = 300;
const most_at_once = 500;

/** Gives messages that should have been tried a job again, should theirs have been lost. Answers how many. */
export async function requeueOverdue(postgres: Postgres, wall: Temporal.Instant): Promise<number> {
  const overdue = await findOverdue(postgres.pool('due'), wall.subtract({ seconds: overdue_s }).toString(), most_at_once);
  for (const [tenant_id, webhooks] of Map.groupBy(overdue, (one) => one.tenant_id)) {
    await postgres.transact({ tenant_id, now: wall, actor }, async (tx) => {
      for (const { inbound_webhook_id } of webhooks)
        await enqueue(tx, process_job, { inbound_webhook_id }, { key: processKey(inbound_webhook_id) });
    });
  }
  return overdue.length;
}

/** Lets go of bodies that were kept for as long as they are; what came, when, and its hash stay. Answers how many. */
export async function sweepBodies(postgres: Postgres, wall: Temporal.Instant, signal: AbortSignal): Promise<number> {
  let dropped = 0;
  for (const tenant_id of await tenantsWithOldBodies(postgres.pool('due'), wall.toString())) {
    for (let some = most_at_once; some === most_at_once && !signal.aborted; dropped += some) {
      some = await postgres.transact({ tenant_id, now: wall, actor }, (tx) => dropOldBodies(tx, wall.toString(), most_at_once));
    }
  }
  return dropped;
}

const actor = { kind: 'system', id: 'providers' } as const;

function unknown(inbound_webhook_id: string): Error {
  return errors.inbound_webhook_not_found({ detail: `There is no message ${inbound_webhook_id}.` });
}
