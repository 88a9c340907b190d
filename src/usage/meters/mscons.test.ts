import { describe, expect, it } from 'vitest';
import type { Finding } from './decide/finding.ts';
import { readMscons } from './decide/mscons.ts';
import { timeText } from './decide/row.ts';

const quantity = (value: string, from: string, to: string, qualifier = '220') =>
  `QTY+${qualifier}:${value}'DTM+163:${from}?+01:303'DTM+164:${to}?+01:303'`;
const hour = quantity('1,5', '202303010000', '202303010100');
const product = (...quantities: string[]) => `LIN+1'PIA+5+1-1?:1.29.0:SRW'${quantities.join('')}`;
const place = (name = 'DE0001') => `UNS+D'NAD+DP'LOC+172+${name}'`;
/** Segments of a body, with UNH and UNT. */
const count = (body: string) => body.split("'").length + 1;
const message = (body: string, { reference = '1', segments = count(body), type = 'MSCONS:D:04B:UN:2.2e' } = {}) =>
  `UNH+${reference}+${type}'${body}UNT+${segments}+${reference}'`;
const file = (messages: string[], { advice = "UNA:+,? '", said = String(messages.length), end = 'R1' } = {}) =>
  `${advice}UNB+UNOC:3+A:500+B:500+230302:0000+R1'${messages.join('')}UNZ+${said}+${end}'`;

function read(content: string): Finding[] {
  const reader = readMscons();
  return [...reader.push(Buffer.from(content, 'latin1')), ...reader.end()];
}
const faultsOf = (found: Finding[]) => found.flatMap((one) => (one.kind === 'fault' ? [`${one.line} ${one.code}`] : []));
const rowsOf = (found: Finding[]) =>
  found.flatMap((one) =>
    one.kind === 'interval' || one.kind === 'register' ? one.rows.map((row) => ({ ...one, ...row, kind: one.kind })) : [],
  );
const values = (found: Finding[]) =>
  rowsOf(found).map((row) => `${row.register} ${timeText(row.start_ms)} ${row.value} ${row.unit} ${row.quality}`);

