import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Operation, operationsOf } from '../support/openapi.ts';
import { type Answer, testServer } from '../support/server.ts';
import { formType, populate, type Sample, samplesOf, type World } from '../support/world.ts';

const s = await testServer();
let operations: Operation[];
let world: World;

beforeAll(async () => {
  operations = operationsOf((await s.call('GET', '/openapi.json')).body).filter(({ secured }) => secured);
  world = await populate(s, s.tenant, 'bad');
});

/** Every refusal, whatever is wrong: problem+json with a code and the request's id, never a failure of ours. */
function expectProblem(answer: Answer, label: string): void {
  expect(answer.status, `${label}: ${told(answer)}`).toBeGreaterThanOrEqual(400);
  expect(answer.status, `${label}: ${told(answer)}`).toBeLessThan(500);
  expect(answer.headers['content-type'], label).toBe('application/problem+json; charset=utf-8');
  const { type, title, status, instance, code, http_request_id } = answer.body;
  expect({ type, title, status, instance, code, http_request_id }, label).toEqual({
    type: `https://tallystick.dev/problems/${code}`,
    title: expect.any(String),
    status: answer.status,
    instance: expect.any(String),
    code: expect.stringMatching(/^[a-z][a-z0-9_]+$/),
    http_request_id: answer.headers['x-request-id'],
  });
}

/** The fault is named where it is: there, on the way to it, or (a rule over several fields) within it. */
function expectPointer(answer: Answer, pointer: string, label: string): void {
  const pointers = ((answer.body.errors ?? []) as { pointer: string }[]).map((each) => each.pointer);
  const near = pointers.filter((each) => each === pointer || (each !== '' && pointer.startsWith(`${each}/`)) || each.startsWith(`${pointer}/`));
  expect(near, `${label}: ${told(answer)} names ${JSON.stringify(pointers)}, not ${pointer}`).not.toEqual([]);
}

const told = ({ status, body }: Answer) => `${status} ${Buffer.isBuffer(body) ? '' : JSON.stringify(body).slice(0, 300)}`;

/** Operations that take a JSON object, each with a body that would do. */
function jsonSamples(n: string): { operation: Operation; sample: Sample; body: Record<string, unknown> }[] {
  const samples = samplesOf(world.ids, n);
  return operations.flatMap((operation) => {
    const sample = samples[operation.name]!;
    if (operation.body === undefined) return [];
    return [{ operation, sample, body: sample.body as Record<string, unknown> }];
  });
}

interface Leaf {
  pointer: string;
  value: unknown;
  /** The body with another value here, as text; `raw` stands there as it is. */
  with(raw: string): string;
}

/** Every place of a JSON document that holds no object or array, with the means to change it. */
function leavesOf(body: unknown): Leaf[] {
  const found: Leaf[] = [];
  const walk = (value: unknown, pointer: string, rebuild: (raw: string) => string) => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        const around = (raw: string) => rebuild(`[${value.map((other, at) => (at === index ? raw : JSON.stringify(other))).join()}]`);
        walk(item, `${pointer}/${index}`, around);
      });
    } else if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value);
      for (const [name, item] of members) {
        const around = (raw: string) =>
          rebuild(`{${members.map(([key, other]) => `${JSON.stringify(key)}:${key === name ? raw : JSON.stringify(other)}`).join()}}`);
        walk(item, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, around);
      }
    } else {
      found.push({ pointer, value, with: rebuild });
    }
  };
  walk(body, '', (raw) => raw);
  return found;
}

