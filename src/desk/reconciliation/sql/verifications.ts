import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Checked, Difference, Verification } from '../model.ts';

export type Phase = 'invoices' | 'billed_periods' | 'actions' | 'done';

export interface VerificationRow {
  verification_id: string;
  from_date: string | null;
  to_date: string | null;
  org_id: string | null;
  status: Verification['status'];
  phase: Phase;
  after: string | null;
  total: number;
  checked: Checked;
  differences: number;
  problem: { code: string; detail: string } | null;
  created_at: string;
  finished_at: string | null;
}

const columns: RawBuilder<unknown> = sql`verification_id, from_date, to_date, org_id, status, phase, after, total, checked, differences, problem,
  created_at, finished_at`;

export async function insertVerification(
  tx: Tx,
  row: Pick<VerificationRow, 'verification_id' | 'from_date' | 'to_date' | 'org_id' | 'total' | 'checked'>,
): Promise<void> {
  await tx.write(sql`
    INSERT INTO replay_verification (tenant_id, verification_id, from_date, to_date, org_id, total, checked, requested_by, created_at)
    VALUES (${tx.tenant_id}, ${row.verification_id}, ${row.from_date}, ${row.to_date}, ${row.org_id}, ${row.total}, ${JSON.stringify(row.checked)}::jsonb,
            ${`${tx.actor.kind}:${tx.actor.id}`}, ${tx.now.toString()})`);
}

export function selectVerification(db: Db, verification_id: string): Promise<VerificationRow | undefined> {
  return db.maybe(sql<VerificationRow>`
    SELECT ${columns} FROM replay_verification WHERE tenant_id = ${db.tenant_id} AND verification_id = ${verification_id}`);
}

/** Newest first. */
export function selectVerifications(db: Db, page: { limit: number; below: string | null }): Promise<VerificationRow[]> {
  return db.rows(sql<VerificationRow>`
    SELECT ${columns} FROM replay_verification
     WHERE tenant_id = ${db.tenant_id} AND (${page.below}::uuid IS NULL OR verification_id < ${page.below})
     ORDER BY verification_id DESC LIMIT ${page.limit}`);
}

/**
 * Moves on from where a verification was, with what was found there; false where it is not there any more: another worker was quicker. The last
 * step ends it.
 */
export async function advanceVerification(
  tx: Tx,
  was: Pick<VerificationRow, 'verification_id' | 'phase' | 'after' | 'differences'>,
  step: { phase: Phase; after: string | null; checked: Checked; found: readonly Difference[] },
): Promise<boolean> {
  const rows = await tx.write(sql`
    UPDATE replay_verification
       SET phase = ${step.phase}, after = ${step.after}, checked = ${JSON.stringify(step.checked)}::jsonb, differences = differences + ${step.found.length},
           status = CASE WHEN ${step.phase === 'done'} THEN 'completed' ELSE 'running' END,
           finished_at = CASE WHEN ${step.phase === 'done'} THEN ${tx.now.toString()}::timestamptz END
     WHERE tenant_id = ${tx.tenant_id} AND verification_id = ${was.verification_id} AND status IN ('queued', 'running') AND phase = ${was.phase}
       AND after IS NOT DISTINCT FROM ${was.after} RETURNING verification_id`);
  if (rows.length === 0) return false;
  await tx.write(sql`
    INSERT INTO replay_difference (tenant_id, verification_id, place, difference)
    SELECT ${tx.tenant_id}, ${was.verification_id}, ${was.differences} + d.place, d.difference
      FROM jsonb_array_elements(${JSON.stringify(step.found)}::jsonb) WITH ORDINALITY AS d (difference, place)`);
  return true;
}

export function endVerification(tx: Tx, verification_id: string, problem: { code: string; detail: string }): Promise<unknown> {
  return tx.write(sql`
    UPDATE replay_verification SET status = 'failed', problem = ${JSON.stringify(problem)}::jsonb, finished_at = ${tx.now.toString()}
     WHERE tenant_id = ${tx.tenant_id} AND verification_id = ${verification_id} AND status IN ('queued', 'running')`);
}

/** In the order in which they were found, those after a place. */
export function selectDifferences(
  db: Db,
  asked: { verification_id: string; after: number; limit: number },
): Promise<{ place: number; difference: Difference }[]> {
  return db.rows(sql<{ place: number; difference: Difference }>`
    SELECT place, difference FROM replay_difference
     WHERE tenant_id = ${db.tenant_id} AND verification_id = ${asked.verification_id} AND place > ${asked.after} ORDER BY place LIMIT ${asked.limit}`);
}
