import { setTimeout as sleep } from 'node:timers/promises';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization, requireVisible } from '../../../foundation/tenancy/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/id.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import { neededBy } from '../decide/replay.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { most_listed, type Replay, type ReplayOutcome, type ReplayRejection, type StoreRange } from '../model/replays.ts';
import type { Ingest, IngestOptions, IngestOutcome, StoredEvent } from '../model.ts';
import { selectOriginals } from '../sql/corrections.ts';
import {
  insertFileReplay,
  insertStoreReplay,
  type ReplayRow,
  selectReplay,
  selectReplayed,
  updateReplay,
} from '../sql/replays.ts';
import { requireUnarchived } from './archived.ts';
import { readReplayFile } from './replay-file.ts';
import { settle } from './watermark.ts';

export interface ReplayDeps {
  postgres: Postgres;
  ingest: Pick<Ingest, 'ingestEvents'>;
}

/** What replaying needs: a caller that has a transaction lends it, for a second connection beside it could be the last that there is. */
export interface FileReplayDeps extends Pick<ReplayDeps, 'ingest'> {
  postgres: Pick<Postgres, 'read'>;
}

export const replay_job = 'metering.replay';
const most_per_step = 5000;
const wait_ms = 90_000;

/**
 * Brings the events of a file back through ingest, batch by batch as it is read. What is stored already with the same body, whatever its
 * source, changes nothing; so the same file may be replayed again, also where it was broken off.
 */
export async function replayFile(
  deps: FileReplayDeps,
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  content: AsyncIterable<Buffer>,
  org_ids: readonly string[] | null,
): Promise<ReplayOutcome> {
  const total: ReplayOutcome = nothing();
  let waiting: { line: number; input: unknown }[] = [];
  const flush = async () => {
    add(total, await replayEvents(deps, scope, waiting, org_ids));
    waiting = [];
  };
  for await (const row of readReplayFile(content)) {
    if ('fault' in row) add(total, { ...nothing(), rejected: 1, rejections: [unreadable(row)] });
    else waiting.push(row);
    if (waiting.length >= most_per_step) await flush();
  }
  if (waiting.length > 0) await flush();
  total.rejections.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return total;
}

/** Puts a file that was replayed on record. */
export async function recordFileReplay(tx: Tx, sha256: Buffer, outcome: ReplayOutcome): Promise<Replay> {
  const replay_id = newId(tx.now);
  const { accepted, duplicates, rejected } = outcome;
  await insertFileReplay(tx, replay_id, sha256, outcome);
  await recordAudit(tx, {
    action: 'usage.replayed',
    target_type: 'replay',
    target_id: replay_id,
    before: null,
    after: { sha256: sha256.toString('hex'), accepted, duplicates, rejected },
  });
  await tell(tx, replay_id, null, outcome);
  return replayById(tx, replay_id, null);
}

/** Puts a range of what is stored on the queue to be read and sent again. Throws `org_not_found`, `range_invalid`, `usage_archived`, `usage_sku_unknown`. */
export async function startReplay(tx: Tx, range: StoreRange, org_ids: readonly string[] | null): Promise<Replay> {
  if (org_ids !== null && range.org_id === undefined) {
    const detail = 'Name the organization.';
    throw errors.range_invalid({ detail, errors: [{ pointer: '/from_store/org_id', code: 'org_unknown', detail }] });
  }
  if (range.org_id !== undefined) {
    requireVisible(org_ids, range.org_id);
    await requireOrganization(tx, range.org_id);
  }
  if (Temporal.Instant.compare(range.from, range.to) >= 0) {
    const detail = 'to must be after from.';
    throw errors.range_invalid({ detail, errors: [{ pointer: '/from_store/to', code: 'range_invalid', detail }] });
  }
  const org_ids_read = range.org_id === undefined ? null : [range.org_id];
  await requireUnarchived(tx, { org_ids: org_ids_read, from: range.from.toString(), to: range.to.toString() });
  const replay_id = newId(tx.now);
  await insertStoreReplay(tx, replay_id, range);
  await recordAudit(tx, {
    action: 'usage_range.replayed',
    target_type: 'replay',
    target_id: replay_id,
    org_id: range.org_id ?? null,
    before: null,
    after: { ...range },
  });
  await enqueue(tx, replay_job, { replay_id }, { key: `replay ${replay_id}` });
  return replayById(tx, replay_id, org_ids);
}

/** Throws `replay_not_found`, also where it is for none of `org_ids`. */
export async function replayById(db: Db, replay_id: string, org_ids: readonly string[] | null): Promise<Replay> {
  const row = await selectReplay(db, replay_id);
  if (!row || !(org_ids === null || (row.org_id !== null && org_ids.includes(row.org_id))))
    throw errors.replay_not_found({ detail: `There is no replay ${replay_id}.` });
  return shown(row);
}

