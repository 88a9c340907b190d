/**
 * The outbox by months of recording, with what an event's way has beyond its publication: routed, or dead at either stage. Leases stand in a
 * table of their own, one row a batch, so that an event's row changes once at each stage.
 */
const months = /* sql */ `
-- The month of a moment, in UTC.
CREATE FUNCTION event_month(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_trunc('month', at AT TIME ZONE 'UTC')::date;

-- A partition of the outbox and of the inbox for a month that has none. What a month's events did before it had one, in the default partition,
-- comes along.
CREATE FUNCTION event_month_open(month date) RETURNS boolean LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  suffix text := to_char(month, '_YYYY_MM');
  starts timestamptz := month::timestamp AT TIME ZONE 'UTC';
  ends timestamptz := (month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
  name text;
  astray boolean;
BEGIN
  IF to_regclass('billing_events' || suffix) IS NOT NULL THEN
    RETURN false;
  END IF;
  astray := EXISTS (SELECT FROM billing_events_default WHERE recorded_at >= starts AND recorded_at < ends);
  IF astray THEN
    ALTER TABLE event_inbox_default DISABLE TRIGGER USER;
    ALTER TABLE billing_events_default DISABLE TRIGGER USER;
    CREATE TEMP TABLE astray_inbox ON COMMIT DROP AS SELECT * FROM event_inbox_default WHERE recorded_at >= starts AND recorded_at < ends;
    CREATE TEMP TABLE astray_events ON COMMIT DROP AS SELECT * FROM billing_events_default WHERE recorded_at >= starts AND recorded_at < ends;
    DELETE FROM event_inbox_default WHERE recorded_at >= starts AND recorded_at < ends;
    DELETE FROM billing_events_default WHERE recorded_at >= starts AND recorded_at < ends;
    ALTER TABLE billing_events_default ENABLE TRIGGER USER;
    ALTER TABLE event_inbox_default ENABLE TRIGGER USER;
    ALTER TABLE event_inbox_default ENABLE ALWAYS TRIGGER deny_row;
  END IF;
  FOREACH name IN ARRAY ARRAY['billing_events', 'event_inbox'] LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name || suffix, name, starts, ends);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name || suffix);
  END LOOP;
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER deny_row', 'event_inbox' || suffix);
  IF astray THEN
    INSERT INTO billing_events OVERRIDING SYSTEM VALUE SELECT * FROM astray_events;
    INSERT INTO event_inbox SELECT * FROM astray_inbox;
    DROP TABLE astray_inbox, astray_events;
  END IF;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION event_month_open(date) FROM PUBLIC;

-- Opens this month, those to come, and those that went into the default partition; answers how many. One process at a time, and giving up
-- soon where a transaction that hangs is in the way: there is time to try again.
CREATE FUNCTION event_months_open(ahead int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tally, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  month date;
  wanted date[];
  opened int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7310012);
  wanted := ARRAY(
    SELECT (event_month(clock_timestamp()) + make_interval(months => n))::date FROM generate_series(0, least(ahead, 24)) AS n
    UNION SELECT event_month(recorded_at) FROM billing_events_default ORDER BY 1);
  FOREACH month IN ARRAY wanted LOOP
    IF event_month_open(month) THEN
      opened := opened + 1;
    END IF;
  END LOOP;
  RETURN opened;
END $$;
REVOKE ALL ON FUNCTION event_months_open(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_months_open(int) TO tally_relay;
`;

const content =
  'tenant_id, event_id, seq, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id, causation_id, created_at';
/** The window through which ingest tells what it stored has a name of its own room: it is made to look at the table of this name. */
const window = /* sql */ `
DO $$ BEGIN
  EXECUTE format('CREATE OR REPLACE VIEW %I WITH (security_invoker = true) AS SELECT tenant_id, event_id, type, version, source, aggregate_type,
    aggregate_id, data, correlation_id, created_at FROM billing_events', 'metering_report');
END $$;`;

