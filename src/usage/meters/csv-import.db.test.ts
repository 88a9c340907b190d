import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { errorsOf, type Place, testImports } from '../../../test/support/imports.ts';
import type { ImportDeps } from './service/import-progress.ts';
import type { ImportRequest } from './service/imports.ts';

const { t, data_dir, newPlace, importText, stored } = await testImports();
let { org, org_id }: Place = { org: '', org_id: '', nmi: '' };
beforeEach(async () => {
  ({ org, org_id } = await newPlace());
});
const run = (content: string | Uint8Array, request: ImportRequest = { org }, over?: Partial<ImportDeps>) =>
  importText(content, request, over);

const header = 'request_id,sku,quantity,time';
const row = (id: string, quantity = '1', time = '2023-03-01T00:00:00Z') => `${org}-${id},lead,${quantity},${time}`;

describe('a CSV file', () => {
  it('is usage of the organization it is for, or of the one each row names', async () => {
    const other = await newPlace();
    const content = `\uFEFFtime,quantity,SKU,request_id,org,properties.region,unit\r
2023-03-01T10:00:00+10:00,2.50,lead,${org}-a,,"QLD, ""north""",\r
2023-03-01T00:00:00Z,1500,water,${org}-b,,,l\r
2023-03-01T00:00:00Z,1,lead,${org}-c,${other.org},,\r
`;
    const report = await run(content);
    // 2.5 leads for one and 1 for the other; 1,500 litres are 1.5 cubic metres.
    expect(report).toMatchObject({
      status: 'completed',
      format: 'csv',
      totals: { lines: 4, accepted: 3, quantities: { lead: '3.5', water: '1.5' } },
    });
    expect(await stored(org_id)).toMatchObject({ count: 2, sum: '4' });
    const [kept] = await t.superuser('SELECT properties, source FROM metering_event WHERE request_id = $1', [`${org}-a`]);
    expect(kept).toEqual({ properties: { region: 'QLD, "north"' }, source: 'import' });
  });

  it('brought again holds only duplicates', async () => {
    const content = `${header}\n${row('a')}\n${row('b')}\n`;
    await run(content);
    expect(await run(content)).toMatchObject({ status: 'completed', totals: { accepted: 0, duplicates: 2 } });
    expect(await run(`${content}\n`)).toMatchObject({
      status: 'completed',
      same_as: null,
      totals: { accepted: 0, duplicates: 2 },
    });
    expect((await stored(org_id)).count).toBe(2);
  });

  const faulty = () =>
    [
      header,
      row('good-1'),
      `${row('ragged')},7`,
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
    expect((await stored(org_id)).count).toBe(0);
  });

  it('with bad rows is imported without them where good rows are to be kept', async () => {
    const report = await run(faulty(), { org, on_error: 'keep_good' });
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 2, duplicates: 1, rejected: 14 } });
    expect(errorsOf(report).sort()).toEqual(named);
    expect(await stored(org_id)).toMatchObject({ count: 2, sum: '2' });
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
    const content = Buffer.concat([
      Buffer.from(`${header}\n${row('a')}\n`),
      Buffer.from(`${row('caf\xe9')}\n${row('n\0l')}\n`, 'latin1'),
    ]);
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
    await expect(run(`${header}\n${row('a')}\n`, { org }, { max_bytes: 20 })).rejects.toMatchObject({
      code: 'import_file_too_large',
    });
    expect(readdirSync(join(data_dir, 'imports'))).toEqual([]);
  });
});