/** Reads the range to its end, or until `signal` asks to stop; says whether the end was reached. A step that is done again changes nothing. */
export async function runReplay(deps: ReplayDeps, scope: Scope, replay_id: string, signal?: AbortSignal): Promise<boolean> {
  const { postgres } = deps;
  for (;;) {
    const row = await postgres.read(scope, (db) => selectReplay(db, replay_id));
    if (!row || row.status === 'completed') return true;
    if (signal?.aborted) return false;
    if (row.reached_time === null) await settle(postgres, row.watermark, wait_ms);
    const found = await postgres.read(scope, (db) => selectReplayed(db, row, most_per_step));
    const inputs = found.map(({ absorbed: _absorbed, ...input }) => ({ line: null, input }));
    const outcome = await replayEvents(deps, scope, inputs, null);
    await postgres.transact(scope, async (tx) => {
      const kept = await updateReplay(tx, row, outcome, found.at(-1));
      if (kept && found.length === 0) await tell(tx, replay_id, row.org_id, shown(row));
    });
  }
}

/** What voids or amends others follows when these are stored, in as many rounds as the chain is long. */
async function replayEvents(
  deps: FileReplayDeps,
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  rows: readonly { line: number | null; input: unknown }[],
  org_ids: readonly string[] | null,
): Promise<ReplayOutcome> {
  const total: ReplayOutcome = nothing();
  let open = rows;
  while (open.length > 0) {
    const known = await eventsAmong(deps.postgres, scope, [...new Set(open.flatMap(({ input }) => neededBy(input)))], org_ids);
    const ready = open.filter(({ input }) => neededBy(input).every((id) => known.has(id)));
    // Where nothing is ready, ingest says of each what it lacks.
    const batch = ready.length > 0 ? ready : open;
    const outcome = await ingestWhenItMay(
      deps.ingest,
      scope,
      batch.map(({ input }) => input),
      { now: scope.now, org_ids, replay: known },
    );
    const rejections = outcome.rejected.map(({ index, request_id, code, detail }) => ({
      line: batch[index]!.line,
      request_id,
      code,
      detail,
    }));
    const { accepted, duplicates } = outcome;
    add(total, { accepted, duplicates, rejected: rejections.length, rejections });
    const sent = new Set(batch);
    open = open.filter((row) => !sent.has(row));
  }
  return total;
}

/** The stored events of these request ids, of `org_ids` alone: an event of another organization is as unknown as one that does not exist. */
async function eventsAmong(
  postgres: FileReplayDeps['postgres'],
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  request_ids: readonly string[],
  org_ids: readonly string[] | null,
): Promise<Map<string, StoredEvent>> {
  if (request_ids.length === 0) return new Map();
  const found = await postgres.read(scope, (db) => selectOriginals(db, request_ids));
  const visible = found.filter((event) => org_ids === null || org_ids.includes(event.org_id));
  return new Map(visible.map((event) => [event.request_id, event]));
}

/** Waits where more usage waits than can be taken. */
async function ingestWhenItMay(
  ingest: ReplayDeps['ingest'],
  { tenant_id }: Pick<Scope, 'tenant_id'>,
  inputs: readonly unknown[],
  options: IngestOptions,
): Promise<IngestOutcome> {
  for (let wait = 100; ; wait = Math.min(2 * wait, 2000)) {
    try {
      return await ingest.ingestEvents(tenant_id, inputs, options);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'ingest_overloaded') throw error;
      await sleep(wait);
    }
  }
}

function add(total: ReplayOutcome, more: ReplayOutcome): void {
  total.accepted += more.accepted;
  total.duplicates += more.duplicates;
  total.rejected += more.rejected;
  total.rejections.push(...more.rejections.slice(0, most_listed - total.rejections.length));
}

function nothing(): ReplayOutcome {
  return { accepted: 0, duplicates: 0, rejected: 0, rejections: [] };
}

function unreadable({ line, fault }: { line: number; fault: string }): ReplayRejection {
  return { line, request_id: null, code: 'event_invalid', detail: fault };
}

async function tell(
  tx: Tx,
  replay_id: string,
  org_id: string | null,
  { accepted, duplicates, rejected }: { accepted: number; duplicates: number; rejected: number },
): Promise<void> {
  await emit<typeof events>(tx, {
    type: 'usage.replayed',
    aggregate_type: 'replay',
    aggregate_id: replay_id,
    org_id,
    data: { replay_id, accepted, duplicates, rejected },
  });
}

function shown(row: ReplayRow): Replay {
  const { replay_id, origin, sha256, org_id, sku, from, to, status, rejections, created_at, finished_at } = row;
  const count = (text: string) => Number.parseInt(text, 10);
  const counts = { accepted: count(row.accepted), duplicates: count(row.duplicates), rejected: count(row.rejected) };
  const digest = sha256?.toString('hex') ?? null;
  return { replay_id, origin, sha256: digest, org_id, sku, from, to, status, ...counts, rejections, created_at, finished_at };
}
