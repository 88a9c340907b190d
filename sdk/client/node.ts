import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import type { AckStore } from './acks.ts';
import type { EventQueue } from './queue.ts';

/** Acknowledgements in a file, one a line, each on disk before it counts as kept: what `tallystick verify --acks FILE` reads. */
export function fileAcks(path: string): AckStore {
  const file = appendOnly(path);
  return {
    append: (record) => file.append(`${JSON.stringify(record)}\n`),
    close: () => file.close(),
  };
}

/** Events that wait, in a file of what came and what went. One process at a time. */
export function fileQueue(path: string): EventQueue {
  /** The line of each event that came and did not go. */
  const lines = new Map<string, string>();
  const file = appendOnly(path);
  let size = 0;
  const append = (line: string) => {
    size += line.length;
    return file.append(line);
  };

  return {
    async load() {
      const text = await textOf(path);
      for (const line of linesOf(text)) {
        if (line.add) lines.set(line.add.request_id, `${JSON.stringify(line)}\n`);
        for (const request_id of line.done ?? []) lines.delete(request_id);
      }
      size = text.length;
      // A line that a crash cut short ends here, and the next one begins.
      if (text !== '' && !text.endsWith('\n')) await append('\n');
      return [...lines].map(([request_id, line]) => ({
        request_id,
        json: JSON.stringify((JSON.parse(line) as Line).add!.event),
      }));
    },
    async add({ request_id, json }) {
      const line = `{"add":{"request_id":${JSON.stringify(request_id)},"event":${json}}}\n`;
      lines.set(request_id, line);
      try {
        await append(line);
      } catch (error) {
        // Whoever hears of it tracks the event again: it must not come up by itself as well.
        lines.delete(request_id);
        throw error;
      }
    },
    async remove(request_ids) {
      for (const request_id of request_ids) lines.delete(request_id);
      await append(`${JSON.stringify({ done: request_ids })}\n`);
      const open_characters = [...lines.values()].reduce((sum, line) => sum + line.length, 0);
      if (size < most_file_characters || size < 2 * open_characters) return;
      // Most of the file is about events that went: a shorter one takes its place.
      await file.replace(() => {
        const text = [...lines.values()].join('');
        size = text.length;
        return text;
      });
    },
    close: () => file.close(),
  };
}

const most_file_characters = 1_000_000;

interface Line {
  add?: { request_id: string; event: object };
  done?: string[];
}

function* linesOf(text: string): Generator<Line> {
  for (const line of text.split('\n')) {
    // What was cut short by a crash was not yet answered for.
    if (line !== '' && isWhole(line)) yield JSON.parse(line) as Line;
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return '';
    throw error;
  }
}

/** Appends and waits for the disk; what is appended while a write is under way goes together in the next. */
function appendOnly(path: string): {
  append(text: string): Promise<void>;
  /** Puts a file with the text in its place, which is made once every append before is written. */
  replace(text: () => string): Promise<void>;
  close(): Promise<void>;
} {
  let opened: FileHandle | undefined;
  let next: { text: string; written: Promise<void> } | undefined;
  let last: Promise<void> = Promise.resolve();
  let torn = false;

  const afterLast = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work, work);
    return last;
  };
  const close = async () => {
    await opened?.close();
    opened = undefined;
  };
  return {
    append(text) {
      if (next) {
        next.text += text;
        return next.written;
      }
      const written = afterLast(async () => {
        const { text: all } = next!;
        next = undefined;
        opened ??= await open(path, 'a');
        // What a write that failed may have left of a line ends here.
        const begun = torn ? `\n${all}` : all;
        torn = true;
        await opened.appendFile(begun);
        await opened.datasync();
        torn = false;
      });
      next = { text, written };
      return written;
    },
    replace: (text) =>
      afterLast(async () => {
        await close();
        const file = await open(`${path}.new`, 'w');
        await file.writeFile(text());
        await file.datasync();
        await file.close();
        await rename(`${path}.new`, path);
      }),
    close: () => afterLast(close),
  };
}