export const up = /* sql */ `
SELECT drop_audit_rule('E1 event position gap'), drop_audit_rule('E2 event dead');
ALTER TABLE event_inbox RENAME TO event_inbox_before;
ALTER TABLE billing_events RENAME TO billing_events_before;
-- Row-level security would hide their rows from what follows.
ALTER TABLE event_inbox_before NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_events_before NO FORCE ROW LEVEL SECURITY;

CREATE TABLE billing_events (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  -- The order of emission. It is not the order of commits, so nothing may read "what came after the last seq": see position.
  seq bigint GENERATED ALWAYS AS IDENTITY,
  type text NOT NULL CHECK (type ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
  version int NOT NULL CHECK (version >= 1),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
  aggregate_type text NOT NULL CHECK (length(aggregate_type) BETWEEN 1 AND 100),
  aggregate_id text NOT NULL CHECK (length(aggregate_id) BETWEEN 1 AND 500),
  org_id uuid NULL,
  data jsonb NOT NULL CHECK (jsonb_typeof(data) = 'object'),
  -- Who and what set it off, where that is known: actor, and the id of the HTTP request.
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 2000),
  correlation_id text NOT NULL CHECK (length(correlation_id) BETWEEN 1 AND 200),
  causation_id text NULL CHECK (length(causation_id) BETWEEN 1 AND 200),
  created_at tsok NOT NULL,
  -- The database's own time, whatever the tenant's clock says. It decides the month that keeps the event.
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What follows is the state of delivery, which only the relay changes. Its times are the database's own, too.
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'published', 'dead')),
  -- Failures at the stage that the event is in, and when it is due there.
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  position bigint NULL CHECK (position >= 1),
  published_at timestamptz NULL,
  routed_at timestamptz NULL,
  last_error text NULL CHECK (length(last_error) <= 2000),
  CONSTRAINT billing_events_once PRIMARY KEY (tenant_id, event_id, recorded_at),
  CONSTRAINT billing_events_published_has_position CHECK ((position IS NULL) = (published_at IS NULL)
    AND (status <> 'published' OR position IS NOT NULL) AND (status <> 'pending' OR position IS NULL)),
  CONSTRAINT billing_events_routed_is_published CHECK (routed_at IS NULL OR status = 'published'),
  CONSTRAINT billing_events_dead_has_reason CHECK (status <> 'dead' OR last_error IS NOT NULL)
) PARTITION BY RANGE (recorded_at);
SELECT tenant_table('billing_events');
CREATE UNIQUE INDEX billing_events_at_position ON billing_events (tenant_id, position, recorded_at) WHERE position IS NOT NULL;
CREATE INDEX billing_events_waiting ON billing_events (tenant_id, seq) WHERE status = 'pending';
CREATE INDEX billing_events_waiting_again ON billing_events (tenant_id) WHERE status = 'pending' AND attempts > 0;
-- The order within an aggregate, and when each is due: of what is published and not routed.
CREATE INDEX billing_events_unrouted ON billing_events (tenant_id, aggregate_type, aggregate_id, seq) WHERE status = 'published' AND routed_at IS NULL;
CREATE INDEX billing_events_unrouted_due ON billing_events (tenant_id, next_attempt_at) WHERE status = 'published' AND routed_at IS NULL;
CREATE INDEX billing_events_dead ON billing_events (tenant_id, seq) WHERE status = 'dead';
CREATE INDEX billing_events_in_order ON billing_events (tenant_id, seq);
CREATE INDEX billing_events_of_aggregate ON billing_events (tenant_id, aggregate_id, seq);
CREATE INDEX billing_events_of_type ON billing_events (tenant_id, type, seq);
CREATE INDEX billing_events_of_correlation ON billing_events (tenant_id, correlation_id, seq);
CREATE INDEX billing_events_of_cause ON billing_events (tenant_id, causation_id, seq) WHERE causation_id IS NOT NULL;

-- A new event is pending: its state is nobody's to choose, and its time of recording the database's.
REVOKE INSERT ON billing_events FROM tally_app;
GRANT INSERT (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, metadata, correlation_id, causation_id, created_at)
  ON billing_events TO tally_app, tally_ingest;
CREATE POLICY ingest ON billing_events FOR INSERT TO tally_ingest WITH CHECK (true);
CREATE POLICY relay ON billing_events TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT ON billing_events TO tally_relay;
GRANT UPDATE (status, attempts, next_attempt_at, position, published_at, routed_at, last_error) ON billing_events TO tally_relay;
-- For the functions below, which run as the owner.
CREATE POLICY months ON billing_events TO tally_owner USING (true) WITH CHECK (true);

CREATE OR REPLACE FUNCTION billing_events_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an event is never deleted' USING ERRCODE = '42501', CONSTRAINT = 'billing_events_kept';
  END IF;
  RAISE EXCEPTION 'what an event says, and that it was published, never changes' USING ERRCODE = '42501', CONSTRAINT = 'billing_events_kept';
END $$;
CREATE TRIGGER billing_events_kept BEFORE UPDATE OF ${content}, metadata, recorded_at OR DELETE
  ON billing_events FOR EACH ROW EXECUTE FUNCTION billing_events_kept();
CREATE TRIGGER billing_events_position_kept BEFORE UPDATE ON billing_events FOR EACH ROW
  WHEN (OLD.position IS NOT NULL AND (NEW.position IS DISTINCT FROM OLD.position OR NEW.published_at IS DISTINCT FROM OLD.published_at OR NEW.status = 'pending'))
  EXECUTE FUNCTION billing_events_kept();

CREATE TABLE event_inbox (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  reaction text NOT NULL CHECK (length(reaction) BETWEEN 1 AND 200),
  at tsok NOT NULL,
  -- The event's, whose month keeps this row, too.
  recorded_at timestamptz NOT NULL,
  CONSTRAINT event_inbox_once PRIMARY KEY (tenant_id, event_id, reaction, recorded_at),
  CONSTRAINT event_inbox_of_event FOREIGN KEY (tenant_id, event_id, recorded_at) REFERENCES billing_events (tenant_id, event_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
SELECT tenant_table('event_inbox');
SELECT append_only('event_inbox');
CREATE POLICY relay ON event_inbox FOR SELECT TO tally_relay USING (true);
GRANT SELECT ON event_inbox TO tally_relay;
CREATE POLICY months ON event_inbox TO tally_owner USING (true) WITH CHECK (true);

-- Takes what comes in a month that nobody opened, until it is opened: the safety net, empty as long as jobs run.
CREATE TABLE billing_events_default PARTITION OF billing_events DEFAULT;
CREATE TABLE event_inbox_default PARTITION OF event_inbox DEFAULT;
ALTER TABLE billing_events_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE event_inbox_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE event_inbox_default ENABLE ALWAYS TRIGGER deny_row;
CREATE POLICY months ON billing_events_default TO tally_owner USING (true) WITH CHECK (true);
CREATE POLICY months ON event_inbox_default TO tally_owner USING (true) WITH CHECK (true);
${months}
SELECT event_month_open(month) FROM (
  SELECT DISTINCT event_month(next_attempt_at) AS month FROM billing_events_before
  UNION SELECT (event_month(clock_timestamp()) + make_interval(months => n))::date FROM generate_series(0, 3) AS n) m ORDER BY month;

-- It was due when it was recorded, unless it failed since. What was published then had its reactions.
INSERT INTO billing_events (${content}, recorded_at, status, attempts, next_attempt_at, position, published_at, routed_at, last_error)
OVERRIDING SYSTEM VALUE
SELECT ${content}, next_attempt_at, status, attempts, next_attempt_at, position, published_at, published_at, last_error FROM billing_events_before ORDER BY seq;
SELECT setval(pg_get_serial_sequence('billing_events', 'seq'), coalesce((SELECT max(seq) FROM billing_events_before), 0) + 1, false);
INSERT INTO event_inbox (tenant_id, event_id, reaction, at, recorded_at)
SELECT i.tenant_id, i.event_id, i.reaction, i.at, e.next_attempt_at FROM event_inbox_before i JOIN billing_events_before e USING (tenant_id, event_id);
CREATE TRIGGER billing_events_notify AFTER INSERT ON billing_events FOR EACH STATEMENT EXECUTE FUNCTION billing_events_notify();
${window}
DROP TABLE event_inbox_before, billing_events_before;

-- What a worker has in hand: whole beginnings of aggregates, in one row a batch. It holds while the worker's advisory lock does, a minute at the
-- most. Unlogged: a crash that empties it has ended every worker's connection, too.
CREATE UNLOGGED TABLE event_lease (
  lease_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  worker int NOT NULL,
  stage text NOT NULL CHECK (stage IN ('publish', 'route')),
  until timestamptz NOT NULL,
  -- Of those that are still in hand: event_aggregate of each.
  aggregates bigint[] NOT NULL,
  tenant_ids uuid[] NOT NULL,
  event_ids uuid[] NOT NULL
);
GRANT SELECT, INSERT, DELETE ON event_lease TO tally_relay;
GRANT UPDATE (aggregates) ON event_lease TO tally_relay;
GRANT SELECT ON event_lease TO tally_auditor;

-- By what a lease knows an aggregate. Two of the same number only wait for each other.
CREATE FUNCTION event_aggregate(tenant_id uuid, aggregate_type text, aggregate_id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(tenant_id::text || aggregate_type || '/' || aggregate_id, 0);

CREATE POLICY months ON event_position TO tally_owner USING (true) WITH CHECK (true);
-- Sends events of the transaction's tenant through the router once more; what was never published gets its position. Answers how many.
CREATE FUNCTION event_redispatch(chosen uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp AS $$
DECLARE done bigint;
BEGIN
  WITH held AS (
    SELECT e.tenant_id, e.event_id, e.recorded_at, e.seq, e.position FROM billing_events e
     WHERE e.tenant_id = cur_tenant() AND e.event_id = ANY (chosen) AND e.status <> 'pending' ORDER BY e.seq FOR NO KEY UPDATE),
  fresh AS (SELECT event_id, row_number() OVER (ORDER BY seq) AS nth FROM held WHERE position IS NULL),
  counted AS (SELECT count(*) AS n FROM fresh),
  placed AS (
    INSERT INTO event_position AS p (tenant_id, last) SELECT cur_tenant(), n FROM counted WHERE n > 0
    ON CONFLICT (tenant_id) DO UPDATE SET last = p.last + excluded.last RETURNING p.last)
  UPDATE billing_events e
     SET status = 'published', position = coalesce(e.position, (SELECT last FROM placed) - (SELECT n FROM counted) + f.nth),
         published_at = coalesce(e.published_at, clock_timestamp()), routed_at = NULL, attempts = 0, next_attempt_at = clock_timestamp(), last_error = NULL
    FROM held h LEFT JOIN fresh f USING (event_id)
   WHERE e.tenant_id = h.tenant_id AND e.event_id = h.event_id AND e.recorded_at = h.recorded_at;
  GET DIAGNOSTICS done = ROW_COUNT;
  PERFORM pg_notify('billing_events_unrouted', '');
  RETURN done;
END $$;
REVOKE ALL ON FUNCTION event_redispatch(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_redispatch(uuid[]) TO tally_app;
`;

