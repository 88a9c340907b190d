/** Gateways that send readings by signed webhook, and every message that one of them sent. */
export const up = /* sql */ `
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
-- A message comes before its tenant is known.
CREATE POLICY auth ON meter_gateway FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, gateway_id, secret, old_secret, old_until, revoked_at) ON meter_gateway TO tally_auth;

-- One row a message, stored with its effect: what comes again is answered again.
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
`;

export const down = /* sql */ `
DROP TABLE gateway_message, meter_gateway;
`;
