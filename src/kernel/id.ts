import { randomFillSync } from 'node:crypto';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const pool = Buffer.alloc(16 * 256);
let used = pool.length;
let last_ms = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds since 1970, a counter of 26 bits, 48 random bits. Ids that one process makes for
 * the same millisecond rise (RFC 9562 §6.2, method 1), so that a list in order of ids is in order of making under a standing clock too.
 */
export function newId(now: Temporal.Instant): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + 16);
  used += 16;
  const ms = now.epochMilliseconds;
  counter = ms === last_ms ? (counter + 1) & 0x3ffffff : bytes.readUInt32BE(6) & 0xfffff;
  last_ms = ms;
  bytes.writeUIntBE(ms, 0, 6);
  bytes.writeUInt16BE(0x7000 | (counter >>> 14), 6);
  bytes.writeUInt16BE(0x8000 | (counter & 0x3fff), 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** True for a lower-case UUID of any version. */
export function isId(text: string): boolean {
  return pattern.test(text);
}
