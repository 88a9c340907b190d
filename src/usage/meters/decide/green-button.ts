import { type Fault, fault, isFault } from './faults.ts';
import type { Finding, FindingReader } from './finding.ts';
import { type Entry, espiDirectory, newEntry } from './green-button-links.ts';
import { rowOf, type WrittenReading } from './green-button-readings.ts';
import type { MeterRow, MeterSeries } from './row.ts';
import { readXml } from './xml.ts';

/**
 * Reads Green Button XML (NAESB REQ.21, ESPI): an Atom feed whose entries are usage points, meter readings, their types and blocks of
 * interval readings, tied by links. A block is a series of the meter reading it belongs to, in pieces of `piece` readings; where the
 * type stands below its blocks, up to `most_waiting` readings wait for it. Usage summaries are not read: they repeat what the readings
 * say. Times are seconds since 1970, UTC; local time parameters change none.
 */
export function readGreenButton(): FindingReader {
  const directory = espiDirectory();
  const found: Finding[] = [];
  const late: Block[] = [];
  let waiting = 0;
  let given_up = false;
  let has_feed = false;
  let entry: Entry | null = null;
  let block: Block | null = null;
  let reading: WrittenReading | null = null;
  const path: string[] = [];
  let text: string | null = null;

  const refuse = (line: number, problem: Fault, whole_file = false) => {
    found.push({ kind: 'fault', line, whole_file, ...problem });
  };
  const settle = ({ entry: of, written }: Block): boolean => {
    const channel = directory.channelOf(of);
    if (channel === null) return false;
    const line = written[0]?.line ?? of.line;
    if (isFault(channel)) {
      refuse(line, channel);
      return true;
    }
    const rows: MeterRow[] = [];
    for (const one of written) {
      const row = rowOf(one, channel);
      if (isFault(row)) refuse(one.line, row);
      else rows.push(row);
    }
    const { meter, register, kind, flow, commodity, unit } = channel;
    const series: MeterSeries = { kind, line, meter, register, flow, commodity, unit, whole: false, rows };
    if (rows.length > 0) found.push(series);
    return true;
  };
  /** Turns what was read of the block so far into a series, or lets it wait for what its links lead to. */
  const flush = (of: Block) => {
    const part: Block = { ...of, written: of.written };
    of.written = [];
    if (part.written.length === 0 || settle(part)) return;
    if (waiting + part.written.length > most_waiting) {
      refuse(part.written[0]!.line, fault('links_late', `the type of more than ${most_waiting} readings stands below them`));
      return;
    }
    waiting += part.written.length;
    late.push(part);
  };

  const xml = readXml({
    open(name, attributes) {
      path.push(name);
      text = null;
      if (path.length === 1) has_feed = name === 'feed' || name === 'entry';
      if (name === 'entry') entry = newEntry(xml.line());
      else if (entry === null) return;
      else if (name === 'link' && path.at(-2) === 'entry') entry.link(attributes.rel ?? '', attributes.href ?? '');
      else if (path.at(-2) === 'content') {
        entry.kind = name;
        block = name === 'IntervalBlock' ? { entry, written: [], start: null } : null;
      } else if (name === 'IntervalReading' && block !== null) reading = { line: xml.line(), fields: {}, block_start: null };
      else text = '';
    },
    text(part) {
      if (text !== null && text.length < most_text) text += part;
    },
    close(name) {
      const value = text?.trim() ?? '';
      path.pop();
      text = null;
      if (reading !== null && block !== null) {
        if (name === 'IntervalReading') {
          const last = block.written.push(reading) - 1;
          block.written[last]!.block_start = block.start;
          reading = null;
          if (block.written.length >= piece) flush(block);
        } else if (readingFields.has(name)) reading.fields[name] = value;
        return;
      }
      if (entry === null) return;
      if (name === 'entry') {
        if (block !== null) flush(block);
        const problem = directory.add(entry);
        if (problem) refuse(entry.line, problem);
        entry = null;
        block = null;
      } else if (block !== null) {
        if (name === 'start' && path.at(-1) === 'interval') block.start = value;
      } else entry.say(path.at(-1) ?? '', name, value);
    },
  });

  const finish = (problem: Fault | null) => {
    given_up = true;
    // What stands above a bad place is as good as it was; what stands below is not read.
    if (block !== null) flush(block);
    for (const part of late) {
      if (!settle(part))
        refuse(part.entry.line, fault('link_broken', 'no meter reading, reading type and usage point are linked to this block'));
    }
    if (problem) refuse(xml.line(), problem, !has_feed && problem.code !== 'file_truncated');
    else if (!has_feed) refuse(1, fault('feed_missing', 'the file is XML, but no Atom feed of Green Button'), true);
  };
  return {
    push(chunk) {
      if (given_up) return [];
      const problem = xml.push(chunk);
      if (problem) finish(problem);
      return found.splice(0);
    },
    end() {
      if (given_up) return [];
      finish(xml.end());
      return found.splice(0);
    },
    lines: () => xml.line(),
  };
}

/** Readings of a block that were read and not yet handed on. */
interface Block {
  entry: Entry;
  written: WrittenReading[];
  /** Of its interval; readings without a time of their own follow each other from there. */
  start: string | null;
}

const piece = 500;
const most_waiting = 100_000;
const most_text = 2000;
const readingFields = new Set(['start', 'duration', 'value', 'cost', 'quality']);
