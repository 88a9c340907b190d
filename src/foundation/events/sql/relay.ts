import type pg from 'pg';
import type { EventRow } from '../model.ts';

// As the role `relay`, across tenants. Times here are the database's own, so that no two workers' clocks can disagree.

/** First half of the advisory lock that a worker holds while it lives; its number is the other half. */
export const worker_lock = 7310010;

export type Stage = 'publish' | 'route';

/** Held while claiming: two workers that claim at once could each take a part of one aggregate. */
const claim_locks: Record<Stage, number> = { publish: 7310011, route: 7310013 };

/** An event in a worker's hands. */
export type Claimed = EventRow & {
  /** By what the lease knows its aggregate. */
  aggregate: string;
  /** It has no position yet. */
  is_pending: boolean;
  /** An earlier event of its aggregate is published and not routed. */
  is_blocked: boolean;
  /** More of its aggregate may be there than was taken. */
  is_cut: boolean;
};

export interface Batch {
  lease_id: string;
  /** Whole beginnings of aggregates, in order of `seq`. */
  events: Claimed[];
}

/** How much a worker takes, and of whom. */
export interface Take {
  worker: number;
  limit: number;
  /** Each tenant that has something gets its turn; from here on, in order of ids, and round. */
  from_tenant: string;
  /** Tenants of which the worker has enough in hand. */
  except: readonly string[];
}

const most_tenants = 64;

const columns = `e.tenant_id, e.event_id, e.seq, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.org_id, e.data, e.correlation_id,
  e.causation_id, e.created_at, e.recorded_at, e.attempts`;

