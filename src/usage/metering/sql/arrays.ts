/**
 * Arrays in PostgreSQL's binary format (src/backend/utils/adt/arrayfuncs.c, array_recv), for statements that carry thousands of rows in
 * a few parameters: neither side has to escape, print or parse.
 */

/** One dimension, lower bound 1; `nulls` where elements may be null. */
export function textArray(values: readonly (string | null)[]): Buffer {
  let bytes = header_bytes + 4 * values.length;
  for (const value of values) if (value !== null) bytes += Buffer.byteLength(value);
  const buffer = begin(oids.text, values.length, bytes);
  let at = header_bytes;
  for (const value of values) {
    if (value === null) {
      at = writeNull(buffer, at);
      continue;
    }
    const length = buffer.write(value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  return buffer;
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  let bytes = header_bytes + 4 * values.length;
  for (const value of values) bytes += value.length;
  const buffer = begin(oids.bytea, values.length, bytes);
  let at = header_bytes;
  for (const value of values) {
    buffer.writeInt32BE(value.length, at);
    buffer.set(value, at + 4);
    at += 4 + value.length;
  }
  return buffer;
}

/** UUIDs as text. */
export function uuidArray(values: readonly string[]): Buffer {
  const buffer = begin(oids.uuid, values.length, header_bytes + 20 * values.length);
  let at = header_bytes;
  for (const value of values) {
    buffer.writeInt32BE(16, at);
    buffer.write(value.replaceAll('-', ''), at + 4, 16, 'hex');
    at += 20;
  }
  return buffer;
}

export function int4Array(values: readonly (number | null)[]): Buffer {
  const buffer = begin(oids.int4, values.length, header_bytes + 8 * values.length);
  let at = header_bytes;
  for (const value of values) {
    if (value === null) {
      at = writeNull(buffer, at);
      continue;
    }
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer.subarray(0, at);
}

export function boolArray(values: readonly (boolean | null)[]): Buffer {
  const buffer = begin(oids.bool, values.length, header_bytes + 5 * values.length);
  let at = header_bytes;
  for (const value of values) {
    if (value === null) {
      at = writeNull(buffer, at);
      continue;
    }
    buffer.writeInt32BE(1, at);
    buffer[at + 4] = value ? 1 : 0;
    at += 5;
  }
  return buffer.subarray(0, at);
}

/** Moments as microseconds since 2000-01-01 UTC. */
export function timestamptzArray(microseconds: readonly number[]): Buffer {
  const buffer = begin(oids.timestamptz, microseconds.length, header_bytes + 12 * microseconds.length);
  let at = header_bytes;
  for (const us of microseconds) {
    const high = Math.floor(us / 2 ** 32);
    buffer.writeInt32BE(8, at);
    buffer.writeInt32BE(high, at + 4);
    buffer.writeUInt32BE(us - high * 2 ** 32, at + 8);
    at += 12;
  }
  return buffer;
}

/** From pg_type.dat. */
const oids = { bool: 16, bytea: 17, int4: 23, text: 25, timestamptz: 1184, uuid: 2950 } as const;
const header_bytes = 20;

function begin(oid: number, length: number, bytes: number): Buffer {
  if (length === 0) {
    const empty = Buffer.alloc(12);
    empty.writeInt32BE(oid, 8);
    return empty;
  }
  const buffer = Buffer.allocUnsafe(bytes);
  buffer.writeInt32BE(1, 0);
  // The flag only says that nulls are possible.
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

function writeNull(buffer: Buffer, at: number): number {
  buffer.writeInt32BE(-1, at);
  return at + 4;
}
