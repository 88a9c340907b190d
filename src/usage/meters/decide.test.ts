import { describe, expect, it } from 'vitest';
import { lineSplitter } from './decide/lines.ts';
import { intervalStart, type Nem12Day, type Nem12Item, readNem12, seriesOfDay } from './decide/nem12.ts';
import { flowOfLetter, mapRegister } from './decide/registers.ts';
import { conversion, convert } from './decide/units.ts';

function read(content: string | Uint8Array): Nem12Item[] {
  const splitter = lineSplitter();
  const reader = readNem12();
  const lines = [...splitter.push(Buffer.from(content)), ...splitter.end()];
  const items = lines.flatMap((line) => ('text' in line ? reader.line(line.text, line.number, line.cut) : []));
  return [...items, ...reader.end()];
}

const faults = (items: Nem12Item[]) => items.flatMap((item) => (item.kind === 'fault' ? [`${item.line} ${item.code}`] : []));
const days = (items: Nem12Item[]) => items.filter((item): item is Nem12Day => item.kind === 'day');

const half_hours = (value: string, count = 48) => Array<string>(count).fill(value).join(',');
const block = '200,NMI1234567,E1,1,E1,N1,SERIAL1,kWh,30,';
const day = (date: string, value = '1.5') => `300,${date},${half_hours(value)},A,,,20230302000000,`;
const file = (...records: string[]) => `100,NEM12,202304120954,MDP,RET\n${records.join('\n')}\n900\n`;

