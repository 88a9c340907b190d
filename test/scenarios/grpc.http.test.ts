import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { compressionGzip, createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  IngestEventsRequestSchema,
  type UsageEvent,
  UsageEventSchema,
  UsageService,
} from '../../src/proto/tallystick/v1/usage_pb.ts';
import { failureOf, grpcClient, grpcJsCall, transports } from '../support/rpc.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();
const address = await s.listen();
const usage = grpcClient(UsageService, address, s.key);
const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const orgs: Record<string, string> = {};
for (const key of [s.key, s.other_key]) {
  const made = (path: string, body: object) => s.call('POST', path, body, { authorization: `Bearer ${key}` });
  const org = { legal_name: 'Someone', org_slug: 'someone', billing_email: 'a@b.example', default_timezone: 'UTC' };
  orgs[key] = (await made('/v1/orgs', org)).body.org_id;
  await made('/v1/skus', { sku: 'energy', type: 'energy', unit: 'kWh', aggregation: 'sum' });
  await made('/v1/skus', { sku: 'calls', type: 'action', unit: 'call', aggregation: 'count' });
}
const org_id = orgs[s.key]!;
const event = (requestId: string, more: object = {}) => ({
  requestId,
  sku: 'energy',
  quantity: '1.5',
  orgId: org_id,
  time: '2026-01-01T00:00:00Z',
  ...more,
});

