import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Operation, operationsOf } from '../support/openapi.ts';
import { expectPointer, expectProblem } from '../support/problem.ts';
import { testServer } from '../support/server.ts';
import { formType, populate, samplesOf, type World } from '../support/world.ts';

const s = await testServer();
let operations: Operation[];
let world: World;

beforeAll(async () => {
  operations = operationsOf((await s.call('GET', '/openapi.json')).body).filter(({ secured }) => secured);
  world = await populate(s, s.tenant, 'bad');
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
      for (const limit of ['0', '-1', '1000000000', '101', '1.5', 'ten', '', 'NaN', '1&limit=2', '%00'])
        await ask('limit', limit);
      for (const cursor of ['x', 'a.b', '..', '%00', 'e30.e30', 'x'.repeat(3000), '%F0%9F%92%A9']) await ask('cursor', cursor);
    }
  });

  it('of a query is refused and named when it is of a wrong kind', async () => {
    const samples = samplesOf(world.ids, 'query');
    for (const operation of operations.filter(({ method }) => method === 'GET')) {
      const base = samples[operation.name]!.url.split('?')[0]!;
      const given = new URLSearchParams(samples[operation.name]!.url.split('?')[1] ?? '');
      for (const { name, schema } of operation.parameters.filter(
        (each) => each.in === 'query' && !['limit', 'cursor'].includes(each.name),
      )) {
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
    const odd = [
      'x',
      '%00',
      '%ff',
      '%zz',
      '..',
      '%2e%2e%2f',
      '0196F6F0-0000-7000-8000-000000000000',
      `${'a'.repeat(299)}`,
      'a'.repeat(5000),
      '%F0%9F%92%A9',
      "'",
      '*',
      '%20',
    ];
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
      [
        formType,
        '--a-boundary-of-forms\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\n1\r\n--a-boundary-of-forms--\r\n',
      ],
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
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!), text.slice(0, 30)).toMatchObject({
        status,
        code: 'malformed_request',
        http_request_id: expect.any(String),
      });
    }
    expect((await fetch(`${address}/livez`)).status).toBe(200);
  });
});
