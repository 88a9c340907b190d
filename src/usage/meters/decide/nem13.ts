import { parseDecimal, powerOfTen, subtract } from '../../../kernel/decimal.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';
import type { Finding, LineReader } from './finding.ts';
import { headerFault, isRagged, isStamp, marketTime, qualityFault, qualityOf, reasonFault, stampFault } from './nem-fields.ts';
import { type MeterSeries, worst } from './row.ts';
import { conversion } from './units.ts';

/**
 * Reads AEMO's Meter Data File Format, NEM13 (accumulated meter data): 100, then (250 (550)?)*, then 900. A 250 record holds what a
 * register showed at both ends of a period and what was used in between; it is taken whole or refused with its line. A 550 record names
 * transactions of its 250 record and changes no value. Source: AEMO, Meter Data File Format Specification NEM12 & NEM13.
 */
export function readNem13(): LineReader {
  let header = false;
  let given_up = false;
  let ended_at = 0;
  let last_line = 0;
  let may_have_550 = false;
  const refuse = (line: number, problem: Fault, whole_file = false): Finding[] => {
    if (whole_file) given_up = true;
    may_have_550 = false;
    return [{ kind: 'fault', line, whole_file, ...problem }];
  };
  const records: Record<string, (fields: string[], line: number) => Finding[]> = {
    100: (_fields, line) => refuse(line, fault('header_repeated', 'a file has one header; this is a second')),
    250: (fields, line) => {
      const read = readPeriod(fields, line);
      if (isFault(read)) {
        const found = refuse(line, read);
        // Its 550 record, if any, is in its place.
        may_have_550 = true;
        return found;
      }
      may_have_550 = true;
      const [row] = read.rows;
      const differs = row?.reads?.start ? countNote(row.reads.start, row.reads.end, row.value) : null;
      return differs ? [read, { kind: 'note', line, ...differs }] : [read];
    },
    550: (fields, line) => {
      if (!may_have_550) return refuse(line, fault('record_order', 'a 550 record follows a 250 record'));
      may_have_550 = false;
      return isRagged(fields, 5)
        ? refuse(line, fault('record_ragged', `a 550 record has 5 fields, this one ${fields.length}`))
        : [];
    },
    900: (fields, line) => {
      ended_at = line;
      return isRagged(fields, 1) ? refuse(line, fault('record_ragged', 'a 900 record has one field')) : [];
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
            ? headerFault(fields, 'NEM13')
            : fault('header_missing', `the first record is “${shown(indicator)}”; a file begins with 100,NEM13`);
        return problem === null ? [] : refuse(number, problem, true);
      }
      if (ended_at > 0)
        return refuse(number, fault('record_after_end', `the file ended with the 900 record on line ${ended_at}`));
      if (cut && indicator !== '900') return refuse(number, fault('record_cut', 'the file ends inside this record'));
      const read = Object.hasOwn(records, indicator) ? records[indicator] : undefined;
      return read
        ? read(fields, number)
        : refuse(number, fault('record_unknown', `“${shown(indicator)}” is no record of NEM13`), false);
    },
    unreadable(number, problem) {
      if (given_up) return [];
      last_line = number;
      return refuse(number, problem, !header);
    },
    end() {
      if (given_up) return [];
      if (!header) return refuse(1, fault('file_empty', 'the file holds nothing'), true);
      return ended_at > 0
        ? []
        : refuse(last_line, fault('file_truncated', 'the file ends without a 900 record: part of it is missing'));
    },
  };
}

/**
 * 250,NMI,configuration,register,suffix,data stream,serial,direction,
 * previous read,its time,its quality,reason,reason text,current read,its time,its quality,reason,reason text,quantity,unit,
 * next read,updated,loaded. The last three may be missing at the end.
 */
