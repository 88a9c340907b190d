import { type Fault, fault } from './faults.ts';

/** A line without its line end, or why it cannot be read. `cut`: the input ended before a line end did. */
export type Line = { number: number; cut: boolean } & ({ text: string } | { problem: Fault });

/** A line of 1,440 values with every digit they may have fits. */
export const max_line_bytes = 128 * 1024;

/** Cuts bytes into lines of UTF-8 as they come; never holds more than one line. A byte order mark is dropped. */
export function lineSplitter(): { push(chunk: Uint8Array): Line[]; end(): Line[] } {
  let rest: Uint8Array[] = [];
  let held = 0;
  let number = 0;
  const finish = (cut: boolean): Line => {
    number += 1;
    const bytes = held > max_line_bytes ? null : Buffer.concat(rest);
    rest = [];
    held = 0;
    if (bytes === null) return { number, cut, problem: fault('line_too_long', `the line has more than ${max_line_bytes} bytes`) };
    return { number, cut, ...decodeLine(bytes, number === 1) };
  };
  const hold = (part: Uint8Array) => {
    held += part.length;
    if (held <= max_line_bytes) rest.push(part);
    else rest = [];
  };
  return {
    push(chunk) {
      const lines: Line[] = [];
      let from = 0;
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        hold(chunk.subarray(from, at));
        lines.push(finish(false));
        from = at + 1;
      }
      // Copied: the stream may use the chunk's memory again.
      if (from < chunk.length) hold(Uint8Array.from(chunk.subarray(from)));
      return lines;
    },
    end: () => (held === 0 ? [] : [finish(true)]),
  };
}

/** Turns bytes of an encoding into UTF-8 as they come; a byte order mark is dropped. Throws nothing: what cannot be read becomes U+FFFD. */
export function toUtf8(encoding: string): (chunk: Uint8Array | null) => Uint8Array {
  const text = new TextDecoder(encoding);
  return (chunk) => Buffer.from(chunk === null ? text.decode() : text.decode(chunk, { stream: true }));
}

/** UTF-8 text without NUL, or what is wrong with it. */
export function decodeText(bytes: Uint8Array): { text: string } | { problem: Fault } {
  if (bytes.includes(0))
    return { problem: fault('encoding_invalid', 'holds a NUL character; the file is binary, UTF-16 or damaged') };
  try {
    return { text: decoder.decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return { problem: fault('encoding_invalid', 'is not UTF-8') };
    throw error;
  }
}

const newline = 10;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeLine(bytes: Buffer, is_first: boolean): { text: string } | { problem: Fault } {
  const without_mark = is_first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const line = without_mark.at(-1) === 13 ? without_mark.subarray(0, -1) : without_mark;
  return decodeText(line);
}
