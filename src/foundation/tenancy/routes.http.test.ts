import { beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../../../test/support/server.ts';

let s: TestServer;
let made = 0;

const unknown = '00000000-0000-7000-8000-000000000000';
const body = (over: Record<string, unknown> = {}) => {
  made += 1;
  return {
    legal_name: `Party ${made} Pty Ltd`,
    org_slug: `party-${made}`,
    billing_email: 'bills@party.example',
    default_timezone: 'Australia/Sydney',
    ...over,
  };
};
const create = async (over: Record<string, unknown> = {}, key = s.key) => {
  const answer = await s.call('POST', '/v1/orgs', body(over), { authorization: `Bearer ${key}` });
  expect(answer.status).toBe(201);
  return answer.body as { org_id: string; org_slug: string };
};

beforeAll(async () => {
  s = await testServer();
});

describe('an organization', () => {
  it('is made from the body of the contract and answers with its id', async () => {
    const parent = await create();
    const given = body({
      currency: 'AUD',
      parent_org_id: parent.org_id,
      partner_tier: 'gold',
      tax_id: 'ABN 51 824 753 556',
      visibility: 'partners',
    });
    const answer = await s.call('POST', '/v1/orgs', given);
    expect(answer).toMatchObject({ status: 201, body: { ...given, is_own: false } });
    expect(await s.call('GET', `/v1/orgs/${answer.body.org_id}`)).toMatchObject({ status: 200, body: answer.body });
  });

  it.each([
    ['default_timezone', 'Mars/Olympus'],
    ['default_timezone', '+10:00'],
    ['default_timezone', ''],
    ['billing_email', 'nobody'],
    ['org_slug', 'Not A Slug'],
    ['org_slug', '-x'],
    ['org_slug', 'x'.repeat(64)],
    ['currency', 'aud'],
    ['legal_name', ''],
    ['legal_name', 'a\u0007b'],
    ['visibility', 'secret'],
    ['parent_org_id', 'not-an-id'],
    ['colour', 'blue'],
  ])('is refused with 422 that names %s when it is %j', async (field, value) => {
    const answer = await s.call('POST', '/v1/orgs', body({ [field]: value }));
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it('has its time zone in the case that every program knows', async () => {
    expect(await create({ default_timezone: 'europe/BERLIN' })).toMatchObject({ default_timezone: 'Europe/Berlin' });
  });

  it('is refused with 409 when its slug is taken, and with 422 when its parent is unknown', async () => {
    const { org_slug } = await create();
    expect(await s.call('POST', '/v1/orgs', body({ org_slug }))).toMatchObject({ status: 409, body: { code: 'org_slug_taken' } });
    expect(await s.call('POST', '/v1/orgs', body({ parent_org_id: unknown }))).toMatchObject({
      status: 422,
      body: { code: 'parent_org_unknown', errors: [{ pointer: '/parent_org_id' }] },
    });
  });

  it('is changed, moved and let go by PATCH, and never deleted', async () => {
    const [parent, child] = [await create(), await create()];
    const patch = (changes: unknown) => s.call('PATCH', `/v1/orgs/${child.org_id}`, changes);
    expect(await patch({ legal_name: 'Renamed', currency: 'NZD', parent_org_id: parent.org_id })).toMatchObject({
      status: 200,
      body: { legal_name: 'Renamed', currency: 'NZD', parent_org_id: parent.org_id },
    });
    expect(await patch({ parent_org_id: null, currency: null })).toMatchObject({ body: { parent_org_id: null, currency: null } });
    expect(await patch({ org_slug: 'another' })).toMatchObject({ status: 422 });
    expect(await patch({ legal_name: null })).toMatchObject({ status: 422 });
    expect((await s.call('DELETE', `/v1/orgs/${child.org_id}`)).status).toBeGreaterThanOrEqual(404);
    expect((await s.call('GET', `/v1/orgs/${child.org_id}`)).status).toBe(200);
  });
});

describe('the list of organizations', () => {
  it('pages through each once, newest first', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await create({ legal_name: `Paged ${n}` })).org_id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await s.call('GET', `/v1/orgs?q=paged&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(page.status).toBe(200);
      seen.push(...page.body.data.map((org: { org_id: string }) => org.org_id));
      cursor = page.body.next_cursor ?? '';
    } while (cursor);
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(new Set(seen).size).toBe(5);
  });

  it('finds what was typed literally, in any case', async () => {
    await create({ legal_name: '100% Solar_Ltd' });
    const names = async (q: string) =>
      (await s.call('GET', `/v1/orgs?q=${encodeURIComponent(q)}`)).body.data.map((org: { legal_name: string }) => org.legal_name);
    expect(await names('100% solar_')).toEqual(['100% Solar_Ltd']);
    expect(await names('%_%')).toEqual([]);
  });

  it.each(['limit=0', 'limit=-1', 'limit=1000000000', 'limit=x', 'cursor=x', 'cursor=a.b', 'colour=blue'])(
    'is refused with 4xx for %s',
    async (query) => {
      const answer = await s.call('GET', `/v1/orgs?${query}`);
      expect([400, 422]).toContain(answer.status);
    },
  );

  it('refuses a cursor of another tenant or another list', async () => {
    await create();
    await create({}, s.other_key);
    await create({}, s.other_key);
    const foreign = await s.call('GET', '/v1/orgs?limit=1', undefined, { authorization: `Bearer ${s.other_key}` });
    expect(foreign.body.next_cursor).toEqual(expect.any(String));
    const answer = await s.call('GET', `/v1/orgs?cursor=${encodeURIComponent(foreign.body.next_cursor)}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'cursor_invalid' } });
  });
});

