import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { storeUncommitted, testUsage } from '../../../test/support/usage.ts';
import { calendarPeriod } from '../../kernel/period.ts';
import { dayRoot, utcText } from '../../kernel/proof.ts';
import { clock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { jobs } from './jobs.ts';
import type { UsageInput } from './model.ts';
import { rollUp, rollUpWhatIsNew, tenantsToRollUp } from './service/rollup.ts';
import { usageOf } from './service/usage.ts';
import { presentWatermark, settledWatermark } from './service/watermark.ts';
import { closeUsage, organizationsWithLateUsage, takeUsage } from './service.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');
await usage.sku('energy');

let sequence = 0;
const event = (org_id: string, time: string, quantity = '1'): UsageInput => {
  sequence += 1;
  return { request_id: `r-${`${sequence}`.padStart(6, '0')}`, org_id, sku: 'energy', quantity, time };
};
const rollUpAll = async () => rollUp(t.postgres, t.tenant_id, await settledWatermark(t.postgres), now);
const rollups = (org_id: string) =>
  t.superuser<{ day: string; count: string; quantity_sum: string; root: Buffer }>(
    'SELECT day, count, quantity_sum, quantity_max, quantity_min, quantity_latest, first_time, last_time, root FROM usage_rollup WHERE org_id = $1 ORDER BY day',
    [org_id],
  );
const leaves = async (org_id: string) =>
  (
    await t.superuser<{ leaf: Buffer }>(
      'SELECT leaf FROM metering_event WHERE org_id = $1 ORDER BY event_time, request_id COLLATE "C"',
      [org_id],
    )
  ).map((row) => row.leaf);
const whole = (org_id: string, from: string, to: string, watermark: string, time_zone = 'UTC') => ({
  org_id,
  sku: 'energy',
  time_zone,
  rectangles: [{ from, to, arrived_from: '0', arrived_to: watermark }],
});

it('cuts days in the organization’s zone, 25 hours long when Sydney’s clock goes back and 23 when it goes forward', async () => {
  const org_id = await usage.organization({ time_zone: 'Australia/Sydney' });
  // 5 April 2026: summer time (UTC+11) ends at 03:00; the day lasts from 4 April 13:00Z to 5 April 14:00Z.
  // 4 October 2026: it begins at 02:00; the day lasts from 3 October 14:00Z to 4 October 13:00Z.
  const hours = (from: string, count: number) =>
    Array.from({ length: count }, (_, at) => Temporal.Instant.from(from).add({ hours: at }).toString());
  const times = [...hours('2026-04-04T12:00:00Z', 28), ...hours('2026-10-03T12:00:00Z', 28)];
  await usage.send(
    times.map((time) => event(org_id, time, '2')),
    { now: '2026-12-01T00:00:00Z' },
  );
  await rollUpAll();
  // April: 1 hour of the 4th, 25 of the 5th, 2 of the 6th. October: 2 of the 3rd, 23 of the 4th, 3 of the 5th. Each hour has 2.
  expect((await rollups(org_id)).map((row) => [row.day, row.count, row.quantity_sum])).toEqual([
    ['2026-04-04', '1', '2'],
    ['2026-04-05', '25', '50'],
    ['2026-04-06', '2', '4'],
    ['2026-10-03', '2', '4'],
    ['2026-10-04', '23', '46'],
    ['2026-10-05', '3', '6'],
  ]);
});

it('keeps decimals exact to the last digit and the largest number', async () => {
  const org_id = await usage.organization();
  const large = '9'.repeat(26);
  await usage.send([
    event(org_id, '2026-05-01T01:00:00Z', '0.000000000001'),
    event(org_id, '2026-05-01T02:00:00Z', large),
    event(org_id, '2026-05-01T03:00:00Z', `${large}.999999999999`),
    event(org_id, '2026-05-01T00:00:00.000001Z', '0.1'),
  ]);
  await rollUpAll();
  // 99999999999999999999999999.999999999999 + 0.000000000001 = 10^26; + 99999999999999999999999999 + 0.1
  expect(await rollups(org_id)).toMatchObject([
    {
      quantity_sum: '199999999999999999999999999.1',
      quantity_max: `${large}.999999999999`,
      quantity_min: '0.000000000001',
      quantity_latest: `${large}.999999999999`,
      first_time: '2026-05-01T00:00:00.000001Z',
      last_time: '2026-05-01T03:00:00Z',
    },
  ]);
});

