import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import { createSku } from '../../offer/catalog/service.ts';
import type { Ingest } from '../metering/model.ts';
import { createIngest } from '../metering/service/ingest.ts';
import { importFile, importOptions, type ImportRequest, startImport } from './service/imports.ts';
import { type ImportDeps, runImport } from './service/run-import.ts';
import { listMeters, registerMeter } from './service/meters.ts';
import { createOccupancy, createSite, endOccupancy, listOccupancies } from './service/sites.ts';
import { storeFile } from './service/stored-file.ts';

const t = await testDatabase();
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-imports-'));
const ingest = createIngest(t.postgres, { queue_events: 100_000 });
const clock = { now: () => t.scope().now };
const deps: ImportDeps = { postgres: t.postgres, clock, ingest, data_dir };
afterAll(async () => {
  await ingest.close();
  rmSync(data_dir, { recursive: true });
});

let number = 0;
/** Meters and organizations are each test's own: request ids are for ever. */
let nmi = '';
let org = '';
let org_id = '';

async function newOrg(): Promise<{ org_id: string; org_slug: string }> {
  number += 1;
  const org_slug = `org-${number}`;
  const made = await t.transact((tx) =>
    createOrganization(tx, { legal_name: org_slug, org_slug, billing_email: 'a@example.com', default_timezone: 'Australia/Brisbane' }),
  );
  return { org_id: made.org_id, org_slug };
}

beforeAll(async () => {
  await t.transact(async (tx) => {
    await createSku(tx, { sku: 'lead', type: 'action', unit: 'lead' });
    await createSku(tx, { sku: 'visit', type: 'action', unit: 'visit', aggregation: 'count' });
    await createSku(tx, { sku: 'water', type: 'energy', unit: 'm3' });
  });
});

beforeEach(async () => {
  const made = await newOrg();
  org = made.org_slug;
  org_id = made.org_id;
  nmi = `NMI${String(number).padStart(7, '0')}`;
});

const run = (content: string | Uint8Array, request: ImportRequest = { org }, over: Partial<ImportDeps> = {}) =>
  importFile({ ...deps, ...over }, t.scope(), { content: Readable.from([Buffer.from(content)]), filename: 'usage.csv', request });

async function stored(where = ''): Promise<{ count: number; sum: string; first: string; last: string }> {
  const [row] = await t.superuser<{ count: number; sum: string; first: string; last: string }>(
    `SELECT count(*)::int AS count, trim_scale(coalesce(sum(quantity), 0))::text AS sum, min(event_time) AS first, max(event_time) AS last
       FROM metering_event WHERE org_id = $1 ${where}`,
    [org_id],
  );
  return row!;
}

const half_hours = (value: string) => Array<string>(48).fill(value).join(',');
const block = (register = 'E1', unit = 'kWh') => `200,${nmi},E1B1,1,${register},N1,SERIAL1,${unit},30,`;
const day = (date: string, value = '0.5', quality = 'A') => `300,${date},${half_hours(value)},${quality},,,20230501000000,`;
const file = (...records: string[]) => `100,NEM12,202305010000,MDP,RET\n${records.join('\n')}\n900\n`;
const errorsOf = (report: { errors: { line: number; code: string }[] }) => report.errors.map((one) => `${one.line} ${one.code}`);

