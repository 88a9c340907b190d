import type { QualityFlag } from '../model.ts';
import { type Segment, segmentReader } from './edifact.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';
import type { Finding, FindingReader } from './finding.ts';
import { type ObisMeaning, readObis } from './obis.ts';
import type { MeterRow, MeterSeries } from './row.ts';
import { spans } from './spans.ts';

/**
 * Reads MSCONS (EDIFACT D.04B, as the German market sends metered values): UNB, messages UNH … UNT, UNZ. A message names a metering location
 * (LOC+172) and its products (LIN, PIA+5 with an OBIS code), and of each product quantities (QTY) with their period (DTM+163, 164) or
 * the time of the read (DTM+9). A message comes in when its UNT has counted its segments, whole; the file ends with a UNZ that has
 * counted its messages. Source: BDEW, MSCONS message description 2.2.
 */
export function readMscons(): FindingReader {
  const segments = segmentReader();
  let interchange: string | null = null;
  let messages = 0;
  let message: Message | null = null;
  let ended = false;
  let given_up = false;
  const found: Finding[] = [];
  const refuse = (line: number, problem: Fault, whole_file = false) => {
    if (whole_file) given_up = true;
    found.push({ kind: 'fault', line, whole_file, ...problem });
  };

  const segment = (one: Segment) => {
    const { number, tag, elements } = one;
    if (ended) return refuse(number, fault('segment_after_end', `${shown(tag)} stands behind the end (UNZ)`));
    if (interchange === null) {
      if (tag !== 'UNB') return refuse(number, fault('header_missing', 'an interchange begins with UNB'), true);
      interchange = elements[4]?.[0] ?? '';
      return undefined;
    }
    if (tag === 'UNZ') {
      ended = true;
      if (message !== null) refuse(number, fault('message_cut', `the message of segment ${message.line} has no end (UNT)`));
      message = null;
      const [count, reference] = [elements[0]?.[0] ?? '', elements[1]?.[0] ?? ''];
      if (count !== String(messages))
        refuse(number, fault('count_differs', `UNZ counts ${shown(count)} messages, the file has ${messages}`));
      if (reference !== interchange)
        refuse(number, fault('reference_differs', `UNZ ends “${shown(reference)}”, UNB began “${shown(interchange)}”`));
      return undefined;
    }
    if (tag === 'UNH') {
      if (message !== null) refuse(number, fault('message_cut', `the message of segment ${message.line} has no end (UNT)`));
      messages += 1;
      message = openMessage(one);
      return undefined;
    }
    if (message === null) return refuse(number, fault('segment_order', `${shown(tag)} stands outside of a message`));
    if (tag !== 'UNT') return message.take(one, segments.decimal_mark());
    found.push(...message.close(one));
    message = null;
    return undefined;
  };
  const read = (list: readonly Segment[]) => {
    for (const one of list) if (!given_up) segment(one);
  };
  return {
    push(chunk) {
      if (given_up) return [];
      const { segments: list, problem } = segments.push(chunk);
      read(list);
      if (problem !== null && !given_up) {
        refuse(segments.count(), problem, interchange === null);
        given_up = true;
      }
      return found.splice(0);
    },
    end() {
      if (given_up) return [];
      const line = Math.max(1, segments.count());
      const { problem } = segments.end();
      if (interchange === null) refuse(line, fault('file_empty', 'the file holds no interchange'), true);
      else if (!ended || problem !== null)
        refuse(line, fault('file_truncated', 'the file ends without UNZ, or inside a segment: part of it is missing'));
      return found.splice(0);
    },
    lines: segments.count,
  };
}

/** A message on its way to its end. */
interface Message {
  line: number;
  take(segment: Segment, decimal_mark: string): void;
  /** What it holds, if UNT is right. */
  close(unt: Segment): Finding[];
}

/** A year of quarter hours of five registers. */
const most_rows = 200_000;

