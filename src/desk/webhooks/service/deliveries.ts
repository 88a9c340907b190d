import { recordAudit } from '../../../foundation/audit/service.ts';
import type { Envelope } from '../../../foundation/events/model.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { messageBody } from '../decide/signature.ts';
import { errors } from '../errors.ts';
import type { Attempt, DeadLetter, Delivery, DeliveryWithBody } from '../model.ts';
import {
  type DeliveryFilter,
  insertDeliveries,
  selectAttempts,
  selectDeadLetters,
  selectDeliveries,
  selectDelivery,
} from '../sql/deliveries.ts';
import { lockVisible, type OrgIds, requireWebhook } from './webhooks.ts';

interface PageOf<Row> {
  data: Row[];
  next_cursor: string | null;
}
interface Paged {
  limit: number;
  cursor?: string | undefined;
}

/** Newest first. Throws `webhook_not_found`, `cursor_invalid`. */
export async function listDeliveries(
  db: Db,
  org_ids: OrgIds,
  webhook_id: string,
  query: DeliveryFilter & Paged,
): Promise<PageOf<Delivery>> {
  await requireWebhook(db, org_ids, webhook_id);
  const sort = `webhooks.deliveries ${webhook_id}`;
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectDeliveries(db, webhook_id, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.delivery_id]));
}

/** With what is sent. Throws `webhook_not_found`, `webhook_delivery_not_found`. */
export async function showDelivery(db: Db, org_ids: OrgIds, webhook_id: string, delivery_id: string): Promise<DeliveryWithBody> {
  await requireWebhook(db, org_ids, webhook_id);
  const found = await selectDelivery(db, webhook_id, delivery_id);
  if (!found) throw errors.webhook_delivery_not_found({ detail: `There is no delivery ${delivery_id}.` });
  return found;
}

/** First to last. Throws `webhook_not_found`, `webhook_delivery_not_found`, `cursor_invalid`. */
export async function listAttempts(
  db: Db,
  org_ids: OrgIds,
  ids: { webhook_id: string; delivery_id: string },
  query: Paged,
): Promise<PageOf<Attempt>> {
  await showDelivery(db, org_ids, ids.webhook_id, ids.delivery_id);
  const sort = `webhooks.attempts ${ids.delivery_id}`;
  const [above = '0'] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectAttempts(db, ids, { above: Number.parseInt(above, 10), limit: query.limit });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [`${row.number}`]));
}

/** Newest first; with `replayed` also those that were replayed. Throws `webhook_not_found`, `cursor_invalid`. */
export async function listDeadLetters(
  db: Db,
  org_ids: OrgIds,
  webhook_id: string,
  query: { replayed: boolean } & Paged,
): Promise<PageOf<DeadLetter>> {
  await requireWebhook(db, org_ids, webhook_id);
  const sort = `webhooks.dead_letters ${webhook_id}`;
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectDeadLetters(db, webhook_id, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.delivery_id]));
}

/**
 * Sends a message of the type `webhook.tested` to the endpoint, once, whatever it is subscribed to, and also while it is disabled. Throws
 * `webhook_not_found`.
 */
export async function testWebhook(tx: Tx, wall: Temporal.Instant, org_ids: OrgIds, webhook_id: string): Promise<Delivery> {
  const webhook = await lockVisible(tx, org_ids, webhook_id);
  const event: Envelope = {
    specversion: '1.0',
    id: newId(wall),
    source: `/tallystick/tenants/${tx.tenant_id}`,
    type: 'webhook.tested',
    subject: `webhook/${webhook_id}`,
    time: tx.now.toString(),
    recordedtime: wall.toString(),
    datacontenttype: 'application/json',
    tenantid: tx.tenant_id,
    correlationid: tx.correlation_id,
    dataversion: 1,
    data: { webhook_id },
  };
  const message = { event_id: event.id, type: event.type, event_at: event.time, body: messageBody(event) };
  const [delivery] = await insertDeliveries(tx, message, [webhook_id], 'test');
  const target = { target_type: 'webhook', target_id: webhook_id, org_id: webhook.org_id };
  await recordAudit(tx, { action: 'webhook.tested', ...target, before: null, after: { delivery_id: delivery!.delivery_id } });
  return delivery!;
}
