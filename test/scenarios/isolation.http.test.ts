import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Operation, operationsOf } from '../support/openapi.ts';
import { type Answer, testServer } from '../support/server.ts';
import { populate, type Sample, samplesOf, type World } from '../support/world.ts';

const s = await testServer();
let operations: Operation[];
let ours: World;
let theirs: World;

beforeAll(async () => {
  operations = operationsOf((await s.call('GET', '/openapi.json')).body);
  ours = await populate(s, s.tenant, 'ours');
  theirs = await populate(s, s.other, 'theirs');
});

/** What is asked without credentials, because it comes before anybody is known or is public by its nature. */
const open = [
  'GET /.well-known/jwks.json',
  'POST /v1/session',
  'GET /v1/session',
  'DELETE /v1/session',
  'POST /v1/session:setup',
  'POST /v1/session:refresh',
  // By the signature of an endpoint, or of a gateway, which is one.
  'POST /v1/webhooks/in/{endpoint}',
  'POST /v1/metering/gateways/{gateway_id}/readings',
];

const secured = () => operations.filter((operation) => operation.secured);

interface Request {
  method: string;
  url: string;
  /** As it is sent. */
  body: string | undefined;
  content_type: string;
}

function requestOf(operation: Pick<Operation, 'method'>, sample: Sample): Request {
  const body = sample.body === undefined || typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body);
  return { method: operation.method, url: sample.url, body, content_type: sample.content_type ?? 'application/json' };
}

function send({ method, url, body, content_type }: Request, key: string): Promise<Answer> {
  return s.call(method, url, body, {
    authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'content-type': content_type }),
  });
}

/** Every place in a request where one of the asker's own ids stands. */
function placesOf(request: Request, ids: Readonly<Record<string, string>>) {
  return Object.values(ids).flatMap((id) => {
    // An id that is part of another text (the SKU `a.b` in `a.bc`) is no place of its own.
    const whole = new RegExp(`(?<![A-Za-z0-9._-])${id.replace(/[.]/g, '\\.')}(?![A-Za-z0-9_-])`);
    const within = (['url', 'body'] as const).filter((part) => whole.test(request[part] ?? ''));
    return within.map((part) => ({
      id,
      put: (other: string): Request => ({ ...request, [part]: request[part]!.replace(whole, other) }),
    }));
  });
}

/** The answer without what names the id that was asked for and without what differs with each request. */
function shapeOf({ status, body, headers }: Answer, id: string): string {
  const { 'x-request-id': _request, date: _date, ratelimit: _limit, ...kept } = headers;
  const text = Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body);
  const plain = text
    .replace(/"http_request_id":"[^"]*"/, '')
    .replaceAll(id, '<id>')
    .replace(/"as_of":"[^"]*"/, '');
  return JSON.stringify({ status, text: plain, headers: { ...kept, 'content-length': null } });
}

/** Asks every place of every request for foreign ids, and for one that nobody has. Answers how many were asked. */
async function probe(key: string, requests: readonly Request[], own: World['ids'], foreign: World['ids']): Promise<number> {
  let asked = 0;
  for (const request of requests) {
    for (const place of placesOf(request, own)) {
      const unknown = isUuid(place.id) ? randomUUID() : 'nobody.has.this';
      const wanted = shapeOf(await send(place.put(unknown), key), unknown);
      const refused = (JSON.parse(wanted) as { status: number }).status;
      if (request.method !== 'GET')
        expect(refused, `${request.method} ${request.url} took an unknown id`).toBeGreaterThanOrEqual(400);
      for (const [kind, id] of Object.entries(foreign)) {
        // An id that the request names anyway tells nothing by being named again.
        if (isUuid(id) !== isUuid(place.id) || request.url.includes(id)) continue;
        const answer = shapeOf(await send(place.put(id), key), id);
        expect(answer, `${request.method} ${place.put(`<${kind}>`).url}`).toBe(wanted);
        asked += 1;
      }
    }
  }
  return asked;
}

const isUuid = (text: string) => /^[0-9a-f]{8}-/.test(text);