function readPeriod(fields: readonly string[], line: number): MeterSeries | Fault {
  if (fields.length < 20 || isRagged(fields, 23))
    return fault('record_ragged', `a 250 record has 23 fields, this one ${fields.length}`);
  const [, nmi = '', , register_id = '', suffix = '', , serial = '', direction = ''] = fields;
  const [quantity = '', unit = '', next_read = '', updated = '', loaded = ''] = fields.slice(18);
  if (!/^[A-Za-z0-9]{1,10}$/.test(nmi)) return fault('nmi_invalid', `the NMI “${shown(nmi)}” is not 1 to 10 letters and digits`);
  if (!/^[A-Z0-9]{2}$/i.test(suffix))
    return fault('register_invalid', `the NMI suffix “${shown(suffix)}” is not two letters or digits`);
  if (register_id.length > 10)
    return fault('register_invalid', `the register “${shown(register_id)}” has more than 10 characters`);
  if (serial.length > 12)
    return fault('serial_invalid', `the meter's serial number “${shown(serial)}” has more than 12 characters`);
  if (!/^[EI]$/i.test(direction))
    return fault('direction_invalid', `the direction “${shown(direction)}” is neither E (from the grid) nor I (into it)`);
  const [before, after] = [readRead(fields.slice(8, 13), 'previous'), readRead(fields.slice(13, 18), 'current')];
  if (isFault(before)) return before;
  if (isFault(after)) return after;
  if (after.time_ms <= before.time_ms) return fault('time_invalid', 'the current read is not later than the previous one');
  const quality = worst(before.quality, after.quality);
  if (quality !== 'N' && !decimal.test(quantity))
    return fault(quantity === '' ? 'value_missing' : 'value_invalid', `the quantity “${shown(quantity)}” is not a decimal`);
  if (next_read !== '' && !isStamp(next_read, 8))
    return fault('date_invalid', `the next read “${shown(next_read)}” is not a date YYYYMMDD`);
  const wrong = stampFault(updated) ?? stampFault(loaded);
  if (wrong) return wrong;
  const is_energy = 'power' in conversion(unit, 'kWh');
  return {
    kind: 'register',
    line,
    meter: nmi.toUpperCase(),
    register: suffix.toUpperCase(),
    flow: !is_energy ? null : direction.toUpperCase() === 'E' ? 'import' : 'export',
    commodity: 'electricity',
    unit,
    whole: true,
    rows: [
      {
        line,
        start_ms: before.time_ms,
        end_ms: after.time_ms,
        value: quality === 'N' ? null : quantity,
        quality,
        flags: { ...before.flags, ...after.flags },
        reads: { start: before.value, end: after.value },
      },
    ],
  };
}

const decimal = /^\d{1,26}(?:\.\d{1,12})?$/;

/** Value, time, quality, reason, reason text. */
function readRead(fields: readonly string[], which: string) {
  const [value = '', time = '', quality = '', reason = ''] = fields;
  if (!/^\d{1,15}(?:\.\d{1,12})?$/.test(value))
    return fault(
      value === '' ? 'value_missing' : 'value_invalid',
      `the ${which} read “${shown(value)}” is not what a register shows`,
    );
  if (!isStamp(time, 14)) return fault('time_invalid', `the ${which} read's time “${shown(time)}” is not YYYYMMDDhhmmss`);
  const wrong = qualityFault(quality, 'AEFNS') ?? reasonFault(reason);
  return wrong ?? { value, time_ms: marketTime(time), ...qualityOf(quality.toUpperCase(), reason) };
}

/**
 * A quantity that is neither the difference of the reads nor a whole multiple of it (a transformer's ratio) is the file's word against
 * its own reads. A register that shows less than before went round or was exchanged: what it counted only the file knows.
 */
function countNote(before: string, after: string, quantity: string | null): Fault | null {
  if (quantity === null) return null;
  const counted = subtract(parseDecimal(after), parseDecimal(before));
  if (counted.units < 0n) return null;
  const given = parseDecimal(quantity);
  const scale = Math.max(counted.scale, given.scale);
  const difference = counted.units * powerOfTen(scale - counted.scale);
  const used = given.units * powerOfTen(scale - given.scale);
  const is_multiple = difference === 0n ? used === 0n : used % difference === 0n;
  return is_multiple
    ? null
    : fault(
        'quantity_differs',
        `the quantity is ${shown(quantity)}, though the register went from ${shown(before)} to ${shown(after)}`,
      );
}
