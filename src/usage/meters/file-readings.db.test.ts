import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { errorsOf, type Place, testImports } from '../../../test/support/imports.ts';
import { standing, usageDeps } from '../../../test/support/metered.ts';
import type { Meter } from './model.ts';
import { findGaps } from './service/gaps.ts';
import type { ImportRequest } from './service/imports.ts';
import { listMeters } from './service/meters.ts';
import { recordReadings } from './service/readings.ts';
import { listReviews } from './service/reviews.ts';
import { createRule } from './service/rules.ts';

const { t, deps, newPlace, importText } = await testImports();
const usage = usageDeps(deps);
let { org, org_id, nmi }: Place = { org: '', org_id: '', nmi: '' };
beforeEach(async () => {
  ({ org, org_id, nmi } = await newPlace());
});
afterAll(async () => {
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

const run = (content: string, request: ImportRequest = {}) => importText(content, { org, ...request });
/** 1 March 2023, UTC+10, of half-hours of 0.5 kWh but where it is said otherwise. */
const file = (quality: string, values: Record<number, string> = {}) => {
  const half_hours = Array.from({ length: 48 }, (_, at) => values[at] ?? '0.5');
  return `100,NEM12,202305010000,MDP,RET\n200,${nmi},E1,1,E1,N1,S,kWh,30,\n300,20230301,${half_hours.join(',')},${quality},,,20230501000000,\n900\n`;
};
const meter = async (): Promise<Meter> => (await t.read((db) => listMeters(db, { org_ids: [org_id], limit: 1 }))).data[0]!;
const midnight = '2023-02-28T14:00:00Z';

describe('intervals of a file', () => {
  it('are readings of a register that has intervals of their length', async () => {
    await run(file('A'));
    const { meter_id, registers } = await meter();
    expect(registers).toMatchObject([{ register: 'E1', kind: 'interval', every_minutes: 30 }]);
    const kept = await t.superuser(
      'SELECT count(*)::int AS count, sum(value)::text AS sum, source, quality FROM meter_reading WHERE meter_id = $1 GROUP BY source, quality',
      [meter_id],
    );
    // 48 × 0.5
    expect(kept).toEqual([{ count: 48, sum: '24.0', source: 'import', quality: 'actual' }]);
    const asked = { from: midnight, to: '2023-03-02T14:00:00Z' };
    expect(await t.read((db) => findGaps(db, meter_id, asked))).toEqual([
      { register: 'E1', from: '2023-03-01T14:00:00Z', to: '2023-03-02T14:00:00Z', missing: 48 },
    ]);
  });

  it('that were estimated are trued up by a later file, which counts nothing twice', async () => {
    await run(file('E92', { 3: '2' }));
    expect(await standing(t, org_id)).toEqual({ count: 48, sum: '25.5' });
    // 48 × 0.5 + 0.25: one interval has another value, one that was 2 is 0.5
    const later = await run(file('A', { 7: '0.75' }));
    expect(later).toMatchObject({
      status: 'completed',
      totals: { accepted: 2, duplicates: 46, rejected: 0, quantities: { energy: '24.25' } },
    });
    expect(later.notes).toMatchObject([{ line: 3, code: 'reading_trued_up' }]);
    expect(await standing(t, org_id)).toEqual({ count: 48, sum: '24.25' });
    const again = await run(file('A', { 7: '0.75' }), { on_error: 'keep_good' });
    expect(again.totals).toMatchObject({ accepted: 0, duplicates: 48, rejected: 0 });
    expect(await standing(t, org_id)).toEqual({ count: 48, sum: '24.25' });
  });

  it('that are estimated never take the place of what was read, which is told', async () => {
    await run(file('A'));
    const later = await run(file('E92', { 7: '9' }));
    expect(later).toMatchObject({ status: 'completed', totals: { accepted: 0, duplicates: 48 } });
    expect(later.notes).toMatchObject([{ code: 'reading_not_applied' }]);
    expect(await standing(t, org_id)).toEqual({ count: 48, sum: '24' });
  });

  it('that say something else with as much right are refused by line, as ever', async () => {
    await run(file('A'));
    const other = await run(file('A', { 7: '0.75' }));
    expect([other.status, errorsOf(other)]).toEqual(['rejected', ['3 request_id_conflict']]);
  });

  it('that break a rule wait for a review, and are no usage', async () => {
    await run(file('A').replace('20230301', '20230228'));
    const { meter_id } = await meter();
    await t.transact((tx) => createRule(tx, { meter_id, kind: 'above_max', action: 'hold', threshold: '5' }));
    const report = await run(file('A', { 7: '6' }));
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 47, held: 1, quantities: { energy: '23.5' } } });
    expect(report.notes).toMatchObject([{ code: 'reading_held' }]);
    const { data } = await t.read((db) => listReviews(db, { meter_id, limit: 10 }));
    expect(data).toMatchObject([{ status: 'open', reading: { value: '6', source: 'import' } }]);
  });

  it('that a gateway sent already are known', async () => {
    await run(file('A').replace('20230301', '20230228'));
    const { meter_id } = await meter();
    const reading = { meter_id, register: 'E1', time: midnight, value: '0.5', quality: 'actual' as const };
    await t.transact((tx) => recordReadings(tx, usage, [reading], 'gateway'));
    expect(await run(file('A'))).toMatchObject({ status: 'completed', totals: { accepted: 47, duplicates: 1, rejected: 0 } });
    expect(await standing(t, org_id)).toEqual({ count: 96, sum: '48' });
  });
});

