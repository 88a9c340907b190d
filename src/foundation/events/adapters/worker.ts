/** Receives one after another what arrives in the meantime, as batches. */
export interface Worker<Item> {
  add(item: Item): void;
  /** What is being received or waits for it. */
  held(): readonly Item[];
  /** Fulfilled when there is room for more, or the worker stops. */
  room(): Promise<void>;
  /** Forgets what waits and has not begun. */
  clear(): void;
  /** Ends what is being received, and answers what was not begun. */
  stop(): Promise<Item[]>;
}

/** `handle` never rejects; what it gets at once is at most `most`, and so is what waits meanwhile. */
export function createWorker<Item>(most: number, handle: (batch: readonly Item[]) => Promise<void>): Worker<Item> {
  let begun: Item[] = [];
  let waiting: Item[] = [];
  let stopping = false;
  let running: Promise<void> | null = null;
  let left = Promise.withResolvers<void>();

  const work = async () => {
    while (waiting.length > 0 && !stopping) {
      begun = waiting.splice(0, most);
      left.resolve();
      left = Promise.withResolvers();
      await handle(begun);
      begun = [];
    }
    running = null;
  };
  return {
    add(item) {
      waiting.push(item);
      if (!stopping) running ??= Promise.resolve().then(work);
    },
    held: () => [...begun, ...waiting],
    async room() {
      while (waiting.length >= most && !stopping) await left.promise;
    },
    clear() {
      waiting = [];
      left.resolve();
      left = Promise.withResolvers();
    },
    async stop() {
      stopping = true;
      left.resolve();
      await running;
      return waiting;
    },
  };
}
