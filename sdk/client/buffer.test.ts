import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createUsageBuffer, type UsageBufferOptions } from './buffer.ts';
import { ProblemError } from './errors.ts';
import { fakeServer } from './fake-server.fixture.ts';
import { fileAcks, fileQueue } from './node.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tallystick-client-'));
});
afterAll(() => rm(folder, { recursive: true }));

const buffered = (options: Partial<UsageBufferOptions>) =>
  createUsageBuffer({
    base_url: 'http://test.invalid',
    api_key: 'tsk_test',
    batch_age_ms: 1,
    patience: { sleep: async () => undefined },
    ...options,
  });

it('gives an event without id and time an id that rises and the time of now', async () => {
  const server = fakeServer();
  const buffer = buffered({ fetch: server.fetch });
  const ids = [await buffer.track({ sku: 'mail', org_id: 'o' }), await buffer.track({ sku: 'mail', org_id: 'o', quantity: 2 })];
  await buffer.flush();
  expect([...server.stored.keys()]).toEqual(ids);
  expect(ids.toSorted()).toEqual(ids);
  expect(JSON.parse(server.stored.get(ids[1]!)!)).toMatchObject({ quantity: 2, time: expect.stringMatching(/^\d{4}-.*Z$/) });
  await buffer.close();
});

it('lets callers wait while it is full, and goes on when there is room', async () => {
  let answer: () => void = () => undefined;
  const server = fakeServer();
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const buffer = buffered({
    most_events: 2,
    fetch: async (...request) => {
      await asked;
      return server.fetch(...request);
    },
  });
  const tracked: number[] = [];
  const all = [0, 1, 2].map((at) => buffer.track({ sku: 'mail', org_id: 'o' }).then(() => tracked.push(at)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(tracked).toEqual([0, 1]);
  answer();
  await Promise.all(all);
  await buffer.close();
  expect(server.stored.size).toBe(3);
});

it('tells a flush that its key is refused, keeps the events, and sends them when it is taken', async () => {
  const server = fakeServer([401]);
  const buffer = buffered({ fetch: server.fetch, batch_age_ms: 60_000, patience: {} });
  await buffer.track({ sku: 'mail', org_id: 'o' });
  await expect(buffer.flush()).rejects.toBeInstanceOf(ProblemError);
  expect(buffer.counts().waiting).toBe(1);
  await buffer.close();
  expect(server.stored.size).toBe(1);
});

it('follows no redirection, waits no longer than an hour, and keeps the event', async () => {
  const waited: number[] = [];
  const redirections: (string | undefined)[] = [];
  const server = fakeServer();
  const buffer = buffered({
    fetch: async (url, init) => {
      redirections.push(init?.redirect);
      if (redirections.length > 1) return server.fetch(url, init);
      return new Response('', { status: 503, headers: { 'retry-after': '999999999' } });
    },
    patience: { random: () => 0, sleep: async (ms) => void waited.push(ms) },
  });
  await buffer.track({ sku: 'mail', org_id: 'o' });
  await buffer.close();
  expect([redirections, waited, server.stored.size]).toEqual([['error', 'error'], [3_600_000], 1]);
});

it('brings no event up again that it could not take, whose caller was told', async () => {
  const path = join(folder, 'late', 'queue');
  const queue = fileQueue(path);
  await expect(queue.add({ request_id: 'lost', json: '{}' })).rejects.toThrow('ENOENT');
  await mkdir(join(folder, 'late'));
  // Enough to have the file made anew from what waits.
  const json = JSON.stringify({ text: 'x'.repeat(600_000) });
  for (const request_id of ['a', 'b', 'c']) {
    await queue.add({ request_id, json });
    await queue.remove([request_id]);
  }
  await queue.close?.();
  expect(await fileQueue(path).load()).toEqual([]);
});

it('takes nothing that is no JSON, and nothing once it is closed', async () => {
  const buffer = buffered({ fetch: fakeServer().fetch });
  await expect(buffer.track({ sku: 'mail', org_id: 'o', properties: { big: 1n } })).rejects.toThrow(TypeError);
  await buffer.close();
  await expect(buffer.track({ sku: 'mail', org_id: 'o' })).rejects.toThrow('closed');
});

it('hands what waits to a request that outlives the page, and forgets nothing for it', async () => {
  const server = fakeServer();
  const kept: (boolean | undefined)[] = [];
  const buffer = buffered({
    batch_age_ms: 60_000,
    fetch: (url, init) => {
      kept.push(init?.keepalive);
      return server.fetch(url, init);
    },
  });
  // 100 events of more than 1000 bytes are more than a leaving page may send.
  for (let at = 0; at < 100; at += 1) await buffer.track({ sku: 'mail', org_id: 'o', metadata: { text: 'x'.repeat(1000) } });
  buffer.leave();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.stored.size).toBeGreaterThan(50);
  expect(server.stored.size).toBeLessThan(60);
  await buffer.close();
  expect(server.stored.size).toBe(100);
  expect(kept).toEqual([true, undefined]);
  expect(buffer.counts()).toMatchObject({ waiting: 0, rejected: 0 });
});

it('gives up waiting at the time that close is given, and leaves the rest to the queue’s file', async () => {
  const [queue, acks] = [join(folder, 'queue'), join(folder, 'acks')];
  const dead = buffered({
    queue: fileQueue(queue),
    fetch: async () => Promise.reject(new TypeError('no network')),
    patience: {},
  });
  const ids = await Promise.all([1, 2, 3].map((quantity) => dead.track({ sku: 'mail', org_id: 'o', quantity })));
  await dead.close({ timeout_ms: 10 });
  // The process died in the middle of a line.
  await appendFile(queue, '{"add":{"request_id":"half","ev');

  const server = fakeServer();
  const heir = buffered({ queue: fileQueue(queue), acks: fileAcks(acks), fetch: server.fetch });
  ids.push(await heir.track({ sku: 'mail', org_id: 'o', quantity: 4 }));
  await heir.close();
  expect([...server.stored.keys()]).toEqual(ids);
  const lines = (await readFile(acks, 'utf8')).trimEnd().split('\n');
  expect(lines.flatMap((line) => JSON.parse(line).events.map(({ request_id }: { request_id: string }) => request_id))).toEqual(
    ids,
  );
  expect(await fileQueue(queue).load()).toEqual([]);
});

it('keeps the file of the queue short while events come and go, and loses none of those that wait', async () => {
  const path = join(folder, 'long');
  const queue = fileQueue(path);
  const json = JSON.stringify({ text: 'x'.repeat(1000) });
  await queue.load();
  await queue.add({ request_id: 'stays', json });
  for (let round = 0; round < 40; round += 1) {
    const ids = Array.from({ length: 50 }, (_, at) => `${round}-${at}`);
    await Promise.all(ids.map((request_id) => queue.add({ request_id, json })));
    await Promise.all([queue.remove(ids), queue.add({ request_id: `stays-${round}`, json })]);
  }
  // 40 × 50 events of 1 KB passed through; 41 are left, and the file may double before it is made anew.
  expect((await readFile(path, 'utf8')).length).toBeLessThan(1_200_000);
  await queue.close?.();
  expect((await fileQueue(path).load()).map(({ request_id }) => request_id)).toEqual([
    'stays',
    ...Array.from({ length: 40 }, (_, round) => `stays-${round}`),
  ]);
});
