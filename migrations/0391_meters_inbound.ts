/**
 * Gateways become endpoints of webhooks in, under their ids and with their secrets, and their messages stay answered. The
 * rooms' tables force row-level security on their owner too, so that for the while of the move it has a policy.
 */
export const up = /* sql */ `
CREATE POLICY moving ON meter_gateway TO CURRENT_USER USING (true);
CREATE POLICY moving ON gateway_message TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_endpoint TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_secret TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_webhook TO CURRENT_USER USING (true);

INSERT INTO inbound_endpoint (tenant_id, endpoint_id, kind, name, revoked_at, created_at)
SELECT tenant_id, gateway_id, 'meter_gateway', name, revoked_at, created_at FROM meter_gateway;

-- Sealed for 'meter_gateway <id>', which is how the secrets of an endpoint of this kind are sealed.
INSERT INTO inbound_secret (tenant_id, endpoint_id, secret_id, sealed, created_at, good_until)
SELECT tenant_id, gateway_id, gen_random_uuid(), secret, created_at, NULL FROM meter_gateway WHERE revoked_at IS NULL
UNION ALL
SELECT tenant_id, gateway_id, gen_random_uuid(), old_secret, created_at, old_until FROM meter_gateway
 WHERE revoked_at IS NULL AND old_secret IS NOT NULL;

INSERT INTO inbound_webhook (tenant_id, inbound_webhook_id, endpoint_id, message_id, headers, body_hash, signed_at, received_at, status,
  attempts, finished_at, answer)
SELECT tenant_id, uuidv7(received_at - now()), gateway_id, message_id, '{}', body_hash, received_at, received_at, 'processed', 1, received_at, answer
  FROM gateway_message;

DROP TABLE gateway_message, meter_gateway;
DROP POLICY moving ON inbound_endpoint;
DROP POLICY moving ON inbound_secret;
DROP POLICY moving ON inbound_webhook;
`;

export const down = /* sql */ `
CREATE TABLE meter_gateway (
  tenant_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- Sealed: a signature is checked with the secret itself, so a hash of it would not do.
  secret bytea NOT NULL,
  -- The one before, good until then.
  old_secret bytea NULL,
  old_until tsok NULL,
  revoked_at tsok NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, gateway_id),
  CONSTRAINT meter_gateway_old_secret CHECK ((old_secret IS NULL) = (old_until IS NULL))
);
SELECT tenant_table('meter_gateway');
CREATE UNIQUE INDEX meter_gateway_lookup ON meter_gateway (gateway_id);
COMMENT ON INDEX meter_gateway_lookup IS 'unique across tenants';
GRANT UPDATE (secret, old_secret, old_until, revoked_at) ON meter_gateway TO tally_app;
CREATE POLICY auth ON meter_gateway FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, gateway_id, secret, old_secret, old_until, revoked_at) ON meter_gateway TO tally_auth;

CREATE TABLE gateway_message (
  tenant_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  message_id text COLLATE "C" NOT NULL CHECK (length(message_id) BETWEEN 1 AND 255),
  body_hash sha256_hash NOT NULL,
  answer jsonb NOT NULL,
  received_at tsok NOT NULL,
  CONSTRAINT gateway_message_once PRIMARY KEY (tenant_id, gateway_id, message_id),
  FOREIGN KEY (tenant_id, gateway_id) REFERENCES meter_gateway (tenant_id, gateway_id)
);
SELECT tenant_table('gateway_message');
SELECT append_only('gateway_message');

CREATE POLICY moving ON meter_gateway TO CURRENT_USER USING (true);
CREATE POLICY moving ON gateway_message TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_endpoint TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_secret TO CURRENT_USER USING (true);
CREATE POLICY moving ON inbound_webhook TO CURRENT_USER USING (true);

-- A revoked endpoint has no secret any more; bytes that nothing was sealed to stand for it. Of several old secrets the newest stays.
INSERT INTO meter_gateway (tenant_id, gateway_id, name, secret, old_secret, old_until, revoked_at, created_at)
SELECT e.tenant_id, e.endpoint_id, e.name, coalesce(s.sealed, '\\x00'), old.sealed, old.good_until, e.revoked_at, e.created_at
  FROM inbound_endpoint e
  LEFT JOIN inbound_secret s ON (s.tenant_id, s.endpoint_id) = (e.tenant_id, e.endpoint_id) AND s.good_until IS NULL
  LEFT JOIN LATERAL (
    SELECT o.sealed, o.good_until FROM inbound_secret o
     WHERE (o.tenant_id, o.endpoint_id) = (e.tenant_id, e.endpoint_id) AND o.good_until IS NOT NULL
     ORDER BY o.created_at DESC, o.good_until DESC LIMIT 1) old ON true
 WHERE e.kind = 'meter_gateway';

INSERT INTO gateway_message (tenant_id, gateway_id, message_id, body_hash, answer, received_at)
SELECT w.tenant_id, w.endpoint_id, w.message_id, w.body_hash, w.answer, w.received_at
  FROM inbound_webhook w JOIN inbound_endpoint e USING (tenant_id, endpoint_id)
 WHERE e.kind = 'meter_gateway' AND w.status = 'processed' AND w.answer IS NOT NULL;

DROP POLICY moving ON meter_gateway;
DROP POLICY moving ON gateway_message;
DROP POLICY moving ON inbound_endpoint;
DROP POLICY moving ON inbound_secret;
DROP POLICY moving ON inbound_webhook;
`;
