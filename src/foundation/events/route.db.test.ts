import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf, until } from '../../../test/support/outbox.ts';
import type { Tx } from '../../platform/postgres.ts';
import type { Envelope, Subscriber } from './model.ts';
import type { Reaction } from './service/react.ts';
import { redispatchEvents } from './service/redispatch.ts';
import { emit, emitMany } from './service.ts';

let t: TestDatabase;
let outbox: ReturnType<typeof outboxOf>;

beforeEach(async () => {
  t = await testDatabase();
  outbox = outboxOf(t);
});
afterEach(async () => {
  await outbox.stop();
  await t.close();
});

const record = (tx: Tx, event: Envelope) =>
  emit(tx, { type: 'thing.followed', aggregate_type: 'thing', aggregate_id: 'followed', data: { of: event.id } }).then(
    () => undefined,
  );
const follow: Reaction = { name: 'test.follow', react: record };
const followed = () => t.superuser("SELECT data FROM billing_events WHERE type = 'thing.followed'");

/** A bus in the test's hands: what it was given, and a way to hand over whatever the test likes. */
function handBus() {
  const published: Envelope[] = [];
  let receive: ((envelopes: readonly Envelope[]) => Promise<void>) | null = null;
  const subscriber: Subscriber = {
    async subscribe(given) {
      receive = given;
      return { close: async () => undefined };
    },
  };
  return { published, subscriber, hand: (envelopes: readonly Envelope[]) => receive!(envelopes) };
}

describe('a reaction', () => {
  it('takes effect once, however often its event is routed', async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)));
    const router = outbox.router([follow]);
    await router.drain();
    for (let again = 0; again < 3; again += 1) {
      await t.transact((tx) => redispatchEvents(tx, { event_ids: [event_id] }));
      await router.drain();
    }
    expect(await followed()).toEqual([{ data: { of: event_id } }]);
    expect((await outbox.rows()).every((row) => row.is_routed)).toBe(true);
  });

  it('leaves nothing behind when it fails, takes effect when it comes again, and does not keep others from theirs', async () => {
    let broken = true;
    const ran: string[] = [];
    const router = outbox.router([
      {
        name: 'test.breaks',
        react: async (tx, event) => {
          await record(tx, event);
          if (broken) throw new Error('not yet');
        },
      },
      { name: 'test.works', react: async () => void ran.push('works') },
    ]);
    await t.transact((tx) => emit(tx, happened(1)));
    await router.drain();
    expect(ran).toEqual(['works']);
    expect(await t.superuser('SELECT reaction FROM event_inbox')).toEqual([{ reaction: 'test.works' }]);
    // Its position does not wait for the reactions.
    expect(await outbox.rows()).toMatchObject([
      { status: 'published', position: '1', is_routed: false, attempts: 1, last_error: 'Error: test.breaks: not yet' },
    ]);
    broken = false;
    await outbox.makeDue();
    await router.drain();
    expect(ran).toEqual(['works']);
    expect(await outbox.rows()).toMatchObject([
      { is_routed: true, attempts: 0, last_error: null },
      { type: 'thing.followed', is_routed: true },
    ]);
  });

  it("gives what it emits the event's correlation, and the event as cause", async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)), { correlation_id: 'story' });
    await outbox.router([follow]).drain();
    const found = await t.superuser(
      "SELECT correlation_id, causation_id, metadata FROM billing_events WHERE type = 'thing.followed'",
    );
    expect(found).toEqual([
      { correlation_id: 'story', causation_id: event_id, metadata: { actor: { kind: 'system', id: 'test.follow' } } },
    ]);
  });

  it('costs no transaction where it says that an event does not concern it', async () => {
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    const seen: unknown[] = [];
    const picky: Reaction = {
      name: 'test.picky',
      concerns: (event) => event.data.n === 2,
      react: async (_tx, event) => void seen.push(event.data.n),
    };
    await outbox.router([picky]).drain();
    expect(seen).toEqual([2]);
    expect(await t.superuser('SELECT 1 FROM event_inbox')).toHaveLength(1);
    expect((await outbox.rows()).every((row) => row.is_routed)).toBe(true);
  });
});