describe('a body that is no JSON of ours', () => {
  const documents: [string, string | Buffer, RegExp][] = [
    ['nothing', '', /json_malformed/],
    ['a beginning', '{"a":', /json_malformed/],
    ['a comma too many', '{"a":1,}', /json_malformed/],
    ['two documents', '{}{}', /json_malformed/],
    ['a word', 'nul', /json_malformed/],
    ['single quotes', "{'a':1}", /json_malformed/],
    ['a member twice', '{"a":1,"a":1}', /duplicate_member/],
    ['a member twice, once escaped', '{"a":1,"\\u0061":1}', /duplicate_member/],
    ['a member twice, deep', '{"a":[{"b":{"c":1,"c":2}}]}', /duplicate_member/],
    ['__proto__', '{"__proto__":{}}', /forbidden_member/],
    ['__proto__, escaped and deep', '{"a":{"\\u005f_proto__":1}}', /forbidden_member/],
    ['NUL', '{"a":"\\u0000"}', /nul_character/],
    ['a lone surrogate', '{"a":"\\ud800"}', /lone_surrogate/],
    ['a lone low surrogate in a name', '{"\\udc00":1}', /lone_surrogate/],
    ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, /json_too_deep/],
    ['100,000 levels', '['.repeat(100_000), /json_too_deep|json_malformed/],
    ['an exponent', '{"a":1e3}', /number_out_of_range/],
    ['a number beyond exact range', '{"a":0.1234567890123456}', /number_out_of_range/],
    ['NaN', '{"a":NaN}', /json_malformed/],
    ['a leading zero', '{"a":01}', /json_malformed/],
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), /json_malformed|json_encoding/],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), /json_encoding/],
    ['overlong UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), /json_encoding/],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), /json_malformed/],
  ];

  it.each(documents)('%s is refused on every route, and said where', async (label, document, code) => {
    for (const { operation, sample } of jsonSamples('document')) {
      const answer = await s.call(operation.method, sample.url, document, { 'content-type': 'application/json' });
      const about = `${operation.name} with ${label}`;
      expectProblem(answer, about);
      expect(answer.status, about).toBe(400);
      expect(answer.body.errors[0].code, about).toMatch(code);
    }
  });

  it('is refused when it is of another kind: no object where an object belongs', async () => {
    for (const { operation, sample } of jsonSamples('kind')) {
      for (const document of ['null', 'true', '1', '"text"', '[]', '[[]]', '[1]']) {
        const answer = await s.call(operation.method, sample.url, document, { 'content-type': 'application/json' });
        expectProblem(answer, `${operation.name} with ${document}`);
        expect(answer.status, operation.name).toBe(422);
      }
    }
  });

  it('is refused in another content type, charset or encoding', async () => {
    for (const { operation, sample, body } of jsonSamples('type')) {
      const text = JSON.stringify(body);
      const call = (headers: Record<string, string>, payload: string | Buffer = text) =>
        s.call(operation.method, sample.url, payload, headers);
      for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/jsonp', 'json', formType]) {
        const answer = await call({ 'content-type': type });
        expectProblem(answer, `${operation.name} as ${type}`);
        expect(answer.status, `${operation.name} as ${type}`).toBe(415);
      }
      for (const charset of ['latin1', 'utf-16', '"iso-8859-1"']) {
        const answer = await call({ 'content-type': `application/json; charset=${charset}` });
        expectProblem(answer, `${operation.name} in ${charset}`);
        expect(answer.status, `${operation.name} in ${charset}`).toBe(415);
      }
      for (const encoding of ['br2', 'compress', 'gzip, gzip']) {
        const answer = await call({ 'content-type': 'application/json', 'content-encoding': encoding });
        expectProblem(answer, `${operation.name} encoded ${encoding}`);
        expect([400, 415], `${operation.name} encoded ${encoding}`).toContain(answer.status);
      }
      const not_zipped = await call({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
      expectProblem(not_zipped, `${operation.name}, said to be zipped`);
    }
  });

  it('is refused with 413 when it is too large, before or after inflation', async () => {
    const limits: Record<string, number> = { 'POST /v1/metering/events': 16 * 1024 * 1024, 'POST /v1/pricing/evaluate': 8 * 1024 * 1024 };
    for (const { operation, sample } of jsonSamples('large')) {
      const large = Buffer.alloc((limits[operation.name] ?? 1024 * 1024) + 1, ' ');
      const headers = { 'content-type': 'application/json' };
      const sent: [string, Buffer, Record<string, string>][] = [
        ['plain', large, headers],
        ['zipped', gzipSync(large), { ...headers, 'content-encoding': 'gzip' }],
      ];
      for (const [label, payload, with_headers] of sent) {
        const answer = await s.call(operation.method, sample.url, payload, with_headers);
        expectProblem(answer, `${operation.name}, ${label}`);
        expect(answer.status, `${operation.name}, ${label}`).toBe(413);
      }
    }
  });
});

