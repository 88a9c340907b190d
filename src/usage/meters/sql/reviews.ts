import { sql } from 'kysely';
import type { Actor, Db, Tx } from '../../../platform/postgres.ts';
import { inUtc } from '../decide/reading.ts';
import type { ReadingRule, Reason, Review, ReviewStatus } from '../model/readings.ts';
import { readingOf, readings } from './readings.ts';

export function selectRulesOf(db: Db, meter_id: string, sku: string): Promise<ReadingRule[]> {
  return db.rows(sql<ReadingRule>`${rules} WHERE tenant_id = ${db.tenant_id} AND (meter_id = ${meter_id} OR sku = ${sku})`);
}

export function selectRules(
  db: Db,
  filter: { sku: string | null; meter_id: string | null; below: string | null; limit: number },
): Promise<ReadingRule[]> {
  return db.rows(sql<ReadingRule>`
    ${rules}
     WHERE tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR rule_id < ${filter.below}::uuid)
       AND (${filter.sku}::text IS NULL OR sku = ${filter.sku}::text) AND (${filter.meter_id}::uuid IS NULL OR meter_id = ${filter.meter_id}::uuid)
     ORDER BY rule_id DESC LIMIT ${filter.limit + 1}`);
}

export async function insertRule(tx: Tx, rule: Omit<ReadingRule, 'created_at'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO reading_rule (tenant_id, rule_id, sku, meter_id, kind, action, threshold, created_at)
    VALUES (${tx.tenant_id}, ${rule.rule_id}, ${rule.sku}, ${rule.meter_id}, ${rule.kind}, ${rule.action}, ${rule.threshold}, ${tx.now.toString()})`);
}

export async function deleteRule(tx: Tx, rule_id: string): Promise<ReadingRule | undefined> {
  const rows = await tx.write<ReadingRule>(sql`
    DELETE FROM reading_rule WHERE tenant_id = ${tx.tenant_id} AND rule_id = ${rule_id}
    RETURNING rule_id, sku, meter_id, kind, action, trim_scale(threshold)::text AS threshold, created_at`);
  return rows[0];
}

export async function insertReviews(
  tx: Tx,
  rows: readonly { review_id: string; reading_id: string; reasons: readonly Reason[] }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.write(sql`
    INSERT INTO reading_review (tenant_id, review_id, reading_id, reasons, created_at)
    SELECT ${tx.tenant_id}, review_id, reading_id, reasons::jsonb, ${tx.now.toString()}::timestamptz
      FROM unnest(${rows.map((row) => row.review_id)}::uuid[], ${rows.map((row) => row.reading_id)}::uuid[], ${rows.map((row) => JSON.stringify(row.reasons))}::text[])
           AS r(review_id, reading_id, reasons)`);
}

/** Nobody else decides it until the transaction ends. */
export async function lockReview(tx: Tx, review_id: string): Promise<boolean> {
  const rows = await tx.rows(
    sql`SELECT FROM reading_review WHERE tenant_id = ${tx.tenant_id} AND review_id = ${review_id} FOR NO KEY UPDATE`,
  );
  return rows.length === 1;
}

export async function updateReview(
  tx: Tx,
  review_id: string,
  decision: { status: ReviewStatus; note: string | null; corrected_by: string | null },
): Promise<void> {
  await tx.write(sql`
    UPDATE reading_review SET status = ${decision.status}, note = ${decision.note}, corrected_by = ${decision.corrected_by},
           decided_by = ${JSON.stringify(tx.actor satisfies Actor)}::jsonb, decided_at = ${tx.now.toString()}
     WHERE tenant_id = ${tx.tenant_id} AND review_id = ${review_id}`);
}

export async function selectReview(db: Db, review_id: string): Promise<Review | undefined> {
  const found = await db.maybe(sql<Review>`${reviews} WHERE v.tenant_id = ${db.tenant_id} AND v.review_id = ${review_id}`);
  return found && reviewOf(found);
}

/** Newest first, one more than the limit. */
export async function selectReviews(
  db: Db,
  filter: { status: ReviewStatus | null; meter_id: string | null; below: string | null; limit: number },
): Promise<Review[]> {
  const rows = await db.rows(sql<Review>`
    ${reviews}
     WHERE v.tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR v.review_id < ${filter.below}::uuid)
       AND (${filter.status}::text IS NULL OR v.status = ${filter.status}::text)
       AND (${filter.meter_id}::uuid IS NULL OR reading.meter_id = ${filter.meter_id}::uuid)
     ORDER BY v.review_id DESC LIMIT ${filter.limit + 1}`);
  return rows.map(reviewOf);
}

/** Times inside of documents come as JSON has them in the database. */
function reviewOf(row: Review): Review {
  const { reading, before } = row;
  return {
    ...row,
    reading: { ...readingOf(reading), time: inUtc(reading.time), created_at: inUtc(reading.created_at) },
    before: before && { ...before, time: inUtc(before.time) },
  };
}

const rules = sql`SELECT rule_id, sku, meter_id, kind, action, trim_scale(threshold)::text AS threshold, created_at FROM reading_rule`;

const reviews = sql`
  SELECT v.review_id, v.status, v.reasons, to_jsonb(reading) AS reading, e.identifier, r.unit, v.note, v.corrected_by, v.decided_by, v.decided_at, v.created_at,
         (SELECT jsonb_build_object('time', b.read_at, 'value', trim_scale(b.value)::text) FROM meter_reading b
           WHERE (b.tenant_id, b.meter_id, b.register) = (v.tenant_id, reading.meter_id, reading.register) AND b.state = 'counted' AND b.read_at < reading.time
           ORDER BY b.read_at DESC, b.is_last LIMIT 1) AS before
    FROM reading_review v
    CROSS JOIN LATERAL (${readings} WHERE m.tenant_id = v.tenant_id AND m.reading_id = v.reading_id) reading
    JOIN meter_register r ON (r.tenant_id, r.meter_id, r.register) = (v.tenant_id, reading.meter_id, reading.register)
    JOIN meter e ON (e.tenant_id, e.meter_id) = (v.tenant_id, reading.meter_id)`;
