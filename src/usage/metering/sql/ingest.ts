import type pg from 'pg';
import type { LatePolicy, Source } from '../model.ts';
import { boolArray, byteaArray, int4Array, textArray, timestamptzArray, uuidArray } from './arrays.ts';
import type { Standing } from './generations.ts';

/** One row that may be stored. What it refers to is in the flush's lists, by position from 1. */
export interface FlushRow {
  request_id: string;
  /** What the request id is known by, in hexadecimal. */
  key: string;
  /** A closed generation has the request id: nothing is stored. */
  is_known: boolean;
  event_id: string;
  org: number;
  sku: number;
  project: number | null;
  quantity: string | null;
  amount: string | null;
  properties: string | null;
  time_us: number;
  source: Source;
  metadata: string | null;
  salt: Buffer;
  leaf: Buffer;
  received_us: number;
  /** Stored only where the SKU counts (true) or does not (false). */
  sku_counts: boolean | null;
}

/** What the row in place `n` corrects. */
export interface FlushCorrection {
  n: number;
  voids: string | null;
  amends: string | null;
  /** Whether the event that is corrected was absorbed. */
  absorbed: boolean;
}

export interface Flush {
  rows: readonly FlushRow[];
  corrections: readonly FlushCorrection[];
  orgs: readonly { tenant_id: string; org_id: string }[];
  skus: readonly { tenant_id: string; sku: string }[];
  projects: readonly { tenant_id: string; project_id: string }[];
  /** The tenants of the rows, each with the id of the event that will report what was stored. */
  reports: readonly { tenant_id: string; event_id: string; now: string }[];
}

export type Refusal =
  | 'org_unknown'
  | 'sku_unknown'
  | 'project_unknown'
  | 'quantity_required'
  | 'quantity_negative'
  | 'period_closed';

/** What is to be said of a row; rows that were stored and are not late are not in the answer. */
export interface FlushedRow {
  /** Position in the flush, from 1. */
  n: number;
  stored: boolean;
  refusal: Refusal | null;
  late_policy: LatePolicy | null;
}

/**
 * Stores what may be stored and is not there yet, and tells the outbox, in one statement of the transaction that `standing` is of. Keys are
 * inserted in their order, so that two flushes never wait for each other in a ring.
 */
export async function flush(client: pg.ClientBase, { hot, sealed }: Standing, batch: Flush): Promise<FlushedRow[]> {
  const { rows, corrections, orgs, skus, projects, reports } = batch;
  const result = await client.query<FlushedRow>({
    name: `metering-flush-${hot % 2}`,
    text: flushStatements[hot % 2]!,
    values: [
      uuidArray(orgs.map((each) => each.tenant_id)),
      uuidArray(orgs.map((each) => each.org_id)),
      uuidArray(skus.map((each) => each.tenant_id)),
      textArray(skus.map((each) => each.sku)),
      uuidArray(projects.map((each) => each.tenant_id)),
      uuidArray(projects.map((each) => each.project_id)),
      uuidArray(reports.map((each) => each.tenant_id)),
      uuidArray(reports.map((each) => each.event_id)),
      reports.map((each) => each.now),
      textArray(rows.map((row) => row.request_id)),
      uuidArray(rows.map((row) => row.event_id)),
      int4Array(rows.map((row) => row.org)),
      int4Array(rows.map((row) => row.sku)),
      int4Array(rows.map((row) => row.project)),
      textArray(rows.map((row) => row.quantity)),
      textArray(rows.map((row) => row.amount)),
      textArray(rows.map((row) => row.properties)),
      timestamptzArray(rows.map((row) => row.time_us)),
      textArray(rows.map((row) => row.source)),
      textArray(rows.map((row) => row.metadata)),
      byteaArray(rows.map((row) => row.salt)),
      byteaArray(rows.map((row) => row.leaf)),
      timestamptzArray(rows.map((row) => row.received_us)),
      boolArray(rows.map((row) => row.sku_counts)),
      int4Array(corrections.map((each) => each.n)),
      textArray(corrections.map((each) => each.voids)),
      textArray(corrections.map((each) => each.amends)),
      boolArray(corrections.map((each) => each.absorbed)),
      uuidArray(rows.map((row) => row.key)),
      boolArray(rows.map((row) => row.is_known)),
      hot,
      sealed !== null,
    ],
  });
  return result.rows;
}

/**
 * Settings of a connection that flushes: what is acknowledged is on disk whatever the server's default says, and lists are joined by
 * hashing, and what they refer to is found by its key, although a plan that is kept cannot know how long lists and tables will be.
 */
export async function prepareForFlush(client: pg.ClientBase): Promise<void> {
  await client.query(
    'SET synchronous_commit = on; SET enable_nestloop = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off',
  );
}

