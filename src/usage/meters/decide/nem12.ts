import { assert } from '../../../kernel/assert.ts';
import type { ImportFault } from '../model.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';
import { headerFault, marketTime, qualityOf } from './nem-fields.ts';
import {
  type Nem12Block,
  type Nem12DayRecord,
  type Nem12Range,
  readBlock,
  readDay,
  readRange,
  valuesFault,
} from './nem12-fields.ts';
import { flowOfLetter } from './registers.ts';
import { type MeterSeries, timeText } from './row.ts';
import { type Spans, spans } from './spans.ts';

/** One register on one day, every interval with its value and quality. */
export interface Nem12Day {
  kind: 'day';
  line: number;
  block: Nem12Block;
  /** The calendar day in UTC+10. */
  date: string;
  values: string[];
  /** Which intervals have which quality and reason: all of them, in order. */
  ranges: readonly Nem12Range[];
}

/** `whole_file`: nothing of the file can be trusted, whatever the caller would keep. */
export interface Nem12Fault extends ImportFault {
  kind: 'fault';
  whole_file: boolean;
}

export type Nem12Item = Nem12Day | Nem12Fault;

export interface Nem12Reader {
  /** The next line without its line end. `cut`: the file ended before a line end did. */
  line(text: string, number: number, cut: boolean): Nem12Item[];
  /** A line whose bytes cannot be read. It may have been any record. */
  unreadable(number: number, problem: Fault): Nem12Item[];
  /** Once, after the last line. */
  end(): Nem12Item[];
}

/**
 * Reads AEMO's Meter Data File Format, NEM12, a line at a time; the memory it takes grows with the file's days alone.
 * A file is 100, then blocks of 200 (300 (400)* (500)*)*, then 900. Every departure is a fault with its line: a day comes
 * out only when its own record, its 400 records and its 200 record are all good. Source: AEMO, Meter Data File Format
 * Specification NEM12 & NEM13.
 */
export function readNem12(): Nem12Reader {
  const seen = new Map<string, Spans>();
  let header = false;
  let given_up = false;
  let ended_at = 0;
  let block: Nem12Block | 'refused' | null = null;
  let last_date = '';
  let day: OpenDay | null = null;
  let last_line = 0;

  const close = (): Nem12Item[] => {
    const open = day;
    day = null;
    return open === null ? [] : [closeDay(open)];
  };
  const isNew = (of: Nem12Block, date: string): boolean => {
    const stream = `${of.nmi}/${of.register}`;
    const days = seen.get(stream) ?? spans();
    seen.set(stream, days);
    const start = marketTime(date.replaceAll('-', ''));
    return days.add(start, start + 86_400_000);
  };
  const refuse = (line: number, problem: Fault, whole_file = false): Nem12Item[] => {
    if (whole_file) given_up = true;
    return [{ kind: 'fault', line, whole_file, ...problem }];
  };

  // What cannot be read may have been a 200 record: no day below it may be counted to the block above it.
  const strange = (line: number, problem: Fault): Nem12Item[] => {
    const before = close();
    block = 'refused';
    return [...before, ...refuse(line, problem, !header)];
  };

  const records: Record<string, (fields: string[], line: number) => Nem12Item[]> = {
    100: (_fields, line) => strange(line, fault('header_repeated', 'a file has one header; this is a second')),
    200: (fields, line) => {
      const before = close();
      const read = readBlock(fields, line);
      last_date = '';
      block = isFault(read) ? 'refused' : read;
      return isFault(read) ? [...before, ...refuse(line, read)] : before;
    },
    300: (fields, line) => {
      const before = close();
      if (block === null) return [...before, ...refuse(line, fault('record_order', 'a 300 record stands before any 200 record'))];
      if (block === 'refused') {
        day = openDay(line, null, fault('block_refused', 'its 200 record, or a record above it, was refused'));
        return before;
      }
      const read = readDay(fields, block);
      if (isFault(read)) {
        day = openDay(line, block, read);
        return before;
      }
      const problem =
        read.date < last_date
          ? fault('date_order', `${read.date} stands after ${last_date}; days stand in order`)
          : isNew(block, read.date)
            ? null
            : fault('day_repeated', `${block.nmi} ${block.register} has ${read.date} twice in this file`);
      if (read.date > last_date) last_date = read.date;
      day = { ...openDay(line, block, problem), record: read };
      return before;
    },
    400: (fields, line) => {
      if (day === null || day.closed)
        return refuse(line, fault('record_order', 'a 400 record follows a 300 record or another 400'));
      if (day.block === null) return [];
      const read = readRange(fields, 1440 / day.block.interval_minutes);
      if (!isFault(read)) day.ranges.push(read);
      else day.problem ??= fault('ranges_invalid', `a 400 record below it (line ${line}) is refused`);
      return isFault(read) ? refuse(line, read) : [];
    },
    500: (_fields, line) => {
      if (day === null) return refuse(line, fault('record_order', 'a 500 record follows a 300 or 400 record'));
      day.closed = true;
      return [];
    },
    900: (fields, line) => {
      ended_at = line;
      const extra = fields.slice(1).some((field) => field !== '');
      return [...close(), ...(extra ? refuse(line, fault('record_ragged', 'a 900 record has one field')) : [])];
    },
  };

  return {
    line(text, number, cut) {
      if (given_up) return [];
      last_line = number;
      if (text.trim() === '') return [];
      const fields = text.split(',').map((field) => field.trim());
      const indicator = fields[0] ?? '';
      if (!header) {
        header = true;
        const problem =
          indicator === '100'
            ? headerFault(fields, 'NEM12')
            : fault('header_missing', `the first record is “${shown(indicator)}”; a file begins with 100,NEM12`);
        return problem === null ? [] : refuse(number, problem, true);
      }
      if (ended_at > 0)
        return refuse(number, fault('record_after_end', `the file ended with the 900 record on line ${ended_at}`));
      if (cut && indicator !== '900') {
        // What stands before a cut may look whole and not be: 1.111 cut to 1.1.
        const open = indicator === '400' && day !== null ? (day as OpenDay) : null;
        if (open) open.problem ??= fault('ranges_invalid', `a 400 record below it (line ${number}) is cut`);
        return [...close(), ...refuse(number, fault('record_cut', 'the file ends inside this record'))];
      }
      const read = Object.hasOwn(records, indicator) ? records[indicator] : undefined;
      return read
        ? read(fields, number)
        : strange(number, fault('record_unknown', `“${shown(indicator)}” is no record of NEM12`));
    },
    unreadable(number, problem) {
      if (given_up) return [];
      last_line = number;
      return strange(number, problem);
    },
    end() {
      if (given_up) return [];
      if (!header) return refuse(1, fault('file_empty', 'the file holds nothing'), true);
      const rest = close();
      return ended_at > 0
        ? rest
        : [...rest, ...refuse(last_line, fault('file_truncated', 'the file ends without a 900 record: part of it is missing'))];
    },
  };
}

