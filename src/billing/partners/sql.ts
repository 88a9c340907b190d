import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { CommissionRate, PartnerOfRecord } from './model.ts';

const columns = sql`partner_of_record_id, org_id, partner_id, start_at, end_at, status, created_at`;

export async function insertPartnerOfRecord(tx: Tx, record: PartnerOfRecord): Promise<PartnerOfRecord> {
  const [made] = await tx.write<PartnerOfRecord>(sql`
    INSERT INTO partner_of_record (tenant_id, partner_of_record_id, org_id, partner_id, start_at, end_at, status, created_at)
    VALUES (${tx.tenant_id}, ${record.partner_of_record_id}, ${record.org_id}, ${record.partner_id}, ${record.start_at}, ${record.end_at},
            ${record.status}, ${record.created_at}) RETURNING ${columns}`);
  return made!;
}

export async function updatePartnerOfRecord(tx: Tx, record: PartnerOfRecord): Promise<PartnerOfRecord> {
  const [made] = await tx.write<PartnerOfRecord>(sql`
    UPDATE partner_of_record SET end_at = ${record.end_at}, status = ${record.status}
     WHERE partner_of_record_id = ${record.partner_of_record_id} RETURNING ${columns}`);
  return made!;
}

export function lockPartnerOfRecord(tx: Tx, partner_of_record_id: string): Promise<PartnerOfRecord | undefined> {
  return tx.maybe(
    sql`SELECT ${columns} FROM partner_of_record WHERE partner_of_record_id = ${partner_of_record_id} FOR NO KEY UPDATE`,
  );
}

/** Newest first. */
export function selectPartnersOfRecord(
  db: Db,
  query: {
    org_id: string | null;
    partner_id: string | null;
    org_ids: readonly string[] | null;
    limit: number;
    below: string | null;
  },
): Promise<PartnerOfRecord[]> {
  return db.rows(sql`
    SELECT ${columns} FROM partner_of_record
     WHERE (${query.org_id}::uuid IS NULL OR org_id = ${query.org_id}::uuid)
       AND (${query.partner_id}::uuid IS NULL OR partner_id = ${query.partner_id}::uuid)
       AND (${query.org_ids}::uuid[] IS NULL OR org_id = ANY (${query.org_ids}::uuid[]) OR partner_id = ANY (${query.org_ids}::uuid[]))
       AND (${query.below}::uuid IS NULL OR partner_of_record_id < ${query.below}::uuid)
     ORDER BY partner_of_record_id DESC LIMIT ${query.limit}`);
}

/** The same for pairs of organization and moment, each answered by its place in the question, from 1. */
export function selectPartnersOfPairs(
  db: Db,
  asked: readonly { org_id: string; at: string }[],
): Promise<{ n: number; partner_id: string }[]> {
  return db.rows(sql`
    SELECT a.n::int AS n, p.partner_id
      FROM unnest(${asked.map((each) => each.org_id)}::uuid[], ${asked.map((each) => each.at)}::timestamptz[]) WITH ORDINALITY AS a (org_id, at, n)
      JOIN partner_of_record p ON p.org_id = a.org_id AND p.status <> 'disputed' AND p.start_at <= a.at AND (p.end_at IS NULL OR p.end_at > a.at)`);
}

/** At most one for each organization: the exclusion constraint sees to it. */
export function selectPartnersAt(
  db: Db,
  org_ids: readonly string[],
  at: string,
): Promise<{ org_id: string; partner_id: string }[]> {
  return db.rows(sql`
    SELECT org_id, partner_id FROM partner_of_record
     WHERE org_id = ANY (${org_ids}::uuid[]) AND status <> 'disputed'
       AND start_at <= ${at}::timestamptz AND (end_at IS NULL OR end_at > ${at}::timestamptz)`);
}

const rateColumns = sql`partner_tier, sku, trim_scale(pct)::text AS pct, updated_at`;

export function lockCommissionRate(tx: Tx, partner_tier: string, sku: string): Promise<CommissionRate | undefined> {
  return tx.maybe(sql`
    SELECT ${rateColumns} FROM commission_rate WHERE partner_tier = ${partner_tier} AND sku = ${sku} FOR NO KEY UPDATE`);
}

export async function upsertCommissionRate(
  tx: Tx,
  rate: { partner_tier: string; sku: string; pct: string },
): Promise<CommissionRate> {
  const [made] = await tx.write<CommissionRate>(sql`
    INSERT INTO commission_rate (tenant_id, partner_tier, sku, pct, updated_at)
    VALUES (${tx.tenant_id}, ${rate.partner_tier}, ${rate.sku}, ${rate.pct}, ${tx.now.toString()})
    ON CONFLICT (tenant_id, partner_tier, sku) DO UPDATE SET pct = excluded.pct, updated_at = excluded.updated_at RETURNING ${rateColumns}`);
  return made!;
}

/** In order of tier and SKU, those after `after`; all of them without a limit. */
export function selectCommissionRates(
  db: Db,
  query: { partner_tier: string | null; sku: string | null; limit: number | null; after: readonly [string, string] | null },
): Promise<CommissionRate[]> {
  const [tier, sku] = query.after ?? [null, null];
  return db.rows(sql`
    SELECT ${rateColumns} FROM commission_rate
     WHERE (${query.partner_tier}::text IS NULL OR partner_tier = ${query.partner_tier}) AND (${query.sku}::text IS NULL OR sku = ${query.sku})
       AND (${tier}::text IS NULL OR (partner_tier, sku) > (${tier}::text, ${sku}::text))
     ORDER BY partner_tier, sku LIMIT ${query.limit}`);
}
