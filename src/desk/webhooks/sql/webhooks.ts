import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';
import type { Envelope } from '../../../foundation/events/model.ts';
import { compile, type Db, type Tx } from '../../../platform/postgres.ts';
import type { DisabledReason, Webhook, WebhookWithHealth } from '../model.ts';

export type NewRow = Pick<Webhook, 'webhook_id' | 'org_id' | 'managed_by' | 'url' | 'event_types' | 'schedule' | 'description'>;

/**
 * It listens from a minute ago: an event is recorded before its transaction commits, and one that commits once the endpoint is there is told to it.
 */
export async function insertWebhook(tx: Tx, row: NewRow): Promise<void> {
  await tx.write(sql`
    INSERT INTO webhook (tenant_id, webhook_id, org_id, managed_by, url, event_types, schedule, description, created_at, listens_from)
    VALUES (${tx.tenant_id}, ${row.webhook_id}, ${row.org_id}, ${row.managed_by}, ${row.url}, ${row.event_types}::text[], ${row.schedule},
      ${row.description}, ${tx.now.toString()}, clock_timestamp() - interval '1 minute')`);
}

/** Nobody else changes it, and nothing is enqueued for it, until the transaction ends. */
export function lockWebhook(tx: Tx, webhook_id: string): Promise<Webhook | undefined> {
  return tx.maybe(sql<Webhook>`
    SELECT ${columns} FROM webhook
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id} AND deleted_at IS NULL FOR NO KEY UPDATE`);
}

export function selectWebhook(db: Db, webhook_id: string): Promise<Webhook | undefined> {
  return db.maybe(sql<Webhook>`
    SELECT ${columns} FROM webhook WHERE tenant_id = ${db.tenant_id} AND webhook_id = ${webhook_id} AND deleted_at IS NULL`);
}

/** Makes those who add an endpoint for the same party wait for each other, and answers how many it has. */
export async function countWebhooks(tx: Tx, party: Pick<Webhook, 'org_id' | 'managed_by'>): Promise<number> {
  const key = `webhook ${tx.tenant_id} ${party.managed_by} ${party.org_id}`;
  await tx.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  const { count } = await tx.one(sql<{ count: number }>`
    SELECT count(*)::int AS count FROM webhook
     WHERE tenant_id = ${tx.tenant_id} AND managed_by = ${party.managed_by} AND deleted_at IS NULL
       AND (${party.managed_by}::text = 'tenant' OR org_id = ${party.org_id})`);
  return count;
}

export interface WebhookFilter {
  org_id?: string | undefined;
  status?: 'enabled' | 'disabled' | undefined;
  /** Only those that these organizations keep; null for all. */
  org_ids: readonly string[] | null;
}

/** Newest first, one more than the limit; with `webhook_id` that one alone. */
export function selectWebhooks(
  db: Db,
  filter: WebhookFilter & { webhook_id?: string; below: string | null; limit: number },
): Promise<WebhookWithHealth[]> {
  return db.rows(sql<WebhookWithHealth>`
    SELECT ${columnsOfW}, jsonb_build_object(
             'attempts_24h', day.attempts, 'succeeded_24h', day.succeeded,
             'success_rate_24h', round(day.succeeded::numeric / nullif(day.attempts, 0), 4),
             'last_attempt_at', last.started_at, 'last_status', last.status, 'last_error', last.error_code,
             'pending', (SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.webhook_id
                          AND d.status = 'pending' LIMIT 1000) counted),
             'dead_letters', (SELECT count(*) FROM (SELECT FROM webhook_dlq q WHERE q.tenant_id = w.tenant_id AND q.webhook_id = w.webhook_id
                          AND q.replayed_at IS NULL LIMIT 1000) counted)) AS health
      FROM webhook w
      CROSS JOIN LATERAL (
        SELECT count(*) AS attempts, count(*) FILTER (WHERE a.status BETWEEN 200 AND 299) AS succeeded FROM webhook_delivery_attempt a
         WHERE a.tenant_id = w.tenant_id AND a.webhook_id = w.webhook_id AND a.started_at > now() - interval '24 hours') day
      LEFT JOIN LATERAL (
        SELECT to_char(a.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS started_at, a.status, a.error_code
          FROM webhook_delivery_attempt a WHERE a.tenant_id = w.tenant_id AND a.webhook_id = w.webhook_id
         ORDER BY a.started_at DESC LIMIT 1) last ON true
     WHERE w.tenant_id = ${db.tenant_id} AND w.deleted_at IS NULL
       ${when(filter.webhook_id, (id) => sql`AND w.webhook_id = ${id}`)}
       ${when(filter.org_id, (id) => sql`AND w.org_id = ${id}`)}
       ${when(filter.status, (status) => sql`AND w.status = ${status}`)}
       ${when(filter.org_ids, (ids) => sql`AND w.managed_by = 'organization' AND w.org_id = ANY (${ids}::uuid[])`)}
       ${when(filter.below, (below) => sql`AND w.webhook_id < ${below}`)}
     ORDER BY w.webhook_id DESC LIMIT ${filter.limit + 1}`);
}