const livingWorkers = `
  SELECT objid::bigint FROM pg_locks
   WHERE locktype = 'advisory' AND classid = ${worker_lock}::int::oid AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const heldBy = (stage: Stage) => `
  SELECT unnest(l.aggregates) AS aggregate FROM event_lease l
   WHERE l.stage = '${stage}' AND l.until > clock_timestamp() AND l.worker IN (${livingWorkers})`;

/**
 * The tenants with events of a kind, from the one after $3 on and round, $4 of them at the most, and how many of $2 events each may give: a step
 * of the index a tenant, however many events it has. So nobody's backlog is in the way of another's.
 */
const turnsOf = (kind: string) => `
  ahead(tenant_id, n) AS (
    (SELECT e.tenant_id, 1 FROM billing_events e WHERE ${kind} AND e.tenant_id > $3::uuid ORDER BY e.tenant_id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id, a.n + 1 FROM ahead a CROSS JOIN LATERAL
      (SELECT e.tenant_id FROM billing_events e WHERE ${kind} AND e.tenant_id > a.tenant_id ORDER BY e.tenant_id LIMIT 1) next WHERE a.n < $4),
  behind(tenant_id, n) AS (
    (SELECT e.tenant_id, 1 FROM billing_events e WHERE ${kind} AND e.tenant_id <= $3::uuid ORDER BY e.tenant_id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id, b.n + 1 FROM behind b CROSS JOIN LATERAL
      (SELECT e.tenant_id FROM billing_events e WHERE ${kind} AND e.tenant_id > b.tenant_id AND e.tenant_id <= $3::uuid ORDER BY e.tenant_id LIMIT 1) next
     WHERE b.n < $4),
  turns AS MATERIALIZED (
    SELECT tenant_id FROM (SELECT tenant_id, 0 AS lap, n FROM ahead UNION ALL SELECT tenant_id, 1, n FROM behind) t
     WHERE tenant_id <> ALL ($5::uuid[]) ORDER BY lap, n LIMIT $4),
  shares AS (SELECT tenant_id, greatest(1, $2::int / (SELECT count(*) FROM turns)) AS share FROM turns)`;

const leaseOf = (stage: Stage, taken: string) => `
  INSERT INTO event_lease (worker, stage, until, aggregates, tenant_ids, event_ids)
  SELECT $1::int, '${stage}', clock_timestamp() + interval '1 minute', array_agg(DISTINCT aggregate), array_agg(tenant_id), array_agg(event_id)
    FROM ${taken} HAVING count(*) > 0 RETURNING lease_id`;

/**
 * Leases pending events, each tenant's oldest first, of aggregates of which no event is leased or waits for another attempt. So an aggregate is in
 * one worker's hands at a time. The lease ends after a minute, or at once when the worker that took it is gone.
 */
export async function claimPending(relay: pg.Pool, take: Take): Promise<Batch | null> {
  const { batch } = await claim(relay, 'publish', {
    name: 'claim-pending',
    text: `
      WITH RECURSIVE held AS MATERIALIZED (
        ${heldBy('publish')}
        UNION ALL SELECT event_aggregate(e.tenant_id, e.aggregate_type, e.aggregate_id) FROM billing_events e
         WHERE e.status = 'pending' AND e.attempts > 0 AND e.next_attempt_at > clock_timestamp()),
      ${turnsOf("e.status = 'pending'")},
      due AS MATERIALIZED (
        SELECT d.* FROM shares s CROSS JOIN LATERAL (
          SELECT ${columns}, event_aggregate(e.tenant_id, e.aggregate_type, e.aggregate_id) AS aggregate FROM billing_events e
           WHERE e.tenant_id = s.tenant_id AND e.status = 'pending'
             -- NOT IN, for here it is hashed and leaves the scan in the order of seq, where LIMIT ends it; none of these is ever null.
             AND event_aggregate(e.tenant_id, e.aggregate_type, e.aggregate_id) NOT IN (SELECT aggregate FROM held)
           ORDER BY e.seq LIMIT s.share) d),
      lease AS (${leaseOf('publish', 'due')})
      SELECT due.*, lease.lease_id, true AS is_pending, false AS is_cut,
             EXISTS (SELECT FROM billing_events p WHERE p.tenant_id = due.tenant_id AND p.aggregate_type = due.aggregate_type AND p.aggregate_id = due.aggregate_id
                        AND p.status = 'published' AND p.routed_at IS NULL AND p.seq < due.seq) AS is_blocked
        FROM due CROSS JOIN lease`,
    values: [take.worker, take.limit, take.from_tenant, most_tenants, take.except],
  });
  return batch;
}

/** What the router asks for beside, or in place of, what is due. */
export interface Wanted {
  /** False: only what is named here. */
  due: boolean;
  /** Events that came from the bus. */
  events: readonly { tenant_id: string; event_id: string }[];
  /** Aggregates of which more may be there. */
  aggregates: readonly { tenant_id: string; aggregate_type: string; aggregate_id: string }[];
}

/**
 * Leases what is published and not routed: of each aggregate with a due or wanted event, all from its oldest on, up to one that waits for another
 * attempt. What is due behind such a one is put off, and counted, so that it is not looked at again and again; it is taken with the one it waits for.
 * What was wanted while somebody else has its aggregate is due from now on.
 */
export async function claimUnrouted(
  relay: pg.Pool,
  take: Take,
  wanted: Wanted,
): Promise<{ batch: Batch | null; put_off: number }> {
  const { due, events, aggregates } = wanted;
  const unrouted = "e.status = 'published' AND e.routed_at IS NULL";
  return claim(relay, 'route', {
    name: 'claim-unrouted',
    text: `
      WITH RECURSIVE held AS MATERIALIZED (${heldBy('route')}),
      ${turnsOf(`${unrouted} AND $6::boolean`)},
      due AS MATERIALIZED (
        SELECT d.* FROM shares s CROSS JOIN LATERAL (
          SELECT e.tenant_id, e.event_id, e.recorded_at, e.aggregate_type, e.aggregate_id, event_aggregate(e.tenant_id, e.aggregate_type, e.aggregate_id) AS aggregate
            FROM billing_events e WHERE e.tenant_id = s.tenant_id AND ${unrouted} AND e.next_attempt_at <= statement_timestamp()
           ORDER BY e.next_attempt_at LIMIT s.share) d),
      wanted AS MATERIALIZED (
        SELECT e.tenant_id, e.event_id, e.recorded_at, e.aggregate_type, e.aggregate_id, event_aggregate(e.tenant_id, e.aggregate_type, e.aggregate_id) AS aggregate
          FROM unnest($7::uuid[], $8::uuid[]) AS w (tenant_id, event_id) JOIN billing_events e ON e.tenant_id = w.tenant_id AND e.event_id = w.event_id
         WHERE ${unrouted}),
      heads AS MATERIALIZED (
        SELECT *, greatest(1, $2::int / count(*) OVER ()) AS most FROM (
          SELECT DISTINCT tenant_id, aggregate_type, aggregate_id, aggregate FROM (
            SELECT tenant_id, aggregate_type, aggregate_id, aggregate FROM due
            UNION ALL SELECT tenant_id, aggregate_type, aggregate_id, aggregate FROM wanted
            UNION ALL SELECT tenant_id, aggregate_type, aggregate_id, event_aggregate(tenant_id, aggregate_type, aggregate_id)
              FROM unnest($9::uuid[], $10::text[], $11::text[]) AS a (tenant_id, aggregate_type, aggregate_id)) h
           WHERE aggregate NOT IN (SELECT aggregate FROM held) AND tenant_id <> ALL ($5::uuid[]) LIMIT $2::int) h),
      taken AS MATERIALIZED (
        SELECT t.* FROM heads h CROSS JOIN LATERAL (
          SELECT o.*, bool_and(NOT o.is_waiting) OVER (ORDER BY o.seq) AS is_free, count(*) OVER () >= h.most AS is_cut FROM (
            SELECT ${columns}, h.aggregate, e.attempts > 0 AND e.next_attempt_at > statement_timestamp() AS is_waiting FROM billing_events e
             WHERE e.tenant_id = h.tenant_id AND e.aggregate_type = h.aggregate_type AND e.aggregate_id = h.aggregate_id AND ${unrouted}
             ORDER BY e.seq LIMIT h.most) o) t
         WHERE t.is_free),
      lease AS (${leaseOf('route', 'taken')}),
      -- Whatever somebody is at just now is left alone: waiting for each other's rows, two could wait for ever.
      behind_waiting AS (
        SELECT e.tenant_id, e.event_id, e.recorded_at FROM due d JOIN billing_events e
            ON e.tenant_id = d.tenant_id AND e.event_id = d.event_id AND e.recorded_at = d.recorded_at
         WHERE ${unrouted} AND d.aggregate IN (SELECT aggregate FROM heads) AND d.aggregate NOT IN (SELECT aggregate FROM taken)
           FOR NO KEY UPDATE OF e SKIP LOCKED),
      put_off AS (
        UPDATE billing_events e SET next_attempt_at = clock_timestamp() + interval '2 minutes' FROM behind_waiting b
         WHERE e.tenant_id = b.tenant_id AND e.event_id = b.event_id AND e.recorded_at = b.recorded_at RETURNING 1),
      in_other_hands AS (
        SELECT e.tenant_id, e.event_id, e.recorded_at FROM wanted w JOIN billing_events e
            ON e.tenant_id = w.tenant_id AND e.event_id = w.event_id AND e.recorded_at = w.recorded_at
         WHERE ${unrouted} AND e.attempts = 0 AND w.aggregate NOT IN (SELECT aggregate FROM heads)
           FOR NO KEY UPDATE OF e SKIP LOCKED),
      hurried AS (
        UPDATE billing_events e SET next_attempt_at = clock_timestamp() FROM in_other_hands o
         WHERE e.tenant_id = o.tenant_id AND e.event_id = o.event_id AND e.recorded_at = o.recorded_at)
      SELECT taken.*, lease.lease_id, false AS is_pending, false AS is_blocked, p.put_off
        FROM (SELECT count(*)::int AS put_off FROM put_off) p LEFT JOIN (taken CROSS JOIN lease) ON true`,
    values: [
      take.worker,
      take.limit,
      take.from_tenant,
      most_tenants,
      take.except,
      due,
      events.map((it) => it.tenant_id),
      events.map((it) => it.event_id),
      aggregates.map((it) => it.tenant_id),
      aggregates.map((it) => it.aggregate_type),
      aggregates.map((it) => it.aggregate_id),
    ],
  });
}

async function claim(relay: pg.Pool, stage: Stage, query: pg.QueryConfig): Promise<{ batch: Batch | null; put_off: number }> {
  const client = await relay.connect();
  try {
    // Statistics know an outbox that is empty most of the time, and would have a burst sorted whole for each claim; the indexes are in order.
    await client.query(
      `BEGIN; SET LOCAL enable_sort = off; SET LOCAL jit = off; SELECT pg_advisory_xact_lock(${claim_locks[stage]})`,
    );
    await giveBackLost(client, stage);
    const { rows } = await client.query<Claimed & { lease_id: string | null; put_off?: number }>(query);
    await client.query('COMMIT');
    client.release();
    const { lease_id = null, put_off = 0 } = rows[0] ?? {};
    const events = rows.sort((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
    return { batch: lease_id === null ? null : { lease_id, events }, put_off };
  } catch (error) {
    // Closing the connection rolls back, whatever state it is in.
    client.release(true);
    throw error;
  }
}

/** What a worker that is gone had in hand is due at once. It counts as an attempt: an event that ends every process must not do so for ever. */
async function giveBackLost(client: pg.ClientBase, stage: Stage): Promise<void> {
  const { rows } = await client.query<{ tenant_ids: string[]; event_ids: string[] }>({
    name: `lost-${stage}`,
    text: `DELETE FROM event_lease WHERE stage = '${stage}' AND worker NOT IN (${livingWorkers}) RETURNING tenant_ids::text[], event_ids::text[]`,
  });
  for (const { tenant_ids, event_ids } of rows)
    await client.query(
      `WITH lost AS (
         SELECT e.tenant_id, e.event_id, e.recorded_at FROM unnest($1::uuid[], $2::uuid[]) AS l (tenant_id, event_id) JOIN billing_events e USING (tenant_id, event_id)
          WHERE e.routed_at IS NULL AND e.status = $3 ORDER BY e.tenant_id, e.seq FOR NO KEY UPDATE OF e)
       UPDATE billing_events e SET attempts = e.attempts + 1, next_attempt_at = least(e.next_attempt_at, clock_timestamp()) FROM lost
        WHERE e.tenant_id = lost.tenant_id AND e.event_id = lost.event_id AND e.recorded_at = lost.recorded_at`,
      [tenant_ids, event_ids, stage === 'publish' ? 'pending' : 'published'],
    );
}

export interface Settlement {
  event: Pick<EventRow, 'tenant_id' | 'event_id' | 'recorded_at'>;
  /** `unpublished` and `unrouted` stay at their stage, `published` and `unrouted` get a position where there is none. */
  outcome: 'published' | 'unpublished' | 'routed' | 'unrouted' | 'dead';
  /** When it is due next. */
  delay_ms: number;
  attempts: number;
  last_error: string | null;
}

/** What becomes of a worker's leases with its settlements. */
export interface Release {
  /** Leases of which nothing is in hand any more. */
  ended: readonly string[];
  /** Leases of which something is, and the aggregates of which nothing is. */
  shortened: readonly string[];
  aggregates: readonly string[];
}

/** What was settled in effect, and the seconds since it was recorded. */
export interface Settled {
  outcome: Settlement['outcome'];
  age_s: number;
}

/**
 * Keeps what became of events, in one statement with their leases' end, and gives each tenant's newly published ones the next positions in their
 * order. What somebody else has settled meanwhile stays as it is. The tenant's counter stays locked until the commit, so no position
 * shows before those below it.
 */
export async function settleEvents(
  relay: pg.Pool,
  stage: Stage,
  settlements: readonly Settlement[],
  release: Release,
): Promise<Settled[]> {
  const { rows } = await relay.query<Settled>({
    name: 'settle',
    text: `
      WITH given AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::int[], $6::int[], $7::text[])
          AS g (tenant_id, event_id, recorded_at, outcome, delay_ms, attempts, last_error)),
      held AS MATERIALIZED (
        SELECT g.*, e.seq, e.position IS NULL AND g.outcome IN ('published', 'routed', 'unrouted') AS is_new
          FROM given g JOIN billing_events e ON e.tenant_id = g.tenant_id AND e.event_id = g.event_id AND e.recorded_at = g.recorded_at
           -- Not written as equalities, whose partial indexes are the wrong ones to find these by.
         WHERE coalesce(e.routed_at, '-infinity') = '-infinity' AND e.status NOT IN ('dead') AND ($8 <> 'publish' OR e.status NOT IN ('published'))
         ORDER BY e.tenant_id, e.seq FOR NO KEY UPDATE OF e),
      numbered AS MATERIALIZED (SELECT *, CASE WHEN is_new THEN row_number() OVER (PARTITION BY tenant_id, is_new ORDER BY seq) END AS nth FROM held),
      counted AS MATERIALIZED (SELECT tenant_id, count(*) AS n FROM numbered WHERE is_new GROUP BY tenant_id ORDER BY tenant_id),
      placed AS (
        INSERT INTO event_position AS p (tenant_id, last) SELECT tenant_id, n FROM counted
        ON CONFLICT (tenant_id) DO UPDATE SET last = p.last + excluded.last RETURNING p.tenant_id, p.last),
      settled AS (
        UPDATE billing_events e
           SET status = CASE h.outcome WHEN 'dead' THEN 'dead' WHEN 'unpublished' THEN 'pending' ELSE 'published' END,
               position = coalesce(e.position, (SELECT p.last FROM placed p WHERE p.tenant_id = h.tenant_id) - (SELECT c.n FROM counted c WHERE c.tenant_id = h.tenant_id) + h.nth),
               published_at = CASE WHEN h.is_new THEN clock_timestamp() ELSE e.published_at END,
               routed_at = CASE h.outcome WHEN 'routed' THEN clock_timestamp() END,
               attempts = h.attempts, next_attempt_at = clock_timestamp() + h.delay_ms * interval '1 millisecond', last_error = h.last_error
          FROM numbered h
         WHERE e.tenant_id = h.tenant_id AND e.event_id = h.event_id AND e.recorded_at = h.recorded_at
        RETURNING h.outcome, extract(epoch FROM clock_timestamp() - e.recorded_at)::float8 AS age_s),
      ended AS (DELETE FROM event_lease WHERE lease_id = ANY ($9::bigint[])),
      shortened AS (
        UPDATE event_lease l SET aggregates = ARRAY(SELECT a FROM unnest(l.aggregates) AS a WHERE a <> ALL ($11::bigint[])) WHERE l.lease_id = ANY ($10::bigint[])),
      told AS MATERIALIZED (SELECT pg_notify('billing_events_published', tenant_id::text) FROM counted)
      SELECT outcome, age_s FROM settled WHERE (SELECT count(*) FROM told) >= 0`,
    values: [
      settlements.map((it) => it.event.tenant_id),
      settlements.map((it) => it.event.event_id),
      settlements.map((it) => it.event.recorded_at),
      settlements.map((it) => it.outcome),
      settlements.map((it) => it.delay_ms),
      settlements.map((it) => it.attempts),
      settlements.map((it) => it.last_error),
      stage,
      release.ended,
      release.shortened,
      release.aggregates,
    ],
  });
  return rows;
}

export interface Known {
  tenant_id: string;
  event_id: string;
  stage: 'pending' | 'unrouted' | 'done';
}

/** Of these events those that the outbox has, and how far each is. */
export async function selectKnown(relay: pg.Pool, events: readonly { tenant_id: string; event_id: string }[]): Promise<Known[]> {
  const { rows } = await relay.query<Known>({
    name: 'known',
    text: `SELECT DISTINCT e.tenant_id, e.event_id,
                  CASE WHEN e.status = 'pending' THEN 'pending' WHEN e.status = 'published' AND e.routed_at IS NULL THEN 'unrouted' ELSE 'done' END AS stage
             FROM unnest($1::uuid[], $2::uuid[]) AS w (tenant_id, event_id) JOIN billing_events e ON e.tenant_id = w.tenant_id AND e.event_id = w.event_id`,
    values: [events.map((it) => it.tenant_id), events.map((it) => it.event_id)],
  });
  return rows;
}

export interface Backlog {
  pending: number;
  unrouted: number;
  dead: number;
  oldest_pending_s: number;
  oldest_unrouted_s: number;
}

/** What waits, each kind counted up to a hundred thousand. */
export async function selectBacklog(relay: pg.Pool): Promise<Backlog> {
  const some = (kind: string) => `(SELECT recorded_at FROM billing_events WHERE ${kind} LIMIT 100000) AS e`;
  const age = 'coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0)::float8';
  const { rows } = await relay.query<Backlog>(`
    SELECT p.n AS pending, p.age AS oldest_pending_s, u.n AS unrouted, u.age AS oldest_unrouted_s, d.n AS dead
      FROM (SELECT count(*)::int AS n, ${age} AS age FROM ${some("status = 'pending'")}) p,
           (SELECT count(*)::int AS n, ${age} AS age FROM ${some("status = 'published' AND routed_at IS NULL")}) u,
           (SELECT count(*)::int AS n FROM ${some("status = 'dead'")}) d`);
  return rows[0]!;
}
