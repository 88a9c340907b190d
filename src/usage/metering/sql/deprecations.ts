import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Deprecation, DeprecationBody } from '../model/deprecations.ts';
import type { StoredEvent } from '../model.ts';
import { originalColumns } from './corrections.ts';

/** A deprecation as its job reads it. */
export type DeprecationRow = Omit<Deprecation, 'voided' | 'corrected_before' | 'refused'> & {
  voided: string;
  corrected_before: string;
  refused: string;
  watermark: string;
  reached_request_id: string | null;
};

export async function insertDeprecation(tx: Tx, deprecation_id: string, body: DeprecationBody): Promise<void> {
  const { org_id, sku, from, to, reason, source } = body;
  await tx.write(sql`
    INSERT INTO usage_deprecation (tenant_id, deprecation_id, org_id, sku, from_time, to_time, reason, source, created_at)
    VALUES (${tx.tenant_id}, ${deprecation_id}, ${org_id}, ${sku}, ${from}, ${to}, ${reason}, ${source}, ${tx.now.toString()})`);
}

export async function selectDeprecation(db: Db, deprecation_id: string): Promise<DeprecationRow | undefined> {
  return db.maybe(sql<DeprecationRow>`
    SELECT deprecation_id, org_id, sku, from_time AS "from", to_time AS "to", reason, source, status, reached_time AS reached, reached_request_id,
           voided::text, corrected_before::text, refused::text, watermark::text, created_at, finished_at
      FROM usage_deprecation WHERE tenant_id = ${db.tenant_id} AND deprecation_id = ${deprecation_id}`);
}

/** The next events of the range in the order of leaves, counter-events left out; those that were taken back are among them. */
export async function selectDeprecated(db: Db, row: DeprecationRow, most: number): Promise<StoredEvent[]> {
  const { org_id, sku, from, to, watermark, reached, reached_request_id } = row;
  return db.rows(sql<StoredEvent>`
    SELECT ${originalColumns}
      FROM metering_event e
     WHERE e.tenant_id = ${db.tenant_id} AND e.org_id = ${org_id} AND e.sku = ${sku} AND e.event_time >= ${reached ?? from}::timestamptz
       AND e.event_time < ${to}::timestamptz AND e.xid < ${watermark}::xid8 AND e.voids IS NULL
       AND ${reached === null ? sql`true` : sql`(e.event_time, e.request_id) > (${reached}::timestamptz, ${reached_request_id} COLLATE "C")`}
     ORDER BY e.event_time, e.request_id COLLATE "C" LIMIT ${most}`);
}

export interface DeprecationStep {
  /** The last event of the step; null where there was none left. */
  last: { time: string; request_id: string } | null;
  voided: number;
  corrected_before: number;
  refused: number;
}

/** Keeps what a step did. False where another run was faster: its step is the one that counts. */
export async function updateDeprecation(
  tx: Tx,
  row: DeprecationRow,
  step: DeprecationStep,
  completed: boolean,
): Promise<boolean> {
  const { last } = step;
  const updated = await tx.write(sql`
    UPDATE usage_deprecation
       SET reached_time = coalesce(${last?.time ?? null}, reached_time), reached_request_id = coalesce(${last?.request_id ?? null}, reached_request_id),
           voided = voided + ${step.voided}, corrected_before = corrected_before + ${step.corrected_before}, refused = refused + ${step.refused},
           status = ${completed ? 'completed' : 'running'}, finished_at = ${completed ? tx.now.toString() : null}
     WHERE tenant_id = ${tx.tenant_id} AND deprecation_id = ${row.deprecation_id} AND status = 'running'
       AND (reached_time, reached_request_id) IS NOT DISTINCT FROM (${row.reached}::timestamptz, ${row.reached_request_id}::text)
    RETURNING deprecation_id`);
  return updated.length > 0;
}
