import { isUtf8 } from 'node:buffer';

/** What is wrong with a JSON text, and where: `pointer` is a JSON pointer (RFC 6901), empty for the text as a whole. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly pointer: string;
  readonly code: JsonFaultCode;
  readonly detail: string;

  constructor(pointer: string, code: JsonFaultCode, detail: string) {
    super(detail);
    this.pointer = pointer;
    this.code = code;
    this.detail = detail;
  }
}

export type JsonFaultCode =
  | 'json_malformed'
  | 'json_encoding'
  | 'json_too_deep'
  | 'duplicate_member'
  | 'forbidden_member'
  | 'lone_surrogate'
  | 'nul_character'
  | 'number_out_of_range';

/**
 * `decimal`: at most 15 significant digits and no exponent, so that the number's decimal text is known from the JavaScript number.
 * `canonical`: exactly as RFC 8785 prints it, so that no other text means the same.
 */
export type NumberRule = 'decimal' | 'canonical';

/** How deep objects and arrays may be nested. */
export const maxJsonDepth = 32;

/**
 * Parses JSON strictly (RFC 8259 and I-JSON): valid UTF-8 without byte order mark, no member twice, no `__proto__`, no U+0000, no lone
 * surrogate, at most 32 levels, numbers by rule. Throws JsonFault.
 *
 * One linear scan over the bytes finds what the native parser lets pass; only a text with something suspicious in it is then read by
 * the slow parser, which knows where it is.
 */
export function parseJson(body: Uint8Array, numbers: NumberRule = 'decimal'): unknown {
  if (!isUtf8(body)) throw new JsonFault('', 'json_encoding', 'The text is not valid UTF-8.');
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const { suspicious, members } = scan(body, numbers);
  if (suspicious) locate(text, numbers);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    locate(text, numbers);
    throw new JsonFault('', 'json_malformed', error instanceof Error ? error.message : 'The text is not JSON.');
  }
  if (countMembers(value) !== members) locate(text, numbers);
  return value;
}

const quote = 0x22;
const backslash = 0x5c;

/** Looks at bytes alone. It may trust that they are UTF-8, not that they are JSON. */
function scan(bytes: Uint8Array, numbers: NumberRule): { suspicious: boolean; members: number } {
  let members = 0;
  let depth = 0;
  const end = bytes.length;
  for (let at = 0; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte === quote) {
      for (at += 1; at < end && bytes[at] !== quote; at += 1) {
        if (bytes[at] !== backslash) continue;
        at += 1;
        if (bytes[at] === 0x75 && isSuspiciousEscape(bytes, at + 1)) return { suspicious: true, members };
      }
    } else if (byte === 0x3a) {
      members += 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxJsonDepth) return { suspicious: true, members };
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const start = at;
      while (at + 1 < end && isNumberByte(bytes[at + 1]!)) at += 1;
      if (!isPlainInteger(bytes, start, at + 1)) {
        const token = Buffer.from(bytes.buffer, bytes.byteOffset + start, at + 1 - start).toString('latin1');
        if (!isAllowedNumber(token, numbers)) return { suspicious: true, members };
      }
    }
  }
  return { suspicious: false, members };
}

/** \u0000 and \ud800 to \udfff. */
function isSuspiciousEscape(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at]! | 0x20;
  if (first === 0x64) return bytes[at + 1]! >= 0x38;
  return bytes[at] === 0x30 && bytes[at + 1] === 0x30 && bytes[at + 2] === 0x30 && bytes[at + 3] === 0x30;
}

/** Digits, signs, point, e and E. */
function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b || byte === 0x65 || byte === 0x45;
}

/** The common case, which both rules allow: up to 15 digits and nothing else. */
function isPlainInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 15) return false;
  for (let at = start; at < end; at += 1) if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return false;
  return true;
}

function isAllowedNumber(token: string, numbers: NumberRule): boolean {
  if (numbers === 'canonical') return String(readNumber(token)) === token;
  if (token.length > 40 || /[eE]/.test(token)) return false;
  return token.replace(/[-.]/g, '').replace(/^0+/, '').length <= 15;
}

