import { describe, expect, it } from 'vitest';
import { mappingFaults } from './decide/csv-mapping.ts';
import type { Finding } from './decide/finding.ts';
import { readFindings } from './decide/formats.ts';
import { timeText } from './decide/row.ts';
import { CsvMappingDefinition } from './model.ts';

const sydney = 'Australia/Sydney';

function mapping(over: Record<string, unknown> = {}): CsvMappingDefinition {
  return CsvMappingDefinition.parse({
    meter: { column: 'meter' },
    unit: { value: 'kWh' },
    time: { columns: ['time'], format: 'DD.MM.YYYY HH:mm', zone: sydney },
    interval_minutes: 30,
    quantity: { column: 'kwh' },
    ...over,
  });
}

function read(content: string | Uint8Array, by = mapping()): Finding[] {
  const reader = readFindings('csv', by);
  return [...reader.push(Buffer.from(content)), ...reader.end()];
}
const rowsOf = (found: Finding[]) =>
  found.flatMap((one) => (one.kind === 'interval' ? one.rows.map((row) => ({ ...one, ...row })) : []));
const values = (found: Finding[]) =>
  rowsOf(found).map((row) => `${row.meter} ${row.register} ${timeText(row.start_ms)} ${row.value}`);
const faultsOf = (found: Finding[]) => found.flatMap((one) => (one.kind === 'fault' ? [`${one.line} ${one.code}`] : []));

