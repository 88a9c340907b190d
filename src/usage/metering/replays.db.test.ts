import { Readable } from 'node:stream';
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import { correctEvents } from './service/corrections.ts';
import { replayById, replayFile, runReplay, startReplay } from './service/replays.ts';
import { rollUp } from './service/rollup.ts';
import { settledWatermark } from './service/watermark.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const scope = t.scope({ now });
const deps = { postgres: t.postgres, ingest: usage.ingest };
await usage.sku('energy');
await usage.sku('energy', { tenant_id: t.other_tenant_id });
let org_id = '';
beforeEach(async () => {
  org_id = await usage.organization();
});

let sequence = 0;
const event = (over: object = {}) => {
  sequence += 1;
  return { request_id: `r-${sequence}`, org_id, sku: 'energy', quantity: '2', time: '2026-05-01T00:00:00Z', ...over };
};
const lines = (rows: readonly unknown[]) => rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');
/** In pieces of 100 bytes, so that lines and characters are cut anywhere. */
const replay = (text: string | Buffer, over: { tenant_id?: string; org_ids?: string[] } = {}) => {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, at) => bytes.subarray(at * 100, at * 100 + 100));
  return replayFile(deps, { ...scope, ...over }, Readable.from(pieces), over.org_ids ?? null);
};
const stored = (tenant_id = t.tenant_id) =>
  t.superuser<Record<string, unknown>>(
    `SELECT request_id, sku, quantity::text, amount::text, properties, metadata, event_time AS time, source, voids, amends, absorbed, org_id
       FROM metering_event WHERE tenant_id = $1 ORDER BY request_id COLLATE "C"`,
    [tenant_id],
  );
const auditIsEmpty = async () => {
  for (const tenant_id of [t.tenant_id, t.other_tenant_id])
    await rollUp(t.postgres, tenant_id, await settledWatermark(t.postgres), now);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
};

it('takes what is new with the source replay, and leaves what is there as it is, whatever its source', async () => {
  const [known, changed, fresh] = [
    event({ source: 'meter', metadata: { n: 1, é: ['x'] } }),
    event(),
    event({ source: 'backend' }),
  ];
  await usage.send([known, changed] as never[]);
  const file = lines([known, { ...changed, quantity: '3' }, fresh, fresh]);
  const outcome = await replay(file);
  expect(outcome).toMatchObject({
    accepted: 1,
    duplicates: 2,
    rejected: 1,
    rejections: [{ line: 2, request_id: changed.request_id, code: 'request_id_conflict' }],
  });
  const sources = new Map((await stored()).map((row) => [row.request_id, row.source]));
  expect([known, changed, fresh].map(({ request_id }) => sources.get(request_id))).toEqual(['meter', 'backend', 'replay']);
  expect(await replay(file)).toMatchObject({ accepted: 0, duplicates: 3, rejections: [{ code: 'request_id_conflict' }] });
  await auditIsEmpty();
});

it('names each row that cannot be taken, and takes the others', async () => {
  const good = [event(), event({ time: '2026-05-02T00:00:00Z' })];
  const outcome = await replay(
    Buffer.concat([
      Buffer.from(
        `\ufeff${lines([good[0]!, '{"request_id":', '', '[]', event({ colour: 'red' }), event({ quantity: 'NaN' }), event({ org_id: 'x' }), '{"a":1,"a":2}', `{"a":"${'x'.repeat(1_100_000)}"}`])}\n`,
      ),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(JSON.stringify(good[1])),
    ]),
  );
  expect(outcome).toMatchObject({ accepted: 2, duplicates: 0 });
  expect(outcome.rejections.map(({ line, code }) => [line, code])).toEqual([
    [2, 'event_invalid'],
    [4, 'event_invalid'],
    [5, 'field_unknown'],
    [6, 'quantity_invalid'],
    [7, 'field_invalid'],
    [8, 'event_invalid'],
    [9, 'event_invalid'],
    [10, 'event_invalid'],
  ]);
  expect(await replay('')).toEqual({ accepted: 0, duplicates: 0, rejected: 0, rejections: [] });
});

it('reads CSV by its header: properties are JSON, and an empty field is absent', async () => {
  const [a, b, c] = [event(), event(), event()];
  const row = (each: typeof a, rest: string) => `${each.request_id},${org_id},energy,${rest}`;
  const outcome = await replay(
    [
      'request_id,org_id,sku,quantity,amount,time,properties',
      row(a, '2.5,,2026-05-01T00:00:00Z,"{""region"": ""au"",\n ""n"": 1}"'),
      row(b, '1,0.5,2026-05-01T00:00:00Z,'),
      row(c, '1,0.5,2026-05-01T00:00:00Z'),
      row(c, '1,,2026-05-01T00:00:00Z,{'),
      row(c, '1,,yesterday,'),
    ].join('\r\n'),
  );
  expect(outcome.accepted).toBe(2);
  expect(outcome.rejections.map(({ code }) => code).sort()).toEqual(['event_invalid', 'event_invalid', 'time_invalid']);
  const found = new Map((await stored()).map((each) => [each.request_id, each]));
  expect(found.get(a.request_id)).toMatchObject({ quantity: '2.5', amount: null, properties: { region: 'au', n: 1 } });
  expect(found.get(b.request_id)).toMatchObject({ amount: '0.5', properties: null });
});

