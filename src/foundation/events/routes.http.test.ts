import { request } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { happened, outboxOf, until } from '../../../test/support/outbox.ts';
import { testServer } from '../../../test/support/server.ts';
import { emit, emitMany } from './service.ts';

const s = await testServer();
const outbox = outboxOf(s.t);
const address = await s.listen();
afterAll(() => outbox.stop());

const scope = { tenant_id: s.tenant.tenant_id };
let broken = true;
const fails = {
  name: 'test.fails',
  concerns: (event: { data: Record<string, unknown> }) => event.data.n === 666,
  react: async () => {
    if (broken) throw new Error('broken');
  },
};
const router = outbox.router([fails, { name: 'test.works', react: async () => undefined }]);
const emitted = (...numbers: number[]) =>
  s.t.transact(
    (tx) =>
      emitMany(
        tx,
        numbers.map((n) => happened(n, `a-${n}`)),
      ),
    { ...scope, correlation_id: `story-${numbers[0]}` },
  );

interface Message {
  id: string;
  event: string;
  data: { event_id: string; position: string; data: { n: number } };
}

/** An open stream, and what came by it so far. */
function stream(path: string, headers: Record<string, string> = {}) {
  let text = '';
  let ended = false;
  const sent = request(`${address}${path}`, { headers: { authorization: `Bearer ${s.key}`, ...headers } }, (answer) => {
    answer.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    answer.on('close', () => {
      ended = true;
    });
  });
  sent.on('error', () => {
    ended = true;
  });
  sent.end();
  const messages = (): Message[] =>
    text
      .split('\n\n')
      .filter((part) => part.startsWith('id: '))
      .map((part) => {
        const fields = Object.fromEntries(
          part.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        );
        return { id: fields.id!, event: fields.event!, data: JSON.parse(fields.data!) };
      });
  return { messages, text: () => text, ended: () => ended, close: () => sent.destroy() };
}

