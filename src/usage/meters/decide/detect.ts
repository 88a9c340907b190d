import type { ImportFormat } from '../model.ts';
import { type Fault, fault } from './faults.ts';

/** What a file is, by its first bytes, unless the caller says. Formats that cannot be read yet are named. */
export function detectFormat(head: Uint8Array, asked: 'auto' | ImportFormat): ImportFormat | Fault {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if ((bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x1f && bytes[1] === 0x8b)) {
    return fault('format_unsupported', 'the file is compressed; send what is inside');
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return fault('encoding_invalid', 'the file is UTF-16; save it as UTF-8');
  }
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('<')) {
    const what = /espi|greenbutton|atom/i.test(text) ? 'Green Button XML' : 'XML';
    return fault('format_unsupported', `${what} cannot be imported yet; CSV of usage events and NEM12 can`);
  }
  if (/^UN[AB]/.test(text)) return fault('format_unsupported', 'MSCONS cannot be imported; CSV of usage events and NEM12 can');
  if (/^100,NEM13\b/i.test(text))
    return fault('format_unsupported', 'NEM13 (accumulated meter data) cannot be imported yet; NEM12 can');
  if (asked !== 'auto') return asked;
  return /^(?:100|200|250|300|400|500|900)(?:,|\r|\n|$)/.test(text) ? 'nem12' : 'csv';
}
