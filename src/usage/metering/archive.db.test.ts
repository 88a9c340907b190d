import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import { keepDocumentsIn } from '../../platform/documents.ts';
import type { UsageInput, UsageTake } from './model.ts';
import { archiveUsage } from './service/archive.ts';
import { requireUnarchived } from './service/archived.ts';
import { correctEvents } from './service/corrections.ts';
import { startDeprecation } from './service/deprecations.ts';
import { tendGenerations } from './service/generations.ts';
import { createIngest } from './service/ingest.ts';
import { startReplay } from './service/replays.ts';
import { rollUp } from './service/rollup.ts';
import { type UsageQuery, usageOf } from './service/usage.ts';
import { settledWatermark } from './service/watermark.ts';
import { closeUsage, daysOfTake, eventsOfTake, firstEventsOfTake, takeUsage } from './service.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'tallystick-documents-'));
keepDocumentsIn(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const sku of ['mail', 'energy']) await usage.sku(sku);

let sequence = 0;
const event = (org_id: string, time: string, over: Partial<UsageInput> = {}): UsageInput => {
  sequence += 1;
  return { request_id: `a-${sequence}`, org_id, sku: 'mail', quantity: `${sequence % 7}.25`, time, ...over };
};
const rollUpAll = async () => rollUp(t.postgres, t.tenant_id, await settledWatermark(t.postgres), now);
const closeTo = (org_id: string, closed_until: string) => t.transact((tx) => closeUsage(tx, [{ org_id, closed_until }]));
/** Rolls and closes, and has the closed generation be of a month. */
const closeGeneration = async (month: string) => {
  const [hot] = await t.superuser<{ gen: number }>("SELECT gen FROM metering_generation WHERE state = 'hot'");
  await tendGenerations(t.postgres, { over: hot!.gen });
  await t.superuser('UPDATE metering_generation SET month = $2 WHERE gen = $1', [hot!.gen, month]);
  return hot!.gen;
};
const states = async () =>
  (await t.superuser<{ gen: number; state: string }>('SELECT gen, state FROM metering_generation ORDER BY gen')).map(
    ({ gen, state }) => `${gen} ${state}`,
  );
const answers = (takes: readonly UsageTake[]) =>
  t.read(async (db) => ({
    taken: await takeUsage(db, takes),
    each: await Promise.all(
      takes.map(async (take) => ({
        days: await daysOfTake(db, take),
        events: await Array.fromAsync(eventsOfTake(db, take)),
        first: await firstEventsOfTake(db, take, 3),
      })),
    ),
  }));
const rollups = () =>
  t.superuser('SELECT org_id, sku, day, count, quantity_sum, root FROM usage_rollup ORDER BY org_id, sku, day');
const documents = () => readdirSync(join(folder, 'documents', 'usage', '2026-01')).sort();

