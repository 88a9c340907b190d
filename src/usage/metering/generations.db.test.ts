import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { storeUncommitted, testUsage } from '../../../test/support/usage.ts';
import { migrateDown, migrateUp } from '../../platform/migrate.ts';
import type { UsageInput } from './model.ts';
import { tendGenerations } from './service/generations.ts';
import { createIngest } from './service/ingest.ts';
import { selectLinkedEvents, selectOriginals } from './sql/corrections.ts';
import { beginStoring, beginTending, endTending } from './sql/generations.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-03-01T00:00:00Z');
const org_id = await usage.organization();
await usage.sku('mail');
const time = '2026-02-10T08:00:00Z';

let sequence = 0;
const event = (over: Partial<UsageInput> = {}): UsageInput => {
  sequence += 1;
  return { request_id: `g-${sequence}`, org_id, sku: 'mail', quantity: '1', time, ...over };
};
const send = (events: readonly UsageInput[], ingest = usage.ingest) => ingest.ingestEvents(t.tenant_id, events, { now });
const states = async () =>
  (await t.superuser<{ gen: number; state: string }>('SELECT gen, state FROM metering_generation ORDER BY gen')).map(
    ({ gen, state }) => `${gen} ${state}`,
  );
const hot = async () => (await t.superuser<{ gen: number }>("SELECT gen FROM metering_generation WHERE state = 'hot'"))[0]!.gen;
const roll = async () => tendGenerations(t.postgres, { over: await hot() });
const defects = () => t.superuser('SELECT * FROM audit');

it('knows an event again whatever generation it is in, and tells another body from it', async () => {
  const old = [event(), event()];
  await send(old);
  await roll();
  const sealed = [event(), event()];
  await send(sealed);
  // Nobody closes it for the time being.
  const tending = await t.postgres.pool('ingest').connect();
  expect(await beginTending(tending)).toBe(true);
  await t.superuser('SELECT metering_roll($1)', [await hot()]);
  const fresh = [event(), event()];
  await send(fresh);
  expect(await states()).toEqual(['1 closed', '2 sealed', '3 hot']);

  const all = [...old, ...sealed, ...fresh];
  // A process that has just started has no filters: it asks each generation.
  for (const ingest of [usage.ingest, createIngest({ ...t.postgres }, { queue_events: 1000 })]) {
    const again = await send(all, ingest);
    expect(again).toMatchObject({ accepted: 0, duplicates: 6, rejected: [] });
    const leaves = await t.superuser<{ leaf: Buffer }>(
      'SELECT leaf FROM metering_event WHERE request_id = ANY ($1) ORDER BY request_id',
      [all.map((one) => one.request_id)],
    );
    expect(again.leaves).toEqual(leaves.map((row) => row.leaf));
    const others = all.map((one) => ({ ...one, quantity: '2' }));
    expect((await send(others, ingest)).rejected.map((one) => one.code)).toEqual(all.map(() => 'request_id_conflict'));
  }
  await endTending(tending);
  tending.release();
  await tendGenerations(t.postgres, { over: null });
  expect(await states()).toEqual(['1 closed', '2 closed', '3 hot']);
  expect(await defects()).toEqual([]);
});

it('keeps one request id of two tenants apart in every generation', async () => {
  const theirs = await usage.organization({ tenant_id: t.other_tenant_id });
  await usage.sku('mail', { tenant_id: t.other_tenant_id });
  const mine = event();
  await send([mine]);
  await roll();
  const ingest = createIngest({ ...t.postgres }, { queue_events: 1000 });
  expect(await ingest.ingestEvents(t.other_tenant_id, [{ ...mine, org_id: theirs }], { now })).toMatchObject({ accepted: 1 });
  expect(await send([mine], ingest)).toMatchObject({ duplicates: 1 });
});

