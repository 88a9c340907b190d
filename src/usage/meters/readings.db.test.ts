import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { metered } from '../../../test/support/metered.ts';
import { listReadings, recordReadings } from './service/readings.ts';
import { replaceMeter } from './service/replace-meter.ts';
import { endOccupancy, listOccupancies } from './service/sites.ts';
import { tellUsage } from './service/tell-usage.ts';

const t = await testDatabase();
const m = metered(t);

afterAll(async () => {
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

const jan = '2025-01-01T00:00:00Z';
const feb = '2025-02-01T00:00:00Z';
const mar = '2025-03-01T00:00:00Z';
const apr = '2025-04-01T00:00:00Z';

describe('a counter', () => {
  it('makes usage of what it gained since the reading before, from that one on, in the unit of the SKU', async () => {
    const { meter_id } = await m.meter([{ unit: 'L' }]);
    expect(await m.read(meter_id, jan, '10000')).toMatchObject({ outcome: 'recorded', usage: null });
    // 12,345.6 l − 10,000 l = 2,345.6 l = 2.3456 m³
    expect(await m.read(meter_id, feb, '12345.6')).toMatchObject({
      usage: { org_id: m.acme, sku: 'water', quantity: '2.3456', time: jan, refusal: null },
    });
    expect(await m.metered(meter_id)).toEqual(['2.3456 from 2025-01-01']);
    const listed = await t.read((db) => listReadings(db, { meter_id, limit: 10 }));
    expect(listed.data.map((one) => [one.time, one.value, one.usage?.quantity ?? null])).toEqual([
      [feb, '12345.6', '2.3456'],
      [jan, '10000', null],
    ]);
  });

  it('is told to metering once, however often the job runs, and says what the usage is of', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '1');
    const { usage } = await m.read(meter_id, feb, '2', { quality: 'estimated' });
    await tellUsage(m.deps, t.tenant_id, t.scope().now, meter_id);
    expect(
      await t.superuser('SELECT source, properties, metadata FROM metering_event WHERE request_id = $1', [usage!.request_id]),
    ).toEqual([{ source: 'manual', properties: { quality: 'E', register: '1' }, metadata: { to: feb } }]);
  });

  it('multiplies by what its device says', async () => {
    const { meter_id } = await m.meter([{ multiplier: '40' }]);
    await m.read(meter_id, jan, '100');
    // (102.5 − 100) × 40
    expect((await m.read(meter_id, feb, '102.5')).usage?.quantity).toBe('100');
  });

  it('may be read in any order, and ends where the order does not matter', async () => {
    const reads: readonly (readonly [string, string])[] = [
      [jan, '100'],
      [feb, '150'],
      [mar, '170'],
      [apr, '230'],
    ];
    for (const order of [
      [0, 1, 2, 3],
      [3, 0, 2, 1],
      [2, 3, 1, 0],
      [1, 3, 0, 2],
    ]) {
      const { meter_id } = await m.meter();
      for (const at of order) await m.read(meter_id, ...reads[at]!);
      // 150 − 100, 170 − 150, 230 − 170
      expect(await m.usage(meter_id)).toEqual(['50 from 2025-01-01', '20 from 2025-02-01', '60 from 2025-03-01']);
    }
  });

  it('splits usage anew around a read between two others, and around one that is put right', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '100');
    await m.read(meter_id, mar, '170');
    expect(await m.usage(meter_id)).toEqual(['70 from 2025-01-01']);
    await m.read(meter_id, feb, '150');
    expect(await m.usage(meter_id)).toEqual(['50 from 2025-01-01', '20 from 2025-02-01']);
    expect(await m.read(meter_id, feb, '140')).toMatchObject({ outcome: 'replaced' });
    expect(await m.usage(meter_id)).toEqual(['40 from 2025-01-01', '30 from 2025-02-01']);
    expect(await m.metered(meter_id)).toEqual(['40 from 2025-01-01', '30 from 2025-02-01']);
  });

  it('goes through zero where its digits are known and what it counted is less than half of them', async () => {
    const { meter_id } = await m.meter([{ digits: 5 }]);
    await m.read(meter_id, jan, '99990');
    // 100,000 − 99,990 + 15 = 25
    expect((await m.read(meter_id, feb, '15')).usage?.quantity).toBe('25');
    // 100,000 − 15 + 14 = 99,999 would be more than half: sooner a mistake
    expect(await m.read(meter_id, mar, '14')).toMatchObject({ outcome: 'held', reasons: [{ code: 'backwards' }] });
    const plain = await m.meter();
    await m.read(plain.meter_id, jan, '99990');
    expect(await m.read(plain.meter_id, feb, '15')).toMatchObject({ outcome: 'held', state: 'held', usage: null });
  });

  it('goes on over a change of the device, with readings of either side whenever they come', async () => {
    const { meter_id } = await m.meter([{ digits: 5, multiplier: '1' }]);
    await m.read(meter_id, jan, '900');
    await m.read(meter_id, apr, '5');
    const at = '2025-02-15T10:00:00Z';
    expect(await m.usage(meter_id)).toEqual([]);
    const changed = await t.transact((tx) =>
      replaceMeter(tx, m.deps, {
        meter_id,
        at,
        serial: 'B-2',
        registers: [{ register: '1', final: '960', initial: '0', multiplier: '10' }],
      }),
    );
    expect(changed.devices).toEqual([{ register: '1', installed_at: at, serial: 'B-2', digits: 5, multiplier: '10' }]);
    // 960 − 900 on the old device; (5 − 0) × 10 on the new one, since April's 5 is of the new one
    await m.read(meter_id, apr, '5');
    expect(await m.usage(meter_id)).toEqual(['60 from 2025-01-01', '50 from 2025-02-15']);
    await m.read(meter_id, mar, '2');
    // (2 − 0) × 10, (5 − 2) × 10
    expect(await m.usage(meter_id)).toEqual(['60 from 2025-01-01', '20 from 2025-02-15', '30 from 2025-03-01']);
    await m.read(meter_id, feb, '940');
    expect(await m.usage(meter_id)).toEqual([
      '40 from 2025-01-01',
      '20 from 2025-02-01',
      '20 from 2025-02-15',
      '30 from 2025-03-01',
    ]);
  });

  it('is replaced with the reads of all its counters, in the past, and once at a time', async () => {
    const { meter_id } = await m.meter([{ register: 'cold' }, { register: 'hot' }]);
    const ask = (over: object) =>
      m.codeOf(
        t.transact((tx) =>
          replaceMeter(tx, m.deps, {
            meter_id,
            at: feb,
            serial: null,
            registers: ['cold', 'hot'].map((register) => ({ register, final: '9', initial: '0' })),
            ...over,
          }),
        ),
      );
    expect(await ask({ registers: [{ register: 'cold', final: '9', initial: '0' }] })).toBe('meter_not_replaceable');
    expect(await ask({ at: '2027-01-01T00:00:00Z' })).toBe('meter_not_replaceable');
    expect(await ask({})).toBe('done');
    expect(await ask({})).toBe('meter_replaced_already');
    expect(await ask({ at: jan })).toBe('meter_not_replaceable');
  });
});

