import { request as httpRequest } from 'node:http';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { afterAll, describe, expect, it } from 'vitest';
import { type Event, EventService } from '../../src/proto/tallystick/v1/event_pb.ts';
import { ReplayService } from '../../src/proto/tallystick/v1/replay_pb.ts';
import { UsageService } from '../../src/proto/tallystick/v1/usage_pb.ts';
import { failureOf, grpcClient } from '../support/rpc.ts';
import { testServer } from '../support/server.ts';

const s = await testServer({ jobs: true });
const address = await s.listen();
const events = grpcClient(EventService, address, s.key);
const ends: AbortController[] = [];
afterAll(() => {
  for (const end of ends) end.abort();
});

const org = async (slug: string, key = s.key) => {
  const body = { legal_name: slug, org_slug: slug, billing_email: 'a@b.example', default_timezone: 'UTC' };
  return (await s.call('POST', '/v1/orgs', body, { authorization: `Bearer ${key}` })).body.org_id as string;
};
const newKey = async (more: object) =>
  (await s.call('POST', '/v1/api-keys', { name: 'a key', scopes: ['events:read'], ...more })).body as {
    key: string;
    api_key_id: string;
  };

describe('the stream of events', () => {
  it('brings what was published, in order and without a gap, and goes on with what comes', async () => {
    const first = await org('one');
    const follower = follow({ types: ['organization.created'] });
    const seen = [await follower.next()];
    const second = await org('two');
    while (seen.at(-1)?.orgId !== second) seen.push(await follower.next());
    expect(seen.slice(-2)).toMatchObject([
      { orgId: first },
      { orgId: second, data: expect.objectContaining({}), correlationId: expect.any(String) },
    ]);
    const all = await stored({});
    expect(all.map(({ position }) => position)).toEqual(all.map((_, at) => BigInt(at + 1)));
    expect(await stored({ afterPosition: all.at(-2)!.position })).toMatchObject([{ eventId: all.at(-1)!.eventId }]);
    const http = await s.call('GET', '/v1/events?limit=100');
    expect(all.map(({ eventId }) => eventId)).toEqual(
      http.body.data.toReversed().map((each: { event_id: string }) => each.event_id),
    );
  });

  it('comes over HTTP/1.1 too', async () => {
    const client = createClient(EventService, createConnectTransport({ baseUrl: address, httpVersion: '1.1' }));
    const got = [];
    for await (const { events } of client.streamEvents({}, { headers: { authorization: `Bearer ${s.key}` } }))
      got.push(...events);
    expect(got.length).toBeGreaterThan(1);
  });

  it('shows another tenant nothing, and is not for a key of one organization', async () => {
    const mine = await org('mine');
    await published('mine');
    expect((await stored({}, s.other_key)).some(({ orgId }) => orgId === mine)).toBe(false);
    const bound = await s.call('POST', '/v1/api-keys', { name: 'bound', scopes: ['events:read'], org_id: mine });
    expect(bound.body.code).toBe('scope_not_boundable');
  });

  it('ends when its key is revoked, and refuses it from then on', async () => {
    const { key, api_key_id } = await newKey({});
    const follower = follow({}, key);
    await follower.next();
    await s.call('DELETE', `/v1/api-keys/${api_key_id}`);
    expect(await failureOf(follower.drain())).toMatchObject({ code: 'Unauthenticated', problem: { code: 'unauthenticated' } });
    expect(await failureOf(stored({}, key))).toMatchObject({ code: 'Unauthenticated' });
  });

  it('refuses what is no position, too many types, and whoever may not read events', async () => {
    expect(await failureOf(stored({ afterPosition: 2n ** 64n - 1n }))).toMatchObject({ code: 'InvalidArgument' });
    const types = Array.from({ length: 101 }, () => 'x');
    expect(await failureOf(stored({ types }))).toMatchObject({ code: 'InvalidArgument', problem: { code: 'validation_failed' } });
    const { key } = await newKey({ scopes: ['usage:read'] });
    expect(await failureOf(stored({}, key))).toMatchObject({ code: 'PermissionDenied' });
  });
});

