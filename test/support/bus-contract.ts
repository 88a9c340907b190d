import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Bus, Envelope, Subscriber } from '../../src/foundation/events/model.ts';

export type CarryingBus = Bus & { subscriber: Subscriber };

export const patience = { timeout: 100_000, interval: 50 };

/** Opens a bus that is closed when the test is. */
export async function openForTest(open: () => Promise<Bus>): Promise<CarryingBus> {
  const { publisher, subscriber } = await open();
  onTestFinished(() => publisher.close());
  if (subscriber === null) throw new Error('nothing comes back from this bus');
  return { publisher, subscriber };
}

/** Subscribes, and keeps what came for the test's own tenant. */
export async function follow(
  subscriber: Subscriber,
  tenant: string,
  onReceive?: (own: readonly Envelope[]) => Promise<void> | void,
): Promise<{ received: Envelope[]; close(): Promise<void> }> {
  const received: Envelope[] = [];
  const subscription = await subscriber.subscribe(async (envelopes) => {
    const own = envelopes.filter(({ tenantid }) => tenantid === tenant);
    if (own.length > 0) await onReceive?.(own);
    received.push(...own);
  });
  let is_open = true;
  const close = async () => {
    if (is_open) await subscription.close();
    is_open = false;
  };
  onTestFinished(close);
  return { received, close };
}

/** Publishes as the dispatcher does: what failed again, until nothing fails. */
export async function publishUntilDone(bus: Bus, envelopes: readonly Envelope[]): Promise<void> {
  for (let left = [...envelopes]; left.length > 0; ) {
    const answers = await bus.publisher.publish(left);
    left = left.filter((_envelope, at) => answers[at] !== null);
    if (left.length > 0) await sleep(100);
  }
}

export const ids = (envelopes: readonly Envelope[]) => new Set(envelopes.map(({ id }) => id));

/** What the dispatcher and the router rely on, whatever carries the events. To be called within a `describe`. */
export function itCarriesEvents(openBus: () => Promise<Bus>): void {
  const open = () => openForTest(openBus);

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

  it('carries an event of a megabyte, and any letter', async () => {
    const bus = await open();
    const tenant = randomUUID();
    const large = Array.from({ length: 5 }, () => event(tenant, { text: 'x'.repeat(1_000_000) }));
    const letters = event(tenant, { text: 'İstanbul 東京 🧾 \u2028 \ud83d\ude00', 'ключ "\\': [1.5, null, true] });
    const { received } = await follow(bus.subscriber, tenant);
    expect(await bus.publisher.publish([...large, letters])).toEqual([...large, letters].map(() => null));
    await vi.waitFor(() => expect(ids(received)).toEqual(ids([...large, letters])), patience);
    expect(received.find(({ id }) => id === letters.id)).toEqual(letters);
    expect(received.find(({ id }) => id === large[0]!.id)).toEqual(large[0]);
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
    time: '2026-03-01T00:00:00Z',
    recordedtime: '2026-03-01T00:00:01Z',
    datacontenttype: 'application/json',
    tenantid: tenant,
    correlationid: randomUUID(),
    causationid: randomUUID(),
    dataversion: 1,
    data,
  };
}
