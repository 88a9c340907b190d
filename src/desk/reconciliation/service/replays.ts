import { setTimeout as sleep } from 'node:timers/promises';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { redispatchEvents } from '../../../foundation/events/service/redispatch.ts';
import {
  type ForeseenReaction,
  foresee,
  knownEvents,
  lastSeq,
  selectedEvents,
} from '../../../foundation/events/service/selection.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { chunkOf, controlled, type ReplayControl, requireSelection, restAfter } from '../decide/replay.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { NewReplay, ReplayForecast, ReplayJob, ReplaySelection } from '../model.ts';
import * as store from '../sql/replays.ts';
import { leftUntil, type ReconciliationDeps, scopeOfTenant } from './verifications.ts';

export const replay_job = 'reconciliation.replay';

/** The one table of reactions, as app has it: which follow an event of a type. */
export type ReactionsTo = (type: string) => readonly ForeseenReaction[];

const sample_size = 20;

/**
 * Puts a replay of stored events on record and on the queue, where it waits until `run_at` if that is given; a dry run is answered at once, and
 * ended. Throws `replay_selection_invalid`, `replay_event_unknown`, `org_not_found`.
 */
export async function createReplay(
  tx: Tx,
  request: NewReplay,
  { reactionsTo, run_at = null }: { reactionsTo: ReactionsTo; run_at?: Temporal.Instant | null },
): Promise<ReplayJob> {
  const { selection, dry_run, rate_per_second, reason = null } = request;
  requireSelection(selection);
  if (selection.org_id !== undefined) await requireOrganization(tx, selection.org_id);
  if (selection.event_ids !== undefined) await requireEvents(tx, selection.event_ids);
  const until_seq = await lastSeq(tx);
  const forecast = await forecastOf(tx, selection, { until_seq, reactionsTo });
  const replay_id = newId(tx.now);
  await store.insertReplay(tx, {
    ...{ replay_id, selection, dry_run, rate_per_second, reason, until_seq },
    total: forecast.events,
    forecast: dry_run ? forecast : null,
  });
  await recordAudit(tx, {
    action: dry_run ? 'replay.foreseen' : 'replay.requested',
    target_type: 'replay',
    target_id: replay_id,
    org_id: selection.org_id ?? null,
    before: null,
    after: { selection, rate_per_second, reason, events: forecast.events },
  });
  if (!dry_run) await enqueueReplay(tx, replay_id, run_at);
  return replayById(tx, replay_id);
}

async function requireEvents(db: Db, event_ids: readonly string[]): Promise<void> {
  const known = await knownEvents(db, event_ids);
  const at = event_ids.findIndex((event_id) => !known.has(event_id));
  if (at < 0) return;
  const detail = `There is no event ${event_ids[at]}.`;
  const pointer = `/selection/event_ids/${at}`;
  throw errors.replay_event_unknown({ detail, errors: [{ pointer, code: 'replay_event_unknown', detail }] });
}

async function forecastOf(
  tx: Tx,
  selection: ReplaySelection,
  { until_seq, reactionsTo }: { until_seq: string; reactionsTo: ReactionsTo },
): Promise<ReplayForecast> {
  const span = { after_seq: '0', until_seq };
  const by_type = await foresee(tx, selection, { span, reactionsTo });
  const sample = await selectedEvents(tx, selection, { ...span, limit: sample_size });
  return {
    events: by_type.reduce((sum, { events }) => sum + events, 0),
    by_type,
    sample: sample.map(({ event_id }) => event_id),
  };
}

function enqueueReplay(tx: Tx, replay_id: string, run_at: Temporal.Instant | null): Promise<void> {
  return enqueue(tx, replay_job, { replay_id }, { key: `${replay_job} ${replay_id}`, ...(run_at ? { run_at } : {}) });
}

/** Throws `replay_unknown`. */
export async function replayById(db: Db, replay_id: string): Promise<ReplayJob> {
  return toReplay(required(replay_id, await store.selectReplay(db, replay_id)));
}

/** Newest first. Throws `cursor_invalid`. */
export async function listReplays(
  db: Db,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: ReplayJob[]; next_cursor: string | null }> {
  const sort = 'replays.replay_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectReplays(db, { limit: query.limit + 1, below });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.replay_id]));
  return { data: data.map(toReplay), next_cursor };
}

/**
 * Pauses, resumes or cancels a replay; what was sent again stays sent. Throws `replay_unknown`, `replay_ended`, `replay_not_running`,
 * `replay_not_paused`.
 */
export async function controlReplay(tx: Tx, replay_id: string, control: ReplayControl): Promise<ReplayJob> {
  const row = required(replay_id, await store.lockReplay(tx, replay_id));
  const status = controlled(row.status, control);
  await store.setReplayStatus(tx, replay_id, status);
  await recordAudit(tx, {
    action: `replay.${status === 'running' ? 'resumed' : status}`,
    target_type: 'replay',
    target_id: replay_id,
    before: { status: row.status, done: row.done },
    after: { status },
  });
  if (status === 'running') await enqueueReplay(tx, replay_id, null);
  if (status === 'cancelled') await tell(tx, row, status);
  return replayById(tx, replay_id);
}