const [sydney, utc] = [await usage.organization({ time_zone: 'Australia/Sydney' }), await usage.organization()];
const times = Array.from({ length: 1500 }, (_, at) =>
  Temporal.Instant.from('2026-01-02T00:00:00Z')
    .add({ minutes: at * 27 })
    .toString(),
);
const events = times.flatMap((time, at) => [
  event(sydney, time, { properties: { note: `line ${at}\u2028of "two"`, deep: { list: [1, 2.5, 1e21, null] } } }),
  event(utc, time, { sku: 'energy', amount: '1.5', metadata: { n: at } }),
]);
await usage.send(events);
const watermark = await rollUpAll();
const take = (org_id: string, sku: string, from: string, to: string, over: object = {}): UsageTake => ({
  org_id,
  sku,
  time_zone: org_id === sydney ? 'Australia/Sydney' : 'UTC',
  rectangles: [{ from, to, arrived_from: '0', arrived_to: watermark, ...over }],
});
const takes = [
  // Whole days of Sydney; parts of its days, which are minutes 4,440 to 10,290 of the beginning, so the 165th to the 381st event; whole days of
  // UTC; half an hour; nothing.
  take(sydney, 'mail', '2025-12-31T13:00:00Z', '2026-01-31T13:00:00Z'),
  take(sydney, 'mail', '2026-01-05T02:00:00Z', '2026-01-09T03:30:00Z'),
  take(utc, 'energy', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
  take(utc, 'energy', '2026-01-05T00:00:00Z', '2026-01-05T00:30:00Z'),
  take(utc, 'mail', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
];

it('keeps what is not billed or not rolled up, and says who holds it', async () => {
  const gen = await closeGeneration('2026-01-01');
  await closeTo(sydney, '2026-02-01T00:00:00Z');
  const [stays] = await archiveUsage(t.postgres, { before: '2026-02' });
  expect(stays).toMatchObject({
    gen,
    month: '2026-01-01',
    events: 3000,
    document: null,
    unsettled: [{ tenant_id: t.tenant_id, org_id: utc, reason: 'not_billed' }],
  });
  await closeTo(utc, '2026-02-01T00:00:00Z');
  expect(await archiveUsage(t.postgres, { before: '2026-01' })).toEqual([]);
  expect(await archiveUsage(t.postgres, { before: '2026-02', dry_run: true })).toMatchObject([{ unsettled: [], document: null }]);
  expect(await states()).toEqual(['1 closed', '2 hot']);
});

it('goes on where it was stopped, and drops nothing whose document is not whole', async () => {
  const document = join(folder, 'documents', 'usage', '2026-01', 'generation-1.ndjson.gz');
  // Somebody reads: the events cannot be dropped now, but document and manifest are there.
  const reader = await t.postgres.pool('app').connect();
  await reader.query('BEGIN; LOCK TABLE ONLY metering_event IN ACCESS SHARE MODE');
  await expect(archiveUsage(t.postgres, { before: '2026-02' })).rejects.toMatchObject({ code: '55P03' });
  await reader.query('ROLLBACK');
  reader.release();
  expect(await states()).toEqual(['1 closed', '2 hot']);
  expect(await t.superuser('SELECT events FROM metering_archive')).toEqual([{ events: '3000' }]);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);

  const whole = readFileSync(document);
  writeFileSync(document, whole.subarray(0, whole.length - 100));
  await expect(archiveUsage(t.postgres, { before: '2026-02' })).rejects.toThrow();
  expect(await states()).toEqual(['1 closed', '2 hot']);
  writeFileSync(document, whole);

  const before = await answers(takes);
  expect(before.taken.map((each) => each.count)).toEqual([1500, 217, 1500, 2, 0]);
  expect(await archiveUsage(t.postgres, { before: '2026-02' })).toMatchObject([
    { document: 'usage/2026-01/generation-1.ndjson.gz' },
  ]);
  expect(await states()).toEqual(['1 archived', '2 hot']);
  expect(await t.superuser('SELECT FROM metering_event')).toEqual([]);
  expect(documents()).toEqual(['generation-1.ndjson.gz']);
  expect(await answers(takes)).toEqual(before);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

it('writes a document that anybody can read: a line an event, in order', () => {
  const text = gunzipSync(readFileSync(join(folder, 'documents', 'usage', '2026-01', 'generation-1.ndjson.gz'))).toString();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as UsageInput & { salt: string; leaf: string });
  expect(lines).toHaveLength(3000);
  const [one] = lines.filter((line) => line.request_id === 'a-2');
  expect(one).toMatchObject({
    org_id: utc,
    sku: 'energy',
    quantity: '2.25',
    amount: '1.5',
    metadata: { n: 0 },
    properties: null,
  });
  expect(one!.leaf).toMatch(/^\\x[0-9a-f]{64}$/);
});

it('knows archived events again, and tells another body from them, in this process and in a new one', async () => {
  const some = [events[0]!, events[7]!, events[2999]!];
  for (const ingest of [usage.ingest, createIngest({ ...t.postgres }, { queue_events: 1000 })]) {
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await ingest.ingestEvents(t.tenant_id, some, { now })).toMatchObject({ accepted: 0, duplicates: 3, rejected: [] });
      const others = some.map((one) => ({ ...one, quantity: '99' }));
      const { rejected } = await ingest.ingestEvents(t.tenant_id, others, { now });
      expect(rejected.map((each) => each.code)).toEqual(Array(3).fill('request_id_conflict'));
    }
  }
});

