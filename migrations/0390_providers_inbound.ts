/** Webhooks in: endpoints that others send to, their secrets, and every message that was verified. */
export const up = /* sql */ `
CREATE TABLE inbound_endpoint (
  tenant_id uuid NOT NULL REFERENCES tenant (tenant_id),
  -- Also what the path of the endpoint ends in.
  endpoint_id uuid NOT NULL,
  -- Whose messages these are, which says how they are signed and what becomes of them.
  kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,62}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- What it belongs to, as its owner calls it: an account at the provider, a site.
  reference text NULL CHECK (length(reference) BETWEEN 1 AND 200),
  enabled boolean NOT NULL DEFAULT true,
  revoked_at tsok NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id)
);
SELECT tenant_table('inbound_endpoint');
CREATE UNIQUE INDEX inbound_endpoint_lookup ON inbound_endpoint (endpoint_id);
COMMENT ON INDEX inbound_endpoint_lookup IS 'unique across tenants';
GRANT UPDATE (name, reference, enabled, revoked_at) ON inbound_endpoint TO tally_app;
-- A message comes before its tenant is known.
CREATE POLICY auth ON inbound_endpoint FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, endpoint_id, kind, name, enabled, revoked_at) ON inbound_endpoint TO tally_auth;

CREATE TABLE inbound_secret (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  secret_id uuid NOT NULL,
  -- A signature is checked with the secret itself, so a hash of it would not do. Bound to the endpoint's kind and id.
  sealed bytea NOT NULL,
  created_at tsok NOT NULL,
  -- Null for the present one; the others are on their way out.
  good_until tsok NULL,
  PRIMARY KEY (tenant_id, endpoint_id, secret_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES inbound_endpoint (tenant_id, endpoint_id)
);
SELECT tenant_table('inbound_secret');
CREATE UNIQUE INDEX inbound_secret_present ON inbound_secret (tenant_id, endpoint_id) WHERE good_until IS NULL;
GRANT UPDATE (good_until), DELETE ON inbound_secret TO tally_app;
REVOKE SELECT ON inbound_secret FROM tally_auditor;
GRANT SELECT (tenant_id, endpoint_id, secret_id, created_at, good_until) ON inbound_secret TO tally_auditor;
CREATE POLICY auth ON inbound_secret FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, endpoint_id, secret_id, sealed, good_until) ON inbound_secret TO tally_auth;

-- One row a message that was signed by a secret of its endpoint; what was not is never stored.
CREATE TABLE inbound_webhook (
  tenant_id uuid NOT NULL,
  inbound_webhook_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  -- What keeps a message from counting twice: the sender's id of it, for ever.
  message_id text COLLATE "C" NOT NULL CHECK (length(message_id) BETWEEN 1 AND 255),
  type text COLLATE "C" NULL CHECK (length(type) BETWEEN 1 AND 200),
  headers jsonb NOT NULL,
  -- As it came, byte for byte; null once it was kept for as long as it is.
  body bytea NULL,
  body_hash sha256_hash NOT NULL,
  body_until tsok NULL,
  -- Which secret it was signed by; null for messages from before secrets had ids.
  secret_id uuid NULL,
  signed_at tsok NOT NULL,
  received_at tsok NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('received', 'processed', 'ignored', 'failed', 'dead')),
  attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at tsok NULL,
  finished_at tsok NULL,
  answer jsonb NULL,
  last_error jsonb NULL,
  PRIMARY KEY (tenant_id, inbound_webhook_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES inbound_endpoint (tenant_id, endpoint_id),
  CONSTRAINT inbound_webhook_waits CHECK ((status IN ('received', 'failed')) = (next_attempt_at IS NOT NULL)),
  CONSTRAINT inbound_webhook_finished CHECK ((status IN ('processed', 'ignored', 'dead')) = (finished_at IS NOT NULL)),
  CONSTRAINT inbound_webhook_error CHECK ((status IN ('ignored', 'failed', 'dead')) = (last_error IS NOT NULL)),
  CONSTRAINT inbound_webhook_answer CHECK (answer IS NULL OR status = 'processed'),
  CONSTRAINT inbound_webhook_body CHECK (body IS NOT NULL OR status IN ('processed', 'ignored', 'dead')),
  CONSTRAINT inbound_webhook_body_until CHECK ((body_until IS NOT NULL) = (body IS NOT NULL AND status IN ('processed', 'ignored', 'dead'))),
  CONSTRAINT inbound_webhook_body_hash CHECK (body IS NULL OR sha256(body) = body_hash)
);
SELECT tenant_table('inbound_webhook');
-- The replay protection. A message that was refused had no effect, so that its sender may put it right under the same id.
CREATE UNIQUE INDEX inbound_webhook_once ON inbound_webhook (tenant_id, endpoint_id, message_id) WHERE status <> 'ignored';
CREATE INDEX inbound_webhook_by_endpoint ON inbound_webhook (tenant_id, endpoint_id, inbound_webhook_id);
CREATE INDEX inbound_webhook_waiting ON inbound_webhook (tenant_id, endpoint_id) WHERE status IN ('received', 'failed');
CREATE INDEX inbound_webhook_due ON inbound_webhook (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX inbound_webhook_old_bodies ON inbound_webhook (body_until) WHERE body_until IS NOT NULL;
GRANT UPDATE (body, body_until, status, attempts, next_attempt_at, finished_at, answer, last_error) ON inbound_webhook TO tally_app;
CREATE POLICY due ON inbound_webhook FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, inbound_webhook_id, next_attempt_at, body_until) ON inbound_webhook TO tally_due;

-- What had its effect has it for ever, and a body is what came or nothing.
CREATE FUNCTION inbound_webhook_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (OLD.status = 'processed' AND (NEW.status <> 'processed' OR NEW.answer IS DISTINCT FROM OLD.answer))
     OR (NEW.body IS NOT NULL AND NEW.body IS DISTINCT FROM OLD.body) THEN
    RAISE EXCEPTION 'a webhook that was processed stays so, and its body is as it came' USING ERRCODE = '42501', CONSTRAINT = 'inbound_webhook_goes_on';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER inbound_webhook_goes_on BEFORE UPDATE OR DELETE ON inbound_webhook FOR EACH ROW EXECUTE FUNCTION inbound_webhook_goes_on();
ALTER TABLE inbound_webhook ENABLE ALWAYS TRIGGER inbound_webhook_goes_on;

SELECT audit_rule('N1 endpoint in use without a present secret', $q$
  SELECT e.tenant_id, e.endpoint_id FROM inbound_endpoint e
   WHERE e.revoked_at IS NULL AND NOT EXISTS (
     SELECT FROM inbound_secret s WHERE (s.tenant_id, s.endpoint_id) = (e.tenant_id, e.endpoint_id) AND s.good_until IS NULL) $q$);
SELECT audit_rule('N2 revoked endpoint that has a secret', $q$
  SELECT e.tenant_id, e.endpoint_id FROM inbound_endpoint e
   WHERE e.revoked_at IS NOT NULL AND EXISTS (
     SELECT FROM inbound_secret s WHERE (s.tenant_id, s.endpoint_id) = (e.tenant_id, e.endpoint_id)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('N1 endpoint in use without a present secret');
SELECT drop_audit_rule('N2 revoked endpoint that has a secret');
DROP TABLE inbound_webhook, inbound_secret, inbound_endpoint;
DROP FUNCTION inbound_webhook_goes_on();
`;
