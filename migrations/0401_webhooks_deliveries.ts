/** What is to be delivered to whom, and how far that is. */
export const up = /* sql */ `
-- The bytes that are signed and sent, the same for every endpoint and every attempt.
CREATE TABLE webhook_message (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
  -- When the event happened.
  event_at tsok NOT NULL,
  body text NOT NULL CHECK (length(body) BETWEEN 2 AND 4000000),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, event_id)
);
SELECT tenant_table('webhook_message');
CREATE INDEX webhook_message_by_age ON webhook_message (created_at);
CREATE POLICY relay ON webhook_message TO tally_relay USING (true);
GRANT SELECT, DELETE ON webhook_message TO tally_relay;

-- A request to deliver again: one delivery, or all of a range.
CREATE TABLE webhook_replay (
  tenant_id uuid NOT NULL,
  replay_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  criteria jsonb NOT NULL CHECK (jsonb_typeof(criteria) = 'object'),
  status text NOT NULL CHECK (status IN ('running', 'completed')),
  deliveries int NOT NULL DEFAULT 0 CHECK (deliveries >= 0),
  -- The last delivery that was looked at; what was made after the replay began is not looked at.
  after_delivery_id uuid NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz NULL,
  PRIMARY KEY (tenant_id, replay_id),
  CONSTRAINT webhook_replay_of_webhook UNIQUE (tenant_id, webhook_id, replay_id),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, webhook_id),
  CONSTRAINT webhook_replay_completed_has_end CHECK ((status = 'completed') = (finished_at IS NOT NULL))
);
SELECT tenant_table('webhook_replay');
GRANT UPDATE (status, deliveries, after_delivery_id, finished_at) ON webhook_replay TO tally_app;
CREATE POLICY relay ON webhook_replay TO tally_relay USING (true);
GRANT SELECT, DELETE ON webhook_replay TO tally_relay;

CREATE TABLE webhook_delivery (
  tenant_id uuid NOT NULL,
  -- In the order of making, by the wall clock.
  delivery_id uuid NOT NULL DEFAULT uuidv7(),
  webhook_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  event_at tsok NOT NULL,
  kind text NOT NULL CHECK (kind IN ('event', 'replay', 'test')),
  replay_id uuid NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz NULL DEFAULT clock_timestamp(),
  lease uuid NULL,
  leased_until timestamptz NULL,
  -- Of the last attempt.
  last_status int NULL CHECK (last_status BETWEEN 100 AND 999),
  last_error text NULL CHECK (length(last_error) <= 100),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz NULL,
  PRIMARY KEY (tenant_id, delivery_id),
  -- An event goes to an endpoint once, and once more for each replay of it.
  CONSTRAINT webhook_delivery_once UNIQUE NULLS NOT DISTINCT (tenant_id, event_id, webhook_id, replay_id),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, webhook_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES webhook_message (tenant_id, event_id),
  FOREIGN KEY (tenant_id, webhook_id, replay_id) REFERENCES webhook_replay (tenant_id, webhook_id, replay_id),
  CONSTRAINT webhook_delivery_replay_has_id CHECK ((kind = 'replay') = (replay_id IS NOT NULL)),
  CONSTRAINT webhook_delivery_pending_has_time CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
  CONSTRAINT webhook_delivery_finished_has_time CHECK ((status = 'pending') = (finished_at IS NULL)),
  CONSTRAINT webhook_delivery_only_pending_leased CHECK ((lease IS NULL) = (leased_until IS NULL) AND (lease IS NULL OR status = 'pending')),
  CONSTRAINT webhook_delivery_delivered_was_taken CHECK (status <> 'delivered' OR (attempts >= 1 AND last_status IS NOT NULL AND last_status BETWEEN 200 AND 299)),
  CONSTRAINT webhook_delivery_failed_was_tried CHECK (status <> 'failed' OR attempts >= 1)
-- Room beside each row for its lease, which no index has.
) WITH (fillfactor = 75);
SELECT tenant_table('webhook_delivery');
-- By endpoint, so that who claims can step from one to the next over however many wait in between.
CREATE INDEX webhook_delivery_pending ON webhook_delivery (tenant_id, webhook_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery (tenant_id, webhook_id, delivery_id);
CREATE INDEX webhook_delivery_by_age ON webhook_delivery (finished_at) WHERE status <> 'pending';
GRANT UPDATE (status, attempts, next_attempt_at, lease, leased_until, last_status, last_error, finished_at) ON webhook_delivery TO tally_app;
CREATE POLICY relay ON webhook_delivery TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON webhook_delivery TO tally_relay;
GRANT UPDATE (status, attempts, next_attempt_at, lease, leased_until, last_status, last_error, finished_at) ON webhook_delivery TO tally_relay;

-- Wakes the senders at the commit.
CREATE FUNCTION webhook_delivery_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM made WHERE status = 'pending') THEN
    PERFORM pg_notify('webhook_delivery', '');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER webhook_delivery_notify AFTER INSERT ON webhook_delivery REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION webhook_delivery_notify();

SELECT audit_rule('W2 delivery that waits for a disabled webhook', $q$
  SELECT d.tenant_id, d.delivery_id FROM webhook_delivery d JOIN webhook w ON w.tenant_id = d.tenant_id AND w.webhook_id = d.webhook_id
   WHERE d.status = 'pending' AND w.status = 'disabled' AND d.kind <> 'test' $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('W2 delivery that waits for a disabled webhook');
DROP TABLE webhook_delivery, webhook_replay, webhook_message;
DROP FUNCTION webhook_delivery_notify();
`;
