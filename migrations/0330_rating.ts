/**
 * What was billed, held so that no usage can be billed twice: a live take is a rectangle (usage time × arrival), an event is a point
 * in that plane, and live rectangles of a subscription may not overlap.
 */
export const up = /* sql */ `
CREATE TABLE billed_period (
  tenant_id uuid NOT NULL,
  billed_period_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  org_id uuid NOT NULL,
  from_date date NOT NULL,
  to_date date NOT NULL CHECK (to_date > from_date AND isfinite(from_date) AND isfinite(to_date)),
  during tstzrange NOT NULL CHECK (lower_inc(during) AND NOT upper_inc(during) AND NOT isempty(during) AND isfinite(lower(during)) AND isfinite(upper(during))),
  watermark bigint NOT NULL,
  run_id uuid NOT NULL,
  live boolean NOT NULL DEFAULT true,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, billed_period_id),
  UNIQUE (tenant_id, billed_period_id, subscription_id),
  FOREIGN KEY (tenant_id, subscription_id, org_id) REFERENCES org_entitlement (tenant_id, subscription_id, org_id),
  CONSTRAINT period_overlaps EXCLUDE USING gist (tenant_id WITH =, subscription_id WITH =, during WITH &&) WHERE (live)
);
CREATE INDEX billed_period_org ON billed_period (tenant_id, org_id);
SELECT tenant_table('billed_period');
GRANT UPDATE (live) ON billed_period TO tally_app;

CREATE TABLE usage_take (
  tenant_id uuid NOT NULL,
  billed_period_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  during tstzrange NOT NULL CHECK (NOT isempty(during) AND isfinite(lower(during)) AND isfinite(upper(during))),
  -- transaction ids of the inserts: the arrival of an event
  arrived int8range NOT NULL CHECK (NOT isempty(arrived) AND NOT lower_inf(arrived) AND NOT upper_inf(arrived)),
  live boolean NOT NULL DEFAULT true,
  PRIMARY KEY (tenant_id, billed_period_id, during, arrived),
  -- under its period's own subscription: the exclusion below looks at each subscription by itself
  FOREIGN KEY (tenant_id, billed_period_id, subscription_id) REFERENCES billed_period (tenant_id, billed_period_id, subscription_id),
  CONSTRAINT usage_taken_once EXCLUDE USING gist (tenant_id WITH =, subscription_id WITH =, during WITH &&, arrived WITH &&) WHERE (live)
);
SELECT tenant_table('usage_take');
GRANT UPDATE (live) ON usage_take TO tally_app;

CREATE TABLE charge (
  tenant_id uuid NOT NULL,
  charge_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('usage', 'base', 'action')),
  org_id uuid NOT NULL,
  project_id uuid,
  billed_period_id uuid,
  subscription_id uuid NOT NULL,
  sku text,
  during tstzrange NOT NULL CHECK (NOT isempty(during) AND isfinite(lower(during)) AND isfinite(upper(during))),
  quantity qty NOT NULL,
  amount_exact qty NOT NULL,
  amount_minor money_minor NOT NULL,
  currency ccy NOT NULL,
  price_version_id uuid,
  inputs jsonb NOT NULL,
  inputs_hash sha256_hash NOT NULL,
  steps jsonb NOT NULL,
  usage_count bigint,
  usage_sum qty,
  usage_root sha256_hash,
  request_id text CHECK (length(request_id) BETWEEN 1 AND 255),
  live boolean NOT NULL DEFAULT true,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, charge_id),
  FOREIGN KEY (tenant_id, billed_period_id, subscription_id) REFERENCES billed_period (tenant_id, billed_period_id, subscription_id),
  FOREIGN KEY (tenant_id, subscription_id, org_id) REFERENCES org_entitlement (tenant_id, subscription_id, org_id),
  FOREIGN KEY (tenant_id, org_id, project_id) REFERENCES project (tenant_id, org_id, project_id),
  CHECK ((kind = 'action') = (billed_period_id IS NULL)),
  CHECK ((kind = 'action') = (request_id IS NOT NULL)),
  CHECK ((kind = 'base') = (sku IS NULL)),
  CHECK ((kind = 'usage') = (usage_root IS NOT NULL))
);
-- With the billed period's exclusion: one live charge for a subscription item and service period.
CREATE UNIQUE INDEX charge_once ON charge (tenant_id, billed_period_id, kind, sku, (lower(during))) NULLS NOT DISTINCT WHERE live AND kind <> 'action';
CREATE UNIQUE INDEX charge_request_once ON charge (tenant_id, request_id) WHERE kind = 'action';
CREATE INDEX charge_counter ON charge (tenant_id, subscription_id, sku, (lower(during))) WHERE live AND kind = 'action';
SELECT tenant_table('charge');
GRANT UPDATE (live) ON charge TO tally_app;

-- What is billed changes in one way: it ceases to count, once.
CREATE FUNCTION only_retire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NOT OLD.live OR NEW.live OR (to_jsonb(NEW) - 'live') IS DISTINCT FROM (to_jsonb(OLD) - 'live') THEN
    RAISE EXCEPTION '% may only be retired', TG_TABLE_NAME USING ERRCODE = '42501', CONSTRAINT = 'only_retire';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_retire BEFORE UPDATE OR DELETE ON billed_period FOR EACH ROW EXECUTE FUNCTION only_retire();
CREATE TRIGGER only_retire BEFORE UPDATE OR DELETE ON usage_take FOR EACH ROW EXECUTE FUNCTION only_retire();
CREATE TRIGGER only_retire BEFORE UPDATE OR DELETE ON charge FOR EACH ROW EXECUTE FUNCTION only_retire();
ALTER TABLE billed_period ENABLE ALWAYS TRIGGER only_retire;
ALTER TABLE usage_take ENABLE ALWAYS TRIGGER only_retire;
ALTER TABLE charge ENABLE ALWAYS TRIGGER only_retire;

SELECT audit_rule('I6 overlapping billed periods', $q$
  SELECT a.tenant_id::text, a.billed_period_id || ' ' || b.billed_period_id FROM billed_period a JOIN billed_period b
      ON a.tenant_id = b.tenant_id AND a.subscription_id = b.subscription_id AND a.billed_period_id < b.billed_period_id AND a.during && b.during
   WHERE a.live AND b.live $q$);
SELECT audit_rule('I6b live charge or take of a retired period, or retired one of a live period', $q$
  SELECT p.tenant_id::text, p.billed_period_id::text FROM billed_period p WHERE (
    EXISTS (SELECT 1 FROM charge c WHERE (c.tenant_id, c.billed_period_id) = (p.tenant_id, p.billed_period_id) AND c.live <> p.live)
    OR EXISTS (SELECT 1 FROM usage_take t WHERE (t.tenant_id, t.billed_period_id) = (p.tenant_id, p.billed_period_id) AND t.live <> p.live)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('I6 overlapping billed periods');
SELECT drop_audit_rule('I6b live charge or take of a retired period, or retired one of a live period');
DROP TABLE charge, usage_take, billed_period;
DROP FUNCTION only_retire();
`;
