import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireTenant } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { CodedError } from '../../../kernel/errors.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import type { Ingest, IngestOutcome } from '../../metering/model.ts';
import { detectFormat } from '../decide/detect.ts';
import { type Fault, fault, isFault } from '../decide/faults.ts';
import type { Finding } from '../decide/finding.ts';
import { readFindings } from '../decide/formats.ts';
import { seenRows } from '../decide/seen-rows.ts';
import { no_totals, type Tally, tally } from '../decide/tally.ts';
import type { events } from '../events.ts';
import type { ImportFormat, ImportStatus, UsageImport, UsageRow } from '../model.ts';
import {
  deleteFaults,
  type ImportWork,
  insertFaults,
  type Lease,
  listedFaults,
  releaseImport,
  selectImport,
  takeImport,
  updateProgress,
} from '../sql/imports.ts';
import { type RowMaker, rowMaker } from './import-rows.ts';
import { rehearse } from './rehearsal.ts';
import { headOfFile, readFile, removeFile, sizeOfFile } from './stored-file.ts';

export interface ImportDeps {
  postgres: Postgres;
  clock: Clock;
  ingest: Pick<Ingest, 'ingestEvents'>;
  /** Absolute path of the data folder; uploads wait in `imports` inside. */
  data_dir: string;
  max_bytes?: number;
}

/** `busy`: another run has it. `interrupted`: `signal` asked to stop; what was stored is on record, the rest waits. */
export type RunResult = ImportStatus | 'busy' | 'interrupted' | 'unknown';

const batch_rows = 5000;
const most_attempts = 8;

/**
 * Processes an import to its end, or from where a run before it was killed: progress is kept after each batch, and what the killed run had
 * stored beyond it counts as duplicates. A file to be kept whole or not at all is checked from end to end first, metering included.
 */
export async function runImport(
  deps: ImportDeps,
  tenant_id: string,
  import_id: string,
  signal?: AbortSignal,
): Promise<RunResult> {
  const lease = { import_id, lease: randomUUID() };
  const now = await tenantNow(deps, tenant_id);
  const known = await deps.postgres.read({ tenant_id, now }, (db) => selectImport(db, import_id));
  if (known === undefined) return 'unknown';
  if (known.finished_at !== null) return known.status;
  const system: Scope = { tenant_id, now, actor: { kind: 'system', id: 'meters.import' } };
  const work = await deps.postgres.transact(system, (tx) => takeImport(tx, lease));
  if (work === undefined) return 'busy';
  const run = await startRun(deps, { ...system, actor: work.created_by }, lease, work, known);
  const problem =
    work.attempts > most_attempts ? fault('import_broke_off', 'reading the file failed several times') : await unreadable(run);
  if (problem) return run.end('failed', problem);
  const result = await throughTheFile(run, signal);
  if (result === 'interrupted') await deps.postgres.transact(run.scope, (tx) => releaseImport(tx, lease));
  return result;
}

/** The tenant's time: its test clock, or the wall clock. */
export async function tenantNow(
  { postgres, clock }: Pick<ImportDeps, 'postgres' | 'clock'>,
  tenant_id: string,
): Promise<Temporal.Instant> {
  const now = clock.now();
  const { test_clock_at } = await postgres.read({ tenant_id, now }, requireTenant);
  return test_clock_at === null ? now : Temporal.Instant.from(test_clock_at);
}

/** One run over one import, and where it stands. */
interface Run {
  deps: ImportDeps;
  scope: Scope;
  work: ImportWork;
  file: UsageImport;
  format: ImportFormat | 'auto';
  phase: 'check' | 'store';
  items_done: number;
  bytes_before: number;
  bytes_read: number;
  tally: Tally;
  /** Puts on record what was done up to here. */
  checkpoint(status?: ImportStatus, after?: (tx: Tx) => Promise<void>): Promise<void>;
  end(status: ImportStatus, problem?: Fault, line?: number): Promise<ImportStatus>;
}