it('puts a day’s root over its leaves in order of time and request id, also where a day is read in several pieces', async () => {
  const org_id = await usage.organization();
  // 9,000 events in 900 moments: ten share each, so that the request id decides; a piece has 4,096.
  const events = Array.from({ length: 9000 }, (_, at) =>
    event(
      org_id,
      Temporal.Instant.from('2026-05-02T00:00:00Z')
        .add({ seconds: (at * 7) % 900 })
        .toString(),
      '0.1',
    ),
  );
  await usage.send(events);
  const watermark = await rollUpAll();
  const [row] = await rollups(org_id);
  expect(row).toMatchObject({ count: '9000', quantity_sum: '900' });
  expect(row!.root).toEqual(dayRoot(await leaves(org_id)));
  const [taken] = await t.read((db) => takeUsage(db, [whole(org_id, '2026-05-02T00:00:00Z', '2026-05-02T00:15:00Z', watermark)]));
  expect(taken).toMatchObject({ count: 9000, quantity_sum: '900', quantity_max: '0.1' });
});

it('never passes over a transaction that was open while later ones committed', async () => {
  const org_id = await usage.organization();
  const client = await t.postgres.pool('ingest').connect();
  let committed = false;
  try {
    const time = '2026-05-03T00:00:00Z';
    await storeUncommitted(client, { tenant_id: t.tenant_id, request_id: 'slow', org_id, sku: 'energy', quantity: '100', time });
    await usage.send([event(org_id, '2026-05-03T01:00:00Z')]);

    // What needs no waiting stops below the open transaction, and so below the one that committed after it.
    const present = await presentWatermark(t.postgres);
    await rollUp(t.postgres, t.tenant_id, present, now);
    expect(await rollups(org_id)).toEqual([]);
    expect(
      await t.read((db) =>
        usageOf(db, { org_id, from: '2026-05-03', to: '2026-05-04', window: 'day', group_by: [], org_ids: null }),
      ),
    ).toMatchObject({
      data: [{ start: '2026-05-03', quantity: '1' }],
    });

    // A settled watermark waits for it; when it does not end, no watermark is made up.
    await expect(settledWatermark(t.postgres, { wait_ms: 50 })).rejects.toMatchObject({ code: 'usage_unsettled', status: 503 });
    const waiting = settledWatermark(t.postgres).then((watermark) => {
      expect(committed).toBe(true);
      return watermark;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    committed = true;
    await client.query('COMMIT');
    await rollUp(t.postgres, t.tenant_id, await waiting, now);
  } finally {
    client.release();
  }
  expect(await rollups(org_id)).toMatchObject([{ count: '2', quantity_sum: '101' }]);
});

it('answers usage exactly while rollups lag behind, for days, months, hours and parts of days', async () => {
  const org_id = await usage.organization({ time_zone: 'Asia/Kathmandu' }); // UTC+05:45: a day begins at 18:15Z
  await usage.send([
    event(org_id, '2026-04-30T18:14:59Z', '1'), // 30 April
    event(org_id, '2026-04-30T18:15:00Z', '2'), // 1 May, 00:00
    event(org_id, '2026-05-01T12:00:00Z', '4'), // 1 May, 17:45
    event(org_id, '2026-05-31T18:14:59Z', '8'), // 31 May
    event(org_id, '2026-05-31T18:15:00Z', '16'), // 1 June
  ]);
  const ask = async (over: object) =>
    (
      await t.read((db) =>
        usageOf(db, { org_id, from: '2026-05-01', to: '2026-06-01', window: 'day', group_by: [], org_ids: null, ...over }),
      )
    ).data.map((point) => [point.start, point.quantity]);
  const answers = async () => [
    await ask({}),
    await ask({ window: 'month', from: '2026-01-01', to: '2027-01-01' }),
    await ask({ from: '2026-05-01T12:00:00Z', to: '2026-05-31T18:15:01Z' }),
    await ask({ window: 'hour', from: '2026-05-01', to: '2026-05-02' }),
    await ask({ sku: 'nothing' }),
  ];
  const expected = [
    [
      ['2026-05-01', '6'],
      ['2026-05-31', '8'],
    ],
    [
      ['2026-04-01', '1'],
      ['2026-05-01', '14'],
      ['2026-06-01', '16'],
    ],
    [
      ['2026-05-01', '4'],
      ['2026-05-31', '8'],
      ['2026-06-01', '16'],
    ],
    // An hour begins on the zone's own hours: 00:00 there is 18:15Z, 17:00 is 11:15Z.
    [
      ['2026-04-30T18:15:00Z', '2'],
      ['2026-05-01T11:15:00Z', '4'],
    ],
    [],
  ];
  expect(await answers()).toEqual(expected);
  await rollUpAll();
  expect(await answers()).toEqual(expected);
  await usage.send([event(org_id, '2026-05-31T00:00:00Z', '0.5'), event(org_id, '2026-05-20T00:00:00Z', '0.25')]);
  expect(await ask({})).toEqual([
    ['2026-05-01', '6'],
    ['2026-05-20', '0.25'],
    ['2026-05-31', '8.5'],
  ]);
  await t.superuser("UPDATE organization SET default_timezone = 'UTC' WHERE org_id = $1", [org_id]);
  // In UTC 30 April has 1 + 2, and all else stays on its day but the 16, which is on 31 May.
  const moved = [
    ['2026-05-01', '4'],
    ['2026-05-20', '0.25'],
    ['2026-05-31', '24.5'],
  ];
  expect(await ask({})).toEqual(moved);
  await rollUpAll();
  expect(await ask({})).toEqual(moved);
});

it('groups by SKU and organization as asked, over all organizations or those that may be seen', async () => {
  const [a, b] = [await usage.organization(), await usage.organization({ time_zone: 'Pacific/Auckland' })];
  await usage.sku('water');
  await usage.send([
    event(a, '2025-07-01T00:00:00Z', '1'),
    event(b, '2025-07-01T00:00:00Z', '2'), // 1 July, 12:00 there
    { ...event(a, '2025-07-01T13:00:00Z', '4'), sku: 'water' },
    event(b, '2025-07-01T13:00:00Z', '8'), // 2 July, 01:00 there
  ]);
  const ask = async (group_by: ('sku' | 'org_id')[], org_ids: string[] | null) =>
    (await t.read((db) => usageOf(db, { from: '2025-07-01', to: '2025-07-03', window: 'day', group_by, org_ids }))).data;
  expect(await ask([], [a, b])).toMatchObject([
    { start: '2025-07-01', quantity: '7', count: 3 },
    { start: '2025-07-02', quantity: '8', count: 1 },
  ]);
  expect(
    (await ask(['sku', 'org_id'], null))
      .map((point) => [point.start, point.sku, point.org_id === a ? 'a' : 'b', point.quantity])
      .sort(),
  ).toEqual([
    ['2025-07-01', 'energy', 'a', '1'],
    ['2025-07-01', 'energy', 'b', '2'],
    ['2025-07-01', 'water', 'a', '4'],
    ['2025-07-02', 'energy', 'b', '8'],
  ]);
  expect(await ask([], [b])).toMatchObject([{ quantity: '2' }, { quantity: '8' }]);
});

it('rolls up once when asked twice at the same moment, and tells each organization’s rollup once', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, '2026-05-05T00:00:00Z'), event(org_id, '2026-05-07T00:00:00Z')]);
  const watermark = await settledWatermark(t.postgres);
  const reached = await Promise.all([1, 2, 3].map(() => rollUp(t.postgres, t.tenant_id, watermark, now)));
  expect(reached).toEqual([watermark, watermark, watermark]);
  const told = await t.superuser("SELECT data FROM billing_events WHERE type = 'usage.rolled_up' AND org_id = $1", [org_id]);
  expect(told).toEqual([{ data: { watermark, from_day: '2026-05-05', to_day: '2026-05-07' } }]);
});