describe('a field', () => {
  it('that is not known is refused by name, at the top and in what stands below', async () => {
    for (const { operation, sample, body } of jsonSamples('unknown')) {
      const top = await s.call(operation.method, sample.url, { ...body, 'no/such~field': 1 });
      expectProblem(top, operation.name);
      expect(top.status, operation.name).toBe(422);
      expectPointer(top, '/no~1such~0field', operation.name);
    }
    const inner: [string, unknown, string][] = [
      ['/v1/billing/charges', { org_id: world.ids.org, lines: [{ sku: 'a', quantity: '1', request_id: 'b', extra: 1 }] }, '/lines/0/extra'],
      ['/v1/metering/readings', { readings: [{ meter_id: world.ids.meter, time: '2025-01-20T00:00:00Z', value: '9', quality: 'actual', extra: 1 }] }, '/readings/0/extra'],
      ['/v1/pricing/evaluate', { currency: 'AUD', price: { model: 'unit', unit_amount: '1', extra: 1 }, quantity: '1' }, '/price/extra'],
      ['/v1/pricing/evaluate', { currency: 'AUD', price: { model: 'unit', unit_amount: '1' }, events: [{ quantity: '1', extra: 1 }] }, '/events/0/extra'],
      ['/v1/meters', { site_id: world.ids.site, identifier: 'm', sku: 'a', registers: [{ register: '1', extra: 1 }] }, '/registers/0/extra'],
    ];
    for (const [path, body, pointer] of inner) {
      const answer = await s.call('POST', path, body);
      expectProblem(answer, path);
      expectPointer(answer, pointer, path);
    }
  });

  it('that is needed is named when it is missing', async () => {
    for (const { operation, sample, body } of jsonSamples('missing')) {
      for (const name of operation.body?.required ?? []) {
        const { [name]: _gone, ...rest } = body;
        const answer = await s.call(operation.method, sample.url, rest);
        expectProblem(answer, `${operation.name} without ${name}`);
        expectPointer(answer, `/${name}`, `${operation.name} without ${name}`);
      }
    }
  });

  /** JSON texts that no field of ours takes, whatever it is for. */
  const never = ['{}', '[]', '[null]', '{"a":{}}', 'true', '""', '"\\u0007"', JSON.stringify('x'.repeat(40_000)), '-1.5', '"\\ufffe\\u0001"'];
  const dates = ['"2026-02-30T00:00:00Z"', '"2026-01-01T00:00:00"', '"0000-01-01T00:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-01-01T24:00:01Z"',
    '"1999-12-31T23:59:59Z"', '"2100-01-01T00:00:00Z"', '"2026-02-30"', '"yesterday"', '"2026-01-01T00:00:00+99:00"', '"2026-01-01T00:00:00Z[UTC]"', '1767225600', '"-002026-01-01T00:00:00Z"'];
  const quantities = ['"NaN"', '"Infinity"', '"-Infinity"', '"1e3"', '"1E-3"', '"0x10"', '"1,5"', '" 1"', '"1 "', '"+1"', '".5"', '"1."', '"--1"', '"-"', `"${'9'.repeat(27)}"`,
    `"0.${'1'.repeat(13)}"`, '"\\u0661"', '"1_000"'];
  const isDate = (pointer: string) => /(?:^|_)(?:at|time|from|to|now)$/.test(pointer);
  const isQuantity = (pointer: string) => /(?:quantity|qty|value|pct|price|amount|leads)$/.test(pointer) || pointer.startsWith('/skus/');

  it('of a wrong kind, date or number is refused and named, wherever it stands (fuzzed from the document)', async () => {
    const cases = jsonSamples('fuzz').flatMap(({ operation, sample, body }) =>
      leavesOf(body).map((leaf) => ({ operation, url: sample.url, leaf })),
    );
    expect(cases.length).toBeGreaterThan(60);
    const raws = fc.constantFrom(...cases).chain((one) => {
      const { pointer } = one.leaf;
      const bad = isDate(pointer) ? [...never, ...dates] : isQuantity(pointer) ? [...never, ...quantities] : never;
      return fc.record({ one: fc.constant(one), raw: fc.constantFrom(...bad) });
    });
    await fc.assert(
      fc.asyncProperty(raws, async ({ one: { operation, url, leaf }, raw }) => {
        // A negative number is a number; whether it may be is for the rules of each field, tested with them.
        if (raw === '-1.5' && isQuantity(leaf.pointer)) return;
        const answer = await s.call(operation.method, url, leaf.with(raw), { 'content-type': 'application/json' });
        const label = `${operation.name} with ${raw.slice(0, 60)} at ${leaf.pointer}`;
        expectProblem(answer, label);
        expectPointer(answer, leaf.pointer, label);
      }),
      { seed: 20_260_801, numRuns: 1500, endOnFailure: true },
    );
  });

  it('may hold anything at all without a failure of ours (fuzzed)', async () => {
    const cases = jsonSamples('any').flatMap(({ operation, sample, body }) => leavesOf(body).map((leaf) => ({ operation, url: sample.url, leaf })));
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary' }), fc.integer(), fc.constantFrom('𝕏', '\u202e', "'; DROP TABLE invoice; --", '{{7*7}}', '../..', '%00'));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cases), anything, async ({ operation, url, leaf }, value) => {
        const answer = await s.call(operation.method, url, leaf.with(JSON.stringify(value)), { 'content-type': 'application/json' });
        if (answer.status >= 300) expectProblem(answer, `${operation.name} with ${JSON.stringify(value)} at ${leaf.pointer}`);
      }),
      { seed: 20_260_802, numRuns: 600, endOnFailure: true },
    );
  });
});

