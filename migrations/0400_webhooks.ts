/** Where events are delivered to, and the secrets that sign them. */
export const up = /* sql */ `
CREATE TABLE webhook (
  tenant_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  -- Only events of this organization and of those below it; null for all of the tenant.
  org_id uuid NULL,
  -- An organization's own endpoint gets what organizations may know, and its people keep it.
  managed_by text NOT NULL CHECK (managed_by IN ('tenant', 'organization')),
  url text NOT NULL CHECK (length(url) <= 2000 AND url ~ '^https?://'),
  event_types text[] NOT NULL CHECK (cardinality(event_types) BETWEEN 1 AND 200),
  schedule text NOT NULL CHECK (schedule IN ('standard', 'extended')),
  description text NULL CHECK (length(description) BETWEEN 1 AND 500),
  status text NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled')),
  disabled_reason text NULL CHECK (disabled_reason IN ('on_request', 'gone', 'failing', 'deleted')),
  disabled_at tsok NULL,
  deleted_at tsok NULL,
  version int NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at tsok NOT NULL,
  -- By the database's time: what was recorded before is not told, however often it is routed again.
  listens_from timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What follows is the sender's, by the wall clock: since when nothing was delivered, and until when the endpoint asked to be left alone.
  failing_since timestamptz NULL,
  paused_until timestamptz NULL,
  PRIMARY KEY (tenant_id, webhook_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT webhook_of_an_organization CHECK (managed_by = 'tenant' OR org_id IS NOT NULL),
  CONSTRAINT webhook_disabled_has_reason CHECK (
    (status = 'disabled') = (disabled_reason IS NOT NULL) AND (status = 'disabled') = (disabled_at IS NOT NULL)),
  CONSTRAINT webhook_deleted_is_disabled CHECK (deleted_at IS NULL OR status = 'disabled')
);
SELECT tenant_table('webhook');
CREATE INDEX webhook_live ON webhook (tenant_id) WHERE status = 'enabled';
GRANT UPDATE (url, event_types, schedule, description, status, disabled_reason, disabled_at, deleted_at, version, failing_since, paused_until)
  ON webhook TO tally_app;
CREATE POLICY relay ON webhook TO tally_relay USING (true) WITH CHECK (true);
GRANT SELECT ON webhook TO tally_relay;
GRANT UPDATE (failing_since, paused_until) ON webhook TO tally_relay;

-- Each sealed under its own place: a signature is made with the secret itself, so a hash of it would not do.
CREATE TABLE webhook_secret (
  tenant_id uuid NOT NULL,
  secret_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  sealed bytea NOT NULL CHECK (length(sealed) BETWEEN 28 + 24 AND 28 + 64),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Null for the newest; those before sign beside it until then.
  expires_at timestamptz NULL,
  PRIMARY KEY (tenant_id, secret_id),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, webhook_id)
);
SELECT tenant_table('webhook_secret');
CREATE UNIQUE INDEX webhook_secret_newest ON webhook_secret (tenant_id, webhook_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secret_of_webhook ON webhook_secret (tenant_id, webhook_id);
GRANT UPDATE (expires_at), DELETE ON webhook_secret TO tally_app;
CREATE POLICY relay ON webhook_secret FOR SELECT TO tally_relay USING (true);
GRANT SELECT ON webhook_secret TO tally_relay;

SELECT audit_rule('W1 live webhook without a secret', $q$
  SELECT w.tenant_id, w.webhook_id FROM webhook w
   WHERE w.deleted_at IS NULL AND NOT EXISTS (
     SELECT FROM webhook_secret s WHERE s.tenant_id = w.tenant_id AND s.webhook_id = w.webhook_id AND s.expires_at IS NULL) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('W1 live webhook without a secret');
DROP TABLE webhook_secret, webhook;
`;
