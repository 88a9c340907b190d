import { assert } from '../../../kernel/assert.ts';
import type { Column, CsvMappingDefinition, From, QualityFlag } from '../model.ts';
import { splitRow } from './csv.ts';
import { openEnd } from './csv-file.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';
import type { Finding, LineReader } from './finding.ts';
import { flowOfLetter } from './registers.ts';
import type { MeterRow, MeterSeries } from './row.ts';
import { compileTimeFormat, type ReadTime } from './time-format.ts';
import { type ZoneClock, zoneClock } from './zone-clock.ts';

/** What one row says, before it is joined to the rows above it. */
interface Head {
  meter: string;
  register: string;
  org: string | null;
  unit: string;
}

/** Where the columns of a file are. */
interface Places {
  /** Of the header or the first row; every row has as many. */
  count: number;
  meter: Source;
  register: Source;
  org: Source | null;
  unit: Source;
  time: readonly number[];
  quantity: number;
  quality: number | null;
}

type Source = { at: number } | { value: string };

/** Rows of a series that belong together are handed on this many at a time. */
const most_rows = 500;

/**
 * Reads any CSV of meter values by a saved mapping. Rows of one meter and register that follow each other are a series; where a row has a
 * column per interval, its day is one, taken whole or not at all.
 */
export function readMappedCsv(mapping: CsvMappingDefinition): LineReader {
  const format = compileTimeFormat(mapping.time.format);
  assert(!isFault(format), 'a mapping was checked when it was written');
  const clock = mapping.time.zone === undefined ? null : zoneClock(mapping.time.zone);
  let to_skip = mapping.skip_lines;
  let places: Places | null = null;
  let given_up = false;
  let open: (MeterSeries & { rows: MeterRow[] }) | null = null;
  let last_ms = Number.NEGATIVE_INFINITY;

  const refuse = (line: number, problem: Fault): Finding[] => {
    given_up = places === null;
    return [{ kind: 'fault', line, whole_file: given_up, ...problem }];
  };
  const flush = (): Finding[] => {
    const done = open;
    open = null;
    return done === null || done.rows.length === 0 ? [] : [done];
  };
  const join = (head: Head, line: number, row: MeterRow): Finding[] => {
    const same = open !== null && isSame(open, head);
    const before = same && open!.rows.length < most_rows ? [] : flush();
    open ??= seriesOf(mapping, head, line, false);
    open.rows.push(row);
    return before;
  };
  const readRow = (cells: readonly string[], line: number, at: Places): Finding[] => {
    const head = headOf(cells, at);
    if (isFault(head)) return refuse(line, head);
    const said = at.time.map((place) => cells[place]!.trim()).join(' ');
    const time = format.read(said);
    if (time === null)
      return refuse(line, fault('time_invalid', `“${shown(said)}” is not a time of the form ${mapping.time.format}`));
    const quality = qualityOf(mapping, cells, at);
    if (typeof quality !== 'string') return refuse(line, quality);
    if ('first_column' in mapping.quantity) {
      assert('year' in time && clock !== null, 'a row of many columns has a date in a zone');
      const series = { ...seriesOf(mapping, head, line, true), rows: [] as MeterRow[] };
      const rows = dayOf(mapping, cells.slice(at.quantity, at.quantity + mapping.quantity.columns), time, clock, quality, line);
      if (isFault(rows)) return refuse(line, rows);
      series.rows.push(...rows);
      return series.rows.length === 0 ? [] : [series];
    }
    if (open === null || !isSame(open, head)) last_ms = Number.NEGATIVE_INFINITY;
    const marked = momentOf(time, clock, mapping, last_ms);
    if (typeof marked !== 'number') return refuse(line, marked);
    last_ms = marked;
    const length_ms = mapping.interval_minutes * 60_000;
    const start_ms = mapping.time.marks === 'end' ? marked - length_ms : marked;
    const value = quantityOf(cells[at.quantity]!, mapping.decimal_mark, quality);
    if (typeof value !== 'string') return refuse(line, value);
    return join(head, line, { line, start_ms, end_ms: start_ms + length_ms, value, quality, flags: {} });
  };
  return {
    line(text, number, cut) {
      if (given_up) return [];
      if (to_skip > 0) {
        to_skip -= 1;
        return [];
      }
      if (text.trim() === '') return [];
      const cells = splitRow(text, mapping.delimiter);
      if (isFault(cells)) return refuse(number, cells);
      if (places === null) {
        const found = placesOf(mapping, cells);
        if (isFault(found)) return refuse(number, found);
        places = found;
        if (mapping.header) return [];
      }
      if (cells.length !== places.count)
        return refuse(
          number,
          fault(cut ? 'row_cut' : 'row_ragged', `the row has ${cells.length} fields, the first ${places.count}`),
        );
      return [...readRow(cells, number, places), ...(cut ? [openEnd(number)] : [])];
    },
    unreadable: (number, problem) => (given_up ? [] : refuse(number, problem)),
    end: () =>
      given_up || places !== null
        ? flush()
        : [{ kind: 'fault', line: 1, whole_file: true, ...fault('file_empty', 'the file holds no header and no rows') }],
  };
}

function isSame(series: MeterSeries, head: Head): boolean {
  return (
    series.meter === head.meter &&
    series.register === head.register &&
    series.unit === head.unit &&
    (series.org ?? null) === head.org
  );
}

function seriesOf(mapping: CsvMappingDefinition, head: Head, line: number, whole: boolean): MeterSeries & { rows: MeterRow[] } {
  const flow = mapping.flow ?? flowOfLetter(head.register);
  return { kind: 'interval', line, ...head, flow, commodity: mapping.commodity, whole, rows: [] };
}