/** Every id of the other tenant, whatever it is called, from every one of its rows. */
async function idsOf(tenant_id: string): Promise<Set<string>> {
  const columns = await s.t.superuser<{ table_name: string; column_name: string }>(`
    SELECT c.table_name, c.column_name FROM information_schema.columns c
      JOIN information_schema.columns t USING (table_schema, table_name)
      JOIN information_schema.tables b USING (table_schema, table_name)
     WHERE c.table_schema = 'tally' AND t.column_name = 'tenant_id' AND c.data_type = 'uuid' AND b.table_type = 'BASE TABLE'`);
  const found = new Set<string>();
  for (const { table_name, column_name } of columns) {
    const rows = await s.t.superuser<{ id: string | null }>(
      `SELECT DISTINCT "${column_name}"::text AS id FROM tally."${table_name}" WHERE tenant_id = $1`,
      [tenant_id],
    );
    for (const { id } of rows) if (id !== null) found.add(id);
  }
  return found;
}

/** A digest of every row that a tenant has. */
async function rowsOf(tenant_id: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const table of await tenantTables()) {
    const [row] = await s.t.superuser<{ digest: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') AS digest FROM tally."${table}" t WHERE tenant_id = $1`,
      [tenant_id],
    );
    digests[table] = row!.digest;
  }
  return digests;
}

async function tenantTables(): Promise<string[]> {
  const rows = await s.t.superuser<{ relname: string }>(`
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname`);
  return rows.map((row) => row.relname);
}

describe('a tenant sees only its own', () => {
  it('asks this test about every route that there is', () => {
    expect(
      operations
        .filter((operation) => !operation.secured)
        .map((operation) => operation.name)
        .sort(),
    ).toEqual([...open].sort());
    expect(Object.keys(samplesOf(ours.ids, 'x')).sort()).toEqual(
      secured()
        .map((operation) => operation.name)
        .sort(),
    );
  });

  it('answers for an id of another tenant exactly as for an id that nobody has, wherever the id stands, and changes nothing there', async () => {
    const before = await rowsOf(s.other.tenant_id);
    const samples = samplesOf(ours.ids, 'probe');
    const requests = secured().map((operation) => requestOf(operation, samples[operation.name]!));
    // An import may also name its organization by the slug.
    const imports = requests.find(({ url }) => url === '/v1/metering/imports')!;
    requests.push({ ...imports, body: imports.body!.replace(ours.ids.org!, ours.ids.org_slug!) });
    const asked = await probe(s.tenant.key, requests, ours.ids, { ...theirs.ids, tenant: s.other.tenant_id });
    expect(asked).toBeGreaterThan(1000);
    expect(await rowsOf(s.other.tenant_id)).toEqual(before);
  }, 300_000);

  it('shows in no list, document or file a single id of another tenant', async () => {
    const foreign = await idsOf(s.other.tenant_id);
    expect(foreign.size).toBeGreaterThan(50);
    const samples = samplesOf(ours.ids, 'list');
    const empty: string[] = [];
    for (const operation of secured().filter(({ method }) => method === 'GET')) {
      const bare = `${operation.path}?limit=100`;
      const urls = [samples[operation.name]!.url, ...(operation.paged && !operation.path.includes('{') ? [bare] : [])];
      for (const url of urls) {
        const { status, body } = await s.call('GET', url);
        if (url === bare && status === 422) continue;
        expect(status, url).toBe(200);
        const text = Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body);
        const leaked = [...text.matchAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g)].map(([id]) => id).filter((id) => foreign.has(id));
        expect(leaked, url).toEqual([]);
        expect(text, url).not.toMatch(/theirs[.-]/);
        if (Array.isArray(body.data) && body.data.length === 0) empty.push(url);
      }
    }
    // A list that shows nothing proves nothing.
    expect(empty).toEqual([]);
  });

  it('refuses a cursor of another tenant, and one of another list', async () => {
    let refused = 0;
    for (const operation of secured().filter(({ paged, path }) => paged && !path.includes('{'))) {
      const theirs_page = await theirs.call('GET', `${operation.path}?limit=1`);
      const { next_cursor } = theirs_page.body;
      if (typeof next_cursor !== 'string') continue;
      const cursor = encodeURIComponent(next_cursor);
      expect((await theirs.call('GET', `${operation.path}?limit=1&cursor=${cursor}`)).status).toBe(200);
      expect(await s.call('GET', `${operation.path}?limit=1&cursor=${cursor}`), operation.name).toMatchObject({
        status: 400,
        body: { code: 'cursor_invalid', errors: [{ pointer: 'cursor' }] },
      });
      refused += 1;
    }
    expect(refused).toBeGreaterThanOrEqual(8);
    const { next_cursor } = (await s.call('GET', '/v1/orgs?limit=1')).body;
    expect((await s.call('GET', `/v1/invoices?cursor=${encodeURIComponent(next_cursor)}`)).status).toBe(400);
  });
});