function openMessage({ number: line, elements }: Segment): Message {
  const [reference = '', type = ''] = [elements[0]?.[0], elements[1]?.[0]];
  const series: (MeterSeries & { rows: MeterRow[] })[] = [];
  const faults: Finding[] = [];
  const seen = new Map<string, ReturnType<typeof spans>>();
  let count = 1;
  let rows = 0;
  let refusal: Fault | null =
    type === 'MSCONS' ? null : fault('message_other', `the message is ${shown(type)}; MSCONS is expected`);
  let location: { meter: string } | null = null;
  let product: { meaning: ObisMeaning; line: number } | null = null;
  let product_problem: Fault | null = null;
  let outer: Period = {};
  let quantity: Quantity | null = null;

  const bad = (at: number, problem: Fault) => faults.push({ kind: 'fault', line: at, whole_file: false, ...problem });
  const settle = () => {
    const of = quantity;
    quantity = null;
    if (of === null || refusal !== null) return;
    if (location === null || product === null) {
      bad(
        of.line,
        product_problem ?? fault('segment_order', 'a quantity stands before its location (LOC+172) and product (PIA+5)'),
      );
      return;
    }
    const row = rowOf(of, outer, product.meaning);
    if (isFault(row)) {
      bad(of.line, row);
      return;
    }
    const { meaning } = product;
    const is_read = row.value === null && row.reads !== undefined;
    const key = `${location.meter} ${meaning.register}`;
    const times = seen.get(key) ?? spans();
    seen.set(key, times);
    if (!is_read && !times.add(row.start_ms, row.end_ms)) {
      bad(of.line, fault('interval_repeated', 'part of this time stands in the message above'));
      return;
    }
    rows += 1;
    if (rows > most_rows) {
      refusal ??= fault('message_too_long', `the message has more than ${most_rows} quantities`);
      series.length = 0;
      return;
    }
    const unit = of.unit === '' ? meaning.unit : (unit_codes.get(of.unit) ?? of.unit);
    const kind = is_read ? 'register' : 'interval';
    const last = series.at(-1);
    if (
      last &&
      last.meter === location.meter &&
      last.register === meaning.register &&
      last.unit === unit &&
      last.kind === kind &&
      last.rows.length < 500
    )
      last.rows.push(row);
    else {
      const { register, flow, commodity } = meaning;
      series.push({ kind, line: of.line, meter: location.meter, register, flow, commodity, unit, whole: false, rows: [row] });
    }
  };
  const readers = new Map<string, (segment: Segment, decimal_mark: string) => void>([
    [
      'BGM',
      ({ elements: of }) => {
        if (of[2]?.[0] === '1')
          refusal ??= fault('message_cancels', 'the message cancels an earlier one, which an import cannot do');
      },
    ],
    [
      'LOC',
      ({ number, elements: of }) => {
        const [qualifier = '', name = ''] = [of[0]?.[0], of[1]?.[0]];
        if (qualifier !== '172' && qualifier !== '107') return;
        product = null;
        outer = {};
        location = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(name) ? { meter: name } : null;
        product_problem = location ? null : fault('location_invalid', `the location “${shown(name)}” is no name of a meter`);
        if (product_problem) bad(number, product_problem);
      },
    ],
    [
      'LIN',
      ({ number }) => {
        product = null;
        product_problem = fault('product_missing', `the product of segment ${number} names no OBIS code (PIA+5)`);
      },
    ],
    [
      'PIA',
      ({ number, elements: of }) => {
        if (of[0]?.[0] !== '5') return;
        // An OBIS code has the component separator inside, released or not.
        const code = of[1] ?? [];
        const meaning = readObis(code[0] ?? '') ?? readObis(code.slice(0, 2).join(':'));
        product = meaning === null ? null : { meaning, line: number };
        product_problem =
          meaning === null ? fault('product_unknown', `“${shown(code.join(':'))}” is no OBIS code that is known here`) : null;
      },
    ],
    [
      'QTY',
      ({ number, elements: of }, decimal_mark) => {
        const [qualifier = '', value = '', unit = ''] = of[0] ?? [];
        quantity = { line: number, qualifier, value, unit, decimal_mark, period: {}, status: [] };
      },
    ],
    [
      'DTM',
      ({ elements: of }) => {
        const [qualifier = '', value = '', format = ''] = of[0] ?? [];
        const name = periods.get(qualifier);
        if (name !== undefined) (quantity?.period ?? outer)[name] ??= { value, format };
      },
    ],
    [
      'STS',
      ({ elements: of }) => {
        const code = of.map((one) => one[0] ?? '').filter((one) => one !== '');
        if (quantity !== null && quantity.status.length < 8) quantity.status.push(code.join('.').slice(0, 40));
      },
    ],
  ]);
  return {
    line,
    take(segment, decimal_mark) {
      count += 1;
      if (segment.tag !== 'DTM' && segment.tag !== 'STS') settle();
      readers.get(segment.tag)?.(segment, decimal_mark);
    },
    close({ number, elements: of }) {
      count += 1;
      settle();
      const [said = '', same = ''] = [of[0]?.[0], of[1]?.[0]];
      if (said !== String(count))
        refusal ??= fault('count_differs', `UNT counts ${shown(said)} segments, the message has ${count}`);
      if (same !== reference)
        refusal ??= fault('reference_differs', `UNT ends “${shown(same)}”, UNH began “${shown(reference)}”`);
      return refusal === null ? [...series, ...faults] : [{ kind: 'fault', line: number, whole_file: false, ...refusal }];
    },
  };
}

