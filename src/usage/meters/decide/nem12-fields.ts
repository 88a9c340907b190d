import { type Fault, fault, shown } from './faults.ts';
import { isoDate, isRagged, isStamp, qualityFault, reasonFault, stampFault } from './nem-fields.ts';

/** A 200 record: what the 300 records under it measure. */
export interface Nem12Block {
  line: number;
  nmi: string;
  /** The NMI suffix, such as E1: what is measured, and which of them. */
  register: string;
  /** As written; empty where the file says none. */
  unit: string;
  interval_minutes: number;
  serial: string;
}

/** A 300 record without its 400 records. */
export interface Nem12DayRecord {
  date: string;
  values: string[];
  /** Flag and method, such as `A` or `F14`; `V` where 400 records say. */
  quality: string;
  /** Empty where there is none. */
  reason: string;
}

/** A 400 record: intervals `from` to `to`, counted from 1, both included. */
export interface Nem12Range {
  from: number;
  to: number;
  quality: string;
  reason: string;
}

/**
 * Interval lengths in minutes. The format's release of 2021 names 5, 15 and 30; releases before it, and files of voltage
 * registers still in use, have 1 and 10 as well. All of them divide the day; no other length is in the format.
 */
export const interval_lengths: readonly number[] = [1, 5, 10, 15, 30];

/** 200,NMI,configuration,register,suffix,data stream,serial,unit,interval length,next read. */
export function readBlock(fields: readonly string[], line: number): Nem12Block | Fault {
  if (fields.length < 9 || isRagged(fields, 10)) {
    return fault('record_ragged', `a 200 record has 10 fields, this one ${fields.length}`);
  }
  const [, nmi = '', , , suffix = '', , serial = '', unit = '', length = '', next_read = ''] = fields;
  if (!/^[A-Za-z0-9]{1,10}$/.test(nmi)) return fault('nmi_invalid', `the NMI “${shown(nmi)}” is not 1 to 10 letters and digits`);
  if (!/^[A-Z][A-Z0-9]$/i.test(suffix))
    return fault('register_invalid', `the NMI suffix “${shown(suffix)}” is not a letter and a digit`);
  const interval_minutes = /^\d{1,2}$/.test(length) ? Number.parseInt(length, 10) : 0;
  if (!interval_lengths.includes(interval_minutes)) {
    return fault(
      'interval_length_invalid',
      `the interval length “${shown(length)}” is not one of ${interval_lengths.join(', ')} minutes`,
    );
  }
  if (serial.length > 12)
    return fault('serial_invalid', `the meter's serial number “${shown(serial)}” has more than 12 characters`);
  if (unit.length > 5) return fault('unit_unknown', `the unit “${shown(unit)}” has more than 5 characters`);
  if (next_read !== '' && !isStamp(next_read, 8))
    return fault('date_invalid', `the next read “${shown(next_read)}” is not a date YYYYMMDD`);
  return { line, nmi: nmi.toUpperCase(), register: suffix.toUpperCase(), unit, interval_minutes, serial };
}

/** 300,date,1440/length values,quality,reason,reason text,updated,loaded. The last four may be missing at the end. */
export function readDay(fields: readonly string[], block: Nem12Block): Nem12DayRecord | Fault {
  const count = 1440 / block.interval_minutes;
  const date = isoDate(fields[1] ?? '');
  if (date === null) return fault('date_invalid', `“${shown(fields[1])}” is not a date YYYYMMDD that exists, from 2000 to 2099`);
  const isQuality = (field: string | undefined) => /^[AEFNSV]\d{0,2}$/i.test(field ?? '');
  const at = isQuality(fields[count + 2]) ? count + 2 : fields.findIndex((field, index) => index > 1 && isQuality(field));
  if (at >= 0 && at !== count + 2) {
    return fault('value_count', `${at - 2} values, but ${block.interval_minutes} minutes make ${count} a day`);
  }
  if (fields.length < count + 3) {
    return fault('quality_missing', `no quality flag follows the values; ${count} values and then the flag make a record`);
  }
  if (at < 0) return fault('quality_invalid', `the quality “${shown(fields[count + 2])}” is none of A, E, F, N, S, V`);
  const [quality = '', reason = '', , updated = '', loaded = ''] = fields.slice(at);
  if (isRagged(fields, count + 7))
    return fault('record_ragged', `a record of ${count} intervals has ${count + 7} fields, this one ${fields.length}`);
  const wrong = qualityFault(quality, 'AEFNSV') ?? reasonFault(reason) ?? stampFault(updated) ?? stampFault(loaded);
  if (wrong) return wrong;
  const values = fields.slice(2, at);
  if (!quality.startsWith('N') && quality !== 'V') {
    const bad = valuesFault(values, 0);
    if (bad) return bad;
  }
  return { date, values, quality: quality.toUpperCase(), reason };
}

/** 400,first interval,last interval,quality,reason,reason text. */
export function readRange(fields: readonly string[], count: number): Nem12Range | Fault {
  if (fields.length < 4 || isRagged(fields, 6))
    return fault('record_ragged', `a 400 record has 6 fields, this one ${fields.length}`);
  const [from, to] = [interval(fields[1] ?? ''), interval(fields[2] ?? '')];
  if (from < 1 || to < from || to > count) {
    return fault('range_invalid', `intervals “${shown(fields[1])}” to “${shown(fields[2])}” are not within 1 to ${count}`);
  }
  const [quality = '', reason = ''] = fields.slice(3);
  const wrong = qualityFault(quality, 'AEFNS') ?? reasonFault(reason);
  return wrong ?? { from, to, quality: quality.toUpperCase(), reason };
}

/** The first value that is not a decimal from zero up, named by its interval. */
export function valuesFault(values: readonly string[], offset: number): Fault | null {
  for (const [index, value] of values.entries()) {
    if (/^(?:\d+\.?\d*|\.\d+)$/.test(value)) continue;
    const where = `interval ${offset + index + 1}`;
    if (value === '') return fault('value_missing', `${where} has no value, and its quality is not N`);
    if (/^-(?:\d+\.?\d*|\.\d+)$/.test(value))
      return fault('value_negative', `${where} is ${shown(value)}; a register counts from zero up`);
    return fault('value_invalid', `${where} is “${shown(value)}”, which is not a decimal`);
  }
  return null;
}

function interval(text: string): number {
  return /^\d{1,4}$/.test(text) ? Number.parseInt(text, 10) : 0;
}