describe('a key that is bound to an organization', () => {
  it('has nothing of its neighbours: their ids answer as unknown, and no list shows them', async () => {
    const scopes = ['orgs:read', 'usage:read', 'invoices:read', 'members:read', 'members:write'];
    const { body } = await s.call('POST', '/v1/api-keys', { name: 'Bound', scopes, org_id: ours.ids.loose });
    const bound = body.key as string;
    const { loose: org, loose_subscription: subscription, loose_invoice: org_invoice, loose_line: org_line } = ours.ids;
    const { loose_credit_note: credit_note } = ours.ids;
    const credited = { child: org, child_invoice: org_invoice, child_line: org_line, child_credit_note: credit_note };
    const own = { ...ours.ids, ...credited, org, subscription, org_invoice, org_line } as World['ids'];
    const samples = samplesOf(own, 'bound');
    const readable: Request[] = [];
    for (const operation of secured()) {
      const request = requestOf(operation, samples[operation.name]!);
      if (request.method === 'GET' && (await send(request, bound)).status === 200) readable.push(request);
    }
    expect(readable.length).toBeGreaterThan(12);
    const {
      org: neighbour,
      project,
      member,
      site,
      occupancy,
      meter,
      reading,
      org_invoice: invoice,
      org_line: line,
      child,
      child_credit_note: other_note,
    } = ours.ids;
    const writable = secured().filter(({ method, path }) => method !== 'GET' && path.includes('/members'));
    expect(writable.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'DELETE']);
    const requests = [...readable, ...writable.map((operation) => requestOf(operation, samples[operation.name]!))];
    const foreign = {
      neighbour,
      project,
      member,
      site,
      occupancy,
      meter,
      reading,
      invoice,
      line,
      child,
      other_note,
    } as World['ids'];
    expect(await probe(bound, requests, { org, org_invoice, org_line, credit_note } as World['ids'], foreign)).toBeGreaterThan(
      50,
    );
    for (const request of readable) {
      const bare = request.url.split('?')[0]!;
      for (const url of [request.url, bare]) {
        const answer = await s.call('GET', url, undefined, { authorization: `Bearer ${bound}` });
        const text = Buffer.isBuffer(answer.body) ? answer.body.toString('latin1') : JSON.stringify(answer.body);
        for (const [kind, id] of Object.entries(foreign)) expect(text.includes(id), `${url} shows ${kind}`).toBe(false);
      }
    }
  });
});