describe('children', () => {
  it('are made or linked, listed, and linked again without a change', async () => {
    const parent = await create();
    const born = await s.call('POST', `/v1/orgs/${parent.org_id}/children`, body());
    expect(born).toMatchObject({ status: 201, body: { parent_org_id: parent.org_id } });
    const { org_id } = await create();
    for (let n = 0; n < 2; n += 1) {
      const linked = await s.call('POST', `/v1/orgs/${parent.org_id}/children`, { org_id });
      expect(linked).toMatchObject({ status: 200, body: { org_id, parent_org_id: parent.org_id } });
    }
    const list = await s.call('GET', `/v1/orgs/${parent.org_id}/children`);
    expect(list.body.data.map((org: { org_id: string }) => org.org_id)).toEqual([org_id, born.body.org_id]);
  });

  it('are refused as their own parent, as a cycle, from another parent, and below what is 64 deep', async () => {
    const [top, other] = [await create(), await create()];
    const link = (parent: string, org_id: string) => s.call('POST', `/v1/orgs/${parent}/children`, { org_id });
    const below = (await s.call('POST', `/v1/orgs/${top.org_id}/children`, body())).body;
    expect(await link(top.org_id, top.org_id)).toMatchObject({ status: 422, body: { code: 'hierarchy_self_parent' } });
    expect(await link(below.org_id, top.org_id)).toMatchObject({ status: 409, body: { code: 'hierarchy_cycle' } });
    expect(await link(other.org_id, below.org_id)).toMatchObject({ status: 409, body: { code: 'has_other_parent' } });
    let deepest = below.org_id;
    for (let depth = 2; depth <= 64; depth += 1)
      deepest = (await s.call('POST', `/v1/orgs/${deepest}/children`, body())).body.org_id;
    const deeper = await s.call('POST', `/v1/orgs/${deepest}/children`, body());
    expect(deeper).toMatchObject({ status: 422, body: { code: 'hierarchy_too_deep' } });
  });

  it('name what is missing to make one, and what has no place beside an org_id', async () => {
    const { org_id } = await create();
    const empty = await s.call('POST', `/v1/orgs/${org_id}/children`, {});
    expect(empty.body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
      '/legal_name',
      '/org_slug',
      '/billing_email',
      '/default_timezone',
    ]);
    const both = await s.call('POST', `/v1/orgs/${org_id}/children`, { org_id, legal_name: 'Both' });
    expect(both).toMatchObject({ status: 422, body: { errors: [{ pointer: '/legal_name' }] } });
  });
});

