import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Member, Role } from '../model.ts';

export interface UserAccount {
  user_id: string;
  email: string;
  name: string;
  password_hash: string | null;
  default_org_id: string | null;
}

const user_columns = sql`user_id, email::text AS email, name, password_hash, default_org_id`;

export function selectUser(db: Db, user_id: string): Promise<UserAccount | undefined> {
  return db.maybe(
    sql<UserAccount>`SELECT ${user_columns} FROM user_account WHERE tenant_id = ${db.tenant_id} AND user_id = ${user_id}`,
  );
}

export function selectUserByEmail(db: Db, email: string): Promise<UserAccount | undefined> {
  return db.maybe(
    sql<UserAccount>`SELECT ${user_columns} FROM user_account WHERE tenant_id = ${db.tenant_id} AND email = ${email}::citext`,
  );
}

export async function insertUser(tx: Tx, user: UserAccount): Promise<void> {
  await tx.write(sql`
    INSERT INTO user_account (tenant_id, user_id, email, name, password_hash, default_org_id, created_at)
    VALUES (${tx.tenant_id}, ${user.user_id}, ${user.email}, ${user.name}, ${user.password_hash}, ${user.default_org_id}, ${tx.now.toString()})`);
}

export async function updateUser(tx: Tx, user: Pick<UserAccount, 'user_id' | 'name' | 'password_hash'>): Promise<void> {
  await tx.write(sql`
    UPDATE user_account SET name = ${user.name}, password_hash = ${user.password_hash}
     WHERE tenant_id = ${tx.tenant_id} AND user_id = ${user.user_id}`);
}

const member_columns = sql`m.user_id, m.org_id, u.email::text AS email, u.name, m.role, m.status, m.created_at`;
const member_source = sql`membership m JOIN user_account u ON u.tenant_id = m.tenant_id AND u.user_id = m.user_id`;

export function selectMember(db: Db, org_id: string, user_id: string): Promise<Member | undefined> {
  return db.maybe(sql<Member>`
    SELECT ${member_columns} FROM ${member_source} WHERE m.tenant_id = ${db.tenant_id} AND m.org_id = ${org_id} AND m.user_id = ${user_id}`);
}

export function selectMembers(db: Db, org_id: string, page: { limit: number; below: string | null }): Promise<Member[]> {
  return db.rows(sql<Member>`
    SELECT ${member_columns} FROM ${member_source}
     WHERE m.tenant_id = ${db.tenant_id} AND m.org_id = ${org_id} ${page.below === null ? sql`` : sql`AND m.user_id < ${page.below}`}
     ORDER BY m.user_id DESC LIMIT ${page.limit + 1}`);
}

export function selectMembershipsOf(db: Db, user_id: string): Promise<Member[]> {
  return db.rows(sql<Member>`
    SELECT ${member_columns} FROM ${member_source}
     WHERE m.tenant_id = ${db.tenant_id} AND m.user_id = ${user_id} AND m.status = 'active' ORDER BY m.created_at, m.org_id`);
}

/** Locks the administrators of an organization, so that two who leave at once see each other. */
export async function lockActiveAdmins(tx: Tx, org_id: string): Promise<string[]> {
  const rows = await tx.rows(sql<{ user_id: string }>`
    SELECT user_id FROM membership
     WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id} AND role = 'admin' AND status = 'active' ORDER BY user_id FOR UPDATE`);
  return rows.map((row) => row.user_id);
}

export async function upsertMembership(
  tx: Tx,
  membership: { org_id: string; user_id: string; role: Role; status: 'active' | 'pending' },
): Promise<void> {
  const it = membership;
  await tx.write(sql`
    INSERT INTO membership (tenant_id, org_id, user_id, role, status, created_at)
    VALUES (${tx.tenant_id}, ${it.org_id}, ${it.user_id}, ${it.role}, ${it.status}, ${tx.now.toString()})
    ON CONFLICT (tenant_id, org_id, user_id) DO UPDATE SET role = excluded.role, status = excluded.status`);
}

export async function deleteMembership(tx: Tx, org_id: string, user_id: string): Promise<void> {
  await tx.write(sql`DELETE FROM membership WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id} AND user_id = ${user_id}`);
}
