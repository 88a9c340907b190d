import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { createOrganization, ownOrganization } from '../tenancy/service.ts';
import { type Authenticator, createAuthenticator, type Credentials, type IdentityDeps } from './service/authenticate.ts';
import { createKey, revokeKey } from './service/keys.ts';
import { changeMember, inviteMember, removeMember } from './service/members.ts';
import { setUp } from './service/setup.ts';
import { type Caller, type OpenedSession, refresh, signIn, signOut } from './service/sign-in.ts';
import { createTenantWithAdmin } from './service/tenants.ts';

let t: TestDatabase;
let deps: IdentityDeps;
let authenticator: Authenticator;
let tenant: { tenant_id: string; admin_key: string; setup_token: string };
let wall = Temporal.Instant.from('2026-03-01T00:00:00Z');
let made = 0;

const password = 'correct horse battery';
const caller: Caller = { remote_address: '203.0.113.1', user_agent: 'test', request_id: null };
const everything = new Set(['*']);
const later = (duration: Temporal.DurationLike) => {
  wall = wall.add(duration);
};
const elsewhere = () => {
  made += 1;
  return { ...caller, remote_address: `198.51.100.${made}` };
};
const scope = (over = {}) => t.scope({ tenant_id: tenant.tenant_id, now: wall, ...over });
const withKey = (key: string): Credentials => ({ method: 'GET', headers: { authorization: `Bearer ${key}` }, cookies: {} });
const withCookie = (session: OpenedSession, method = 'GET', csrf?: string): Credentials => ({
  method,
  headers: csrf === undefined ? {} : { 'x-csrf-token': csrf },
  cookies: { tallystick_session: session.access_token },
});
const newTenant = async (mode: 'live' | 'test' = 'live', bootstrap_key?: string) => {
  made += 1;
  return createTenantWithAdmin(deps, { name: `Company ${made}`, slug: `company-${made}`, mode, bootstrap_key }, async () => undefined);
};
const admin = (email: string) => setUp(deps, { token: tenant.setup_token, email, name: 'Ada', password }, elsewhere());

beforeAll(async () => {
  t = await testDatabase();
  deps = { postgres: t.postgres, clock: { now: () => wall }, secure_cookies: false };
});
beforeEach(async () => {
  later({ hours: 48 });
  authenticator = createAuthenticator(deps);
  tenant = await newTenant();
});

describe('a new tenant', () => {
  it('has its own organization, a key that may do everything, and what the rooms above add, or nothing at all', async () => {
    const principal = await authenticator.authenticate(withKey(tenant.admin_key));
    expect(principal).toMatchObject({ tenant_id: tenant.tenant_id, mode: 'live', scopes: everything, org_ids: null, actor: { kind: 'api_key' } });
    expect(tenant.admin_key).toMatch(/^tsk_live_[A-Za-z0-9]{32}$/);
    expect(await t.read(ownOrganization, { tenant_id: tenant.tenant_id })).toMatchObject({ is_own: true, parent_org_id: null });
    const failing = createTenantWithAdmin(deps, { name: 'No', slug: 'never-made' }, async () => {
      throw new Error('no keys');
    });
    await expect(failing).rejects.toThrow('no keys');
    expect(await t.superuser("SELECT 1 FROM tenant WHERE slug = 'never-made'")).toEqual([]);
  });

  it('takes its mode and its admin key from a bootstrap key', async () => {
    const bootstrap_key = 'tsk_test_abcdefghijklmnopqrstuvwx';
    const { admin_key } = await newTenant('live', bootstrap_key);
    expect(admin_key).toBe(bootstrap_key);
    expect(await authenticator.authenticate(withKey(bootstrap_key))).toMatchObject({ mode: 'test' });
  });
});

