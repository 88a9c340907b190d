import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Attempt, DeadLetter, Delivery, DeliveryWithBody, Outcome } from '../model.ts';

export interface Message {
  event_id: string;
  type: string;
  event_at: string;
  body: string;
}

/** A delivery to each endpoint, at once. What was enqueued before is not again. */
export async function insertDeliveries(
  tx: Tx,
  message: Message,
  webhook_ids: readonly string[],
  kind: 'event' | 'test',
): Promise<Delivery[]> {
  await tx.write(sql`
    INSERT INTO webhook_message (tenant_id, event_id, type, event_at, body)
    VALUES (${tx.tenant_id}, ${message.event_id}, ${message.type}, ${message.event_at}, ${message.body}) ON CONFLICT DO NOTHING`);
  return tx.write(sql<Delivery>`
    INSERT INTO webhook_delivery (tenant_id, webhook_id, event_id, event_type, event_at, kind)
    SELECT ${tx.tenant_id}, webhook_id, ${message.event_id}, ${message.type}, ${message.event_at}, ${kind}
      FROM unnest(${webhook_ids}::uuid[]) AS webhook_id
    ON CONFLICT DO NOTHING RETURNING ${columns}`);
}

/** What waits for an endpoint will not be sent. What is under way may still be taken. */
export async function cancelDeliveries(tx: Tx, webhook_id: string): Promise<void> {
  await tx.write(sql`
    UPDATE webhook_delivery SET status = 'cancelled', next_attempt_at = NULL, lease = NULL, leased_until = NULL, finished_at = clock_timestamp()
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id} AND status = 'pending'`);
}

export function selectDelivery(db: Db, webhook_id: string, delivery_id: string): Promise<DeliveryWithBody | undefined> {
  return db.maybe(sql<DeliveryWithBody>`
    SELECT ${columns}, (SELECT body FROM webhook_message m WHERE m.tenant_id = d.tenant_id AND m.event_id = d.event_id) AS body
      FROM webhook_delivery d WHERE tenant_id = ${db.tenant_id} AND webhook_id = ${webhook_id} AND delivery_id = ${delivery_id}`);
}

/** Nobody else changes it until the transaction ends. */
export function lockDelivery(tx: Tx, delivery_id: string): Promise<(Delivery & { lease: string | null }) | undefined> {
  return tx.maybe(sql<Delivery & { lease: string | null }>`
    SELECT ${columns}, lease FROM webhook_delivery
     WHERE tenant_id = ${tx.tenant_id} AND delivery_id = ${delivery_id} FOR NO KEY UPDATE`);
}

export interface DeliveryFilter {
  status?: string | undefined;
  event_type?: string | undefined;
  event_id?: string | undefined;
  /** Of the event's time: inclusive, and exclusive. */
  from?: string | undefined;
  to?: string | undefined;
}

/** Newest first, one more than the limit. */
export function selectDeliveries(
  db: Db,
  webhook_id: string,
  filter: DeliveryFilter & { below: string | null; limit: number },
): Promise<Delivery[]> {
  return db.rows(sql<Delivery>`
    SELECT ${columns} FROM webhook_delivery
     WHERE tenant_id = ${db.tenant_id} AND webhook_id = ${webhook_id}
       ${when(filter.status, (status) => sql`AND status = ${status}`)}
       ${when(filter.event_type, (type) => sql`AND event_type = ${type}`)}
       ${when(filter.event_id, (id) => sql`AND event_id = ${id}`)}
       ${when(filter.from, (from) => sql`AND event_at >= ${from}`)}
       ${when(filter.to, (to) => sql`AND event_at < ${to}`)}
       ${when(filter.below, (below) => sql`AND delivery_id < ${below}`)}
     ORDER BY delivery_id DESC LIMIT ${filter.limit + 1}`);
}

