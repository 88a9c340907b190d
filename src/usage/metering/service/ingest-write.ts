import { hash, randomFillSync } from 'node:crypto';
import pg from 'pg';
import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { canonicalEvent, leafOfText, saltBytes, saltText } from '../../../kernel/proof.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { microseconds, type Reading, type SoundEvent } from '../decide/event.ts';
import { type LatePolicy, sources } from '../model.ts';
import { type Standing, type StoredLeaf, selectByKey } from '../sql/generations.ts';
import {
  type Flush,
  type FlushCorrection,
  type FlushedRow,
  type FlushRow,
  flush,
  prepareForFlush,
  type Refusal,
} from '../sql/ingest.ts';
import { createGenerations, type Generations } from './generations.ts';

/** The sound events of one call, on their way to the database. */
export interface Batch {
  tenant_id: string;
  events: readonly SoundEvent[];
  now: Temporal.Instant;
  size: number;
  bytes: number;
}

export type Verdict =
  | { outcome: 'accepted'; leaf: Buffer; late_policy: LatePolicy | null }
  | { outcome: 'duplicate'; leaf: Buffer }
  | { outcome: 'refused'; refusal: Refusal | 'request_id_conflict' };

/** A transaction that stores events: to its end the generations stay as they are. */
export interface Storing {
  readonly client: pg.PoolClient;
  readonly generations: Generations;
  readonly standing: Standing;
}

export interface WriteOptions {
  postgres: Postgres;
  generations: Generations;
  /** False: everything is decided as ever, and nothing is kept. */
  keeps: boolean;
}

/** Writes batches of any tenants in one commit; answers a verdict for each event of each batch. */
export async function writeBatches(options: WriteOptions, batches: readonly Batch[]): Promise<Verdict[][]> {
  return repeatedly(options, (storing) => writeOn(storing, batches));
}

/** The same in a transaction that the caller has begun by `inFlush`. */
export async function writeOn(storing: Storing, batches: readonly Batch[]): Promise<Verdict[][]> {
  const entries = batches.map((batch) => batch.events.map((event): Entry => ({ batch, event, verdict: undefined })));
  // A second round only where one request id came with two bodies and the first was refused: the other may be the good one.
  for (let open = entries.flat(); open.length > 0; ) open = await writeRound(storing, open);
  return entries.map((each) => each.map(({ verdict }) => verdict!));
}

/** Work in a transaction of its own on a connection that flushes, done again where the database saw a ring of waiters. */
export async function inFlush<T>(postgres: Postgres, work: (storing: Storing) => Promise<T>): Promise<T> {
  return repeatedly({ postgres, generations: createGenerations(postgres), keeps: true }, work);
}

/** Keys are sorted, so flushes do not wait for each other in a ring; should the database see one all the same, nothing was done. */
async function repeatedly<T>(options: WriteOptions, work: (storing: Storing) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await withFlusher(options.postgres, (client) => inTransaction(client, options, work));
    } catch (error) {
      if (!isRepeatable(error) || tries >= most_tries) throw error;
    }
  }
}