describe('a parameter', () => {
  it('that is not known is refused by name on every route', async () => {
    const samples = samplesOf(world.ids, 'parameter');
    for (const operation of operations) {
      const { url, body, content_type = 'application/json' } = samples[operation.name]!;
      const headers: Record<string, string> = body === undefined ? {} : { 'content-type': content_type };
      const answer = await s.call(operation.method, `${url}${url.includes('?') ? '&' : '?'}no_such=1`, body, headers);
      expectProblem(answer, operation.name);
      expectPointer(answer, 'no_such', operation.name);
    }
  });

  it('of a list is checked: limits, cursors, repeated', async () => {
    const lists = operations.filter(({ paged }) => paged);
    expect(lists.length).toBeGreaterThan(15);
    const samples = samplesOf(world.ids, 'list');
    for (const operation of lists) {
      const { url } = samples[operation.name]!;
      const ask = async (name: string, value: string) => {
        const answer = await s.call('GET', `${url}${url.includes('?') ? '&' : '?'}${name}=${value}`);
        expectProblem(answer, `${operation.name} ${name}=${value.slice(0, 40)}`);
        expectPointer(answer, name, `${operation.name} ${name}=${value.slice(0, 40)}`);
      };
      for (const limit of ['0', '-1', '1000000000', '101', '1.5', 'ten', '', 'NaN', '1&limit=2', '%00']) await ask('limit', limit);
      for (const cursor of ['x', 'a.b', '..', '%00', 'e30.e30', 'x'.repeat(3000), '%F0%9F%92%A9']) await ask('cursor', cursor);
    }
  });

  it('of a query is refused and named when it is of a wrong kind', async () => {
    const samples = samplesOf(world.ids, 'query');
    for (const operation of operations.filter(({ method }) => method === 'GET')) {
      const base = samples[operation.name]!.url.split('?')[0]!;
      const given = new URLSearchParams(samples[operation.name]!.url.split('?')[1] ?? '');
      for (const { name, schema } of operation.parameters.filter((each) => each.in === 'query' && !['limit', 'cursor'].includes(each.name))) {
        const wrong = ['%00', 'a%00b'];
        if (/^(from|to|at)$/.test(name) && !operation.path.endsWith('consistency')) {
          wrong.push('2026-02-30', '2026-02-30T00:00:00Z', '2026-01-01T00:00:00', '0000-01-01T00:00:00Z', 'yesterday', '');
        }
        if (/_id$/.test(name) && schema.pattern !== undefined) wrong.push('x', '1', '0196F6F0-0000-7000-8000-000000000000');
        if (schema.enum !== undefined) wrong.push('nothing', '');
        for (const value of wrong) {
          given.delete(name);
          const rest = given.toString();
          const answer = await s.call('GET', `${base}?${rest}${rest === '' ? '' : '&'}${name}=${value}`);
          expectProblem(answer, `${operation.name} ${name}=${value}`);
          expectPointer(answer, name, `${operation.name} ${name}=${value}`);
        }
      }
    }
  });

  it('of a path is refused when it cannot be an id, and never fails', async () => {
    const samples = samplesOf(world.ids, 'path');
    const odd = ['x', '%00', '%ff', '%zz', '..', '%2e%2e%2f', '0196F6F0-0000-7000-8000-000000000000', `${'a'.repeat(299)}`, 'a'.repeat(5000), '%F0%9F%92%A9', "'", '*', '%20'];
    for (const operation of operations) {
      const { url, body, content_type = 'application/json' } = samples[operation.name]!;
      const own = Object.values(world.ids).filter((id) => url.split('?')[0]!.includes(id));
      for (const id of own) {
        for (const text of odd) {
          const headers: Record<string, string> = body === undefined ? {} : { 'content-type': content_type };
          const answer = await s.call(operation.method, url.replace(id, text), body, headers);
          // `x` may be the name of a SKU; there is none of that name.
          expectProblem(answer, `${operation.name} at ${url.replace(id, text).slice(0, 80)}`);
        }
      }
    }
  });
});

