/** An event on its way: its id, and the JSON that is sent, the same at every try. */
export interface QueuedEvent {
  request_id: string;
  json: string;
}

/** Where events wait for the server's answer, so that whoever comes after a crash sends them again. */
export interface EventQueue {
  /** What was added and not removed, in the order of adding. Called once, before the others. */
  load(): Promise<QueuedEvent[]>;
  /** Resolves when the event would outlive a crash; calls resolve in their order. */
  add(event: QueuedEvent): Promise<void>;
  remove(request_ids: readonly string[]): Promise<void>;
  close?(): Promise<void>;
}

/** Outlives nothing: the buffer's own memory is all there is. */
export function memoryQueue(): EventQueue {
  return { load: async () => [], add: async () => undefined, remove: async () => undefined };
}