/** By the parity of the hot generation. Its keys are in one table, those of the sealed generation in the other. */
const flushStatements = ['metering_key_0', 'metering_key_1'].map(
  (keys, parity, tables) => `
WITH org AS MATERIALIZED (
  SELECT r.n, r.tenant_id, r.org_id,
         (SELECT o.org_id FROM metering_org o WHERE o.tenant_id = r.tenant_id AND o.org_id = r.org_id) AS known,
         (SELECT c.closed_until FROM usage_closure c WHERE c.tenant_id = r.tenant_id AND c.org_id = r.org_id) AS closed_until
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS r(tenant_id, org_id, n)),
sku AS MATERIALIZED (
  SELECT r.n, r.sku, (SELECT s FROM metering_sku s WHERE s.tenant_id = r.tenant_id AND s.sku = r.sku) AS known
    FROM unnest($3::uuid[], $4::text[]) WITH ORDINALITY AS r(tenant_id, sku, n)),
project AS MATERIALIZED (
  SELECT r.n, r.project_id,
         (SELECT p.org_id FROM metering_project p WHERE p.tenant_id = r.tenant_id AND p.project_id = r.project_id) AS org_id
    FROM unnest($5::uuid[], $6::uuid[]) WITH ORDINALITY AS r(tenant_id, project_id, n)),
item AS MATERIALIZED (
  SELECT i.*, org.tenant_id, org.org_id, sku.sku, project.project_id, c.voids, c.amends, c.absorbed,
         CASE WHEN org.known IS NULL THEN 'org_unknown'
              WHEN (sku.known).sku IS NULL THEN 'sku_unknown'
              WHEN i.project_n IS NOT NULL AND project.org_id IS DISTINCT FROM org.org_id THEN 'project_unknown'
              WHEN i.sku_counts <> ((sku.known).aggregation = 'count') THEN 'quantity_required'
              WHEN i.quantity LIKE '-%' AND c.voids IS NULL AND NOT (sku.known).allow_negative THEN 'quantity_negative'
              WHEN i.event_time < org.closed_until AND (sku.known).late_policy = 'reject' THEN 'period_closed' END AS refusal,
         -- What was billed and is corrected is not absorbed: else the correction would take back without giving.
         CASE WHEN i.event_time < org.closed_until
              THEN CASE WHEN (sku.known).late_policy = 'absorb' AND NOT c.absorbed THEN 'adjust_next' ELSE (sku.known).late_policy END END AS late_policy
    FROM unnest($10::text[], $11::uuid[], $12::int[], $13::int[], $14::int[], $15::text[], $16::text[], $17::text[], $18::timestamptz[],
                $19::text[], $20::text[], $21::bytea[], $22::bytea[], $23::timestamptz[], $24::boolean[], $29::uuid[], $30::boolean[])
         WITH ORDINALITY
         AS i(request_id, event_id, org_n, sku_n, project_n, quantity, amount, properties, event_time, source, metadata, salt, leaf,
              received_at, sku_counts, key, is_known, n)
    JOIN org ON org.n = i.org_n
    JOIN sku ON sku.n = i.sku_n
    LEFT JOIN project ON project.n = i.project_n
    LEFT JOIN unnest($25::int[], $26::text[], $27::text[], $28::boolean[]) AS c(n, voids, amends, absorbed) ON c.n = i.n),
fresh AS (
  INSERT INTO ${keys} (key, salt, leaf)
  SELECT key, salt, leaf FROM item
   WHERE refusal IS NULL AND NOT is_known
     AND CASE WHEN $32 THEN (SELECT false FROM ${tables[1 - parity]} k WHERE k.key = item.key) END IS NULL ORDER BY key
  ON CONFLICT DO NOTHING RETURNING key),
stored AS (
  INSERT INTO metering_event (gen, tenant_id, request_id, event_id, org_id, project_id, sku, quantity, amount, properties, event_time, source,
                              metadata, salt, leaf, absorbed, received_at, voids, amends)
  SELECT $31::int, tenant_id, request_id, event_id, org_id, project_id, sku, quantity::numeric, amount::numeric, properties::jsonb, event_time,
         source, metadata::jsonb, salt, leaf, CASE WHEN voids IS NULL THEN coalesce(late_policy = 'absorb', false) ELSE absorbed END,
         received_at, voids, amends
    FROM item WHERE refusal IS NULL AND key IN (SELECT key FROM fresh) RETURNING tenant_id, event_id),
reported AS (
  INSERT INTO metering_report (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at)
  SELECT r.tenant_id, r.event_id, 'usage.reported', 1, '/tallystick/tenants/' || r.tenant_id, 'usage', r.tenant_id,
         jsonb_build_object('count', s.count), r.event_id, r.now
    FROM unnest($7::uuid[], $8::uuid[], $9::timestamptz[]) AS r(tenant_id, event_id, now)
    JOIN (SELECT tenant_id, count(*) FROM stored GROUP BY tenant_id) s USING (tenant_id))
SELECT n::int, refusal, late_policy, stored
  FROM (SELECT n, refusal, late_policy, refusal IS NULL AND event_id IN (SELECT event_id FROM stored) AS stored FROM item) answer
 WHERE NOT stored OR late_policy IS NOT NULL`,
);
