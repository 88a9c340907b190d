import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import type pg from 'pg';
import { type Documents, documents } from '../../../platform/documents.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import { beginArchiving, dropMonth, endArchiving, openMonths, readMonth, selectMonths, upsertArchive } from '../sql/months.ts';

/** Months that are open before they begin. */
const months_ahead = 3;

/** Makes the partitions of the months to come; at start, and each night. Answers how many were missing. */
export function openEventMonths(postgres: Postgres): Promise<number> {
  return openMonths(postgres.pool('relay'), months_ahead);
}

/** What became of a month. */
export interface ArchivedMonth {
  /** YYYY-MM. */
  month: string;
  events: number;
  /** Events that keep it here: they are not routed. */
  unrouted: number;
  /** Null where it stays. */
  document: string | null;
}

/**
 * Moves the months before `before` (YYYY-MM) into the document store, oldest first, those of which every event is routed: gzipped JSON lines with
 * the reactions of each event. A document is written, read back and found whole, and only then its events go; a process that dies anywhere
 * leaves what the next one begins anew. Throws `events_archiving` while another does it.
 */
export async function archiveEvents(
  postgres: Postgres,
  { before, signal }: { before: string; signal?: AbortSignal },
): Promise<ArchivedMonth[]> {
  const client = await postgres.pool('relay').connect();
  let broken: Error | undefined;
  let is_mine = false;
  try {
    is_mine = await beginArchiving(client);
    if (!is_mine) throw errors.events_archiving();
    const done: ArchivedMonth[] = [];
    for (const { month, events, unrouted } of await selectMonths(client, `${before}-01`)) {
      if (signal?.aborted) break;
      const document = unrouted === 0 ? await archive(client, month, documents()) : null;
      done.push({ month: month.slice(0, 7), events, unrouted, document });
    }
    return done;
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    if (is_mine && !broken) await endArchiving(client);
    // One that failed takes its locks with it.
    client.release(broken);
  }
}

async function archive(client: pg.ClientBase, month: string, store: Documents): Promise<string | null> {
  const document = `events/${month.slice(0, 7)}.ndjson.gz`;
  let events = 0;
  async function* parts(): AsyncGenerator<Buffer> {
    // A gzip file may have nothing in it, but not be empty.
    yield gzipSync('');
    for await (const lines of readMonth(client, month)) {
      events += lines.length;
      yield gzipSync(`${lines.join('\n')}\n`);
    }
  }
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const kept = await store.put(document, parts());
  await client.query('COMMIT');
  await requireWhole(store, { document, sha256: kept.sha256, events });
  await upsertArchive(client, { month, document, ...kept, events });
  failpoint('events.archived-not-dropped');
  return (await dropMonth(client, month)) ? document : null;
}

/** Reads the document back as anybody would. Throws `events_archive_unreadable`. */
async function requireWhole(
  store: Documents,
  { document, sha256, events }: { document: string; sha256: Buffer; events: number },
): Promise<void> {
  const hash = createHash('sha256');
  async function* pieces() {
    for await (const piece of store.stream(document)) {
      hash.update(piece);
      yield piece;
    }
  }
  let lines = 0;
  for await (const piece of pipeline(Readable.from(pieces()), createGunzip(), () => undefined) as AsyncIterable<Buffer>) {
    for (const byte of piece) if (byte === 0x0a) lines += 1;
  }
  if (!hash.digest().equals(sha256) || lines !== events)
    throw errors.events_archive_unreadable({ detail: `The document ${document} is not what was written.` });
}
