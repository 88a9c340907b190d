import { newId } from '../../../kernel/id.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { organizationsByIds, requireTenant, tenantBySlug } from '../../tenancy/service.ts';
import { isPassword, nobodysHash } from '../adapters/passwords.ts';
import { errors } from '../errors.ts';
import { lifetimes, type Member, type SignIn } from '../model.ts';
import { selectMembershipsOf, selectUser } from '../sql/accounts.ts';
import { type Candidate, findCandidates, findTokenTenant } from '../sql/lookup.ts';
import {
  insertRefreshToken,
  insertSession,
  lockSession,
  revokeSessions,
  selectRefreshToken,
  spendRefreshToken,
  updateAccess,
} from '../sql/sessions.ts';
import { type CurrentSession, describeSession, type IdentityDeps, unauthenticated } from './authenticate.ts';
import { throttled } from './throttle.ts';
import { hashOf, newToken } from './tokens.ts';

/** Where a sign-in comes from. */
export interface Caller {
  remote_address: string;
  user_agent: string | null;
  request_id: string | null;
}

/** A session with the two secrets that only its cookies hold. */
export interface OpenedSession extends CurrentSession {
  access_token: string;
  refresh_token: string;
}

/**
 * Signs in by address and password. Takes the same time and answers `sign_in_refused` alike for an unknown address, a user without a
 * password, a wrong password and a user who is no member. Throws `sign_in_throttled`, `tenant_needed`.
 */
export async function signIn(deps: IdentityDeps, credentials: SignIn, caller: Caller): Promise<OpenedSession> {
  return throttled(deps, { email: credentials.email, remote_address: caller.remote_address }, async () => {
    const tenant = credentials.tenant === undefined ? null : await tenantBySlug(deps.postgres, credentials.tenant);
    const auth = deps.postgres.pool('auth');
    const candidates = tenant === undefined ? [] : await findCandidates(auth, credentials.email, tenant?.tenant_id ?? null);
    const fitting = await whosePassword(candidates, credentials.password);
    const [only, ...others] = fitting;
    if (!only) throw refused();
    if (others.length > 0) {
      throw errors.tenant_needed({ detail: 'This address and password open several tenants: send the slug of one as `tenant`.' });
    }
    return openFor(deps, only, caller);
  });
}

/** Trades a refresh token for a new one and a new access token. A token used twice ends its family. Throws `unauthenticated`. */
export async function refresh(deps: IdentityDeps, refresh_token: string, caller: Caller): Promise<OpenedSession> {
  const token_hash = hashOf(refresh_token);
  const found = await findTokenTenant(deps.postgres.pool('auth'), 'refresh', token_hash);
  if (!found) throw unauthenticated('The session is unknown.');
  const wall = deps.clock.now();
  const scope = {
    tenant_id: found.tenant_id,
    now: wall,
    actor: { kind: 'system' as const, id: 'session refresh' },
    request_id: caller.request_id,
  };
  const opened = await deps.postgres.transact(scope, (tx) => rotate(tx, token_hash, wall));
  // Thrown after the commit: a reuse must stay on record, and its family stay ended.
  if (typeof opened === 'string') throw unauthenticated(opened);
  return opened;
}

/** Ends the session; its tokens open nothing any more. */
export async function signOut(tx: Tx, session: { session_id: string }, wall: Temporal.Instant): Promise<void> {
  const ended = await revokeSessions(tx, { session_id: session.session_id }, { at: wall.toString(), reason: 'signed_out' });
  for (const session_id of ended) {
    await recordAudit(tx, {
      action: 'session.ended',
      target_type: 'session',
      target_id: session_id,
      before: null,
      after: { reason: 'signed_out' },
    });
  }
}

/** Opens a session of a user who has just proved who they are, in the organization that they act for. */
export async function openSession(tx: Tx, member: Member, caller: Caller, wall: Temporal.Instant): Promise<OpenedSession> {
  const session = { session_id: newId(wall), user_id: member.user_id, org_id: member.org_id, csrf_token: newToken('csrf') };
  const [access_token, refresh_token] = [newToken('access'), newToken('refresh')];
  await insertSession(tx, {
    ...session,
    access_hash: hashOf(access_token),
    access_expires_at: after(wall, lifetimes.access_s),
    remote_address: caller.remote_address,
    user_agent: caller.user_agent?.replaceAll('\u0000', '').toWellFormed().slice(0, 300) ?? null,
    at: wall.toString(),
    expires_at: after(wall, lifetimes.session_s),
  });
  await insertRefreshToken(tx, { ...refreshOf(refresh_token, wall), session_id: session.session_id });
  await recordAudit(tx, {
    action: 'session.opened',
    target_type: 'session',
    target_id: session.session_id,
    org_id: member.org_id,
    before: null,
    after: { user_id: member.user_id, email: member.email, remote_address: caller.remote_address },
  });
  return { ...(await describeSession(tx, session, wall)), access_token, refresh_token };
}