describe('an API key', () => {
  it('is stored as its hash alone, and nowhere in what was put on record or told', async () => {
    const stored = await t.superuser<{ text: string }>(
      `SELECT (SELECT jsonb_agg(k) FROM api_key k)::text || (SELECT jsonb_agg(a) FROM audit_log a)::text
         || (SELECT jsonb_agg(e) FROM billing_events e)::text AS text`,
    );
    expect(stored[0]!.text).toContain('"last_four"');
    expect(stored[0]!.text).not.toContain(tenant.admin_key);
    expect(stored[0]!.text).not.toContain(tenant.admin_key.slice(13, -4));
  });

  it('opens nothing when it is unknown, malformed or missing, and the answer says how to ask', async () => {
    const requests = [withKey(`${tenant.admin_key}x`), withKey(''), { ...withKey(''), headers: {} }, { ...withKey(''), headers: { authorization: 'Basic eA==' } }];
    for (const request of requests) {
      await expect(authenticator.authenticate(request)).rejects.toMatchObject({
        code: 'unauthenticated',
        status: 401,
        details: { headers: { 'www-authenticate': 'Bearer realm="tallystick"' } },
      });
    }
  });

  it('is given no scope that its maker lacks', async () => {
    const maker = { mode: 'live' as const, scopes: new Set(['usage:read']), org_ids: null };
    const making = t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['usage:write'] }, maker, wall));
    await expect(making).rejects.toMatchObject({ code: 'scope_not_held', status: 403 });
  });

  it('ends at its time by the wall clock, though the test clock of its tenant stands still', async () => {
    tenant = await newTenant('test');
    await t.superuser("UPDATE tenant SET test_clock_at = '2025-01-01Z' WHERE tenant_id = $1", [tenant.tenant_id]);
    const maker = await authenticator.authenticate(withKey(tenant.admin_key));
    expect(maker.now.toString()).toBe('2025-01-01T00:00:00Z');
    const expires_at = wall.add({ minutes: 5 }).toString();
    const { key } = await t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['usage:read'], expires_at }, maker, wall));
    expect((await authenticator.authenticate(withKey(key))).scopes).toEqual(new Set(['usage:read']));
    later({ minutes: 5 });
    await expect(authenticator.authenticate(withKey(key))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('opens nothing from the next request after it was revoked, though it was known a moment ago', async () => {
    const maker = await authenticator.authenticate(withKey(tenant.admin_key));
    const made_key = await t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['usage:read'] }, maker, wall));
    await authenticator.authenticate(withKey(made_key.key));
    await t.postgres.transact(scope(), async (tx) => {
      await revokeKey(tx, made_key.api_key_id, maker, wall);
      tx.afterCommit(() => authenticator.forgetKey(made_key.api_key_id));
    });
    await expect(authenticator.authenticate(withKey(made_key.key))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(t.superuser('UPDATE api_key SET revoked_at = NULL WHERE api_key_id = $1', [made_key.api_key_id])).rejects.toMatchObject({
      constraint: 'api_key_stays_revoked',
    });
  });

  it('notes its use at most once a minute', async () => {
    const used = async () => {
      createAuthenticator(deps);
      await createAuthenticator(deps).authenticate(withKey(tenant.admin_key));
      const rows = await t.superuser<{ last_used_at: string }>('SELECT last_used_at FROM api_key WHERE tenant_id = $1', [tenant.tenant_id]);
      return Temporal.Instant.from(rows[0]!.last_used_at).epochMilliseconds;
    };
    const first = await used();
    later({ seconds: 59 });
    expect(await used()).toBe(first);
    later({ seconds: 2 });
    expect(await used()).toBe(first + 61_000);
  });

  it('bound to an organization sees it and what is below it, and nothing beside', async () => {
    const [top, below] = await t.postgres.transact(scope(), async (tx) => {
      const make = (org_slug: string, parent_org_id?: string) =>
        createOrganization(tx, { legal_name: org_slug, org_slug, billing_email: 'a@b.example', default_timezone: 'UTC', parent_org_id });
      const first = await make('top');
      await make('beside');
      return [first, await make('below', first.org_id)];
    });
    const maker = await authenticator.authenticate(withKey(tenant.admin_key));
    const { key } = await t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['orgs:read'], org_id: top!.org_id }, maker, wall));
    const bound = await authenticator.authenticate(withKey(key));
    expect([...bound.org_ids!].sort()).toEqual([top!.org_id, below!.org_id].sort());
    const wider = t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['orgs:read'] }, bound, wall));
    await expect(wider).rejects.toMatchObject({ code: 'org_not_found' });
  });

  it('of another tenant cannot be revoked, and answers as an unknown one', async () => {
    const other = await newTenant();
    const [foreign] = await t.superuser<{ api_key_id: string }>('SELECT api_key_id FROM api_key WHERE tenant_id = $1', [other.tenant_id]);
    for (const id of [foreign!.api_key_id, '00000000-0000-7000-8000-000000000000']) {
      const revoking = t.postgres.transact(scope(), (tx) => revokeKey(tx, id, { org_ids: null }, wall));
      await expect(revoking).rejects.toMatchObject({ code: 'api_key_not_found', message: `There is no API key ${id}.` });
    }
  });
});

