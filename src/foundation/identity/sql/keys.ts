import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { ApiKey, NewApiKey } from '../model.ts';

const key_columns = sql`api_key_id, name, prefix, last_four, scopes, org_id, created_by, created_at, expires_at, revoked_at, last_used_at`;

export async function insertKey(
  tx: Tx,
  key: Omit<NewApiKey, 'org_id'> & {
    api_key_id: string;
    org_id: string | null;
    key_hash: Buffer;
    prefix: string;
    last_four: string;
    at: string;
  },
): Promise<ApiKey> {
  const rows = await tx.write<ApiKey>(sql`
    INSERT INTO api_key (tenant_id, api_key_id, name, key_hash, prefix, last_four, scopes, org_id, created_by, created_at, expires_at)
    VALUES (${tx.tenant_id}, ${key.api_key_id}, ${key.name}, ${key.key_hash}, ${key.prefix}, ${key.last_four}, ${key.scopes}::text[],
      ${key.org_id}, ${`${tx.actor.kind}:${tx.actor.id}`}, ${key.at}, ${key.expires_at ?? null})
    RETURNING ${key_columns}`);
  return rows[0]!;
}

export function lockKey(tx: Tx, api_key_id: string): Promise<ApiKey | undefined> {
  return tx.maybe(sql<ApiKey>`
    SELECT ${key_columns} FROM api_key WHERE tenant_id = ${tx.tenant_id} AND api_key_id = ${api_key_id} FOR NO KEY UPDATE`);
}

export async function updateKeyRevoked(tx: Tx, api_key_id: string, at: string): Promise<ApiKey> {
  const rows = await tx.write<ApiKey>(sql`
    UPDATE api_key SET revoked_at = ${at} WHERE tenant_id = ${tx.tenant_id} AND api_key_id = ${api_key_id} RETURNING ${key_columns}`);
  return rows[0]!;
}

export function selectKeys(
  db: Db,
  filter: { org_ids: readonly string[] | null; limit: number; below: string | null },
): Promise<ApiKey[]> {
  return db.rows(sql<ApiKey>`
    SELECT ${key_columns} FROM api_key
     WHERE tenant_id = ${db.tenant_id}
       ${filter.org_ids === null ? sql`` : sql`AND org_id = ANY (${filter.org_ids}::uuid[])`}
       ${filter.below === null ? sql`` : sql`AND api_key_id < ${filter.below}`}
     ORDER BY api_key_id DESC LIMIT ${filter.limit + 1}`);
}
