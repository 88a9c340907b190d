import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { partOf, repeatedOtherwise, words_per_row, writePrint } from '../decide/seen-rows.ts';
import { scratchPath } from './stored-file.ts';

/** Remembers which request ids a file has had, and with which body, in memory that does not grow with the file. */
export interface SeenFile {
  add(row: { request_id: string; body: string; line: number }): void;
  /** Lines of rows that say otherwise than an earlier row of their id, ascending. */
  repeated(): number[];
  /** Leaves nothing behind. */
  close(): void;
}

const parts = 64;
/** 64 × 64 KiB in memory; what is more waits on disk, 16 bytes a row. */
const rows_per_part = 4096;

export function seenFile(data_dir: string, import_id: string): SeenFile {
  const scratch = new Uint32Array(words_per_row);
  const held = Array.from({ length: parts }, () => ({ prints: new Uint32Array(64 * words_per_row), used: 0, on_disk: false }));
  const pathOf = (part: number) => scratchPath(data_dir, import_id, `seen-${part}`);
  const spill = (part: number) => {
    const of = held[part]!;
    const file = openSync(pathOf(part), of.on_disk ? 'a' : 'w', 0o600);
    try {
      writeSync(file, new Uint8Array(of.prints.buffer, 0, of.used * 4));
    } finally {
      closeSync(file);
    }
    of.on_disk = true;
    of.used = 0;
  };
  return {
    add(row) {
      writePrint(scratch, 0, row);
      const part = partOf(scratch, 0, parts);
      const of = held[part]!;
      if (of.used === of.prints.length) {
        if (of.prints.length < rows_per_part * words_per_row) {
          const larger = new Uint32Array(of.prints.length * 2);
          larger.set(of.prints);
          of.prints = larger;
        } else spill(part);
      }
      of.prints.set(scratch, of.used);
      of.used += words_per_row;
    },
    repeated() {
      const lines = held.flatMap((of, part) => {
        const rest = of.prints.subarray(0, of.used);
        if (!of.on_disk) return repeatedOtherwise(rest);
        const bytes = readFileSync(pathOf(part));
        const all = new Uint32Array(bytes.length / 4 + rest.length);
        all.set(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
        all.set(rest, bytes.length / 4);
        return repeatedOtherwise(all);
      });
      return lines.sort((a, b) => a - b);
    },
    close() {
      for (const [part, of] of held.entries()) if (of.on_disk) rmSync(pathOf(part), { force: true });
    },
  };
}
