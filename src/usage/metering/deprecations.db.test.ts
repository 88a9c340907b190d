import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { correctEvents } from './service/corrections.ts';
import { deprecationById, runDeprecation, startDeprecation } from './service/deprecations.ts';
import { rollUp } from './service/rollup.ts';
import { usageOf } from './service/usage.ts';
import { settledWatermark } from './service/watermark.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
const scope = t.scope({ now });
await usage.sku('energy');
await usage.sku('firm', { late_policy: 'reject' });
let org_id = '';
beforeEach(async () => {
  org_id = await usage.organization();
});

let sequence = 0;
/** `count` events of quantity 2, a minute apart from the beginning of 1 May. */
function events(count: number, sku = 'energy', from = '2026-05-01T00:00:00Z') {
  return Array.from({ length: count }, (_, at) => {
    sequence += 1;
    const time = Temporal.Instant.from(from).add({ minutes: at }).toString();
    return { request_id: `r-${sequence}`, org_id, sku, quantity: '2', time };
  });
}
const range = (over: object = {}) => ({
  org_id,
  sku: 'energy',
  from: '2026-05-01T00:00:00Z',
  to: '2026-06-01T00:00:00Z',
  reason: 'a faulty meter',
  source: 'manual' as const,
  ...over,
});
const start = async (over: object = {}) =>
  (await t.transact((tx) => startDeprecation(tx, range(over), null), { now })).deprecation_id;
const state = (deprecation_id: string) => t.read((db) => deprecationById(db, deprecation_id, null));
const total = async () => {
  const { data } = await t.read((db) =>
    usageOf(db, { org_id, from: '2026-05-01', to: '2026-06-01', window: 'month', group_by: [], org_ids: null }),
  );
  return data[0] ? [data[0].count, data[0].quantity] : [0, '0'];
};
const auditIsEmpty = async () => {
  await rollUp(t.postgres, t.tenant_id, await settledWatermark(t.postgres), now);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
};

/** The database, but for a process that dies before its nth write transaction. */
function dying(at: number): Postgres {
  let writes = 0;
  return {
    ...t.postgres,
    transact: (given, work) => {
      writes += 1;
      if (writes === at) throw new Error('killed');
      return t.postgres.transact(given, work);
    },
  };
}

it('takes back what stood in the range when it was asked for, and nothing else', async () => {
  const [first, second, third, ...rest] = events(50);
  await usage.send([first!, second!, third!, ...rest]);
  await usage.send([...events(3, 'energy', '2026-06-01T00:00:00Z'), ...events(3, 'energy', '2026-04-30T23:57:00Z')]);
  const said = { reason: 'sent twice', source: 'manual' as const };
  await t.transact(
    (tx) =>
      correctEvents(
        t.postgres,
        tx,
        [
          { ...said, voids: first!.request_id },
          { ...said, amends: second!.request_id, quantity: '9' },
        ],
        null,
      ),
    { now },
  );
  const deprecation_id = await start();
  const [later] = events(1, 'energy', '2026-05-20T00:00:00Z');
  await usage.send([later!]);
  expect(await runDeprecation(t.postgres, scope, deprecation_id)).toBe(true);
  // 50 events; one voided and one replaced before, which leaves 48 and the replacement.
  expect(await state(deprecation_id)).toMatchObject({ status: 'completed', voided: 49, corrected_before: 2, refused: 0 });
  expect(await total()).toEqual([1, '2']);
  await auditIsEmpty();
  const told = await t.superuser<{ data: object }>(
    "SELECT data FROM billing_events WHERE type = 'usage.deprecated' AND org_id = $1",
    [org_id],
  );
  expect(told).toMatchObject([{ data: { deprecation_id, voided: 49, corrected_before: 2 } }]);
});

it('that is killed between an event and its progress counts each event once, however often it is run', async () => {
  await usage.send(events(4500));
  const deprecation_id = await start();
  for (const at of [1, 2, 1]) {
    await expect(runDeprecation(dying(at), scope, deprecation_id)).rejects.toThrow('killed');
  }
  // The third run died after its step was stored and before that was on record.
  expect(await state(deprecation_id)).toMatchObject({ status: 'running', voided: 2000 });
  expect(await total()).not.toEqual([4500, '9000']);
  await runDeprecation(t.postgres, scope, deprecation_id);
  expect(await state(deprecation_id)).toMatchObject({ status: 'completed', voided: 4500, corrected_before: 0, refused: 0 });
  expect(await total()).toEqual([0, '0']);
  expect(await runDeprecation(t.postgres, scope, deprecation_id)).toBe(true);
  await auditIsEmpty();
});

it('run by several at once counts each event once', async () => {
  await usage.send(events(6500));
  const deprecation_id = await start();
  const runs = await Promise.all([1, 2, 3].map(() => runDeprecation(t.postgres, scope, deprecation_id)));
  expect(runs).toEqual([true, true, true]);
  expect(await state(deprecation_id)).toMatchObject({ status: 'completed', voided: 6500, corrected_before: 0 });
  await auditIsEmpty();
});

it('stops when it is asked to and goes on where it was', async () => {
  await usage.send(events(10));
  const deprecation_id = await start();
  expect(await runDeprecation(t.postgres, scope, deprecation_id, AbortSignal.abort())).toBe(false);
  expect(await state(deprecation_id)).toMatchObject({ status: 'running', voided: 0, reached: null });
  expect(await runDeprecation(t.postgres, scope, deprecation_id)).toBe(true);
});

it('leaves what a closed period refuses, and says how much that was', async () => {
  await usage.send(events(5, 'firm'));
  await t.superuser("INSERT INTO usage_closure (tenant_id, org_id, closed_until) VALUES ($1, $2, '2026-05-01T00:03:00Z')", [
    t.tenant_id,
    org_id,
  ]);
  const deprecation_id = await start({ sku: 'firm' });
  await runDeprecation(t.postgres, scope, deprecation_id);
  expect(await state(deprecation_id)).toMatchObject({ status: 'completed', voided: 2, refused: 3 });
  await auditIsEmpty();
});

it('is held by the database: it only goes forward, and what is completed stays', async () => {
  const deprecation_id = await start();
  await runDeprecation(t.postgres, scope, deprecation_id);
  await expect(
    t.superuser('UPDATE usage_deprecation SET voided = voided + 1 WHERE deprecation_id = $1', [deprecation_id]),
  ).rejects.toMatchObject({ constraint: 'usage_deprecation_forward' });
  for (const [over, constraint] of [
    [{ to: '2026-05-01T00:00:00Z' }, undefined],
    [{ sku: 'nothing' }, 'usage_deprecation_sku'],
  ] as const) {
    await expect(start(over)).rejects.toMatchObject(constraint ? { constraint } : { code: 'range_invalid' });
  }
  await expect(start({ org_id: crypto.randomUUID() })).rejects.toMatchObject({ code: 'org_not_found' });
});