describe('an MSCONS file', () => {
  it('gives values with their offset, quality, status and the unit of their OBIS code', () => {
    const quantities = [
      hour,
      `${quantity('2', '202303010100', '202303010200', '67')}STS+Z32++Z92'`,
      quantity('3,250:MWH', '202303010200', '202303010300', 'Z18'),
      quantity('0', '202303010300', '202303010400', '20'),
    ];
    const found = read(file([message(`${place()}${product(...quantities)}LIN+2'PIA+5+1-1?:3.29.0:SRW'${hour}`)]));
    expect(faultsOf(found)).toEqual([]);
    expect(values(found)).toEqual([
      '1-1.1.29.0 2023-02-28T23:00:00Z 1.5 kWh A',
      '1-1.1.29.0 2023-03-01T00:00:00Z 2 kWh S',
      '1-1.1.29.0 2023-03-01T01:00:00Z 3.250 MWh E',
      '1-1.1.29.0 2023-03-01T02:00:00Z 0 kWh N',
      '1-1.3.29.0 2023-02-28T23:00:00Z 1.5 kvarh A',
    ]);
    expect(rowsOf(found).map((row) => [row.flow, row.flags.status])).toEqual([
      ['import', undefined],
      ['import', 'Z32.Z92'],
      ['import', undefined],
      ['import', undefined],
      [null, undefined],
    ]);
  });

  it('gives what a counter shows as a read, with its time', () => {
    const found = read(file([message(`${place()}LIN+1'PIA+5+1-1?:1.8.0:SRW'QTY+220:12345,6'DTM+9:202303010000?+00:303'`)]));
    expect(rowsOf(found)).toMatchObject([
      { kind: 'register', value: null, reads: { start: null, end: '12345.6' }, end_ms: 1_677_628_800_000 },
    ]);
  });

  it('has the separators that its service string advice names, and those of the standard without one', () => {
    const other = file([message(`${place()}${product(hour)}`)])
      .replace("UNA:+,? '", 'UNA|;.! ~')
      .replace(/\?[:+]|[:+,'](?!$)/g, (mark) => ({ ':': '|', '+': ';', ',': '.', "'": '~' })[mark] ?? mark.slice(1));
    expect(values(read(`${other.slice(0, -1)}~`))).toEqual(['1-1.1.29.0 2023-02-28T23:00:00Z 1.5 kWh A']);
    const plain = file([message(`${place()}${product(hour.replace('1,5', '1.5'))}`)], { advice: '' });
    expect(values(read(plain))).toEqual(['1-1.1.29.0 2023-02-28T23:00:00Z 1.5 kWh A']);
  });

  it('keeps what is released, and line ends between segments do not matter', () => {
    const body = `RFF+Z13:it?'s one ?+ two ??'${place()}${product(hour)}`;
    const text = file([message(body, { segments: 9 + 2 })]);
    expect(faultsOf(read(text))).toEqual([]);
    expect(values(read(text.replaceAll("'DTM", "'\r\nDTM")))).toHaveLength(1);
  });

  it('with a summer time hour reads it by its offset: the hour that comes twice is two hours', () => {
    const twice = [
      "QTY+220:1'DTM+163:202310290200?+02:303'DTM+164:202310290200?+01:303'",
      "QTY+220:2'DTM+163:202310290200?+01:303'DTM+164:202310290300?+01:303'",
    ];
    expect(values(read(file([message(`${place()}${product(...twice)}`)])))).toEqual([
      '1-1.1.29.0 2023-10-29T00:00:00Z 1 kWh A',
      '1-1.1.29.0 2023-10-29T01:00:00Z 2 kWh A',
    ]);
  });

  it('takes a message whole or not at all where its counts are wrong, and the others', () => {
    const good = message(`${place('DE0001')}${product(hour)}`);
    const bad = message(`${place('DE0002')}${product(hour)}`, { reference: '2', segments: 4 });
    const found = read(file([good, bad]));
    expect(values(found)).toHaveLength(1);
    expect(faultsOf(found)).toEqual(['21 count_differs']);
    expect(faultsOf(read(file([good], { said: '2' })))).toEqual(['12 count_differs']);
    expect(faultsOf(read(file([good], { end: 'R2' })))).toEqual(['12 reference_differs']);
  });

  it.each([
    ['a value with the other decimal mark', product(quantity('1.5', '202303010000', '202303010100')), '8 value_invalid'],
    ['a negative value', product(quantity('-1', '202303010000', '202303010100')), '8 value_negative'],
    ['a qualifier that is not known', product(quantity('1', '202303010000', '202303010100', 'Z99')), '8 quality_invalid'],
    ['a period that ends first', product(quantity('1', '202303010100', '202303010000')), '8 time_invalid'],
    ['a day that does not exist', product(quantity('1', '202302300000', '202303010000')), '8 time_invalid'],
    ['a time without offset', product("QTY+220:1'DTM+163:202303010000:203'DTM+164:202303010100:203'"), '8 time_zone_missing'],
    ['no period', product("QTY+220:1'"), '8 time_missing'],
    ['a product that is no OBIS code', `LIN+1'PIA+5+AUA:Z08'${hour}`, '8 product_unknown'],
    ['a quantity before its product', hour, '6 segment_order'],
    ['the same hour twice', product(hour, hour), '11 interval_repeated'],
    ['a cancellation', `BGM+7+X+1'${product(hour)}`, '12 message_cancels'],
  ])('with %s is refused by segment and reason', (_what, body, expected) => {
    expect(faultsOf(read(file([message(`${place()}${body}`)])))).toEqual([expected]);
  });

  it.each([
    ['another message', file([message(place(), { type: 'INVOIC:D:96A:UN' })]), ['6 message_other']],
    ['separators that are letters', "UNAabcde'UNB+UNOC:3'", ['1 service_string_invalid']],
    ['nothing but UNA', "UNA:+,? '", ['1 file_empty']],
    ['no end', file([message(`${place()}${product(hour)}`)]).replace(/UNZ.*/, ''), ['11 file_truncated']],
    ['more behind the end', `${file([])}UNB+X'`, ['3 segment_after_end']],
    ['a segment without end', `UNA:+,? 'UNB+${'x'.repeat(20_000)}`, ['1 segment_too_long']],
  ])('with %s is refused', (_what, content, expected) => {
    expect(faultsOf(read(content)).map((one) => one.replace(/^0 /, '1 '))).toEqual(expected);
  });

  it('of any bytes at all never throws', () => {
    for (let n = 0; n < 2000; n += 1) {
      const text = file([message(`${place()}${product(hour)}`)]);
      const at = (n * 7919) % text.length;
      read(`${text.slice(0, at)}${String.fromCharCode(n % 256)}${text.slice(at + (n % 5))}`);
    }
  });
});
