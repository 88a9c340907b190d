import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { emit } from '../../events/service.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { requireTenant } from '../../tenancy/service.ts';
import { hashPassword, isPassword } from '../adapters/passwords.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { lifetimes, type Setup } from '../model.ts';
import {
  insertUser,
  selectMember,
  selectUser,
  selectUserByEmail,
  type UserAccount,
  updateUser,
  upsertMembership,
} from '../sql/accounts.ts';
import { findTokenTenant } from '../sql/lookup.ts';
import { insertSetupToken, lockSetupToken, type SetupTokenRow, spendSetupToken } from '../sql/sessions.ts';
import type { IdentityDeps } from './authenticate.ts';
import { type Caller, type OpenedSession, openSession } from './sign-in.ts';
import { throttled } from './throttle.ts';
import { hashOf, newToken } from './tokens.ts';

/** Makes a token that opens the first session of a user, once, within a week. Answers it, and when it ends. */
export async function makeSetupToken(
  tx: Tx,
  token: { purpose: 'setup' | 'invite'; org_id: string; user_id: string | null },
  wall: Temporal.Instant,
): Promise<{ setup_token: string; setup_expires_at: string }> {
  const setup_token = newToken('setup');
  const setup_expires_at = wall.add({ seconds: lifetimes.setup_s }).toString();
  await insertSetupToken(tx, { ...token, token_hash: hashOf(setup_token), at: wall.toString(), expires_at: setup_expires_at });
  return { setup_token, setup_expires_at };
}

/**
 * The first sign-in. A setup token makes the tenant's first administrator; an invitation activates a membership and sets the password
 * of a user who has none. Throws `setup_token_invalid`, `setup_details_missing`, and `sign_in_refused` when the invited user has a
 * password already and this is another.
 */
export async function setUp(deps: IdentityDeps, setup: Setup, caller: Caller): Promise<OpenedSession> {
  const token_hash = hashOf(setup.token);
  const found = await findTokenTenant(deps.postgres.pool('auth'), 'setup', token_hash);
  if (!found) throw errors.setup_token_invalid();
  const { tenant_id } = found;
  const wall = deps.clock.now();
  const tenant = await deps.postgres.read({ tenant_id, now: wall }, requireTenant);
  const password_hash = await hashPassword(setup.password);
  const scope = {
    tenant_id,
    now: tenantNow(tenant, wall),
    actor: { kind: 'system' as const, id: 'setup' },
    request_id: caller.request_id,
  };
  return deps.postgres.transact(scope, async (tx) => {
    const token = await lockSetupToken(tx, token_hash);
    if (!token || token.used_at !== null || Temporal.Instant.compare(Temporal.Instant.from(token.expires_at), wall) <= 0) {
      throw errors.setup_token_invalid();
    }
    const user =
      token.purpose === 'setup'
        ? await firstAdmin(tx, setup, password_hash)
        : await invited(deps, tx, { token, setup, password_hash, caller });
    const pending = await selectMember(tx, token.org_id, user.user_id);
    if (token.purpose === 'invite' && !pending) throw errors.setup_token_invalid();
    const role = pending?.role ?? 'admin';
    await upsertMembership(tx, { org_id: token.org_id, user_id: user.user_id, role, status: 'active' });
    await spendSetupToken(tx, token_hash, wall.toString());
    const member = await selectMember(tx, token.org_id, user.user_id);
    assert(member, 'the membership was just written');
    await recordAudit(tx, {
      action: 'member.joined',
      target_type: 'membership',
      target_id: `${member.org_id}/${member.user_id}`,
      org_id: member.org_id,
      before: pending ?? null,
      after: member,
    });
    await emit<typeof events>(tx, {
      type: 'member.joined',
      aggregate_type: 'user',
      aggregate_id: member.user_id,
      org_id: member.org_id,
      data: { org_id: member.org_id, user_id: member.user_id },
    });
    return openSession(tx, member, caller, wall);
  });
}

async function firstAdmin(tx: Tx, setup: Setup, password_hash: string): Promise<UserAccount> {
  const { email, name } = setup;
  if (email === undefined || name === undefined) throw errors.setup_details_missing();
  if (await selectUserByEmail(tx, email)) throw errors.member_exists();
  const user = { user_id: newId(tx.now), email, name, password_hash, default_org_id: null };
  await insertUser(tx, user);
  return user;
}

async function invited(
  deps: IdentityDeps,
  tx: Tx,
  { token, setup, password_hash, caller }: { token: SetupTokenRow; setup: Setup; password_hash: string; caller: Caller },
): Promise<UserAccount> {
  assert(token.user_id, 'an invitation names its user');
  const user = await selectUser(tx, token.user_id);
  assert(user, 'an invited user exists');
  const known = user.password_hash;
  if (known !== null) {
    // The link proves an invitation, not that its holder is this user, who may work for others here already.
    await throttled(deps, { email: user.email, remote_address: caller.remote_address }, async () => {
      if (!(await isPassword(known, setup.password))) throw errors.sign_in_refused();
    });
    return user;
  }
  const named = { ...user, name: setup.name ?? user.name, password_hash };
  await updateUser(tx, named);
  return named;
}
