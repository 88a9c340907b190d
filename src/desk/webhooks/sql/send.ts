import { sql } from 'kysely';
import pg from 'pg';
import { compile, type Postgres } from '../../../platform/postgres.ts';
import type { Outcome, Schedule } from '../model.ts';

// As the role `relay`, across tenants. What is due is told by the sender's clock, leases by the database's own.

/** A delivery in a sender's hands. */
export interface Claimed {
  tenant_id: string;
  delivery_id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  kind: 'event' | 'replay' | 'test';
  attempts: number;
  lease: string;
  body: string;
}

/** Where a sender delivers to. */
export interface Endpoint {
  tenant_id: string;
  webhook_id: string;
  url: string;
  schedule: Schedule;
  failing_since: string | null;
  secrets: { secret_id: string; sealed: Buffer }[];
}

const lease_s = 45;

/**
 * Connections of a sender. Its statements are about few rows of tables that are empty in one moment and long in the next, which statistics never
 * know: they are planned once, by the indexes that are made for them.
 */
export function openRelay(postgres: Postgres): pg.Pool {
  const connection = postgres.connection('relay');
  const pool = new pg.Pool({
    ...connection,
    options: `${connection.options} -c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan`,
    max: 3,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
  });
  // One that breaks tells whoever waits for its answer, and is replaced.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Leases what is due: of every endpoint at the most what its lane has room for, the first of each before the second of any. It steps from
 * endpoint to endpoint in the index, so that whatever waits for one does not keep the others from being found. What another sender takes at the
 * same moment is passed over. Nothing waits for the disk: a lease that a crash of the database takes back is a delivery that is sent twice.
 */
export async function claimDeliveries(
  relay: pg.Pool,
  claim: {
    now: string;
    lease: string;
    limit: number;
    /** Room in the lanes that are known; others have `room`. */
    lanes: readonly { webhook_id: string; room: number }[];
    room: number;
  },
): Promise<(Claimed & { endpoint: Endpoint })[]> {
  const claimed = await relay.query<
    Claimed & Omit<Endpoint, 'secrets'> & { secret_ids: string[] | null; sealed: Buffer[] | null }
  >({
    name: 'webhooks.claim',
    ...compile(sql`
      WITH RECURSIVE endpoint AS (
        (SELECT tenant_id, webhook_id FROM webhook_delivery WHERE status = 'pending' ORDER BY tenant_id, webhook_id LIMIT 1)
        UNION ALL
        SELECT next.tenant_id, next.webhook_id FROM endpoint CROSS JOIN LATERAL (
          SELECT d.tenant_id, d.webhook_id FROM webhook_delivery d
           WHERE d.status = 'pending' AND (d.tenant_id, d.webhook_id) > (endpoint.tenant_id, endpoint.webhook_id)
           ORDER BY d.tenant_id, d.webhook_id LIMIT 1) next),
      due AS MATERIALIZED (
        SELECT d.tenant_id, d.delivery_id
          FROM endpoint
          JOIN webhook w ON w.tenant_id = endpoint.tenant_id AND w.webhook_id = endpoint.webhook_id
          LEFT JOIN unnest(${claim.lanes.map((lane) => lane.webhook_id)}::uuid[], ${claim.lanes.map((lane) => lane.room)}::int[])
            AS lane (webhook_id, room) ON lane.webhook_id = endpoint.webhook_id
          CROSS JOIN LATERAL (
            SELECT p.tenant_id, p.delivery_id, row_number() OVER (ORDER BY p.next_attempt_at) AS nth, p.next_attempt_at
              FROM webhook_delivery p
             WHERE p.tenant_id = endpoint.tenant_id AND p.webhook_id = endpoint.webhook_id AND p.status = 'pending'
               AND p.next_attempt_at <= ${claim.now} AND (p.leased_until IS NULL OR p.leased_until <= clock_timestamp())
               AND (p.kind = 'test' OR (w.status = 'enabled' AND (w.paused_until IS NULL OR w.paused_until <= ${claim.now})))
             ORDER BY p.next_attempt_at
             LIMIT coalesce(lane.room, CASE WHEN w.failing_since IS NULL THEN ${claim.room} ELSE 1 END)) d
         ORDER BY d.nth, d.next_attempt_at LIMIT ${claim.limit}),
      free AS MATERIALIZED (
        SELECT d.tenant_id, d.delivery_id FROM webhook_delivery d JOIN due USING (tenant_id, delivery_id)
         -- Not written as = 'pending' nor as <=, whose index is the wrong one to find these by.
         WHERE d.status NOT IN ('delivered', 'failed', 'cancelled') AND (d.next_attempt_at > ${claim.now}) IS NOT TRUE
           AND (d.leased_until IS NULL OR d.leased_until <= clock_timestamp())
           FOR NO KEY UPDATE OF d SKIP LOCKED),
      leased AS (
        UPDATE webhook_delivery d SET lease = ${claim.lease}, leased_until = clock_timestamp() + make_interval(secs => ${lease_s})
          FROM free
         WHERE d.tenant_id = free.tenant_id AND d.delivery_id = free.delivery_id AND set_config('synchronous_commit', 'off', true) IS NOT NULL
        RETURNING d.tenant_id, d.delivery_id, d.webhook_id, d.event_id, d.event_type, d.kind, d.attempts, d.lease)
      SELECT leased.*, m.body, w.url, w.schedule, w.failing_since, s.secret_ids, s.sealed
        FROM leased
        JOIN webhook_message m ON m.tenant_id = leased.tenant_id AND m.event_id = leased.event_id
        JOIN webhook w ON w.tenant_id = leased.tenant_id AND w.webhook_id = leased.webhook_id
        CROSS JOIN LATERAL (
          SELECT array_agg(s.secret_id::text ORDER BY s.created_at DESC) AS secret_ids, array_agg(s.sealed ORDER BY s.created_at DESC) AS sealed
            FROM webhook_secret s
           WHERE s.tenant_id = w.tenant_id AND s.webhook_id = w.webhook_id AND (s.expires_at IS NULL OR s.expires_at > ${claim.now})) s
       ORDER BY leased.delivery_id`),
  });
  return claimed.rows.map(({ url, schedule, failing_since, secret_ids, sealed, ...delivery }) => {
    const { tenant_id, webhook_id } = delivery;
    const secrets = (secret_ids ?? []).map((secret_id, at) => ({ secret_id, sealed: sealed![at]! }));
    return { ...delivery, endpoint: { tenant_id, webhook_id, url, schedule, failing_since, secrets } };
  });
}

/** Gives back what was leased and not tried. */
export async function releaseDeliveries(relay: pg.Pool, deliveries: readonly Claimed[]): Promise<void> {
  await relay.query(
    compile(sql`
      UPDATE webhook_delivery d SET lease = NULL, leased_until = NULL
        FROM unnest(${deliveries.map((it) => it.tenant_id)}::uuid[], ${deliveries.map((it) => it.delivery_id)}::uuid[],
               ${deliveries.map((it) => it.lease)}::uuid[]) AS given (tenant_id, delivery_id, lease)
       WHERE d.tenant_id = given.tenant_id AND d.delivery_id = given.delivery_id AND d.lease = given.lease`),
  );
}

/** An attempt that leaves its delivery delivered or waiting. */
export interface Recorded {
  delivery: Claimed;
  outcome: Outcome;
  /** Null where it was delivered. */
  next_attempt_at: string | null;
}

/**
 * Puts any number of attempts on record, of one delivery at the most one. An attempt counts whoever holds the lease by now; only the holder says
 * when the next one is, but what was taken is delivered.
 */
export async function recordAttempts(relay: pg.Pool, records: readonly Recorded[]): Promise<void> {
  const ordered = records.toSorted((a, b) => (a.delivery.delivery_id < b.delivery.delivery_id ? -1 : 1));
  const given = ordered.map(({ delivery, outcome, next_attempt_at }) => ({
    tenant_id: delivery.tenant_id,
    delivery_id: delivery.delivery_id,
    webhook_id: delivery.webhook_id,
    lease: delivery.lease,
    delivered: next_attempt_at === null,
    next_attempt_at,
    ...outcome,
    error_code: outcome.error?.code ?? null,
    error_detail: outcome.error?.detail ?? null,
  }));
  await relay.query({
    name: 'webhooks.record',
    ...compile(sql`
      WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(${JSON.stringify(given)}::json) AS (tenant_id uuid, delivery_id uuid, webhook_id uuid, lease uuid,
          delivered boolean, next_attempt_at timestamptz, url text, address inet, request_headers jsonb,
          status int, response_headers jsonb, response_body text, response_cut boolean, error_code text, error_detail text, started_at timestamptz,
          duration_ms int)),
      -- In the order in which they are given, so that nobody locks them in another.
      held AS MATERIALIZED (
        SELECT given.*, d.status AS was, d.lease AS held_by, d.attempts
          FROM given CROSS JOIN LATERAL (
            SELECT d.status, d.lease, d.attempts FROM webhook_delivery d
             WHERE d.tenant_id = given.tenant_id AND d.delivery_id = given.delivery_id FOR NO KEY UPDATE) d),
      counted AS (
        UPDATE webhook_delivery d
           SET attempts = held.attempts + 1,
               -- What was taken stays delivered, with the status that says so, whatever a late attempt meets.
               last_status = CASE WHEN held.was = 'delivered' AND NOT held.delivered THEN d.last_status ELSE held.status END,
               last_error = CASE WHEN held.was = 'delivered' AND NOT held.delivered THEN d.last_error ELSE held.error_code END,
               status = CASE WHEN held.delivered AND held.was <> 'failed' THEN 'delivered' ELSE held.was END,
               next_attempt_at = CASE WHEN held.delivered OR held.was <> 'pending' THEN NULL
                                      WHEN held.held_by = held.lease THEN held.next_attempt_at ELSE d.next_attempt_at END,
               lease = CASE WHEN held.delivered OR held.held_by = held.lease THEN NULL ELSE held.held_by END,
               leased_until = CASE WHEN held.delivered OR held.held_by = held.lease THEN NULL ELSE d.leased_until END,
               finished_at = CASE WHEN held.delivered AND held.was IN ('pending', 'cancelled') THEN clock_timestamp() ELSE d.finished_at END
          FROM held WHERE d.tenant_id = held.tenant_id AND d.delivery_id = held.delivery_id
        RETURNING held.*, d.attempts AS number)
      INSERT INTO webhook_delivery_attempt (tenant_id, delivery_id, number, webhook_id, url, address, request_headers, status, response_headers,
        response_body, response_cut, error_code, error_detail, started_at, duration_ms)
      SELECT tenant_id, delivery_id, number, webhook_id, url, address, request_headers, status, response_headers, response_body, response_cut,
             error_code, error_detail, started_at, duration_ms
        FROM counted`),
  });
}

/** What attempts say of an endpoint. */
export interface Telling {
  tenant_id: string;
  webhook_id: string;
  /** Null where something was delivered; else since when nothing was, if that is news. */
  failing_since: string | null;
  pause_until: string | null;
}

/** Apart from the attempts, whose transactions would else wait for each other here. */
export async function updateTold(relay: pg.Pool, tellings: readonly Telling[]): Promise<void> {
  await relay.query(
    compile(sql`
      WITH told AS MATERIALIZED (
        SELECT w.tenant_id, w.webhook_id, given.failing_since, given.pause_until
          FROM webhook w JOIN unnest(${tellings.map((it) => it.tenant_id)}::uuid[], ${tellings.map((it) => it.webhook_id)}::uuid[],
                 ${tellings.map((it) => it.failing_since)}::timestamptz[], ${tellings.map((it) => it.pause_until)}::timestamptz[])
            AS given (tenant_id, webhook_id, failing_since, pause_until) USING (tenant_id, webhook_id)
         ORDER BY w.tenant_id, w.webhook_id FOR NO KEY UPDATE OF w)
      UPDATE webhook w
         SET failing_since = CASE WHEN told.failing_since IS NOT NULL THEN coalesce(w.failing_since, told.failing_since) END,
             paused_until = coalesce(told.pause_until, w.paused_until)
        FROM told WHERE w.tenant_id = told.tenant_id AND w.webhook_id = told.webhook_id`),
  );
}

/** Deletes what was finished before `before`, a batch at a time. Answers how many deliveries and messages went. */
export async function deleteFinished(relay: pg.Pool, before: string, limit: number): Promise<number> {
  const result = await relay.query<{ gone: number }>(
    compile(sql`
      WITH old AS MATERIALIZED (
        SELECT tenant_id, delivery_id FROM webhook_delivery WHERE status <> 'pending' AND finished_at < ${before}
         ORDER BY finished_at LIMIT ${limit} FOR UPDATE SKIP LOCKED),
      attempts AS (DELETE FROM webhook_delivery_attempt a USING old WHERE a.tenant_id = old.tenant_id AND a.delivery_id = old.delivery_id),
      letters AS (DELETE FROM webhook_dlq q USING old WHERE q.tenant_id = old.tenant_id AND q.delivery_id = old.delivery_id),
      deliveries AS (
        DELETE FROM webhook_delivery d USING old WHERE d.tenant_id = old.tenant_id AND d.delivery_id = old.delivery_id RETURNING 1)
      SELECT count(*)::int AS gone FROM deliveries`),
  );
  return result.rows[0]?.gone ?? 0;
}

/** Deletes bodies and replays of which no delivery is left, a batch at a time. Answers how many went. */
export async function deleteUnused(relay: pg.Pool, before: string, limit: number): Promise<number> {
  const result = await relay.query<{ gone: number }>(
    compile(sql`
      WITH old AS MATERIALIZED (
        SELECT tenant_id, event_id FROM webhook_message m
         WHERE created_at < ${before} AND NOT EXISTS (
           SELECT FROM webhook_delivery d WHERE d.tenant_id = m.tenant_id AND d.event_id = m.event_id)
         ORDER BY created_at LIMIT ${limit}),
      messages AS (DELETE FROM webhook_message m USING old WHERE m.tenant_id = old.tenant_id AND m.event_id = old.event_id RETURNING 1),
      replays AS (
        DELETE FROM webhook_replay r
         WHERE finished_at < ${before} AND NOT EXISTS (
           SELECT FROM webhook_delivery d WHERE d.tenant_id = r.tenant_id AND d.webhook_id = r.webhook_id AND d.replay_id = r.replay_id)
        RETURNING 1)
      SELECT (SELECT count(*)::int FROM messages) + (SELECT count(*)::int FROM replays) AS gone`),
  );
  return result.rows[0]?.gone ?? 0;
}