/** Finds each column, by its name or its place. */
function placesOf(mapping: CsvMappingDefinition, cells: readonly string[]): Places | Fault {
  const names = cells.map((cell) => cell.trim());
  const missing: string[] = [];
  const at = (column: Column): number => {
    const place = typeof column === 'number' ? column - 1 : names.indexOf(column);
    if (place < 0 || place >= names.length) missing.push(String(column));
    else if (typeof column === 'string' && names.lastIndexOf(column) !== place) missing.push(`${column} (it stands there twice)`);
    return place;
  };
  const source = (from: From): Source => ('column' in from ? { at: at(from.column) } : { value: from.value });
  const { quantity, quality } = mapping;
  const places: Places = {
    count: names.length,
    meter: source(mapping.meter),
    register: source(mapping.register),
    org: mapping.org === undefined ? null : source(mapping.org),
    unit: source(mapping.unit),
    time: mapping.time.columns.map(at),
    quantity: at('column' in quantity ? quantity.column : quantity.first_column),
    quality: 'column' in quality ? at(quality.column) : null,
  };
  if ('first_column' in quantity && places.quantity + quantity.columns > names.length)
    missing.push(`${quantity.columns} columns from ${quantity.first_column} on`);
  if (missing.length === 0) return places;
  const other =
    names.length === 1 ? [',', ';', '\t', '|'].find((one) => one !== mapping.delimiter && names[0]!.includes(one)) : undefined;
  return other === undefined
    ? fault('header_invalid', `there is no column ${missing.map((one) => shown(one)).join(', ')}`)
    : fault('delimiter_invalid', `columns are separated by “${other === '\t' ? 'tab' : other}”, not as the mapping says`);
}

function headOf(cells: readonly string[], places: Places): Head | Fault {
  const text = (source: Source) => ('at' in source ? cells[source.at]!.trim() : source.value);
  const head = {
    meter: text(places.meter),
    register: text(places.register),
    org: places.org === null ? null : text(places.org),
    unit: text(places.unit),
  };
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(head.meter))
    return fault('meter_invalid', `“${shown(head.meter)}” cannot be a meter's identifier`);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(head.register))
    return fault('register_invalid', `“${shown(head.register)}” cannot be the name of a register`);
  return head;
}

function qualityOf({ quality }: CsvMappingDefinition, cells: readonly string[], { quality: at }: Places): QualityFlag | Fault {
  if ('value' in quality) return quality.value;
  const said = cells[at!]!.trim();
  const found = Object.hasOwn(quality.map, said) ? quality.map[said] : quality.otherwise;
  return found ?? fault('quality_invalid', `the quality “${shown(said)}” is none of the mapping's`);
}

function momentOf(
  time: ReadTime | { epoch_ms: number },
  clock: ZoneClock | null,
  { time: rule }: CsvMappingDefinition,
  after_ms: number,
) {
  if ('epoch_ms' in time) return time.epoch_ms;
  if (time.offset_minutes === null) {
    assert(clock !== null, 'a time without offset has a zone');
    return clock.moment(time, rule.overlap, after_ms);
  }
  const { year, month, day, minute, second, offset_minutes } = time;
  const midnight = Temporal.PlainDate.from({ year, month, day }).toZonedDateTime('UTC').epochMilliseconds;
  return midnight + (minute - offset_minutes) * 60_000 + second * 1000;
}

/** Decimal text. Where the quality says that there is no value, nothing is asked of it. */
function quantityOf(cell: string, mark: string, quality: QualityFlag): string | Fault {
  const text = cell.trim();
  if (quality === 'N') return '0';
  if (text === '') return fault('value_missing', 'there is no quantity, and the quality is not N');
  const plain = mark === ',' ? text.replace(',', '.') : text;
  if (!/^-?\d{1,26}(?:\.\d{1,12})?$/.test(plain) || (mark === ',' && text.includes('.')))
    return fault('value_invalid', `“${shown(text)}” is not a decimal with the mark “${mark}”`);
  return plain.startsWith('-')
    ? fault('value_negative', `the quantity is ${shown(text)}; a register counts from zero up`)
    : plain;
}

/** The intervals of a day. Columns that the day does not have, when the clocks change, are empty. */
function dayOf(
  mapping: CsvMappingDefinition,
  cells: readonly string[],
  date: ReadTime,
  clock: ZoneClock,
  quality: QualityFlag,
  line: number,
): MeterRow[] | Fault {
  const length = mapping.interval_minutes;
  const by_clock = 'counts' in mapping.quantity && mapping.quantity.counts === 'clock';
  const { start_ms, minutes } = clock.day(date);
  const rows: MeterRow[] = [];
  for (const [index, cell] of cells.entries()) {
    const where = `interval ${index + 1}`;
    let at_ms = start_ms + index * length * 60_000;
    if (by_clock && minutes !== 1440) {
      const moment = clock.moment({ ...date, minute: index * length, second: 0 }, 'refuse', at_ms);
      if (typeof moment !== 'number') {
        if (moment.code === 'time_gap' && cell.trim() === '') continue;
        return moment;
      }
      at_ms = moment;
    } else if (index * length >= minutes) {
      if (cell.trim() === '') continue;
      return fault('value_unexpected', `${where} has a value, but the day has ${minutes / length} intervals`);
    }
    const value = quantityOf(cell, mapping.decimal_mark, quality);
    if (typeof value !== 'string') return fault(value.code, `${where}: ${value.detail}`);
    rows.push({ line, start_ms: at_ms, end_ms: at_ms + length * 60_000, value, quality, flags: {} });
  }
  return rows;
}