interface Named {
  tenant_id: string;
  replay_id: string;
}

export interface ReplayRunDeps extends ReconciliationDeps {
  /** In the queue: after how long it makes room for other work and queues itself anew, milliseconds. */
  slice_ms?: number;
  /** Events that are sent together; as its rate asks for unless given. */
  chunk_size?: number;
  /** Told of every chunk that was sent. */
  observe?: ((sent: number) => void | Promise<void>) | undefined;
}

/**
 * Sends the events of a replay again, chunk by chunk at its rate, until it ends, is paused or cancelled, or its slice of time is over. The place
 * it is at is stored in each chunk's transaction: one that is taken up goes on there, and two at once share the work. Throws `replay_unknown`.
 */
export async function executeReplay(deps: ReplayRunDeps, named: Named): Promise<ReplayJob> {
  const scope = await scopeOfTenant(deps, named.tenant_id);
  const began = performance.now();
  for (let sent = 0; ; ) {
    deps.signal?.throwIfAborted();
    const over = deps.slice_ms !== undefined && performance.now() - began > deps.slice_ms;
    const until = leftUntil(deps);
    const step = await deps.postgres.transact(scope, (tx) =>
      sendChunk(tx, named.replay_id, { over, until, chunk_size: deps.chunk_size }),
    );
    if (step.sent > 0) {
      await deps.observe?.(step.sent);
      failpoint('replay.chunk-committed');
    }
    if (!step.goes_on) return deps.postgres.read(scope, (db) => replayById(db, named.replay_id));
    sent += step.sent;
    const rest = restAfter(sent, { rate_per_second: step.rate_per_second, elapsed_ms: performance.now() - began });
    if (rest > 0) await sleep(rest, undefined, { signal: deps.signal });
  }
}

async function sendChunk(
  tx: Tx,
  replay_id: string,
  { over, until, chunk_size }: { over: boolean; until: Temporal.Instant | null; chunk_size: number | undefined },
): Promise<{ sent: number; goes_on: boolean; rate_per_second: number }> {
  const row = required(replay_id, await store.lockReplay(tx, replay_id));
  const { rate_per_second, selection, after_seq, until_seq } = row;
  const stop = { sent: 0, goes_on: false, rate_per_second };
  if (row.status !== 'queued' && row.status !== 'running') return stop;
  if (over) {
    await enqueueReplay(tx, replay_id, null);
    return stop;
  }
  const chunk = await selectedEvents(tx, selection, { after_seq, until_seq, limit: chunk_size ?? chunkOf(rate_per_second) });
  const last = chunk.at(-1);
  if (!last) {
    await store.setReplayStatus(tx, replay_id, 'completed');
    await tell(tx, row, 'completed');
    return stop;
  }
  await redispatchEvents(tx, { event_ids: chunk.map(({ event_id }) => event_id) });
  await store.advanceReplay(tx, replay_id, { to_seq: last.seq, events: chunk.length });
  if (until) await enqueueReplay(tx, replay_id, until);
  if (row.status === 'queued') await store.setReplayStatus(tx, replay_id, 'running');
  return { sent: chunk.length, goes_on: true, rate_per_second };
}

/** Puts on record that a replay came to no end. */
export async function failReplay(
  deps: ReconciliationDeps,
  { tenant_id, replay_id }: Named,
  problem: { code: string; detail: string },
): Promise<void> {
  const scope = await scopeOfTenant(deps, tenant_id);
  await deps.postgres.transact(scope, async (tx) => {
    const row = required(replay_id, await store.lockReplay(tx, replay_id));
    if (row.status !== 'queued' && row.status !== 'running') return;
    await store.setReplayStatus(tx, replay_id, 'failed', problem);
    await tell(tx, row, 'failed');
  });
}

async function tell(tx: Tx, row: store.ReplayRow, status: 'completed' | 'cancelled' | 'failed'): Promise<void> {
  const { replay_id, dry_run, done } = row;
  await emit<typeof events>(tx, {
    type: 'replay.completed',
    aggregate_type: 'replay',
    aggregate_id: replay_id,
    org_id: row.selection.org_id ?? null,
    data: { replay_id, status, dry_run, events: done },
  });
}

function required(replay_id: string, row: store.ReplayRow | undefined): store.ReplayRow {
  if (row) return row;
  throw errors.replay_unknown({ detail: `There is no replay ${replay_id}.` });
}

function toReplay({ until_seq: _until, after_seq: _after, total, done, ...row }: store.ReplayRow): ReplayJob {
  return { ...row, progress: { total, done } };
}
