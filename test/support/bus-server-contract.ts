import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBus } from '../../src/foundation/events/adapters/bus.ts';
import type { Bus, Envelope } from '../../src/foundation/events/model.ts';
import type { BusTarget } from '../../src/platform/config.ts';
import { event, follow, ids, openForTest, patience, publishUntilDone } from './bus-contract.ts';
import type { ServerProcess } from './server-process.ts';

/** A real server that carries events. */
export interface BusServer extends ServerProcess {
  target: BusTarget;
  /** Removes all that it stored, while it is stopped. */
  wipe(): void | Promise<void>;
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Promised {
  /** Whether an id that is published again within two minutes arrives only once. */
  once_within_window: boolean;
}

/** What a bus keeps up whatever happens to the server behind it. To be called within a `describe`. */
export function itOutlivesItsServer(serverOf: () => BusServer, { once_within_window }: Promised): void {
  const open = () => openForTest(() => openBus(serverOf().target, quiet));

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

  it('goes on when the server is stopped in an orderly way and killed, again and again, under load', async () => {
    const [bus, server] = [await open(), serverOf()];
    const tenant = randomUUID();
    const { received } = await follow(bus.subscriber, tenant);
    const events: Envelope[] = [];
    for (const end of ['stop', 'kill'] as const) {
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
    const server = serverOf();
    const [before, after] = [event(tenant), event(tenant)];
    await publishUntilDone(bus, [before]);
    await vi.waitFor(() => expect(ids(received)).toEqual(ids([before])), patience);
    await server.kill();
    await server.wipe();
    await server.start();
    await publishUntilDone(bus, [after]);
    await vi.waitFor(() => expect(ids(received)).toEqual(ids([before, after])), patience);
  });

  describe.each([
    { state: 'is away', away: (server: BusServer) => server.kill(), back: (server: BusServer) => server.start() },
    { state: 'hangs', away: (server: BusServer) => server.pause(), back: async (server: BusServer) => server.resume() },
  ])('while the server $state', ({ state, away, back }) => {
    const tenant = randomUUID();
    const [before, during, after] = [event(tenant), event(tenant), event(tenant)];
    const received: Envelope[] = [];
    let bus: Bus;
    let staying: { close(): Promise<void> };
    let leaving: Bus;
    let ending: { close(): Promise<void> };
    beforeAll(async () => {
      [bus, leaving] = [await openBus(serverOf().target, quiet), await openBus(serverOf().target, quiet)];
      const receive = async (envelopes: readonly Envelope[]) => {
        received.push(...envelopes.filter(({ tenantid }) => tenantid === tenant));
      };
      staying = await bus.subscriber!.subscribe(receive);
      ending = await leaving.subscriber!.subscribe(receive);
      await publishUntilDone(leaving, [event(randomUUID())]);
      await publishUntilDone(bus, [before]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([before])), patience);
      await away(serverOf());
    }, 100_000);
    afterAll(async () => {
      await staying?.close();
      await bus?.publisher.close();
    }, 100_000);

    it('answers each failure', async () => {
      expect(await bus.publisher.publish([during, during])).toEqual([expect.any(Error), expect.any(Error)]);
    });

    it('ends a subscription and a publisher', async () => {
      await ending.close();
      await leaving.publisher.close();
    });

    it('names BUS_URL to who wants to begin', async () => {
      await expect(openBus(serverOf().target, quiet, 500)).rejects.toThrow(/^BUS_URL: .*127\.0\.0\.1/);
      await expect(openBus(serverOf().target, quiet, 500)).rejects.toMatchObject({ name: 'ConfigError' });
    });

    it('goes on when it is back, and waits with who begins a little too early', async () => {
      const opening = openBus(serverOf().target, quiet, 60_000);
      await sleep(state === 'hangs' ? 100 : 500);
      await back(serverOf());
      await (await opening).publisher.close();
      await publishUntilDone(bus, [during, after]);
      await vi.waitFor(() => expect(ids(received)).toEqual(ids([before, during, after])), patience);
    });
  });
}