describe('a NEM12 file', () => {
  it('reads days in UTC+10, whatever the season', () => {
    expect(intervalStart('2023-03-01', 5, 0)).toBe('2023-02-28T14:00:00Z');
    expect(intervalStart('2023-03-01', 5, 287)).toBe('2023-03-01T13:55:00Z');
    expect(intervalStart('2023-07-01', 30, 20)).toBe('2023-07-01T00:00:00Z');
  });

  it('gives each interval of a V day the quality of its 400 record', () => {
    const ranges = ['400,1,20,F14,76,', '400,21,24,A,,', '400,25,48,S14,1,'];
    const [only] = days(read(file(block, `300,20230301,${half_hours('1')},V,,,,`, ...ranges)));
    const { rows } = seriesOfDay(only!);
    const said = [rows[0], rows[19], rows[20], rows[24], rows[47]].map((row) => [row?.quality, row?.flags]);
    expect(rows).toHaveLength(48);
    expect(said).toEqual([
      ['F', { method: '14', reason: '76' }],
      ['F', { method: '14', reason: '76' }],
      ['A', {}],
      ['S', { method: '14', reason: '1' }],
      ['S', { method: '14', reason: '1' }],
    ]);
  });

  it('takes a 500 record, Windows line ends, a byte order mark, blank lines and days out of a second block', () => {
    const records = [block, day('20230301'), '500,O,S01009,20230301120000,001123.5', block, day('20230302'), ''];
    const items = read(`\uFEFF${file(...records)}`.replaceAll('\n', '\r\n'));
    expect(faults(items)).toEqual([]);
    expect(days(items).map((one) => one.date)).toEqual(['2023-03-01', '2023-03-02']);
  });

  it('takes no value at all where the quality says that there is none', () => {
    const items = read(file(block, `300,20230301,${half_hours('')},N,,,,`));
    expect(days(items)).toHaveLength(1);
    expect(faults(items)).toEqual([]);
  });

  const cases: [string, string, string[]][] = [
    ['is empty', '', ['1 file_empty']],
    ['has no header', `${block}\n${day('20230301')}\n900\n`, ['1 header_missing']],
    ['is a NEM13 file', '100,NEM13,200401101030,MDA1,Ret1\n250,V\n900\n', ['1 version_unknown']],
    ['has an unknown version', '100,NEM14,200401101030,MDA1,Ret1\n900\n', ['1 version_unknown']],
    ['has an impossible creation time', '100,NEM12,202313011200,,\n900\n', ['1 header_invalid']],
    ['has two headers', file('100,NEM12,202304120954,,'), ['2 header_repeated']],
    ['ends without a 900 record', `100,NEM12,202304120954,,\n${block}\n${day('20230301')}\n`, ['3 file_truncated']],
    ['goes on after the 900 record', `${file(block)}${day('20230301')}\n`, ['4 record_after_end']],
    ['has a 300 before any 200', file(day('20230301')), ['2 record_order']],
    ['has a 400 before any 300', file(block, '400,1,48,A,,'), ['3 record_order']],
    ['has a 400 after a 500', file(block, day('20230301'), '500,O,S,,', '400,1,48,A,,'), ['5 record_order']],
    ['has a 500 before any 300', file(block, '500,O,S,,'), ['3 record_order']],
    ['has a record of another format', file(block, '250,NMI1234567,11'), ['3 record_unknown']],
    ['has a record named like an object member', file('constructor,1', 'toString'), ['2 record_unknown', '3 record_unknown']],
    ['lacks a value', file(block, `300,20230301,${half_hours('1', 47)},A,,,,`), ['3 value_count']],
    ['has a value too many', file(block, `300,20230301,${half_hours('1', 49)},A,,,,`), ['3 value_count']],
    [
      'has five-minute values under a thirty-minute block',
      file(block, `300,20230301,${half_hours('1', 288)},A,,,,`),
      ['3 value_count'],
    ],
    ['has a negative value', file(block, `300,20230301,${half_hours('1', 47)},-1.5,A,,,,`), ['3 value_negative']],
    ['has a word for a value', file(block, `300,20230301,${half_hours('1', 47)},NaN,A,,,,`), ['3 value_invalid']],
    ['has an exponent', file(block, `300,20230301,${half_hours('1', 47)},1e3,A,,,,`), ['3 value_invalid']],
    ['has an empty value', file(block, `300,20230301,${half_hours('1', 47)},,A,,,,`), ['3 value_missing']],
    ['has no quality', file(block, `300,20230301,${half_hours('1')}`), ['3 quality_missing']],
    ['has an unknown quality', file(block, `300,20230301,${half_hours('1')},X,,,,`), ['3 quality_invalid']],
    ['substitutes without a method', file(block, `300,20230301,${half_hours('1')},S,,,,`), ['3 quality_invalid']],
    ['gives an actual value a method', file(block, `300,20230301,${half_hours('1')},A14,,,,`), ['3 quality_invalid']],
    ['has a reason that is no number', file(block, `300,20230301,${half_hours('1')},F14,tree,,,`), ['3 reason_invalid']],
    ['has an impossible update time', file(block, `300,20230301,${half_hours('1')},A,,,20230301250000,`), ['3 time_invalid']],
    ['has fields to spare', file(block, `300,20230301,${half_hours('1')},A,,,,,,7`), ['3 record_ragged']],
    ['has a day that does not exist', file(block, day('20230229')), ['3 date_invalid']],
    ['has a date in another form', file(block, day('2023-03-01')), ['3 date_invalid']],
    ['has days out of order', file(block, day('20230302'), day('20230301')), ['4 date_order']],
    ['has a day twice', file(block, day('20230301'), block, day('20230301', '2')), ['5 day_repeated']],
    [
      'has an interval length that is not in the format',
      file(block.replace(',30,', ',7,'), day('20230301')),
      ['2 interval_length_invalid', '3 block_refused'],
    ],
    ['has no interval length', file(block.replace(',30,', ',,')), ['2 interval_length_invalid']],
    ['has an NMI of eleven characters', file(block.replace('NMI1234567', 'NMI12345678')), ['2 nmi_invalid']],
    ['has no NMI suffix', file('200,NMI1234567,E1,1,,N1,SERIAL1,kWh,30,'), ['2 register_invalid']],
    ['has a 200 record cut short', file('200,NMI1234567,E1,1,E1'), ['2 record_ragged']],
    ['is varied and has no 400', file(block, `300,20230301,${half_hours('1')},V,,,,`), ['3 ranges_missing']],
    [
      'leaves intervals out of its 400 records',
      file(block, `300,20230301,${half_hours('1')},V,,,,`, '400,1,20,A,,', '400,22,48,A,,'),
      ['3 ranges_incomplete'],
    ],
    ['ends its 400 records early', file(block, `300,20230301,${half_hours('1')},V,,,,`, '400,1,20,A,,'), ['3 ranges_incomplete']],
    [
      'has 400 records that overlap',
      file(block, `300,20230301,${half_hours('1')},V,,,,`, '400,1,20,A,,', '400,20,48,A,,'),
      ['3 ranges_incomplete'],
    ],
    [
      'has a 400 record beyond the day',
      file(block, `300,20230301,${half_hours('1')},V,,,,`, '400,1,49,A,,'),
      ['4 range_invalid', '3 ranges_invalid'],
    ],
    [
      'varies within a range',
      file(block, `300,20230301,${half_hours('1')},V,,,,`, '400,1,48,V,,'),
      ['4 quality_invalid', '3 ranges_invalid'],
    ],
    [
      'has 400 records under a substituted day',
      file(block, `300,20230301,${half_hours('1')},S14,,,,`, '400,1,48,S14,,'),
      ['3 ranges_unexpected'],
    ],
  ];
  it.each(cases)('that %s is refused by line, and its faulty days do not come out', (_name, content, expected) => {
    expect(faults(read(content))).toEqual(expected);
  });

  it('keeps good days beside a bad one', () => {
    const items = read(file(block, day('20230301'), day('20230302', 'x'), day('20230303')));
    expect(days(items).map((one) => one.line)).toEqual([3, 5]);
    expect(faults(items)).toEqual(['4 value_invalid']);
  });

  it('refuses a line without end, bytes that are no text and NUL, each by its line', () => {
    const splitter = lineSplitter();
    const bytes = Buffer.concat([Buffer.from('1'.repeat(200_000)), Buffer.from('\n\xff\n', 'latin1'), Buffer.from('a\0\nok\n')]);
    const lines = [...splitter.push(bytes.subarray(0, 150_000)), ...splitter.push(bytes.subarray(150_000)), ...splitter.end()];
    const shown = lines.map((line) => ('text' in line ? line.text : line.problem.code));
    expect(shown).toEqual(['line_too_long', 'encoding_invalid', 'encoding_invalid', 'ok']);
    expect(lines.map((line) => line.number)).toEqual([1, 2, 3, 4]);
  });
});