it('finds the tenants with news, and none when all is rolled up', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, '2026-05-05T00:00:00Z')]);
  expect(await tenantsToRollUp(t.postgres)).toEqual([t.tenant_id]);
  await settledWatermark(t.postgres);
  expect(await rollUpWhatIsNew(t.postgres, t.tenant_id, now)).toBe(true);
  expect(await rollUpWhatIsNew(t.postgres, t.tenant_id, now)).toBe(false);
  expect(await tenantsToRollUp(t.postgres)).toEqual([]);
});

it('gives every tenant with news a job, which asks for itself again for as long as there is news', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, '2026-05-06T00:00:00Z')]);
  const run = (name: string, payload: Record<string, string>) =>
    jobs(usage)
      .find((job) => job.name === name)!
      .run(payload, {
        postgres: t.postgres,
        clock,
        log: createLogger('silent'),
        signal: new AbortController().signal,
        last_attempt: false,
      });
  const waiting = async () =>
    (await t.superuser("SELECT key, run_at > now() AS later FROM graphile_worker.jobs WHERE key LIKE 'metering%'")) as object[];
  await run('metering.rollup', {});
  await run('metering.rollup', {});
  expect(await waiting()).toEqual([{ key: `metering.rollup ${t.tenant_id}`, later: false }]);
  await settledWatermark(t.postgres);
  await run('metering.rollup_tenant', { tenant_id: t.tenant_id });
  expect(await rollups(org_id)).toHaveLength(1);
  expect(await waiting()).toEqual([{ key: `metering.rollup ${t.tenant_id}`, later: true }]);
  await t.superuser("SELECT graphile_worker.remove_job('metering.rollup ' || $1)", [t.tenant_id]);
  await run('metering.rollup_tenant', { tenant_id: t.tenant_id });
  expect(await waiting()).toEqual([]);
});

