import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { counterOf } from './decide/event.ts';
import type { UsageEvent, UsageInput } from './model.ts';
import { writePairs } from './service/correction-write.ts';
import { inFlush } from './service/ingest-write.ts';
import { rollUp } from './service/rollup.ts';
import { type UsageQuery, usageOf } from './service/usage.ts';
import { settledWatermark } from './service/watermark.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const aggregations = ['sum', 'count', 'max', 'min', 'latest', 'unique_count', 'average', 'weighted_sum'];
for (const aggregation of aggregations)
  await usage.sku(aggregation, { aggregation, dimensions: ['user.id', 'region'], allow_negative: true });

let sequence = 0;
const event = (org_id: string, sku: string, time: string, quantity: string, over: Partial<UsageInput> = {}): UsageInput => {
  sequence += 1;
  return { request_id: `r-${`${sequence}`.padStart(6, '0')}`, org_id, sku, quantity, time, ...over };
};
const rollUpAll = async () => rollUp(t.postgres, t.tenant_id, await settledWatermark(t.postgres), now);
const ask = async (query: Partial<UsageQuery>) =>
  t.read((db) => usageOf(db, { from: '2026-05-01', to: '2026-06-01', window: 'day', group_by: [], org_ids: null, ...query }));
const values = async (query: Partial<UsageQuery>) => (await ask(query)).data.map(({ start, value }) => [start, value]);

it('gives each SKU’s own aggregation, the same from rollups, from events, and from both', async () => {
  const org_id = await usage.organization({ time_zone: 'UTC' });
  const sent = (sku: string) => [
    event(org_id, sku, '2026-05-01T06:00:00Z', '8', { properties: { region: 'eu', 'user.id': 'a' } }),
    event(org_id, sku, '2026-05-01T18:00:00Z', '-2', { properties: { region: 'eu', 'user.id': 'b' } }),
    event(org_id, sku, '2026-05-01T12:00:00Z', '3', { properties: { region: 'eu', 'user.id': 'a' } }),
    event(org_id, sku, '2026-05-02T00:00:00Z', '1', { properties: { region: 'us' } }),
  ];
  // 1 May: 8, 3, −2 in order of time, by the users a, a, b. Average 9 ÷ 3. By second, 8 stood for 18 of 24 hours, 3 for 12, −2 for 6:
  // 6 + 1.5 − 0.5 = 7. 2 May: one event of 1 on a stock of 9 makes 10 all day. 3 May: 4 at noon makes 10 + 2.
  const expected: Record<string, [string, string][]> = {
    sum: [
      ['2026-05-01', '9'],
      ['2026-05-02', '1'],
      ['2026-05-03', '4'],
    ],
    count: [
      ['2026-05-01', '3'],
      ['2026-05-02', '1'],
      ['2026-05-03', '1'],
    ],
    max: [
      ['2026-05-01', '8'],
      ['2026-05-02', '1'],
      ['2026-05-03', '4'],
    ],
    min: [
      ['2026-05-01', '-2'],
      ['2026-05-02', '1'],
      ['2026-05-03', '4'],
    ],
    latest: [
      ['2026-05-01', '-2'],
      ['2026-05-02', '1'],
      ['2026-05-03', '4'],
    ],
    // Two users; then nobody's events.
    unique_count: [
      ['2026-05-01', '2'],
      ['2026-05-02', '0'],
      ['2026-05-03', '0'],
    ],
    average: [
      ['2026-05-01', '3'],
      ['2026-05-02', '1'],
      ['2026-05-03', '4'],
    ],
    weighted_sum: [
      ['2026-05-01', '7'],
      ['2026-05-02', '10'],
      ['2026-05-03', '12'],
    ],
  };
  const all = async () =>
    Object.fromEntries(await Promise.all(aggregations.map(async (sku) => [sku, await values({ org_id, sku })])));
  await usage.send(aggregations.flatMap(sent));
  const fresh = await all();
  await rollUpAll();
  const rolled = await all();
  await usage.send(aggregations.map((sku) => event(org_id, sku, '2026-05-03T12:00:00Z', '4')));
  const both = await all();
  await rollUpAll();
  for (const [sku, days] of Object.entries(expected)) {
    expect([sku, fresh[sku]]).toEqual([sku, days.slice(0, 2)]);
    expect([sku, rolled[sku]]).toEqual([sku, days.slice(0, 2)]);
    expect([sku, both[sku]]).toEqual([sku, days]);
    expect([sku, (await all())[sku]]).toEqual([sku, days]);
  }
  // The month: 14 in 5 events between −2 and 8, the last 4; the users a and b.
  const month = { org_id, window: 'month', group_by: ['sku'] } as const;
  expect((await ask(month)).data.map(({ sku, value }) => [sku, value])).toEqual([
    ['average', '2.8'],
    ['count', '5'],
    ['latest', '4'],
    ['max', '8'],
    ['min', '-2'],
    ['sum', '14'],
    ['unique_count', '2'],
    // Seconds of 31 days: 8 for 30.75, 3 for 30.5, −2 for 30.25, 1 for 30, 4 for 28.5 days: (246 + 91.5 − 60.5 + 30 + 114) ÷ 31 = 421 ÷ 31.
    ['weighted_sum', '13.580645161290322581'],
  ]);
});

