/** Users, memberships, API keys, sessions with their refresh tokens, setup tokens, and the brake on sign-in. */
export const up = /* sql */ `
CREATE TABLE user_account (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  email citext NOT NULL CHECK (length(email::text) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  password_hash text NULL CHECK (password_hash LIKE '$argon2id$%'),
  default_org_id uuid NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  CONSTRAINT user_account_email UNIQUE (tenant_id, email),
  FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id),
  FOREIGN KEY (tenant_id, default_org_id) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('user_account');
CREATE INDEX user_account_sign_in ON user_account (email);
GRANT UPDATE (name, password_hash, default_org_id) ON user_account TO tally_app;
CREATE POLICY auth ON user_account FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, user_id, email, password_hash) ON user_account TO tally_auth;

CREATE TABLE membership (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'finance', 'technical', 'user')),
  status text NOT NULL CHECK (status IN ('active', 'pending')),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, org_id, user_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_account (tenant_id, user_id)
);
SELECT tenant_table('membership');
CREATE INDEX membership_of_user ON membership (tenant_id, user_id);
GRANT UPDATE (role, status), DELETE ON membership TO tally_app;

-- What follows lives on the wall clock, whatever clock the tenant has: a test clock must not keep a key alive.
CREATE TABLE api_key (
  tenant_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  key_hash sha256_hash NOT NULL,
  prefix text NOT NULL CHECK (length(prefix) <= 20),
  last_four text NOT NULL CHECK (length(last_four) = 4),
  scopes text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 100),
  -- Bound to this organization and those below it; null for the whole tenant.
  org_id uuid NULL,
  created_by text NOT NULL,
  created_at tsok NOT NULL,
  expires_at tsok NULL,
  revoked_at tsok NULL,
  last_used_at tsok NULL,
  PRIMARY KEY (tenant_id, api_key_id),
  FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('api_key');
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);
COMMENT ON INDEX api_key_hash IS 'unique across tenants';
GRANT UPDATE (revoked_at) ON api_key TO tally_app;
CREATE POLICY auth ON api_key TO tally_auth USING (true) WITH CHECK (true);
GRANT SELECT (tenant_id, api_key_id, name, key_hash, scopes, org_id, expires_at, revoked_at, last_used_at) ON api_key TO tally_auth;
GRANT UPDATE (last_used_at) ON api_key TO tally_auth;

CREATE FUNCTION api_key_stays_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION 'a revoked key stays revoked' USING ERRCODE = '42501', CONSTRAINT = 'api_key_stays_revoked';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER api_key_stays_revoked BEFORE UPDATE OF revoked_at ON api_key FOR EACH ROW EXECUTE FUNCTION api_key_stays_revoked();

-- A session is also the family of its refresh tokens: it ends as a whole.
CREATE TABLE session (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  user_id uuid NOT NULL,
  org_id uuid NOT NULL,
  access_hash sha256_hash NOT NULL,
  access_expires_at tsok NOT NULL,
  csrf_token text NOT NULL CHECK (length(csrf_token) >= 32),
  remote_address text NULL,
  user_agent text NULL CHECK (length(user_agent) <= 300),
  created_at tsok NOT NULL,
  expires_at tsok NOT NULL,
  revoked_at tsok NULL,
  revoked_for text NULL CHECK (revoked_for IN ('signed_out', 'refresh_token_reused', 'member_removed', 'password_changed')),
  PRIMARY KEY (tenant_id, session_id),
  CONSTRAINT session_revoked_for_reason CHECK ((revoked_at IS NULL) = (revoked_for IS NULL)),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_account (tenant_id, user_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('session');
CREATE UNIQUE INDEX session_access_hash ON session (access_hash);
COMMENT ON INDEX session_access_hash IS 'unique across tenants';
CREATE INDEX session_of_user ON session (tenant_id, user_id) WHERE revoked_at IS NULL;
GRANT UPDATE (access_hash, access_expires_at, revoked_at, revoked_for) ON session TO tally_app;
CREATE POLICY auth ON session FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, session_id, access_hash) ON session TO tally_auth;

CREATE TABLE refresh_token (
  tenant_id uuid NOT NULL,
  token_hash sha256_hash NOT NULL,
  session_id uuid NOT NULL,
  created_at tsok NOT NULL,
  expires_at tsok NOT NULL,
  used_at tsok NULL,
  PRIMARY KEY (tenant_id, token_hash),
  FOREIGN KEY (tenant_id, session_id) REFERENCES session (tenant_id, session_id)
);
SELECT tenant_table('refresh_token');
CREATE UNIQUE INDEX refresh_token_hash ON refresh_token (token_hash);
COMMENT ON INDEX refresh_token_hash IS 'unique across tenants';
-- One live token a session: rotation uses the old one up in the statement before it makes the new.
CREATE UNIQUE INDEX refresh_token_live ON refresh_token (tenant_id, session_id) WHERE used_at IS NULL;
GRANT UPDATE (used_at) ON refresh_token TO tally_app;
CREATE POLICY auth ON refresh_token FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, token_hash) ON refresh_token TO tally_auth;

-- Lets its holder sign in the first time: as the first administrator, or as the invited user.
CREATE TABLE setup_token (
  tenant_id uuid NOT NULL,
  token_hash sha256_hash NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('setup', 'invite')),
  org_id uuid NOT NULL,
  user_id uuid NULL,
  created_at tsok NOT NULL,
  expires_at tsok NOT NULL,
  used_at tsok NULL,
  PRIMARY KEY (tenant_id, token_hash),
  CONSTRAINT setup_token_invite_names_user CHECK ((purpose = 'invite') = (user_id IS NOT NULL)),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_account (tenant_id, user_id)
);
SELECT tenant_table('setup_token');
CREATE UNIQUE INDEX setup_token_hash ON setup_token (token_hash);
COMMENT ON INDEX setup_token_hash IS 'unique across tenants';
GRANT UPDATE (used_at) ON setup_token TO tally_app;
CREATE POLICY auth ON setup_token FOR SELECT TO tally_auth USING (true);
GRANT SELECT (tenant_id, token_hash) ON setup_token TO tally_auth;

-- Sign-ins that failed, before any tenant is known. Keys are hashes: an address that was typed is nobody's data here.
CREATE TABLE sign_in_throttle (
  kind text NOT NULL CHECK (kind IN ('account_at_address', 'account', 'address')),
  key sha256_hash NOT NULL,
  failures int NOT NULL CHECK (failures >= 1),
  last_at timestamptz NOT NULL,
  locked_until timestamptz NOT NULL,
  PRIMARY KEY (kind, key)
);
CREATE INDEX sign_in_throttle_old ON sign_in_throttle (last_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_throttle TO tally_auth;
GRANT SELECT ON sign_in_throttle TO tally_auditor;
`;

export const down = /* sql */ `
DROP TABLE sign_in_throttle, setup_token, refresh_token, session, api_key, membership, user_account;
DROP FUNCTION api_key_stays_revoked();
`;
