import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import type { EventEntry } from '../model.ts';

export interface StreamQuery {
  after_position: string;
  limit: number;
  types?: readonly string[];
  org_ids: readonly string[] | null;
}

/** Published events in the order of their positions. */
export function selectEventsAfter(db: Db, query: StreamQuery): Promise<EventEntry[]> {
  return db.rows(sql<EventEntry>`
    SELECT event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id, causation_id, status, attempts,
           position, created_at, published_at, last_error
      FROM billing_events
     WHERE tenant_id = ${db.tenant_id} AND position > ${query.after_position}::bigint
       ${query.types === undefined ? sql`` : sql`AND type = ANY (${query.types}::text[])`}
       ${query.org_ids === null ? sql`` : sql`AND org_id = ANY (${query.org_ids}::uuid[])`}
     ORDER BY position
     LIMIT ${query.limit}`);
}
