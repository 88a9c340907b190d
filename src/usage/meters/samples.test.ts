import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../kernel/decimal.ts';
import { detectFormat } from './decide/detect.ts';
import type { Finding } from './decide/finding.ts';
import { readFindings } from './decide/formats.ts';
import { type MeterSeries, timeText } from './decide/row.ts';
import { convert } from './decide/units.ts';
import type { ImportFormat } from './model.ts';

const folder = new URL('../../../../shared/data/meter/', import.meta.url);

interface Sample {
  path: string;
  format: ImportFormat;
  /** Per meter, register and unit: how many values, and their sum in the file's own unit. */
  sums: Record<string, string>;
  faults: string[];
}

/**
 * What each example file holds, worked out without this program: NEM12 by adding the fields of each 300 record with awk
 * (`awk -F, '$1==200{k=$2" "$5} $1==300{for(i=3;i<3+n;i++)s[k]+=$i}'`, n by the record's interval length); NEM13 by eye, 7654.9 − 6342.8;
 * Green Button by adding the figures of the .expected.txt beside each file; MSCONS with Python's decimal over `QTY\+220:([0-9,]+)'`.
 */
const samples: Sample[] = [
  nem12('actual_interval', { 'VABD000163 E1 kWh': '48 × 53.328', 'VABD000163 Q1 kVArh': '48 × 106.656' }),
  nem12('different_interval_length', { 'C123 E1 kWh': '48 × 254', 'C123 E2 kWh': '48 × 120', 'C123 V1 ': '144 × 33129.99' }),
  nem12('empty', {}),
  nem12('missing_header', {}, ['2 header_missing']),
  nem12('month_solar', { 'NMI1234567 B1 kWh': '8928 × 589.172', 'NMI1234567 E1 kWh': '8928 × 270.738' }),
  nem12('multiple_meters', {
    'NCDE001111 E1 Wh': '192 × 1920',
    'NCDE001111 B1 Wh': '192 × 1920',
    'NCDE001111 Q1 VArh': '192 × 9600',
    'NCDE001111 E2 Wh': '192 × 19200',
    'NDDD001888 B1 Wh': '192 × 3840',
    'NDDD001888 K2 VArh': '192 × 9600',
  }),
  nem12('multiple_quality', { 'CCCC123456 E1 kWh': '48 × 896.99' }),
  nem12('substituted_interval', { 'VBCD000022 E1 kWh': '48 × 110.976', 'VBCD000022 Q1 kVArh': '48 × 47053.848' }),
  {
    path: 'nem/Example_NEM13_consumption_data.csv',
    format: 'nem13',
    sums: { 'VABC005890 11 kWh': '1 × 1312.1' },
    faults: [],
  },
  greenButton('Desert_Single_Family_Jan_1_2011_to_Jan_1_2012_RetailCustomer_7', {
    'a14ca776-1b2f-4a23-812d-2389d6e59e8e E1 Wh': '8760 × 12397107',
  }),
  greenButton('TestGBDataHourlyNineDaysBinnedDaily', { 'e2dcf5f0-810b-443f-9a2e-805bfa52d897 E1 Wh': '216 × 199563' }),
  {
    path: 'mscons/MSCONS_TL_SAMPLE02.txt',
    format: 'mscons',
    // All 2976 quantities sum to 680.282. One of them, 0.074, ends before it begins (16:45 to 16:00 on 20 December), and the three behind it,
    // each of 0, repeat the hour before.
    sums: { 'US0001062600000001000000022345671 1-1.1.10.0 kWh': '2972 × 680.208' },
    faults: ['5676 time_invalid', '5679 interval_repeated', '5682 interval_repeated', '5685 interval_repeated'],
  },
  greenButton('gas_direct', { 'db678d4d-d9fe-3c0c-96f9-c13142c295e1 E1 therm': '5 × 140' }),
];

function nem12(name: string, sums: Sample['sums'], faults: string[] = []): Sample {
  return { path: `nem/Example_NEM12_${name}.csv`, format: 'nem12', sums, faults };
}

function greenButton(name: string, sums: Sample['sums']): Sample {
  return { path: `greenbutton/${name}.xml`, format: 'greenbutton', sums, faults: [] };
}

const here = samples.filter(({ path }) => existsSync(new URL(path, folder)));
const bytesOf = ({ path }: Sample) => readFileSync(new URL(path, folder));

function read(bytes: Uint8Array, format: ImportFormat, chunk = bytes.length): Finding[] {
  const reader = readFindings(format);
  const found: Finding[] = [];
  for (let at = 0; at < bytes.length; at += chunk) found.push(...reader.push(bytes.subarray(at, at + chunk)));
  return [...found, ...reader.end()];
}