function readNumber(token: string): unknown {
  try {
    return JSON.parse(token);
  } catch {
    return undefined;
  }
}

/** All own members at all levels; NaN, which equals no count, where a name is forbidden. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item);
    return count;
  }
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(record)) {
    if (name === '__proto__') return Number.NaN;
    const member = record[name];
    count += 1;
    if (typeof member === 'object') count += countMembers(member);
  }
  return count;
}

/** The slow parser: reads the text, building nothing, and throws the first fault with its place. Silent when there is none. */
function locate(text: string, numbers: NumberRule): void {
  let at = 0;

  const malformed = (pointer: string): JsonFault =>
    new JsonFault(
      pointer,
      'json_malformed',
      at >= text.length
        ? 'The text ends too early.'
        : `Unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at)!))} at offset ${at}.`,
    );

  const space = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at += 1;
  };

  function value(pointer: string, depth: number): void {
    space();
    const first = text[at];
    if (first === '{') object(pointer, depth);
    else if (first === '[') array(pointer, depth);
    else if (first === '"') string(pointer);
    else if (first !== undefined && /[-0-9]/.test(first)) number(pointer);
    else {
      const word = ['true', 'false', 'null'].find((each) => text.startsWith(each, at));
      if (!word) throw malformed(pointer);
      at += word.length;
    }
    space();
  }

  function open(pointer: string, depth: number): void {
    if (depth >= maxJsonDepth) throw new JsonFault(pointer, 'json_too_deep', `Nested more than ${maxJsonDepth} levels deep.`);
    at += 1;
    space();
  }

  function object(pointer: string, depth: number): void {
    open(pointer, depth);
    const seen = new Set<string>();
    if (text[at] === '}') {
      at += 1;
      return;
    }
    for (;;) {
      space();
      if (text[at] !== '"') throw malformed(pointer);
      const name = string(pointer);
      const inner = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (name === '__proto__') throw new JsonFault(inner, 'forbidden_member', 'A member may not be named __proto__.');
      if (seen.has(name)) throw new JsonFault(inner, 'duplicate_member', 'The member occurs twice.');
      seen.add(name);
      space();
      if (text[at] !== ':') throw malformed(inner);
      at += 1;
      value(inner, depth + 1);
      if (text[at] !== ',') break;
      at += 1;
    }
    if (text[at] !== '}') throw malformed(pointer);
    at += 1;
  }

  function array(pointer: string, depth: number): void {
    open(pointer, depth);
    if (text[at] === ']') {
      at += 1;
      return;
    }
    for (let index = 0; ; index += 1) {
      value(`${pointer}/${index}`, depth + 1);
      if (text[at] !== ',') break;
      at += 1;
    }
    if (text[at] !== ']') throw malformed(pointer);
    at += 1;
  }

  function string(pointer: string): string {
    // By hand: a regular expression that repeats an alternative runs out of stack on a string of megabytes.
    let end = at + 1;
    for (; end < text.length && text[end] !== '"'; end += 1) if (text[end] === '\\') end += 1;
    const found = text.slice(at, end + 1);
    let content: string;
    try {
      content = JSON.parse(found) as string;
    } catch {
      throw malformed(pointer);
    }
    if (!content.isWellFormed()) throw new JsonFault(pointer, 'lone_surrogate', `A lone surrogate at offset ${at}.`);
    if (content.includes('\u0000')) throw new JsonFault(pointer, 'nul_character', `U+0000 in the text at offset ${at}.`);
    at += found.length;
    return content;
  }

  function number(pointer: string): void {
    const token = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    if (found === undefined) throw malformed(pointer);
    if (!isAllowedNumber(found, numbers)) throw new JsonFault(pointer, 'number_out_of_range', numberHelp[numbers]);
    at += found.length;
  }

  value('', 0);
  if (at < text.length) throw malformed('');
}

const numberHelp: Record<NumberRule, string> = {
  decimal: 'A JSON number may have 15 significant digits and no exponent; send more as a string.',
  canonical: 'The number is not written as RFC 8785 prints it.',
};