it('refuses to take usage that no rollup has reached, and overlapping rectangles', async () => {
  const org_id = await usage.organization();
  const watermark = await rollUpAll();
  const ahead = whole(org_id, '2026-05-01T00:00:00Z', '2026-06-01T00:00:00Z', (BigInt(watermark) + 1n).toString());
  await expect(t.read((db) => takeUsage(db, [ahead]))).rejects.toThrow(/rollups have reached/);
  const twice = {
    ...ahead,
    rectangles: [1, 2].map(() => ({
      from: '2026-05-01T00:00:00Z',
      to: '2026-06-01T00:00:00Z',
      arrived_from: '0',
      arrived_to: watermark,
    })),
  };
  await expect(t.read((db) => takeUsage(db, [twice]))).rejects.toThrow(/do not overlap/);
});

it('names the organizations with late usage for a closed period, and none without', async () => {
  const [late, quiet] = [await usage.organization(), await usage.organization()];
  await usage.send([event(late, '2026-04-10T00:00:00Z'), event(quiet, '2026-04-10T00:00:00Z')]);
  const watermark = await rollUpAll();
  const periods = [late, quiet].map((org_id) => ({
    org_id,
    from: '2026-04-01T00:00:00Z',
    to: '2026-05-01T00:00:00Z',
    watermark,
  }));
  expect(await t.read((db) => organizationsWithLateUsage(db, periods))).toEqual(new Set());
  await usage.send([event(late, '2026-04-11T00:00:00Z'), event(quiet, '2026-07-11T00:00:00Z')], { now: '2026-08-01T00:00:00Z' });
  await rollUpAll();
  expect(await t.read((db) => organizationsWithLateUsage(db, periods))).toEqual(new Set([late]));
});

it('moves a closure forward only', async () => {
  const org_id = await usage.organization();
  const close = (closed_until: string) => t.transact((tx) => closeUsage(tx, [{ org_id, closed_until }]));
  await close('2026-05-01T00:00:00Z');
  await close('2026-04-01T00:00:00Z');
  expect(await t.superuser('SELECT closed_until FROM usage_closure WHERE org_id = $1', [org_id])).toEqual([
    { closed_until: '2026-05-01T00:00:00Z' },
  ]);
});

it('begins a local day where the calendar library does, whatever the zone', async () => {
  for (const time_zone of [
    'UTC',
    'Australia/Sydney',
    'Australia/Lord_Howe',
    'America/Havana',
    'America/Sao_Paulo',
    'Asia/Beirut',
    'Africa/Cairo',
    'Pacific/Apia',
    'Asia/Kathmandu',
  ]) {
    const rows = await t.superuser<{ day: string; starts: string }>(
      "SELECT d::date AS day, day_start(d::date, $1) AS starts FROM generate_series('2004-01-01'::date, '2027-12-31', '1 day') d",
      [time_zone],
    );
    const wrong = rows.filter(({ day, starts }) => {
      const date = Temporal.PlainDate.from(day);
      return utcText(calendarPeriod(date, date.add({ days: 1 }), time_zone).start) !== starts;
    });
    expect(wrong.map(({ day }) => `${time_zone} ${day}`)).toEqual([]);
  }
});

it('leaves nothing for the audit to find, and has it find a rollup that was tampered with', async () => {
  const org_id = await usage.organization();
  await usage.send([event(org_id, '2026-05-09T00:00:00Z', '3')]);
  await rollUpAll();
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
  await t.superuser('UPDATE usage_rollup SET quantity_sum = 4 WHERE org_id = $1', [org_id]);
  expect(await t.superuser('SELECT * FROM audit')).toEqual([
    { defect: 'U1 rollup differs from its events', tenant: t.tenant_id, what: `${org_id} energy 2026-05-09` },
  ]);
});
