import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import type { Tx } from '../../platform/postgres.ts';
import { embeddedPublisher } from './adapters/embedded.ts';
import type { Envelope } from './model.ts';
import { createDispatcher, type Dispatcher } from './service/dispatch.ts';
import { createRouter, type Reaction } from './service/react.ts';
import { emit, emitMany } from './service.ts';
import { claimEvents, markPublished } from './sql/relay.ts';

let t: TestDatabase;
const log = { warn: () => undefined, error: () => undefined };
const open: Dispatcher[] = [];

beforeEach(async () => {
  t = await testDatabase();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((dispatcher) => dispatcher.stop()));
  await t.close();
});

const happened = (n: number, aggregate_id = 'a') => ({
  type: 'thing.happened',
  aggregate_type: 'thing',
  aggregate_id,
  data: { n },
});
const dispatcher = (publish: (event: Envelope) => Promise<void>, poll_ms = 50) => {
  const made = createDispatcher({ postgres: t.postgres, publisher: { publish }, log, poll_ms });
  open.push(made);
  return made;
};
const router = (reactions: Reaction[]) =>
  embeddedPublisher(createRouter({ postgres: t.postgres, nowOf: async () => t.scope().now, reactionsTo: () => reactions }))
    .publish;
const rows = (order = 'seq') =>
  t.superuser<{ status: string; attempts: number; position: string | null; last_error: string | null; data: { n: number } }>(
    `SELECT status, attempts, position, last_error, data FROM billing_events ORDER BY ${order}`,
  );
