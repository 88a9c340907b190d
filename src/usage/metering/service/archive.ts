import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import type pg from 'pg';
import { TreeBuilder } from '../../../kernel/merkle.ts';
import { type UsageEvent, usageLeaf, utcText } from '../../../kernel/proof.ts';
import { type Documents, documents } from '../../../platform/documents.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import {
  type ArchivableRow,
  type BlockEntry,
  beginArchiving,
  dropGeneration,
  endArchiving,
  insertArchive,
  type Manifest,
  readGeneration,
  selectClosed,
  selectManifest,
  selectUnsettled,
} from '../sql/archive.ts';

/** What became, or would become, of a closed generation. */
export interface ArchivedGeneration {
  gen: number;
  /** YYYY-MM-01, in which its events arrived. */
  month: string;
  events: number;
  /** Organizations that hold it here: their events of it are not all billed and rolled up. */
  unsettled: { tenant_id: string; org_id: string; reason: string }[];
  /** Null where it stays. */
  document: string | null;
}

/**
 * Moves the closed generations of months before `month` (YYYY-MM) into the document store, oldest first: those whose events are all billed and
 * rolled up. Each is written, read back and found whole, its manifest and keys are kept, and only then its events are dropped; a process that dies
 * anywhere leaves what the next one goes on from. With `dry_run` nothing is done.
 */
export async function archiveUsage(
  postgres: Postgres,
  { before, dry_run = false, signal }: { before: string; dry_run?: boolean; signal?: AbortSignal },
): Promise<ArchivedGeneration[]> {
  const client = await postgres.pool('ingest').connect();
  let broken: Error | undefined;
  let is_mine = false;
  try {
    is_mine = await beginArchiving(client);
    if (!is_mine) throw errors.usage_archiving();
    const done: ArchivedGeneration[] = [];
    for (const { gen, month, events } of await selectClosed(client, `${before}-01`)) {
      if (signal?.aborted) break;
      const unsettled = await selectUnsettled(client, gen);
      const archives = unsettled.length === 0 && !dry_run;
      const document = archives ? await archive(client, { gen, month, store: documents() }) : null;
      done.push({ gen, month, events: Number.parseInt(events, 10), unsettled, document });
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

async function archive(
  client: pg.ClientBase,
  { gen, month, store }: { gen: number; month: string; store: Documents },
): Promise<string> {
  const document = `usage/${month.slice(0, 7)}/generation-${gen}.ndjson.gz`;
  const known = await selectManifest(client, gen);
  if (known) {
    await requireWhole(store, known);
  } else {
    const { manifest, blocks } = await write(client, { gen, document, store });
    await requireWhole(store, manifest);
    await insertArchive(client, manifest, blocks);
  }
  await dropGeneration(client, gen);
  return document;
}

/** Events of a part of the document that can be read by itself. */
const events_per_block = 1000;

/** The document: JSON lines in parts that are each compressed by itself, which together are a gzip file like any other. */
async function write(
  client: pg.ClientBase,
  { gen, document, store }: { gen: number; document: string; store: Documents },
): Promise<{ manifest: Manifest; blocks: BlockEntry[] }> {
  const blocks: BlockEntry[] = [];
  const tree = new TreeBuilder();
  let at = 0;
  async function* parts(): AsyncGenerator<Buffer> {
    for await (const rows of blocksOf(readGeneration(client, gen))) {
      const part = gzipSync(`${rows.map((row) => row.line).join('\n')}\n`);
      for (const row of rows) tree.append(row.leaf);
      blocks.push({ ...spanOf(rows), block: blocks.length, at, bytes: part.length, sha256: sha256(part) });
      at += part.length;
      yield part;
    }
  }
  await client.query('BEGIN READ ONLY');
  const kept = await store.put(document, parts());
  await client.query('COMMIT');
  return { manifest: { gen, document, ...kept, events: tree.size, root: tree.root() }, blocks };
}

/** Rows of one tenant each, some hundred at a time. */
async function* blocksOf(reads: AsyncIterable<ArchivableRow[]>): AsyncGenerator<ArchivableRow[]> {
  let rows: ArchivableRow[] = [];
  for await (const read of reads) {
    for (const row of read) {
      if (rows.length === events_per_block || (rows.length > 0 && rows[0]!.tenant_id !== row.tenant_id)) {
        yield rows;
        rows = [];
      }
      rows.push(row);
    }
  }
  if (rows.length > 0) yield rows;
}

function spanOf(rows: readonly ArchivableRow[]): Omit<BlockEntry, 'block' | 'at' | 'bytes' | 'sha256'> {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const times = rows
    .map((row) => row.time)
    .sort((a, b) => Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)));
  const xids = rows.map((row) => BigInt(row.xid)).sort((a, b) => (a < b ? -1 : 1));
  return {
    tenant_id: first.tenant_id,
    events: rows.length,
    first,
    last,
    first_time: times[0]!,
    last_time: times.at(-1)!,
    first_xid: `${xids[0]}`,
    last_xid: `${xids.at(-1)}`,
  };
}

/** Reads the document back as anybody would: every event gives its leaf again, and all of them the root. Throws `usage_archive_unreadable`. */
async function requireWhole(store: Documents, { document, sha256: expected, events, root }: Manifest): Promise<void> {
  const hash = createHash('sha256');
  const tree = new TreeBuilder();
  async function* pieces() {
    for await (const piece of store.stream(document)) {
      hash.update(piece);
      yield piece;
    }
  }
  for await (const line of linesOf(pipeline(Readable.from(pieces()), createGunzip(), () => undefined))) {
    const event = JSON.parse(line) as UsageEvent & { event_time: string; salt: string; leaf: string };
    const leaf = usageLeaf(
      { ...event, time: utcText(Temporal.Instant.from(event.event_time)) },
      Buffer.from(event.salt.slice(2), 'hex'),
    );
    if (leaf.toString('hex') !== event.leaf.slice(2)) throw damaged(document, `event ${event.request_id} does not give its leaf`);
    tree.append(leaf);
  }
  if (!hash.digest().equals(expected)) throw damaged(document, 'its hash is another');
  if (tree.size !== events || !tree.root().equals(root)) throw damaged(document, `it has ${tree.size} of ${events} events`);
}

function damaged(document: string, why: string) {
  return errors.usage_archive_unreadable({ detail: `The document ${document} is not what was written.`, internal: { why } });
}

async function* linesOf(text: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const piece of text) {
    const all = Buffer.concat([rest, piece]);
    const end = all.lastIndexOf(0x0a) + 1;
    if (end > 0) yield* all.toString('utf8', 0, end - 1).split('\n');
    rest = all.subarray(end);
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
