import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import type { MeteringEvent } from '../model.ts';

export type EventRow = Omit<MeteringEvent, 'leaf'> & { leaf: Buffer; xid: string };

/** Newest first: by time within an organization, by arrival over all of them. */
export async function selectEvents(
  db: Db,
  filter: {
    org_id: string | null;
    org_ids: readonly string[] | null;
    sku: string | null;
    from: string | null;
    to: string | null;
    before: readonly [string, string] | null;
    limit: number;
  },
): Promise<EventRow[]> {
  const { org_id, org_ids, sku, from, to, before } = filter;
  const [place, type] = org_id === null ? [sql`e.xid`, sql`xid8`] : [sql`e.event_time`, sql`timestamptz`];
  return db.rows(sql<EventRow>`
    SELECT e.event_id, e.request_id, e.org_id, e.project_id, e.sku, trim_scale(e.quantity)::text AS quantity, trim_scale(e.amount)::text AS amount,
           e.properties, e.event_time AS time, e.source, e.metadata, e.voids, e.amends, e.leaf, e.received_at, e.xid::text
      FROM metering_event e
     WHERE e.tenant_id = ${db.tenant_id}
       ${org_id === null ? sql`` : sql`AND e.org_id = ${org_id}`}
       ${org_ids === null ? sql`` : sql`AND e.org_id = ANY (${[...org_ids]}::uuid[])`}
       ${sku === null ? sql`` : sql`AND e.sku = ${sku}`}
       ${from === null ? sql`` : sql`AND e.event_time >= ${from}::timestamptz`}
       ${to === null ? sql`` : sql`AND e.event_time < ${to}::timestamptz`}
       ${before === null ? sql`` : sql`AND ${place} <= ${before[0]}::${type} AND (${place}, e.request_id) < (${before[0]}::${type}, ${before[1]})`}
     ORDER BY ${place} DESC, e.request_id COLLATE "C" DESC
     LIMIT ${filter.limit + 1}`);
}
