import type { ImportFormat } from '../model.ts';
import { type Fault, fault } from './faults.ts';

/** What a file is, by its first bytes, unless the caller says. */
export function detectFormat(
  head: Uint8Array,
  asked: 'auto' | ImportFormat,
  mapping_encoding: string | null = null,
): ImportFormat | Fault {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (compressed.some((magic) => bytes.subarray(0, magic.length).equals(magic)))
    return fault('format_unsupported', 'the file is compressed; send what is inside');
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    if (bytes[0] === 0xff && mapping_encoding === 'utf-16le') return 'csv';
    return fault('encoding_invalid', 'the file is UTF-16; save it as UTF-8, or name a mapping that says so');
  }
  // Whoever names a mapping has said what the file is.
  if (mapping_encoding !== null) return 'csv';
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  const found = formatOf(text);
  if (asked === 'auto') return found ?? 'csv';
  // A file that says what it is is not read as something else.
  return found === null || found === asked ? asked : fault('format_other', `the file is ${names[found]}, not ${names[asked]}`);
}

/** ZIP, gzip, bzip2, xz, Zstandard: what they would grow to is not told by their size, so none is opened. */
const compressed = ['504b', '1f8b', '425a68', 'fd377a585a', '28b52ffd'].map((magic) => Buffer.from(magic, 'hex'));

function formatOf(text: string): ImportFormat | null {
  if (text.startsWith('<')) return 'greenbutton';
  if (/^UN[AB]/.test(text)) return 'mscons';
  if (/^100,NEM13\b/i.test(text) || /^(?:250|550)(?:,|\r|\n|$)/.test(text)) return 'nem13';
  return /^(?:100|200|300|400|500|900)(?:,|\r|\n|$)/.test(text) ? 'nem12' : null;
}

const names: Record<ImportFormat, string> = {
  csv: 'CSV',
  nem12: 'NEM12',
  nem13: 'NEM13',
  greenbutton: 'Green Button XML',
  mscons: 'MSCONS',
};
