import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openBus } from '../../src/foundation/events/adapters/bus.ts';
import type { Bus, Envelope, Subscriber } from '../../src/foundation/events/model.ts';
import type { BusTarget } from '../../src/platform/config.ts';
import type { ServerProcess } from './server-process.ts';

/** A real server that carries events. */
export interface Carrier extends ServerProcess {
  target: BusTarget;
  /** Loses everything that is stored, and leaves the server running. */
  lose(): Promise<void>;
  close(): Promise<void>;
}

export interface Promised {
  /** Whether an id that is published again within two minutes arrives only once. */
  once_within_window: boolean;
}

const patience = { timeout: 100_000, interval: 50 };

/** What the dispatcher and the router rely on, whichever server carries the events. */
export function busContract(name: string, start: () => Promise<Carrier>, { once_within_window }: Promised): void {
  describe(name, () => {
    let server: Carrier;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.close());

    const log = process.env.BUSLOG
      ? ({
          info: (o: object, m: string) => console.log(Math.round(performance.now()), m),
          warn: (o: { err?: Error }, m: string) => console.log(Math.round(performance.now()), m, o.err?.message),
          error: console.log,
        } as never)
      : { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const open = async (): Promise<Required<Bus> & { subscriber: Subscriber }> => {
      const { publisher, subscriber } = await openBus(server.target, log);
      onTestFinished(() => publisher.close());
      return { publisher, subscriber: subscriber! };
    };
    /** Subscribes, and keeps what came for the test's own tenant. */
    const follow = async (
      subscriber: Subscriber,
      tenant: string,
      onReceive?: (own: readonly Envelope[]) => Promise<void> | void,
    ) => {
      const received: Envelope[] = [];
      const subscription = await subscriber.subscribe(async (envelopes) => {
        if (process.env.BUSLOG) console.log(Math.round(performance.now()), 'receive', envelopes.length);
        const own = envelopes.filter(({ tenantid }) => tenantid === tenant);
        if (own.length > 0) await onReceive?.(own);
        received.push(...own);
      });
      let open = true;
      const close = async () => {
        if (open) await subscription.close();
        open = false;
      };
      onTestFinished(close);
      return { received, close };
    };
    const publishUntilDone = async (bus: Bus, envelopes: readonly Envelope[]) => {
      for (let left = [...envelopes]; left.length > 0; ) {
        const answers = await bus.publisher.publish(left);
        left = left.filter((_envelope, at) => answers[at] !== null);
        if (left.length > 0) await sleep(100);
      }
    };
    const ids = (envelopes: readonly Envelope[]) => new Set(envelopes.map(({ id }) => id));

    it('brings everything that was published, unchanged, at least once', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const events = Array.from({ length: 1000 }, (_, n) => event(tenant, { n, aggregate: `${n % 50}` }));
      const { received } = await follow(bus.subscriber, tenant);
      expect(await bus.publisher.publish(events)).toEqual(events.map(() => null));
      await vi.waitFor(() => expect(ids(received)).toEqual(ids(events)), patience);
      const byId = new Map(received.map((envelope) => [envelope.id, envelope]));
      for (const sent of events) expect(byId.get(sent.id)).toEqual(sent);
    });

    it('brings what was published before anybody subscribed', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const events = [event(tenant), event(tenant)];
      await publishUntilDone(bus, events);
      const { received } = await follow(bus.subscriber, tenant);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids(events)), patience);
    });

    it('answers nothing to nothing', async () => {
      expect(await (await open()).publisher.publish([])).toEqual([]);
    });

    it('keeps the order of each aggregate while nothing fails', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const { received } = await follow(bus.subscriber, tenant);
      const events = Array.from({ length: 600 }, (_, n) => event(tenant, { n, aggregate: `${n % 7}` }));
      for (let at = 0; at < events.length; at += 150) await bus.publisher.publish(events.slice(at, at + 150));
      await vi.waitFor(() => expect(received.length).toBeGreaterThanOrEqual(events.length), patience);
      for (const own of Map.groupBy(received, ({ subject }) => subject).values()) {
        const numbers = own.map(({ data }) => data.n as number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    });

    it('brings again what was not taken, until it is', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const events = Array.from({ length: 20 }, () => event(tenant));
      let refusals = 0;
      const { received } = await follow(bus.subscriber, tenant, () => {
        refusals += 1;
        if (refusals <= 2) throw new Error('the database is away');
      });
      await publishUntilDone(bus, events);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids(events)), patience);
      expect(refusals).toBeGreaterThan(2);
    });

    it('brings to another what was not taken by one that went away', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const events = Array.from({ length: 20 }, () => event(tenant));
      const refused = Promise.withResolvers<void>();
      const first = await follow(bus.subscriber, tenant, () => {
        refused.resolve();
        throw new Error('the database is away');
      });
      await publishUntilDone(bus, events);
      await refused.promise;
      await first.close();
      const second = await follow(bus.subscriber, tenant);
      await vi.waitFor(() => expect(ids(second.received)).toEqual(ids(events)), patience);
    });

    it('shares the work between those who subscribe', async () => {
      const [one, two] = [await open(), await open()];
      const tenant = randomUUID();
      const slowly = () => sleep(5);
      const [first, second] = [await follow(one.subscriber, tenant, slowly), await follow(two.subscriber, tenant, slowly)];
      const events: Envelope[] = [];
      await vi.waitFor(async () => {
        const more = Array.from({ length: 200 }, (_, n) => event(tenant, { aggregate: `${n}` }));
        events.push(...more);
        await publishUntilDone(one, more);
        expect([first.received.length > 0, second.received.length > 0]).toEqual([true, true]);
      }, patience);
      await vi.waitFor(() => expect(ids([...first.received, ...second.received])).toEqual(ids(events)), patience);
    });

    it(`brings an id that is published twice ${once_within_window ? 'once' : 'at least once, and the same each time'}`, async () => {
      const bus = await open();
      const tenant = randomUUID();
      const { received } = await follow(bus.subscriber, tenant);
      const [twice, last] = [event(tenant), event(tenant)];
      await publishUntilDone(bus, [twice]);
      await publishUntilDone(bus, [twice]);
      await publishUntilDone(bus, [last]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([twice, last])), patience);
      const same = received.filter(({ id }) => id === twice.id);
      for (const one of same) expect(one).toEqual(twice);
      if (once_within_window) expect(same).toHaveLength(1);
    });

    it('carries an event of a megabyte, and any letter', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const large = Array.from({ length: 5 }, () => event(tenant, { text: 'x'.repeat(1_000_000) }));
      const letters = event(tenant, { text: 'İstanbul 東京 🧾 \u0000 \u2028 \ud83d\ude00', 'ключ "\\': [1.5, null, true] });
      const { received } = await follow(bus.subscriber, tenant);
      expect(await bus.publisher.publish([...large, letters])).toEqual([...large, letters].map(() => null));
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([...large, letters])), patience);
      expect(received.find(({ id }) => id === letters.id)).toEqual(letters);
      expect(received.find(({ id }) => id === large[0]!.id)).toEqual(large[0]);
    });

    it('refuses an event that is too large, what follows it of the same aggregate, and nothing else', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const [before, huge, after, other] = [
        event(tenant, { aggregate: 'a' }),
        event(tenant, { aggregate: 'a', text: 'x'.repeat(8_000_000) }),
        event(tenant, { aggregate: 'a' }),
        event(tenant, { aggregate: 'b' }),
      ];
      const { received } = await follow(bus.subscriber, tenant);
      const answers = await bus.publisher.publish([before, huge, after, other]);
      expect(answers).toEqual([null, expect.any(Error), expect.any(Error), null]);
      expect(String(answers[1])).toMatch(/bytes|large/i);
      expect(String(answers[2])).toMatch(/an earlier event of its aggregate/);
      await vi.waitFor(() => expect([...ids(received)]).toEqual(expect.arrayContaining([before.id, other.id])), patience);
    });

    it('answers each failure while the server is away, and publishes when it is back', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const { received } = await follow(bus.subscriber, tenant);
      const [before, during, after] = [event(tenant), event(tenant), event(tenant)];
      await publishUntilDone(bus, [before]);
      await server.kill();
      expect(await bus.publisher.publish([during, during])).toEqual([expect.any(Error), expect.any(Error)]);
      await server.start();
      await publishUntilDone(bus, [during, after]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([before, during, after])), patience);
    });

    it('answers each failure while the server hangs', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const [before, during] = [event(tenant), event(tenant)];
      await publishUntilDone(bus, [before]);
      await server.pause();
      try {
        expect(await bus.publisher.publish([during])).toEqual([expect.any(Error)]);
      } finally {
        server.resume();
      }
      await publishUntilDone(bus, [during]);
    });

    it('goes on when the server is stopped in an orderly way and killed, again and again, under load', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const { received } = await follow(bus.subscriber, tenant);
      const events: Envelope[] = [];
      for (const end of ['stop', 'kill', 'kill'] as const) {
        const more = Array.from({ length: 300 }, (_, n) => event(tenant, { aggregate: `${n % 20}` }));
        events.push(...more);
        const publishing = publishUntilDone(bus, more);
        await sleep(20);
        await server[end]();
        await server.start();
        await publishing;
      }
      await vi.waitFor(() => expect(ids(received)).toEqual(ids(events)), patience);
    });

    it('goes on with what is new when all that it stored is lost', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const { received } = await follow(bus.subscriber, tenant);
      const [before, after] = [event(tenant), event(tenant)];
      await publishUntilDone(bus, [before]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([before])), patience);
      await server.lose();
      await publishUntilDone(bus, [after]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([before, after])), patience);
    });

    it('ends a subscription after what is being received, and gives the rest to the next', async () => {
      const bus = await open();
      const tenant = randomUUID();
      const events = Array.from({ length: 400 }, (_, n) => event(tenant, { aggregate: `${n}` }));
      const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const first = await follow(bus.subscriber, tenant, async () => {
        begun.resolve();
        await go.promise;
      });
      await publishUntilDone(bus, events);
      await begun.promise;
      let closed = false;
      const closing = first.close().then(() => {
        closed = true;
      });
      await sleep(50);
      expect(closed).toBe(false);
      go.resolve();
      await closing;
      const taken = first.received.length;
      expect(taken).toBeGreaterThan(0);
      const second = await follow(bus.subscriber, tenant);
      await vi.waitFor(() => expect(ids([...first.received, ...second.received])).toEqual(ids(events)), patience);
      expect(first.received).toHaveLength(taken);
    });

    it('ends while the server is away, and while it hangs', async () => {
      for (const [away, back] of [
        [() => server.kill(), () => server.start()],
        [() => server.pause(), () => server.resume()],
      ] as const) {
        const bus = await open();
        const { close } = await follow(bus.subscriber, randomUUID());
        await publishUntilDone(bus, [event(randomUUID())]);
        await away();
        try {
          await close();
          await bus.publisher.close();
        } finally {
          await back();
        }
      }
    });

    it('names BUS_URL when nobody answers there', async () => {
      await server.kill();
      try {
        await expect(openBus(server.target, log, 500)).rejects.toThrow(/^BUS_URL: .*127\.0\.0\.1/);
        await expect(openBus(server.target, log, 500)).rejects.toMatchObject({ name: 'ConfigError' });
      } finally {
        await server.start();
      }
    });

    it('waits for a server that is a little late', async () => {
      await server.kill();
      const opening = open();
      await sleep(500);
      await server.start();
      await publishUntilDone(await opening, [event(randomUUID())]);
    });
  });
}

/** An event of an aggregate, with whatever else as its data. */
export function event(
  tenant: string,
  { aggregate = randomUUID(), ...data }: { aggregate?: string; [name: string]: unknown } = {},
): Envelope {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: `/tallystick/tenants/${tenant}`,
    type: 'invoice.generated',
    subject: `invoice/${aggregate}`,
    time: '2026-03-01T00:00:00.000000Z',
    datacontenttype: 'application/json',
    tenantid: tenant,
    correlationid: randomUUID(),
    causationid: randomUUID(),
    dataversion: 1,
    data,
  };
}