describe('every protocol', () => {
  for (const [name, transport] of Object.entries(transports(address))) {
    const client = createClient(UsageService, transport);
    it(`${name} stores events once and tells what it refused`, async () => {
      const events = [event(`a ${name}`, { properties: { a: { b: [1, null, 'x'] } } }), event(`a ${name}`, { quantity: 'much' })];
      const answer = await client.ingestEvents({ events, withLeaves: true }, as(s.key));
      expect(answer).toMatchObject({ accepted: 1, duplicates: 0, ack: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) });
      expect(answer.leaves).toHaveLength(1);
      expect(answer.rejected).toMatchObject([{ index: 1, requestId: `a ${name}`, code: 'quantity_invalid' }]);
      expect(await client.ingestEvents({ events: events.slice(0, 1) }, as(s.key))).toMatchObject({ accepted: 0, duplicates: 1 });
    });

    it(`${name} gives errors their status, their problem and the request's id`, async () => {
      const call = { headers: { ...as(s.key).headers, 'x-request-id': `id-of-${name.replaceAll(/\W/g, '-')}` } };
      const { code, problem, metadata } = await failureOf(client.ingestEvents({ events: [{ requestId: 'x' }] }, call));
      expect(code).toBe('InvalidArgument');
      expect(problem).toMatchObject({
        ...{ code: 'events_all_rejected', status: 422, httpRequestId: call.headers['x-request-id'] },
        errors: [{ pointer: '/events/0', code: 'field_missing' }],
        rejected: [{ index: 0, requestId: 'x', code: 'field_missing' }],
      });
      expect(metadata.get('x-request-id')).toBe(call.headers['x-request-id']);
      const nobody = await failureOf(client.ingestEvents({ events: [] }));
      expect(nobody).toMatchObject({ code: 'Unauthenticated', problem: { code: 'unauthenticated', status: 401 } });
      expect(nobody.metadata.get('www-authenticate')).toBe('Bearer realm="tallystick"');
    });
  }

  it('is spoken to by a client that has nothing in common with the server', async () => {
    const answer = await grpcJsCall(address, UsageService.method.ingestEvents, { events: [event('grpc-js')] }, as(s.key).headers);
    expect(answer).toMatchObject({ accepted: 1, duplicates: 0 });
    const failed = grpcJsCall(address, UsageService.method.ingestEvents, { events: [] }, as(s.key).headers);
    await expect(failed).rejects.toMatchObject({ code: 3, details: 'Send at least one event.' });
  });

  it('is spoken to by hand, in JSON, which is read as strictly as any other', async () => {
    const post = async (body: string, headers: Record<string, string> = {}) => {
      const all = { ...as(s.key).headers, 'content-type': 'application/json', ...headers };
      const answer = await fetch(`${address}/tallystick.v1.UsageService/IngestEvents`, { method: 'POST', headers: all, body });
      return { status: answer.status, body: await answer.json(), limit: answer.headers.get('ratelimit') };
    };
    const one = JSON.stringify(event('by hand'));
    const taken = await post(`{"events":[${one}]}`);
    expect(taken).toMatchObject({ status: 200, body: { accepted: 1 }, limit: expect.stringMatching(/^"default";r=\d+;t=\d+$/) });
    for (const [body, fault] of [
      [`{"events":[${one}],"events":[]}`, 'duplicate_member'],
      [`{"events":[${one.replace('}', ',"properties":{"a":0.1234567890123456789}}')}]}`, 'number_out_of_range'],
      ['{"events":', 'json_malformed'],
    ] as const) {
      const refused = await post(body);
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_argument' } });
      expect(Buffer.from(refused.body.details[0].value, 'base64').toString()).toContain(fault);
    }
    expect(await post(`{"events":[${one}],"evnts":[]}`)).toMatchObject({ status: 400, body: { code: 'invalid_argument' } });
    const wrong = await fetch(`${address}/tallystick.v1.UsageService/IngestEvents`, as(s.key));
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('knows no other method', async () => {
    const none = { ...UsageService.method.ingestEvents, name: 'ForgetEvents' } as typeof UsageService.method.ingestEvents;
    await expect(grpcJsCall(address, none, {}, {})).rejects.toMatchObject({ code: 12 });
  });
});

describe('usage over gRPC', () => {
  it('is judged as the same usage over HTTP, event for event', async () => {
    const wrongly = <T>(sound: T, ...wrong: T[]) =>
      fc.oneof({ weight: 12, arbitrary: fc.constant(sound) }, fc.constantFrom(...wrong));
    let serial = 0;
    const shape = fc.record({
      request_id: fc.oneof({ weight: 8, arbitrary: fc.constant('new') }, fc.constantFrom('again', '', undefined, 'ünïcödé')),
      sku: wrongly<string | undefined>('energy', 'calls', 'none', '', '; DROP', undefined),
      quantity: fc.oneof(fc.constant('1'), fc.constantFrom('NaN', '1e5', '-1', '0', '9'.repeat(27), '1.5000', '', undefined)),
      amount: wrongly<string | undefined>(undefined, '12.5', 'Infinity'),
      org: wrongly<string | undefined>('own', 'not-an-id', '00000000-0000-4000-8000-000000000000', undefined),
      project_id: wrongly<string | undefined>(undefined, '00000000-0000-4000-8000-000000000000'),
      time: wrongly<string | undefined>(
        '2026-01-01T00:00:00Z',
        '2026-02-30T00:00:00Z',
        '1999-01-01T00:00:00Z',
        '2026-01-01',
        undefined,
      ),
      source: wrongly<string | undefined>(undefined, 'meter', 'replay', 'elsewhere'),
      properties: fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(1, 'x', true, null, 1.25)), {
        nil: undefined,
      }),
    });
    const sample = fc.sample(shape, { numRuns: 1000, seed: 4 });
    for (let at = 0; at < sample.length; at += 50) {
      const bodies = sample.slice(at, at + 50).map(({ org, request_id, ...rest }) => {
        serial += 1;
        const named = request_id === 'new' ? `random-${serial}` : request_id;
        const of = (key: string) => ({ ...rest, request_id: named, org_id: org === 'own' ? orgs[key] : org });
        return { http: of(s.key), grpc: of(s.other_key) };
      });
      const http = await s.call(
        'POST',
        '/v1/metering/events',
        bodies.map((each) => each.http),
      );
      const grpc = await usage.ingestEvents({ events: bodies.map((each) => messageOf(each.grpc)) }, as(s.other_key));
      expect(http.status).toBe(202);
      // Both speak of 24 hours from now, and a second may have passed in between.
      const untimed = <T extends { detail: string }>(one: T) => ({
        ...one,
        detail: one.detail.replace(/\d{4}-\d\d-\d\dT[\d:]+Z, 24/, '24'),
      });
      const seen = http.body;
      expect({ accepted: grpc.accepted, duplicates: grpc.duplicates }).toEqual({
        accepted: seen.accepted,
        duplicates: seen.duplicates,
      });
      expect(
        grpc.rejected.map(({ index, requestId, code, detail }) =>
          untimed({ index, request_id: requestId ?? null, code, detail }),
        ),
      ).toEqual(seen.rejected.map(untimed));
      expect(grpc.late).toEqual(seen.late);
    }
    expect(serial).toBe(1000);
  });

  it('comes as a stream too, whose every batch is answered in its place', async () => {
    const sent = [
      { events: [event('s1'), event('s2')], withLeaves: true },
      { events: [] },
      { events: [{ requestId: 'nothing else' }] },
      { events: [event('s1'), event('s3')] },
    ];
    const answers = [];
    for await (const answer of usage.ingestStream(each(sent))) answers.push(answer);
    expect(answers.map(({ batch }) => batch)).toEqual([0n, 1n, 2n, 3n]);
    expect(answers.map(({ outcome }) => outcome.value)).toMatchObject([
      { accepted: 2, leaves: [expect.any(String), expect.any(String)] },
      { code: 'events_missing' },
      { code: 'events_all_rejected', rejected: [{ index: 0, code: 'field_missing' }] },
      { accepted: 1, duplicates: 1, ack: expect.any(String) },
    ]);
  });

  it('answers a repeated idempotency key from the first answer, and refuses the key for other events', async () => {
    const call = { headers: { 'idempotency-key': 'k1' } };
    const first = await usage.ingestEvents({ events: [event('idem')] }, call);
    const seen = new Headers();
    const again = await usage.ingestEvents(
      { events: [event('idem')] },
      { ...call, onHeader: (headers) => void seen.set('replayed', headers.get('idempotency-replayed') ?? '') },
    );
    expect([again.ack, seen.get('replayed')]).toEqual([first.ack, 'true']);
    const other = await failureOf(usage.ingestEvents({ events: [event('other')] }, call));
    expect(other).toMatchObject({ code: 'InvalidArgument', problem: { code: 'idempotency_key_reused' } });
  });

  it('refuses documents that JSON could not carry, and names the place', async () => {
    const deep = Array.from({ length: 40 }).reduce<object>((inner) => ({ inner }), {});
    for (const [properties, code] of [
      [{ a: Number.NaN }, 'number_out_of_range'],
      [{ a: 0.1 + 0.2 }, 'number_out_of_range'],
      [{ a: 1e21 }, 'number_out_of_range'],
      [JSON.parse('{"__proto__": 1}'), 'forbidden_member'],
      [{ a: 'x\u0000' }, 'nul_character'],
      [deep, 'json_too_deep'],
    ] as const) {
      const bytes = binary([event('document')], properties);
      const refused = await grpcJsBytes(bytes);
      expect([refused.code, refused.problem]).toEqual([3, expect.stringContaining(code)]);
    }
  });

  it('refuses fields that it does not know, wherever they are', async () => {
    const known = toBinary(IngestEventsRequestSchema, create(IngestEventsRequestSchema, { events: [event('unknown')] }));
    const strange = Buffer.from([0xfa, 0x01, 0x01, 0x78]);
    const inner = toBinary(UsageEventSchema, create(UsageEventSchema, event('unknown')));
    const within = Buffer.concat([Buffer.from([0x0a, ...varint(inner.length + strange.length)]), inner, strange]);
    for (const bytes of [Buffer.concat([known, strange]), within]) {
      const refused = await grpcJsBytes(bytes);
      expect([refused.code, refused.problem]).toEqual([3, expect.stringContaining('field_unknown')]);
    }
    expect(await grpcJsBytes(Buffer.from([0xff, 0xff, 0xff]))).toMatchObject({ code: expect.any(Number) });
  });

  it('refuses a message larger than a body may be, compressed or not', async () => {
    const huge = [event('huge', { metadata: { text: 'x'.repeat(17 * 1024 * 1024) } })];
    // Room for what a client has under way: Node's own bound would end the session before the server's answer is read.
    const sessionManager = new Http2SessionManager(address, {}, { maxSessionMemory: 100 });
    const roomy = createClient(UsageService, createGrpcTransport({ baseUrl: address, sessionManager }));
    expect(await failureOf(roomy.ingestEvents({ events: huge }, as(s.key)))).toMatchObject({ code: 'ResourceExhausted' });
    sessionManager.abort();
    const squeezed = createClient(
      UsageService,
      createGrpcTransport({ baseUrl: address, sendCompression: compressionGzip, acceptCompression: [compressionGzip] }),
    );
    expect(await failureOf(squeezed.ingestEvents({ events: huge }, as(s.key)))).toMatchObject({ code: 'ResourceExhausted' });
    expect(await squeezed.ingestEvents({ events: [event('small')] }, as(s.key))).toMatchObject({ accepted: 1 });
  });

  it('tells the caller when its time is up, though the work goes on', async () => {
    const locked = s.t.superuser('BEGIN; LOCK TABLE billing_events IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT');
    const held = "SELECT FROM pg_locks WHERE relation = 'billing_events'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    while ((await s.t.superuser(held)).length === 0);
    const headers = { ...as(s.key).headers, 'content-type': 'application/json', 'connect-timeout-ms': '100' };
    const body = JSON.stringify({ events: [event('late')] });
    const answer = await fetch(`${address}/tallystick.v1.UsageService/IngestEvents`, { method: 'POST', headers, body });
    expect([answer.status, (await answer.json()).code]).toEqual([504, 'deadline_exceeded']);
    await locked;
    expect(await usage.ingestEvents({ events: [event('late')] })).toMatchObject({ duplicates: 1 });
  });

  it.each([
    ['application/grpc-web+proto', 'grpc-timeout', '99999999H'],
    ['application/proto', 'connect-timeout-ms', '9999999999'],
  ])('as %s under a deadline of years is no deadline', async (type, name, value) => {
    const message = toBinary(IngestEventsRequestSchema, create(IngestEventsRequestSchema, { events: [event(name)] }));
    const length = Buffer.alloc(5);
    length.writeUInt32BE(message.length, 1);
    const body = type === 'application/proto' ? message : Buffer.concat([length, message]);
    const headers = { ...as(s.key).headers, 'content-type': type, [name]: value };
    const answer = await fetch(`${address}/tallystick.v1.UsageService/IngestEvents`, { method: 'POST', headers, body });
    expect([answer.status, answer.headers.get('grpc-status')]).toEqual([200, null]);
    expect((await answer.bytes()).length).toBeGreaterThan(20);
    expect(await usage.ingestEvents({ events: [event(name)] })).toMatchObject({ duplicates: 1 });
  });

  it('is for those who may report it, for their own tenant', async () => {
    const made = await s.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['usage:read'] });
    const refused = await failureOf(usage.ingestEvents({ events: [event('mine')] }, as(made.body.key)));
    expect(refused).toMatchObject({ code: 'PermissionDenied', problem: { code: 'forbidden' } });
    const stranger = await failureOf(usage.ingestEvents({ events: [event('yours')] }, as(s.other_key)));
    expect(stranger).toMatchObject({ code: 'InvalidArgument', problem: { rejected: [{ code: 'org_unknown' }] } });
  });
});

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

