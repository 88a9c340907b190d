/** Who did what, before and after. Append-only. */
export const up = /* sql */ `
CREATE TABLE audit_log (
  tenant_id uuid NOT NULL,
  audit_id uuid NOT NULL,
  at tsok NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'system')),
  actor_id text NOT NULL CHECK (length(actor_id) BETWEEN 1 AND 200),
  actor_name text NULL CHECK (length(actor_name) <= 200),
  action text NOT NULL CHECK (action ~ '^[a-z_]+([.][a-z_]+)+$'),
  target_type text NOT NULL CHECK (length(target_type) BETWEEN 1 AND 100),
  target_id text NOT NULL CHECK (length(target_id) BETWEEN 1 AND 500),
  org_id uuid NULL,
  before jsonb NULL,
  after jsonb NULL,
  request_id text NULL,
  correlation_id text NOT NULL,
  PRIMARY KEY (tenant_id, audit_id)
);
SELECT tenant_table('audit_log');
SELECT append_only('audit_log');
CREATE INDEX audit_log_by_time ON audit_log (tenant_id, at, audit_id);
CREATE INDEX audit_log_by_target ON audit_log (tenant_id, target_type, target_id, at, audit_id);
CREATE INDEX audit_log_by_action ON audit_log (tenant_id, action, at, audit_id);
`;

export const down = /* sql */ `
DROP TABLE audit_log;
`;