/** Of one delivery in their order, one more than the limit. */
export function selectAttempts(
  db: Db,
  delivery: { webhook_id: string; delivery_id: string },
  { above, limit }: { above: number; limit: number },
): Promise<Attempt[]> {
  return db.rows(sql<Attempt>`
    SELECT delivery_id, number, url, host(address) AS address, request_headers, status, response_headers, response_body, response_cut, error_code,
           error_detail, started_at, duration_ms
      FROM webhook_delivery_attempt
     WHERE tenant_id = ${db.tenant_id} AND delivery_id = ${delivery.delivery_id} AND webhook_id = ${delivery.webhook_id} AND number > ${above}
     ORDER BY number LIMIT ${limit + 1}`);
}

/** Newest first, one more than the limit. */
export function selectDeadLetters(
  db: Db,
  webhook_id: string,
  filter: { replayed: boolean; below: string | null; limit: number },
): Promise<DeadLetter[]> {
  return db.rows(sql<DeadLetter>`
    SELECT q.delivery_id, q.webhook_id, d.event_id, d.event_type, d.event_at, q.reason, d.attempts, d.last_status, d.last_error, q.created_at,
           q.replayed_at
      FROM webhook_dlq q JOIN webhook_delivery d ON d.tenant_id = q.tenant_id AND d.delivery_id = q.delivery_id
     WHERE q.tenant_id = ${db.tenant_id} AND q.webhook_id = ${webhook_id} AND (${filter.replayed} OR q.replayed_at IS NULL)
       ${when(filter.below, (below) => sql`AND q.delivery_id < ${below}`)}
     ORDER BY q.delivery_id DESC LIMIT ${filter.limit + 1}`);
}

/** Puts an attempt on record and counts it; what becomes of the delivery is for the caller. */
export async function insertAttempt(
  tx: Tx,
  delivery: { webhook_id: string; delivery_id: string },
  number: number,
  outcome: Outcome,
): Promise<void> {
  await tx.write(sql`
    INSERT INTO webhook_delivery_attempt (tenant_id, delivery_id, number, webhook_id, url, address, request_headers, status, response_headers,
      response_body, response_cut, error_code, error_detail, started_at, duration_ms)
    VALUES (${tx.tenant_id}, ${delivery.delivery_id}, ${number}, ${delivery.webhook_id}, ${outcome.url}, ${outcome.address}::inet,
      ${JSON.stringify(outcome.request_headers)}::jsonb, ${outcome.status}, ${jsonOrNull(outcome.response_headers)}::jsonb, ${outcome.response_body},
      ${outcome.response_cut}, ${outcome.error?.code ?? null}, ${outcome.error?.detail ?? null}, ${outcome.started_at}, ${outcome.duration_ms})`);
  await tx.write(sql`
    UPDATE webhook_delivery
       SET attempts = ${number},
           last_status = CASE WHEN status = 'delivered' THEN last_status ELSE ${outcome.status} END,
           last_error = CASE WHEN status = 'delivered' THEN last_error ELSE ${outcome.error?.code ?? null} END
     WHERE tenant_id = ${tx.tenant_id} AND delivery_id = ${delivery.delivery_id}`);
}

/** Ends a delivery without success, for good; but for tests it becomes a dead letter. */
export async function updateFailed(
  tx: Tx,
  delivery: Pick<Delivery, 'delivery_id' | 'webhook_id' | 'kind'>,
  reason: DeadLetter['reason'],
): Promise<void> {
  await tx.write(sql`
    UPDATE webhook_delivery SET status = 'failed', next_attempt_at = NULL, lease = NULL, leased_until = NULL, finished_at = clock_timestamp()
     WHERE tenant_id = ${tx.tenant_id} AND delivery_id = ${delivery.delivery_id}`);
  if (delivery.kind === 'test') return;
  await tx.write(sql`
    INSERT INTO webhook_dlq (tenant_id, delivery_id, webhook_id, reason)
    VALUES (${tx.tenant_id}, ${delivery.delivery_id}, ${delivery.webhook_id}, ${reason})`);
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

const columns = sql.raw(
  'delivery_id, webhook_id, event_id, event_type, event_at, kind, replay_id, status, attempts, next_attempt_at, last_status, last_error, created_at, finished_at',
);

function when<T>(value: T | null | undefined, part: (value: T) => RawBuilder<unknown>): RawBuilder<unknown> {
  return value === null || value === undefined ? sql`` : part(value);
}
