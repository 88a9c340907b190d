import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { EventEntry } from '../model.ts';

export interface NewEvent {
  event_id: string;
  type: string;
  version: number;
  source: string;
  aggregate_type: string;
  aggregate_id: string;
  org_id: string | null;
  data: unknown;
}

/** One statement for any number of events; they keep their order. */
export async function insertEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  await tx.write(sql`
    INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id,
      causation_id, created_at)
    SELECT ${tx.tenant_id}, e.event_id, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.org_id, e.data,
           ${tx.correlation_id}, ${tx.causation_id}, ${tx.now.toString()}::timestamptz
      FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS (event_id uuid, type text, version int, source text,
             aggregate_type text, aggregate_id text, org_id uuid, data jsonb)) WITH ORDINALITY AS e
     ORDER BY e.ordinality`);
}

/** Claims the right to the effect of a reaction; false when it took effect already. Waits for one that is under way. */
export async function insertInbox(tx: Tx, event_id: string, reaction: string): Promise<boolean> {
  const rows = await tx.write(sql`
    INSERT INTO event_inbox (tenant_id, event_id, reaction, at) VALUES (${tx.tenant_id}, ${event_id}, ${reaction}, ${tx.now.toString()})
    ON CONFLICT DO NOTHING RETURNING 1`);
  return rows.length === 1;
}

export interface EventFilter {
  type?: string;
  aggregate_id?: string;
  correlation_id?: string;
  org_ids: readonly string[] | null;
  limit: number;
}

/** Newest first; `seq` is unique and tells a reader where it was, nothing more. */
export function selectEvents(
  db: Db,
  filter: EventFilter & { below_seq: string | null },
): Promise<(EventEntry & { seq: string })[]> {
  return db.rows(sql<EventEntry & { seq: string }>`
    SELECT event_id, seq, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id, causation_id, status, attempts,
           position, created_at, published_at, last_error
      FROM billing_events
     WHERE tenant_id = ${db.tenant_id}
       ${filter.type === undefined ? sql`` : sql`AND type = ${filter.type}`}
       ${filter.aggregate_id === undefined ? sql`` : sql`AND aggregate_id = ${filter.aggregate_id}`}
       ${filter.correlation_id === undefined ? sql`` : sql`AND correlation_id = ${filter.correlation_id}`}
       ${filter.org_ids === null ? sql`` : sql`AND org_id = ANY (${filter.org_ids}::uuid[])`}
       ${filter.below_seq === null ? sql`` : sql`AND seq < ${filter.below_seq}`}
     ORDER BY seq DESC
     LIMIT ${filter.limit + 1}`);
}
