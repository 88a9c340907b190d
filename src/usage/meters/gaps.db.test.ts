import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { metered } from '../../../test/support/metered.ts';
import { clock } from '../../platform/clock.ts';
import { consumptionOf, estimateGaps, findAllGaps, findGaps, recordGaps } from './service/gaps.ts';
import { recordReadings } from './service/readings.ts';

const t = await testDatabase();
const m = metered(t);

afterAll(async () => {
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

/** Hours from 1 January 2025, 00:00 in Sydney, which was UTC+11. */
const at = (hour: number) => Temporal.Instant.from('2024-12-31T13:00:00Z').add({ hours: hour }).toString();

async function hourly(hours: readonly number[], shown: (hour: number) => string = () => '1') {
  // Sydney's January begins before 2025 does in UTC, and so before anybody is there.
  const { meter_id } = await m.meter([{ kind: 'interval', every_minutes: 60 }]);
  const readings = hours.map((hour) => ({ meter_id, time: at(hour), value: shown(hour), quality: 'actual' as const }));
  for (let first = 0; first < readings.length; first += 1000)
    await t.transact((tx) => recordReadings(tx, m.deps, readings.slice(first, first + 1000), 'gateway'));
  return meter_id;
}

const range = (from: number, to: number) => ({ from: at(from), to: at(to) });
const hoursFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const found = (meter_id: string) =>
  t.superuser<{ data: { from: string; to: string; missing: number } }>(
    "SELECT data FROM billing_events WHERE type = 'meter.gap.found' AND aggregate_id = $1 ORDER BY seq",
    [meter_id],
  );

describe('gaps', () => {
  it('of intervals are what is missing between the first reading and now, whole intervals only', async () => {
    const meter_id = await hourly([24, 25, 28, 29, 35]);
    const gaps = await t.read((db) => findGaps(db, meter_id, range(0, 40)));
    expect(gaps).toEqual([
      { register: '1', ...range(26, 28), missing: 2 },
      { register: '1', ...range(30, 35), missing: 5 },
      { register: '1', ...range(36, 40), missing: 4 },
    ]);
    // 27 to 31: the one that begins at 27 and the one at 30
    expect((await t.read((db) => findGaps(db, meter_id, range(27, 31)))).map((one) => one.missing)).toEqual([1, 1]);
    expect(
      (await t.read((db) => findGaps(db, meter_id, { from: at(27), to: '2025-01-01T17:30:00Z' }))).map((one) => one.missing),
    ).toEqual([1]);
  });

  it('of a counter are reads that did not come when they should have, a few days more or less', async () => {
    const { meter_id } = await m.meter([{ every_minutes: 30 * 1440 }]);
    for (const [month, value] of [
      ['01', '0'],
      ['02', '31'],
      ['05', '120'],
    ] as const)
      await m.read(meter_id, `2025-${month}-01T00:00:00Z`, value);
    // 1 February to 1 May is 89 days, three times 30: two reads are missing
    const asked = { from: '2025-01-01T00:00:00Z', to: '2025-04-01T00:00:00Z' };
    expect(await t.read((db) => findGaps(db, meter_id, asked))).toEqual([
      { register: '1', from: '2025-02-01T00:00:00Z', to: '2025-04-01T00:00:00Z', missing: 1 },
    ]);
  });

  it('are not looked for over more than four hundred days, nor backwards', async () => {
    const meter_id = await hourly([24]);
    expect(await m.codeOf(t.read((db) => findGaps(db, meter_id, range(0, 9601))))).toBe('gap_range_invalid');
    expect(await m.codeOf(t.read((db) => findGaps(db, meter_id, range(10, 10))))).toBe('gap_range_invalid');
  });

  it('are told once, whatever becomes of them, and closed when they are filled', async () => {
    const meter_id = await hourly([24, 25, 30]);
    const look = () => t.transact((tx) => recordGaps(tx, meter_id, '1', range(0, 31)));
    await look();
    await look();
    expect((await found(meter_id)).map(({ data }) => data)).toMatchObject([{ ...range(26, 30), missing: 4 }]);
    await m.read(meter_id, at(27), '1');
    await look();
    expect(await found(meter_id)).toHaveLength(1);
    const open = () =>
      t.superuser('SELECT missing FROM meter_gap WHERE meter_id = $1 AND closed_at IS NULL ORDER BY starts_at', [meter_id]);
    // 26, and 28 to 30
    expect(await open()).toEqual([{ missing: 1 }, { missing: 2 }]);
    for (const hour of [26, 28, 29]) await m.read(meter_id, at(hour), '1');
    await look();
    expect(await open()).toEqual([]);
  });

  it('are looked for each night in every tenant', async () => {
    const { meter_id } = await m.meter([{ kind: 'interval', every_minutes: 1440 }]);
    const days = [10, 9, 5].map((days) =>
      clock
        .now()
        .round({ smallestUnit: 'hour', roundingMode: 'floor' })
        .subtract({ hours: days * 24 })
        .toString(),
    );
    const readings = days.map((time) => ({ meter_id, time, value: '1', quality: 'actual' as const }));
    await t.transact((tx) => recordReadings(tx, m.deps, readings, 'gateway'), { now: clock.now() });
    await findAllGaps({ postgres: t.postgres, clock }, new AbortController().signal);
    expect((await found(meter_id)).map(({ data }) => data.missing)).toEqual([3, 3]);
  });
});

describe('an estimate', () => {
  it('of an interval is the average of the same hour of the week, four weeks back, and is trued up by what comes later', async () => {
    const week = 168;
    const gap = 24 + 4 * week;
    const kept = hoursFrom(24, gap + 3).filter((hour) => hour !== gap && hour !== gap + 1);
    const values = new Map(
      [24, 24 + week, 24 + 2 * week, 24 + 3 * week].map((hour, index) => [hour, ['1.5', '2.25', '3', '4.25'][index]!]),
    );
    const meter_id = await hourly(kept, (hour) => values.get(hour) ?? '1');
    const estimated = await t.transact((tx) =>
      estimateGaps(tx, m.deps, { meter_id, register: '1', ...range(gap - 10, gap + 10) }),
    );
    // (1.5 + 2.25 + 3 + 4.25) / 4 = 2.75; the hour after is always 1
    expect(estimated.slice(0, 2).map((one) => [one.time, one.value, one.quality, one.source])).toEqual([
      [at(gap), '2.75', 'estimated', 'estimate'],
      [at(gap + 1), '1', 'estimated', 'estimate'],
    ]);
    expect(await m.read(meter_id, at(gap), '2.5')).toMatchObject({ outcome: 'replaced', usage: { quantity: '2.5' } });
  });

  it('of a counter lies evenly between its reads, and splits their usage', async () => {
    const { meter_id } = await m.meter([{ every_minutes: 1440 }]);
    await m.read(meter_id, '2025-01-01T00:00:00Z', '100.0');
    await m.read(meter_id, '2025-01-04T00:00:00Z', '110.0');
    const asked = { meter_id, register: '1', from: '2025-01-01T00:00:00Z', to: '2025-01-04T00:00:00Z' };
    const estimated = await t.transact((tx) => estimateGaps(tx, m.deps, asked));
    // 100 + 10 / 3, 100 + 20 / 3; as many decimals as were read: none that are not zero
    expect(estimated.map((one) => one.value)).toEqual(['103', '107']);
    expect(await m.usage(meter_id)).toEqual(['3 from 2025-01-01', '4 from 2025-01-02', '3 from 2025-01-03']);
    expect(await m.read(meter_id, '2025-01-02T00:00:00Z', '105')).toMatchObject({ outcome: 'replaced' });
    expect(await m.usage(meter_id)).toEqual(['5 from 2025-01-01', '2 from 2025-01-02', '3 from 2025-01-03']);
  });

  it('is not made out of nothing', async () => {
    const meter_id = await hourly([24, 26]);
    const ask = (from: number, to: number) =>
      m.codeOf(t.transact((tx) => estimateGaps(tx, m.deps, { meter_id, register: '1', ...range(from, to) })));
    expect(await ask(24, 27)).toBe('gap_not_estimable');
    expect(await ask(26, 27)).toBe('gap_not_estimable');
  });
});

describe('consumption', () => {
  it('is told by local day, by quality, with what is missing', async () => {
    // The second of January in Sydney is the hours 24 to 48, and all of it but two is there
    const meter_id = await hourly([...hoursFrom(24, 46), 48], (hour) => (hour === 48 ? '3' : '0.5'));
    await m.read(meter_id, at(49), '2', { quality: 'estimated' });
    const days = await t.read((db) => consumptionOf(db, { meter_id, register: '1', ...range(0, 240) }));
    expect(days).toEqual([
      { ...range(24, 48), quantity: '11', by_quality: [{ quality: 'actual', quantity: '11' }], missing: 2 },
      {
        ...range(48, 72),
        quantity: '5',
        by_quality: [
          { quality: 'actual', quantity: '3' },
          { quality: 'estimated', quantity: '2' },
        ],
        missing: 22,
      },
    ]);
  });
});