it('opens the next generation when one is full, and closes the last one, while events keep coming', async () => {
  const before = await hot();
  // 75 keys are a page, and two pages a generation here.
  const ingest = createIngest(t.postgres, { queue_events: 100_000, generation_events: 170 });
  const events = Array.from({ length: 900 }, () => event());
  for (let at = 0; at < events.length; at += 60) {
    await send(events.slice(at, at + 60), ingest);
    await send(events.slice(0, at + 60), ingest);
  }
  await ingest.close();
  expect(await hot()).toBeGreaterThan(before + 1);
  const rows = await t.superuser('SELECT FROM metering_event WHERE request_id = ANY ($1)', [events.map((one) => one.request_id)]);
  expect(rows).toHaveLength(900);
  expect(await defects()).toEqual([]);
});

it('opens the next generation with the month, and none for a month in which nothing came', async () => {
  await send([event()]);
  await roll();
  const before = await hot();
  await t.superuser("UPDATE metering_generation SET month = '2020-01-01' WHERE state = 'hot'");
  await tendGenerations(t.postgres, { over: null });
  const [empty] = await t.superuser<{ is_now: boolean }>(
    "SELECT month = date_trunc('month', now() AT TIME ZONE 'UTC') AS is_now FROM metering_generation WHERE state = 'hot'",
  );
  expect([await hot(), empty]).toEqual([before, { is_now: true }]);
  await send([event()]);
  await t.superuser("UPDATE metering_generation SET month = '2020-01-01' WHERE state = 'hot'");
  await tendGenerations(t.postgres, { over: null });
  expect(await hot()).toBe(before + 1);
});

it('fills the keys again that a crash has emptied, before anything else is stored', async () => {
  const closing = [event(), event()];
  await send(closing);
  await t.superuser('SELECT metering_roll($1)', [await hot()]);
  const last = [event(), event()];
  await send(last);
  // As PostgreSQL leaves unlogged tables after a crash.
  await t.superuser('TRUNCATE metering_key_0, metering_key_1');
  expect(await defects()).toEqual([]);
  const outcomes = await Promise.all([send([...closing, event()]), send([...last, event()]), send([...last, ...closing])]);
  expect(outcomes.map(({ accepted, duplicates }) => [accepted, duplicates])).toEqual([
    [1, 2],
    [1, 2],
    [0, 4],
  ]);
  await tendGenerations(t.postgres, { over: null });
  expect(await defects()).toEqual([]);
});

it('closes a generation whose keys a crash has emptied, though nothing more is stored', async () => {
  await send([event()]);
  const gen = await hot();
  await t.superuser('SELECT metering_roll($1)', [gen]);
  await t.superuser('TRUNCATE metering_key_0, metering_key_1');
  const tended = async () => {
    await tendGenerations(t.postgres, { over: null });
    return states();
  };
  // An earlier sender may be tending still.
  await expect.poll(tended).toContain(`${gen} closed`);
  expect(await defects()).toEqual([]);
});

it('finds an event by its request id wherever it is, also while the keys are gone', async () => {
  const events: UsageInput[] = [];
  const found = () => t.read(async (db) => (await selectLinkedEvents(db, ids)).map((row) => [row.request_id, row.org_id]).sort());
  const add = async (over: Partial<UsageInput> = {}) => {
    events.push(event(over));
    await send([events.at(-1)!]);
  };
  const theirs = await usage.organization({ tenant_id: t.other_tenant_id });
  await add();
  await usage.send([{ ...events[0]!, org_id: theirs }], { tenant_id: t.other_tenant_id });
  await roll();
  await add();
  await t.superuser('SELECT metering_roll($1)', [await hot()]);
  await add();
  const ids = ['nothing', ...events.map(({ request_id }) => request_id)];
  // One is closed, one is sealed, one is hot.
  const all = ids.slice(1).map((request_id) => [request_id, org_id]);
  expect(await found()).toEqual(all);
  await t.superuser('TRUNCATE metering_key_0, metering_key_1');
  expect(await found()).toEqual(all);
  await send([event()]);
  expect(await found()).toEqual(all);
  await tendGenerations(t.postgres, { over: null });
  expect(await found()).toEqual(all);
  expect(await defects()).toEqual([]);
});

