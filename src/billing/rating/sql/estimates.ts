import { sql } from 'kysely';
import type pg from 'pg';
import { canonicalJson, type JsonObject } from '../../../kernel/canonical-json.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';

/** What was answered to these inputs. */
export async function selectEstimate<Result>(db: Db, inputs_hash: Buffer): Promise<Result | undefined> {
  const row = await db.maybe<{ result: Result }>(sql`
    SELECT result FROM pricing_estimate WHERE tenant_id = ${db.tenant_id} AND inputs_hash = ${inputs_hash}`);
  return row?.result;
}

export async function insertEstimate(
  tx: Tx,
  estimate: {
    estimate_id: string;
    org_id: string;
    project_id: string | null;
    inputs: JsonObject;
    inputs_hash: Buffer;
    result: object;
  },
): Promise<void> {
  await tx.write(sql`
    INSERT INTO pricing_estimate (tenant_id, estimate_id, org_id, project_id, inputs, inputs_hash, result, created_at)
    VALUES (${tx.tenant_id}, ${estimate.estimate_id}, ${estimate.org_id}, ${estimate.project_id}, ${canonicalJson(estimate.inputs)}::jsonb,
            ${estimate.inputs_hash}, ${JSON.stringify(estimate.result)}::jsonb, ${tx.now.toString()})
    ON CONFLICT ON CONSTRAINT pricing_estimate_once DO NOTHING`);
}

/** Which tenants have answers from before a moment. */
export async function tenantsWithEstimatesBefore(pool: pg.Pool, moment: string): Promise<string[]> {
  const { rows } = await pool.query<{ tenant_id: string }>(
    'SELECT DISTINCT tenant_id FROM pricing_estimate WHERE created_at < $1',
    [moment],
  );
  return rows.map((row) => row.tenant_id);
}

export async function deleteEstimatesBefore(tx: Tx, moment: string): Promise<void> {
  await tx.write(sql`DELETE FROM pricing_estimate WHERE tenant_id = ${tx.tenant_id} AND created_at < ${moment}`);
}