it('brings corrections back with what they correct, in any order and however long the chain', async () => {
  const [one, two, three] = [event(), event(), event()];
  await usage.send([one, two, three]);
  const said = { reason: 'wrong', source: 'manual' as const };
  const correct = (item: object) =>
    t.transact((tx) => correctEvents(t.postgres, tx, [{ ...said, ...item } as never], null), { now });
  await correct({ voids: one.request_id });
  await correct({ amends: two.request_id, quantity: '7', request_id: `b-${two.request_id}` });
  await correct({ amends: `b-${two.request_id}`, quantity: '8', request_id: `a-${two.request_id}` });
  const mine = (await stored()).filter((row) => row.org_id === org_id);
  // Two of the three corrections have a replacement: 3 events, 3 counter-events, 2 replacements.
  expect(mine).toHaveLength(8);
  const exported = mine.map(({ absorbed: _absorbed, ...row }) => ({ ...row, event_id: 'any', leaf: 'any', received_at: 'any' }));
  expect(await replay(lines(exported))).toEqual({ accepted: 0, duplicates: 8, rejected: 0, rejections: [] });
  // Into an empty store, backwards: each round brings what the round before made possible.
  const other = await usage.organization({ tenant_id: t.other_tenant_id });
  const moved = exported.map((row) => ({ ...row, org_id: other })).reverse();
  expect(await replay(lines(moved), { tenant_id: t.other_tenant_id })).toEqual({
    accepted: 8,
    duplicates: 0,
    rejected: 0,
    rejections: [],
  });
  expect((await stored(t.other_tenant_id)).map((row) => ({ ...row, org_id, source: null }))).toEqual(
    mine.map((row) => ({ ...row, source: null })),
  );
  await auditIsEmpty();
});

it('takes no counter-event that is not the opposite of what is stored, and no replacement beside what stands', async () => {
  const one = event();
  await usage.send([one]);
  const counter = { ...one, request_id: `void:${one.request_id}`, voids: one.request_id, quantity: '-2' };
  const outcome = await replay(
    lines([
      { ...counter, quantity: '-3' },
      { ...counter, request_id: 'void:other' },
      { ...counter, amends: one.request_id },
      { ...counter, request_id: 'void:nothing', voids: 'nothing' },
      event({ amends: one.request_id }),
      { ...counter, voids: undefined },
    ]),
  );
  expect(outcome).toMatchObject({ accepted: 0, duplicates: 0 });
  expect(outcome.rejections.map(({ line, code }) => [line, code])).toEqual([
    [1, 'field_invalid'],
    [2, 'field_invalid'],
    [3, 'field_invalid'],
    [4, 'event_not_found'],
    [5, 'event_not_found'],
    [6, 'field_invalid'],
  ]);
});

it('takes no replacement but the one that its counter-event names, so that an event is replaced once', async () => {
  const [amended, voided] = [event(), event()];
  await usage.send([amended, voided]);
  const said = { reason: 'wrong', source: 'manual' as const };
  const items = [
    { ...said, amends: amended.request_id, quantity: '7' },
    { ...said, voids: voided.request_id },
  ];
  await t.transact((tx) => correctEvents(t.postgres, tx, items, null), { now });
  const outcome = await replay(lines([event({ amends: amended.request_id }), event({ amends: voided.request_id })]));
  expect(outcome).toMatchObject({ accepted: 0, duplicates: 0, rejected: 2 });
  expect(outcome.rejections.map(({ code }) => code)).toEqual(['field_invalid', 'field_invalid']);
  await auditIsEmpty();
});

it('knows no organization beyond those of the caller, and none of their events', async () => {
  const [one, foreign] = [event(), event()];
  await usage.send([foreign]);
  const own = await usage.organization();
  const counter = { ...foreign, request_id: `void:${foreign.request_id}`, voids: foreign.request_id, quantity: '-2' };
  const probes = [one, { ...counter, org_id: own }, { ...counter, voids: 'nothing', org_id: own }];
  const { rejections } = await replay(lines(probes), { org_ids: [own] });
  // An event of another organization is answered as one that does not exist.
  expect(rejections.map(({ line, code }) => [line, code])).toEqual([
    [1, 'org_unknown'],
    [2, 'event_not_found'],
    [3, 'event_not_found'],
  ]);
});

it('reads the store to its end, also after a kill, and changes nothing there', async () => {
  const many = Array.from({ length: 6000 }, (_, at) => event({ time: now.subtract({ minutes: at + 1 }).toString() }));
  await usage.send(many);
  const before = await stored();
  const range = { org_id, from: '2026-01-01T00:00:00Z', to: '2026-06-01T00:00:00Z' };
  const { replay_id } = await t.transact((tx) => startReplay(tx, range, null), { now });
  let writes = 0;
  const dying = {
    ...t.postgres,
    transact: ((given, work) => {
      writes += 1;
      if (writes === 2) throw new Error('killed');
      return t.postgres.transact(given, work);
    }) as typeof t.postgres.transact,
  };
  await expect(runReplay({ ...deps, postgres: dying }, scope, replay_id)).rejects.toThrow('killed');
  expect(await runReplay(deps, scope, replay_id, AbortSignal.abort())).toBe(false);
  expect(await runReplay(deps, scope, replay_id)).toBe(true);
  expect(await t.read((db) => replayById(db, replay_id, null))).toMatchObject({
    status: 'completed',
    accepted: 0,
    duplicates: 6000,
    rejected: 0,
  });
  expect(await stored()).toEqual(before);
  await auditIsEmpty();
});