/** When an interval begins: NEM12 times are UTC+10 all year. `index` counts from 0. */
export function intervalStart(date: string, interval_minutes: number, index: number): string {
  return timeText(marketTime(date.replaceAll('-', '')) + index * interval_minutes * 60_000);
}

/** A day as any other series. */
export function seriesOfDay({ line, block, date, values, ranges }: Nem12Day): MeterSeries {
  const { nmi, register, unit, interval_minutes } = block;
  const midnight_ms = marketTime(date.replaceAll('-', ''));
  const length_ms = interval_minutes * 60_000;
  const rows = ranges.flatMap(({ from, to, quality, reason }) => {
    const said = qualityOf(quality, reason);
    return values.slice(from - 1, to).map((value, index) => {
      const start_ms = midnight_ms + (from - 1 + index) * length_ms;
      return { line, start_ms, end_ms: start_ms + length_ms, value, ...said };
    });
  });
  return {
    kind: 'interval',
    line,
    meter: nmi,
    register,
    flow: flowOfLetter(register),
    commodity: 'electricity',
    unit,
    whole: true,
    rows,
  };
}

interface OpenDay {
  line: number;
  /** Null under a 200 record that was refused. */
  block: Nem12Block | null;
  record: Nem12DayRecord | null;
  ranges: Nem12Range[];
  problem: Fault | null;
  /** A 500 record came: no 400 may follow. */
  closed: boolean;
}

function openDay(line: number, block: Nem12Block | null, problem: Fault | null): OpenDay {
  return { line, block, record: null, ranges: [], problem, closed: false };
}

function closeDay({ line, block, record, ranges, problem }: OpenDay): Nem12Item {
  if (problem !== null) return { kind: 'fault', line, whole_file: false, ...problem };
  assert(record !== null && block !== null, 'a day without a fault was read');
  const { date, values, quality, reason } = record;
  if (ranges.length === 0) {
    if (quality === 'V')
      return {
        kind: 'fault',
        line,
        whole_file: false,
        ...fault('ranges_missing', 'quality V needs 400 records, and none follows'),
      };
    return { kind: 'day', line, block, date, values, ranges: [{ from: 1, to: values.length, quality, reason }] };
  }
  const wrong = rangesFault(ranges, quality, values);
  if (wrong) return { kind: 'fault', line, whole_file: false, ...wrong };
  return { kind: 'day', line, block, date, values, ranges };
}

/** 400 records cover every interval of their day once, in order; they say the quality of a V day, and reasons of an A day. */
function rangesFault(ranges: readonly Nem12Range[], quality: string, values: readonly string[]): Fault | null {
  if (quality !== 'V' && quality !== 'A')
    return fault('ranges_unexpected', `400 records belong to quality V or A, not ${quality}`);
  let next = 1;
  for (const range of ranges) {
    if (range.from !== next) return fault('ranges_incomplete', `400 records go on at interval ${range.from}, not at ${next}`);
    next = range.to + 1;
    if (quality === 'A' && range.quality !== 'A')
      return fault('ranges_unexpected', `a 400 record says ${range.quality}, its day says A`);
    const bad = range.quality === 'N' ? null : valuesFault(values.slice(range.from - 1, range.to), range.from - 1);
    if (bad) return bad;
  }
  return next === values.length + 1
    ? null
    : fault('ranges_incomplete', `400 records end at interval ${next - 1} of ${values.length}`);
}
