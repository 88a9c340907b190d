import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { assert } from '../../../kernel/assert.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import type { Ingest } from '../../metering/model.ts';
import type { Fault } from '../decide/faults.ts';
import { no_totals, type Tally, tally } from '../decide/tally.ts';
import type { events } from '../events.ts';
import type { ImportFormat, ImportStatus, UsageImport } from '../model.ts';
import { deleteFaults, type ImportWork, insertFaults, type Lease, listedFaults, updateProgress } from '../sql/imports.ts';
import { removeFile } from './stored-file.ts';

export interface ImportDeps {
  postgres: Postgres;
  clock: Clock;
  ingest: Pick<Ingest, 'ingestEvents'>;
  /** Absolute path of the data folder; uploads wait in `imports` inside. */
  data_dir: string;
  max_bytes?: number;
}

/** One run over one import, and where it stands. */
export interface Run {
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

/** Begins, or goes on where a run before was killed. */
export async function startRun(deps: ImportDeps, scope: Scope, lease: Lease, work: ImportWork, file: UsageImport): Promise<Run> {
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
