import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { emit } from '../../events/service.ts';
import { requireOrganization } from '../../tenancy/service.ts';
import { requireRoleHeld } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Member, NewMember, Role } from '../model.ts';
import {
  deleteMembership,
  insertUser,
  lockActiveAdmins,
  selectMember,
  selectMembers,
  selectUserByEmail,
  upsertMembership,
} from '../sql/accounts.ts';
import { revokeSessions, voidInvitations } from '../sql/sessions.ts';
import { makeSetupToken } from './setup.ts';

/** Who changes members, and with what rights. */
export interface MemberChange {
  org_id: string;
  held: ReadonlySet<string>;
  wall: Temporal.Instant;
}

/** Newest users first. Throws `org_not_found`, `cursor_invalid`. */
export async function listMembers(
  db: Db,
  query: { org_id: string; limit: number; cursor?: string },
): Promise<{ data: Member[]; next_cursor: string | null }> {
  const sort = `members.${query.org_id}`;
  const { org_id } = await requireOrganization(db, query.org_id);
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectMembers(db, org_id, { limit: query.limit, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.user_id]));
}

/**
 * Makes a pending membership and the token of its invitation, which the answer holds this once. Inviting again makes a new token and
 * ends the earlier ones. Throws `org_not_found`, `role_not_held`, `member_exists`.
 */
export async function inviteMember(
  tx: Tx,
  invitation: NewMember,
  change: MemberChange,
): Promise<Member & { setup_token: string; setup_expires_at: string }> {
  const organization = await requireOrganization(tx, change.org_id);
  const { org_id } = organization;
  requireRoleHeld(invitation.role, organization, change.held);
  const known = await selectUserByEmail(tx, invitation.email);
  const user_id = known?.user_id ?? newId(tx.now);
  if (!known) {
    const name = invitation.name ?? invitation.email;
    await insertUser(tx, { user_id, email: invitation.email, name, password_hash: null, default_org_id: null });
  }
  const before = (await selectMember(tx, org_id, user_id)) ?? null;
  if (before?.status === 'active') throw errors.member_exists({ detail: `${invitation.email} is a member already.` });
  await upsertMembership(tx, { org_id, user_id, role: invitation.role, status: 'pending' });
  await voidInvitations(tx, { org_id, user_id, at: change.wall.toString() });
  const token = await makeSetupToken(tx, { purpose: 'invite', org_id, user_id }, change.wall);
  const member = await memberOf(tx, org_id, user_id);
  await record(tx, { type: 'member.invited', before, after: member });
  return { ...member, ...token };
}

/** Throws `member_not_found`, `role_not_held`, `last_admin`. */
export async function changeMember(tx: Tx, user_id: string, role: Role, change: MemberChange): Promise<Member> {
  const before = await requireChangeable(tx, user_id, change);
  const organization = await requireOrganization(tx, change.org_id);
  requireRoleHeld(role, organization, change.held);
  if (role === before.role) return before;
  await requireAdminLeft(tx, organization, user_id);
  await upsertMembership(tx, { org_id: before.org_id, user_id, role, status: before.status });
  const after = await memberOf(tx, before.org_id, user_id);
  await record(tx, { type: 'member.role.changed', before, after });
  return after;
}

/** Ends a membership with its sessions and invitations. Throws `member_not_found`, `role_not_held`, `last_admin`. */
export async function removeMember(tx: Tx, user_id: string, change: MemberChange): Promise<void> {
  const before = await requireChangeable(tx, user_id, change);
  const { org_id } = before;
  await requireAdminLeft(tx, await requireOrganization(tx, org_id), user_id);
  await revokeSessions(tx, { user_id, org_id }, { at: change.wall.toString(), reason: 'member_removed' });
  await voidInvitations(tx, { org_id, user_id, at: change.wall.toString() });
  await deleteMembership(tx, org_id, user_id);
  await record(tx, { type: 'member.removed', before, after: null });
}

async function requireChangeable(tx: Tx, user_id: string, { org_id, held }: MemberChange): Promise<Member> {
  const organization = await requireOrganization(tx, org_id);
  const member = await selectMember(tx, org_id, user_id);
  if (!member) throw errors.member_not_found({ detail: `There is no member ${user_id}.` });
  requireRoleHeld(member.role, organization, held);
  return member;
}

/** The tenant's own organization keeps an administrator: nobody else could let one in again. */
async function requireAdminLeft(tx: Tx, organization: { org_id: string; is_own: boolean }, leaving: string): Promise<void> {
  if (!organization.is_own) return;
  const admins = await lockActiveAdmins(tx, organization.org_id);
  if (admins.length === 1 && admins[0] === leaving) throw errors.last_admin();
}

async function memberOf(db: Db, org_id: string, user_id: string): Promise<Member> {
  const member = await selectMember(db, org_id, user_id);
  assert(member, 'the membership was just written');
  return member;
}

async function record(
  tx: Tx,
  {
    type,
    before,
    after,
  }: { type: 'member.invited' | 'member.role.changed' | 'member.removed'; before: Member | null; after: Member | null },
): Promise<void> {
  const member = after ?? before;
  assert(member, 'a change has a before or an after');
  const { org_id, user_id, role } = member;
  await recordAudit(tx, { action: type, target_type: 'membership', target_id: `${org_id}/${user_id}`, org_id, before, after });
  const about = { aggregate_type: 'user', aggregate_id: user_id, org_id };
  await emit<typeof events>(
    tx,
    type === 'member.removed'
      ? { type, ...about, data: { org_id, user_id } }
      : { type, ...about, data: { org_id, user_id, role } },
  );
}
