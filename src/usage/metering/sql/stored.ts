import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';

/** Those of the request ids that the tenant has stored an event under. */
export function selectStoredIds(db: Db, request_ids: readonly string[]): Promise<{ request_id: string }[]> {
  return db.rows(sql<{ request_id: string }>`
    SELECT request_id FROM metering_event WHERE tenant_id = ${db.tenant_id} AND request_id = ANY (${[...request_ids]}::text[])`);
}
