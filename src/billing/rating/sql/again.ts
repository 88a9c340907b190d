import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import { type ChargeRow, chargeColumns } from '../sql.ts';

export interface PeriodFilter {
  org_id: string | null;
  /** Local dates, half-open: periods that have a day of it. */
  from: string | null;
  to: string | null;
  after: string | null;
  limit: number;
}

export interface PeriodAgainRow {
  billed_period_id: string;
  kind: 'period' | 'adjustment';
  subscription_id: string;
  org_id: string;
  run_id: string;
  from: string;
  to: string;
  billed_at: string;
  charges: { charge_id: string; sku: string | null; from: string; to: string }[];
}

/** Billed periods in order of id, retired ones too, each with where its charges for usage lie. */
export function selectPeriods(db: Db, filter: PeriodFilter): Promise<PeriodAgainRow[]> {
  return db.rows(sql<PeriodAgainRow>`
    SELECT p.billed_period_id, p.kind, p.subscription_id, p.org_id, p.run_id, lower(p.during) AS "from", upper(p.during) AS "to", p.created_at AS billed_at,
           coalesce((SELECT jsonb_agg(jsonb_build_object('charge_id', c.charge_id, 'sku', c.sku, 'from', utc_text(lower(c.during)), 'to', utc_text(upper(c.during)))
                                      ORDER BY c.charge_id)
                       FROM charge c WHERE c.tenant_id = p.tenant_id AND c.billed_period_id = p.billed_period_id), '[]') AS charges
      FROM billed_period p
     WHERE p.tenant_id = ${db.tenant_id} AND (${filter.after}::uuid IS NULL OR p.billed_period_id > ${filter.after})
       AND (${filter.org_id}::uuid IS NULL OR p.org_id = ${filter.org_id})
       AND (${filter.from}::date IS NULL OR p.to_date > ${filter.from}::date) AND (${filter.to}::date IS NULL OR p.from_date < ${filter.to}::date)
     ORDER BY p.billed_period_id LIMIT ${filter.limit}`);
}

export type ActionRow = ChargeRow & { request_id: string };

/** One organization's charges outside cycles, in order of id. */
export function selectActions(db: Db, filter: { org_id: string; after: string | null; limit: number }): Promise<ActionRow[]> {
  return db.rows(sql<ActionRow>`
    SELECT ${chargeColumns}, request_id FROM charge
     WHERE tenant_id = ${db.tenant_id} AND kind = 'action' AND org_id = ${filter.org_id} AND (${filter.after}::uuid IS NULL OR charge_id > ${filter.after})
     ORDER BY charge_id LIMIT ${filter.limit}`);
}

/** Organizations that were charged outside cycles, in order of id. */
export async function selectActionOrganizations(
  db: Db,
  filter: { org_id: string | null; after: string | null; limit: number },
): Promise<string[]> {
  const rows = await db.rows(sql<{ org_id: string }>`
    SELECT DISTINCT org_id FROM charge
     WHERE tenant_id = ${db.tenant_id} AND kind = 'action' AND (${filter.org_id}::uuid IS NULL OR org_id = ${filter.org_id})
       AND (${filter.after}::uuid IS NULL OR org_id > ${filter.after}) ORDER BY org_id LIMIT ${filter.limit}`);
  return rows.map((row) => row.org_id);
}
