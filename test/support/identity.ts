import { beforeAll, beforeEach } from 'vitest';
import {
  type Authenticator,
  type Credentials,
  createAuthenticator,
  type IdentityDeps,
} from '../../src/foundation/identity/service/authenticate.ts';
import { setUp } from '../../src/foundation/identity/service/setup.ts';
import type { Caller, OpenedSession } from '../../src/foundation/identity/service/sign-in.ts';
import { createTenantWithAdmin } from '../../src/foundation/identity/service/tenants.ts';
import type { Scope } from '../../src/platform/postgres.ts';
import { type TestDatabase, testDatabase } from './database.ts';

export interface TestIdentity {
  t: TestDatabase;
  deps: IdentityDeps;
  authenticator: Authenticator;
  /** A new one for each test. */
  tenant: { tenant_id: string; admin_key: string; setup_token: string };
  /** The wall clock, two days later with each test, so that nothing of the one before counts. */
  wall: Temporal.Instant;
}

export const password = 'correct horse battery';
export const everything: ReadonlySet<string> = new Set(['*']);
export const caller: Caller = { remote_address: '203.0.113.1', user_agent: 'test', request_id: null };

/** Tenants, keys and people on a database of the test file, with a wall clock that the tests move. */
export function testIdentity() {
  let made = 0;
  const state = { wall: Temporal.Instant.from('2026-03-01T00:00:00Z') } as TestIdentity;
  const newTenant = (mode: 'live' | 'test' = 'live', bootstrap_key?: string) => {
    made += 1;
    const tenant = { name: `Company ${made}`, slug: `company-${made}`, mode, bootstrap_key };
    return createTenantWithAdmin(state.deps, tenant, async () => undefined);
  };
  /** Another address with each call. */
  const elsewhere = (): Caller => {
    made += 1;
    return { ...caller, remote_address: `198.51.100.${made}` };
  };
  beforeAll(async () => {
    state.t = await testDatabase();
    state.deps = { postgres: state.t.postgres, clock: { now: () => state.wall }, secure_cookies: false };
  });
  beforeEach(async () => {
    state.wall = state.wall.add({ hours: 48 });
    state.authenticator = createAuthenticator(state.deps);
    state.tenant = await newTenant();
  });
  return {
    state,
    newTenant,
    elsewhere,
    later: (duration: Temporal.DurationLike) => {
      state.wall = state.wall.add(duration);
    },
    scope: (over: Partial<Scope> = {}) => state.t.scope({ tenant_id: state.tenant.tenant_id, now: state.wall, ...over }),
    /** The tenant's first administrator, signed in by the setup token. */
    admin: (email: string) => setUp(state.deps, { token: state.tenant.setup_token, email, name: 'Ada', password }, elsewhere()),
  };
}

export const withKey = (key: string): Credentials => ({
  method: 'GET',
  headers: { authorization: `Bearer ${key}` },
  cookies: {},
});

export const withCookie = (session: OpenedSession, method = 'GET', csrf?: string): Credentials => ({
  method,
  headers: csrf === undefined ? {} : { 'x-csrf-token': csrf },
  cookies: { tallystick_session: session.access_token },
});