export async function updateWebhook(
  tx: Tx,
  webhook_id: string,
  row: Pick<Webhook, 'url' | 'event_types' | 'schedule' | 'description'>,
): Promise<void> {
  await tx.write(sql`
    UPDATE webhook SET url = ${row.url}, event_types = ${row.event_types}::text[], schedule = ${row.schedule}, description = ${row.description},
           version = version + 1
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id}`);
}

export async function updateEnabled(tx: Tx, webhook_id: string): Promise<void> {
  await tx.write(sql`
    UPDATE webhook SET status = 'enabled', disabled_reason = NULL, disabled_at = NULL, failing_since = NULL, paused_until = NULL, version = version + 1
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id}`);
}

/** Deleted where that is the reason. */
export async function updateDisabled(tx: Tx, webhook_id: string, reason: DisabledReason): Promise<void> {
  await tx.write(sql`
    UPDATE webhook SET status = 'disabled', disabled_reason = ${reason}, disabled_at = ${tx.now.toString()}, version = version + 1,
           deleted_at = ${reason === 'deleted' ? tx.now.toString() : null}
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id}`);
}

/** Since when nothing was delivered, unless that is known already. */
export async function updateFailing(tx: Tx, webhook_id: string, since: string): Promise<void> {
  await tx.write(sql`
    UPDATE webhook SET failing_since = ${since}
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id} AND failing_since IS NULL`);
}

/** The newest secret, which ends those before it at `old_until`; what has ended is erased. */
export async function insertSecret(
  tx: Tx,
  secret: { webhook_id: string; secret_id: string; sealed: Buffer; old_until: string | null },
): Promise<void> {
  if (secret.old_until !== null)
    await tx.write(sql`
      UPDATE webhook_secret SET expires_at = ${secret.old_until}
       WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${secret.webhook_id} AND (expires_at IS NULL OR expires_at > ${secret.old_until})`);
  await tx.write(sql`
    INSERT INTO webhook_secret (tenant_id, secret_id, webhook_id, sealed)
    VALUES (${tx.tenant_id}, ${secret.secret_id}, ${secret.webhook_id}, ${secret.sealed})`);
}

/** Erases the secrets that signed until before `wall`, or all. Answers how many are left. */
export async function deleteSecrets(tx: Tx, webhook_id: string, wall: string | null): Promise<number> {
  await tx.write(sql`
    DELETE FROM webhook_secret
     WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id} AND (${wall}::timestamptz IS NULL OR expires_at <= ${wall}::timestamptz)`);
  const { count } = await tx.one(sql<{ count: number }>`
    SELECT count(*)::int AS count FROM webhook_secret WHERE tenant_id = ${tx.tenant_id} AND webhook_id = ${webhook_id}`);
  return count;
}

export interface Subscriber {
  webhook_id: string;
  org_id: string | null;
}

/** Live endpoints that want events of this type and were there when it was recorded, kept as they are until the transaction ends. */
export function lockSubscribers(
  tx: Tx,
  { type, recordedtime }: Pick<Envelope, 'type' | 'recordedtime'>,
  to_organizations: boolean,
): Promise<Subscriber[]> {
  return tx.rows(sql<Subscriber>`
    SELECT webhook_id, org_id FROM webhook
     WHERE tenant_id = ${tx.tenant_id} AND status = 'enabled' AND (event_types = '{*}' OR ${type} = ANY (event_types))
       AND (managed_by = 'tenant' OR ${to_organizations}) AND listens_from <= ${recordedtime}
     ORDER BY webhook_id FOR SHARE`);
}

/** Of these tenants, those with an endpoint that is in use. As the role `relay`. */
export async function selectTenantsWithWebhooks(relay: pg.Pool, tenant_ids: readonly string[]): Promise<string[]> {
  const { rows } = await relay.query<{ tenant_id: string }>(
    compile(
      sql`SELECT DISTINCT tenant_id FROM webhook WHERE tenant_id = ANY (${[...tenant_ids]}::uuid[]) AND status = 'enabled'`,
    ),
  );
  return rows.map(({ tenant_id }) => tenant_id);
}

const names =
  'webhook_id org_id managed_by url event_types schedule description status disabled_reason disabled_at version created_at failing_since paused_until';
const columns = sql.raw(names.replaceAll(' ', ', '));
const columnsOfW = sql.raw(names.replace(/\w+/g, 'w.$&').replaceAll(' ', ', '));

function when<T>(value: T | null | undefined, part: (value: T) => RawBuilder<unknown>): RawBuilder<unknown> {
  return value === null || value === undefined ? sql`` : part(value);
}