describe('who may ask', () => {
  it('is settled before anything else: without credentials every route answers 401', async () => {
    const samples = samplesOf(ours.ids, 'nobody');
    for (const operation of secured()) {
      const request = requestOf(operation, samples[operation.name]!);
      for (const authorization of ['', 'Basic YTpi', 'Bearer tsk_test_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'Bearer x.y.z']) {
        const headers = { authorization, 'content-type': request.content_type };
        const answer = await s.call(operation.method, request.url, request.body, headers);
        expect(answer, `${operation.name} with “${authorization}”`).toMatchObject({
          status: 401,
          body: { code: 'unauthenticated' },
        });
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        const broken = await s.call(operation.method, request.url, '{', headers);
        expect(broken.status, `${operation.name} with “${authorization}” and a broken body`).toBe(401);
      }
    }
    expect((await s.call('GET', '/v1/session', undefined, { authorization: '' })).status).toBe(401);
    expect((await s.call('DELETE', '/v1/session', undefined, { authorization: '' })).status).toBe(401);
  });

  it('is told by scope: one opens a route, a read for what only looks, and every other key is refused with 403', async () => {
    const nouns = ['orgs', 'catalog', 'usage', 'billing', 'invoices', 'audit', 'keys', 'events', 'members', 'webhooks'];
    const keys = new Map<string, string>();
    for (const scope of nouns.flatMap((noun) => [`${noun}:read`, `${noun}:write`])) {
      keys.set(scope, (await s.call('POST', '/v1/api-keys', { name: scope, scopes: [scope] })).body.key);
    }
    const unknown = Object.fromEntries(
      Object.entries(ours.ids).map(([kind, id]) => [
        kind,
        isUuid(id) ? randomUUID() : kind.endsWith('csv_mapping') ? 'nobody-s' : id,
      ]),
    );
    const samples = samplesOf(unknown, 'scope');
    const only_look = ['POST /v1/pricing/evaluate', 'POST /v1/pricing/estimate', 'POST /v1/billing/previews'];
    for (const operation of secured()) {
      const { url, content_type } = requestOf(operation, samples[operation.name]!);
      const opened: string[] = [];
      for (const [scope, key] of keys) {
        const answer = await send(
          { method: operation.method, url, body: operation.method === 'GET' ? undefined : '{"?":1}', content_type },
          key,
        );
        if (answer.status !== 403) opened.push(scope);
        else expect(answer.body.code, operation.name).toBe('forbidden');
      }
      const may = operation.method === 'GET' || only_look.includes(operation.name) ? 'read' : 'write';
      expect(opened, operation.name).toEqual([expect.stringMatching(new RegExp(`^[a-z]+:${may}$`))]);
    }
  });
});

describe('the database', () => {
  it('forces row-level security on every table of a tenant', async () => {
    const open_tables = await s.t.superuser<{ relname: string }>(`
      SELECT c.relname FROM pg_class c
       WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`);
    const tables = await tenantTables();
    expect(tables.length).toBeGreaterThan(40);
    expect(open_tables.map((row) => row.relname).filter((name) => tables.includes(name))).toEqual([]);
  });

  it('shows the role app nothing without a tenant, nothing of another tenant, and takes no row for one', async () => {
    const client = await s.t.postgres.pool('app').connect();
    try {
      const own: string[] = [];
      for (const table of await tenantTables()) {
        const [mine] = await s.t.superuser<{ count: string }>(`SELECT count(*) FROM tally."${table}" WHERE tenant_id = $1`, [
          s.tenant.tenant_id,
        ]);
        const readable = await client.query<{ may: boolean }>(`SELECT has_table_privilege('tally."${table}"', 'SELECT') AS may`);
        if (!readable.rows[0]!.may) continue;
        const count = async () => (await client.query<{ count: string }>(`SELECT count(*) FROM "${table}"`)).rows[0]!.count;
        expect(await count(), `${table} without a tenant`).toBe('0');
        await client.query('BEGIN');
        await client.query("SELECT set_config('tally.tenant_id', $1, true)", [s.tenant.tenant_id]);
        expect(await count(), `${table} as the first tenant`).toBe(mine!.count);
        await client.query('COMMIT');
        expect(await count(), `${table} after the transaction`).toBe('0');
        if (mine!.count !== '0') own.push(table);
      }
      expect(own.length).toBeGreaterThan(30);
      await client.query('BEGIN');
      await client.query("SELECT set_config('tally.tenant_id', $1, true)", [s.tenant.tenant_id]);
      const planted = client.query(
        "INSERT INTO project (tenant_id, project_id, org_id, name, created_at) VALUES ($1, gen_random_uuid(), $2, 'planted', now())",
        [s.other.tenant_id, theirs.ids.org],
      );
      await expect(planted).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });

  it('lets none of its roles past row-level security but the auditor, and nobody act as the owner', async () => {
    const roles = await s.t.superuser<{ rolname: string; rolbypassrls: boolean; rolsuper: boolean; rolcanlogin: boolean }>(
      "SELECT rolname, rolbypassrls, rolsuper, rolcanlogin FROM pg_roles WHERE rolname LIKE 'tally\\_%' AND rolname <> 'tally_login' ORDER BY rolname",
    );
    expect(roles.filter((role) => role.rolsuper || role.rolcanlogin)).toEqual([]);
    expect(roles.filter((role) => role.rolbypassrls).map((role) => role.rolname)).toEqual(['tally_auditor']);
    const login = await s.t.superuser("SELECT 1 FROM pg_auth_members m WHERE m.roleid = 'tally_owner'::regrole");
    expect(login).toEqual([]);
  });
});

describe('each request of the samples', () => {
  it('is one that the server takes from its owner, so that the probes above were refused for the id alone', async () => {
    const samples = samplesOf(ours.ids, 'own');
    for (const [name, sample] of Object.entries(samples)) {
      const method = name.split(' ')[0]!;
      const answer = await send(requestOf({ method }, sample), s.tenant.key);
      const told = Buffer.isBuffer(answer.body) ? '' : JSON.stringify(answer.body);
      expect(answer.status, `${name}: ${told}`).toBeLessThan(300);
    }
  });
});
