import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';

export interface SessionRow {
  session_id: string;
  user_id: string;
  org_id: string;
  access_expires_at: string;
  csrf_token: string;
  expires_at: string;
  revoked_at: string | null;
}

const columns = sql`session_id, user_id, org_id, access_expires_at, csrf_token, expires_at, revoked_at`;

export async function insertSession(
  tx: Tx,
  session: {
    session_id: string;
    user_id: string;
    org_id: string;
    access_hash: Buffer;
    access_expires_at: string;
    csrf_token: string;
    remote_address: string | null;
    user_agent: string | null;
    at: string;
    expires_at: string;
  },
): Promise<void> {
  const it = session;
  await tx.write(sql`
    INSERT INTO session (tenant_id, session_id, user_id, org_id, access_hash, access_expires_at, csrf_token, remote_address, user_agent,
      created_at, expires_at)
    VALUES (${tx.tenant_id}, ${it.session_id}, ${it.user_id}, ${it.org_id}, ${it.access_hash}, ${it.access_expires_at}, ${it.csrf_token},
      ${it.remote_address}, ${it.user_agent}, ${it.at}, ${it.expires_at})`);
}

export function selectSessionByAccess(db: Db, access_hash: Buffer): Promise<SessionRow | undefined> {
  return db.maybe(
    sql<SessionRow>`SELECT ${columns} FROM session WHERE tenant_id = ${db.tenant_id} AND access_hash = ${access_hash}`,
  );
}

/** The session, locked: only one refresh of a family runs at a time. */
export function lockSession(tx: Tx, session_id: string): Promise<SessionRow | undefined> {
  return tx.maybe(sql<SessionRow>`
    SELECT ${columns} FROM session WHERE tenant_id = ${tx.tenant_id} AND session_id = ${session_id} FOR NO KEY UPDATE`);
}

export async function updateAccess(
  tx: Tx,
  access: { session_id: string; access_hash: Buffer; access_expires_at: string },
): Promise<void> {
  await tx.write(sql`
    UPDATE session SET access_hash = ${access.access_hash}, access_expires_at = ${access.access_expires_at}
     WHERE tenant_id = ${tx.tenant_id} AND session_id = ${access.session_id}`);
}

export type RevokeReason = 'signed_out' | 'refresh_token_reused' | 'member_removed' | 'password_changed';

/** Ends the sessions named by id, or all that a user has in an organization. Answers those it ended. */
export async function revokeSessions(
  tx: Tx,
  which: { session_id: string } | { user_id: string; org_id: string },
  why: { at: string; reason: RevokeReason },
): Promise<string[]> {
  const clause =
    'session_id' in which ? sql`session_id = ${which.session_id}` : sql`user_id = ${which.user_id} AND org_id = ${which.org_id}`;
  const rows = await tx.write<{ session_id: string }>(sql`
    UPDATE session SET revoked_at = ${why.at}, revoked_for = ${why.reason}
     WHERE tenant_id = ${tx.tenant_id} AND revoked_at IS NULL AND ${clause} RETURNING session_id`);
  return rows.map((row) => row.session_id);
}

export async function insertRefreshToken(
  tx: Tx,
  token: { token_hash: Buffer; session_id: string; at: string; expires_at: string },
): Promise<void> {
  await tx.write(sql`
    INSERT INTO refresh_token (tenant_id, token_hash, session_id, created_at, expires_at)
    VALUES (${tx.tenant_id}, ${token.token_hash}, ${token.session_id}, ${token.at}, ${token.expires_at})`);
}

export interface RefreshTokenRow {
  session_id: string;
  expires_at: string;
  used_at: string | null;
}

export function selectRefreshToken(tx: Tx, token_hash: Buffer): Promise<RefreshTokenRow | undefined> {
  return tx.maybe(sql<RefreshTokenRow>`
    SELECT session_id, expires_at, used_at FROM refresh_token WHERE tenant_id = ${tx.tenant_id} AND token_hash = ${token_hash}`);
}

export async function spendRefreshToken(tx: Tx, token_hash: Buffer, at: string): Promise<void> {
  await tx.write(sql`
    UPDATE refresh_token SET used_at = ${at} WHERE tenant_id = ${tx.tenant_id} AND token_hash = ${token_hash} AND used_at IS NULL`);
}

export interface SetupTokenRow {
  purpose: 'setup' | 'invite';
  org_id: string;
  user_id: string | null;
  expires_at: string;
  used_at: string | null;
}

export async function insertSetupToken(
  tx: Tx,
  token: {
    token_hash: Buffer;
    purpose: 'setup' | 'invite';
    org_id: string;
    user_id: string | null;
    at: string;
    expires_at: string;
  },
): Promise<void> {
  await tx.write(sql`
    INSERT INTO setup_token (tenant_id, token_hash, purpose, org_id, user_id, created_at, expires_at)
    VALUES (${tx.tenant_id}, ${token.token_hash}, ${token.purpose}, ${token.org_id}, ${token.user_id}, ${token.at}, ${token.expires_at})`);
}

/** The token, locked, so that it opens one session only. */
export function lockSetupToken(tx: Tx, token_hash: Buffer): Promise<SetupTokenRow | undefined> {
  return tx.maybe(sql<SetupTokenRow>`
    SELECT purpose, org_id, user_id, expires_at, used_at FROM setup_token
     WHERE tenant_id = ${tx.tenant_id} AND token_hash = ${token_hash} FOR NO KEY UPDATE`);
}

export async function spendSetupToken(tx: Tx, token_hash: Buffer, at: string): Promise<void> {
  await tx.write(sql`UPDATE setup_token SET used_at = ${at} WHERE tenant_id = ${tx.tenant_id} AND token_hash = ${token_hash}`);
}

/** Earlier invitations of the same user to the same organization open nothing any more. */
export async function voidInvitations(tx: Tx, invited: { org_id: string; user_id: string; at: string }): Promise<void> {
  await tx.write(sql`
    UPDATE setup_token SET used_at = ${invited.at}
     WHERE tenant_id = ${tx.tenant_id} AND org_id = ${invited.org_id} AND user_id = ${invited.user_id} AND used_at IS NULL`);
}
