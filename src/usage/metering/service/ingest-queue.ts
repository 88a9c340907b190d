import { errors } from '../errors.ts';

/** Work of one caller on its way into a flush. */
export interface Waiting {
  /** How many events it brings. */
  readonly size: number;
  /** About how much memory they take. */
  readonly bytes: number;
}

export interface GroupCommit<W extends Waiting, R> {
  /** Resolves when the flush that carried the work has committed. Throws `ingest_overloaded`, `ingest_closing`. */
  submit(work: W): Promise<R>;
  waiting(): number;
  close(): Promise<void>;
}

export interface GroupCommitOptions<W extends Waiting, R> {
  /** Writes the work of several callers in one commit and answers each, in order. */
  write(work: readonly W[]): Promise<R[]>;
  /** True for a failure that may be the fault of one caller's data alone. */
  mayBeOneCallers(error: unknown): boolean;
  /** Events that may wait or be under way; beyond them new work is refused. */
  most_waiting: number;
  /** The same for their bytes. */
  most_waiting_bytes: number;
  /** Events of one flush, but for a single caller that brings more. */
  most_per_flush?: number;
  /** The same for their bytes. */
  most_bytes_per_flush?: number;
  /** Flushes under way at once. */
  most_flights?: number;
}

/** Events that are not worth a commit of their own beside another. */
const least_per_flush = 200;

interface Entry<W, R> {
  work: W;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Group commit: what arrives while the flushes under way are busy goes together in the next one, so that a commit is shared by as many
 * callers as there are, and a single caller waits for nobody.
 */
export function groupCommit<W extends Waiting, R>(options: GroupCommitOptions<W, R>): GroupCommit<W, R> {
  const {
    most_waiting,
    most_waiting_bytes,
    most_per_flush = 5000,
    most_bytes_per_flush = 16 * 1024 * 1024,
    most_flights = 2,
  } = options;
  const queue: Entry<W, R>[] = [];
  let waiting = 0;
  let waiting_bytes = 0;
  let flights = 0;
  let closing = false;
  let scheduled = false;
  let idle: (() => void)[] = [];

  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    // After the I/O of this turn: requests that were read together leave together.
    setImmediate(() => {
      scheduled = false;
      while (flights < most_flights && queue.length > 0) void fly(take(most_flights - flights));
    });
  };

  /** Where several may fly, what waits is shared out, unless it is little: while one is written, the next is read. */
  const take = (free: number): Entry<W, R>[] => {
    const waits = queue.reduce((sum, { work }) => sum + work.size, 0);
    const share = Math.min(most_per_flush, Math.max(least_per_flush, Math.ceil(waits / free)));
    let size = 0;
    let bytes = 0;
    let count = 0;
    for (const { work } of queue) {
      size += work.size;
      bytes += work.bytes;
      if (count > 0 && (size > share || bytes > most_bytes_per_flush)) break;
      count += 1;
    }
    return queue.splice(0, count);
  };

  const fly = async (entries: Entry<W, R>[]): Promise<void> => {
    flights += 1;
    await write(entries);
    flights -= 1;
    for (const { work } of entries) {
      waiting -= work.size;
      waiting_bytes -= work.bytes;
    }
    if (queue.length > 0) schedule();
    if (waiting > 0) return;
    for (const resolve of idle) resolve();
    idle = [];
  };

  const write = async (entries: Entry<W, R>[]): Promise<void> => {
    try {
      const results = await options.write(entries.map((entry) => entry.work));
      entries.forEach((entry, at) => {
        entry.resolve(results[at]!);
      });
    } catch (error) {
      if (entries.length > 1 && options.mayBeOneCallers(error)) {
        for (const entry of entries) await write([entry]);
        return;
      }
      for (const entry of entries) entry.reject(error);
    }
  };

  return {
    waiting: () => waiting,
    submit: (work) =>
      new Promise((resolve, reject) => {
        if (closing) throw errors.ingest_closing({ headers: { 'retry-after': '5' } });
        const is_over = waiting + work.size > most_waiting || waiting_bytes + work.bytes > most_waiting_bytes;
        if (waiting > 0 && is_over) {
          throw errors.ingest_overloaded({ detail: 'Send the same events again in a moment.', headers: { 'retry-after': '1' } });
        }
        waiting += work.size;
        waiting_bytes += work.bytes;
        queue.push({ work, resolve, reject });
        schedule();
      }),
    async close() {
      closing = true;
      if (waiting > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}
