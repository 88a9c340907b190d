import pg from 'pg';
import { clock } from '../../../platform/clock.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { emptyFilter, filterOf, type KeyFilter, type KeyHash, keyHash } from '../decide/filter.ts';
import {
  beginStoring,
  beginTending,
  closeGeneration,
  countKeys,
  endTending,
  hasKeys,
  indexGeneration,
  readKeys,
  recoverKeys,
  roll,
  type Standing,
  type StoredLeaf,
  selectFilters,
  selectInClosed,
  selectUnclosed,
} from '../sql/generations.ts';

/** An event by what it is known by: the first 16 bytes of sha256(tenant:request id), in hexadecimal. */
export interface Keyed {
  readonly tenant_id: string;
  readonly request_id: string;
  readonly key: string;
}

/** The process's part in the generations of usage: what it remembers of closed ones, and its turns at rolling and closing. */
export interface Generations {
  /** Begins the transaction that stores events, on a connection that has none. */
  begin(client: pg.ClientBase): Promise<Standing>;
  /** Which of the events closed generations hold, by place. Filters only ever spare a look: whatever they do not exclude is looked up. */
  findInClosed(client: pg.ClientBase, standing: Standing, events: readonly Keyed[]): Promise<Map<number, StoredLeaf>>;
  /** After a commit: rolls and closes in the background when it is time. */
  tend(standing: Standing): void;
  /** Resolves when nothing goes on in the background. */
  settle(): Promise<void>;
}

export interface GenerationOptions {
  /** About how many events a generation holds before the next is opened; left out, others see to that. */
  generation_events?: number;
  /** Told of what fails in the background; it is tried again. */
  onError?: (error: unknown) => void;
}

export function createGenerations(
  postgres: Postgres,
  { generation_events = Number.POSITIVE_INFINITY, onError }: GenerationOptions = {},
): Generations {
  const filters = memories.get(postgres) ?? new Map<number, KeyFilter>();
  memories.set(postgres, filters);
  const most_pages = Math.max(1, Math.floor(generation_events / keys_per_page));
  let loading: Promise<void> | null = null;
  let tending: Promise<void> | null = null;
  let tend_after_ms = 0;

  const load = (gens: readonly number[]) => {
    loading ??= selectFilters(postgres.pool('ingest'), gens.slice(0, filters_per_read))
      .then((rows) => {
        for (const { gen, filter } of rows) filters.set(gen, filterOf(filter));
      })
      .catch((error: unknown) => onError?.(error))
      .finally(() => {
        loading = null;
      });
  };

  return {
    async begin(client) {
      for (;;) {
        const standing = await beginStoring(client);
        if (standing.is_ready) return standing;
        await client.query('ROLLBACK');
        await recoverKeys(client);
      }
    },
    async findInClosed(client, { oldest, hot, sealed }, events) {
      const asked: { gen: number; at: number }[] = [];
      const unknown: number[] = [];
      const end = sealed ?? hot;
      const hashes: KeyHash[] = end > oldest ? events.map((event) => keyHash(event.key)) : [];
      for (let gen = oldest; gen < end; gen += 1) {
        const filter = filters.get(gen);
        if (!filter) unknown.push(gen);
        for (const [at, hash] of hashes.entries()) if (!filter || filter.mayHold(hash)) asked.push({ gen, at });
      }
      if (unknown.length > 0) load(unknown);
      const found = new Map<number, StoredLeaf>();
      if (asked.length === 0) return found;
      const rows = await selectInClosed(
        client,
        asked.map(({ gen, at }) => ({ gen, ...events[at]! })),
      );
      for (const { n, salt, leaf } of rows) found.set(asked[n]!.at, { salt, leaf });
      return found;
    },
    tend({ hot, sealed, key_pages, month_is_over }) {
      const is_over = key_pages >= most_pages || month_is_over;
      if (generation_events === Number.POSITIVE_INFINITY) return;
      if (tending || !(is_over || sealed !== null) || clock.monotonic_ms() < tend_after_ms) return;
      tending = tendGenerations(postgres, { over: is_over ? hot : null })
        .then((closed) => {
          for (const [gen, filter] of closed) filters.set(gen, filter);
          // Nothing to do here: another process is at it.
          if (closed.size === 0) tend_after_ms = clock.monotonic_ms() + pause_ms;
        })
        .catch((error: unknown) => {
          tend_after_ms = clock.monotonic_ms() + (isLocked(error) ? long_pause_ms : pause_ms);
          onError?.(error);
        })
        .finally(() => {
          tending = null;
        });
    },
    async settle() {
      await Promise.all([loading, tending]);
    },
  };
}

/** The filters that this process has read, by database. */
const memories = new WeakMap<Postgres, Map<number, KeyFilter>>();

/** Of 104 bytes, and 4 more each for its place. */
const keys_per_page = 75;
const filters_per_read = 16;
const pause_ms = 2000;
/** Somebody hangs while storing, or a long audit reads the keys. Nobody stores while that is waited for, so it is seldom. */
const long_pause_ms = 20_000;

function isLocked(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}

/**
 * Closes the sealed generation, and seals and closes the hot one if it is the one that is `over`. Answers the filters of what it closed: none
 * where another process is at it.
 */
export async function tendGenerations(postgres: Postgres, { over }: { over: number | null }): Promise<Map<number, KeyFilter>> {
  const closed = new Map<number, KeyFilter>();
  const client = await postgres.pool('ingest').connect();
  let broken: Error | undefined;
  let is_mine = false;
  try {
    is_mine = await beginTending(client);
    if (!is_mine) return closed;
    for (;;) {
      const { sealed, hot, month_is_over } = await selectUnclosed(client);
      if (sealed !== null) closed.set(sealed, await close(client, sealed));
      else if (!((month_is_over || hot === over) && (await roll(client, hot)))) return closed;
    }
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    if (is_mine && !broken) await endTending(client);
    // One that failed takes its locks with it.
    client.release(broken);
  }
}

async function close(client: pg.ClientBase, gen: number): Promise<KeyFilter> {
  await indexGeneration(client, gen);
  // After a crash it may be that nobody stores anything, and fills them.
  if (!(await hasKeys(client, gen))) await recoverKeys(client);
  const filter = emptyFilter(await countKeys(client, gen));
  let keys = 0;
  for await (const some of readKeys(client, gen)) {
    for (const key of some) filter.add(keyHash(key));
    keys += some.length;
  }
  await closeGeneration(client, gen, keys, filter.bytes);
  return filter;
}