it('takes the latest of a day anew when an earlier event of the day arrives after the rollup', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, 'latest', '2026-05-01T12:00:00Z', '5')]);
  await rollUpAll();
  await usage.send([event(org_id, 'latest', '2026-05-01T11:00:00Z', '6'), event(org_id, 'latest', '2026-05-02T11:00:00Z', '7')]);
  expect(await values({ org_id, sku: 'latest' })).toEqual([
    ['2026-05-01', '5'],
    ['2026-05-02', '7'],
  ]);
  // At the same moment the later request id is the later event.
  await usage.send([event(org_id, 'latest', '2026-05-01T12:00:00Z', '8')]);
  expect(await values({ org_id, sku: 'latest' })).toEqual([
    ['2026-05-01', '8'],
    ['2026-05-02', '7'],
  ]);
});

it('keeps the stock of a weighted sum from before the asked time, and cuts windows to it', async () => {
  const org_id = await usage.organization();
  await usage.send([
    event(org_id, 'weighted_sum', '2026-04-01T00:00:00Z', '10'),
    event(org_id, 'weighted_sum', '2026-05-01T09:30:00Z', '4'),
  ]);
  // From 09:00 to 10:00, 10 stood and 4 more for half an hour; asked from 09:15 to 09:45, for 15 of 30 minutes.
  const hour = { org_id, sku: 'weighted_sum', window: 'hour' } as const;
  expect(await values({ ...hour, from: '2026-05-01T09:00:00Z', to: '2026-05-01T11:00:00Z' })).toEqual([
    ['2026-05-01T09:00:00Z', '12'],
  ]);
  expect(await values({ ...hour, from: '2026-05-01T09:15:00Z', to: '2026-05-01T09:45:00Z' })).toEqual([
    ['2026-05-01T09:00:00Z', '12'],
  ]);
});

it('tells usage apart by dimensions and projects, and counts only what is asked for', async () => {
  const org_id = await usage.organization();
  const project_id = await usage.project(org_id);
  await usage.send([
    event(org_id, 'sum', '2026-05-01T00:00:00Z', '1', { project_id, properties: { region: 'eu', 'user.id': 7 } }),
    event(org_id, 'sum', '2026-05-02T00:00:00Z', '2', { properties: { region: 'eu' } }),
    event(org_id, 'sum', '2026-05-02T00:00:00Z', '4', { project_id, properties: { region: 'us' } }),
    event(org_id, 'sum', '2026-05-03T00:00:00Z', '8'),
  ]);
  await rollUpAll();
  const month = { org_id, sku: 'sum', window: 'month' } as const;
  const told = async (query: Partial<UsageQuery>) =>
    (await ask({ ...month, ...query })).data.map(({ dimensions, project_id: of, value }) => [of, dimensions, value]);
  expect(await told({ group_by: ['region'] })).toEqual([
    [undefined, { region: 'eu' }, '3'],
    [undefined, { region: 'us' }, '4'],
    [undefined, { region: null }, '8'],
  ]);
  expect(await told({ group_by: ['user.id', 'project_id'], where: ['region=eu'] })).toEqual([
    [project_id, { 'user.id': '7' }, '1'],
    [null, { 'user.id': null }, '2'],
  ]);
  expect(await told({ where: ['region=eu', 'region=us'], project_id })).toEqual([[undefined, undefined, '5']]);
  expect(await told({ where: ['region=eu', 'user.id=8'] })).toEqual([]);
});

it('adds up an organization with all below it, of those that may be seen', async () => {
  const [top, below, leaf, aside] = [
    await usage.organization(),
    await usage.organization({ time_zone: 'Australia/Sydney' }),
    await usage.organization(),
    await usage.organization(),
  ];
  for (const [child, parent] of [
    [below, top],
    [leaf, below],
  ])
    await t.superuser('UPDATE organization SET parent_org_id = $2 WHERE org_id = $1', [child, parent]);
  await usage.send([top, below, leaf, aside].map((org_id, at) => event(org_id!, 'sum', '2026-05-10T00:00:00Z', `${2 ** at}`)));
  await rollUpAll();
  await usage.send([event(leaf, 'sum', '2026-05-10T00:00:00Z', '16'), event(leaf, 'latest', '2026-05-10T00:00:00Z', '16')]);
  // 1 + 2 + 4 + 16; without the leaf 1 + 2; alone 1. Sydney is already at 10:00 of the same day.
  const subtree = { org_id: top, include_descendants: true, sku: 'sum' };
  expect(await values(subtree)).toEqual([['2026-05-10', '23']]);
  expect(await values({ ...subtree, org_ids: [top, below, aside] })).toEqual([['2026-05-10', '3']]);
  expect(await values({ ...subtree, include_descendants: false })).toEqual([['2026-05-10', '1']]);
  expect((await ask({ ...subtree, group_by: ['org_id'] })).data).toHaveLength(3);
  // Whose is the latest of several organizations? Nobody's.
  expect(await values({ ...subtree, sku: 'latest' })).toEqual([['2026-05-10', null]]);
  expect(await values({ ...subtree, sku: 'latest', group_by: ['org_id'] })).toEqual([['2026-05-10', '16']]);
});