const until = async (met: () => Promise<boolean>) => {
  const deadline = performance.now() + 10_000;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('did not come true within ten seconds');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
/** Makes what waits for its next attempt due at once. */
const skipBackoff = () => t.superuser("UPDATE billing_events SET next_attempt_at = now() WHERE status = 'pending'");

describe('an event', () => {
  it('is there when its transaction commits and not when it rolls back', async () => {
    await t.transact((tx) => emit(tx, happened(1)));
    const undone = t.transact(async (tx) => {
      await emit(tx, happened(2));
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect((await rows()).map((row) => row.data)).toEqual([{ n: 1 }]);
  });

  it('arrives as CloudEvents 1.0 with its tenant, correlation and cause', async () => {
    const got: Envelope[] = [];
    const over = { correlation_id: 'c-1', causation_id: 'cause-1' };
    const event_id = await t.transact((tx) => emit(tx, { ...happened(1), org_id: t.tenant_id }), over);
    await dispatcher(async (event) => void got.push(event)).drain();
    expect(got).toEqual([
      {
        specversion: '1.0',
        id: event_id,
        source: `/tallystick/tenants/${t.tenant_id}`,
        type: 'thing.happened',
        subject: 'thing/a',
        time: '2026-03-01T00:00:00Z',
        datacontenttype: 'application/json',
        tenantid: t.tenant_id,
        correlationid: 'c-1',
        causationid: 'cause-1',
        dataversion: 1,
        orgid: t.tenant_id,
        data: { n: 1 },
      },
    ]);
  });

  it('cannot be changed, nor its state by the app, nor be deleted by anybody', async () => {
    await t.transact((tx) => emit(tx, happened(1)));
    const app = t.postgres.pool('app');
    await expect(app.query("UPDATE billing_events SET status = 'published'")).rejects.toMatchObject({ code: '42501' });
    await expect(t.superuser(`UPDATE billing_events SET data = '{}'`)).rejects.toMatchObject({
      constraint: 'billing_events_kept',
    });
    await expect(t.superuser('DELETE FROM billing_events')).rejects.toMatchObject({ constraint: 'billing_events_kept' });
    await expect(t.postgres.pool('relay').query(`UPDATE billing_events SET data = '{}'`)).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('the dispatcher', () => {
  it('publishes all events of all tenants, each aggregate in order, with positions dense per tenant', async () => {
    const events = (aggregate: string) => Array.from({ length: 20 }, (_, n) => happened(n, aggregate));
    await t.transact((tx) => emitMany(tx, [...events('a'), ...events('b'), ...events('c')]));
    await t.transact((tx) => emitMany(tx, events('a')), { tenant_id: t.other_tenant_id });
    const seen = new Map<string, number[]>();
    await dispatcher(async (event) => {
      const key = `${event.tenantid}/${event.subject}`;
      seen.set(key, [...(seen.get(key) ?? []), event.data.n as number]);
    }).drain();
    expect(seen.size).toBe(4);
    for (const order of seen.values()) expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
    const positions = await t.superuser<{ n: number; top: string }>(
      'SELECT count(*)::int AS n, max(position) AS top FROM billing_events GROUP BY tenant_id ORDER BY n',
    );
    expect(positions).toEqual([
      { n: 20, top: '20' },
      { n: 60, top: '60' },
    ]);
    expect(await t.superuser("SELECT * FROM audit WHERE defect LIKE 'E%'")).toEqual([]);
  });

  it('keeps positions dense and gives each event to one of several dispatchers that work at once', async () => {
    await t.transact((tx) =>
      emitMany(
        tx,
        Array.from({ length: 300 }, (_, n) => happened(n, `thing-${n % 40}`)),
      ),
    );
    const counts = new Map<string, number>();
    const several = [1, 2, 3].map(() => dispatcher(async (event) => void counts.set(event.id, (counts.get(event.id) ?? 0) + 1)));
    for (const one of several) one.start();
    await until(async () => (await rows()).every((row) => row.status === 'published'));
    expect(counts.size).toBe(300);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect((await rows('position')).map((row) => row.position)).toEqual(Array.from({ length: 300 }, (_, n) => String(n + 1)));
  });

  it('keeps an aggregate waiting behind its failed event, and no other aggregate', async () => {
    let broken = true;
    const seen: string[] = [];
    const one = dispatcher(async (event) => {
      if (broken && event.data.n === 1) throw new Error('no');
      seen.push(`${event.subject} ${event.data.n}`);
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2), happened(3, 'b')]));
    await one.drain();
    expect(seen).toEqual(['thing/b 3']);
    expect(await rows()).toMatchObject([
      { status: 'pending', attempts: 1, last_error: 'Error: no' },
      { status: 'pending' },
      { status: 'published' },
    ]);
    broken = false;
    await skipBackoff();
    await one.drain();
    expect(seen).toEqual(['thing/b 3', 'thing/a 1', 'thing/a 2']);
  });

  it('gives up after ten attempts with the reason, lets the aggregate go on, and the audit names the dead', async () => {
    const one = dispatcher(async (event) => {
      if (event.data.n === 1) throw new Error('never');
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await one.drain();
      await skipBackoff();
    }
    await one.drain();
    expect(await rows()).toMatchObject([
      { status: 'dead', attempts: 10, last_error: 'Error: never', position: null },
      { status: 'published', position: '1' },
    ]);
    expect(await t.superuser("SELECT defect FROM audit WHERE defect LIKE 'E%'")).toEqual([{ defect: 'E2 event dead' }]);
  });

  it('hears of a new event long before it would look', async () => {
    const seen: number[] = [];
    dispatcher(async (event) => void seen.push(event.data.n as number), 60_000).start();
    await until(
      async () => (await t.superuser("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%LISTEN billing_events'")).length > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await t.transact((tx) => emit(tx, happened(7)));
    await until(async () => seen.length === 1);
  });

  it('takes over at once what a dispatcher that is gone had leased, and not what a living one has', async () => {
    await t.transact((tx) => emit(tx, happened(1)));
    const relay = t.postgres.pool('relay');
    const living = new pg.Client(t.postgres.connection('relay'));
    await living.connect();
    await living.query('SELECT pg_advisory_lock(7310010, 42)');
    expect(await claimEvents(relay, { dispatcher: 42, limit: 10 })).toHaveLength(1);
    expect(await claimEvents(relay, { dispatcher: 43, limit: 10 })).toEqual([]);
    await living.end();
    await until(async () => (await claimEvents(relay, { dispatcher: 43, limit: 10 })).length === 1);
  });

  it('gives no second position to an event that another dispatcher published meanwhile', async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)));
    const event = { tenant_id: t.tenant_id, event_id };
    const marked = await Promise.all([1, 2, 3].map(() => markPublished(t.postgres.pool('relay'), [event])));
    expect(marked.sort()).toEqual([0, 0, 1]);
    expect(await t.superuser('SELECT last FROM event_position')).toEqual([{ last: '1' }]);
  });

  it('finishes what is under way when it is stopped, and gives back the rest', async () => {
    let done = false;
    const one = dispatcher(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      done = true;
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    one.start();
    await until(async () => (await rows())[0]?.attempts === 1);
    await one.stop();
    expect(done).toBe(true);
    expect(await rows()).toMatchObject([{ status: 'published' }, { status: 'pending', attempts: 0 }]);
  });
});

describe('a reaction', () => {
  const record = (tx: Tx, event: Envelope) =>
    emit(tx, { type: 'thing.followed', aggregate_type: 'thing', aggregate_id: 'followed', data: { of: event.id } }).then(
      () => undefined,
    );

  it('takes effect once, however often its event comes', async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)));
    const react = router([{ name: 'test.follow', react: record }]);
    const envelope = { id: event_id, tenantid: t.tenant_id, correlationid: 'c', type: 'thing.happened' } as Envelope;
    await Promise.all([1, 2, 3, 4].map(() => react(envelope)));
    await react(envelope);
    expect(await t.superuser("SELECT 1 FROM billing_events WHERE type = 'thing.followed'")).toHaveLength(1);
  });

  it('leaves nothing behind when it fails, takes effect when it comes again, and does not keep others from theirs', async () => {
    let broken = true;
    const ran: string[] = [];
    const publish = router([
      {
        name: 'test.breaks',
        react: async (tx, event) => {
          await record(tx, event);
          if (broken) throw new Error('not yet');
        },
      },
      { name: 'test.works', react: async () => void ran.push('works') },
    ]);
    const only = async (event: Envelope) => (event.type === 'thing.happened' ? publish(event) : undefined);
    await t.transact((tx) => emit(tx, happened(1)));
    const one = dispatcher(only);
    await one.drain();
    expect(ran).toEqual(['works']);
    expect(await t.superuser('SELECT reaction FROM event_inbox')).toEqual([{ reaction: 'test.works' }]);
    expect(await rows()).toMatchObject([{ status: 'pending', last_error: 'Error: test.breaks: not yet' }]);
    broken = false;
    await skipBackoff();
    await one.drain();
    expect(ran).toEqual(['works']);
    expect((await rows()).map((row) => row.status)).toEqual(['published', 'published']);
  });

  it("gives what it emits the event's correlation, and the event as cause", async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)), { correlation_id: 'story' });
    const publish = router([{ name: 'test.follow', react: record }]);
    await dispatcher(async (event) => (event.type === 'thing.happened' ? publish(event) : undefined)).drain();
    const followed = await t.superuser("SELECT correlation_id, causation_id FROM billing_events WHERE type = 'thing.followed'");
    expect(followed).toEqual([{ correlation_id: 'story', causation_id: event_id }]);
  });
});