/** Lends a connection that is prepared for flushes. One that broke is not used again. */
async function withFlusher<T>(postgres: Postgres, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await postgres.pool('ingest').connect();
  let broken: Error | undefined;
  try {
    if (!prepared.has(client)) {
      await prepareForFlush(client);
      prepared.add(client);
    }
    return await work(client);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function inTransaction<T>(
  client: pg.PoolClient,
  { generations, keeps }: WriteOptions,
  work: (storing: Storing) => Promise<T>,
): Promise<T> {
  try {
    const standing = await generations.begin(client);
    const result = await work({ client, generations, standing });
    const ended = await client.query(keeps ? 'COMMIT' : 'ROLLBACK');
    assert(!keeps || ended.command === 'COMMIT', 'a failed statement was passed over, and its transaction rolled back');
    if (keeps) generations.tend(standing);
    return result;
  } catch (error) {
    if (error instanceof pg.DatabaseError) await client.query('ROLLBACK');
    throw error;
  }
}

const most_tries = 4;

function isRepeatable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001');
}

interface Entry {
  readonly batch: Batch;
  readonly event: SoundEvent;
  verdict: Verdict | undefined;
}

/** An entry with the rows that it may become. */
interface Candidate {
  entry: Entry;
  tenant_id: string;
  request_id: string;
  key: string;
  rows: FlushRow[];
  /** Position of its first row in the flush, from 1. */
  first: number;
  /** Entries of the same tenant and request id with the same body. */
  copies: Entry[];
}

const prepared = new WeakSet<pg.PoolClient>();

/** Decides every entry but those whose request id another entry of the round brings with another body. */
async function writeRound({ client, generations, standing }: Storing, open: readonly Entry[]): Promise<Entry[]> {
  const { candidates, postponed } = gather(open);
  const known = await generations.findInClosed(client, standing, candidates);
  const batch = flushOf(candidates, known);
  const answers = new Map((await flush(client, standing, batch)).map((row) => [row.n, row]));
  const unclear: Candidate[] = [];
  for (const [at, candidate] of candidates.entries()) {
    const verdict = verdictOf(candidate, answers);
    const stored = known.get(at);
    if (verdict) decide(candidate, verdict);
    else if (stored) decide(candidate, compare(candidate, stored));
    else unclear.push(candidate);
  }
  if (unclear.length > 0) await compareWithStored(client, unclear, answers);
  return postponed;
}

function gather(open: readonly Entry[]): { candidates: Candidate[]; postponed: Entry[] } {
  const byTenant = new Map<string, Map<string, Candidate>>();
  const candidates: Candidate[] = [];
  const postponed: Entry[] = [];
  for (const entry of open) {
    const { request_id } = entry.event;
    const known = byTenant.get(entry.batch.tenant_id) ?? new Map<string, Candidate>();
    if (known.size === 0) byTenant.set(entry.batch.tenant_id, known);
    const leader = known.get(request_id);
    if (!leader) {
      const { tenant_id } = entry.batch;
      const key = keyOf(tenant_id, request_id);
      const candidate: Candidate = { entry, tenant_id, request_id, key, rows: [], first: 0, copies: [] };
      known.set(request_id, candidate);
      candidates.push(candidate);
    } else if (leader.entry.event.readings[0]!.canonical === entry.event.readings[0]!.canonical) {
      leader.copies.push(entry);
    } else {
      postponed.push(entry);
    }
  }
  return { candidates, postponed };
}

function flushOf(candidates: readonly Candidate[], known: ReadonlyMap<number, StoredLeaf>): Flush {
  const orgs = new Places<{ tenant_id: string; org_id: string }>();
  const skus = new Places<{ tenant_id: string; sku: string }>();
  const projects = new Places<{ tenant_id: string; project_id: string }>();
  const reports = new Places<{ tenant_id: string; event_id: string; now: string }>();
  const received = new Map<Batch, number>();
  const rows: FlushRow[] = [];
  const corrections: FlushCorrection[] = [];
  for (const [at, candidate] of candidates.entries()) {
    const { tenant_id, now } = candidate.entry.batch;
    const { event } = candidate.entry;
    const { org_id, sku, project_id } = event;
    reports.of(tenant_id, '', () => ({ tenant_id, event_id: newId(now), now: now.toString() }));
    const org = orgs.of(tenant_id, org_id, () => ({ tenant_id, org_id }));
    const sku_place = skus.of(tenant_id, sku, () => ({ tenant_id, sku }));
    const project = project_id === null ? null : projects.of(tenant_id, project_id, () => ({ tenant_id, project_id }));
    const received_us = received.get(candidate.entry.batch) ?? microseconds(now);
    received.set(candidate.entry.batch, received_us);
    candidate.first = rows.length + 1;
    const { voids, amends, absorbed } = event;
    for (const reading of event.readings) {
      const salt = newSalt();
      const row: FlushRow = {
        request_id: event.request_id,
        key: candidate.key,
        is_known: known.has(at),
        event_id: newId(now),
        org,
        sku: sku_place,
        project,
        quantity: reading.quantity,
        amount: event.amount,
        properties: event.properties,
        time_us: event.time_us,
        source: event.source,
        metadata: event.metadata,
        salt,
        leaf: leafOfText(reading.canonical, saltText(salt)),
        received_us,
        sku_counts: reading.sku_counts,
      };
      candidate.rows.push(row);
      rows.push(row);
      if (absorbed !== null) corrections.push({ n: rows.length, voids, amends, absorbed });
    }
  }
  return { rows, corrections, orgs: orgs.list, skus: skus.list, projects: projects.list, reports: reports.list };
}

/** Undefined where only what is stored under the key can tell. */
function verdictOf({ rows, first }: Candidate, answers: ReadonlyMap<number, FlushedRow>): Verdict | undefined {
  for (const [at, row] of rows.entries()) {
    const answer = answers.get(first + at);
    if (!answer) return { outcome: 'accepted', leaf: row.leaf, late_policy: null };
    if (answer.stored) return { outcome: 'accepted', leaf: row.leaf, late_policy: answer.late_policy };
  }
  return undefined;
}

function decide({ entry, copies }: Candidate, verdict: Verdict): void {
  entry.verdict = verdict;
  const again: Verdict = verdict.outcome === 'accepted' ? { outcome: 'duplicate', leaf: verdict.leaf } : verdict;
  for (const copy of copies) copy.verdict = again;
}

async function compareWithStored(client: pg.ClientBase, unclear: readonly Candidate[], answers: ReadonlyMap<number, FlushedRow>) {
  const rows = await selectByKey(
    client,
    unclear.map(({ key }) => key),
  );
  const stored = new Map(rows.map((row) => [row.n, row]));
  for (const [at, candidate] of unclear.entries()) {
    const known = stored.get(at);
    if (known) {
      decide(candidate, compare(candidate, known));
      continue;
    }
    const refusals = candidate.rows.map((_row, place) => answers.get(candidate.first + place)?.refusal);
    const refusal = refusals.find((each) => each !== 'quantity_required') ?? refusals[0];
    assert(refusal, 'an event that is neither stored nor refused');
    decide(candidate, { outcome: 'refused', refusal });
  }
}

/** The same body, salted as it was then, has the leaf that is stored; any other body has another. */
function compare({ entry }: Candidate, stored: StoredLeaf): Verdict {
  const salt = saltText(stored.salt);
  const is_same = entry.event.readings.some((reading) =>
    canonicalForms(entry.event, reading).some((form) => leafOfText(form, salt).equals(stored.leaf)),
  );
  return is_same ? { outcome: 'duplicate', leaf: stored.leaf } : { outcome: 'refused', refusal: 'request_id_conflict' };
}

/** What is brought back is compared as if it came from where the stored event came from, wherever that was. */
function canonicalForms({ replayed }: SoundEvent, { quantity, canonical }: Reading): string[] {
  return replayed ? sources.map((source) => canonicalEvent({ ...replayed, quantity, source })) : [canonical];
}

/** What an event is known by in every generation, as metering_key in the database makes it. */
export function keyOf(tenant_id: string, request_id: string): string {
  return hash('sha256', `${tenant_id}:${request_id}`).slice(0, 32);
}

/** A list of tenants' things without repetition, and where each stands in it, from 1. */
class Places<T> {
  readonly list: T[] = [];
  private readonly places = new Map<string, Map<string, number>>();

  of(tenant_id: string, key: string, make: () => T): number {
    let mine = this.places.get(tenant_id);
    if (!mine) {
      mine = new Map();
      this.places.set(tenant_id, mine);
    }
    const known = mine.get(key);
    if (known !== undefined) return known;
    const place = this.list.push(make());
    mine.set(key, place);
    return place;
  }
}

let pool = Buffer.alloc(0);
let used = 0;

/** Random bytes are cheap by the page. A page is never used again: rows hold on to their part of it. */
function newSalt(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafe(saltBytes * 512));
    used = 0;
  }
  used += saltBytes;
  return pool.subarray(used - saltBytes, used);
}
