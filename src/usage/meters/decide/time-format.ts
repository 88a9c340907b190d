import { type Fault, fault, shown } from './faults.ts';

/** A local or absolute time as a format reads it. */
export interface ReadTime {
  year: number;
  month: number;
  day: number;
  /** Minutes since midnight of that day, by the clock; 1440 is the midnight that ends it. */
  minute: number;
  second: number;
  /** Of UTC; null where the format has none, and the time is a zone's. */
  offset_minutes: number | null;
}

export interface TimeFormat {
  has_clock: boolean;
  has_offset: boolean;
  /** Null for what does not fit. */
  read(text: string): ReadTime | { epoch_ms: number } | null;
}

/**
 * Compiles `DD.MM.YYYY HH:mm`: YYYY, YY, MM, M, DD, D, HH, H, hh, h (with A for AM and PM), mm, ss and Z for an offset; other letters stand in
 * brackets, `[T]`. `iso` is RFC 3339, `unix` and `unix_ms` count since 1970. Answers what is wrong with the format by name.
 */
export function compileTimeFormat(format: string): TimeFormat | Fault {
  if (format === 'unix' || format === 'unix_ms') return unixFormat(format === 'unix' ? 1000 : 1);
  const written = format === 'iso' ? 'YYYY-MM-DD[T]HH:mm:ssZ' : format;
  const tokens: string[] = [];
  let pattern = '';
  let rest = written;
  while (rest !== '') {
    const token = /^(?:YYYY|YY|MM?|DD?|HH?|hh?|mm|ss|A|Z)/.exec(rest)?.[0];
    const literal = /^\[([^\]]*)\]/.exec(rest);
    if (token !== undefined) {
      const name = token === 'YY' ? 'YYYY' : token.length === 1 && 'MDHh'.includes(token) ? token + token : token;
      if (tokens.includes(name)) return fault('time_format_invalid', `the format “${shown(format)}” has ${token} twice`);
      tokens.push(name);
      pattern += patterns[token];
      rest = rest.slice(token.length);
    } else if (literal) {
      pattern += escaped(literal[1] ?? '');
      rest = rest.slice(literal[0].length);
    } else if (/^[A-Za-z]/.test(rest)) {
      return fault(
        'time_format_invalid',
        `the format “${shown(format)}” has “${rest[0]}”, which means nothing; letters stand in [ ]`,
      );
    } else {
      pattern += escaped(rest[0]!);
      rest = rest.slice(1);
    }
  }
  const has = (token: string) => tokens.includes(token);
  if (!has('YYYY') || !has('MM') || !has('DD'))
    return fault('time_format_incomplete', `the format “${shown(format)}” lacks a year, a month or a day`);
  if (has('HH') && has('hh')) return fault('time_format_invalid', 'a format has HH or hh, not both');
  if (has('hh') !== has('A')) return fault('time_format_incomplete', 'hours to twelve (hh) need AM or PM (A) beside them');
  if (has('mm') && !has('HH') && !has('hh')) return fault('time_format_incomplete', 'minutes need hours');
  const expression = new RegExp(`^${pattern}$`, 'i');
  return {
    has_clock: has('HH') || has('hh'),
    has_offset: has('Z'),
    read(text) {
      const found = expression.exec(text);
      return found === null ? null : timeOf(new Map(tokens.map((token, at) => [token, found[at + 1]!])));
    },
  };
}

const patterns: Record<string, string> = {
  YYYY: '(20\\d\\d)',
  YY: '(\\d\\d)',
  MM: '(\\d\\d)',
  M: '(\\d\\d?)',
  DD: '(\\d\\d)',
  D: '(\\d\\d?)',
  HH: '(\\d\\d)',
  H: '(\\d\\d?)',
  hh: '(\\d\\d)',
  h: '(\\d\\d?)',
  mm: '(\\d\\d)',
  ss: '(\\d\\d)(?:\\.0+)?',
  A: '([ap]m)',
  Z: '(Z|[+-]\\d\\d(?::?\\d\\d)?)',
};

function timeOf(parts: ReadonlyMap<string, string>): ReadTime | null {
  const number = (token: string) => Number.parseInt(parts.get(token) ?? '0', 10);
  const [year, month, day] = [2000 + (number('YYYY') % 100), number('MM'), number('DD')];
  let hour = number('HH');
  if (parts.has('hh')) {
    const twelve = number('hh');
    if (twelve < 1 || twelve > 12) return null;
    hour = (twelve % 12) + (parts.get('A')?.toLowerCase() === 'pm' ? 12 : 0);
  }
  const [minutes, second] = [number('mm'), number('ss')];
  const minute = hour * 60 + minutes;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  if (minutes > 59 || second > 59 || minute > 1440 || (minute === 1440 && second > 0)) return null;
  return { year, month, day, minute, second, offset_minutes: offsetOf(parts.get('Z')) };
}

function offsetOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (text.toUpperCase() === 'Z') return 0;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number.parseInt(hours, 10) * 60 + Number.parseInt(minutes, 10));
}

export function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function unixFormat(factor: number): TimeFormat {
  return {
    has_clock: true,
    has_offset: true,
    read: (text) => (/^\d{1,13}$/.test(text) ? { epoch_ms: Number.parseInt(text, 10) * factor } : null),
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