it('counts distinct plain values alone: what has no value, or one with parts, is nobody’s', async () => {
  const org_id = await usage.organization();
  const users = ['ada', 'ada', 7, '7', true, null, { of: 'ada' }, ['ada'], undefined];
  await usage.send(
    users.map((user) => event(org_id, 'unique_count', '2026-05-01T00:00:00Z', '1', { properties: { 'user.id': user } })),
  );
  // ada, 7 (as text or number) and true.
  expect(await values({ org_id, sku: 'unique_count' })).toEqual([['2026-05-01', '3']]);
});

it('says which rollups it stood on, and gives several SKUs together no value', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, 'sum', '2026-05-01T00:00:00Z', '1'), event(org_id, 'max', '2026-05-01T00:00:00Z', '2')]);
  const watermark = await rollUpAll();
  expect(await ask({ org_id })).toMatchObject({ watermark, data: [{ count: 2, quantity: '3', value: null }] });
});

it('refuses what no SKU can be told apart by', async () => {
  for (const [query, pointer] of [
    [{ group_by: ['region'] }, 'group_by'],
    [{ sku: 'sum', group_by: ['colour'] }, 'group_by'],
    [{ sku: 'sum', group_by: [''] }, 'group_by'],
    [{ sku: 'unknown', group_by: ['region'] }, 'group_by'],
    [{ sku: 'sum', where: ['region'] }, 'where'],
    [{ sku: 'sum', where: ['colour=red'] }, 'where'],
    [{ where: ['region=eu'] }, 'where'],
    [{ include_descendants: true }, 'include_descendants'],
  ] as const)
    await expect(ask(query), JSON.stringify(query)).rejects.toMatchObject({
      code: 'usage_query_invalid',
      details: { errors: [{ pointer }] },
    });
});

it('counts what was taken back for nothing, as soon as it is, in whatever is asked', async () => {
  const org_id = await usage.organization();
  const at = '2026-05-01T12:00:00Z';
  const biggest = (sku: string) => event(org_id, sku, at, '9', { properties: { region: 'eu', 'user.id': 'b' } });
  const taken = aggregations.map(biggest);
  await usage.send([
    ...aggregations.map((sku) =>
      event(org_id, sku, '2026-05-01T06:00:00Z', '3', { properties: { region: 'eu', 'user.id': 'a' } }),
    ),
    ...taken,
  ]);
  await rollUpAll();
  await inFlush(t.postgres, async (storing) => {
    const pairs = taken.map(({ request_id, sku, time, properties }) => {
      const original: UsageEvent = {
        request_id,
        org_id,
        sku,
        time,
        quantity: '9',
        source: 'backend',
        properties: properties as JsonObject,
      };
      const stored = { ...original, absorbed: false };
      return {
        original: stored,
        counter: counterOf(stored, 0, { source: 'manual', metadata: { reason: 'a test' } }),
        replacement: null,
      };
    });
    const verdicts = await writePairs(storing, t.tenant_id, pairs, now);
    expect(verdicts.map(({ counter }) => counter.outcome)).toEqual(taken.map(() => 'accepted'));
  });
  // What stands is one event of 3, from 06:00 of the day on: 3 × 18 of 24 hours by second.
  const expected = {
    sum: '3',
    count: '1',
    max: '3',
    min: '3',
    latest: '3',
    unique_count: '1',
    average: '3',
    weighted_sum: '2.25',
  };
  const all = async (over: Partial<UsageQuery>) =>
    Object.fromEntries(
      await Promise.all(
        aggregations.map(async (sku) => [sku, (await ask({ org_id, sku, ...over })).data.map(({ value }) => value)]),
      ),
    );
  const each = Object.fromEntries(Object.entries(expected).map(([sku, value]) => [sku, [value]]));
  expect(await all({})).toEqual(each);
  expect(await all({ group_by: ['region'] })).toEqual(each);
  await rollUpAll();
  expect(await all({})).toEqual(each);
});

it('leaves nothing for the audit to find', async () => {
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});