const isSeries = (one: Finding): one is MeterSeries => one.kind === 'interval' || one.kind === 'register';
const faultsOf = (found: Finding[]) => found.flatMap((one) => (one.kind === 'fault' ? [`${one.line} ${one.code}`] : []));
const rowsOf = (found: Finding[]) =>
  found.filter(isSeries).flatMap(({ meter, register, unit, rows }) => rows.map((row) => ({ meter, register, unit, ...row })));

function sumsOf(found: Finding[]): Record<string, string> {
  const sums = new Map<string, { count: number; sum: Decimal }>();
  for (const { meter, register, unit, value } of rowsOf(found)) {
    const key = `${meter} ${register} ${unit}`;
    const { count, sum } = sums.get(key) ?? { count: 0, sum: ZERO };
    sums.set(key, { count: count + 1, sum: add(sum, parseDecimal(convert(value ?? '0', 0))) });
  }
  return Object.fromEntries([...sums].map(([key, { count, sum }]) => [key, `${count} × ${formatDecimal(sum)}`]));
}

describe('the example files', () => {
  it('are here, or their folder is not', () => expect([0, samples.length]).toContain(here.length));

  it.each(here.map((sample) => [sample.path, sample] as const))('%s gives exactly its sums and nothing else', (_path, sample) => {
    const bytes = bytesOf(sample);
    expect(detectFormat(bytes.subarray(0, 4096), 'auto')).toBe(sample.format);
    const found = read(bytes, sample.format);
    expect(sumsOf(found)).toEqual(sample.sums);
    expect(faultsOf(found)).toEqual(sample.faults);
  });

  it.each(here.map((sample) => [sample.path, sample] as const))('%s reads alike in chunks of any size', (_path, sample) => {
    const bytes = bytesOf(sample).subarray(0, 100_000);
    const whole = read(bytes, sample.format);
    for (const chunk of [1, 7, 4096]) expect(read(bytes, sample.format, chunk)).toEqual(whole);
  });

  it.each(here.filter(({ format }) => format === 'greenbutton').map((sample) => [sample.path, sample] as const))(
    '%s has the start, length, value and cost of each reading that another program found',
    (_path, sample) => {
      const text = readFileSync(new URL(sample.path.replace('.xml', '.expected.txt'), folder), 'utf8');
      const expected = text
        .split('\n')
        .filter((line) => /^ {4}\d/.test(line))
        .map((line) => line.trim());
      expect(rowsOf(read(bytesOf(sample), sample.format)).map(expectedLine)).toEqual(expected);
    },
  );

  /** Every byte of a small file; of a large one some hundred places, and each of its last bytes. */
  const cuts = (bytes: Uint8Array): number[] => {
    if (bytes.length < 6000) return Array.from(bytes, (_, size) => size);
    const [spread, last] = bytes.length < 100_000 ? [60, 20] : [12, 5];
    const places = Array.from({ length: spread }, (_, n) => Math.floor((bytes.length * n * 0.997) / spread));
    return [...places, ...Array.from({ length: last }, (_, n) => bytes.length - 1 - n)];
  };

  it.each(here.map((sample) => [sample.path, sample] as const))(
    '%s, cut anywhere, says so and holds exactly its whole records, or has lost nothing but its last line end',
    (_path, sample) => {
      const bytes = bytesOf(sample);
      const whole = read(bytes, sample.format);
      const whole_rows = rowsOf(whole).map((row) => JSON.stringify(row));
      for (const size of cuts(bytes)) {
        const cut = read(bytes.subarray(0, size), sample.format);
        const rows = rowsOf(cut).map((row) => JSON.stringify(row));
        expect(rows).toEqual(whole_rows.slice(0, rows.length));
        if (faultsOf(cut).every((one) => sample.faults.includes(one))) expect(rows).toHaveLength(whole_rows.length);
      }
    },
  );
});

/** `2011-01-01 08:00:00+00:00, 1:00:00: 1696 Wh($0.5)`: UTC, length, value in the unit, cost. */
function expectedLine({ start_ms, end_ms, value, unit, flags }: ReturnType<typeof rowsOf>[number]): string {
  const start = timeText(start_ms).replace('T', ' ').replace('Z', '+00:00');
  const seconds = (end_ms - start_ms) / 1000;
  const days = Math.floor(seconds / 86_400);
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:00:00`;
  const cost = flags.cost === undefined ? '' : `($${flags.cost.includes('.') ? flags.cost : `${flags.cost}.0`})`;
  return `${start}, ${days === 0 ? '' : `${days} days, `}${clock}: ${value} ${unit}${cost}`;
}
