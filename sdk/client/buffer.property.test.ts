import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkAck, memoryAcks } from './acks.ts';
import { createUsageBuffer, type UsageBufferOptions } from './buffer.ts';
import { type Fault, fakeServer, leafOf } from './fake-server.fixture.ts';
import type { EventQueue } from './queue.ts';

const faults = fc.array(
  fc.constantFrom<Fault>(
    ...(['none', 'lost', 'answer lost', 'answer cut', 'answer of a proxy', 'refusal of a proxy', 'wrong ack', 429, 503] as const),
  ),
  { maxLength: 20 },
);
const skus = fc.array(fc.oneof({ weight: 8, arbitrary: fc.constant('mail') }, fc.constantFrom('unknown', 'broken')), {
  maxLength: 40,
});
const limits = fc.record({
  batch_events: fc.integer({ min: 1, max: 12 }),
  batch_bytes: fc.integer({ min: 1, max: 900 }),
  most_events: fc.integer({ min: 1, max: 15 }),
  most_bytes: fc.integer({ min: 1, max: 2000 }),
});
const settings = { base_url: 'http://test.invalid', api_key: 'tsk_test', batch_age_ms: 0 };
/** Waits for nothing, and remembers what was to be waited for. */
const impatient = (waited: number[] = []): UsageBufferOptions['patience'] => ({
  sleep: async (ms) => {
    waited.push(ms);
  },
});
const eventOf = (sku: string, at: number) => ({ sku, org_id: 'o', request_id: `r-${at}`, time: '2026-01-01T00:00:00Z' });

it('brings every event to the server once and in order, refuses each bad one by itself, and keeps an acknowledgement of each', async () => {
  await fc.assert(
    fc.asyncProperty(faults, skus, limits, async (met, tracked, sizes) => {
      const server = fakeServer(met);
      const acks = memoryAcks();
      const rejected: string[] = [];
      const most_waiting: number[] = [];
      const buffer = createUsageBuffer({
        ...settings,
        ...sizes,
        acks,
        fetch: (...request) => {
          most_waiting.push(buffer.counts().waiting);
          return server.fetch(...request);
        },
        patience: impatient(),
        on_rejected: ({ request_id }) => rejected.push(request_id!),
      });
      await Promise.all(tracked.map((sku, at) => buffer.track(eventOf(sku, at))));
      await buffer.close();

      const idsOf = (isGood: boolean) => tracked.flatMap((sku, at) => ((sku === 'mail') === isGood ? [`r-${at}`] : []));
      expect([...server.stored.keys()]).toEqual(idsOf(true));
      expect(rejected).toEqual(idsOf(false));
      expect(new Set(acks.records.flatMap(({ events }) => events.map(({ request_id }) => request_id)))).toEqual(
        new Set(idsOf(true)),
      );
      for (const { ack, events } of acks.records) {
        await checkAck(
          ack,
          events.map(({ leaf }) => leaf),
        );
        for (const { request_id, leaf } of events) expect(leaf).toBe(leafOf(request_id));
      }
      expect(buffer.counts()).toMatchObject({ waiting: 0, rejected: rejected.length });
      expect(Math.max(0, ...most_waiting)).toBeLessThanOrEqual(sizes.most_events);
      for (const ids of server.requests) expect(ids.length).toBeLessThanOrEqual(sizes.batch_events);
    }),
    {
      numRuns: 500,
      // A flush that was asked for while an event left the line did not wait for the last.
      examples: [
        [
          ['answer lost'],
          ['mail', 'mail', 'mail', 'mail', 'mail', 'unknown', 'mail', 'mail', 'mail', 'mail'],
          { batch_events: 1, batch_bytes: 1, most_events: 9, most_bytes: 696 },
        ],
      ],
    },
  );
});

it('sends the same ids in the same batch again, and everything before it goes on', async () => {
  await fc.assert(
    fc.asyncProperty(faults, fc.integer({ min: 1, max: 30 }), async (met, count) => {
      const server = fakeServer(met);
      const buffer = createUsageBuffer({ ...settings, batch_events: 7, fetch: server.fetch, patience: impatient() });
      await Promise.all(Array.from({ length: count }, (_, at) => buffer.track(eventOf('mail', at))));
      await buffer.close();
      // Requests are the batches in order, each as often as it took.
      const batches = server.requests.filter((ids, at) => ids.join() !== server.requests[at - 1]?.join());
      expect(batches.flat()).toEqual(Array.from({ length: count }, (_, at) => `r-${at}`));
    }),
    { numRuns: 200 },
  );
});

it('sends again after a crash what nobody had answered for, whenever it came', async () => {
  await fc.assert(
    fc.asyncProperty(
      faults,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 12 }),
      async (met, count, crash_after) => {
        const kept = new Map<string, string>();
        const queue = (): EventQueue => ({
          load: async () => [...kept].map(([request_id, json]) => ({ request_id, json })),
          add: async ({ request_id, json }) => void kept.set(request_id, json),
          remove: async (ids) => ids.forEach((id) => void kept.delete(id)),
        });
        const server = fakeServer(met);
        let requests = 0;
        let crashed = false;
        const mortal = createUsageBuffer({
          ...settings,
          batch_events: 3,
          queue: { ...queue(), remove: (ids) => (crashed ? new Promise(() => undefined) : queue().remove(ids)) },
          patience: impatient(),
          fetch: async (...request) => {
            requests += 1;
            if (requests > crash_after) {
              crashed = true;
              // Sometimes the request is on its way when the process ends.
              if (requests % 2 === 0) await server.fetch(...request);
              return new Promise(() => undefined);
            }
            return server.fetch(...request);
          },
        });
        await Promise.all(Array.from({ length: count }, (_, at) => mortal.track(eventOf('mail', at))));
        if (requests <= crash_after) await Promise.race([mortal.flush(), new Promise((resolve) => setTimeout(resolve, 5))]);

        const heir = createUsageBuffer({ ...settings, queue: queue(), fetch: server.fetch, patience: impatient() });
        await heir.close();
        expect([...server.stored.keys()]).toEqual(Array.from({ length: count }, (_, at) => `r-${at}`));
        expect(kept.size).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

it('waits as long as the server asks, and longer from try to try', async () => {
  const waited: number[] = [];
  const server = fakeServer([503, 'lost', 'lost', 429]);
  const buffer = createUsageBuffer({ ...settings, fetch: server.fetch, patience: { ...impatient(waited), random: () => 0.5 } });
  await buffer.track(eventOf('mail', 0));
  await buffer.close();
  // Retry-After asks for 3 s; besides, half of 250, 500, 1000 and 2000 ms.
  expect(waited).toEqual([3125, 250, 500, 4000]);
});
