/** Domains, the tenant of a transaction, what makes a table a tenant's, the audit view, and idempotency keys. */
export const up = /* sql */ `
-- NaN and Infinity pass CHECK (x > 0): the domain refuses them where they are stored.
CREATE DOMAIN qty AS numeric CHECK (VALUE NOT IN ('NaN', 'Infinity', '-Infinity'));
CREATE DOMAIN money_minor AS bigint CHECK (VALUE BETWEEN -9007199254740991 AND 9007199254740991);
CREATE DOMAIN ccy AS text COLLATE "C" CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN tsok AS timestamptz CHECK (VALUE >= '2000-01-01' AND VALUE < '2100-01-01');
CREATE DOMAIN slug AS text COLLATE "C" CHECK (VALUE ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');
CREATE DOMAIN sha256_hash AS bytea CHECK (length(VALUE) = 32);

-- NULL (fail closed) when unset, and when a pooled connection reads its reset value ''.
CREATE FUNCTION cur_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('tally.tenant_id', true), '')::uuid $$;

GRANT USAGE ON SCHEMA tally TO tally_app, tally_ingest, tally_relay, tally_due, tally_auth, tally_jobs, tally_auditor;

CREATE FUNCTION tenant_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY tenant ON %s TO tally_app USING (tenant_id = cur_tenant()) WITH CHECK (tenant_id = cur_tenant())', name);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO tally_app', name);
  EXECUTE format('GRANT SELECT ON %s TO tally_auditor', name);
END $$;

CREATE FUNCTION deny_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only (%)', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501', CONSTRAINT = 'append_only';
END $$;

CREATE FUNCTION append_only(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER deny_row BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION deny_change()', name);
  EXECUTE format('CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION deny_change()', name);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER deny_row', name);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER deny_truncate', name);
END $$;

-- The audit: every row of the view is a defect. Rooms add their rules; the view is their union, made anew with each.
CREATE TABLE audit_rule_source (name text PRIMARY KEY, query text NOT NULL);
GRANT SELECT ON audit_rule_source TO tally_auditor;

CREATE FUNCTION rebuild_audit() RETURNS void LANGUAGE plpgsql AS $$
DECLARE body text;
BEGIN
  SELECT string_agg(format('SELECT %L::text AS defect, tenant::text AS tenant, what::text AS what FROM (%s) AS rule(tenant, what)', name, query),
                    ' UNION ALL ' ORDER BY name) INTO body FROM audit_rule_source;
  DROP VIEW IF EXISTS audit;
  IF body IS NOT NULL THEN
    EXECUTE 'CREATE VIEW audit WITH (security_invoker = true) AS ' || body;
    GRANT SELECT ON audit TO tally_auditor;
  END IF;
END $$;

CREATE FUNCTION audit_rule(name text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_rule_source VALUES (name, query);
  PERFORM rebuild_audit();
END $$;

CREATE FUNCTION drop_audit_rule(rule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM audit_rule_source WHERE name = rule;
  PERFORM rebuild_audit();
END $$;

-- One row a key: stored in the transaction of the effect, so that an effect without its key cannot be.
CREATE TABLE idempotency_key (
  tenant_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  method text NOT NULL,
  path text NOT NULL,
  body_hash sha256_hash NOT NULL,
  status int NOT NULL CHECK (status BETWEEN 200 AND 299),
  body jsonb NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
SELECT tenant_table('idempotency_key');
SELECT append_only('idempotency_key');

SELECT audit_rule('R1 table without forced row-level security', $q$
  SELECT ''::text, c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
   WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity) $q$);
SELECT audit_rule('R2 view that is not security_invoker', $q$
  SELECT ''::text, c.relname FROM pg_class c WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind = 'v'
     AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false) $q$);
SELECT audit_rule('R3 materialized view (row-level security never applies)', $q$
  SELECT ''::text, c.relname FROM pg_class c WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind = 'm' $q$);
SELECT audit_rule('R4 role that may bypass row-level security', $q$
  SELECT ''::text, rolname FROM pg_roles WHERE rolname LIKE 'tally\\_%' AND rolname <> 'tally_auditor' AND (rolsuper OR rolbypassrls) $q$);
SELECT audit_rule('R5 role that is a member of the owner', $q$
  SELECT ''::text, rolname FROM pg_roles WHERE rolname IN ('tally_app', 'tally_ingest', 'tally_relay', 'tally_due', 'tally_auth', 'tally_jobs', 'tally_auditor')
     AND pg_has_role(rolname, 'tally_owner', 'MEMBER') $q$);
SELECT audit_rule('R7 unique key that the tenant does not lead', $q$
  SELECT ''::text, i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
   WHERE c.relnamespace = 'tally'::regnamespace AND i.indisunique AND i.indkey[0] <> a.attnum
     AND obj_description(i.indexrelid) IS DISTINCT FROM 'unique across tenants' $q$);
SELECT audit_rule('R8 foreign key without the tenant', $q$
  SELECT ''::text, k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
   WHERE k.contype = 'f' AND k.connamespace = 'tally'::regnamespace AND NOT a.attnum = ANY (k.conkey) $q$);
SELECT audit_rule('R9 append-only table that the app may change', $q$
  SELECT ''::text, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
   WHERE t.tgname = 'deny_row' AND c.relnamespace = 'tally'::regnamespace
     AND (has_table_privilege('tally_app', c.oid, 'DELETE') OR has_table_privilege('tally_app', c.oid, 'TRUNCATE')
       OR has_any_column_privilege('tally_app', c.oid, 'UPDATE')) $q$);
`;

export const down = /* sql */ `
DROP VIEW IF EXISTS audit;
DROP TABLE idempotency_key, audit_rule_source;
DROP FUNCTION drop_audit_rule(text), audit_rule(text, text), rebuild_audit(), append_only(regclass), deny_change(), tenant_table(regclass), cur_tenant();
DROP DOMAIN sha256_hash, slug, tsok, ccy, money_minor, qty;
REVOKE USAGE ON SCHEMA tally FROM tally_app, tally_ingest, tally_relay, tally_due, tally_auth, tally_jobs, tally_auditor;
`;
