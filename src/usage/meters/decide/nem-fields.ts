import type { QualityFlag } from '../model.ts';
import { type Fault, fault, shown } from './faults.ts';

/** 100,NEM12 or NEM13,created,from,to. Files that a customer downloads often leave out the participants. */
export function headerFault(fields: readonly string[], expected: 'NEM12' | 'NEM13'): Fault | null {
  const version = (fields[1] ?? '').toUpperCase();
  if (version !== expected)
    return fault('version_unknown', `the header names the version “${shown(fields[1])}”, ${expected} is expected`);
  if (!isStamp(fields[2] ?? '', 12))
    return fault('header_invalid', `the creation time “${shown(fields[2])}” is not YYYYMMDDhhmm`);
  if (isRagged(fields, 5)) return fault('record_ragged', `a header has 5 fields, this one ${fields.length}`);
  return null;
}

/** What a quality flag with its method and reason says of a value: `F14` and 76. */
export function qualityOf(quality: string, reason: string): { quality: QualityFlag; flags: Record<string, string> } {
  const method = quality.slice(1);
  return {
    quality: quality.slice(0, 1) as QualityFlag,
    flags: { ...(method === '' ? {} : { method }), ...(reason === '' ? {} : { reason }) },
  };
}

/** `20230301` and `093055` in the market's time, UTC+10 all year, in milliseconds since 1970. */
export function marketTime(stamp: string): number {
  const part = (from: number, to: number) => stamp.slice(from, to) || '00';
  const time = `${part(8, 10)}:${part(10, 12)}:${part(12, 14)}`;
  return Temporal.Instant.from(`${part(0, 4)}-${part(4, 6)}-${part(6, 8)}T${time}+10:00`).epochMilliseconds;
}

/** An estimated, final or substituted value names its method by two digits; the other flags have none. */
export function qualityFault(quality: string, flags: string): Fault | null {
  const flag = quality.slice(0, 1).toUpperCase();
  if (flag === '' || !flags.includes(flag))
    return fault('quality_invalid', `the quality “${shown(quality)}” is none of ${[...flags].join(', ')}`);
  const method = quality.slice(1);
  if ('EFS'.includes(flag) ? /^\d\d$/.test(method) : method === '') return null;
  return fault('quality_invalid', `the quality “${shown(quality)}” is not a flag with its method, such as A, S14 or F14`);
}

export function reasonFault(reason: string): Fault | null {
  return reason === '' || /^\d{1,3}$/.test(reason)
    ? null
    : fault('reason_invalid', `the reason “${shown(reason)}” is not a number of up to 3 digits`);
}

export function stampFault(stamp: string): Fault | null {
  return stamp === '' || isStamp(stamp, 14) ? null : fault('time_invalid', `“${shown(stamp)}” is not a time YYYYMMDDhhmmss`);
}

/** True when a field beyond `most` holds something; empty ones at the end are a habit of many programs. */
export function isRagged(fields: readonly string[], most: number): boolean {
  return fields.slice(most).some((field) => field !== '');
}

/** YYYYMMDD, or with hours and minutes, or with seconds too. */
export function isStamp(text: string, length: 8 | 12 | 14): boolean {
  if (!/^\d+$/.test(text) || text.length !== length || isoDate(text.slice(0, 8)) === null) return false;
  const [hour, minute, second] = [text.slice(8, 10) || '0', text.slice(10, 12) || '0', text.slice(12, 14) || '0'];
  return Number.parseInt(hour, 10) < 24 && Number.parseInt(minute, 10) < 60 && Number.parseInt(second, 10) < 60;
}

export function isoDate(text: string): string | null {
  if (!/^20\d{6}$/.test(text)) return null;
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  try {
    return Temporal.PlainDate.from(iso, { overflow: 'reject' }).toString();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
