import type pg from 'pg';

// As the role `relay`: the months of the outbox, and those that went into the document store.

/** Makes the partitions of this month and of some that come. Answers how many were missing. */
export async function openMonths(relay: pg.Pool, ahead: number): Promise<number> {
  const { rows } = await relay.query<{ opened: number }>('SELECT event_months_open($1) AS opened', [ahead]);
  return rows[0]!.opened;
}

/** One process archives at a time: false where another does. Ended by `endArchiving`, or with the connection. */
export async function beginArchiving(client: pg.ClientBase): Promise<boolean> {
  const result = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock(7310014) AS mine');
  if (result.rows[0]!.mine) await client.query("SET statement_timeout = '30min'");
  return result.rows[0]!.mine;
}

export async function endArchiving(client: pg.ClientBase): Promise<void> {
  await client.query('RESET statement_timeout; SELECT pg_advisory_unlock(7310014)');
}

export interface MonthHere {
  /** YYYY-MM-01. */
  month: string;
  events: number;
  /** Of them, not routed: pending, on their way, or dead. */
  unrouted: number;
}

/** Months before `month` (YYYY-MM-01) that have a partition, oldest first. */
export async function selectMonths(client: pg.ClientBase, month: string): Promise<MonthHere[]> {
  const { rows } = await client.query<MonthHere>(
    `SELECT m.month::text, (SELECT count(*) FROM billing_events e WHERE e.recorded_at >= m.month::timestamp AT TIME ZONE 'UTC'
              AND e.recorded_at < (m.month + interval '1 month')::timestamp AT TIME ZONE 'UTC')::int AS events,
            (SELECT count(*) FROM billing_events e WHERE e.recorded_at >= m.month::timestamp AT TIME ZONE 'UTC'
              AND e.recorded_at < (m.month + interval '1 month')::timestamp AT TIME ZONE 'UTC' AND e.routed_at IS NULL)::int AS unrouted
       FROM (SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'billing_events'::regclass AND c.relname ~ '^billing_events_[0-9]{4}_[0-9]{2}$') m
      WHERE m.month < $1::date ORDER BY m.month`,
    [month],
  );
  return rows;
}

/** The events of a month as lines of its document: each as JSON with its reactions, in order of tenant and position. Within a transaction. */
export async function* readMonth(client: pg.ClientBase, month: string): AsyncGenerator<string[]> {
  await client.query(`
    DECLARE month NO SCROLL CURSOR FOR
    SELECT (to_jsonb(e) || jsonb_build_object('reactions', coalesce(
             (SELECT jsonb_agg(jsonb_build_object('reaction', i.reaction, 'at', i.at) ORDER BY i.at, i.reaction) FROM event_inbox i
               WHERE i.tenant_id = e.tenant_id AND i.event_id = e.event_id AND i.recorded_at = e.recorded_at), '[]'::jsonb)))::text AS line
      FROM billing_events e
     WHERE e.recorded_at >= '${month}'::timestamp AT TIME ZONE 'UTC' AND e.recorded_at < ('${month}'::date + interval '1 month')::timestamp AT TIME ZONE 'UTC'
     ORDER BY e.tenant_id, e.position`);
  for (;;) {
    const { rows } = await client.query<{ line: string }>('FETCH 2000 FROM month');
    if (rows.length === 0) break;
    yield rows.map((row) => row.line);
  }
  await client.query('CLOSE month');
}

export interface MonthArchive {
  month: string;
  document: string;
  bytes: number;
  sha256: Buffer;
  events: number;
}

/** Keeps what the document holds; what an earlier try left, whose events are still here, is replaced. */
export async function upsertArchive(
  client: pg.ClientBase,
  { month, document, bytes, sha256, events }: MonthArchive,
): Promise<void> {
  await client.query(
    `INSERT INTO event_archive AS a (month, document, bytes, sha256, events, verified_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())
     ON CONFLICT (month) DO UPDATE SET document = excluded.document, bytes = excluded.bytes, sha256 = excluded.sha256, events = excluded.events,
       verified_at = excluded.verified_at WHERE a.dropped_at IS NULL`,
    [month, document, bytes, sha256, events],
  );
}

/** Takes the events of an archived month away. False where one of them is not routed after all. */
export async function dropMonth(client: pg.ClientBase, month: string): Promise<boolean> {
  const { rows } = await client.query<{ gone: boolean }>('SELECT event_month_archived($1) AS gone', [month]);
  return rows[0]!.gone;
}
