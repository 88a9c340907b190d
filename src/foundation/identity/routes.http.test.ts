import { beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../../../test/support/server.ts';
import { cookieNames } from './service/cookies.ts';

let s: TestServer;
let address: string;
let made = 0;

const password = 'correct horse battery';
const { access, refresh } = cookieNames(false);

beforeAll(async () => {
  s = await testServer();
  address = await s.listen();
});

/** A browser as far as sessions need one: it keeps cookies with their paths. */
function browser() {
  const jar = new Map<string, { value: string; path: string; line: string }>();
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const cookie = [...jar].filter(([, it]) => path.startsWith(it.path)).map(([name, it]) => `${name}=${it.value}`);
    const answer = await fetch(`${address}${path}`, {
      method,
      headers: {
        ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      const at = attributes.find((attribute) => attribute.startsWith('Path='))?.slice(5) ?? '/';
      if (value === '' || attributes.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, { value, path: at, line });
    }
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
  };
  return { jar, ask };
}

const invite = async (role = 'admin') => {
  made += 1;
  const own = (await s.call('GET', '/v1/orgs?limit=100')).body.data.find((org: { is_own: boolean }) => org.is_own);
  const email = `user-${made}@people.example`;
  const answer = await s.call('POST', `/v1/orgs/${own.org_id}/members`, { email, name: `User ${made}`, role });
  expect(answer.status).toBe(201);
  return { ...answer.body, org_id: own.org_id } as { user_id: string; email: string; setup_token: string; org_id: string };
};
const signedIn = async (role = 'admin') => {
  const member = await invite(role);
  const page = browser();
  const session = await page.ask('POST', '/v1/session:setup', { token: member.setup_token, password });
  expect(session.status).toBe(201);
  return { ...page, member, csrf: { 'x-csrf-token': session.body.csrf_token as string } };
};

describe('a browser session', () => {
  it('begins with cookies that scripts cannot read, the refresh token going to its own route alone', async () => {
    const { jar } = await signedIn();
    expect(jar.get(access)?.line).toMatch(/Path=\/; HttpOnly; SameSite=Lax$/);
    expect(jar.get(refresh)?.line).toMatch(/Path=\/v1\/session:refresh; HttpOnly; SameSite=Strict$/);
    expect(cookieNames(true)).toEqual({ access: '__Host-tallystick_session', refresh: '__Secure-tallystick_refresh' });
  });

  it('says who is signed in, and reads and writes within the rights of the role', async () => {
    const { ask, csrf, member } = await signedIn('technical');
    expect(await ask('GET', '/v1/session')).toMatchObject({
      status: 200,
      body: { user: { email: member.email }, tenant: { mode: 'test' }, role: 'technical', csrf_token: csrf['x-csrf-token'] },
    });
    expect((await ask('GET', '/v1/orgs')).status).toBe(200);
    const key = { name: 'k', scopes: ['usage:write'] };
    expect(await ask('POST', '/v1/api-keys', key)).toMatchObject({ status: 403, body: { code: 'csrf_token_invalid' } });
    expect(await ask('POST', '/v1/api-keys', key, { 'x-csrf-token': 'wrong' })).toMatchObject({ status: 403 });
    expect((await ask('POST', '/v1/api-keys', key, csrf)).status).toBe(201);
    expect(await ask('POST', '/v1/api-keys', { name: 'k', scopes: ['*'] }, csrf)).toMatchObject({
      body: { code: 'scope_not_held' },
    });
    expect(await ask('POST', '/v1/projects', { org_id: member.org_id, name: 'p' }, csrf)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('is refreshed by a new token each time, and ends when an old one comes back', async () => {
    const { jar, ask } = await signedIn();
    const old = new Map(jar);
    const refreshed = await ask('POST', '/v1/session:refresh');
    expect(refreshed).toMatchObject({ status: 201, body: { csrf_token: expect.any(String) } });
    expect(jar.get(refresh)?.value).not.toBe(old.get(refresh)?.value);
    const cookie = `${refresh}=${old.get(refresh)?.value}`;
    const stolen = await fetch(`${address}/v1/session:refresh`, { method: 'POST', headers: { cookie } });
    expect(stolen.status).toBe(401);
    expect((await ask('GET', '/v1/session')).status).toBe(401);
  });

  it('ends at sign-out, its cookies with it', async () => {
    const { jar, ask, csrf } = await signedIn();
    expect((await ask('DELETE', '/v1/session')).status).toBe(403);
    const before = new Map(jar);
    expect((await ask('DELETE', '/v1/session', undefined, csrf)).status).toBe(204);
    expect(jar.size).toBe(0);
    const again = await fetch(`${address}/v1/session`, { headers: { cookie: `${access}=${before.get(access)?.value}` } });
    expect(again.status).toBe(401);
  });

  it('begins by address and password, not from the page of another site, and with nothing that the wrong body says', async () => {
    const { member } = await signedIn();
    const { ask } = browser();
    const given = { email: member.email, password };
    expect(await ask('POST', '/v1/session', given, { 'sec-fetch-site': 'cross-site' })).toMatchObject({
      body: { code: 'cross_site_refused' },
    });
    expect(await ask('POST', '/v1/session', { ...given, password: 'wrong horse battery' })).toMatchObject({
      status: 401,
      body: { code: 'sign_in_refused' },
    });
    expect((await ask('POST', '/v1/session', { ...given, remember: true })).status).toBe(422);
    expect((await ask('POST', '/v1/session', { email: member.email })).status).toBe(422);
    expect((await ask('POST', '/v1/session', given)).status).toBe(201);
    expect((await ask('GET', '/v1/session')).status).toBe(200);
  });

  it('is what an API key does not have', async () => {
    expect(await s.call('GET', '/v1/session')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });
});

describe('an API key', () => {
  const asKey = (key: string) => ({ authorization: `Bearer ${key}` });

  it('is told once, does what it was given and no more, and nothing once it is revoked', async () => {
    const answer = await s.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['orgs:read'] });
    expect(answer).toMatchObject({
      status: 201,
      body: { name: 'Reader', scopes: ['orgs:read'], key: expect.stringMatching(/^tsk_test_\w{32}$/) },
    });
    const { key, api_key_id } = answer.body;
    const list = await s.call('GET', '/v1/api-keys');
    expect(list.body.data[0]).toMatchObject({ api_key_id, prefix: key.slice(0, 13), last_four: key.slice(-4) });
    expect(JSON.stringify(list.body)).not.toContain(key);
    expect((await s.call('GET', '/v1/orgs', undefined, asKey(key))).status).toBe(200);
    expect(await s.call('GET', '/v1/audit-entries', undefined, asKey(key))).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect((await s.call('DELETE', `/v1/api-keys/${api_key_id}`)).status).toBe(204);
    expect((await s.call('DELETE', `/v1/api-keys/${api_key_id}`)).status).toBe(204);
    const gone = await s.call('GET', '/v1/orgs', undefined, asKey(key));
    expect(gone).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="tallystick"' } });
  });

  it('is told again to the same idempotency key, and is nowhere in the database in plain text', async () => {
    const ask = () => s.call('POST', '/v1/api-keys', { name: 'Once', scopes: ['orgs:read'] }, { 'idempotency-key': 'make-one' });
    const [first, second] = [await ask(), await ask()];
    expect(first.status).toBe(201);
    expect(second).toMatchObject({ status: 201, body: first.body });
    const dump = await s.t.superuser<{ text: string }>(
      'SELECT (SELECT jsonb_agg(i) FROM idempotency_key i)::text || (SELECT jsonb_agg(k) FROM api_key k)::text AS text',
    );
    expect(dump[0]!.text).toContain('make-one');
    expect(dump[0]!.text).not.toContain(first.body.key);
  });

  it.each([
    [{ name: 'k', scopes: ['orgs:all'] }, 422, 'scope_unknown'],
    [{ name: 'k', scopes: [] }, 422, 'validation_failed'],
    [{ name: 'k', scopes: ['orgs:read'], expires_at: '2020-01-01T00:00:00Z' }, 422, 'key_expires_in_past'],
    [{ name: '', scopes: ['orgs:read'] }, 422, 'validation_failed'],
  ])('is refused from %j', async (body, status, code) => {
    expect(await s.call('POST', '/v1/api-keys', body)).toMatchObject({ status, body: { code } });
  });

  it('of one organization shows what is in it and nothing beside, and cannot be made to reach further', async () => {
    const make = async (org_slug: string) =>
      (
        await s.call('POST', '/v1/orgs', {
          legal_name: org_slug,
          org_slug,
          billing_email: 'a@b.example',
          default_timezone: 'UTC',
        })
      ).body.org_id;
    const [inside, beside] = [await make('inside'), await make('beside')];
    const answer = await s.call('POST', '/v1/api-keys', { name: 'Bound', scopes: ['orgs:read'], org_id: inside });
    const bound = asKey(answer.body.key);
    expect((await s.call('GET', '/v1/orgs', undefined, bound)).body.data.map((org: { org_id: string }) => org.org_id)).toEqual([
      inside,
    ]);
    expect((await s.call('GET', `/v1/orgs/${beside}`, undefined, bound)).status).toBe(404);
    const wide = await s.call('POST', '/v1/api-keys', { name: 'Wide', scopes: ['billing:write'], org_id: inside });
    expect(wide).toMatchObject({ status: 422, body: { code: 'scope_not_boundable' } });
  });

  it('of another tenant answers as one that never was', async () => {
    const foreign = await s.call('GET', '/v1/api-keys', undefined, asKey(s.other_key));
    const ask = (id: string) => s.call('DELETE', `/v1/api-keys/${id}`);
    for (const id of [foreign.body.data[0].api_key_id, '00000000-0000-7000-8000-000000000000']) {
      expect(await ask(id)).toMatchObject({ status: 404, body: { code: 'api_key_not_found' } });
    }
    expect((await s.call('GET', '/v1/orgs', undefined, asKey(s.other_key))).status).toBe(200);
  });
});

describe('members', () => {
  it('are invited, listed, given another role and removed, each on record', async () => {
    const { org_id, user_id, email } = await invite('user');
    const path = `/v1/orgs/${org_id}/members/${user_id}`;
    const list = await s.call('GET', `/v1/orgs/${org_id}/members`);
    expect(list.body.data[0]).toMatchObject({ user_id, email, role: 'user', status: 'pending' });
    expect(await s.call('PATCH', path, { role: 'finance' })).toMatchObject({ status: 200, body: { role: 'finance' } });
    expect(await s.call('PATCH', path, { role: 'owner' })).toMatchObject({ status: 422 });
    expect((await s.call('DELETE', path)).status).toBe(204);
    expect(await s.call('DELETE', path)).toMatchObject({ status: 404, body: { code: 'member_not_found' } });
    const entries = await s.call('GET', `/v1/audit-entries?target_type=membership&target_id=${org_id}/${user_id}`);
    const actions = entries.body.data.map((entry: { action: string }) => entry.action);
    expect(actions.toSorted()).toEqual(['member.invited', 'member.removed', 'member.role.changed']);
    expect(JSON.stringify(entries.body)).not.toContain('ts_setup_');
  });

  it('who leave are signed out at once', async () => {
    const { ask, member } = await signedIn('user');
    expect((await ask('GET', '/v1/orgs')).status).toBe(200);
    await s.call('DELETE', `/v1/orgs/${member.org_id}/members/${member.user_id}`);
    expect((await ask('GET', '/v1/orgs')).status).toBe(401);
  });
});
