import { nowMs } from './clock.ts';

let last_ms = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, a counter of 26 bits, 48 random bits. Ids of one process rise in the order they
 * were made in, also while its clock stands or goes back, and so events are stored beside those that were sent with them.
 */
export function newRequestId(now_ms: number = nowMs()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  if (now_ms > last_ms) {
    last_ms = now_ms;
    counter = view.getUint32(6) & 0xfffff;
  } else {
    counter += 1;
    if (counter > 0x3ffffff) {
      last_ms += 1;
      counter = 0;
    }
  }
  view.setUint32(0, Math.floor(last_ms / 0x10000));
  view.setUint16(4, last_ms % 0x10000);
  view.setUint16(6, 0x7000 | (counter >>> 14));
  view.setUint16(8, 0x8000 | (counter & 0x3fff));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
