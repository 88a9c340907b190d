import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { EventEntry, EventStatus } from '../model.ts';

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
  const { kind, id } = tx.actor;
  const metadata = { actor: { kind, id }, ...(tx.request_id === null ? {} : { http_request_id: tx.request_id }) };
  await tx.write(sql`
    INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, metadata, correlation_id,
      causation_id, created_at)
    SELECT ${tx.tenant_id}, e.event_id, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.org_id, e.data,
           ${JSON.stringify(metadata)}::jsonb, ${tx.correlation_id}, ${tx.causation_id}, ${tx.now.toString()}::timestamptz
      FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS (event_id uuid, type text, version int, source text,
             aggregate_type text, aggregate_id text, org_id uuid, data jsonb)) WITH ORDINALITY AS e
     ORDER BY e.ordinality`);
}

/** Claims the right to the effect of a reaction; false when it took effect already. Waits for one that is under way. */
export async function insertInbox(
  tx: Tx,
  { event_id, recorded_at, reaction }: { event_id: string; recorded_at: string; reaction: string },
): Promise<boolean> {
  const rows = await tx.write(sql`
    INSERT INTO event_inbox (tenant_id, event_id, reaction, at, recorded_at)
    VALUES (${tx.tenant_id}, ${event_id}, ${reaction}, ${tx.now.toString()}, ${recorded_at}) ON CONFLICT DO NOTHING RETURNING 1`);
  return rows.length === 1;
}

export interface EventFilter {
  type?: string;
  aggregate_id?: string;
  correlation_id?: string;
  status?: EventStatus;
  /** Of `created_at`: from then, and before then. */
  from?: string;
  to?: string;
}

const columns = sql`event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, metadata, correlation_id, causation_id,
  CASE WHEN routed_at IS NULL THEN status ELSE 'routed' END AS status, attempts, position, created_at, published_at, routed_at, last_error`;

const statuses: Record<EventStatus, RawBuilder<unknown>> = {
  pending: sql`AND status = 'pending'`,
  published: sql`AND status = 'published' AND routed_at IS NULL`,
  routed: sql`AND routed_at IS NOT NULL`,
  dead: sql`AND status = 'dead'`,
};

function matching(filter: EventFilter): RawBuilder<unknown> {
  return sql`
       ${filter.type === undefined ? sql`` : sql`AND type = ${filter.type}`}
       ${filter.aggregate_id === undefined ? sql`` : sql`AND aggregate_id = ${filter.aggregate_id}`}
       ${filter.correlation_id === undefined ? sql`` : sql`AND correlation_id = ${filter.correlation_id}`}
       ${filter.status === undefined ? sql`` : statuses[filter.status]}
       ${filter.from === undefined ? sql`` : sql`AND created_at >= ${filter.from}::timestamptz`}
       ${filter.to === undefined ? sql`` : sql`AND created_at < ${filter.to}::timestamptz`}`;
}

function visible(org_ids: readonly string[] | null): RawBuilder<unknown> {
  return org_ids === null ? sql`` : sql`AND org_id = ANY (${org_ids}::uuid[])`;
}

/** Newest first; `seq` is unique and tells a reader where it was, nothing more. */
export function selectEvents(
  db: Db,
  filter: EventFilter & { org_ids: readonly string[] | null; limit: number; below_seq: string | null },
): Promise<(EventEntry & { seq: string })[]> {
  return db.rows(sql<EventEntry & { seq: string }>`
    SELECT seq, ${columns} FROM billing_events
     WHERE tenant_id = ${db.tenant_id} ${matching(filter)} ${visible(filter.org_ids)}
       ${filter.below_seq === null ? sql`` : sql`AND seq < ${filter.below_seq}`}
     ORDER BY seq DESC LIMIT ${filter.limit + 1}`);
}

export function selectEvent(db: Db, event_id: string, org_ids: readonly string[] | null): Promise<EventEntry | undefined> {
  return db.maybe(sql<EventEntry>`
    SELECT ${columns} FROM billing_events WHERE tenant_id = ${db.tenant_id} AND event_id = ${event_id} ${visible(org_ids)}`);
}

export function selectReactions(db: Db, event_id: string): Promise<{ reaction: string; at: string }[]> {
  return db.rows(sql<{ reaction: string; at: string }>`
    SELECT reaction, at FROM event_inbox WHERE tenant_id = ${db.tenant_id} AND event_id = ${event_id} ORDER BY at, reaction`);
}

/** Those of many events, in the order in which they took effect. */
export function selectReactionsOf(
  db: Db,
  event_ids: readonly string[],
): Promise<{ event_id: string; reaction: string; at: string }[]> {
  return db.rows(sql<{ event_id: string; reaction: string; at: string }>`
    SELECT event_id, reaction, at FROM event_inbox WHERE tenant_id = ${db.tenant_id} AND event_id = ANY (${event_ids}::uuid[]) ORDER BY at, reaction`);
}

/** In order of emission. */
export function selectCaused(
  db: Db,
  event_id: string,
  { org_ids, limit }: { org_ids: readonly string[] | null; limit: number },
): Promise<EventEntry[]> {
  return db.rows(sql<EventEntry>`
    SELECT ${columns} FROM billing_events WHERE tenant_id = ${db.tenant_id} AND causation_id = ${event_id} ${visible(org_ids)}
     ORDER BY seq LIMIT ${limit}`);
}

/** In order of emission. */
export function selectCorrelated(
  db: Db,
  correlation_id: string,
  { org_ids, limit }: { org_ids: readonly string[] | null; limit: number },
): Promise<EventEntry[]> {
  return db.rows(sql<EventEntry>`
    SELECT ${columns} FROM billing_events WHERE tenant_id = ${db.tenant_id} AND correlation_id = ${correlation_id} ${visible(org_ids)}
     ORDER BY seq LIMIT ${limit}`);
}

export interface PositionQuery {
  /** '0' from the beginning. */
  after_position: string;
  limit: number;
  types?: readonly string[] | undefined;
  org_ids: readonly string[] | null;
}

/** In order of position. */
export function selectAfter(db: Db, query: PositionQuery): Promise<EventEntry[]> {
  return db.rows(sql<EventEntry>`
    SELECT ${columns} FROM billing_events
     WHERE tenant_id = ${db.tenant_id} AND position > ${query.after_position}::bigint
       ${query.types === undefined ? sql`` : sql`AND type = ANY (${query.types}::text[])`} ${visible(query.org_ids)}
     ORDER BY position LIMIT ${query.limit}`);
}

/** The position of the newest published event of the tenant; '0' while there is none. */
export async function selectLastPosition(db: Db): Promise<string> {
  const row = await db.maybe(sql<{ last: string }>`SELECT last FROM event_position WHERE tenant_id = ${db.tenant_id}`);
  return row?.last ?? '0';
}

/** Ids of events that are not pending, oldest first. */
export async function selectToRedispatch(
  db: Db,
  filter: EventFilter & { org_ids: readonly string[] | null; limit: number },
): Promise<string[]> {
  const rows = await db.rows(sql<{ event_id: string }>`
    SELECT event_id FROM billing_events
     WHERE tenant_id = ${db.tenant_id} AND status <> 'pending' ${matching(filter)} ${visible(filter.org_ids)}
     ORDER BY seq LIMIT ${filter.limit}`);
  return rows.map((row) => row.event_id);
}

/** Sends the events through the router again; answers how many. */
export async function redispatch(tx: Tx, event_ids: readonly string[]): Promise<number> {
  const [row] = await tx.write(sql<{ done: number }>`SELECT event_redispatch(${event_ids}::uuid[])::int AS done`);
  return row!.done;
}