async function startRun(deps: ImportDeps, scope: Scope, lease: Lease, work: ImportWork, file: UsageImport): Promise<Run> {
  const goes_on = work.phase === 'store' && work.items_done > 0;
  const listed = goes_on ? await deps.postgres.read(scope, (db) => listedFaults(db, lease.import_id)) : { error: 0, note: 0 };
  if (!goes_on) await deps.postgres.transact(scope, (tx) => deleteFaults(tx, lease.import_id));
  const run: Run = {
    deps,
    scope,
    work,
    file,
    format: file.format,
    phase: work.phase === 'store' || work.options.on_error === 'keep_good' ? 'store' : 'check',
    items_done: goes_on ? work.items_done : 0,
    bytes_before: work.phase === 'store' && work.options.on_error === 'reject' ? file.bytes : 0,
    bytes_read: 0,
    tally: tally(
      goes_on ? { totals: file.totals, error_count: file.error_count, listed } : { totals: no_totals, error_count: 0, listed },
    ),
    async checkpoint(status = 'running', after) {
      // Taken once: the transaction may run again.
      const found = { error: run.tally.take('error'), note: run.tally.take('note') };
      await deps.postgres.transact(scope, async (tx) => {
        for (const severity of ['error', 'note'] as const) {
          await insertFaults(tx, lease.import_id, severity, found[severity].listed, found[severity].faults);
        }
        const at = {
          format: run.format,
          phase: run.phase,
          items_done: run.items_done,
          bytes_read: run.bytes_before + run.bytes_read,
          bytes_to_read: work.options.on_error === 'reject' ? 2 * file.bytes : file.bytes,
          totals: run.tally.totals(),
          error_count: run.tally.error_count(),
        };
        const mine = await updateProgress(tx, lease, at, status);
        assert(mine, `import ${lease.import_id} was taken over by another run`);
        await after?.(tx);
      });
    },
    async end(status, problem, line = 1) {
      if (problem) run.tally.fault(line, problem);
      await run.checkpoint(status, (tx) => announce(tx, run, status, problem));
      await removeFile(deps.data_dir, lease.import_id);
      return status;
    },
  };
  return run;
}

/** Why the file as a whole cannot be read, before its first line. */
async function unreadable(run: Run): Promise<Fault | null> {
  const { data_dir } = run.deps;
  const size = await sizeOfFile(data_dir, run.file.import_id);
  if (size !== run.file.bytes) return fault('file_missing', 'the uploaded file is no longer on this server; upload it again');
  const head = await headOfFile(data_dir, run.file.import_id);
  const format = detectFormat(head, run.format, run.work.options.mapping?.definition.encoding ?? null);
  if (typeof format !== 'string') return format;
  run.format = format;
  return null;
}

async function throughTheFile(run: Run, signal: AbortSignal | undefined): Promise<RunResult> {
  if (run.phase === 'check') {
    const checked = await pass(run, signal);
    if (checked !== 'whole') return checked;
    if (run.tally.error_count() > 0) return run.end('rejected');
    Object.assign(run, {
      phase: 'store',
      items_done: 0,
      bytes_before: run.file.bytes,
      bytes_read: 0,
      tally: tally({ totals: no_totals, error_count: 0, listed: { error: 0, note: 0 } }),
    });
    await run.deps.postgres.transact(run.scope, (tx) => deleteFaults(tx, run.file.import_id));
    await run.checkpoint();
  }
  const stored = await pass(run, signal);
  if (stored !== 'whole') return stored;
  const { accepted, duplicates, rejected, unmapped, missing } = run.tally.totals();
  if (accepted + duplicates + rejected + unmapped + missing === 0)
    run.tally.note(1, fault('no_usage', 'the file is in order and holds no usage'));
  return run.end('completed');
}

/** Reads the file once. `whole` to the last line, or how the import ended before it. */
async function pass(run: Run, signal: AbortSignal | undefined): Promise<'whole' | 'interrupted' | ImportStatus> {
  const { deps, scope, work } = run;
  const rows = await rowMaker(deps.postgres, scope, work.options, run.phase === 'store');
  const seen = run.phase === 'check' && run.format === 'csv' ? seenRows() : null;
  const resume_from = run.items_done;
  let waiting: UsageRow[] = [];
  let position = 0;
  const flush = async () => {
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) count(run, batch, run.phase === 'check' ? await check(run, rows, batch) : await store(run, batch));
    // A check starts anew when it is killed, so its place in the file is not worth keeping.
    run.items_done = run.phase === 'store' ? Math.max(position, resume_from) : 0;
    await run.checkpoint();
  };
  for await (const { findings, bytes, lines } of chunks(run)) {
    run.bytes_read = bytes;
    for (const finding of findings) {
      position += 1;
      if (position <= resume_from) continue;
      if (finding.kind === 'fault' && finding.whole_file) return run.end('failed', finding, finding.line);
      waiting.push(...(await rowsOf(run, rows, finding, seen)));
      if (waiting.length >= batch_rows) await flush();
    }
    run.tally.lines(lines);
    if (signal?.aborted) {
      await flush();
      return 'interrupted';
    }
  }
  await flush();
  return 'whole';
}