describe('an event over HTTP', () => {
  it('shows its reactions, who set it off and what it caused; and its tree everything of its correlation', async () => {
    const [first] = await emitted(1, 2);
    const effect = await s.t.transact((tx) => emit(tx, happened(3, 'later')), {
      ...scope,
      correlation_id: 'story-1',
      causation_id: first!,
    });
    await router.drain();
    const one = (await s.call('GET', `/v1/events/${first}`)).body;
    expect(one).toMatchObject({
      status: 'routed',
      metadata: { actor: { kind: 'system', id: 'test' } },
      reactions: [{ reaction: 'test.works' }],
      caused: [{ event_id: effect, causation_id: first }],
    });
    const tree = (await s.call('GET', `/v1/events/${effect}/tree`)).body;
    expect(tree).toMatchObject({ correlation_id: 'story-1', complete: true });
    expect(tree.data.map((event: { data: object }) => event.data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(tree.data[0].reactions).toMatchObject([{ reaction: 'test.works' }]);
  });

  it('keeps the id of the request and the key that set it off', async () => {
    const made = await s.call('POST', '/v1/skus', { sku: 'traced', type: 'action', unit: 'call' }, { 'x-request-id': 'req-7' });
    expect(made.status).toBe(201);
    const { data } = (await s.call('GET', '/v1/events?type=sku.created')).body;
    expect(data[0].metadata).toEqual({ actor: { kind: 'api_key', id: expect.any(String) }, http_request_id: 'req-7' });
  });

  it('is found by status and time, and is sent again when it was given up: one, or all that match', async () => {
    const ids = await emitted(666);
    const [another] = await emitted(666);
    await s.t.superuser("UPDATE billing_events SET attempts = 9 WHERE data->>'n' = '666'");
    await router.drain();
    const dead = (await s.call('GET', '/v1/events?status=dead')).body.data;
    expect(dead).toHaveLength(2);
    expect(dead[0]).toMatchObject({ status: 'dead', attempts: 10, last_error: 'Error: test.fails: broken' });
    expect((await s.call('GET', '/v1/events?status=dead&from=2026-03-02T00:00:00Z')).body.data).toEqual([]);
    expect(
      (await s.call('GET', '/v1/events?status=dead&from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:01Z')).body.data,
    ).toHaveLength(2);

    broken = false;
    expect((await s.call('POST', `/v1/events/${ids[0]}:redispatch`)).body).toEqual({ redispatched: 1 });
    expect((await s.call('POST', '/v1/events:redispatch', { limit: 1 })).body).toEqual({ redispatched: 1, more: false });
    await router.drain();
    expect((await s.call('GET', '/v1/events?status=dead')).body.data).toEqual([]);
    expect((await s.call('GET', `/v1/events/${another}`)).body.reactions).toHaveLength(2);
    const audited = (await s.call('GET', '/v1/audit-entries?action=event.redispatched')).body.data;
    expect(audited[0]).toMatchObject({ target_id: ids[0], before: { status: 'dead', last_error: 'Error: test.fails: broken' } });
  });

  it('of another tenant is as one that is not there', async () => {
    const [mine] = await emitted(10);
    const foreign = { authorization: `Bearer ${s.other_key}` };
    for (const [method, path] of [
      ['GET', `/v1/events/${mine}`],
      ['GET', `/v1/events/${mine}/tree`],
      ['POST', `/v1/events/${mine}:redispatch`],
    ] as const) {
      const answer = await s.call(method, path, undefined, foreign);
      expect([answer.status, answer.body.code]).toEqual([404, 'event_not_found']);
    }
  });
});

describe('the stream of events', () => {
  it('sends what was published after a position, then what is published, in order and without gaps', async () => {
    await router.drain();
    const open = stream('/v1/events/stream?after=0');
    await until(() => open.messages().length > 0);
    for (let n = 100; n < 110; n += 1) {
      await emitted(n);
      await router.drain();
    }
    await until(() => open.messages().at(-1)?.data.data.n === 109);
    const positions = open.messages().map((message) => Number.parseInt(message.id, 10));
    expect(positions).toEqual(positions.map((_, at) => at + 1));
    open.close();

    const later = stream('/v1/events/stream?after=0', { 'last-event-id': `${positions.length - 2}` });
    await until(() => later.messages().length === 2);
    expect(later.messages().map((message) => message.data.data.n)).toEqual([108, 109]);
    later.close();
  });

  it('without a position, sends only what comes; of one type, only that; and nothing of another tenant', async () => {
    const open = stream('/v1/events/stream?type=thing.happened');
    const foreign = stream('/v1/events/stream', { authorization: `Bearer ${s.other_key}` });
    await until(() => open.text().includes('retry') && foreign.text().includes('retry'));
    await s.call('POST', '/v1/skus', { sku: 'not-that', type: 'action', unit: 'call' });
    await emitted(200);
    await router.drain();
    await until(() => open.messages().length > 0);
    expect(open.messages().map((message) => message.data.data)).toEqual([{ n: 200 }]);
    expect(foreign.messages()).toEqual([]);
    open.close();
    foreign.close();
  });

  it('ends when the key is revoked', async () => {
    const made = (await s.call('POST', '/v1/api-keys', { name: 'A follower', scopes: ['events:read'] })).body;
    const open = stream('/v1/events/stream', { authorization: `Bearer ${made.key}` });
    await until(() => open.text().includes('retry'));
    expect((await s.call('DELETE', `/v1/api-keys/${made.api_key_id}`)).status).toBeLessThan(300);
    await until(() => open.ended());
  });

  it('has a bound on how many a tenant opens', async () => {
    const open = Array.from({ length: 32 }, () => stream('/v1/events/stream'));
    await until(() => open.every((each) => each.text().includes('retry')));
    const refused = await s.call('GET', '/v1/events/stream');
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_streams']);
    for (const each of open) each.close();
    await until(async () => (await s.call('GET', '/v1/events/stream?follow=false')).status === 200);
  });

  it('ends when the server drains', async () => {
    const open = stream('/v1/events/stream');
    await until(() => open.text().includes('retry'));
    await outbox.stop();
    await s.close();
    await until(() => open.ended());
  });
});