describe('quality', () => {
  it('bills an estimate, trues it up by a later actual, and never goes back', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '100');
    await m.read(meter_id, feb, '160', { quality: 'estimated' });
    expect(await m.metered(meter_id)).toEqual(['60 from 2025-01-01']);
    expect(await m.read(meter_id, feb, '142')).toMatchObject({ outcome: 'replaced', usage: { quantity: '42' } });
    expect(await m.read(meter_id, feb, '150', { quality: 'estimated' })).toMatchObject({ outcome: 'not_applied', value: '142' });
    expect(await m.read(meter_id, feb, '142')).toMatchObject({ outcome: 'unchanged' });
    expect(await m.usage(meter_id)).toEqual(['42 from 2025-01-01']);
    expect(await m.metered(meter_id)).toEqual(['42 from 2025-01-01']);
    const kept = await t.superuser(
      'SELECT value::text, state FROM meter_reading WHERE meter_id = $1 ORDER BY read_at, reading_id',
      [meter_id],
    );
    expect(kept).toEqual([
      { value: '100', state: 'counted' },
      { value: '160', state: 'superseded' },
      { value: '142', state: 'counted' },
    ]);
  });

  it('that is better with the same value changes no usage', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '100');
    const { usage } = await m.read(meter_id, feb, '160', { quality: 'estimated' });
    expect(await m.read(meter_id, feb, '160')).toMatchObject({ outcome: 'replaced', quality: 'actual', usage });
  });

  it('of an interval is trued up by itself', async () => {
    const { meter_id, identifier } = await m.meter([{ kind: 'interval', every_minutes: 30 }]);
    await m.read(meter_id, jan, '1.5', { quality: 'substituted' });
    await m.read(meter_id, '2025-01-01T00:30:00Z', '2');
    await m.read(meter_id, jan, '1.25');
    expect(await m.usage(meter_id)).toEqual(['1.25 from 2025-01-01', '2 from 2025-01-01']);
    const named = await t.superuser(
      "SELECT request_id FROM reading_usage WHERE meter_id = $1 AND state = 'live' ORDER BY starts_at",
      [meter_id],
    );
    expect(named).toEqual([
      { request_id: `meter/${identifier}/1/${jan}/2` },
      { request_id: `meter/${identifier}/1/2025-01-01T00:30:00Z` },
    ]);
  });
});