describe('a request', () => {
  it('for what there is not answers 404 or 405, as any other problem', async () => {
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['GET', '/v1/'],
      ['PUT', '/v1/skus'],
      ['DELETE', '/v1/invoices'],
      ['OPTIONS', '/v1/skus'],
      ['POST', '/v1/invoices/x:explode'],
      ['GET', '/v1/orgs//members'],
      ['GET', '/v1/%2e%2e/etc/passwd'],
    ]) {
      const answer = await s.call(method!, path!, undefined);
      expectProblem(answer, `${method} ${path}`);
      expect([400, 404, 405, 422], `${method} ${path}`).toContain(answer.status);
    }
  });

  it('with an unusable idempotency key is refused, and an odd request id is not taken over', async () => {
    for (const key of ['', 'x'.repeat(256), 'ключ', 'a\tb']) {
      const answer = await s.call('POST', '/v1/sites', { name: 'x' }, { 'idempotency-key': key });
      expectProblem(answer, JSON.stringify(key));
      expect(answer.body.code).toBe('idempotency_key_invalid');
    }
    const taken = await s.call('GET', '/v1/nothing', undefined, { 'x-request-id': 'req-1:a' });
    expect(taken.body.http_request_id).toBe('req-1:a');
    for (const odd of ['', 'a b', '<script>', 'x'.repeat(129)]) {
      const { body } = await s.call('GET', '/v1/nothing', undefined, { 'x-request-id': odd });
      expect(body.http_request_id).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('that is no form where a form belongs is refused', async () => {
    for (const [type, body] of [
      [formType, ''],
      [formType, '{'],
      ['multipart/form-data', 'x'],
      [formType, '--a-boundary-of-forms\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc'],
      [formType, '--a-boundary-of-forms--\r\n'],
      [formType, '--a-boundary-of-forms\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\n1\r\n--a-boundary-of-forms--\r\n'],
      ['application/json', '{}'],
    ]) {
      expectProblem(await s.call('POST', '/v1/metering/imports', body, { 'content-type': type! }), `${type} ${body}`);
    }
  });

  it('that is no HTTP is answered as a problem too, and the server stays up', async () => {
    const address = await s.listen();
    const port = Number.parseInt(new URL(address).port, 10);
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        let got = '';
        socket.on('data', (chunk) => {
          got += chunk.toString();
        });
        socket.on('error', () => resolve(got)).on('close', () => resolve(got));
      });
    const post = `POST /v1/sites HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${s.key}\r\ncontent-type: application/json\r\n`;
    for (const [text, status] of [
      ['garbage\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      [`${post}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400],
      [`${post}content-length: 5\r\ncontent-length: 6\r\n\r\n{}`, 400],
      [`${post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`, 400],
      ['NONSENSE /v1/skus HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ] as const) {
      const answer = await raw(text);
      expect(answer.split('\r\n')[0], text.slice(0, 30)).toContain(` ${status} `);
      expect(answer.toLowerCase(), text.slice(0, 30)).toContain('content-type: application/problem+json');
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!), text.slice(0, 30)).toMatchObject({ status, code: 'malformed_request', http_request_id: expect.any(String) });
    }
    expect((await fetch(`${address}/livez`)).status).toBe(200);
  });
});
