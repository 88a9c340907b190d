import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { dataFolder } from '../../../test/support/data-folder.ts';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf } from '../../../test/support/outbox.ts';
import { keepDocumentsIn } from '../../platform/documents.ts';
import { archiveEvents, openEventMonths } from './service/archive.ts';
import { emitMany, listEvents } from './service.ts';

let t: TestDatabase;
let outbox: ReturnType<typeof outboxOf>;
const folder = dataFolder();
afterAll(() => folder.remove());

beforeEach(async () => {
  t = await testDatabase();
  outbox = outboxOf(t);
  keepDocumentsIn(folder.path);
});

const months = async () =>
  (
    await t.superuser<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relname ~ '^billing_events_[0-9_]+$' AND relkind = 'r' ORDER BY 1",
    )
  ).map((row) => row.relname);
/** Emits as if it had been done at that time. */
const emitAt = async (recorded_at: string, ...numbers: number[]) => {
  await t.superuser(`ALTER TABLE billing_events ALTER COLUMN recorded_at SET DEFAULT '${recorded_at}'`);
  await t.transact((tx) =>
    emitMany(
      tx,
      numbers.map((n) => happened(n)),
    ),
  );
  await t.superuser('ALTER TABLE billing_events ALTER COLUMN recorded_at SET DEFAULT clock_timestamp()');
};
const note = { name: 'test.note', react: async () => undefined };

it('has this month and three to come, and opens them again where they are missing', async () => {
  expect(await months()).toHaveLength(4);
  const last = (await months()).at(-1)!;
  await t.superuser(
    `DROP TABLE event_inbox_${last.slice(15)}; ALTER TABLE billing_events DETACH PARTITION ${last}; DROP TABLE ${last}`,
  );
  expect(await openEventMonths(t.postgres)).toBe(1);
  expect(await openEventMonths(t.postgres)).toBe(0);
  expect(await months()).toHaveLength(4);
  expect(await t.superuser("SELECT defect, what FROM audit WHERE defect ~ '^R'")).toEqual([]);
});

it('takes events of a month that nobody opened, and moves them to it, with their reactions, when it is opened', async () => {
  await emitAt('2020-05-31T23:59:59Z', 1);
  await emitAt('2020-06-01T00:00:00Z', 2);
  await outbox.router([note]).drain();
  await outbox.stop();
  const before = await outbox.rows();
  expect(await t.superuser('SELECT 1 FROM billing_events_default')).toHaveLength(2);
  expect(await openEventMonths(t.postgres)).toBe(2);
  expect(await t.superuser('SELECT 1 FROM billing_events_default UNION ALL SELECT 1 FROM event_inbox_default')).toEqual([]);
  expect(await t.superuser('SELECT 1 FROM billing_events_2020_05')).toHaveLength(1);
  expect(await t.superuser('SELECT 1 FROM event_inbox_2020_06')).toHaveLength(1);
  expect(await outbox.rows()).toEqual(before);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
  await expect(t.superuser('DELETE FROM event_inbox')).rejects.toMatchObject({ constraint: 'append_only' });
  await expect(t.superuser('DELETE FROM billing_events')).rejects.toMatchObject({ constraint: 'billing_events_kept' });
});

it('archives a month that is all routed: found whole, gone from the database, positions dense with it', async () => {
  await emitAt('2020-05-10T00:00:00Z', 1, 2);
  await openEventMonths(t.postgres);
  await outbox.router([note]).drain();
  await t.transact((tx) => emitMany(tx, [happened(3), happened(4, 'b')]));
  await outbox.router([note]).drain();
  await outbox.stop();
  const [stored] = await t.superuser<{ event_id: string }>("SELECT event_id FROM billing_events WHERE data->>'n' = '1'");

  expect(await archiveEvents(t.postgres, { before: '2020-05' })).toEqual([]);
  const done = await archiveEvents(t.postgres, { before: '2020-06' });
  expect(done).toEqual([{ month: '2020-05', events: 2, unrouted: 0, document: 'events/2020-05.ndjson.gz' }]);

  const bytes = readFileSync(join(folder.path, 'documents', 'events/2020-05.ndjson.gz'));
  const lines = gunzipSync(bytes)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { event_id: stored!.event_id, position: 1, data: { n: 1 }, reactions: [{ reaction: 'test.note' }] },
    { position: 2, data: { n: 2 } },
  ]);
  const [manifest] = await t.superuser<{ sha256: Buffer; events: string }>('SELECT sha256, events FROM event_archive');
  expect(manifest).toEqual({ sha256: createHash('sha256').update(bytes).digest(), events: '2' });
  expect((await outbox.rows()).map((row) => row.data.n)).toEqual([3, 4]);
  expect((await t.read((db) => listEvents(db, { org_ids: null, limit: 10 }))).data).toHaveLength(2);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
  expect(await months()).toHaveLength(4);

  await t.superuser('UPDATE event_archive_tenant SET events = 1');
  expect((await outbox.defects()).map((row) => row.defect.slice(0, 2))).toEqual(['E1', 'E6']);
});

it('keeps a month in which an event is not routed, dead ones included', async () => {
  await emitAt('2020-05-10T00:00:00Z', 1, 2);
  await openEventMonths(t.postgres);
  await outbox.router([]).drain();
  await outbox.stop();
  await t.superuser("UPDATE billing_events SET routed_at = NULL, status = 'dead', last_error = 'no' WHERE data->>'n' = '2'");
  expect(await archiveEvents(t.postgres, { before: '2021-01' })).toEqual([
    { month: '2020-05', events: 2, unrouted: 1, document: null },
  ]);
  expect(await outbox.rows()).toHaveLength(2);
});

it('names what no index across months can refuse: an event twice, a position twice, an effect twice', async () => {
  await emitAt('2020-05-10T00:00:00Z', 1);
  await outbox.router([note]).drain();
  await outbox.stop();
  await t.superuser(`
    INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at, status, position, published_at, routed_at)
    SELECT tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at, status, position, published_at, routed_at FROM billing_events;
    INSERT INTO event_inbox SELECT i.tenant_id, i.event_id, i.reaction, i.at, e.recorded_at
      FROM event_inbox i JOIN billing_events e USING (tenant_id, event_id) WHERE e.recorded_at > '2021-01-01'`);
  expect((await outbox.defects()).map((row) => row.defect.slice(0, 2))).toEqual(['E3', 'E4', 'E5']);
});
