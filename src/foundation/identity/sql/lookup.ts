import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';
import { compile } from '../../../platform/postgres.ts';
import type { ThrottleKind } from '../decide.ts';

// Before a tenant is known: as the role `auth`, by hash or address alone.

export interface KeyLookup {
  tenant_id: string;
  api_key_id: string;
  name: string;
  scopes: string[];
  org_id: string | null;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export async function findKey(auth: pg.Pool, key_hash: Buffer): Promise<KeyLookup | undefined> {
  const rows = await ask<KeyLookup>(
    auth,
    sql`SELECT tenant_id, api_key_id, name, scopes, org_id, expires_at, revoked_at, last_used_at FROM api_key WHERE key_hash = ${key_hash}`,
  );
  return rows[0];
}

export async function touchKey(auth: pg.Pool, key: { tenant_id: string; api_key_id: string }, at: string): Promise<void> {
  await ask(
    auth,
    sql`UPDATE api_key SET last_used_at = ${at} WHERE tenant_id = ${key.tenant_id} AND api_key_id = ${key.api_key_id}
         AND (last_used_at IS NULL OR last_used_at < ${at}::timestamptz - interval '1 minute')`,
  );
}

/** The tenant whose token this is. */
export async function findTokenTenant(
  auth: pg.Pool,
  kind: 'access' | 'refresh' | 'setup',
  token_hash: Buffer,
): Promise<{ tenant_id: string } | undefined> {
  const queries = {
    access: sql`SELECT tenant_id FROM session WHERE access_hash = ${token_hash}`,
    refresh: sql`SELECT tenant_id FROM refresh_token WHERE token_hash = ${token_hash}`,
    setup: sql`SELECT tenant_id FROM setup_token WHERE token_hash = ${token_hash}`,
  };
  const rows = await ask<{ tenant_id: string }>(auth, queries[kind]);
  return rows[0];
}

export interface Candidate {
  tenant_id: string;
  user_id: string;
  password_hash: string;
}

/** Who may mean this address; at most eight, so that no address costs more than that. */
export function findCandidates(auth: pg.Pool, email: string, tenant_id: string | null): Promise<Candidate[]> {
  return ask<Candidate>(
    auth,
    sql`SELECT tenant_id, user_id, password_hash FROM user_account
         WHERE email = ${email}::citext AND password_hash IS NOT NULL ${tenant_id === null ? sql`` : sql`AND tenant_id = ${tenant_id}`}
         ORDER BY tenant_id LIMIT 8`,
  );
}

export interface ThrottleRow {
  kind: ThrottleKind;
  failures: number;
  locked_until: string;
}

export function readThrottles(auth: pg.Pool, keys: readonly { kind: ThrottleKind; key: Buffer }[]): Promise<ThrottleRow[]> {
  return ask<ThrottleRow>(
    auth,
    sql`SELECT kind, failures, locked_until FROM sign_in_throttle WHERE (kind, key) IN (${sql.join(keys.map((it) => sql`(${it.kind}, ${it.key})`))})`,
  );
}

/**
 * Counts an attempt as failed before it is tried, unless its key is locked, and locks the key for the seconds that `lock_s` lists for
 * the new count (the last for all beyond). One statement, so that attempts made at once cannot share a count or outrun the lock.
 * Answers whether the attempt may be tried.
 */
export async function countFailure(
  auth: pg.Pool,
  entry: { kind: ThrottleKind; key: Buffer; at: string; forgotten_after_s: number; lock_s: readonly number[] },
): Promise<boolean> {
  const { kind, key, at, forgotten_after_s, lock_s } = entry;
  const now = sql`${at}::timestamptz`;
  const count = sql`CASE WHEN t.last_at < ${now} - make_interval(secs => ${forgotten_after_s}) THEN 1 ELSE t.failures + 1 END`;
  const rows = await ask(
    auth,
    sql`INSERT INTO sign_in_throttle AS t (kind, key, failures, last_at, locked_until)
        VALUES (${kind}, ${key}, 1, ${now}, ${now} + make_interval(secs => ${lock_s[0] ?? 0}))
        ON CONFLICT (kind, key) DO UPDATE SET last_at = ${now}, failures = ${count},
          locked_until = ${now} + make_interval(secs => (${lock_s}::int[])[least(${count}, ${lock_s.length}::int)])
        WHERE t.locked_until <= ${now}
        RETURNING 1`,
  );
  return rows.length === 1;
}

/** Takes back what `countFailure` counted for an attempt that succeeded, and sweeps some of what is a day old. */
export async function forgiveThrottles(
  auth: pg.Pool,
  keys: readonly { kind: ThrottleKind; key: Buffer }[],
  at: string,
): Promise<void> {
  for (const { kind, key } of keys) {
    const query =
      kind === 'account_at_address'
        ? sql`DELETE FROM sign_in_throttle WHERE kind = ${kind} AND key = ${key}`
        : sql`UPDATE sign_in_throttle SET failures = greatest(failures - 1, 1) WHERE kind = ${kind} AND key = ${key}`;
    await ask(auth, query);
  }
  await ask(
    auth,
    sql`DELETE FROM sign_in_throttle WHERE (kind, key) IN
          (SELECT kind, key FROM sign_in_throttle WHERE last_at < ${at}::timestamptz - interval '1 day' ORDER BY last_at LIMIT 100)`,
  );
}

async function ask<R extends pg.QueryResultRow>(pool: pg.Pool, query: RawBuilder<unknown>): Promise<R[]> {
  const result = await pool.query<R>(compile(query));
  return result.rows;
}