describe('the router', () => {
  it('routes events of an aggregate in order, and others beside', async () => {
    const seen = new Map<string, number[]>();
    const note: Reaction = {
      name: 'test.note',
      react: async (_tx, event) => void seen.set(event.subject, [...(seen.get(event.subject) ?? []), event.data.n as number]),
    };
    for (let n = 0; n < 60; n += 1) await t.transact((tx) => emitMany(tx, [happened(n), happened(n, 'b'), happened(n, 'c')]));
    const several = [1, 2].map(() => outbox.router([note]));
    await Promise.all(several.map((router) => router.start()));
    await until(async () => (await outbox.rows()).every((row) => row.is_routed));
    expect(seen.size).toBe(3);
    for (const order of seen.values()) expect(order).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(await outbox.defects()).toEqual([]);
  });

  it('keeps what is behind a failed event of its aggregate unrouted but published, then goes on in order', async () => {
    let broken = true;
    const seen: string[] = [];
    const router = outbox.router([
      {
        name: 'test.note',
        react: async (_tx, event) => {
          if (broken && event.data.n === 1 && event.subject === 'thing/a') throw new Error('no');
          seen.push(`${event.subject} ${event.data.n}`);
        },
      },
    ]);
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2), happened(1, 'b')]));
    await router.drain();
    await t.transact((tx) => emit(tx, happened(3)));
    await router.drain();
    expect(seen).toEqual(['thing/b 1']);
    expect((await outbox.rows('position')).map(({ data, is_routed }) => [data.n, is_routed])).toEqual([
      [1, false],
      [2, false],
      [1, true],
      [3, false],
    ]);
    broken = false;
    await outbox.makeDue();
    await router.drain();
    expect(seen).toEqual(['thing/b 1', 'thing/a 1', 'thing/a 2', 'thing/a 3']);
  });

  it('gives up after ten attempts with the reaction and the reason, lets the aggregate go on, and the audit names the dead', async () => {
    const router = outbox.router([
      {
        name: 'test.poisoned',
        react: async (_tx, event) => {
          if (event.data.n === 1) throw new Error('never');
        },
      },
    ]);
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await router.drain();
      await outbox.makeDue();
    }
    await router.drain();
    expect(await outbox.rows()).toMatchObject([
      { status: 'dead', attempts: 10, last_error: 'Error: test.poisoned: never', position: '1' },
      { status: 'published', is_routed: true },
    ]);
    expect(await outbox.defects()).toEqual([{ defect: 'E2 event dead' }]);
  });

  it('gets past a long aggregate behind a poisoned event to what is due beside it', async () => {
    const seen: unknown[] = [];
    const router = outbox.router([
      {
        name: 'test.note',
        react: async (_tx, event) => {
          if (event.subject === 'thing/a') throw new Error('never');
          seen.push(event.data.n);
        },
      },
    ]);
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 2000 }, (_, n) => happened(n)),
      ),
    );
    await router.drain();
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 20 }, (_, n) => happened(n, `b-${n}`)),
      ),
    );
    await router.drain();
    expect(seen).toHaveLength(20);
    // Put off, not looked at with every round.
    expect(
      await t.superuser(
        "SELECT 1 FROM billing_events WHERE routed_at IS NULL AND attempts = 0 AND next_attempt_at < now() + interval '1 minute'",
      ),
    ).toEqual([]);
  });

  it("keeps slots free of a tenant whose reactions are slow: another's event does not wait for them", async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const done: string[] = [];
    const router = outbox.router([
      {
        name: 'test.slow',
        react: async (_tx, event) => {
          if (event.tenantid === t.tenant_id) await held;
          done.push(event.tenantid);
        },
      },
    ]);
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 1000 }, (_, n) => happened(n, `thing-${n}`)),
      ),
    );
    await router.start();
    await until(async () => (await t.superuser('SELECT 1 FROM event_lease')).length > 0);
    await t.transact((tx) => emit(tx, happened(1)), { tenant_id: t.other_tenant_id });
    await until(() => done.length > 0);
    expect(done).toEqual([t.other_tenant_id]);
    await until(
      async () =>
        (await t.superuser('SELECT 1 FROM billing_events WHERE tenant_id = $1 AND routed_at IS NOT NULL', [t.other_tenant_id]))
          .length === 1,
    );
    letGo();
  });

  it('with a bus, routes what comes back from it, in any order, any number of times, once in effect and in order', async () => {
    const bus = handBus();
    const seen: unknown[] = [];
    const note: Reaction = { name: 'test.note', react: async (_tx, event) => void seen.push(event.data.n) };
    const router = outbox.router([note], { takes_pending: false, subscriber: bus.subscriber, poll_ms: 600_000 });
    await router.start();
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 50 }, (_, n) => happened(n)),
      ),
    );
    await outbox.dispatcher((event) => void bus.published.push(event)).drain();
    expect(await outbox.rows()).toMatchObject(Array.from({ length: 50 }, () => ({ status: 'published', is_routed: false })));
    const shuffled = [...bus.published, ...bus.published].sort((a, b) => (a.id.slice(-6) < b.id.slice(-6) ? -1 : 1));
    await Promise.all([bus.hand(shuffled.slice(0, 30)), bus.hand(shuffled.slice(30))]);
    await until(async () => (await outbox.rows()).every((row) => row.is_routed));
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('with a bus, routes what comes back before the dispatcher has marked it, once that is marked', async () => {
    const bus = handBus();
    const router = outbox.router([follow], { takes_pending: false, subscriber: bus.subscriber, poll_ms: 600_000 });
    await router.start();
    await t.transact((tx) => emit(tx, happened(1)));
    await outbox.dispatcher(async (event) => (event.type === 'thing.happened' ? bus.hand([event]) : undefined)).drain();
    await until(async () => (await outbox.rows())[0]?.is_routed === true);
  });

  it('believes nothing that the bus says: unknown and foreign ids do nothing, and the stored event is what is reacted to', async () => {
    const bus = handBus();
    const seen: unknown[] = [];
    const note: Reaction = { name: 'test.note', react: async (_tx, event) => void seen.push([event.tenantid, event.data.n]) };
    const router = outbox.router([note], { takes_pending: false, subscriber: bus.subscriber, poll_ms: 600_000 });
    await router.start();
    await t.transact((tx) => emit(tx, happened(1)));
    await outbox.dispatcher((event) => void bus.published.push(event)).drain();
    const [real] = bus.published as [Envelope];
    await bus.hand([
      { ...real, id: 'x', tenantid: "'; DROP TABLE billing_events" },
      { ...real, id: t.tenant_id },
      { ...real, tenantid: t.other_tenant_id },
    ]);
    await bus.hand([{ ...real, type: 'thing.else', subject: 'thing/z', data: { n: 666 } }]);
    await until(() => seen.length > 0);
    expect(seen).toEqual([[t.tenant_id, 1]]);
  });

  it('finds what the bus lost when its time has come', async () => {
    const router = outbox.router([follow], { takes_pending: false, subscriber: handBus().subscriber, poll_ms: 50 });
    await t.transact((tx) => emit(tx, happened(1)));
    await outbox.dispatcher(() => undefined, { grace_ms: 600_000 }).drain();
    await router.drain();
    expect(await outbox.rows()).toMatchObject([{ status: 'published', is_routed: false }]);
    await outbox.makeDue();
    await router.start();
    await until(async () => (await outbox.rows())[0]?.is_routed === true);
    expect(await followed()).toHaveLength(1);
  });

  it('without a way back, routes from the outbox what the dispatcher published, at once', async () => {
    const router = outbox.router([follow], { takes_pending: false, poll_ms: 600_000 });
    await router.start();
    const dispatcher = outbox.dispatcher(() => undefined, { grace_ms: 0, poll_ms: 600_000 });
    dispatcher.start();
    await until(async () => {
      await t.transact((tx) => emit(tx, happened(1)));
      return (await followed()).length > 0;
    });
    await until(async () => (await outbox.rows()).every((row) => row.is_routed));
  });

  it('gives back what it has not begun when it is stopped, and leaves no lease', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const router = outbox.router([{ name: 'test.slow', react: () => held }]);
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 20 }, (_, n) => happened(n, `thing-${n}`)),
      ),
    );
    await router.start();
    await until(async () => (await t.superuser('SELECT 1 FROM event_lease')).length > 0);
    const stopped = router.stop();
    letGo();
    await stopped;
    expect(await t.superuser('SELECT 1 FROM event_lease')).toEqual([]);
    const rows = await outbox.rows();
    expect(rows.filter((row) => row.is_routed).length).toBeLessThan(20);
    expect(rows.every((row) => row.is_routed || row.status === 'pending')).toBe(true);
  });
});

