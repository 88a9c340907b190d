import { appendFile, readFile, rm } from 'node:fs/promises';
import { partOf, repeatedOtherwise, words_per_row, writePrint } from '../decide/seen-rows.ts';
import { scratchPath } from './stored-file.ts';

/** Remembers which request ids a file has had, and with which body, in memory that does not grow with the file. */
export interface SeenFile {
  add(row: { request_id: string; body: string; line: number }): void;
  /** How many rows say otherwise than an earlier row of their id, and the lines of the first `most` of them. */
  repeated(most: number): Promise<{ count: number; lines: number[] }>;
  /** When what went to disk is there; rows that come faster than that wait for it. */
  written(): Promise<void>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

const parts = 64;
/** 64 × 64 KiB in memory; what is more waits on disk, 16 bytes a row. */
const rows_per_part = 4096;

export function seenFile(data_dir: string, import_id: string): SeenFile {
  const scratch = new Uint32Array(words_per_row);
  const held = Array.from({ length: parts }, () => ({ prints: new Uint32Array(64 * words_per_row), used: 0, on_disk: false }));
  const pathOf = (part: number) => scratchPath(data_dir, import_id, `seen-${part}`);
  // One after another, so that a part's rows stay in order.
  let writing: Promise<void> = Promise.resolve();
  const spill = (part: number) => {
    const of = held[part]!;
    const bytes = new Uint8Array(of.prints.buffer, 0, of.used * 4);
    // The first write takes the place of what a run that was killed has left.
    const flag = of.on_disk ? 'a' : 'w';
    writing = writing.then(() => appendFile(pathOf(part), bytes, { flag, mode: 0o600 }));
    // Whoever waits for it hears of a failure.
    writing.catch(() => undefined);
    of.prints = new Uint32Array(of.prints.length);
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
    written: () => writing,
    async repeated(most) {
      await writing;
      let count = 0;
      let lines: number[] = [];
      for (const [part, of] of held.entries()) {
        const rest = of.prints.subarray(0, of.used);
        const bytes = of.on_disk ? await readFile(pathOf(part)) : Buffer.alloc(0);
        const all = new Uint32Array(bytes.length / 4 + rest.length);
        all.set(new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
        all.set(rest, bytes.length / 4);
        const found = repeatedOtherwise(all);
        count += found.length;
        lines = [...lines, ...found.slice(0, most)].sort((a, b) => a - b).slice(0, most);
      }
      return { count, lines };
    },
    async close() {
      await writing.catch(() => undefined);
      for (const [part, of] of held.entries()) if (of.on_disk) await rm(pathOf(part), { force: true });
    },
  };
}