describe('a CSV read by a mapping', () => {
  it('has its columns anywhere, its time in a zone, its decimals with a comma, its quality by the words of the file', () => {
    const by = mapping({
      delimiter: ';',
      decimal_mark: ',',
      skip_lines: 2,
      register: { column: 'channel' },
      time: { columns: ['date', 2], format: 'D/M/YY h:mm A', zone: sydney },
      quality: { column: 'how', map: { measured: 'A', guess: 'E' }, otherwise: 'S' },
      quantity: { column: 'kwh' },
    });
    const found = read(
      'Export of 1 March\nall meters\ndate;clock;how;meter;channel;kwh\n1/3/23;12:00 AM;measured;M1;E1;1,5\n1/3/23;12:30 PM;guess;M1;E1;2\n1/3/23;1:00 PM;?;M1;B1;"0,25"\n',
      by,
    );
    expect(faultsOf(found)).toEqual([]);
    // Sydney was UTC+11 on that day.
    expect(values(found)).toEqual([
      'M1 E1 2023-02-28T13:00:00Z 1.5',
      'M1 E1 2023-03-01T01:30:00Z 2',
      'M1 B1 2023-03-01T02:00:00Z 0.25',
    ]);
    expect(rowsOf(found).map((row) => [row.quality, row.flow, row.line])).toEqual([
      ['A', 'import', 4],
      ['E', 'import', 5],
      ['S', 'export', 6],
    ]);
  });

  it('needs no header where its columns are numbered, nor a zone where its times have an offset', () => {
    const by = mapping({
      header: false,
      meter: { value: 'M9' },
      time: { columns: [1], format: 'iso', marks: 'end' },
      quantity: { column: 2 },
    });
    expect(values(read('2023-03-01T01:00:00+10:00,1\n2023-03-01T01:30:00+10:00,2\n', by))).toEqual([
      'M9 E1 2023-02-28T14:30:00Z 1',
      'M9 E1 2023-02-28T15:00:00Z 2',
    ]);
  });

  it('reads the hour that comes twice in the order of its rows, and refuses the one that never was', () => {
    // On 2 April 2023 clocks in Sydney went from 03:00 (UTC+11) back to 02:00 (UTC+10).
    const rows = ['02:00', '02:30', '02:00', '02:30', '03:00'].map((clock, at) => `M1,02.04.2023 ${clock},${at}`);
    expect(values(read(`meter,time,kwh\n${rows.join('\n')}\n`))).toEqual([
      'M1 E1 2023-04-01T15:00:00Z 0',
      'M1 E1 2023-04-01T15:30:00Z 1',
      'M1 E1 2023-04-01T16:00:00Z 2',
      'M1 E1 2023-04-01T16:30:00Z 3',
      'M1 E1 2023-04-01T17:00:00Z 4',
    ]);
    const refuse = mapping({ time: { columns: ['time'], format: 'DD.MM.YYYY HH:mm', zone: sydney, overlap: 'refuse' } });
    expect(faultsOf(read(`meter,time,kwh\n${rows[0]}\n`, refuse))).toEqual(['2 time_ambiguous']);
    expect(faultsOf(read('meter,time,kwh\nM1,01.10.2023 02:30,1\nM1,01.10.2023 03:00,1\n'))).toEqual(['2 time_gap']);
    expect(values(read('meter,time,kwh\nM1,01.10.2023 24:00,1\n'))).toEqual(['M1 E1 2023-10-01T13:00:00Z 1']);
  });

  const wide = (counts: string, columns: number) =>
    mapping({
      time: { columns: ['day'], format: 'YYYY-MM-DD', zone: sydney },
      interval_minutes: 60,
      quantity: { first_column: 'h1', columns, counts },
    });
  const hours = (count: number) => Array.from({ length: count }, (_, n) => `h${n + 1}`).join(',');

  it('with a column per clock hour leaves the hour that never was empty, and cannot tell the one that comes twice', () => {
    const head = `meter,day,${hours(24)}\n`;
    const gap = Array.from({ length: 24 }, (_, n) => (n === 2 ? '' : String(n)));
    const found = values(read(`${head}M1,2023-10-01,${gap.join(',')}\n`, wide('clock', 24)));
    expect(found).toHaveLength(23);
    // 01:00 is UTC+10, 03:00 UTC+11: one hour later.
    expect(found.slice(1, 3)).toEqual(['M1 E1 2023-09-30T15:00:00Z 1', 'M1 E1 2023-09-30T16:00:00Z 3']);
    const full = Array.from({ length: 24 }, () => '1').join(',');
    expect(
      faultsOf(read(`${head}M1,2023-10-01,${full}\nM1,2023-04-02,${full}\nM1,2023-03-01,${full}\n`, wide('clock', 24))),
    ).toEqual(['2 time_gap', '3 time_ambiguous']);
  });

  it('with a column per hour since midnight has 23, 24 or 25 of them', () => {
    const row = (day: string, count: number) =>
      `M1,${day},${Array.from({ length: 25 }, (_, n) => (n < count ? '1' : '')).join(',')}`;
    const found = read(
      `meter,day,${hours(25)}\n${row('2023-10-01', 23)}\n${row('2023-03-01', 24)}\n${row('2023-04-02', 25)}\n`,
      wide('elapsed', 25),
    );
    expect(faultsOf(found)).toEqual([]);
    expect(found.map((one) => (one.kind === 'interval' ? one.rows.length : 0))).toEqual([23, 24, 25]);
    expect(
      faultsOf(read(`meter,day,${hours(25)}\n${row('2023-10-01', 24)}\n${row('2023-04-02', 24)}\n`, wide('elapsed', 25))),
    ).toEqual(['2 value_unexpected', '3 value_missing']);
  });

  it.each([
    ['utf-16le', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Zähler,time,kwh\nM1,01.03.2023 00:00,1\n', 'utf16le')])],
    ['iso-8859-1', Buffer.from('Zähler,time,kwh\nM1,01.03.2023 00:00,1\n', 'latin1')],
    ['utf-8', Buffer.from('\uFEFFZähler,time,kwh\r\nM1,01.03.2023 00:00,1\r\n')],
  ])('is read in %s', (encoding, content) => {
    expect(values(read(content, mapping({ encoding, meter: { column: 'Zähler' } })))).toEqual(['M1 E1 2023-02-28T13:00:00Z 1']);
  });

  it.each([
    ['another delimiter', 'meter;time;kwh\nM1;01.03.2023 00:00;1\n', '1 delimiter_invalid'],
    ['a column missing', 'meter,when,kwh\n', '1 header_invalid'],
    ['a column twice', 'meter,time,kwh,kwh\n', '1 header_invalid'],
    ['bytes that are not UTF-8', Buffer.from('Z\u00e4hler,time\n', 'latin1'), '1 encoding_invalid'],
    ['nothing', '', '1 file_empty'],
  ])('with %s is refused whole', (_what, content, expected) => {
    const found = read(content);
    expect(faultsOf(found)).toEqual([expected]);
    expect(found).toMatchObject([{ whole_file: true }]);
  });

  it.each([
    ['a ragged row', 'M1,01.03.2023 00:00', 'row_ragged'],
    ['a day that does not exist', 'M1,30.02.2023 00:00,1', 'time_invalid'],
    ['a time of another form', 'M1,2023-03-01 00:00,1', 'time_invalid'],
    ['no quantity', 'M1,01.03.2023 00:00,', 'value_missing'],
    ['the other decimal mark', 'M1,01.03.2023 00:00,"1,5"', 'value_invalid'],
    ['an exponent', 'M1,01.03.2023 00:00,1e3', 'value_invalid'],
    ['a negative quantity', 'M1,01.03.2023 00:00,-1', 'value_negative'],
    ['a meter that is no name', '=cmd(),01.03.2023 00:00,1', 'meter_invalid'],
    ['a quote left open', '"M1,01.03.2023 00:00,1', 'quote_invalid'],
  ])('refuses %s by its line, and takes the others', (_what, row, code) => {
    const found = read(`meter,time,kwh\n${row}\nM2,01.03.2023 00:00,1\n`);
    expect(faultsOf(found)).toEqual([`2 ${code}`]);
    expect(values(found)).toEqual(['M2 E1 2023-02-28T13:00:00Z 1']);
  });
});

describe('a mapping', () => {
  const time = { columns: ['time'], format: 'DD.MM.YYYY HH:mm', zone: sydney };
  it.each([
    [{ delimiter: ',', decimal_mark: ',' }, '/decimal_mark decimal_mark_is_delimiter'],
    [{ header: false }, '/meter/column column_unnamed'],
    [{ unit: { column: 'kwh' } }, '/quantity/column column_repeated'],
    [{ time: { ...time, zone: undefined } }, '/time/zone time_zone_missing'],
    [{ time: { ...time, format: 'iso' } }, '/time/zone time_zone_needless'],
    [{ time: { ...time, format: 'DD.MM. HH:mm' } }, '/time/format time_format_incomplete'],
    [{ time: { ...time, format: 'DD.MM.YYYY' } }, '/time/format time_format_incomplete'],
    [{ time: { ...time, format: 'YYYY-MM-DDTHH:mm' } }, '/time/format time_format_invalid'],
    [{ time: { ...time, format: 'YYYY-MM-DD hh:mm' } }, '/time/format time_format_incomplete'],
    [{ interval_minutes: 7 }, '/interval_minutes interval_uneven'],
    [{ quality: { column: 'q', map: {} } }, '/quality/map quality_map_empty'],
    [{ quantity: { first_column: 'h1', columns: 24 } }, '/time/format time_format_invalid'],
    [
      { time: { ...time, format: 'DD.MM.YYYY' }, quantity: { first_column: 'h1', columns: 47 } },
      '/quantity/columns columns_mismatched',
    ],
  ])('that cannot mean anything is refused by field: %j', (over, expected) => {
    expect(mappingFaults(mapping(over)).map(({ pointer, code }) => `${pointer} ${code}`)).toContain(expected);
  });

  it('that can be used has no fault', () => expect(mappingFaults(mapping())).toEqual([]));
});
