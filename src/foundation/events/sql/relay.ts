import { sql } from 'kysely';
import type pg from 'pg';
import { compile } from '../../../platform/postgres.ts';
import type { EventRow } from '../model.ts';

// As the role `relay`, across tenants. Times here are the database's own, so that no two dispatchers' clocks can disagree.

/** First half of the advisory lock that a dispatcher holds while it lives; its number is the other half. */
export const dispatcher_lock = 7310010;

/** Held while claiming: two dispatchers that claim at once could each take a part of one aggregate. */
const claim_lock = 7310011;

/**
 * Leases the oldest pending events of aggregates of which no event is leased or waits for another attempt. So an aggregate is in one
 * dispatcher's hands at a time. The lease ends after a minute, or at once when the dispatcher that took it is gone,
 * which its advisory lock tells.
 */
export async function claimEvents(relay: pg.Pool, claim: { dispatcher: number; limit: number }): Promise<EventRow[]> {
  const client = await relay.connect();
  try {
    // Statistics know an outbox that is empty most of the time, and would have a burst sorted whole for each claim; the index is in order.
    await client.query(`BEGIN; SET LOCAL enable_sort = off; SELECT pg_advisory_xact_lock(${claim_lock})`);
    const result = await client.query<EventRow>(
      compile(sql`
        WITH living AS MATERIALIZED (
          SELECT objid::bigint AS dispatcher FROM pg_locks
           WHERE locktype = 'advisory' AND classid = ${dispatcher_lock}::int::oid AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
        -- Only what was tried before can be leased or wait.
        held AS MATERIALIZED (
          SELECT tenant_id, aggregate_type, aggregate_id FROM billing_events
           WHERE status = 'pending' AND attempts > 0 AND (next_attempt_at > clock_timestamp()
             OR (leased_until > clock_timestamp() AND leased_by IN (SELECT dispatcher FROM living)))),
        due AS (
          SELECT e.tenant_id, e.event_id FROM billing_events e
           WHERE e.status = 'pending'
             -- NOT IN, for here it is hashed and leaves the scan in the order of seq, where LIMIT ends it; none of these is ever null.
             AND (e.tenant_id, e.aggregate_type, e.aggregate_id) NOT IN (SELECT tenant_id, aggregate_type, aggregate_id FROM held)
           ORDER BY e.seq LIMIT ${claim.limit} FOR NO KEY UPDATE OF e SKIP LOCKED)
        UPDATE billing_events e
           SET leased_by = ${claim.dispatcher}, leased_until = clock_timestamp() + interval '1 minute', attempts = e.attempts + 1
          FROM due WHERE e.tenant_id = due.tenant_id AND e.event_id = due.event_id
        RETURNING e.tenant_id, e.event_id, e.seq, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.org_id, e.data,
          e.correlation_id, e.causation_id, e.created_at, e.attempts`),
    );
    await client.query('COMMIT');
    client.release();
    return result.rows;
  } catch (error) {
    // Closing the connection rolls back, whatever state it is in.
    client.release(true);
    throw error;
  }
}

/** Gives back what was leased and not tried. */
export async function releaseEvents(relay: pg.Pool, events: readonly Key[]): Promise<void> {
  await relay.query(
    compile(sql`
      UPDATE billing_events e SET leased_by = NULL, leased_until = NULL, attempts = e.attempts - 1
        FROM unnest(${events.map((it) => it.tenant_id)}::uuid[], ${events.map((it) => it.event_id)}::uuid[]) AS given (tenant_id, event_id)
       WHERE e.tenant_id = given.tenant_id AND e.event_id = given.event_id AND e.status = 'pending' AND e.attempts > 0`),
  );
}

type Key = Pick<EventRow, 'tenant_id' | 'event_id'>;

/**
 * Marks events published and gives each tenant's the next positions in their order. What another dispatcher has marked meanwhile
 * gets none. The tenant's counter stays locked until the commit, so no position shows before those below it.
 */
export async function markPublished(relay: pg.Pool, events: readonly Key[]): Promise<number> {
  const result = await relay.query(
    compile(sql`
      WITH held AS (
        SELECT e.tenant_id, e.event_id, e.seq FROM billing_events e
         WHERE (e.tenant_id, e.event_id) IN (
                 SELECT * FROM unnest(${events.map((it) => it.tenant_id)}::uuid[], ${events.map((it) => it.event_id)}::uuid[]))
           -- Not written as = 'pending', whose index is the wrong one to find these by.
           AND e.status NOT IN ('published', 'dead')
         ORDER BY e.tenant_id, e.seq FOR NO KEY UPDATE),
      numbered AS (SELECT tenant_id, event_id, row_number() OVER (PARTITION BY tenant_id ORDER BY seq) AS nth FROM held),
      counted AS (SELECT tenant_id, count(*) AS n FROM held GROUP BY tenant_id ORDER BY tenant_id),
      placed AS (
        INSERT INTO event_position AS p (tenant_id, last) SELECT tenant_id, n FROM counted
        ON CONFLICT (tenant_id) DO UPDATE SET last = p.last + excluded.last RETURNING p.tenant_id, p.last)
      UPDATE billing_events e
         SET status = 'published', position = placed.last - counted.n + numbered.nth, published_at = clock_timestamp(),
             leased_by = NULL, leased_until = NULL, last_error = NULL
        FROM numbered JOIN counted USING (tenant_id) JOIN placed USING (tenant_id)
       WHERE e.tenant_id = numbered.tenant_id AND e.event_id = numbered.event_id`),
  );
  return result.rowCount ?? 0;
}

/** Puts an event back for later, or among the dead, unless it was published meanwhile. */
export async function markFailed(
  relay: pg.Pool,
  event: Key,
  verdict: { status: 'pending' | 'dead'; delay_ms?: number; last_error: string },
): Promise<void> {
  await relay.query(
    compile(sql`
      UPDATE billing_events
         SET status = ${verdict.status}, next_attempt_at = clock_timestamp() + make_interval(secs => ${(verdict.delay_ms ?? 0) / 1000}),
             last_error = ${verdict.last_error}, leased_by = NULL, leased_until = NULL
       WHERE tenant_id = ${event.tenant_id} AND event_id = ${event.event_id} AND status = 'pending'`),
  );
}
