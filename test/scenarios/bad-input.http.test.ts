import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Operation, operationsOf } from '../support/openapi.ts';
import { expectPointer, expectProblem } from '../support/problem.ts';
import { testServer } from '../support/server.ts';
import { formType, populate, type Sample, samplesOf, type World } from '../support/world.ts';

const s = await testServer();
let operations: Operation[];
let world: World;

beforeAll(async () => {
  operations = operationsOf((await s.call('GET', '/openapi.json')).body).filter(({ secured }) => secured);
  world = await populate(s, s.tenant, 'bad');
});

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
        const around = (raw: string) =>
          rebuild(`[${value.map((other, at) => (at === index ? raw : JSON.stringify(other))).join()}]`);
        walk(item, `${pointer}/${index}`, around);
      });
    } else if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value);
      for (const [name, item] of members) {
        const around = (raw: string) =>
          rebuild(
            `{${members.map(([key, other]) => `${JSON.stringify(key)}:${key === name ? raw : JSON.stringify(other)}`).join()}}`,
          );
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
      for (const type of [
        'text/plain',
        'application/xml',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        'json',
        // One route takes a file as well.
        ...(operation.name === 'POST /v1/metering/replays' ? [] : [formType]),
      ]) {
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
    const limits: Record<string, number> = {
      'POST /v1/metering/events': 16 * 1024 * 1024,
      'POST /v1/metering/corrections': 16 * 1024 * 1024,
      'POST /v1/pricing/evaluate': 8 * 1024 * 1024,
    };
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
      [
        '/v1/billing/charges',
        { org_id: world.ids.org, lines: [{ sku: 'a', quantity: '1', request_id: 'b', extra: 1 }] },
        '/lines/0/extra',
      ],
      [
        '/v1/metering/readings',
        { readings: [{ meter_id: world.ids.meter, time: '2025-01-20T00:00:00Z', value: '9', quality: 'actual', extra: 1 }] },
        '/readings/0/extra',
      ],
      [
        '/v1/pricing/evaluate',
        { currency: 'AUD', price: { model: 'unit', unit_amount: '1', extra: 1 }, quantity: '1' },
        '/price/extra',
      ],
      [
        '/v1/pricing/evaluate',
        { currency: 'AUD', price: { model: 'unit', unit_amount: '1' }, events: [{ quantity: '1', extra: 1 }] },
        '/events/0/extra',
      ],
      [
        '/v1/meters',
        { site_id: world.ids.site, identifier: 'm', sku: 'a', registers: [{ register: '1', extra: 1 }] },
        '/registers/0/extra',
      ],
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
  const never = [
    '{}',
    '[]',
    '[null]',
    '{"a":{}}',
    'true',
    '""',
    '"\\u0007"',
    JSON.stringify('x'.repeat(40_000)),
    '-1.5',
    '"\\ufffe\\u0001"',
  ];
  const dates = [
    '"2026-02-30T00:00:00Z"',
    '"2026-01-01T00:00:00"',
    '"0000-01-01T00:00:00Z"',
    '"2026-13-01T00:00:00Z"',
    '"2026-01-01T24:00:01Z"',
    '"1999-12-31T23:59:59Z"',
    '"2100-01-01T00:00:00Z"',
    '"2026-02-30"',
    '"yesterday"',
    '"2026-01-01T00:00:00+99:00"',
    '"2026-01-01T00:00:00Z[UTC]"',
    '1767225600',
    '"-002026-01-01T00:00:00Z"',
  ];
  const quantities = [
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    '"1e3"',
    '"1E-3"',
    '"0x10"',
    '"1,5"',
    '" 1"',
    '"1 "',
    '"+1"',
    '".5"',
    '"1."',
    '"--1"',
    '"-"',
    `"${'9'.repeat(27)}"`,
    `"0.${'1'.repeat(13)}"`,
    '"\\u0661"',
    '"1_000"',
  ];
  const isDate = (pointer: string) => /(?:^|_)(?:at|time|from|to|now)$/.test(pointer);
  const isQuantity = (pointer: string) =>
    /(?:quantity|qty|value|pct|price|amount|leads)$/.test(pointer) || pointer.startsWith('/skus/');

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
        if (raw === 'true' && leaf.value === true) return;
        const answer = await s.call(operation.method, url, leaf.with(raw), { 'content-type': 'application/json' });
        const label = `${operation.name} with ${raw.slice(0, 60)} at ${leaf.pointer}`;
        expectProblem(answer, label);
        expectPointer(answer, leaf.pointer, label);
      }),
      { seed: 20_260_801, numRuns: 900, endOnFailure: true },
    );
  });

  it('may hold anything at all without a failure of ours (fuzzed)', async () => {
    const cases = jsonSamples('any').flatMap(({ operation, sample, body }) =>
      leavesOf(body).map((leaf) => ({ operation, url: sample.url, leaf })),
    );
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.constantFrom('𝕏', '\u202e', "'; DROP TABLE invoice; --", '{{7*7}}', '../..', '%00'),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cases), anything, async ({ operation, url, leaf }, value) => {
        const answer = await s.call(operation.method, url, leaf.with(JSON.stringify(value)), {
          'content-type': 'application/json',
        });
        if (answer.status >= 300) expectProblem(answer, `${operation.name} with ${JSON.stringify(value)} at ${leaf.pointer}`);
      }),
      { seed: 20_260_802, numRuns: 500, endOnFailure: true },
    );
  });
});