async function* chunks(run: Run): AsyncGenerator<{ findings: Finding[]; bytes: number; lines: number }> {
  assert(run.format !== 'auto', 'the format is known');
  const reader = readFindings(run.format, run.work.options.mapping?.definition ?? null);
  let bytes = 0;
  for await (const chunk of readFile(run.deps.data_dir, run.file.import_id)) {
    bytes += chunk.length;
    yield { findings: reader.push(chunk), bytes, lines: reader.lines() };
  }
  yield { findings: reader.end(), bytes, lines: reader.lines() };
}

async function rowsOf(run: Run, rows: RowMaker, finding: Finding, seen: ReturnType<typeof seenRows> | null): Promise<UsageRow[]> {
  if (finding.kind === 'fault') {
    run.tally.fault(finding.line, finding);
    return [];
  }
  if (finding.kind === 'row') {
    const row = await rows.row(finding.row, finding.line);
    if (isFault(row)) {
      run.tally.fault(finding.line, row);
      return [];
    }
    if (seen?.add(row.request_id, JSON.stringify({ ...row, line: 0 })) === 'other') {
      run.tally.fault(
        finding.line,
        fault('request_id_conflict', `the file has ${row.request_id.slice(0, 60)} above with another content`),
      );
      return [];
    }
    return [row];
  }
  if (finding.kind === 'note') {
    run.tally.note(finding.line, finding);
    return [];
  }
  const plan = await rows.series(finding);
  for (const problem of plan.faults) run.tally.fault(problem.line, problem);
  for (const note of plan.notes) run.tally.note(finding.line, note);
  run.tally.unmapped(plan.unmapped);
  run.tally.missing(plan.missing);
  return plan.rows;
}

/** What metering would answer. Rows of a SKU that the store pass will make cannot be asked about, and are sound as far as they were read. */
async function check(run: Run, rows: RowMaker, batch: UsageRow[]): Promise<IngestOutcome | null> {
  const askable = batch.filter((row) => rows.hasSku(row.sku));
  if (askable.length === 0) return null;
  const { tenant_id, now } = run.scope;
  const outcome = await rehearse(run.deps.postgres, tenant_id, askable.map(eventOf), { now, org_ids: run.work.options.org_ids });
  for (const { index, code, detail } of outcome.rejected) run.tally.fault(askable[index]!.line, { code, detail });
  return null;
}

async function store(run: Run, batch: UsageRow[]): Promise<IngestOutcome> {
  const { tenant_id, now } = run.scope;
  for (let wait_ms = 100; ; wait_ms = Math.min(2 * wait_ms, 2000)) {
    try {
      return await run.deps.ingest.ingestEvents(tenant_id, batch.map(eventOf), { now, org_ids: run.work.options.org_ids });
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'ingest_overloaded') throw error;
      await sleep(wait_ms);
    }
  }
}

function count(run: Run, batch: readonly UsageRow[], outcome: IngestOutcome | null): void {
  if (outcome === null) return;
  const refused = new Set(outcome.rejected.map((one) => one.index));
  run.tally.accepted(outcome.accepted);
  run.tally.duplicates(outcome.duplicates);
  for (const { index, code, detail } of outcome.rejected) run.tally.fault(batch[index]!.line, { code, detail });
  for (const [index, row] of batch.entries()) {
    if (!refused.has(index) && row.quantity !== undefined) run.tally.used(row.sku, row.quantity);
  }
}

function eventOf({ line: _line, ...event }: UsageRow): Omit<UsageRow, 'line'> {
  return event;
}

async function announce(tx: Tx, run: Run, status: ImportStatus, problem: Fault | undefined): Promise<void> {
  const { import_id, filename, org_id } = run.file;
  const totals = run.tally.totals();
  await recordAudit(tx, {
    action: `import.${status}`,
    target_type: 'import',
    target_id: import_id,
    org_id,
    before: { status: run.file.status },
    after: { status, filename, sha256: run.file.sha256, totals },
  });
  const about = { aggregate_type: 'import', aggregate_id: import_id, org_id };
  if (status === 'completed')
    await emit<typeof events>(tx, { ...about, type: 'import.completed', data: { import_id, filename, totals } });
  if (status === 'rejected') {
    await emit<typeof events>(tx, {
      ...about,
      type: 'import.rejected',
      data: { import_id, filename, error_count: run.tally.error_count() },
    });
  }
  if (status === 'failed')
    await emit<typeof events>(tx, {
      ...about,
      type: 'import.failed',
      data: { import_id, filename, code: problem?.code ?? 'unknown' },
    });
}