describe('a NEM12 file', () => {
  it('for an organization makes site, meter, registers, occupancy and SKUs, and its intervals are usage from their start', async () => {
    // 48 × 0.5 = 24 kWh of consumption on each of two days, 48 × 100 Wh = 4.8 kWh of export on one.
    const report = await run(file(block(), day('20230301'), day('20230302'), block('B1', 'Wh'), day('20230301', '100')));
    expect(report).toMatchObject({ status: 'completed', format: 'nem12', org_id, error_count: 0, errors: [], notes: [] });
    expect(report.totals).toMatchObject({ accepted: 144, duplicates: 0, rejected: 0, quantities: { energy: '48', 'energy-export': '4.8' } });
    expect(await stored("AND sku = 'energy'")).toEqual({ count: 96, sum: '48', first: '2023-02-28T14:00:00Z', last: '2023-03-02T13:30:00Z' });
    expect(await stored("AND sku = 'energy-export'")).toMatchObject({ count: 48, sum: '4.8' });
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
    expect(second).toMatchObject({ status: 'completed', same_as: first.import_id, totals: { accepted: 0, duplicates: 48, quantities: { energy: '24' } } });
    expect(await stored()).toMatchObject({ count: 48, sum: '24' });
  });

  it('with other bytes and the same intervals, in another unit even, holds only duplicates', async () => {
    await run(file(block(), day('20230301')));
    const again = await run(file(block('E1', 'Wh'), day('20230301', '500')).replaceAll('\n', '\r\n'));
    expect(again).toMatchObject({ status: 'completed', same_as: null, totals: { accepted: 0, duplicates: 48, rejected: 0 } });
    expect(await stored()).toMatchObject({ count: 48, sum: '24' });
  });

  it('that changes an interval on record is refused by line, whole', async () => {
    await run(file(block(), day('20230301')));
    const changed = day('20230301').replace('0.5', '0.7');
    const report = await run(file(block(), changed, day('20230302')));
    expect(report).toMatchObject({ status: 'rejected', totals: { accepted: 0, duplicates: 0 } });
    expect(errorsOf(report)).toEqual(['3 request_id_conflict']);
    expect(await stored()).toMatchObject({ count: 48, sum: '24' });
  });

  it('that changes an interval on record keeps the other intervals where good rows are to be kept', async () => {
    await run(file(block(), day('20230301')));
    const report = await run(file(block(), day('20230301').replace('0.5', '0.7'), day('20230302')), { org, on_error: 'keep_good' });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 48, duplicates: 47, rejected: 1 } });
    expect(errorsOf(report)).toEqual(['3 request_id_conflict']);
    expect(await stored()).toMatchObject({ count: 96, sum: '48' });
  });

  const bad = () => file(block(), day('20230301'), day('20230302', 'x'), day('20230303'));

  it('with a bad day is not imported at all, and makes no meter', async () => {
    const report = await run(bad());
    expect(report).toMatchObject({ status: 'rejected', totals: { accepted: 0, rejected: 1 } });
    expect(errorsOf(report)).toEqual(['4 value_invalid']);
    expect((await stored()).count).toBe(0);
    expect((await t.read((db) => listMeters(db, { org_ids: [org_id], limit: 10 }))).data).toEqual([]);
  });

  it('with a bad day is imported without it where good rows are to be kept', async () => {
    const report = await run(bad(), { org, on_error: 'keep_good' });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 96, rejected: 1, quantities: { energy: '48' } } });
    expect(errorsOf(report)).toEqual(['4 value_invalid']);
  });

  it('mended after a refusal is imported like any other', async () => {
    await run(bad());
    expect(await run(file(block(), day('20230301'), day('20230302'), day('20230303')))).toMatchObject({ status: 'completed', totals: { accepted: 144 } });
  });

  it('cut short is refused; its whole days are kept only on demand, and the cut is named', async () => {
    const cut = file(block(), day('20230301'), day('20230302')).slice(0, -60);
    const report = await run(cut);
    expect(report.status).toBe('rejected');
    expect(errorsOf(report)).toEqual(['4 record_cut', '4 file_truncated']);
    expect((await stored()).count).toBe(0);
    const kept = await run(cut, { org, on_error: 'keep_good' });
    expect(kept).toMatchObject({ status: 'completed', totals: { accepted: 48, rejected: 2 } });
    expect(errorsOf(kept)).toEqual(['4 record_cut', '4 file_truncated']);
  });

  it.each([
    ['a NEM13 file', '100,NEM13,200401101030,MDA1,Ret1\n250,V\n900\n', 'format_unsupported'],
    ['Green Button', '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi"/>', 'format_unsupported'],
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
      "SELECT metadata->>'quality' AS quality, count(*)::int AS count FROM metering_event WHERE org_id = $1 GROUP BY 1 ORDER BY 1",
      [org_id],
    );
    expect(rows).toEqual([
      { quality: 'A', count: 28 },
      { quality: 'F14', count: 20 },
    ]);
  });

  it('gives each interval to whoever occupies the site when it begins', async () => {
    const other = await newOrg();
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
    expect(await stored()).toEqual({ count: 24, sum: '12', first: '2023-02-28T14:00:00Z', last: '2023-03-01T01:30:00Z' });
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

const header = 'request_id,sku,quantity,time';
const row = (id: string, quantity = '1', time = '2023-03-01T00:00:00Z') => `${org}-${id},lead,${quantity},${time}`;

describe('a CSV file', () => {
  it('is usage of the organization it is for, or of the one each row names', async () => {
    const other = await newOrg();
    const content = `\uFEFFtime,quantity,SKU,request_id,org,properties.region,unit\r
2023-03-01T10:00:00+10:00,2.50,lead,${org}-a,,"QLD, ""north""",\r
2023-03-01T00:00:00Z,1500,water,${org}-b,,,l\r
2023-03-01T00:00:00Z,1,lead,${org}-c,${other.org_slug},,\r
`;
    const report = await run(content);
    // 2.5 leads for one and 1 for the other; 1,500 litres are 1.5 cubic metres.
    expect(report).toMatchObject({ status: 'completed', format: 'csv', totals: { lines: 4, accepted: 3, quantities: { lead: '3.5', water: '1.5' } } });
    expect(await stored()).toMatchObject({ count: 2, sum: '4' });
    const [kept] = await t.superuser('SELECT properties, source FROM metering_event WHERE request_id = $1', [`${org}-a`]);
    expect(kept).toEqual({ properties: { region: 'QLD, "north"' }, source: 'import' });
  });

  it('brought again holds only duplicates', async () => {
    const content = `${header}\n${row('a')}\n${row('b')}\n`;
    await run(content);
    expect(await run(content)).toMatchObject({ status: 'completed', totals: { accepted: 0, duplicates: 2 } });
    expect(await run(`${content}\n`)).toMatchObject({ status: 'completed', same_as: null, totals: { accepted: 0, duplicates: 2 } });
    expect((await stored()).count).toBe(2);
  });

  const faulty = () =>
    [
      header,
      row('good-1'),
      row('ragged') + ',7',
      row('word', 'ten'),
      row('exponent', '1e3'),
      row('endless', '1.0000000000001'),
      row('negative', '-1'),
      row('nothing', ''),
      row('day', '1', '2023-02-30T00:00:00Z'),
      row('offset', '1', '2023-03-01T00:00:00'),
      row('future', '1', '2027-03-01T00:00:00Z'),
      row('past', '1', '1999-03-01T00:00:00Z'),
      `${org}-sku,unheard,1,2023-03-01T00:00:00Z`,
      `,lead,1,2023-03-01T00:00:00Z`,
      `${org}-"quote,lead,1,2023-03-01T00:00:00Z`,
      row('good-2'),
      row('good-1', '2'),
      row('good-1'),
    ].join('\n');
  const named = [
    '3 row_ragged',
    '14 field_missing',
    '15 quote_invalid',
    '4 quantity_invalid',
    '5 quantity_invalid',
    '6 quantity_invalid',
    '7 quantity_negative',
    '8 quantity_required',
    '9 time_invalid',
    '10 time_invalid',
    '11 time_out_of_window',
    '12 time_out_of_window',
    '13 sku_unknown',
    '17 request_id_conflict',
  ].sort();

  it('with bad rows is not imported at all, and every bad row is named by its line', async () => {
    const report = await run(faulty());
    expect(report).toMatchObject({ status: 'rejected', totals: { lines: 18, accepted: 0, rejected: 14 }, error_count: 14 });
    expect(errorsOf(report).sort()).toEqual(named);
    expect((await stored()).count).toBe(0);
  });

  it('with bad rows is imported without them where good rows are to be kept', async () => {
    const report = await run(faulty(), { org, on_error: 'keep_good' });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 2, duplicates: 1, rejected: 14 } });
    expect(errorsOf(report).sort()).toEqual(named);
    expect(await stored()).toMatchObject({ count: 2, sum: '2' });
  });

  it.each([
    ['a semicolon between its columns', 'request_id;sku;quantity;time\na;lead;1;2023-03-01T00:00:00Z', 'delimiter_invalid'],
    ['no column for the time', 'request_id,sku,quantity\na,lead,1', 'header_invalid'],
    ['a column that means nothing', `${header},colour\na,lead,1,2023-03-01T00:00:00Z,red`, 'header_invalid'],
    ['a column twice', `${header},sku\na,lead,1,2023-03-01T00:00:00Z,lead`, 'header_invalid'],
    ['no header', 'a,lead,1,2023-03-01T00:00:00Z', 'header_invalid'],
    ['two-byte characters', Buffer.from(`\uFEFF${header}\n`, 'utf16le'), 'encoding_invalid'],
  ])('with %s fails as a whole', async (_name, content, code) => {
    const report = await run(content, { org, on_error: 'keep_good' });
    expect(report.status).toBe('failed');
    expect(report.errors.map((one) => one.code)).toEqual([code]);
  });

  it('names the rows that are not UTF-8 or hold NUL', async () => {
    const content = Buffer.concat([Buffer.from(`${header}\n${row('a')}\n`), Buffer.from(`${row('caf\xe9')}\n${row('n\0l')}\n`, 'latin1')]);
    const report = await run(content, { org, on_error: 'keep_good' });
    expect(errorsOf(report)).toEqual(['3 encoding_invalid', '4 encoding_invalid']);
    expect(report.totals).toMatchObject({ accepted: 1, rejected: 2 });
  });

  it('of a header alone is in order and holds no usage; an empty one is refused', async () => {
    const report = await run(`${header}\n`);
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 0, lines: 1 } });
    expect(report.notes.map((one) => one.code)).toEqual(['no_usage']);
    await expect(run('')).rejects.toMatchObject({ code: 'import_file_empty' });
  });

  it('takes an unknown organization in a row for an unknown one, and a row without any for a bad one', async () => {
    const content = `${header},org\n${row('a')},nobody\n${row('b')},\n`;
    expect(errorsOf(await run(content, {}))).toEqual(['2 org_unknown', '3 org_missing']);
  });

  it('lists a thousand errors and counts them all', async () => {
    const rows = Array.from({ length: 1500 }, (_, index) => row(`r${index}`, 'many'));
    const report = await run([header, ...rows].join('\n'));
    expect(report).toMatchObject({ status: 'rejected', error_count: 1500, totals: { rejected: 1500 } });
    expect(report.errors).toHaveLength(1000);
  });

  it('larger than allowed is refused and leaves nothing on disk', async () => {
    await expect(run(`${header}\n${row('a')}\n`, { org }, { max_bytes: 20 })).rejects.toMatchObject({ code: 'import_file_too_large' });
    expect(readdirSync(join(data_dir, 'imports'))).toEqual([]);
  });
});

