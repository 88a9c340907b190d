import { randomUUID } from 'node:crypto';
import { requireTenant } from '../../../foundation/tenancy/service.ts';
import type { Scope } from '../../../platform/postgres.ts';
import { detectFormat } from '../decide/detect.ts';
import { type Fault, fault } from '../decide/faults.ts';
import { no_totals, tally } from '../decide/tally.ts';
import type { ImportStatus } from '../model.ts';
import { deleteFaults, releaseImport, selectImport, takeImport } from '../sql/imports.ts';
import { pass } from './import-pass.ts';
import { type ImportDeps, type Run, startRun } from './import-progress.ts';
import { headOfFile, sizeOfFile } from './stored-file.ts';

/** `busy`: another run has it. `interrupted`: `signal` asked to stop; what was stored is on record, the rest waits. */
export type RunResult = ImportStatus | 'busy' | 'interrupted' | 'unknown';

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
  const { accepted, duplicates, rejected, unmapped, missing, held } = run.tally.totals();
  if (accepted + duplicates + rejected + unmapped + missing + held === 0)
    run.tally.note(1, fault('no_usage', 'the file is in order and holds no usage'));
  return run.end('completed');
}