export const down = /* sql */ `
DO $$
BEGIN
  IF EXISTS (SELECT FROM billing_events WHERE position IS NOT NULL AND routed_at IS NULL) THEN
    RAISE EXCEPTION 'there are events that are published and not routed, which the schema before knows nothing of';
  END IF;
END $$;
DROP FUNCTION event_redispatch(uuid[]), event_aggregate(uuid, text, text), event_months_open(int), event_month_open(date), event_month(timestamptz);
DROP TABLE event_lease;
DROP POLICY months ON event_position;
ALTER TABLE event_inbox RENAME TO event_inbox_after;
ALTER TABLE billing_events RENAME TO billing_events_after;

CREATE TABLE billing_events (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  type text NOT NULL CHECK (type ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
  version int NOT NULL CHECK (version >= 1),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
  aggregate_type text NOT NULL CHECK (length(aggregate_type) BETWEEN 1 AND 100),
  aggregate_id text NOT NULL CHECK (length(aggregate_id) BETWEEN 1 AND 500),
  org_id uuid NULL,
  data jsonb NOT NULL CHECK (jsonb_typeof(data) = 'object'),
  correlation_id text NOT NULL CHECK (length(correlation_id) BETWEEN 1 AND 200),
  causation_id text NULL CHECK (length(causation_id) BETWEEN 1 AND 200),
  created_at tsok NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'published', 'dead')),
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_by int NULL,
  leased_until timestamptz NULL,
  position bigint NULL CHECK (position >= 1),
  published_at timestamptz NULL,
  last_error text NULL CHECK (length(last_error) <= 2000),
  PRIMARY KEY (tenant_id, event_id),
  CONSTRAINT billing_events_position UNIQUE (tenant_id, position),
  CONSTRAINT billing_events_published_has_position CHECK ((status = 'published') = (position IS NOT NULL AND published_at IS NOT NULL)),
  CONSTRAINT billing_events_dead_has_reason CHECK (status <> 'dead' OR last_error IS NOT NULL),
  CONSTRAINT billing_events_only_pending_leased CHECK (leased_by IS NULL OR status = 'pending')
);
SELECT tenant_table('billing_events');
CREATE INDEX billing_events_pending ON billing_events (seq) WHERE status = 'pending';
CREATE INDEX billing_events_tried ON billing_events (tenant_id, aggregate_type, aggregate_id, seq) WHERE status = 'pending' AND attempts > 0;
CREATE INDEX billing_events_by_seq ON billing_events (tenant_id, seq);
CREATE INDEX billing_events_by_aggregate ON billing_events (tenant_id, aggregate_id, seq);
CREATE INDEX billing_events_by_type ON billing_events (tenant_id, type, seq);
CREATE INDEX billing_events_by_correlation ON billing_events (tenant_id, correlation_id, seq);
REVOKE INSERT ON billing_events FROM tally_app;
GRANT INSERT (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id, causation_id, created_at)
  ON billing_events TO tally_app, tally_ingest;
CREATE POLICY ingest ON billing_events FOR INSERT TO tally_ingest WITH CHECK (true);
CREATE POLICY relay ON billing_events TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT ON billing_events TO tally_relay;
GRANT UPDATE (status, attempts, next_attempt_at, leased_by, leased_until, position, published_at, last_error) ON billing_events TO tally_relay;

ALTER TABLE billing_events NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing_events (${content}, status, attempts, next_attempt_at, position, published_at, last_error) OVERRIDING SYSTEM VALUE
SELECT ${content}, status, attempts, next_attempt_at, position, published_at, last_error
  FROM billing_events_after ORDER BY seq;
ALTER TABLE billing_events FORCE ROW LEVEL SECURITY;
SELECT setval(pg_get_serial_sequence('billing_events', 'seq'), coalesce((SELECT max(seq) FROM billing_events_after), 0) + 1, false);
CREATE TABLE event_inbox (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  reaction text NOT NULL CHECK (length(reaction) BETWEEN 1 AND 200),
  at tsok NOT NULL,
  PRIMARY KEY (tenant_id, event_id, reaction),
  FOREIGN KEY (tenant_id, event_id) REFERENCES billing_events (tenant_id, event_id)
);
SELECT tenant_table('event_inbox');
ALTER TABLE event_inbox NO FORCE ROW LEVEL SECURITY;
INSERT INTO event_inbox SELECT tenant_id, event_id, reaction, at FROM event_inbox_after;
ALTER TABLE event_inbox FORCE ROW LEVEL SECURITY;
SELECT append_only('event_inbox');
${window}
DROP TABLE event_inbox_after, billing_events_after;

CREATE OR REPLACE FUNCTION billing_events_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an event is never deleted' USING ERRCODE = '42501', CONSTRAINT = 'billing_events_kept';
  END IF;
  IF (NEW.tenant_id, NEW.event_id, NEW.seq, NEW.type, NEW.version, NEW.source, NEW.aggregate_type, NEW.aggregate_id, NEW.org_id, NEW.data,
      NEW.correlation_id, NEW.causation_id, NEW.created_at) IS DISTINCT FROM
     (OLD.tenant_id, OLD.event_id, OLD.seq, OLD.type, OLD.version, OLD.source, OLD.aggregate_type, OLD.aggregate_id, OLD.org_id, OLD.data,
      OLD.correlation_id, OLD.causation_id, OLD.created_at) OR OLD.status = 'published' THEN
    RAISE EXCEPTION 'what an event says, and that it was published, never changes' USING ERRCODE = '42501', CONSTRAINT = 'billing_events_kept';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_events_kept BEFORE UPDATE OR DELETE ON billing_events FOR EACH ROW EXECUTE FUNCTION billing_events_kept();
CREATE TRIGGER billing_events_notify AFTER INSERT ON billing_events FOR EACH STATEMENT EXECUTE FUNCTION billing_events_notify();
SELECT audit_rule('E1 event position gap', $q$
  SELECT tenant_id, 'max ' || max(position) || ' count ' || count(position) FROM billing_events WHERE position IS NOT NULL
   GROUP BY tenant_id HAVING max(position) <> count(position) OR min(position) <> 1 $q$);
SELECT audit_rule('E2 event dead', $q$
  SELECT tenant_id, event_id || ' ' || type || ': ' || last_error FROM billing_events WHERE status = 'dead' $q$);
`;