describe('an organization of another tenant', () => {
  it('answers exactly as one that never was, on every route', async () => {
    const foreign = await create({}, s.other_key);
    const mine = await create();
    const anonymous = (text: unknown, id: string) =>
      JSON.stringify(text)
        .replaceAll(id, 'ID')
        .replace(/"http_request_id":"[^"]*"/, '');
    const routes: [string, string, unknown?][] = [
      ['GET', '/v1/orgs/ID'],
      ['PATCH', '/v1/orgs/ID', { legal_name: 'Mine now' }],
      ['GET', '/v1/orgs/ID/children'],
      ['POST', '/v1/orgs/ID/children', body()],
      ['POST', '/v1/orgs/ID/children', { org_id: mine.org_id }],
      ['POST', `/v1/orgs/${mine.org_id}/children`, { org_id: 'ID' }],
      ['PATCH', `/v1/orgs/${mine.org_id}`, { parent_org_id: 'ID' }],
      ['GET', '/v1/projects?org_id=ID'],
      ['POST', '/v1/projects', { org_id: 'ID', name: 'p' }],
      ['GET', '/v1/orgs/ID/members'],
      ['POST', '/v1/orgs/ID/members', { email: 'a@b.example', role: 'user' }],
      ['DELETE', '/v1/orgs/ID/members/00000000-0000-7000-8000-000000000001'],
    ];
    for (const [method, path, given] of routes) {
      const ask = async (id: string) => {
        const sent = given === undefined ? undefined : JSON.parse(JSON.stringify(given).replaceAll('ID', id));
        const answer = await s.call(method, path.replace('ID', id), sent);
        return { status: answer.status, text: anonymous(answer.body, id) };
      };
      const [of_other, of_nobody] = [await ask(foreign.org_id), await ask(unknown)];
      expect(of_other, `${method} ${path}`).toEqual(of_nobody);
      expect([404, 422]).toContain(of_other.status);
    }
    const own = await s.call('GET', `/v1/orgs/${foreign.org_id}`, undefined, { authorization: `Bearer ${s.other_key}` });
    expect(own.body).toMatchObject({ legal_name: expect.stringMatching(/^Party/), parent_org_id: null });
  });
});

describe('a project', () => {
  it('belongs to an organization, with a name that is its own there', async () => {
    const { org_id } = await create();
    const project = await s.call('POST', '/v1/projects', { org_id, name: 'Website' });
    expect(project).toMatchObject({ status: 201, body: { org_id, name: 'Website', project_id: expect.any(String) } });
    expect(await s.call('POST', '/v1/projects', { org_id, name: 'Website' })).toMatchObject({
      status: 409,
      body: { code: 'project_name_taken' },
    });
    expect((await s.call('GET', `/v1/projects?org_id=${org_id}`)).body.data).toEqual([project.body]);
  });
});

describe('the test clock', () => {
  it('stands where it was set, is what new things are dated by, and only goes forward', async () => {
    const clock = (now: string) => s.call('PUT', '/v1/test-clock', { now }, { authorization: `Bearer ${s.other_key}` });
    expect(await clock('2026-02-01T10:00:00+10:00')).toMatchObject({
      status: 200,
      body: { now: '2026-02-01T00:00:00Z', mode: 'test' },
    });
    expect(await create({}, s.other_key)).toMatchObject({ created_at: '2026-02-01T00:00:00Z' });
    expect(await clock('2026-01-31T23:59:59Z')).toMatchObject({ status: 409, body: { code: 'test_clock_backwards' } });
    expect(await clock('2026-02-01T00:00:00Z')).toMatchObject({ status: 200 });
    expect(await clock('2026-03-01T00:00:00Z')).toMatchObject({ status: 200, body: { now: '2026-03-01T00:00:00Z' } });
    for (const bad of ['2026-02-30T00:00:00Z', '2026-03-01T00:00:00', '0000-01-01T00:00:00Z', 'tomorrow']) {
      expect(await clock(bad)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/now' }] } });
    }
  });
});

describe('what was written', () => {
  it('is on record with its key as actor, and among the events, found by its target', async () => {
    const { org_id } = await create();
    const entries = await s.call('GET', `/v1/audit-entries?target_type=organization&target_id=${org_id}`);
    expect(entries.body.data).toMatchObject([
      { action: 'organization.created', before: null, after: { org_id }, actor: { kind: 'api_key' } },
    ]);
    const events = await s.call('GET', `/v1/events?aggregate_id=${org_id}&type=organization.created`);
    expect(events.body.data).toMatchObject([{ type: 'organization.created', data: { org_id }, status: expect.any(String) }]);
    const story = await s.call('GET', `/v1/events?correlation_id=${events.body.data[0].correlation_id}`);
    expect(story.body.data).toHaveLength(1);
    expect((await s.call('GET', '/v1/audit-entries?to=2001-01-01T00:00:00Z')).body.data).toEqual([]);
    const foreign = await s.call('GET', `/v1/audit-entries?target_id=${org_id}`, undefined, {
      authorization: `Bearer ${s.other_key}`,
    });
    expect(foreign.body.data).toEqual([]);
  });
});
