import { sql } from 'kysely';
import type pg from 'pg';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { compile, type Db, type Tx } from '../../../platform/postgres.ts';
import type { InboundWebhook, Refusal, WebhookStatus } from '../model.ts';

export interface NewWebhook {
  inbound_webhook_id: string;
  endpoint_id: string;
  message_id: string;
  type: string | null;
  headers: Record<string, string>;
  body: Buffer;
  body_hash: Buffer;
  secret_id: string;
  signed_at: string;
  received_at: string;
  next_attempt_at: string;
}

/** Answers whether the row is new: one of the endpoint with this message id may be there. Waits for whoever is storing the same. */
export async function insertWebhook(tx: Tx, webhook: NewWebhook): Promise<boolean> {
  const rows = await tx.write(sql`
    INSERT INTO inbound_webhook (tenant_id, inbound_webhook_id, endpoint_id, message_id, type, headers, body, body_hash, secret_id, signed_at,
      received_at, status, next_attempt_at)
    VALUES (${tx.tenant_id}, ${webhook.inbound_webhook_id}, ${webhook.endpoint_id}, ${webhook.message_id}, ${webhook.type},
      ${JSON.stringify(webhook.headers)}::jsonb, ${webhook.body}, ${webhook.body_hash}, ${webhook.secret_id}, ${webhook.signed_at},
      ${webhook.received_at}, 'received', ${webhook.next_attempt_at})
    ON CONFLICT (tenant_id, endpoint_id, message_id) WHERE status <> 'ignored' DO NOTHING
    RETURNING inbound_webhook_id`);
  return rows.length > 0;
}

/** The message of this id that counts. */
export function selectByMessage(
  db: Db,
  { endpoint_id, message_id }: { endpoint_id: string; message_id: string },
): Promise<{ inbound_webhook_id: string; body_hash: Buffer; status: WebhookStatus } | undefined> {
  return db.maybe(sql<{ inbound_webhook_id: string; body_hash: Buffer; status: WebhookStatus }>`
    SELECT inbound_webhook_id, body_hash, status FROM inbound_webhook
     WHERE tenant_id = ${db.tenant_id} AND endpoint_id = ${endpoint_id} AND message_id = ${message_id} AND status <> 'ignored'`);
}

/** Whether `most` or more messages of an endpoint wait to be processed. */
export async function isBacklogged(db: Db, endpoint_id: string, most: number): Promise<boolean> {
  const { waiting } = await db.one(sql<{ waiting: string }>`
    SELECT count(*) AS waiting FROM (
      SELECT FROM inbound_webhook
       WHERE tenant_id = ${db.tenant_id} AND endpoint_id = ${endpoint_id} AND status IN ('received', 'failed') LIMIT ${most}) few`);
  return Number.parseInt(waiting, 10) >= most;
}

/** What became of a message so far. */
export interface Standing {
  endpoint_id: string;
  kind: string;
  status: WebhookStatus;
  attempts: number;
  answer: JsonObject | null;
  last_error: Refusal | null;
}

export function selectStanding(db: Db, inbound_webhook_id: string): Promise<Standing | undefined> {
  return db.maybe(sql<Standing>`
    SELECT w.endpoint_id, e.kind, w.status, w.attempts, w.answer, w.last_error
      FROM inbound_webhook w JOIN inbound_endpoint e USING (tenant_id, endpoint_id)
     WHERE w.tenant_id = ${db.tenant_id} AND w.inbound_webhook_id = ${inbound_webhook_id}`);
}

/** The same, once nobody else is at it, and nobody until the transaction ends. */
export async function lockWebhook(tx: Tx, inbound_webhook_id: string): Promise<Standing | undefined> {
  await tx.rows(
    sql`SELECT FROM inbound_webhook WHERE tenant_id = ${tx.tenant_id} AND inbound_webhook_id = ${inbound_webhook_id} FOR UPDATE`,
  );
  return selectStanding(tx, inbound_webhook_id);
}

export interface Content {
  message_id: string;
  type: string | null;
  headers: Record<string, string>;
  body: Buffer | null;
  body_hash: Buffer;
  received_at: string;
}

export function selectContent(db: Db, inbound_webhook_id: string): Promise<Content> {
  return db.one(sql<Content>`
    SELECT message_id, type, headers, body, body_hash, received_at FROM inbound_webhook
     WHERE tenant_id = ${db.tenant_id} AND inbound_webhook_id = ${inbound_webhook_id}`);
}

export type Settlement =
  | { status: 'processed'; answer: JsonObject | null; at: string; body_until: string }
  | { status: 'ignored' | 'dead'; error: Refusal; at: string; body_until: string }
  | { status: 'failed'; error: Refusal; next_attempt_at: string };