describe('signing in', () => {
  it('opens a session for the first administrator by the setup token, once', async () => {
    const session = await admin('ada@one.example');
    expect(session.view).toMatchObject({ user: { email: 'ada@one.example', name: 'Ada' }, role: 'admin', scopes: ['*'] });
    expect(await authenticator.authenticate(withCookie(session))).toMatchObject({ org_ids: null, actor: { kind: 'user', name: 'Ada' } });
    await expect(admin('eve@one.example')).rejects.toMatchObject({ code: 'setup_token_invalid' });
  });

  it('opens nothing by a setup token that is a week old', async () => {
    later({ hours: 24 * 7 });
    await expect(admin('ada@late.example')).rejects.toMatchObject({ code: 'setup_token_invalid' });
  });

  it('answers alike for an unknown address, a wrong password, and a member no more', async () => {
    const { view } = await admin('ada@two.example');
    const attempts = [
      signIn(deps, { email: 'nobody@two.example', password }, elsewhere()),
      signIn(deps, { email: 'ada@two.example', password: 'wrong horse battery' }, elsewhere()),
      signIn(deps, { email: 'ada@two.example', password, tenant: 'no-such-tenant' }, elsewhere()),
    ];
    const refusals = (await Promise.allSettled(attempts)).map((result) => result.status === 'rejected' && result.reason);
    await t.superuser('DELETE FROM membership WHERE user_id = $1', [view.user.user_id]);
    refusals.push(await signIn(deps, { email: 'ada@two.example', password }, elsewhere()).catch((error: unknown) => error));
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'sign_in_refused', status: 401, message: refusals[0].message });
  });

  it('spends on an unknown address about the time that a known one costs', async () => {
    await admin('ada@time.example');
    const cost = async (email: string) => {
      const times: number[] = [];
      for (let n = 0; n < 5; n += 1) {
        const began = performance.now();
        await expect(signIn(deps, { email, password: 'wrong horse battery' }, elsewhere())).rejects.toMatchObject({ code: 'sign_in_refused' });
        times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b)[2]!;
    };
    await cost('warm@time.example');
    const [unknown, known] = [await cost('nobody@time.example'), await cost('ada@time.example')];
    expect(unknown / known).toBeGreaterThan(0.4);
    expect(unknown / known).toBeLessThan(2.5);
  });

  it('takes the address in any case', async () => {
    await admin('Ada@Case.example');
    expect((await signIn(deps, { email: 'ada@cASE.example', password }, elsewhere())).view.user.email).toBe('Ada@Case.example');
  });

  it('asks for the tenant where one address and password open two', async () => {
    await admin('both@x.example');
    const first = tenant;
    tenant = await newTenant();
    await admin('both@x.example');
    await expect(signIn(deps, { email: 'both@x.example', password }, elsewhere())).rejects.toMatchObject({ code: 'tenant_needed' });
    const [{ slug } = { slug: '' }] = await t.superuser<{ slug: string }>('SELECT slug FROM tenant WHERE tenant_id = $1', [first.tenant_id]);
    const session = await signIn(deps, { email: 'both@x.example', password, tenant: slug }, elsewhere());
    expect(session.view.tenant.tenant_id).toBe(first.tenant_id);
  });

  it('waits after five failures for the account at that address, right password or not, and lets others in', async () => {
    await admin('ada@lock.example');
    const here = elsewhere();
    const wrong = () => signIn(deps, { email: 'ada@lock.example', password: 'wrong horse battery' }, here);
    for (let n = 0; n < 5; n += 1) await expect(wrong()).rejects.toMatchObject({ code: 'sign_in_refused' });
    await expect(signIn(deps, { email: 'ADA@lock.example', password }, here)).rejects.toMatchObject({
      code: 'sign_in_throttled',
      status: 429,
      details: { headers: { 'retry-after': '5' } },
    });
    await signIn(deps, { email: 'ada@lock.example', password }, elsewhere());
    later({ seconds: 5 });
    await signIn(deps, { email: 'ada@lock.example', password }, here);
  });

  it('lets no more than five of fifty attempts made at once look at the password', async () => {
    await admin('ada@burst.example');
    const here = elsewhere();
    const burst = Array.from({ length: 50 }, () => signIn(deps, { email: 'ada@burst.example', password: 'wrong horse battery' }, here));
    const codes = (await Promise.allSettled(burst)).map((result) => (result.status === 'rejected' ? result.reason.code : 'opened'));
    expect(codes.filter((code) => code === 'sign_in_refused').length).toBeLessThanOrEqual(5);
    expect(codes.filter((code) => code === 'sign_in_throttled').length).toBeGreaterThanOrEqual(45);
  });
});