describe('a unit', () => {
  it.each([
    ['Wh', 'kWh', '10', '0.01'],
    ['MWh', 'kWh', '.0005', '0.5'],
    ['kWh', 'kWh', '.005', '0.005'],
    ['KWH', 'kWh', '12.', '12'],
    ['kWh', 'Wh', '0.0001', '0.1'],
    ['VArh', 'kVArh', '50', '0.05'],
    ['visits', 'visits', '007.50', '7.5'],
  ])('%s becomes %s exactly: %s → %s', (from, to, value, expected) => {
    const found = conversion(from, to);
    expect('power' in found ? convert(value, found.power) : found.code).toBe(expected);
  });

  it.each([
    ['', 'kWh', 'unit_missing'],
    ['kVArh', 'kWh', 'unit_mismatch'],
    ['kW', 'kWh', 'unit_mismatch'],
    ['kWh', 'lead', 'unit_mismatch'],
    ['furlong', 'kWh', 'unit_unknown'],
  ])('“%s” never becomes %s', (from, to, code) => expect(conversion(from, to)).toMatchObject({ code }));
});

describe('a register', () => {
  const meter = {
    sku: 'peak',
    registers: [{ register: 'E2', sku: 'controlled-load', unit: 'kWh', direction: 'import' as const }],
  };
  const nothing = { sku: null, registers: {} };
  const electricity = (register: string) => ({ register, flow: flowOfLetter(register), commodity: 'electricity' as const });

  it('is what the meter says, then what the import says, then what its letter says', () => {
    expect(mapRegister(electricity('E2'), meter, { sku: 'other', registers: { E2: 'third' } })?.sku).toBe('controlled-load');
    expect(mapRegister(electricity('E1'), meter, { sku: 'other', registers: { E1: 'third' } })?.sku).toBe('third');
    expect(mapRegister(electricity('E1'), meter, { sku: 'other', registers: {} })?.sku).toBe('other');
    expect(mapRegister(electricity('E1'), meter, nothing)?.sku).toBe('peak');
    expect(mapRegister(electricity('E1'), null, nothing)?.sku).toBe('energy');
    expect(mapRegister(electricity('B1'), null, nothing)).toEqual({ sku: 'energy-export', direction: 'export', known: false });
  });

  it('of reactive energy or voltage is not billed until it is mapped, by name or by letter', () => {
    expect(mapRegister(electricity('Q1'), meter, nothing)).toBeNull();
    expect(mapRegister(electricity('V1'), null, { sku: 'energy', registers: {} })).toBeNull();
    expect(mapRegister(electricity('Q1'), meter, { sku: null, registers: { Q: 'reactive' } })?.sku).toBe('reactive');
  });
});
