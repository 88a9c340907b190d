import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';
import { compile, type Db } from '../../../platform/postgres.ts';
import type { EventRow } from '../model.ts';

/** Which events of the outbox; what is absent does not narrow it. Events that are still pending are never among them: they come anyway. */
export interface EventSelection {
  /** Of `created_at`, RFC 3339, half-open. */
  from?: string | undefined;
  to?: string | undefined;
  types?: readonly string[] | undefined;
  aggregate_type?: string | undefined;
  aggregate_id?: string | undefined;
  org_id?: string | undefined;
  correlation_id?: string | undefined;
  event_ids?: readonly string[] | undefined;
  dead_only?: boolean | undefined;
}

/** In the order of emission: those after one, up to another. */
export interface EventSpan {
  after_seq: string;
  until_seq: string;
}

function selected(db: Db, selection: EventSelection, { after_seq, until_seq }: EventSpan): RawBuilder<unknown> {
  const parts: RawBuilder<unknown>[] = [
    sql`e.tenant_id = ${db.tenant_id} AND e.seq > ${after_seq}::bigint AND e.seq <= ${until_seq}::bigint AND e.status <> 'pending'`,
  ];
  const { from, to, types, aggregate_type, aggregate_id, org_id, correlation_id, event_ids, dead_only } = selection;
  if (from !== undefined) parts.push(sql`e.created_at >= ${from}::timestamptz`);
  if (to !== undefined) parts.push(sql`e.created_at < ${to}::timestamptz`);
  if (types !== undefined) parts.push(sql`e.type = ANY (${[...types]}::text[])`);
  if (aggregate_type !== undefined) parts.push(sql`e.aggregate_type = ${aggregate_type}`);
  if (aggregate_id !== undefined) parts.push(sql`e.aggregate_id = ${aggregate_id}`);
  if (org_id !== undefined) parts.push(sql`e.org_id = ${org_id}`);
  if (correlation_id !== undefined) parts.push(sql`e.correlation_id = ${correlation_id}`);
  if (event_ids !== undefined) parts.push(sql`e.event_id = ANY (${[...event_ids]}::uuid[])`);
  if (dead_only) parts.push(sql`e.status = 'dead'`);
  return sql.join(parts, sql` AND `);
}

/** The last event that the tenant has; '0' without any. */
export async function selectLastSeq(db: Db): Promise<string> {
  const row = await db.one(sql<{ last: string }>`
    SELECT coalesce((SELECT seq FROM billing_events WHERE tenant_id = ${db.tenant_id} ORDER BY seq DESC LIMIT 1), 0)::text AS last`);
  return row.last;
}

export type SelectedEvent = EventRow & { status: string };

/** In the order of emission, at most `limit`. */
export function selectSelected(db: Db, selection: EventSelection, span: EventSpan & { limit: number }): Promise<SelectedEvent[]> {
  return db.rows(sql<SelectedEvent>`
    SELECT e.tenant_id, e.event_id, e.seq, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.org_id, e.data, e.correlation_id,
           e.causation_id, e.created_at, e.attempts, e.status
      FROM billing_events e WHERE ${selected(db, selection, span)} ORDER BY e.seq LIMIT ${span.limit}`);
}

export function countSelected(
  db: Db,
  selection: EventSelection,
  span: EventSpan,
): Promise<{ type: string; events: number; dead: number }[]> {
  return db.rows(sql<{ type: string; events: number; dead: number }>`
    SELECT e.type, count(*)::int AS events, count(*) FILTER (WHERE e.status = 'dead')::int AS dead
      FROM billing_events e WHERE ${selected(db, selection, span)} GROUP BY e.type ORDER BY e.type`);
}

/** How many of the events each reaction has had its effect for. */
export function countHad(
  db: Db,
  selection: EventSelection,
  span: EventSpan,
): Promise<{ type: string; reaction: string; had: number }[]> {
  return db.rows(sql<{ type: string; reaction: string; had: number }>`
    SELECT e.type, i.reaction, count(*)::int AS had
      FROM billing_events e JOIN event_inbox i ON i.tenant_id = e.tenant_id AND i.event_id = e.event_id
     WHERE ${selected(db, selection, span)} GROUP BY e.type, i.reaction ORDER BY e.type, i.reaction`);
}

export async function selectKnown(db: Db, event_ids: readonly string[]): Promise<string[]> {
  const rows = await db.rows(sql<{ event_id: string }>`
    SELECT event_id FROM billing_events WHERE tenant_id = ${db.tenant_id} AND event_id = ANY (${[...event_ids]}::uuid[])`);
  return rows.map((row) => row.event_id);
}

/** Which of some events a reaction has had its effect for. */
export async function selectHad(db: Db, event_ids: readonly string[]): Promise<{ event_id: string; reaction: string }[]> {
  return db.rows(sql<{ event_id: string; reaction: string }>`
    SELECT event_id, reaction FROM event_inbox WHERE tenant_id = ${db.tenant_id} AND event_id = ANY (${[...event_ids]}::uuid[])`);
}

/** Gives dead events their attempts anew, as the role `relay`. */
export async function reviveDead(
  relay: pg.Pool,
  { tenant_id, event_ids }: { tenant_id: string; event_ids: readonly string[] },
): Promise<void> {
  await relay.query(
    compile(sql`
      UPDATE billing_events SET status = 'pending', attempts = 0, next_attempt_at = clock_timestamp(), last_error = NULL
       WHERE tenant_id = ${tenant_id} AND event_id = ANY (${[...event_ids]}::uuid[]) AND status = 'dead'`),
  );
}