describe('re-dispatch', () => {
  it('brings back a dead event, gives one that was never published its position, and passes over the pending', async () => {
    let broken = true;
    const router = outbox.router([
      {
        name: 'test.mended',
        react: async () => {
          if (broken) throw new Error('not yet');
        },
      },
    ]);
    const ids = await t.transact((tx) => emitMany(tx, [happened(1), happened(2, 'b'), happened(3, 'c')]));
    await t.superuser("UPDATE billing_events SET attempts = 9 WHERE data->>'n' = '1'");
    await t.superuser("UPDATE billing_events SET status = 'dead', last_error = 'too large' WHERE data->>'n' = '2'");
    await t.superuser(
      "UPDATE billing_events SET attempts = 1, next_attempt_at = now() + interval '1 hour' WHERE data->>'n' = '3'",
    );
    await router.drain();
    expect((await outbox.rows()).map((row) => row.status)).toEqual(['dead', 'dead', 'pending']);
    broken = false;
    expect(await t.transact((tx) => redispatchEvents(tx, { event_ids: ids }))).toEqual({ redispatched: 2 });
    const foreign = await t.transact((tx) => redispatchEvents(tx, { event_ids: ids }), { tenant_id: t.other_tenant_id });
    expect(foreign).toEqual({ redispatched: 0 });
    await router.drain();
    expect(await outbox.rows()).toMatchObject([
      { is_routed: true, position: '1' },
      { is_routed: true, position: '2' },
      { status: 'pending' },
    ]);
    expect(await outbox.defects()).toEqual([]);
  });
});
