/** The outbox, the position it gives to what was published, and the inbox of reactions. */
export const up = /* sql */ `
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
  correlation_id text NOT NULL CHECK (length(correlation_id) BETWEEN 1 AND 200),
  causation_id text NULL CHECK (length(causation_id) BETWEEN 1 AND 200),
  created_at tsok NOT NULL,
  -- What follows is the state of delivery, which only the relay changes. Its times are the database's own, not the tenant's.
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
-- The few that are leased or wait for another attempt: what is behind them in their aggregate waits too.
CREATE INDEX billing_events_tried ON billing_events (tenant_id, aggregate_type, aggregate_id, seq) WHERE status = 'pending' AND attempts > 0;
CREATE INDEX billing_events_by_seq ON billing_events (tenant_id, seq);
CREATE INDEX billing_events_by_aggregate ON billing_events (tenant_id, aggregate_id, seq);
CREATE INDEX billing_events_by_type ON billing_events (tenant_id, type, seq);
CREATE INDEX billing_events_by_correlation ON billing_events (tenant_id, correlation_id, seq);

-- A new event is pending: its state is nobody's to choose.
REVOKE INSERT ON billing_events FROM tally_app;
GRANT INSERT (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, org_id, data, correlation_id, causation_id, created_at)
  ON billing_events TO tally_app, tally_ingest;
CREATE POLICY ingest ON billing_events FOR INSERT TO tally_ingest WITH CHECK (true);
CREATE POLICY relay ON billing_events TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT ON billing_events TO tally_relay;
GRANT UPDATE (status, attempts, next_attempt_at, leased_by, leased_until, position, published_at, last_error) ON billing_events TO tally_relay;

CREATE FUNCTION billing_events_kept() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- Wakes the dispatchers at the commit; equal notifications of a transaction are one.
CREATE FUNCTION billing_events_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('billing_events', '');
  RETURN NULL;
END $$;
CREATE TRIGGER billing_events_notify AFTER INSERT ON billing_events FOR EACH STATEMENT EXECUTE FUNCTION billing_events_notify();

-- The counter of positions: locked by whoever publishes, so that positions are dense and in commit order.
CREATE TABLE event_position (
  tenant_id uuid NOT NULL,
  last bigint NOT NULL CHECK (last >= 1),
  PRIMARY KEY (tenant_id)
);
SELECT tenant_table('event_position');
REVOKE INSERT ON event_position FROM tally_app;
CREATE POLICY relay ON event_position TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON event_position TO tally_relay;
GRANT UPDATE (last) ON event_position TO tally_relay;

-- One row a reaction that took effect, in the effect's own transaction.
CREATE TABLE event_inbox (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  reaction text NOT NULL CHECK (length(reaction) BETWEEN 1 AND 200),
  at tsok NOT NULL,
  PRIMARY KEY (tenant_id, event_id, reaction),
  FOREIGN KEY (tenant_id, event_id) REFERENCES billing_events (tenant_id, event_id)
);
SELECT tenant_table('event_inbox');
SELECT append_only('event_inbox');

SELECT audit_rule('E1 event position gap', $q$
  SELECT tenant_id, 'max ' || max(position) || ' count ' || count(position) FROM billing_events WHERE position IS NOT NULL
   GROUP BY tenant_id HAVING max(position) <> count(position) OR min(position) <> 1 $q$);
SELECT audit_rule('E2 event dead', $q$
  SELECT tenant_id, event_id || ' ' || type || ': ' || last_error FROM billing_events WHERE status = 'dead' $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('E1 event position gap'), drop_audit_rule('E2 event dead');
DROP TABLE event_inbox, event_position, billing_events;
DROP FUNCTION billing_events_kept(), billing_events_notify();
`;