async function whosePassword(candidates: readonly Candidate[], password: string): Promise<Candidate[]> {
  if (candidates.length === 0) {
    await isPassword(await nobodysHash(), password);
    return [];
  }
  const fits = await Promise.all(candidates.map((candidate) => isPassword(candidate.password_hash, password)));
  return candidates.filter((_, index) => fits[index]);
}

async function openFor(deps: IdentityDeps, who: Candidate, caller: Caller): Promise<OpenedSession> {
  const wall = deps.clock.now();
  const { tenant_id, user_id } = who;
  const known = await deps.postgres.read({ tenant_id, now: wall }, async (db) => {
    const [tenant, user, memberships] = [
      await requireTenant(db),
      await selectUser(db, user_id),
      await selectMembershipsOf(db, user_id),
    ];
    const organizations = await organizationsByIds(
      db,
      memberships.map((membership) => membership.org_id),
    );
    // One session acts for one organization, so that rights in one never reach into another: the tenant's own, else the user's choice.
    const member =
      memberships.find(({ org_id }) => organizations.get(org_id)?.is_own) ??
      memberships.find(({ org_id }) => org_id === user?.default_org_id) ??
      memberships[0];
    return { now: tenantNow(tenant, wall), name: user?.name, member };
  });
  const { member } = known;
  if (!member) throw refused();
  const actor = { kind: 'user' as const, id: user_id, name: known.name };
  const scope = { tenant_id, now: known.now, actor, request_id: caller.request_id };
  return deps.postgres.transact(scope, (tx) => openSession(tx, member, caller, wall));
}

async function rotate(tx: Tx, token_hash: Buffer, wall: Temporal.Instant): Promise<OpenedSession | string> {
  const before = await selectRefreshToken(tx, token_hash);
  const session = before && (await lockSession(tx, before.session_id));
  // Read again under the lock: two copies of one token may have come at once.
  const token = session && (await selectRefreshToken(tx, token_hash));
  if (!session || !token) return 'The session is unknown.';
  if (session.revoked_at !== null) return 'The session has ended.';
  if (token.used_at !== null) {
    await revokeSessions(tx, { session_id: session.session_id }, { at: wall.toString(), reason: 'refresh_token_reused' });
    await recordAudit(tx, {
      action: 'session.ended',
      target_type: 'session',
      target_id: session.session_id,
      before: null,
      after: { reason: 'refresh_token_reused', user_id: session.user_id },
    });
    return 'The refresh token was used before, so its session was ended.';
  }
  if ([token.expires_at, session.expires_at].some((at) => Temporal.Instant.compare(Temporal.Instant.from(at), wall) <= 0)) {
    return 'The session is out of time.';
  }
  const described = await describeSession(tx, session, wall);
  const [access_token, refresh_token] = [newToken('access'), newToken('refresh')];
  await spendRefreshToken(tx, token_hash, wall.toString());
  await insertRefreshToken(tx, { ...refreshOf(refresh_token, wall), session_id: session.session_id });
  await updateAccess(tx, {
    session_id: session.session_id,
    access_hash: hashOf(access_token),
    access_expires_at: after(wall, lifetimes.access_s),
  });
  return { ...described, access_token, refresh_token };
}

function refreshOf(refresh_token: string, wall: Temporal.Instant): { token_hash: Buffer; at: string; expires_at: string } {
  return { token_hash: hashOf(refresh_token), at: wall.toString(), expires_at: after(wall, lifetimes.refresh_s) };
}

function refused(): Error {
  return errors.sign_in_refused({ headers: { 'www-authenticate': 'Bearer realm="tallystick"' } });
}

function after(wall: Temporal.Instant, seconds: number): string {
  return wall.add({ seconds }).toString();
}
