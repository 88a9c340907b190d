import { createPublicKey, verify } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { merkleRoot } from '../../kernel/merkle.ts';

const s = await testServer();
const path = '/v1/metering/events';
let org_id = '';
let their_org = '';
let sequence = 0;

const event = (over: object = {}) => {
  sequence += 1;
  return { request_id: `r-${sequence}`, sku: 'mail', quantity: '1', org_id, time: '2026-02-10T08:00:00Z', ...over };
};
const post = (body: unknown, headers?: Record<string, string>) => s.call('POST', path, body, headers);

beforeAll(async () => {
  const org = (slug: string) => ({
    legal_name: slug,
    org_slug: slug,
    billing_email: 'a@example.com',
    default_timezone: 'Australia/Sydney',
  });
  org_id = (await s.call('POST', '/v1/orgs', org('one'))).body.org_id;
  their_org = (await s.call('POST', '/v1/orgs', org('theirs'), { authorization: `Bearer ${s.other_key}` })).body.org_id;
  await s.call('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  await s.call('POST', '/v1/skus', { sku: 'visit', type: 'action', unit: 'visit', aggregation: 'count' });
});

it('answers 202 with an acknowledgement that the tenant’s published key confirms, over exactly the accepted leaves', async () => {
  const events = [event(), event({ colour: 'red' }), event({ quantity: 2.5 })];
  const { status, body } = await post(events);
  expect(status).toBe(202);
  expect(body).toMatchObject({
    accepted: 2,
    duplicates: 0,
    rejected: [{ index: 1, request_id: events[1]!.request_id, code: 'field_unknown' }],
    late: [],
  });
  expect(body.leaves).toBeUndefined();

  const listed = (await s.call('GET', `/v1/metering/events?org_id=${org_id}`)).body.data as {
    request_id: string;
    leaf: string;
  }[];
  const leaves = [events[0]!, events[2]!].map((each) => listed.find((one) => one.request_id === each.request_id)!.leaf);
  const [header = '', payload = '', signature = ''] = String(body.ack).split('.');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(decode(payload)).toMatchObject({
    tenant_id: s.tenant.tenant_id,
    count: 2,
    root: merkleRoot(leaves.map((leaf) => Buffer.from(leaf, 'hex'))).toString('hex'),
  });
  const jwks = (await s.call('GET', '/.well-known/jwks.json')).body.keys as { kid: string }[];
  const jwk = jwks.find((key) => key.kid === decode(header).kid);
  expect(decode(header)).toMatchObject({ alg: 'EdDSA' });
  expect(
    verify(
      null,
      Buffer.from(`${header}.${payload}`),
      createPublicKey({ key: jwk as never, format: 'jwk' }),
      Buffer.from(signature, 'base64url'),
    ),
  ).toBe(true);
});

it('answers a retry with an acknowledgement over the same leaves, and shows them when asked', async () => {
  const body = { events: [event(), event()] };
  const first = await s.call('POST', `${path}?leaves=true`, body);
  const again = await s.call('POST', `${path}?leaves=true`, body);
  expect(first.body).toMatchObject({ accepted: 2, duplicates: 0 });
  expect(again.body).toMatchObject({ accepted: 0, duplicates: 2 });
  expect(again.body.leaves).toEqual(first.body.leaves);
  expect(again.body.ack).toEqual(expect.any(String));
});

it('gives the first answer again under the same idempotency key, and refuses the key for other events', async () => {
  const body = [event(), event({ sku: 'nothing' })];
  const headers = { 'idempotency-key': 'one' };
  const first = await post(body, headers);
  expect(first.body).toMatchObject({ accepted: 1, rejected: [{ code: 'sku_unknown' }] });
  expect((await post(body, headers)).body).toEqual(first.body);
  expect(await post([event()], headers)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
});

it('answers 422 as a problem that lists every item when every item is rejected', async () => {
  const { status, body, headers } = await post({
    events: [event({ sku: 'nothing' }), event({ org_id: their_org }), event({ time: '2999-01-01T00:00:00Z' })],
  });
  expect(status).toBe(422);
  expect(headers['content-type']).toContain('application/problem+json');
  expect(body).toMatchObject({
    code: 'events_all_rejected',
    accepted: 0,
    duplicates: 0,
    rejected: [
      { index: 0, code: 'sku_unknown' },
      { index: 1, code: 'org_unknown' },
      { index: 2, code: 'time_out_of_window', detail: expect.stringMatching(/between 2000-01-01T00:00:00Z and \d{4}-/) },
    ],
    errors: [{ pointer: '/events/0' }, { pointer: '/events/1' }, { pointer: '/events/2' }],
  });
});

it('says of another tenant’s organization what it says of none', async () => {
  const [theirs, nobodys] = await Promise.all([
    post([event({ org_id: their_org })]),
    post([event({ org_id: '01890000-0000-7000-8000-000000000000' })]),
  ]);
  const { request_id: _a, index: _b, ...one } = theirs.body.rejected[0];
  const { request_id: _c, index: _d, ...other } = nobodys.body.rejected[0];
  expect(one).toEqual(other);
  for (const url of ['/v1/metering/usage?from=2026-02-01&to=2026-03-01', '/v1/metering/events?limit=5']) {
    const a = await s.call('GET', `${url}&org_id=${their_org}`);
    const b = await s.call('GET', `${url}&org_id=01890000-0000-7000-8000-000000000000`);
    expect(a.status).toBe(404);
    expect(b).toMatchObject({ status: 404, body: { code: a.body.code, title: a.body.title } });
  }
});

it('answers bad bodies with a 4xx problem, whatever is wrong with them', async () => {
  const text = (body: string, type = 'application/json') => post(body, { 'content-type': type });
  const one = JSON.stringify(event());
  const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
  const cases: [string, Promise<{ status: number; body: { code: string } }>, number][] = [
    ['empty list', post([]), 422],
    ['empty events', post({ events: [] }), 422],
    ['no events', post({}), 422],
    ['events no list', post({ events: event() }), 422],
    ['a number', text('3'), 422],
    ['null', text('null'), 422],
    ['unknown member', post({ events: [event()], more: 1 }), 422],
    ['unknown parameter', s.call('POST', `${path}?what=1`, [event()]), 422],
    ['too many', post(Array.from({ length: 10_001 }, () => event())), 422],
    ['nothing', text(''), 400],
    ['malformed', text('[{'), 400],
    ['duplicate key', text(`[${one.replace('{', '{"sku":"visit",')}]`), 400],
    ['__proto__', text(`[${one.replace('{', '{"__proto__":{},')}]`), 400],
    ['too deep', text(`[${one.replace('{', `{"properties":${deep},`)}]`), 400],
    ['NUL', text(`[${one.replace('mail', '\\u0000')}]`), 400],
    ['lone surrogate', text(`[${one.replace('mail', '\\ud800')}]`), 400],
    [
      'invalid UTF-8',
      s.call('POST', path, Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), { 'content-type': 'application/json' }),
      400,
    ],
    ['number beyond exact range', text(`[${one.replace('"1"', '12345678901234567')}]`), 400],
    ['number with exponent', text(`[${one.replace('"1"', '1e2')}]`), 400],
    ['NaN', text(`[${one.replace('"1"', 'NaN')}]`), 400],
    ['wrong content type', text(`[${one}]`, 'text/csv'), 415],
    ['body over its limit', post([event({ metadata: { text: 'x'.repeat(17 * 1024 * 1024) } })]), 413],
    ['idempotency key', post([event()], { 'idempotency-key': 'x'.repeat(256) }), 400],
    ['nobody', post([event()], { authorization: 'Bearer tsk_test_nobodynobodynobodynobody' }), 401],
  ];
  for (const [name, answer, status] of cases) {
    const got = await answer;
    expect([name, got.status], JSON.stringify(got.body)).toEqual([name, status]);
    expect([name, typeof got.body.code]).toEqual([name, 'string']);
  }
});

it('answers usage to the newest accepted event, and its groups', async () => {
  await post([
    event({ sku: 'visit', quantity: undefined, time: '2025-01-31T12:59:59Z' }), // 31 January, 23:59:59 in Sydney (UTC+11)
    event({ sku: 'visit', quantity: undefined, time: '2025-01-31T13:00:00Z' }), // 1 February, 00:00
    event({ sku: 'mail', quantity: '0.50', time: '2025-02-01T00:00:00Z' }),
  ]);
  const usage = async (query: string) => (await s.call('GET', `/v1/metering/usage?org_id=${org_id}&${query}`)).body;
  expect(await usage('from=2025-02-01&to=2025-03-01&group_by=sku')).toMatchObject({
    data: [
      { start: '2025-02-01', sku: 'mail', quantity: '0.5', count: 1 },
      { start: '2025-02-01', sku: 'visit', quantity: '1', count: 1 },
    ],
    as_of: expect.stringMatching(/Z$/),
  });
  expect(await usage('sku=visit&window=month&from=2025-01-01&to=2025-03-01')).toMatchObject({
    data: [
      { start: '2025-01-01', count: 1 },
      { start: '2025-02-01', count: 1 },
    ],
  });
});

it('tells usage of an organization and those below it apart by the dimensions that the query names', async () => {
  await s.call('POST', '/v1/skus', { sku: 'call', type: 'action', unit: 'call', aggregation: 'max', dimensions: ['region'] });
  const child = { legal_name: 'Two', org_slug: 'two', billing_email: 'a@example.com', default_timezone: 'Australia/Sydney' };
  const below = (await s.call('POST', `/v1/orgs/${org_id}/children`, child)).body.org_id;
  const call = (of: string, region: string, quantity: string) =>
    event({ sku: 'call', org_id: of, quantity, time: '2025-03-01T00:00:00Z', properties: { region } });
  await post([call(org_id, 'eu=1', '3'), call(below, 'eu=1', '5'), call(below, 'us', '7'), call(below, 'asia', '9')]);
  const query = `org_id=${org_id}&include_descendants=true&sku=call&from=2025-03-01&to=2025-04-01&window=month&group_by=region`;
  const { body } = await s.call('GET', `/v1/metering/usage?${query}&where=region=eu%3D1&where=region=us`);
  expect(body.data).toMatchObject([
    { start: '2025-03-01', dimensions: { region: 'eu=1' }, count: 2, quantity: '8', value: '5' },
    { start: '2025-03-01', dimensions: { region: 'us' }, count: 1, quantity: '7', value: '7' },
  ]);
  expect(body.watermark).toMatch(/^\d+$/);
});

it('refuses ranges, windows and parameters that cannot be answered, by name', async () => {
  for (const [query, pointer] of [
    ['from=2026-02-01', 'to'],
    ['from=2026-02-30&to=2026-03-01', 'from'],
    ['from=2026-02-01T00:00:00&to=2026-03-01', 'from'],
    ['from=2026-03-01&to=2026-02-01', 'to'],
    ['from=2026-02-01&to=2026-02-01', 'to'],
    ['from=2026-01-01&to=2026-03-01&window=hour', 'to'],
    ['from=2026-01-01&to=2026-03-01&window=year', 'window'],
    ['from=2026-01-01&to=2026-03-01&group_by=colour', 'group_by'],
    ['from=2026-01-01&to=2026-03-01&org_id=1', 'org_id'],
  ]) {
    const { status, body } = await s.call('GET', `/v1/metering/usage?${query}`);
    expect([query, status, body.errors?.[0]?.pointer]).toEqual([query, 422, pointer]);
  }
  expect((await s.call('GET', '/v1/metering/usage?from=2026-01-01&to=2026-03-01&what=1')).status).toBe(422);
});

it('pages through events without a gap or a repetition, and keeps cursors to their list', async () => {
  const times = Array.from({ length: 25 }, (_, at) => `2024-06-${`${(at % 9) + 1}`.padStart(2, '0')}T00:00:00Z`);
  const sent = times.map((time) => event({ time, sku: 'visit', quantity: undefined }));
  await post(sent);
  for (const filter of [`org_id=${org_id}&sku=visit`, 'sku=visit']) {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body } = await s.call(
        'GET',
        `/v1/metering/events?${filter}&from=2024-06-01T00:00:00Z&to=2024-07-01T00:00:00Z&limit=7${cursor ? `&cursor=${cursor}` : ''}`,
      );
      seen.push(...body.data.map((each: { request_id: string }) => each.request_id));
      cursor = body.next_cursor;
    } while (cursor);
    expect(seen.toSorted()).toEqual(sent.map((each) => each.request_id).toSorted());
  }
  const { body } = await s.call('GET', '/v1/metering/events?sku=visit&limit=2');
  for (const wrong of [
    `org_id=${org_id}&cursor=${body.next_cursor}`,
    'cursor=nonsense',
    `cursor=${String(body.next_cursor).slice(0, -2)}xx`,
  ]) {
    expect((await s.call('GET', `/v1/metering/events?${wrong}`)).status).toBe(400);
  }
  expect(
    (await s.call('GET', `/v1/metering/events?cursor=${body.next_cursor}`, undefined, { authorization: `Bearer ${s.other_key}` }))
      .status,
  ).toBe(400);
  for (const limit of ['0', '-1', '1000000000', 'x'])
    expect((await s.call('GET', `/v1/metering/events?limit=${limit}`)).status).toBe(422);
});

it('needs the scope of what is asked', async () => {
  const key = async (scopes: string[]) => (await s.call('POST', '/v1/api-keys', { name: 'narrow', scopes })).body;
  const reader = await key(['usage:read']);
  const secret = reader.key ?? reader.secret ?? reader.api_key;
  expect((await post([event()], { authorization: `Bearer ${secret}` })).status).toBe(403);
  expect((await s.call('GET', path, undefined, { authorization: `Bearer ${secret}` })).status).toBe(200);
});
