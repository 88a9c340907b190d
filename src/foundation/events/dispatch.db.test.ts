import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf, until } from '../../../test/support/outbox.ts';
import type { Envelope } from './model.ts';
import { emit, emitMany } from './service.ts';
import { claimPending, type Settlement, settleEvents } from './sql/relay.ts';

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

const zero = '00000000-0000-0000-0000-000000000000';

describe('an event', () => {
  it('is there when its transaction commits and not when it rolls back', async () => {
    await t.transact((tx) => emit(tx, happened(1)));
    const undone = t.transact(async (tx) => {
      await emit(tx, happened(2));
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect((await outbox.rows()).map((row) => row.data)).toEqual([{ n: 1 }]);
  });

  it('arrives as CloudEvents 1.0 with its tenant, correlation and cause', async () => {
    const got: Envelope[] = [];
    const over = { correlation_id: 'c-1', causation_id: 'cause-1' };
    const event_id = await t.transact((tx) => emit(tx, { ...happened(1), org_id: t.tenant_id }), over);
    await outbox.dispatcher(async (event) => void got.push(event)).drain();
    expect(got).toEqual([
      {
        specversion: '1.0',
        id: event_id,
        orgid: t.tenant_id,
        source: `/tallystick/tenants/${t.tenant_id}`,
        type: 'thing.happened',
        subject: 'thing/a',
        time: '2026-03-01T00:00:00Z',
        recordedtime: expect.stringMatching(/^\d{4}-.*Z$/),
        datacontenttype: 'application/json',
        tenantid: t.tenant_id,
        correlationid: 'c-1',
        causationid: 'cause-1',
        dataversion: 1,
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
    await outbox
      .dispatcher(async (event) => {
        const key = `${event.tenantid}/${event.subject}`;
        seen.set(key, [...(seen.get(key) ?? []), event.data.n as number]);
      })
      .drain();
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
    const several = [1, 2, 3].map(() =>
      outbox.dispatcher(async (event) => void counts.set(event.id, (counts.get(event.id) ?? 0) + 1)),
    );
    for (const one of several) one.start();
    await until(async () => (await outbox.rows()).every((row) => row.status === 'published'));
    expect(counts.size).toBe(300);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect((await outbox.rows('position')).map((row) => row.position)).toEqual(
      Array.from({ length: 300 }, (_, n) => String(n + 1)),
    );
  });

  it('keeps an aggregate waiting behind its failed event, and no other aggregate', async () => {
    let broken = true;
    const seen: string[] = [];
    const one = outbox.dispatcher(async (event) => {
      if (broken && event.data.n === 1) throw new Error('no');
      seen.push(`${event.subject} ${event.data.n}`);
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2), happened(3, 'b')]));
    await one.drain();
    expect(seen).toEqual(['thing/b 3']);
    expect(await outbox.rows()).toMatchObject([
      { status: 'pending', attempts: 1, last_error: 'Error: no' },
      { status: 'pending' },
      { status: 'published' },
    ]);
    broken = false;
    await outbox.makeDue();
    await one.drain();
    expect(seen).toEqual(['thing/b 3', 'thing/a 1', 'thing/a 2']);
  });

  it('gives up after ten attempts with the reason, lets the aggregate go on, and the audit names the dead', async () => {
    const one = outbox.dispatcher(async (event) => {
      if (event.data.n === 1) throw new Error('never');
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await one.drain();
      await outbox.makeDue();
    }
    await one.drain();
    expect(await outbox.rows()).toMatchObject([
      { status: 'dead', attempts: 10, last_error: 'Error: never', position: null },
      { status: 'published', position: '1' },
    ]);
    expect(await t.superuser("SELECT defect FROM audit WHERE defect LIKE 'E%'")).toEqual([{ defect: 'E2 event dead' }]);
  });

  it('hears of a new event long before it would look', async () => {
    const seen: number[] = [];
    outbox.dispatcher(async (event) => void seen.push(event.data.n as number), { poll_ms: 600_000 }).start();
    await until(
      async () => (await t.superuser("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%LISTEN billing_events'")).length > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await t.transact((tx) => emit(tx, happened(7)));
    await until(async () => seen.length === 1);
  });

  it('takes over at once what a dispatcher that is gone had in hand, and not what a living one has; that counts as an attempt', async () => {
    await t.transact((tx) => emit(tx, happened(1)));
    const relay = t.postgres.pool('relay');
    const take = { limit: 10, from_tenant: zero, except: [] };
    const living = new pg.Client(t.postgres.connection('relay'));
    await living.connect();
    await living.query('SELECT pg_advisory_lock(7310010, 42)');
    expect((await claimPending(relay, { ...take, worker: 42 }))?.events).toHaveLength(1);
    expect(await claimPending(relay, { ...take, worker: 43 })).toBeNull();
    expect(await outbox.rows()).toMatchObject([{ attempts: 0 }]);
    await living.end();
    await until(async () => (await claimPending(relay, { ...take, worker: 43 })) !== null);
    expect(await outbox.rows()).toMatchObject([{ attempts: 1 }]);
  });

  it('gives up an event that was in the hands of ten processes that ended, with the reason', async () => {
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    await t.superuser("UPDATE billing_events SET attempts = 10 WHERE data->>'n' = '1'");
    await outbox.dispatcher(() => undefined).drain();
    expect(await outbox.rows()).toMatchObject([
      { status: 'dead', last_error: expect.stringContaining('processes that ended') },
      { status: 'published' },
    ]);
  });

  it('gives no second position to an event that another dispatcher published meanwhile', async () => {
    const event_id = await t.transact((tx) => emit(tx, happened(1)));
    const [row] = await t.superuser<{ recorded_at: string }>('SELECT recorded_at FROM billing_events');
    const event = { tenant_id: t.tenant_id, event_id, recorded_at: row!.recorded_at };
    const settlement: Settlement = { event, outcome: 'published', delay_ms: 0, attempts: 0, last_error: null };
    const nothing = { ended: [], shortened: [], aggregates: [] };
    const marked = await Promise.all(
      [1, 2, 3].map(() => settleEvents(t.postgres.pool('relay'), 'publish', [settlement], nothing)),
    );
    expect(marked.map((rows) => rows.length).sort()).toEqual([0, 0, 1]);
    expect(await t.superuser('SELECT last FROM event_position')).toEqual([{ last: '1' }]);
  });

  it("gives each tenant its part of every batch, so that no backlog delays another tenant's single event beyond the batch under way", async () => {
    await t.superuser(
      `INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at)
       SELECT $1, gen_random_uuid(), 'thing.happened', 1, '/test', 'thing', 'thing-' || n, jsonb_build_object('n', n), 'c', now() FROM generate_series(1, 20000) AS n`,
      [t.tenant_id],
    );
    await t.transact((tx) => emit(tx, happened(1)), { tenant_id: t.other_tenant_id });
    const take = { worker: 42, limit: 200, from_tenant: zero, except: [] };
    const next = await claimPending(t.postgres.pool('relay'), take);
    const of = (tenant_id: string) => next!.events.filter((event) => event.tenant_id === tenant_id).length;
    expect([of(t.tenant_id), of(t.other_tenant_id)]).toEqual([100, 1]);
  });

  it('finishes what is under way when it is stopped, and claims nothing more', async () => {
    let done = 0;
    const one = outbox.dispatcher(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        done += 1;
      },
      { batch: 1 },
    );
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    one.start();
    await until(async () => (await t.superuser('SELECT 1 FROM event_lease')).length === 1);
    await one.stop();
    expect(done).toBe(1);
    expect(await outbox.rows()).toMatchObject([{ status: 'published' }, { status: 'pending', attempts: 0 }]);
    expect(await t.superuser('SELECT 1 FROM event_lease')).toEqual([]);
  });

  it('tries again what a bus that hangs or throws did not answer for, and is not ready until it answers', async () => {
    let hangs = true;
    const one = outbox.dispatcher(() => undefined, {
      answer_within_ms: 50,
      publisher: {
        publish: async (envelopes) => {
          if (hangs) await new Promise(() => undefined);
          return envelopes.map(() => null);
        },
      },
    });
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2, 'b')]));
    expect(one.isReady()).toBe(true);
    await one.drain();
    expect(one.isReady()).toBe(false);
    expect(await outbox.rows()).toMatchObject([
      { status: 'pending', attempts: 1, last_error: expect.stringContaining('did not answer') },
      { status: 'pending', attempts: 1 },
    ]);
    hangs = false;
    await outbox.makeDue();
    await one.drain();
    expect((await outbox.rows()).map((row) => row.status)).toEqual(['published', 'published']);
    expect(one.isReady()).toBe(true);
  });
});
