import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../../platform/clock.ts';
import type { Principal } from '../../../platform/http.ts';
import type { Db, Postgres } from '../../../platform/postgres.ts';
import type { SharedStore } from '../../../platform/redis.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { requireOrganization, requireTenant, subtree } from '../../tenancy/service.ts';
import { errors } from '../errors.ts';
import { type Session, scopesOf } from '../model.ts';
import { selectMember, selectUser } from '../sql/accounts.ts';
import { findKey, findTokenTenant, type KeyLookup, touchKey } from '../sql/lookup.ts';
import { selectSessionByAccess } from '../sql/sessions.ts';
import { cookieNames } from './cookies.ts';
import { keptSessions } from './kept-sessions.ts';
import { hashOf, isSame } from './tokens.ts';

/** What of a request says who asks; a FastifyRequest has it. */
export interface Credentials {
  method: string;
  headers: IncomingHttpHeaders;
  cookies: Readonly<Record<string, string | undefined>>;
}

/** A session with what only its own routes need to know. */
export interface CurrentSession {
  session_id: string;
  principal: Principal;
  view: Session;
}

export interface Authenticator {
  /** Who asks. Throws `unauthenticated`, and `csrf_token_invalid` for a write by cookie without the session's token. */
  authenticate(request: Credentials): Promise<Principal>;
  /** The session that asks; an API key has none. With `even_expired`, one whose access ran out a moment ago, to end it. */
  currentSession(request: Credentials, options?: { even_expired: boolean }): Promise<CurrentSession>;
  /** Makes the end of a session hold for other processes too from now on, not only within `session_cached_ms`. */
  forgetSession(request: Credentials): Promise<void>;
  /** Makes a revocation hold from the next request on. Other processes are told through Redis, where there is one, or notice within `cached_ms`. */
  forgetKey(api_key_id: string): void;
  /** Calls `listener` after each revocation that this process hears of. Answers how to stop that. */
  onRevocation(listener: () => void): () => void;
}

export interface IdentityDeps {
  postgres: Postgres;
  clock: Clock;
  /** Whether the console is reached over https, so that cookies are bound to it. */
  secure_cookies: boolean;
  /** What the processes of one installation share; absent where they share nothing but the database. */
  shared?: SharedStore | null;
}

/** How long a known key of a live tenant is taken for granted. Sessions and keys of test tenants are looked up each time. */
export const cached_ms = 5000;
const most_cached = 10_000;

export function createAuthenticator(deps: IdentityDeps): Authenticator {
  const keys = keyAuthenticator(deps);
  const kept = keptSessions(deps, (token) => sessionOf(deps, token, false));
  const names = cookieNames(deps.secure_cookies);
  const byAccess = async (request: Credentials, token: string, by_cookie: boolean, even_expired: boolean) => {
    const session = even_expired ? await sessionOf(deps, token, true) : await kept.get(token);
    if (by_cookie && !/^(GET|HEAD|OPTIONS)$/.test(request.method)) {
      const given = request.headers['x-csrf-token'];
      if (typeof given !== 'string' || !isSame(given, session.view.csrf_token)) throw errors.csrf_token_invalid();
    }
    return session;
  };
  return {
    forgetKey: keys.revoke,
    onRevocation: keys.onRevocation,
    async authenticate(request) {
      const bearer = bearerOf(request);
      if (bearer?.startsWith('tsk_')) return keys.authenticate(bearer);
      const token = bearer ?? request.cookies[names.access];
      if (token === undefined) throw unauthenticated('Send an API key or sign in.');
      return (await byAccess(request, token, bearer === undefined, false)).principal;
    },
    async forgetSession(request) {
      const token = bearerOf(request) ?? request.cookies[names.access];
      if (token !== undefined) await kept.forget(token);
    },
    async currentSession(request, options) {
      const bearer = bearerOf(request);
      const token = bearer ?? request.cookies[names.access];
      if (token === undefined || token.startsWith('tsk_')) throw unauthenticated('There is no session.');
      return byAccess(request, token, bearer === undefined, options?.even_expired ?? false);
    },
  };
}

/** 401 as RFC 6750 §3 has it. */
export function unauthenticated(detail: string): Error {
  return errors.unauthenticated({ detail, headers: { 'www-authenticate': 'Bearer realm="tallystick"' } });
}

function bearerOf(request: Credentials): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const token = /^Bearer +([A-Za-z0-9._~+/=-]{1,500}) *$/i.exec(header)?.[1];
  if (token === undefined) throw unauthenticated('The Authorization header is not `Bearer <key or token>`.');
  return token;
}

interface KnownKey {
  key: KeyLookup;
  tenant_name: string;
  until: Temporal.Instant;
}

const revocations = 'tallystick:revoked-keys';