describe('a session', () => {
  it('writes by cookie only with its own CSRF token', async () => {
    const session = await admin('ada@csrf.example');
    const other = await signIn(deps, { email: 'ada@csrf.example', password }, elsewhere());
    for (const token of [undefined, '', 'x', other.view.csrf_token]) {
      await expect(authenticator.authenticate(withCookie(session, 'POST', token))).rejects.toMatchObject({ code: 'csrf_token_invalid', status: 403 });
    }
    expect(await authenticator.authenticate(withCookie(session, 'POST', session.view.csrf_token))).toMatchObject({ org_ids: null });
  });

  it('opens nothing after fifteen minutes unless it is refreshed, and keeps its CSRF token then', async () => {
    const first = await admin('ada@refresh.example');
    later({ minutes: 15 });
    await expect(authenticator.authenticate(withCookie(first))).rejects.toMatchObject({ code: 'unauthenticated' });
    const second = await refresh(deps, first.refresh_token, caller);
    expect(second.view.csrf_token).toBe(first.view.csrf_token);
    await authenticator.authenticate(withCookie(second));
    await expect(authenticator.authenticate(withCookie(first))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends with all its tokens when a refresh token comes a second time', async () => {
    const first = await admin('ada@reuse.example');
    const second = await refresh(deps, first.refresh_token, caller);
    const third = await refresh(deps, second.refresh_token, caller);
    await expect(refresh(deps, first.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authenticator.authenticate(withCookie(third))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(refresh(deps, third.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
    const ended = await t.superuser("SELECT after FROM audit_log WHERE action = 'session.ended' AND target_id = $1", [first.session_id]);
    expect(ended).toMatchObject([{ after: { reason: 'refresh_token_reused' } }]);
  });

  it('is refreshed by one of two copies of a token that come at once, and then ends', async () => {
    const first = await admin('ada@twice.example');
    const results = await Promise.allSettled([1, 2].map(() => refresh(deps, first.refresh_token, caller)));
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const sessions = await t.superuser('SELECT revoked_for FROM session WHERE session_id = $1', [first.session_id]);
    expect(sessions).toEqual([{ revoked_for: 'refresh_token_reused' }]);
  });

  it('lasts thirty days at the most, however often it is refreshed', async () => {
    let session = await admin('ada@long.example');
    for (let day = 0; day < 29; day += 7) {
      later({ hours: 24 * 7 });
      if (day < 28) session = await refresh(deps, session.refresh_token, caller);
    }
    await expect(refresh(deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends when its user signs out, even a moment after its access ran out', async () => {
    const session = await admin('ada@out.example');
    later({ minutes: 16 });
    const current = await authenticator.currentSession(withCookie(session, 'DELETE', session.view.csrf_token), { even_expired: true });
    await t.postgres.transact(scope(), (tx) => signOut(tx, current, wall));
    await expect(refresh(deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a member', () => {
  const change = async () => ({
    org_id: (await t.read(ownOrganization, { tenant_id: tenant.tenant_id })).org_id,
    held: everything,
    wall,
  });
  const invite = async (email: string, role: 'admin' | 'user' = 'user') => {
    const by = await change();
    return t.postgres.transact(scope(), (tx) => inviteMember(tx, { email, role }, by));
  };

  it('is pending until the invitation is taken up, and then acts with the rights of the role', async () => {
    const invited = await invite('new@member.example');
    expect(invited).toMatchObject({ status: 'pending', role: 'user' });
    await expect(signIn(deps, { email: 'new@member.example', password }, elsewhere())).rejects.toMatchObject({ code: 'sign_in_refused' });
    const session = await setUp(deps, { token: invited.setup_token, password, name: 'New' }, elsewhere());
    expect(session.view).toMatchObject({ role: 'user', user: { name: 'New' } });
    expect(session.principal.scopes.has('orgs:write')).toBe(false);
  });

  it('joins by the latest invitation alone', async () => {
    const first = await invite('again@member.example');
    const second = await invite('again@member.example');
    expect(second.user_id).toBe(first.user_id);
    await expect(setUp(deps, { token: first.setup_token, password }, elsewhere())).rejects.toMatchObject({ code: 'setup_token_invalid' });
    await setUp(deps, { token: second.setup_token, password }, elsewhere());
    await expect(invite('again@member.example')).rejects.toMatchObject({ code: 'member_exists' });
  });

  it('who has a password already joins another organization only by it', async () => {
    await admin('known@member.example');
    const party = await t.postgres.transact(scope(), (tx) =>
      createOrganization(tx, { legal_name: 'P', org_slug: 'p', billing_email: 'a@b.example', default_timezone: 'UTC' }),
    );
    const by = { ...(await change()), org_id: party.org_id };
    const { setup_token } = await t.postgres.transact(scope(), (tx) => inviteMember(tx, { email: 'known@member.example', role: 'user' }, by));
    const stolen = setUp(deps, { token: setup_token, password: 'a password of the thief' }, elsewhere());
    await expect(stolen).rejects.toMatchObject({ code: 'sign_in_refused' });
    const session = await setUp(deps, { token: setup_token, password }, elsewhere());
    expect(session.principal.org_ids).toEqual([party.org_id]);
  });

  it('of another organization sees that organization alone, and loses all rights the moment the membership ends', async () => {
    const party = await t.postgres.transact(scope(), (tx) =>
      createOrganization(tx, { legal_name: 'Q', org_slug: 'q', billing_email: 'a@b.example', default_timezone: 'UTC' }),
    );
    const by = { ...(await change()), org_id: party.org_id };
    const invited = await t.postgres.transact(scope(), (tx) => inviteMember(tx, { email: 'q@party.example', role: 'admin' }, by));
    const session = await setUp(deps, { token: invited.setup_token, password }, elsewhere());
    const principal = await authenticator.authenticate(withCookie(session));
    expect(principal.org_ids).toEqual([party.org_id]);
    expect(principal.scopes.has('catalog:read')).toBe(false);
    await t.postgres.transact(scope(), (tx) => removeMember(tx, invited.user_id, by));
    await expect(authenticator.authenticate(withCookie(session))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(refresh(deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('who is the last administrator can neither leave nor be demoted, not even two at once', async () => {
    const { view } = await admin('only@admin.example');
    const by = await change();
    const removing = (user_id: string) => t.postgres.transact(scope(), (tx) => removeMember(tx, user_id, by));
    await expect(removing(view.user.user_id)).rejects.toMatchObject({ code: 'last_admin' });
    const demoting = t.postgres.transact(scope(), (tx) => changeMember(tx, view.user.user_id, 'user', by));
    await expect(demoting).rejects.toMatchObject({ code: 'last_admin' });
    const { user_id, setup_token } = await invite('second@admin.example', 'admin');
    await setUp(deps, { token: setup_token, password }, elsewhere());
    const results = await Promise.allSettled([removing(view.user.user_id), removing(user_id)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('changes nobody who holds more', async () => {
    const { view } = await admin('strong@admin.example');
    const weak = { ...(await change()), held: new Set(['members:write', 'orgs:read']) };
    const removing = t.postgres.transact(scope(), (tx) => removeMember(tx, view.user.user_id, weak));
    await expect(removing).rejects.toMatchObject({ code: 'role_not_held' });
  });
});

describe('every table of the room', () => {
  const tables = ['user_account', 'membership', 'api_key', 'session', 'refresh_token', 'setup_token'];
  it.each(tables)('%s shows a tenant nothing of another, and nothing at all without one', async (table) => {
    const client = await t.postgres.pool('app').connect();
    try {
      expect((await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows).toEqual([{ n: 0 }]);
      await client.query(`BEGIN; SELECT set_config('tally.tenant_id', '${t.other_tenant_id}', true)`);
      expect((await client.query(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id <> '${t.other_tenant_id}'`)).rows).toEqual([{ n: 0 }]);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });

  it('opens to the role that comes before any tenant no more than it looks up by', async () => {
    const auth = t.postgres.pool('auth');
    for (const query of [
      'SELECT csrf_token FROM session',
      'SELECT name FROM user_account',
      'SELECT * FROM membership',
      "UPDATE api_key SET scopes = '{*}'",
      'UPDATE api_key SET revoked_at = NULL',
      'DELETE FROM session',
      'INSERT INTO setup_token DEFAULT VALUES',
      'SELECT 1 FROM audit_log',
    ]) {
      await expect(auth.query(query)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('fits the rules that the server demands of the catalog', async () => {
    expect(await t.superuser("SELECT defect, what FROM audit WHERE defect ~ '^R'")).toEqual([]);
  });
});
