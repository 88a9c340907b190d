/** What JSON can say. Members that are `undefined` count as absent. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined;
}

/**
 * The canonical text of a value (RFC 8785, JCS): no white space, members in the order of their names' UTF-16 code units, numbers as
 * ECMAScript prints them. Throws TypeError for what JSON or I-JSON cannot say: NaN, infinities, lone surrogates, functions, bigints.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : canonicalObject(value);
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

/** A string as JCS writes it (RFC 8785 §3.2.2.2), quotes included. Throws TypeError for a lone surrogate. */
export function canonicalString(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no JSON form');
  return JSON.stringify(text);
}

/** Printable ASCII without quote and backslash: needs no escape, and holds no surrogate. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function canonicalObject(value: JsonObject): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('only plain objects have a JSON form');
  let text = '{';
  // The default order of sort() is by UTF-16 code units, which is the order that RFC 8785 §3.2.3 asks for.
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member === undefined) continue;
    text += `${text.length === 1 ? '' : ','}${canonicalString(name)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function isArray(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