describe('an import', () => {
  const rows = (count: number) => [header, ...Array.from({ length: count }, (_, index) => row(`r${index}`))].join('\n');

  async function queued(content: string, request: ImportRequest): Promise<string> {
    const import_id = crypto.randomUUID();
    const file = await storeFile(data_dir, import_id, Readable.from([Buffer.from(content)]));
    const options = await t.read((db) => importOptions(db, request, null));
    await t.transact((tx) => startImport(tx, { import_id, filename: 'usage.csv', file, options }));
    return import_id;
  }
  const statusOf = async (import_id: string) =>
    (await t.superuser('SELECT status, accepted::int, duplicates::int, rejected::int, items_done::int FROM usage_import WHERE import_id = $1', [import_id]))[0];

  it('that is killed between batches goes on where it was, and counts nothing twice', async () => {
    const import_id = await queued(rows(12_000), { org, on_error: 'keep_good' });
    let calls = 0;
    const failing: Pick<Ingest, 'ingestEvents'> = {
      ingestEvents: async (...call) => {
        calls += 1;
        if (calls === 2) throw new Error('killed');
        return ingest.ingestEvents(...call);
      },
    };
    await expect(runImport({ ...deps, ingest: failing }, t.tenant_id, import_id)).rejects.toThrow('killed');
    expect(await statusOf(import_id)).toMatchObject({ status: 'running', accepted: 5000, items_done: 5000 });
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('busy');
    await t.superuser("UPDATE usage_import SET leased_at = leased_at - interval '2 minutes' WHERE import_id = $1", [import_id]);
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    expect(await statusOf(import_id)).toMatchObject({ accepted: 12_000, duplicates: 0, rejected: 0 });
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    expect(await stored()).toMatchObject({ count: 12_000, sum: '12000' });
  });

  it('that is asked to stop keeps its place for the next', async () => {
    const import_id = await queued(rows(10), { org });
    expect(await runImport(deps, t.tenant_id, import_id, AbortSignal.abort())).toBe('interrupted');
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    expect((await stored()).count).toBe(10);
  });

  it('whose file is gone fails and says so', async () => {
    const import_id = await queued(rows(3), { org });
    rmSync(join(data_dir, 'imports', import_id));
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('failed');
    const findings = await t.superuser('SELECT code FROM usage_import_error WHERE import_id = $1', [import_id]);
    expect(findings).toEqual([{ code: 'file_missing' }]);
  });

  it('of a file that is on the queue already is that one, and is finished by whoever comes first', async () => {
    const content = rows(4);
    const first = await queued(content, { org });
    const second = await run(content);
    expect(second).toMatchObject({ import_id: first, status: 'completed', totals: { accepted: 4, duplicates: 0 } });
  });

  it('for whoever may act for one organization alone takes no row of another', async () => {
    const other = await newOrg();
    const content = `${header},org\n${row('a')},\n${row('b')},${other.org_slug}\n`;
    const ask = (request: ImportRequest) =>
      importFile(deps, t.scope(), { content: Readable.from([Buffer.from(content)]), filename: 'f.csv', request, org_ids: [org_id] });
    expect(errorsOf(await ask({ org }))).toEqual(['3 org_unknown']);
    await expect(ask({ org: other.org_slug })).rejects.toMatchObject({ code: 'import_field_invalid' });
    await expect(ask({})).rejects.toMatchObject({ code: 'import_field_invalid' });
  });

  it('is on record with who asked for it, and told to whoever follows', async () => {
    const report = await run(rows(2));
    const entries = await t.superuser('SELECT action FROM audit_log WHERE target_id = $1', [report.import_id]);
    expect(entries.map((one) => one.action).sort()).toEqual(['import.completed', 'import.started']);
    const told = await t.superuser('SELECT type FROM billing_events WHERE aggregate_id = $1', [report.import_id]);
    expect(told).toEqual([{ type: 'import.completed' }]);
  });

  it('of another tenant is unknown', async () => {
    const import_id = await queued(rows(2), { org });
    expect(await runImport(deps, t.other_tenant_id, import_id)).toBe('unknown');
  });
});

describe("the market's example files", () => {
  const folder = new URL('../../../../shared/data/meter/nem/', import.meta.url);
  const month = new URL('Example_NEM12_month_solar.csv', folder);

  it('of a month of solar is billed by the sums of its registers, where the file is here', async () => {
    if (!existsSync(month)) return;
    const report = await run(readFileSync(month));
    // 31 days × 288 intervals × 2 registers; the sums were made with another program.
    expect(report).toMatchObject({ status: 'completed', totals: { lines: 66, accepted: 17_856, rejected: 0 } });
    expect(report.totals.quantities).toEqual({ energy: '270.738', 'energy-export': '589.172' });
    expect(await stored("AND sku = 'energy' AND event_time >= '2023-03-01 00:00+10' AND event_time < '2023-04-01 00:00+10'")).toMatchObject({
      count: 8928,
      sum: '270.738',
    });
  });
});
