import { type Gate, gate } from './gate.ts';
import type { EventQueue } from './queue.ts';
import { type Entry, entryOf } from './usage-event.ts';

/** Events in the order of their coming, and no more of them than there is room for. */
export interface WaitingLine {
  /** What an earlier process left in the queue is in the line. */
  readonly loaded: Promise<void>;
  /** Resolves when the event is in the queue and in the line; before that it waits for room. */
  enter(entry: Entry): Promise<void>;
  /** Resolves when everything that came before is in the line, or could not be. */
  entered(): Promise<void>;
  /** Resolves when the first `count` are out of queue and line; `left` is told in the moment in which they leave the line. */
  leave(count: number, left: () => void): Promise<void>;
  readonly entries: readonly Entry[];
  bytes(): number;
}

export function waitingLine(options: {
  queue: EventQueue;
  most_events: number;
  most_bytes: number;
  /** Somebody waits for room. */
  on_full: () => void;
}): WaitingLine {
  const { queue, most_events, most_bytes, on_full } = options;
  const entries: Entry[] = [];
  let bytes = 0;
  /** Events that have their room and are on their way into the queue. */
  let entering = { events: 0, bytes: 0 };
  let turn: Promise<void> = Promise.resolve();
  let entered: Promise<void> = Promise.resolve();
  let room: Gate | undefined;

  const admit = (entry: Entry) => {
    entries.push(entry);
    bytes += entry.bytes;
  };
  const loaded = queue.load().then((events) => {
    for (const event of events) admit(entryOf(event));
  });

  const isFull = (entry: Entry) => {
    const events = entries.length + entering.events;
    return events > 0 && (events >= most_events || bytes + entering.bytes + entry.bytes > most_bytes);
  };
  const makeRoom = () => {
    room?.pass();
    room = undefined;
  };
  /** One after another, so that events keep the order of their coming. */
  const findRoom = async (entry: Entry) => {
    await loaded;
    while (isFull(entry)) {
      on_full();
      room ??= gate();
      await room.passed;
    }
    entering = { events: entering.events + 1, bytes: entering.bytes + entry.bytes };
  };
  /** Several at once: a queue may write them together, and does so in their order. */
  const take = async (entry: Entry) => {
    try {
      await queue.add(entry);
      admit(entry);
    } finally {
      entering = { events: entering.events - 1, bytes: entering.bytes - entry.bytes };
      makeRoom();
    }
  };

  return {
    loaded,
    entries,
    bytes: () => bytes,
    entered: () => entered,
    async enter(entry) {
      const found = turn.then(() => findRoom(entry));
      const taken = found.then(() => take(entry));
      // Whoever comes next does not wait for an event that could not be taken.
      turn = found.catch(() => undefined);
      const before = entered;
      entered = taken.then(
        () => before,
        () => before,
      );
      await taken;
    },
    async leave(count, left) {
      await queue.remove(entries.slice(0, count).map(({ request_id }) => request_id));
      for (const entry of entries.splice(0, count)) bytes -= entry.bytes;
      left();
      makeRoom();
    },
  };
}
