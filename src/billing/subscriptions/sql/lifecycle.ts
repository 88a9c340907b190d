import { sql } from 'kysely';
import type pg from 'pg';
import type { Tx } from '../../../platform/postgres.ts';
import type { Subscription } from '../model.ts';
import { columns } from '../sql.ts';

/** In one order for everybody; they wait until the transaction ends. */
export function lockSubscriptionsByIds(tx: Tx, subscription_ids: readonly string[]): Promise<Subscription[]> {
  return tx.rows(sql<Subscription>`
    SELECT ${columns} FROM org_entitlement WHERE tenant_id = ${tx.tenant_id} AND subscription_id = ANY (${[...subscription_ids]}::uuid[])
     ORDER BY subscription_id FOR NO KEY UPDATE`);
}

export async function updateStatus(tx: Tx, changed: readonly Pick<Subscription, 'subscription_id' | 'status'>[]): Promise<void> {
  await tx.write(sql`
    UPDATE org_entitlement e SET status = c.status
      FROM unnest(${changed.map((each) => each.subscription_id)}::uuid[], ${changed.map((each) => each.status)}::text[]) AS c (subscription_id, status)
     WHERE e.tenant_id = ${tx.tenant_id} AND e.subscription_id = c.subscription_id`);
}

/** When the next step comes, as the index `org_entitlement_due` has it. */
const due_at = `CASE status WHEN 'scheduled' THEN effective_at::timestamptz WHEN 'active' THEN ended_at::timestamptz END`;
const has_a_step = `(status = 'scheduled' OR (status = 'active' AND ended_at IS NOT NULL))`;

/** Those whose next step has come at the tenant's present, the earliest first. */
export async function selectDue(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.rows(sql<{ subscription_id: string }>`
    SELECT subscription_id FROM org_entitlement
     WHERE tenant_id = ${tx.tenant_id} AND ${sql.raw(has_a_step)} AND ${sql.raw(due_at)} <= ${tx.now.toString()}::timestamptz
     ORDER BY ${sql.raw(due_at)}, subscription_id LIMIT ${limit}`);
  return rows.map((row) => row.subscription_id);
}

/** Tenants with a step that has come by the wall clock; one whose test clock stands earlier may have none yet. */
export async function tenantsDue(pool: pg.Pool, moment: string): Promise<string[]> {
  const { rows } = await pool.query<{ tenant_id: string }>(
    `SELECT DISTINCT tenant_id FROM org_entitlement WHERE ${has_a_step} AND ${due_at} <= $1::timestamptz ORDER BY tenant_id`,
    [moment],
  );
  return rows.map((row) => row.tenant_id);
}
