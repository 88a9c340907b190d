import { sql } from 'kysely';
import type pg from 'pg';
import { compile, type Db, type Tx } from '../../../platform/postgres.ts';
import type { InboundEndpoint } from '../model.ts';

/** What a message is checked with, before its tenant is known. */
export interface EndpointLookup {
  tenant_id: string;
  endpoint_id: string;
  kind: string;
  name: string;
  enabled: boolean;
  revoked_at: string | null;
}

export interface SealedSecret {
  secret_id: string;
  sealed: Buffer;
  good_until: string | null;
}

/** As the role `auth`. */
export async function findEndpoint(
  auth: pg.Pool,
  endpoint_id: string,
): Promise<{ endpoint: EndpointLookup; secrets: SealedSecret[] } | undefined> {
  const { text, values } = compile(sql`
    SELECT e.tenant_id, e.endpoint_id, e.kind, e.name, e.enabled, e.revoked_at, s.secret_id, s.sealed, s.good_until
      FROM inbound_endpoint e LEFT JOIN inbound_secret s ON (s.tenant_id, s.endpoint_id) = (e.tenant_id, e.endpoint_id)
     WHERE e.endpoint_id = ${endpoint_id}`);
  const { rows } = await auth.query<EndpointLookup & (SealedSecret | { secret_id: null })>(text, values);
  const endpoint = rows[0];
  return endpoint && { endpoint, secrets: rows.flatMap((row) => (row.secret_id === null ? [] : [row])) };
}

export async function insertEndpoint(
  tx: Tx,
  endpoint: { endpoint_id: string; kind: string; name: string; reference: string | null },
): Promise<void> {
  await tx.write(sql`
    INSERT INTO inbound_endpoint (tenant_id, endpoint_id, kind, name, reference, created_at)
    VALUES (${tx.tenant_id}, ${endpoint.endpoint_id}, ${endpoint.kind}, ${endpoint.name}, ${endpoint.reference}, ${tx.now.toString()})`);
}

export async function updateEndpoint(
  tx: Tx,
  { endpoint_id, name, reference, enabled }: Pick<InboundEndpoint, 'endpoint_id' | 'name' | 'reference' | 'enabled'>,
): Promise<void> {
  await tx.write(sql`
    UPDATE inbound_endpoint SET name = ${name}, reference = ${reference}, enabled = ${enabled}
     WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}`);
}

/** For good: its secrets go with it. */
export async function updateRevoked(tx: Tx, endpoint_id: string): Promise<void> {
  await tx.write(sql`
    UPDATE inbound_endpoint SET revoked_at = ${tx.now.toString()} WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}`);
  await tx.write(sql`DELETE FROM inbound_secret WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}`);
}

export interface NewSecret {
  endpoint_id: string;
  secret_id: string;
  sealed: Buffer;
  /** By the wall clock. */
  created_at: string;
}

export async function insertSecret(tx: Tx, { endpoint_id, secret_id, sealed, created_at }: NewSecret): Promise<void> {
  await tx.write(sql`
    INSERT INTO inbound_secret (tenant_id, endpoint_id, secret_id, sealed, created_at)
    VALUES (${tx.tenant_id}, ${endpoint_id}, ${secret_id}, ${sealed}, ${created_at})`);
}

/** None of an endpoint's secrets is good beyond `until`; those that end by `now`, and all but the newest `keep`, are gone. */
export async function endSecrets(
  tx: Tx,
  endpoint_id: string,
  { now, until, keep }: { now: string; until: string; keep: number },
): Promise<void> {
  await tx.write(sql`
    UPDATE inbound_secret SET good_until = least(good_until, ${until}::timestamptz)
     WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}`);
  await tx.write(sql`
    DELETE FROM inbound_secret
     WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}
       AND (good_until <= ${now}::timestamptz OR secret_id NOT IN (
         SELECT secret_id FROM inbound_secret WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id}
          ORDER BY created_at DESC, secret_id DESC LIMIT ${keep}))`);
}

export function selectEndpoint(db: Db, endpoint_id: string): Promise<InboundEndpoint | undefined> {
  return db.maybe(sql<InboundEndpoint>`${endpoints} WHERE e.tenant_id = ${db.tenant_id} AND e.endpoint_id = ${endpoint_id}`);
}

/** Nobody else changes it until the transaction ends. */
export async function lockEndpoint(tx: Tx, endpoint_id: string): Promise<InboundEndpoint | undefined> {
  await tx.rows(
    sql`SELECT FROM inbound_endpoint WHERE tenant_id = ${tx.tenant_id} AND endpoint_id = ${endpoint_id} FOR NO KEY UPDATE`,
  );
  return selectEndpoint(tx, endpoint_id);
}

/** Newest first, one more than the limit. */
export function selectEndpoints(
  db: Db,
  filter: { kind: string | null; below: string | null; limit: number },
): Promise<InboundEndpoint[]> {
  return db.rows(sql<InboundEndpoint>`
    ${endpoints}
     WHERE e.tenant_id = ${db.tenant_id} AND (${filter.kind}::text IS NULL OR e.kind = ${filter.kind})
       AND (${filter.below}::uuid IS NULL OR e.endpoint_id < ${filter.below}::uuid)
     ORDER BY e.endpoint_id DESC LIMIT ${filter.limit + 1}`);
}

const endpoints = sql`
  SELECT e.endpoint_id, e.kind, e.name, e.reference, e.enabled, e.revoked_at, e.created_at,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('secret_id', s.secret_id, 'created_at', utc_text(s.created_at),
                   'good_until', utc_text(s.good_until)) ORDER BY s.created_at DESC, s.secret_id DESC), '[]')
            FROM inbound_secret s WHERE (s.tenant_id, s.endpoint_id) = (e.tenant_id, e.endpoint_id)) AS secrets
    FROM inbound_endpoint e`;