it('rolls archived days up again with what came late for them', async () => {
  const [before] = (await answers([takes[0]!])).taken;
  await usage.send([event(sydney, '2026-01-10T00:00:00Z', { quantity: '1000' })]);
  const later = await rollUpAll();
  const day = { from: '2026-01-09T13:00:00Z', to: '2026-01-10T13:00:00Z' };
  const late = take(sydney, 'mail', day.from, day.to, { arrived_from: watermark, arrived_to: later });
  const all = take(sydney, 'mail', '2025-12-31T13:00:00Z', '2026-01-31T13:00:00Z', { arrived_to: later });
  const after = await answers([takes[0]!, late, all]);
  expect(after.taken[0]).toEqual(before);
  expect(after.taken[1]).toMatchObject({ count: 1, late_count: 1, quantity_sum: '1000' });
  expect(after.taken[2]).toMatchObject({ count: 1501, quantity_max: '1000' });
  expect(after.each[2]!.events.filter((one) => one.event.quantity === '1000')).toHaveLength(1);
});

it('cuts archived days anew for an organization that moves, and back', async () => {
  const before = await rollups();
  await t.superuser("UPDATE organization SET default_timezone = 'America/New_York' WHERE org_id = $1", [sydney]);
  await usage.send([event(utc, '2026-02-20T00:00:00Z')]);
  await rollUpAll();
  const moved = await rollups();
  const count = (rows: object[]) => (rows as { count: string }[]).reduce((sum, row) => sum + Number.parseInt(row.count, 10), 0);
  expect(count(moved)).toBe(count(before) + 1);
  expect(moved).not.toEqual(before);
  await t.superuser("UPDATE organization SET default_timezone = 'Australia/Sydney' WHERE org_id = $1", [sydney]);
  await usage.send([event(utc, '2026-02-21T00:00:00Z')]);
  await rollUpAll();
  const back = (await rollups()).filter((row) => row.org_id === sydney);
  expect(back).toEqual(before.filter((row) => row.org_id === sydney));
});

it('refuses by name what only archived events could answer', async () => {
  const ask = (from: string, to: string, org_ids: string[] | null = [utc]) =>
    t.read((db) => requireUnarchived(db, { org_ids, from, to }));
  await expect(ask('2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z')).rejects.toMatchObject({
    code: 'usage_archived',
    status: 422,
  });
  await expect(ask('2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z', null)).rejects.toMatchObject({ code: 'usage_archived' });
  await ask('2026-02-15T00:00:00Z', '2026-02-16T00:00:00Z');
  await ask('2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z', []);

  const usageIn = (over: Partial<UsageQuery>) =>
    t.read((db) =>
      usageOf(db, { org_id: utc, from: '2026-01-01', to: '2026-02-01', window: 'month', group_by: [], org_ids: null, ...over }),
    );
  expect((await usageIn({})).data).toMatchObject([{ start: '2026-01-01', count: 1500 }]);
  expect((await usageIn({ window: 'day', from: '2026-01-05', to: '2026-01-06' })).data).toMatchObject([{ start: '2026-01-05' }]);
  await expect(usageIn({ window: 'hour', from: '2026-01-05', to: '2026-01-06' })).rejects.toMatchObject({
    code: 'usage_archived',
  });
  await expect(usageIn({ from: '2026-01-05T00:30:00Z' })).rejects.toMatchObject({ code: 'usage_archived' });
});

