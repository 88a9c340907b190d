import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import type { Subscription } from '../model.ts';

/** Of these organizations, what runs on, will run, or ended after it was last billed. */
export function selectUnbilled(db: Db, org_ids: readonly string[]): Promise<Subscription[]> {
  return db.rows(sql<Subscription>`
    SELECT subscription_id, org_id, plan_id, overrides, effective_at, ended_at, billed_until, created_at FROM org_entitlement
     WHERE tenant_id = ${db.tenant_id} AND org_id = ANY (${[...org_ids]}::uuid[])
       AND (ended_at IS NULL OR (ended_at > effective_at AND ended_at > coalesce(billed_until, effective_at)))
     ORDER BY subscription_id`);
}

export async function selectSubscribers(db: Db): Promise<string[]> {
  const rows = await db.rows(sql<{ org_id: string }>`
    SELECT DISTINCT org_id FROM org_entitlement WHERE tenant_id = ${db.tenant_id} ORDER BY org_id`);
  return rows.map((row) => row.org_id);
}