describe('what a counter showed', () => {
  /** MSCONS: what register 1.8.0 showed at midnight of each of these days, UTC. */
  const file_of = (reference: string, reads: readonly (readonly [date: string, value: string])[]) => {
    const body = [
      `UNS+D'NAD+DP'LOC+172+${nmi}'LIN+1'PIA+5+1-1?:1.8.0:SRW'`,
      ...reads.map(([date, value]) => `QTY+220:${value}'DTM+9:${date}0000?+00:303'`),
    ].join('');
    const segments = body.split("'").length + 1;
    return `UNA:+.? 'UNB+UNOC:3+A:500+B:500+230502:0000+${reference}'UNH+1+MSCONS:D:04B:UN:2.2e'${body}UNT+${segments}+1'UNZ+1+${reference}'`;
  };
  const quantities = async () => {
    const rows = await t.superuser<{ quantity: string; starts_at: string }>(
      "SELECT trim_scale(quantity)::text AS quantity, starts_at FROM reading_usage WHERE org_id = $1 AND state = 'live' ORDER BY starts_at",
      [org_id],
    );
    return rows.map((row) => `${row.quantity} from ${row.starts_at.slice(0, 10)}`);
  };

  it('is read from files into the usage of its counter, whichever comes first', async () => {
    const first = [
      ['20230301', '1000'],
      ['20230401', '1250.5'],
    ] as const;
    expect(await run(file_of('R1', first))).toMatchObject({ status: 'completed', totals: { accepted: 2, unmapped: 0 } });
    // 1,250.5 − 1,000
    expect(await quantities()).toEqual(['250.5 from 2023-03-01']);
    expect(await run(file_of('R2', [...first, ['20230501', '1400']]))).toMatchObject({ totals: { accepted: 1, duplicates: 2 } });
    expect(await run(file_of('R3', [['20230315', '1100']]))).toMatchObject({ totals: { accepted: 1 } });
    expect(await quantities()).toEqual(['100 from 2023-03-01', '150.5 from 2023-03-15', '149.5 from 2023-04-01']);
    const fallen = await run(file_of('R4', [['20230502', '1300']]));
    expect(fallen).toMatchObject({ totals: { accepted: 0, held: 1 }, notes: [{ code: 'reading_held' }] });
  });
});