function keyAuthenticator({ postgres, clock, shared }: IdentityDeps): {
  authenticate(key: string): Promise<Principal>;
  revoke(api_key_id: string): void;
  onRevocation(listener: () => void): () => void;
} {
  const known = new Map<string, KnownKey>();
  const listeners = new Set<() => void>();
  let epoch = 0;
  /** One key, or all of them where it is not known which. */
  const forget = (api_key_id: string | null) => {
    // A lookup that began before must not bring the key back.
    epoch += 1;
    for (const [hash, entry] of known) if (api_key_id === null || entry.key.api_key_id === api_key_id) known.delete(hash);
    for (const listener of listeners) listener();
  };
  shared?.listen(revocations, forget, () => forget(null));
  return {
    revoke(api_key_id) {
      forget(api_key_id);
      // One that the store does not take is noticed by the others all the same, a little later.
      void shared?.tell(revocations, api_key_id);
    },
    onRevocation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async authenticate(text) {
      const key_hash = hashOf(text);
      const cache_key = key_hash.toString('base64');
      const wall = clock.now();
      const cached = known.get(cache_key);
      if (cached && Temporal.Instant.compare(wall, cached.until) < 0) {
        requireLive(cached.key, wall);
        return principalOf(cached.key, { name: cached.tenant_name, mode: 'live' }, wall, null);
      }
      const began = epoch;
      const key = await findKey(postgres.pool('auth'), key_hash);
      if (!key) throw unauthenticated('The key is unknown.');
      requireLive(key, wall);
      if (
        key.last_used_at === null ||
        Temporal.Instant.compare(Temporal.Instant.from(key.last_used_at).add({ minutes: 1 }), wall) < 0
      ) {
        await touchKey(postgres.pool('auth'), key, wall.toString());
      }
      const { tenant, org_ids } = await postgres.read({ tenant_id: key.tenant_id, now: wall }, async (db) => ({
        tenant: await requireTenant(db),
        org_ids: key.org_id === null ? null : await subtree(db, key.org_id),
      }));
      if (tenant.mode === 'live' && org_ids === null && began === epoch) {
        if (known.size >= most_cached) known.clear();
        known.set(cache_key, { key, tenant_name: tenant.name, until: wall.add({ milliseconds: cached_ms }) });
      }
      return principalOf(key, tenant, tenantNow(tenant, wall), org_ids);
    },
  };
}

function requireLive(key: KeyLookup, wall: Temporal.Instant): void {
  if (key.revoked_at !== null) throw unauthenticated('The key was revoked.');
  if (isPast(key.expires_at, wall)) throw unauthenticated('The key is out of time.');
}

function principalOf(
  key: KeyLookup,
  tenant: { name: string; mode: 'live' | 'test' },
  now: Temporal.Instant,
  org_ids: readonly string[] | null,
): Principal {
  return {
    tenant_id: key.tenant_id,
    tenant_name: tenant.name,
    mode: tenant.mode,
    now,
    actor: { kind: 'api_key', id: key.api_key_id, name: key.name },
    scopes: new Set(key.scopes),
    org_ids,
  };
}

async function sessionOf({ postgres, clock }: IdentityDeps, token: string, even_expired: boolean): Promise<CurrentSession> {
  const wall = clock.now();
  const access_hash = hashOf(token);
  const found = await findTokenTenant(postgres.pool('auth'), 'access', access_hash);
  if (!found) throw unauthenticated('The session is unknown.');
  return postgres.read({ tenant_id: found.tenant_id, now: wall }, async (db) => {
    const session = await selectSessionByAccess(db, access_hash);
    if (!session || session.revoked_at !== null) throw unauthenticated('The session has ended.');
    if (!even_expired && (isPast(session.access_expires_at, wall) || isPast(session.expires_at, wall))) {
      throw unauthenticated('The session is out of time.');
    }
    return describeSession(db, session, wall);
  });
}

/** The session as its holder sees it, with the rights that its membership gives at this moment. */
export async function describeSession(
  db: Db,
  session: { session_id: string; user_id: string; org_id: string; csrf_token: string },
  wall: Temporal.Instant,
): Promise<CurrentSession> {
  const [user, member] = [await selectUser(db, session.user_id), await selectMember(db, session.org_id, session.user_id)];
  if (!user || member?.status !== 'active') throw unauthenticated('The membership has ended.');
  const [tenant, organization] = [await requireTenant(db), await requireOrganization(db, session.org_id)];
  const scopes = scopesOf(member.role, organization);
  const { user_id, email, name } = user;
  const { tenant_id, mode } = tenant;
  const { org_id, legal_name, is_own } = organization;
  return {
    session_id: session.session_id,
    principal: {
      tenant_id,
      tenant_name: tenant.name,
      mode,
      now: tenantNow(tenant, wall),
      actor: { kind: 'user', id: user_id, name },
      scopes,
      org_ids: is_own ? null : await subtree(db, org_id),
    },
    view: {
      user: { user_id, email, name },
      tenant: { tenant_id, name: tenant.name, mode },
      organization: { org_id, legal_name, is_own },
      role: member.role,
      scopes: [...scopes],
      csrf_token: session.csrf_token,
    },
  };
}

function isPast(at: string | null, wall: Temporal.Instant): boolean {
  return at !== null && Temporal.Instant.compare(Temporal.Instant.from(at), wall) <= 0;
}