it('holds no table when events were looked up, for whoever waits for ingest would hold up the closing that ingest waits for', async () => {
  const locks = await t.transact(async (tx) => {
    expect(await selectOriginals(tx, ['nothing'])).toEqual([]);
    return tx.rows(sql`
      SELECT relation::regclass::text FROM pg_locks
       WHERE pid = pg_backend_pid() AND relation IN ('metering_event'::regclass, 'metering_key_0'::regclass, 'metering_key_1'::regclass)`);
  });
  expect(locks).toEqual([]);
});

it('waits for those who store before it changes generations, and gives up on one that hangs without stopping the others', async () => {
  const client = await t.postgres.pool('ingest').connect();
  const gen = await hot();
  try {
    await storeUncommitted(client, { tenant_id: t.tenant_id, request_id: 'hangs', org_id, sku: 'mail', quantity: '1', time });
    await expect(t.superuser('SELECT metering_roll($1)', [gen])).rejects.toMatchObject({ code: '55P03' });
    expect(await send([event()])).toMatchObject({ accepted: 1 });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  expect(await t.superuser('SELECT metering_roll($1) AS rolled', [gen])).toEqual([{ rolled: true }]);
  expect(await t.superuser('SELECT metering_roll($1) AS rolled', [gen])).toEqual([{ rolled: false }]);
  await tendGenerations(t.postgres, { over: null });
});

it('closes no generation whose filter lacks a key, and takes no filter that was changed', async () => {
  const one = event();
  await send([one]);
  const gen = await hot();
  await t.superuser('SELECT metering_roll($1), metering_index($1)', [gen]);
  await expect(t.superuser("SELECT metering_close($1, 0, '\\x00')", [gen])).rejects.toMatchObject({ code: '55000' });
  await tendGenerations(t.postgres, { over: null });
  await t.superuser('UPDATE metering_generation SET filter = decode(repeat($2, length(filter)), $3) WHERE gen = $1', [
    gen,
    '00',
    'hex',
  ]);
  const ingest = createIngest({ ...t.postgres }, { queue_events: 1000 });
  for (let turn = 0; turn < 2; turn += 1) expect(await send([one], ingest)).toMatchObject({ duplicates: 1 });
  expect(await defects()).toMatchObject([
    { defect: 'U8 closed generation without its filter, its unique key or some of its events' },
  ]);
  await t.superuser('UPDATE metering_generation SET filter = NULL, filter_hash = NULL WHERE gen = $1', [gen]);
  expect(await send([one], ingest)).toMatchObject({ duplicates: 1 });
});

it('has the audit find a request id in two generations, and an event without its key', async () => {
  const one = event();
  await send([one]);
  await roll();
  const plant = (text: string) =>
    t.superuser(
      `WITH fresh AS (${text} RETURNING key)
       INSERT INTO metering_event (gen, tenant_id, request_id, event_id, org_id, sku, quantity, event_time, source, salt, leaf, received_at)
       SELECT $1, $2, $3, gen_random_uuid(), $4, 'mail', 1, now(), 'backend', '\\x00112233445566778899aabbccddeeff', sha256('x'), now() FROM fresh`,
      [gen, t.tenant_id, one.request_id, org_id],
    );
  const gen = await hot();
  await plant(`INSERT INTO metering_key_${gen % 2} VALUES (metering_key($2, $3), '', '')`);
  expect(await defects()).toMatchObject([{ defect: 'U6 request id that is stored twice', what: one.request_id }]);
  await t.superuser(`DELETE FROM metering_key_${gen % 2} WHERE key = metering_key($1, $2)`, [t.tenant_id, one.request_id]);
  expect((await defects()).map((row) => row.defect)).toEqual(['U6 request id that is stored twice', 'U7 event without its key']);
  await t.superuser('ALTER TABLE metering_event DISABLE TRIGGER USER');
  await t.superuser('DELETE FROM metering_event WHERE gen = $1 AND request_id = $2', [gen, one.request_id]);
  for (const trigger of ['deny_row', 'deny_truncate'])
    await t.superuser(`ALTER TABLE metering_event ENABLE ALWAYS TRIGGER ${trigger}`);
  expect(await defects()).toEqual([]);
});

it('stores in read committed transactions alone', async () => {
  const client = await t.postgres.pool('ingest').connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await expect(client.query('SELECT * FROM metering_enter()')).rejects.toMatchObject({ code: '25001' });
    await client.query('ROLLBACK');
    expect(await beginStoring(client)).toMatchObject({ hot: await hot(), is_ready: true });
    await client.query('ROLLBACK');
  } finally {
    client.release();
  }
});