interface Body {
  request_id?: string | undefined;
  org_id?: string | undefined;
  project_id?: string | undefined;
  properties?: object | undefined;
}

function messageOf({ request_id, org_id, project_id, ...rest }: Body): UsageEvent {
  return create(UsageEventSchema, { ...rest, requestId: request_id, orgId: org_id, projectId: project_id } as object);
}

/** Encodes what the library itself would refuse to. */
function binary(events: object[], properties: object): Buffer {
  const message = create(IngestEventsRequestSchema, { events });
  const plain = toBinary(UsageEventSchema, message.events[0]!);
  const document = struct(properties);
  const inner = Buffer.concat([plain, Buffer.from([0x2a, ...varint(document.length)]), document]);
  return Buffer.concat([Buffer.from([0x0a, ...varint(inner.length)]), inner]);
}

/** google.protobuf.Struct by hand. */
function struct(object: object): Buffer {
  const entries = Object.entries(object).map(([name, value]) => {
    const text = Buffer.from(name);
    const key = Buffer.concat([Buffer.from([0x0a, ...varint(text.length)]), text]);
    const inner = structValue(value);
    const entry = Buffer.concat([key, Buffer.from([0x12, ...varint(inner.length)]), inner]);
    return Buffer.concat([Buffer.from([0x0a, ...varint(entry.length)]), entry]);
  });
  return Buffer.concat(entries);
}

function structValue(value: unknown): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9, 0x11);
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  const [tag, inner] = typeof value === 'string' ? [0x1a, Buffer.from(value)] : [0x2a, struct(value as object)];
  return Buffer.concat([Buffer.from([tag, ...varint(inner.length)]), inner]);
}

function varint(number: number): number[] {
  return number < 128 ? [number] : [(number & 127) | 128, ...varint(number >> 7)];
}

/** Sends bytes as they are; answers the status and the problem's text. */
async function grpcJsBytes(bytes: Buffer): Promise<{ code: number; problem: string }> {
  const method = { ...UsageService.method.ingestEvents };
  const { Client, credentials, Metadata } = await import('@grpc/grpc-js');
  const client = new Client(address.replace('http://', ''), credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${s.key}`);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: Buffer) => message,
      (answer: Buffer) => fromBinary(method.output, answer),
      bytes,
      metadata,
      (error) => {
        client.close();
        const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
        resolve({ code: error?.code ?? 0, problem: details?.toString() ?? '' });
      },
    );
  });
}