describe('replays over gRPC', () => {
  const replays = grpcClient(ReplayService, address, s.key);

  it('say what they would do, are made once for a key, and are found over HTTP as well', async () => {
    const foreseen = await replays.createReplay({ selection: { types: ['organization.created'] }, dryRun: true });
    expect(foreseen.replay).toMatchObject({ dryRun: true, status: 'completed' });
    expect(foreseen.replay!.forecast!.byType[0]).toMatchObject({ type: 'organization.created' });
    const asked = { selection: { types: ['organization.created'] }, ratePerSecond: 5, reason: 'a test' };
    const key = { headers: { 'idempotency-key': 'replay-1' } };
    const made = (await replays.createReplay(asked, key)).replay!;
    expect((await replays.createReplay(asked, key)).replay!.replayId).toBe(made.replayId);
    const found = await s.call('GET', `/v1/replays/${made.replayId}`);
    expect(found.body).toMatchObject({ replay_id: made.replayId, rate_per_second: 5, reason: 'a test' });
    expect((await replays.cancelReplay({ replayId: made.replayId })).replay!.status).toBe('cancelled');
    expect((await replays.getReplay({ replayId: made.replayId })).replay).toMatchObject({
      status: 'cancelled',
      eventsTotal: made.eventsTotal,
    });
    const page = await replays.listReplays({ limit: 1 });
    expect(page.replays).toMatchObject([{ replayId: made.replayId }]);
    expect((await replays.listReplays({ limit: 1, cursor: page.nextCursor! })).replays).toMatchObject([{ dryRun: true }]);
  });

  it('are refused as over HTTP', async () => {
    const refused = [
      [{}, await failureOf(replays.createReplay({}))],
      [{ selection: {}, rate_per_second: 0 }, await failureOf(replays.createReplay({ selection: {}, ratePerSecond: 0 }))],
      [{ selection: { org_id: 'x' } }, await failureOf(replays.createReplay({ selection: { orgId: 'x' } }))],
    ] as const;
    for (const [body, { problem }] of refused) {
      const http = (await s.call('POST', '/v1/replays', body)).body;
      expect(problem).toMatchObject({ code: http.code, detail: http.detail, errors: http.errors });
    }
    const unknown = { replayId: '00000000-0000-4000-8000-000000000000' };
    for (const control of [replays.getReplay, replays.pauseReplay, replays.resumeReplay])
      expect(await failureOf(control(unknown))).toMatchObject({ code: 'NotFound' });
    expect(await failureOf(replays.getReplay({ replayId: 'x' }))).toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('limits', () => {
  it('hold over all protocols together, and say when to come back', async () => {
    const few = await testServer({ variables: { TALLYSTICK_RATE_LIMIT: '3' } });
    const at = await few.listen();
    const usage = grpcClient(UsageService, at, few.key);
    for (let n = 0; n < 2; n += 1) await failureOf(usage.ingestEvents({}));
    expect((await few.call('GET', '/v1/orgs')).status).toBe(200);
    const limited = await failureOf(usage.ingestEvents({}));
    expect(limited).toMatchObject({ code: 'ResourceExhausted', problem: { code: 'rate_limited', status: 429 } });
    expect(limited.metadata.get('retry-after')).toMatch(/^\d+$/);
    const http = await few.call('GET', '/v1/orgs');
    expect([http.status, http.headers['retry-after'], http.headers.ratelimit]).toEqual([
      429,
      expect.stringMatching(/^\d+$/),
      expect.stringMatching(/^"default";r=0;t=\d+$/),
    ]);
    await few.close();
  });

  it('of what waits for ingest end calls and streams alike', async () => {
    const narrow = await testServer({ variables: { TALLYSTICK_INGEST_QUEUE: '1000' } });
    const usage = grpcClient(UsageService, await narrow.listen(), narrow.key);
    const { org_id } = (
      await narrow.call('POST', '/v1/orgs', {
        legal_name: 'A',
        org_slug: 'a',
        billing_email: 'a@b.example',
        default_timezone: 'UTC',
      })
    ).body;
    await narrow.call('POST', '/v1/skus', { sku: 'calls', type: 'action', unit: 'call', aggregation: 'count' });
    const many = (name: string) =>
      Array.from({ length: 900 }, (_, n) => ({
        requestId: `${name}-${n}`,
        sku: 'calls',
        orgId: org_id,
        time: '2026-01-01T00:00:00Z',
      }));
    const locked = narrow.t.superuser('BEGIN; LOCK TABLE billing_events IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT');
    const held = "SELECT FROM pg_locks WHERE relation = 'billing_events'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    while ((await narrow.t.superuser(held)).length === 0);
    const first = usage.ingestEvents({ events: many('first') });
    const overload = async () => {
      for (;;) {
        const failure = await failureOf(usage.ingestEvents({ events: many('second') }, { timeoutMs: 50 }));
        if (failure.problem) return failure;
      }
    };
    const refused = await overload();
    expect(refused).toMatchObject({ code: 'ResourceExhausted', problem: { code: 'ingest_overloaded', status: 429 } });
    expect(refused.metadata.get('retry-after')).toMatch(/^\d+$/);
    const stream = usage.ingestStream(once({ events: many('third') }))[Symbol.asyncIterator]();
    expect(await failureOf(stream.next())).toMatchObject({ code: 'ResourceExhausted', problem: { code: 'ingest_overloaded' } });
    await locked;
    expect(await first).toMatchObject({ accepted: 900 });
    await narrow.close();
  });
});

describe('a server that is told to stop', () => {
  it('finishes calls, and ends streams with UNAVAILABLE, so that clients go elsewhere', async () => {
    const other = await testServer();
    const at = await other.listen();
    const usage = grpcClient(UsageService, at, other.key);
    const following = grpcClient(EventService, at, other.key);
    const stream = following.streamEvents({ follow: true })[Symbol.asyncIterator]();
    const waiting = stream.next();
    const batches = usage.ingestStream(once({}))[Symbol.asyncIterator]();
    expect((await batches.next()).value).toMatchObject({ outcome: { value: { code: 'events_missing' } } });
    const locked = other.t.superuser('BEGIN; LOCK TABLE billing_events IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT');
    const held = "SELECT FROM pg_locks WHERE relation = 'billing_events'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    while ((await other.t.superuser(held)).length === 0);
    const running = failureOf(usage.ingestEvents({ events: [{ requestId: 'x' }] }));
    const body = '{"legal_name":"A","org_slug":"a","billing_email":"a@b.example","default_timezone":"UTC"}';
    const http = posted(`${at}/v1/orgs`, other.key, body);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = other.close();
    expect(await failureOf(waiting)).toMatchObject({ code: 'Unavailable', problem: { code: 'shutting_down' } });
    expect(await failureOf(batches.next())).toMatchObject({ code: 'Unavailable' });
    expect(await running).toMatchObject({ code: 'InvalidArgument', problem: { code: 'events_all_rejected' } });
    expect(await http).toBe(201);
    await locked;
    await closed;
  });
});

type Ask = Parameters<typeof events.streamEvents>[0];

async function stored(ask: Ask, key = s.key): Promise<Event[]> {
  const found: Event[] = [];
  for await (const batch of events.streamEvents(ask, { headers: { authorization: `Bearer ${key}` } }))
    found.push(...batch.events);
  return found;
}

function follow(ask: Ask, key = s.key) {
  const end = new AbortController();
  ends.push(end);
  const call = events.streamEvents({ ...ask, follow: true }, { headers: { authorization: `Bearer ${key}` }, signal: end.signal });
  const batches = call[Symbol.asyncIterator]();
  const ready: Event[] = [];
  return {
    async next(): Promise<Event> {
      while (ready.length === 0) ready.push(...(await batches.next()).value.events);
      return ready.shift()!;
    },
    async drain(): Promise<void> {
      while (!(await batches.next()).done);
    },
  };
}

/** Waits until an organization's event is out. */
async function published(slug: string): Promise<void> {
  for (;;) {
    const all = await stored({ types: ['organization.created'] });
    if (all.some(({ data }) => JSON.stringify(data).includes(slug))) return;
  }
}

/** One message, and no end. */
async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
  await new Promise(() => undefined);
}

function posted(url: string, key: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': body.length,
      connection: 'close',
    };
    httpRequest(url, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', (error) => reject(ConnectError.from(error)))
      .end(body);
  });
}