it('answers usage by whole days, news included, and refuses what it would leave archived events out of', async () => {
  const month = { org_id: sydney, from: '2026-01-01', to: '2026-02-01', window: 'month', group_by: [], org_ids: null } as const;
  const ask = (over: object = {}) => t.read((db) => usageOf(db, { ...month, ...over }));
  const total = async () => (await ask()).data.map(({ count, quantity_max }) => ({ count, quantity_max }));
  // 1,500 events are archived, one came late, and so does another.
  const late = event(sydney, '2026-01-12T00:00:00Z', { quantity: '2000' });
  await usage.send([late]);
  expect(await total()).toEqual([{ count: 1502, quantity_max: '2000' }]);
  await rollUpAll();
  const item = { voids: late.request_id, reason: 'wrong', source: 'manual' as const };
  await t.transact((tx) => correctEvents(t.postgres, tx, [item], null), { now });
  // The day's rollup still has the voided event's quantity as the largest; what it counts, it counts without.
  expect(await total()).toMatchObject([{ count: 1501 }]);
  await rollUpAll();
  expect(await total()).toEqual([{ count: 1501, quantity_max: '1000' }]);

  const refused = [
    { window: 'hour', from: '2026-01-05', to: '2026-01-06' },
    { window: 'day', from: '2026-01-05T00:00:00Z', to: '2026-01-06T00:00:00Z' },
    { group_by: ['project_id'] },
    { org_id: undefined, sku: 'mail', group_by: ['project_id'] },
  ];
  for (const over of refused) await expect(ask(over)).rejects.toMatchObject({ code: 'usage_archived', status: 422 });
  // Nothing of it is archived.
  await ask({ window: 'hour', from: '2026-02-20', to: '2026-02-21' });
});

it('takes nothing back and reads nothing again of a range that is archived', async () => {
  const range = { from: '2026-01-05T00:00:00Z', to: '2026-01-06T00:00:00Z', sku: 'mail' } as const;
  const start = (over: object = {}) =>
    t.transact((tx) => startDeprecation(tx, { ...range, org_id: sydney, reason: 'wrong', source: 'manual', ...over }, null), {
      now,
    });
  await expect(start()).rejects.toMatchObject({ code: 'usage_archived' });
  await expect(t.transact((tx) => startReplay(tx, range, null), { now })).rejects.toMatchObject({ code: 'usage_archived' });
  await start({ from: '2026-02-15T00:00:00Z', to: '2026-02-16T00:00:00Z' });
});

it('says so when a document was changed or is gone, and answers nothing wrong', async () => {
  const document = join(folder, 'documents', 'usage', '2026-01', 'generation-1.ndjson.gz');
  const whole = readFileSync(document);
  const changed = Buffer.from(whole);
  for (let at = 0; at < changed.length; at += 500) changed[at]! ^= 1;
  writeFileSync(document, changed);
  const asked = () => t.read((db) => Array.fromAsync(eventsOfTake(db, takes[1]!)));
  await expect(asked()).rejects.toMatchObject({ code: 'usage_archive_unreadable', status: 503 });
  rmSync(document);
  await expect(asked()).rejects.toMatchObject({ code: 'usage_archive_unreadable' });
  writeFileSync(document, whole);
  expect(await asked()).toHaveLength(217);
});

it('has the audit find an archived request id that is stored again, and a missing key', async () => {
  await t.superuser('ALTER TABLE metering_archive_key DISABLE TRIGGER USER');
  await t.superuser('CREATE TABLE public.saved AS SELECT * FROM metering_archive_key');
  await t.superuser('DELETE FROM metering_archive_key');
  expect(await usage.ingest.ingestEvents(t.tenant_id, [events[5]!], { now })).toMatchObject({ accepted: 1 });
  expect(await t.superuser('SELECT * FROM audit')).toMatchObject([
    { defect: 'U10 archived generation without its manifest, its blocks or some of its keys', what: '1' },
  ]);
  await t.superuser('INSERT INTO metering_archive_key SELECT * FROM public.saved');
  expect(await t.superuser('SELECT * FROM audit')).toMatchObject([
    { defect: 'U9 request id that is archived and stored again', what: events[5]!.request_id },
  ]);
});