it('lets nobody reach a generation but through the one name, or change it but through the functions', async () => {
  const gen = await hot();
  await send([event()]);
  for (const statement of [
    `UPDATE metering_event_${gen} SET quantity = 2`,
    `DELETE FROM metering_event_${gen}`,
    `TRUNCATE metering_event_${gen}`,
  ]) {
    await expect(t.superuser(statement)).rejects.toMatchObject({ code: '42501', constraint: 'append_only' });
  }
  for (const statement of [
    `SELECT FROM metering_event_${gen}`,
    `DELETE FROM metering_key_${gen % 2}`,
    "UPDATE metering_generation SET state = 'closed'",
    `ALTER TABLE metering_event DETACH PARTITION metering_event_${gen}`,
    'SELECT metering_open(99)',
  ]) {
    await expect(t.postgres.pool('ingest').query(statement)).rejects.toMatchObject({ code: '42501' });
  }
  for (const statement of [
    `SELECT FROM metering_event_${gen}`,
    `SELECT salt, leaf FROM metering_key_0`,
    `SELECT metering_roll(${gen})`,
  ]) {
    await expect(t.postgres.pool('app').query(statement)).rejects.toMatchObject({ code: '42501' });
  }
});

it('takes what was stored before there were generations for the first of them', async () => {
  const admin = inject('admin');
  const name = `generations_${process.pid}`;
  const maintenance = new pg.Client({ ...admin, database: 'postgres' });
  await maintenance.connect();
  await maintenance.query(`CREATE DATABASE ${name} TEMPLATE ${inject('template')}`);
  const client = new pg.Client({ ...admin, database: name, options: '-c search_path=tally,public' });
  await client.connect();
  const plant = async (gen: string) => {
    await client.query(
      `INSERT INTO metering_event (${gen}tenant_id, request_id, event_id, org_id, sku, quantity, event_time, source, salt, leaf, received_at)
       VALUES (${gen === '' ? '' : '1, '}$1, 'early', $1, $1, 'mail', 1, now(), 'backend', '\\x00112233445566778899aabbccddeeff', sha256('x'), now())`,
      [randomUUID()],
    );
  };
  const rows = async () => (await client.query('SELECT request_id FROM metering_event')).rows;
  await plant('gen, ');
  await migrateDown(client, '0219');
  await plant('');
  expect(await rows()).toHaveLength(2);
  await migrateUp(client);
  expect(await rows()).toHaveLength(2);
  expect((await client.query('SELECT gen, state, events FROM metering_generation ORDER BY gen')).rows).toEqual([
    { gen: 0, state: 'closed', events: '2' },
    { gen: 1, state: 'hot', events: null },
  ]);
  expect((await client.query("SELECT * FROM audit WHERE defect ~ '^[UR][0-9]'")).rows).toEqual([]);
  await client.end();
  await maintenance.query(`DROP DATABASE ${name}`);
  await maintenance.end();
});