interface Quantity {
  line: number;
  qualifier: string;
  value: string;
  unit: string;
  decimal_mark: string;
  period: Period;
  status: string[];
}

type Period = Partial<Record<'start' | 'end' | 'read', { value: string; format: string }>>;

const periods = new Map<string, keyof Period>([
  ['163', 'start'],
  ['164', 'end'],
  ['9', 'read'],
]);

function rowOf(of: Quantity, outer: Period, meaning: ObisMeaning): MeterRow | Fault {
  const { line, qualifier, decimal_mark } = of;
  const quality = qualities.get(qualifier);
  if (quality === undefined) return fault('quality_invalid', `the quantity's qualifier “${shown(qualifier)}” is not known`);
  const parts = of.value.split(decimal_mark);
  if (parts.length > 2 || !/^-?\d{1,26}$/.test(parts[0] ?? '') || !/^\d{0,12}$/.test(parts[1] ?? ''))
    return fault('value_invalid', `“${shown(of.value)}” is not a decimal with the mark “${decimal_mark}”`);
  const value = parts.join('.').replace(/\.$/, '');
  if (value.startsWith('-')) return fault('value_negative', `the quantity is ${shown(value)}; a register counts from zero up`);
  const flags: Record<string, string> = of.status.length > 0 ? { status: of.status.join(' ') } : {};
  const own = Object.keys(of.period).length > 0 ? of.period : outer;
  if (meaning.is_counter || own.read !== undefined) {
    const time = timeOf(own.read);
    return typeof time === 'number'
      ? { line, start_ms: time, end_ms: time, value: null, quality, flags, reads: { start: null, end: value } }
      : time;
  }
  const [start, end] = [timeOf(own.start), timeOf(own.end)];
  if (typeof start !== 'number') return start;
  if (typeof end !== 'number') return end;
  if (end <= start) return fault('time_invalid', 'the period ends before it starts');
  return { line, start_ms: start, end_ms: end, value, quality, flags };
}

/** DTM by its format code: 303 is CCYYMMDDHHMMZZZ, 304 has seconds too. ZZZ is the offset in hours; nothing is told of a time without one. */
function timeOf(said: Period['start']): number | Fault {
  if (said === undefined)
    return fault('time_missing', 'the quantity has no period (DTM+163, DTM+164) and no time of its read (DTM+9)');
  const { value, format } = said;
  const digits = format === '303' ? 12 : format === '304' ? 14 : 0;
  if (digits === 0)
    return fault('time_zone_missing', `a time in format ${shown(format)} says no offset; 303 (CCYYMMDDHHMMZZZ) does`);
  const parts = /^(20\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?([+-]\d\d)(\d\d)?$/.exec(value);
  if (parts === null || value.search(/[+-]/) !== digits)
    return fault('time_invalid', `“${shown(value)}” is not a time of format ${format}`);
  const [, year, month, day, hour, minute, second = '00', offset, offset_minutes = '00'] = parts;
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}:${offset_minutes}`)
      .epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return fault('time_invalid', `“${shown(value)}” is not a time that exists`);
    throw error;
  }
}

/** QTY 6063: true value, sum; substitute; proposed, forecast, provisional; not to be used. */
const qualities = new Map<string, QualityFlag>([
  ['220', 'A'],
  ['79', 'A'],
  ['67', 'S'],
  ['201', 'E'],
  ['187', 'E'],
  ['Z18', 'E'],
  ['20', 'N'],
]);

/** Units by UN/ECE recommendation 20; the others are given on as written. */
const unit_codes = new Map([
  ['KWH', 'kWh'],
  ['MWH', 'MWh'],
  ['WHR', 'Wh'],
  ['K3', 'kvarh'],
  ['KWT', 'kW'],
  ['MTQ', 'm3'],
  ['LTR', 'L'],
]);
