import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { ReplayForecast, ReplaySelection, ReplayStatus } from '../model.ts';

export interface ReplayRow {
  replay_id: string;
  selection: ReplaySelection;
  dry_run: boolean;
  rate_per_second: number;
  reason: string | null;
  status: ReplayStatus;
  until_seq: string;
  after_seq: string;
  total: number;
  done: number;
  forecast: ReplayForecast | null;
  problem: { code: string; detail: string } | null;
  requested_by: string;
  created_at: string;
  finished_at: string | null;
}

const columns: RawBuilder<unknown> = sql`replay_id, selection, dry_run, rate_per_second, reason, status, until_seq, after_seq, total, done, forecast,
  problem, requested_by, created_at, finished_at`;

export type NewReplayRow = Pick<
  ReplayRow,
  'replay_id' | 'selection' | 'dry_run' | 'rate_per_second' | 'reason' | 'until_seq' | 'total' | 'forecast'
>;

/** One that only foresees has ended with it. */
export async function insertReplay(tx: Tx, row: NewReplayRow): Promise<void> {
  const now = tx.now.toString();
  await tx.write(sql`
    INSERT INTO replay_job (tenant_id, replay_id, selection, dry_run, rate_per_second, reason, status, until_seq, total, forecast, requested_by,
                            created_at, finished_at)
    VALUES (${tx.tenant_id}, ${row.replay_id}, ${JSON.stringify(row.selection)}::jsonb, ${row.dry_run}, ${row.rate_per_second}, ${row.reason},
            ${row.dry_run ? 'completed' : 'queued'}, ${row.until_seq}, ${row.total}, ${row.forecast && JSON.stringify(row.forecast)}::jsonb,
            ${`${tx.actor.kind}:${tx.actor.id}`}, ${now}, ${row.dry_run ? now : null})`);
}

export function selectReplay(db: Db, replay_id: string): Promise<ReplayRow | undefined> {
  return db.maybe(
    sql<ReplayRow>`SELECT ${columns} FROM replay_job WHERE tenant_id = ${db.tenant_id} AND replay_id = ${replay_id}`,
  );
}

/** Held until the transaction ends: its state stands. */
export function lockReplay(tx: Tx, replay_id: string): Promise<ReplayRow | undefined> {
  return tx.maybe(
    sql<ReplayRow>`SELECT ${columns} FROM replay_job WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${replay_id} FOR NO KEY UPDATE`,
  );
}

/** Newest first. */
export function selectReplays(db: Db, page: { limit: number; below: string | null }): Promise<ReplayRow[]> {
  return db.rows(sql<ReplayRow>`
    SELECT ${columns} FROM replay_job
     WHERE tenant_id = ${db.tenant_id} AND (${page.below}::uuid IS NULL OR replay_id < ${page.below}) ORDER BY replay_id DESC LIMIT ${page.limit}`);
}

/** The events after `after_seq` up to `to_seq` were sent again. */
export function advanceReplay(tx: Tx, replay_id: string, step: { to_seq: string; events: number }): Promise<unknown> {
  return tx.write(sql`
    UPDATE replay_job SET after_seq = ${step.to_seq}, done = done + ${step.events}, total = greatest(total, done + ${step.events})
     WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${replay_id}`);
}

export function setReplayStatus(
  tx: Tx,
  replay_id: string,
  status: ReplayStatus,
  problem: { code: string; detail: string } | null = null,
): Promise<unknown> {
  const ended = status === 'completed' || status === 'cancelled' || status === 'failed';
  return tx.write(sql`
    UPDATE replay_job SET status = ${status}, problem = ${problem && JSON.stringify(problem)}::jsonb, finished_at = ${ended ? tx.now.toString() : null}
     WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${replay_id}`);
}