/** Keeps what became of a try. */
export async function updateSettled(tx: Tx, inbound_webhook_id: string, settled: Settlement): Promise<void> {
  const answer = settled.status === 'processed' ? json(settled.answer) : null;
  const error = settled.status === 'processed' ? null : json(settled.error);
  const [at, body_until, next] =
    settled.status === 'failed' ? [null, null, settled.next_attempt_at] : [settled.at, settled.body_until, null];
  await tx.write(sql`
    UPDATE inbound_webhook
       SET status = ${settled.status}, attempts = attempts + 1, answer = ${answer}::jsonb, last_error = ${error}::jsonb, finished_at = ${at},
           body_until = ${body_until}, next_attempt_at = ${next}
     WHERE tenant_id = ${tx.tenant_id} AND inbound_webhook_id = ${inbound_webhook_id}`);
}

/** As though it had just come. */
export async function updateWaiting(tx: Tx, inbound_webhook_id: string, next_attempt_at: string): Promise<void> {
  await tx.write(sql`
    UPDATE inbound_webhook
       SET status = 'received', attempts = 0, last_error = NULL, finished_at = NULL, body_until = NULL, next_attempt_at = ${next_attempt_at}
     WHERE tenant_id = ${tx.tenant_id} AND inbound_webhook_id = ${inbound_webhook_id}`);
}

export interface WebhookFilter {
  endpoint_id?: string | undefined;
  status?: WebhookStatus | undefined;
  type?: string | undefined;
  /** RFC 3339; inclusive, exclusive. */
  from?: string | undefined;
  to?: string | undefined;
}

/** Newest first, one more than the limit. */
export function selectWebhooks(
  db: Db,
  filter: WebhookFilter & { below: string | null; limit: number },
): Promise<InboundWebhook[]> {
  return db.rows(sql<InboundWebhook>`
    SELECT ${columns} FROM inbound_webhook w JOIN inbound_endpoint e USING (tenant_id, endpoint_id)
     WHERE w.tenant_id = ${db.tenant_id}
       ${when(filter.endpoint_id, (it) => sql`AND w.endpoint_id = ${it}`)}
       ${when(filter.status, (it) => sql`AND w.status = ${it}`)}
       ${when(filter.type, (it) => sql`AND w.type = ${it}`)}
       ${when(filter.from, (it) => sql`AND w.received_at >= ${it}`)}
       ${when(filter.to, (it) => sql`AND w.received_at < ${it}`)}
       ${when(filter.below, (it) => sql`AND w.inbound_webhook_id < ${it}`)}
     ORDER BY w.inbound_webhook_id DESC LIMIT ${filter.limit + 1}`);
}

export function selectWebhook(
  db: Db,
  inbound_webhook_id: string,
): Promise<
  (InboundWebhook & { headers: Record<string, string>; body: Buffer | null; body_hash: Buffer; answer: unknown }) | undefined
> {
  return db.maybe(sql<
    InboundWebhook & { headers: Record<string, string>; body: Buffer | null; body_hash: Buffer; answer: unknown }
  >`SELECT ${columns}, w.headers, w.body, w.body_hash, w.answer FROM inbound_webhook w JOIN inbound_endpoint e USING (tenant_id, endpoint_id)
     WHERE w.tenant_id = ${db.tenant_id} AND w.inbound_webhook_id = ${inbound_webhook_id}`);
}

/** As the role `due`: what should have been tried before `at`, oldest first. */
export async function findOverdue(
  due: pg.Pool,
  at: string,
  limit: number,
): Promise<{ tenant_id: string; inbound_webhook_id: string }[]> {
  const { text, values } = compile(sql`
    SELECT tenant_id, inbound_webhook_id FROM inbound_webhook WHERE next_attempt_at < ${at} ORDER BY next_attempt_at LIMIT ${limit}`);
  return (await due.query<{ tenant_id: string; inbound_webhook_id: string }>(text, values)).rows;
}

/** As the role `due`: whose bodies were kept for as long as they are. */
export async function tenantsWithOldBodies(due: pg.Pool, at: string): Promise<string[]> {
  const { text, values } = compile(sql`SELECT DISTINCT tenant_id FROM inbound_webhook WHERE body_until < ${at}`);
  return (await due.query<{ tenant_id: string }>(text, values)).rows.map((row) => row.tenant_id);
}

/** Lets go of at most `limit` such bodies; answers of how many. */
export async function dropOldBodies(tx: Tx, at: string, limit: number): Promise<number> {
  const rows = await tx.write(sql`
    UPDATE inbound_webhook SET body = NULL, body_until = NULL
     WHERE tenant_id = ${tx.tenant_id} AND inbound_webhook_id IN (
       SELECT inbound_webhook_id FROM inbound_webhook WHERE tenant_id = ${tx.tenant_id} AND body_until < ${at} LIMIT ${limit})
    RETURNING inbound_webhook_id`);
  return rows.length;
}

const columns = sql`w.inbound_webhook_id, w.endpoint_id, e.kind, w.message_id, w.type, w.status, w.attempts, w.next_attempt_at, w.received_at,
  w.signed_at, w.secret_id, w.finished_at, w.last_error, length(w.body) AS body_bytes`;

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function when<T>(value: T | null | undefined, clause: (value: T) => ReturnType<typeof sql>): ReturnType<typeof sql> {
  return value === null || value === undefined ? sql`` : clause(value);
}
