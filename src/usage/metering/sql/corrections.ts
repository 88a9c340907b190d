import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';
import type { Actor, Db } from '../../../platform/postgres.ts';
import type { StoredEvent } from '../model.ts';
import { textArray, uuidArray } from './arrays.ts';
import type { EventRow } from './events.ts';

/** What a stored event `e` was made of. */
export const originalColumns = sql`
  e.request_id, e.sku, trim_scale(e.quantity)::text AS quantity, trim_scale(e.amount)::text AS amount, e.properties, e.org_id, e.project_id,
  e.event_time AS time, e.source, e.metadata, e.voids, e.amends, e.absorbed`;

/** The events of these request ids, as their leaves have them. */
export async function selectOriginals(db: Db, request_ids: readonly string[]): Promise<StoredEvent[]> {
  return readAndLetGo(
    db,
    sql<StoredEvent>`
    ${foundById(db, request_ids)}
    SELECT ${originalColumns} FROM found e`,
  );
}

export type LinkedEventRow = EventRow & { amended_by: string | null };

/** The events of these request ids as answers show them, each with what stands in its place. */
export async function selectLinkedEvents(db: Db, request_ids: readonly string[]): Promise<LinkedEventRow[]> {
  return readAndLetGo(
    db,
    sql<LinkedEventRow>`
    ${foundById(db, request_ids)}
    SELECT e.event_id, e.request_id, e.org_id, e.project_id, e.sku, trim_scale(e.quantity)::text AS quantity, trim_scale(e.amount)::text AS amount,
           e.properties, e.event_time AS time, e.source, e.metadata, e.voids, e.amends, e.leaf, e.received_at, e.xid::text,
           (SELECT r.request_id FROM metering_event r WHERE r.tenant_id = e.tenant_id AND r.amends = e.request_id) AS amended_by
      FROM found e`,
  );
}

/**
 * Reads, and lets go of the tables at once: a transaction that then waits for ingest's must not hold the tables of keys, which whoever closes a
 * generation empties while ingest waits for that.
 */
async function readAndLetGo<T>(db: Db, query: RawBuilder<T>): Promise<T[]> {
  await db.rows(sql`SAVEPOINT by_id`);
  const rows = await db.rows(query);
  await db.rows(sql`ROLLBACK TO SAVEPOINT by_id`);
  await db.rows(sql`RELEASE SAVEPOINT by_id`);
  return rows;
}

/**
 * The events of these request ids, as `found`. Closed generations are asked by their index over request ids. The others have none: there, the
 * table of keys tells by which transactions the events arrived, each of which stored some thousands at the most. Tables of keys that a crash
 * has emptied tell nothing until something is stored again: until then the events are read.
 */
function foundById(db: Db, request_ids: readonly string[]): RawBuilder<unknown> {
  const is_filled = (table: string) =>
    sql`EXISTS (SELECT FROM ${sql.ref(table)} WHERE key = '00000000-0000-0000-0000-000000000000')`;
  return sql`
    WITH wanted AS MATERIALIZED (
      SELECT k.request_id, metering_key(${db.tenant_id}, k.request_id) AS key FROM unnest(${textArray(request_ids)}::text[]) AS k(request_id)),
    closed AS MATERIALIZED (
      SELECT (SELECT e FROM metering_event e WHERE e.gen = g.gen AND e.tenant_id = ${db.tenant_id} AND e.request_id = w.request_id) AS e
        FROM wanted w CROSS JOIN metering_generation g WHERE g.state = 'closed'),
    arrival AS MATERIALIZED (
      SELECT k.xid FROM wanted JOIN metering_key_0 k USING (key) UNION SELECT k.xid FROM wanted JOIN metering_key_1 k USING (key)),
    found AS (
      SELECT (e).* FROM closed WHERE (e).request_id IS NOT NULL
      UNION ALL
      -- One arrival after another, by its index: what is not known of a hot generation must not make it be read whole.
      SELECT e.* FROM arrival a CROSS JOIN LATERAL (
               SELECT * FROM metering_event WHERE tenant_id = ${db.tenant_id} AND xid = a.xid OFFSET 0) e
       WHERE e.request_id IN (SELECT request_id FROM wanted)
      UNION ALL
      SELECT e.* FROM metering_event e
       WHERE NOT (${is_filled('metering_key_0')} AND ${is_filled('metering_key_1')}) AND e.tenant_id = ${db.tenant_id}
         AND e.request_id IN (SELECT request_id FROM wanted) AND e.gen NOT IN (SELECT gen FROM metering_generation WHERE state = 'closed'))`;
}

/** What is put on record of one correction. */
export interface CorrectionRecord {
  audit_id: string;
  action: 'usage_event.voided' | 'usage_event.amended';
  request_id: string;
  org_id: string;
  before: string;
  after: string;
}

/** Who corrects, when, and by which request. */
export interface CorrectionScope {
  tenant_id: string;
  at: string;
  actor: Actor;
  request_id: string | null;
  correlation_id: string;
}

/** Writes the audit's entries in the transaction of the corrections. */
export async function insertCorrectionRecords(
  client: pg.PoolClient,
  { tenant_id, at, actor, request_id, correlation_id }: CorrectionScope,
  records: readonly CorrectionRecord[],
): Promise<void> {
  await client.query(
    `INSERT INTO metering_audit (tenant_id, audit_id, at, actor_kind, actor_id, actor_name, action, target_type, target_id, org_id, before, after,
                                 request_id, correlation_id)
     SELECT $1, r.audit_id, $2, $3, $4, $5, r.action, 'usage_event', r.target_id, r.org_id, r.before::jsonb, r.after::jsonb, $6, $7
       FROM unnest($8::uuid[], $9::text[], $10::text[], $11::uuid[], $12::text[], $13::text[]) AS r(audit_id, action, target_id, org_id, before, after)`,
    [
      tenant_id,
      at,
      actor.kind,
      actor.id,
      actor.name ?? null,
      request_id,
      correlation_id,
      uuidArray(records.map((each) => each.audit_id)),
      textArray(records.map((each) => each.action)),
      textArray(records.map((each) => each.request_id)),
      uuidArray(records.map((each) => each.org_id)),
      textArray(records.map((each) => each.before)),
      textArray(records.map((each) => each.after)),
    ],
  );
}

/** Tells the outbox in the transaction of the corrections. */
export async function insertCorrectionReport(
  client: pg.PoolClient,
  { tenant_id, at, correlation_id }: CorrectionScope,
  report: { event_id: string; type: string; version: number; data: object },
): Promise<void> {
  await client.query(
    `INSERT INTO metering_report (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at)
     VALUES ($1, $2, $3, $4, '/tallystick/tenants/' || $1::uuid, 'usage', $1::uuid::text, $5, $6, $7)`,
    [tenant_id, report.event_id, report.type, report.version, JSON.stringify(report.data), correlation_id, at],
  );
}
