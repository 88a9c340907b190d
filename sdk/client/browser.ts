import type { AckRecord, AckStore } from './acks.ts';
import type { UsageBuffer } from './buffer.ts';
import type { EventQueue, QueuedEvent } from './queue.ts';

/** Acknowledgements in IndexedDB. `records` reads them all, to be saved for `tallystick verify --acks`. */
export function indexedDbAcks(name = 'tallystick'): AckStore & { records(): Promise<AckRecord[]> } {
  const database = opened(name);
  return {
    async append(record) {
      await inStore(database, 'acks', 'readwrite', (store) => store.add(record));
    },
    records: () => inStore(database, 'acks', 'readonly', (store) => store.getAll() as IDBRequest<AckRecord[]>),
    close: async () => (await database).close(),
  };
}

/** Events that wait, in IndexedDB: a page that comes later sends what an earlier one could not. */
export function indexedDbQueue(name = 'tallystick'): EventQueue {
  const database = opened(name);
  return {
    load: () => inStore(database, 'events', 'readonly', (store) => store.getAll() as IDBRequest<QueuedEvent[]>),
    async add({ request_id, json }) {
      await inStore(database, 'events', 'readwrite', (store) => store.put({ request_id, json }));
    },
    async remove(request_ids) {
      await inStore(database, 'events', 'readwrite', (store) => {
        for (const request_id of request_ids) store.delete(request_id);
        return store.count();
      });
    },
    close: async () => (await database).close(),
  };
}

/** Sends what waits when the page is hidden or left, which may be the last that it does. Answers how to stop that. */
export function sendOnPageHide(buffer: Pick<UsageBuffer, 'leave'>): () => void {
  const leave = () => {
    if (document.visibilityState === 'hidden') buffer.leave();
  };
  const hide = () => buffer.leave();
  document.addEventListener('visibilitychange', leave);
  addEventListener('pagehide', hide);
  return () => {
    document.removeEventListener('visibilitychange', leave);
    removeEventListener('pagehide', hide);
  };
}

function opened(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    // In order of request ids, which is the order of time.
    request.result.createObjectStore('events', { keyPath: 'request_id' });
    request.result.createObjectStore('acks', { autoIncrement: true });
  };
  return resultOf(request);
}

/** Resolves when the transaction is complete, with what the request answered. */
async function inStore<T>(
  database: Promise<IDBDatabase>,
  name: 'events' | 'acks',
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  // What is lost beside a whole machine is sent again; an acknowledgement would not come again by itself.
  const transaction = (await database).transaction(name, mode, { durability: name === 'acks' ? 'strict' : 'relaxed' });
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  const [result] = await Promise.all([resultOf(ask(transaction.objectStore(name))), complete]);
  return result;
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