describe('a reading', () => {
  it('says which register where the meter has several', async () => {
    const { meter_id } = await m.meter([{ register: 'cold' }, { register: 'hot' }]);
    expect(await m.codeOf(m.read(meter_id, jan, '1'))).toBe('register_unknown');
    expect(await m.codeOf(m.read(meter_id, jan, '1', { register: 'tepid' }))).toBe('register_unknown');
    expect((await m.read(meter_id, jan, '1', { register: 'hot' })).register).toBe('hot');
  });

  it('that begins with nobody there is held', async () => {
    const { meter_id, site_id } = await m.meter();
    const [only] = await t.read((db) => listOccupancies(db, site_id));
    await t.transact((tx) => endOccupancy(tx, site_id, only!.occupancy_id, '2025-01-15T00:00:00Z'));
    await m.read(meter_id, '2025-01-20T00:00:00Z', '1');
    expect(await m.read(meter_id, feb, '2')).toMatchObject({ outcome: 'held', reasons: [{ code: 'no_occupant' }] });
  });

  it('comes once of two at the same moment', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '0');
    const two = await Promise.all([m.read(meter_id, feb, '10'), m.read(meter_id, feb, '10')]);
    expect(two.map((one) => one.outcome).sort()).toEqual(['recorded', 'unchanged']);
    expect(new Set(two.map((one) => one.reading_id)).size).toBe(1);
  });

  it('of which one call brings two takes the better, whichever comes first', async () => {
    for (const qualities of [
      ['estimated', 'actual'],
      ['actual', 'estimated'],
    ] as const) {
      const { meter_id } = await m.meter();
      const readings = qualities.map((quality) => ({ meter_id, time: jan, value: quality === 'actual' ? '7' : '9', quality }));
      await t.transact((tx) => recordReadings(tx, m.deps, readings, 'manual'));
      const { data } = await t.read((db) => listReadings(db, { meter_id, limit: 10 }));
      expect(data.map((one) => one.value)).toEqual(['7']);
    }
  });

  it('cannot be changed, not even past the program', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '1');
    const change = (set: string) => t.superuser(`UPDATE meter_reading SET ${set} WHERE meter_id = $1`, [meter_id]);
    await expect(change('value = 2')).rejects.toThrow('append-only');
    await expect(change("state = 'held'")).rejects.toThrow('does not become');
    await expect(t.superuser('DELETE FROM meter_reading WHERE meter_id = $1', [meter_id])).rejects.toThrow('append-only');
  });

  it('never counts twice, not even past the program', async () => {
    const { meter_id } = await m.meter();
    await m.read(meter_id, jan, '1');
    await m.read(meter_id, feb, '2');
    await expect(
      t.superuser(
        `INSERT INTO reading_usage (tenant_id, usage_id, meter_id, register, starts_at, ends_at, request_id, org_id, sku, quantity, quality, source, created_at)
         SELECT tenant_id, gen_random_uuid(), meter_id, register, starts_at + interval '1 day', ends_at, request_id || '/x', org_id, sku, 1, quality, source, created_at
           FROM reading_usage WHERE meter_id = $1`,
        [meter_id],
      ),
    ).rejects.toThrow('reading_usage_counts_once');
  });
});
