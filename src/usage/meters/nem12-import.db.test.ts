import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { errorsOf, type Place, testImports } from '../../../test/support/imports.ts';
import type { ImportDeps } from './service/import-progress.ts';
import type { ImportRequest } from './service/imports.ts';
import { listMeters, registerMeter } from './service/meters.ts';
import { createOccupancy, createSite, endOccupancy, listOccupancies } from './service/sites.ts';

const { t, data_dir, newPlace, importText, stored } = await testImports();
let { org, org_id, nmi }: Place = { org: '', org_id: '', nmi: '' };
beforeEach(async () => {
  ({ org, org_id, nmi } = await newPlace());
});
const run = (content: string | Uint8Array, request: ImportRequest = { org }, over?: Partial<ImportDeps>) =>
  importText(content, request, over);

const half_hours = (value: string) => Array<string>(48).fill(value).join(',');
const block = (register = 'E1', unit = 'kWh') => `200,${nmi},E1B1,1,${register},N1,SERIAL1,${unit},30,`;
const day = (date: string, value = '0.5', quality = 'A') => `300,${date},${half_hours(value)},${quality},,,20230501000000,`;
const file = (...records: string[]) => `100,NEM12,202305010000,MDP,RET\n${records.join('\n')}\n900\n`;

describe('a NEM12 file', () => {
  it('for an organization makes site, meter, registers, occupancy and SKUs, and its intervals are usage from their start', async () => {
    // 48 × 0.5 = 24 kWh of consumption on each of two days, 48 × 100 Wh = 4.8 kWh of export on one.
    const report = await run(file(block(), day('20230301'), day('20230302'), block('B1', 'Wh'), day('20230301', '100')));
    expect(report).toMatchObject({ status: 'completed', format: 'nem12', org_id, error_count: 0, errors: [], notes: [] });
    expect(report.totals).toMatchObject({
      accepted: 144,
      duplicates: 0,
      rejected: 0,
      quantities: { energy: '48', 'energy-export': '4.8' },
    });
    expect(await stored(org_id, "AND sku = 'energy'")).toEqual({
      count: 96,
      sum: '48',
      first: '2023-02-28T14:00:00Z',
      last: '2023-03-02T13:30:00Z',
    });
    expect(await stored(org_id, "AND sku = 'energy-export'")).toMatchObject({ count: 48, sum: '4.8' });
    const { data } = await t.read((db) => listMeters(db, { org_ids: [org_id], limit: 10 }));
    expect(data).toMatchObject([
      {
        identifier: nmi,
        sku: 'energy',
        registers: [
          { register: 'B1', sku: 'energy-export', unit: 'kWh', direction: 'export' },
          { register: 'E1', sku: 'energy', unit: 'kWh', direction: 'import' },
        ],
      },
    ]);
    const occupancies = await t.read((db) => listOccupancies(db, data[0]!.site_id));
    expect(occupancies).toMatchObject([{ org_id, from: '2023-02-28T14:00:00Z', to: null }]);
    expect(readdirSync(join(data_dir, 'imports'))).toEqual([]);
  });

  it('brought again changes nothing and says whose repetition it is', async () => {
    const content = file(block(), day('20230301'));
    const first = await run(content);
    const second = await run(content);
    expect(second).toMatchObject({
      status: 'completed',
      same_as: first.import_id,
      totals: { accepted: 0, duplicates: 48, quantities: { energy: '24' } },
    });
    expect(await stored(org_id)).toMatchObject({ count: 48, sum: '24' });
  });

  it('with other bytes and the same intervals, in another unit even, holds only duplicates', async () => {
    await run(file(block(), day('20230301')));
    const again = await run(file(block('E1', 'Wh'), day('20230301', '500')).replaceAll('\n', '\r\n'));
    expect(again).toMatchObject({ status: 'completed', same_as: null, totals: { accepted: 0, duplicates: 48, rejected: 0 } });
    expect(await stored(org_id)).toMatchObject({ count: 48, sum: '24' });
  });

  it('that changes an interval on record is refused by line, whole', async () => {
    await run(file(block(), day('20230301')));
    const changed = day('20230301').replace('0.5', '0.7');
    const report = await run(file(block(), changed, day('20230302')));
    expect(report).toMatchObject({ status: 'rejected', totals: { accepted: 0, duplicates: 0 } });
    expect(errorsOf(report)).toEqual(['3 request_id_conflict']);
    expect(await stored(org_id)).toMatchObject({ count: 48, sum: '24' });
  });

  it('that changes an interval on record keeps the other intervals where good rows are to be kept', async () => {
    await run(file(block(), day('20230301')));
    const report = await run(file(block(), day('20230301').replace('0.5', '0.7'), day('20230302')), {
      org,
      on_error: 'keep_good',
    });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 48, duplicates: 47, rejected: 1 } });
    expect(errorsOf(report)).toEqual(['3 request_id_conflict']);
    expect(await stored(org_id)).toMatchObject({ count: 96, sum: '48' });
  });

  const bad = () => file(block(), day('20230301'), day('20230302', 'x'), day('20230303'));

  it('with a bad day is not imported at all, and makes no meter', async () => {
    const report = await run(bad());
    expect(report).toMatchObject({ status: 'rejected', totals: { accepted: 0, rejected: 1 } });
    expect(errorsOf(report)).toEqual(['4 value_invalid']);
    expect((await stored(org_id)).count).toBe(0);
    expect((await t.read((db) => listMeters(db, { org_ids: [org_id], limit: 10 }))).data).toEqual([]);
  });

  it('with a bad day is imported without it where good rows are to be kept', async () => {
    const report = await run(bad(), { org, on_error: 'keep_good' });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 96, rejected: 1, quantities: { energy: '48' } } });
    expect(errorsOf(report)).toEqual(['4 value_invalid']);
  });

  it('mended after a refusal is imported like any other', async () => {
    await run(bad());
    expect(await run(file(block(), day('20230301'), day('20230302'), day('20230303')))).toMatchObject({
      status: 'completed',
      totals: { accepted: 144 },
    });
  });

  it('cut short is refused; its whole days are kept only on demand, and the cut is named', async () => {
    const cut = file(block(), day('20230301'), day('20230302')).slice(0, -60);
    const report = await run(cut);
    expect(report.status).toBe('rejected');
    expect(errorsOf(report)).toEqual(['4 record_cut', '4 file_truncated']);
    expect((await stored(org_id)).count).toBe(0);
    const kept = await run(cut, { org, on_error: 'keep_good' });
    expect(kept).toMatchObject({ status: 'completed', totals: { accepted: 48, rejected: 2 } });
    expect(errorsOf(kept)).toEqual(['4 record_cut', '4 file_truncated']);
  });

  it.each([
    ['a ZIP file', 'PK\u0003\u0004', 'format_unsupported'],
    ['a file without header', '200,NMI,E1,1,E1,N1,S,kWh,30,\n900\n', 'header_missing'],
    ['white space', '\n\n', 'file_empty'],
  ])('%s fails as a whole, whatever is to be kept', async (_name, content, code) => {
    const report = await run(content, { org, on_error: 'keep_good' });
    expect(report.status).toBe('failed');
    expect(report.errors.map((one) => one.code)).toEqual([code]);
  });

  it('of header and end alone is in order and holds no usage', async () => {
    const report = await run(file().replace('\n\n', '\n'));
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 0, rejected: 0 } });
    expect(report.notes.map((one) => one.code)).toEqual(['no_usage']);
  });

  it('says once which register is not billed, and bills it once it is mapped', async () => {
    const content = file(block('Q1', 'kVArh'), day('20230301'), day('20230302'), block('V1', ''), day('20230301'));
    const report = await run(content);
    expect(report).toMatchObject({ status: 'completed', error_count: 0, totals: { accepted: 0, unmapped: 144 } });
    expect(report.notes.map((one) => `${one.line} ${one.code}`)).toEqual(['3 register_unmapped', '6 register_unmapped']);
    const mapped = await run(content, { org, registers: { Q: 'reactive' } });
    expect(mapped).toMatchObject({ status: 'completed', totals: { accepted: 96, unmapped: 48, quantities: { reactive: '48' } } });
  });

  it('refuses consumption without a unit or in a unit of something else', async () => {
    const report = await run(file(block('E1', ''), day('20230301'), block('E2', 'kVArh'), day('20230301')));
    expect(errorsOf(report)).toEqual(['3 unit_missing', '5 unit_mismatch']);
  });

  it('counts an interval without value as missing and keeps nothing of it', async () => {
    const report = await run(file(block(), `300,20230301,${half_hours('')},N,,,,`));
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 0, missing: 48 } });
    expect(report.notes.map((one) => one.code)).toEqual(['values_missing']);
  });

  it('keeps the quality of each interval beside it', async () => {
    await run(file(block(), `300,20230301,${half_hours('1')},V,,,,`, '400,1,20,F14,76,', '400,21,48,A,,'));
    const rows = await t.superuser(
      `SELECT properties->>'quality' AS quality, metadata->>'method' AS method, metadata->>'reason' AS reason, count(*)::int AS count
         FROM metering_event WHERE org_id = $1 GROUP BY 1, 2, 3 ORDER BY 1`,
      [org_id],
    );
    expect(rows).toEqual([
      { quality: 'A', method: null, reason: null, count: 28 },
      { quality: 'F', method: '14', reason: '76', count: 20 },
    ]);
  });

  it('gives each interval to whoever occupies the site when it begins', async () => {
    const other = await newPlace();
    const site_id = await t.transact(async (tx) => {
      const site = await createSite(tx, { name: 'Unit 1', time_zone: 'Australia/Brisbane' });
      await registerMeter(tx, { site_id: site.site_id, identifier: nmi, sku: 'energy', registers: [{ register: 'E1' }] });
      // Noon on 1 March in Brisbane: 24 half hours before it, 24 from it on.
      await createOccupancy(tx, site.site_id, { org_id, from: '2023-01-01T00:00:00Z', to: '2023-03-01T02:00:00Z' });
      await createOccupancy(tx, site.site_id, { org_id: other.org_id, from: '2023-03-01T02:00:00Z' });
      return site.site_id;
    });
    const report = await run(file(block(), day('20230301')), {});
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 48 } });
    expect(await stored(org_id)).toEqual({ count: 24, sum: '12', first: '2023-02-28T14:00:00Z', last: '2023-03-01T01:30:00Z' });
    const named = await run(file(block(), day('20230302')));
    expect(errorsOf(named)).toEqual(['3 occupied_by_another']);
    await t.transact(async (tx) => {
      const [, last] = await listOccupancies(tx, site_id);
      await endOccupancy(tx, site_id, last!.occupancy_id, '2023-03-02T14:00:00Z');
    });
    expect(errorsOf(await run(file(block(), day('20230303')), {}))).toEqual(['3 site_unoccupied']);
  });

  it('without an organization refuses a meter it does not know', async () => {
    expect(errorsOf(await run(file(block(), day('20230301')), {}))).toEqual(['3 meter_unknown']);
  });

  it('of a day that has not been is refused', async () => {
    expect(errorsOf(await run(file(block(), day('20270301'))))).toEqual(['3 time_out_of_window']);
  });
});
