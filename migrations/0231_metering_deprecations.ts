/** Ranges of usage that are taken back as a whole, and how far that has come. */
export const up = /* sql */ `
CREATE TABLE usage_deprecation (
  tenant_id uuid NOT NULL,
  deprecation_id uuid NOT NULL,
  org_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  from_time tsok NOT NULL,
  to_time tsok NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  source text COLLATE "C" NOT NULL CHECK (source IN ('form_submit', 'backend', 'meter', 'import', 'manual', 'replay')),
  -- What arrived below it is meant, and nothing later: whatever was acknowledged before the request is there.
  watermark xid8 NOT NULL DEFAULT pg_snapshot_xmax(pg_current_snapshot()),
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed')),
  -- The last event that was looked at, in the order of leaves.
  reached_time tsok NULL,
  reached_request_id text COLLATE "C" NULL,
  voided bigint NOT NULL DEFAULT 0 CHECK (voided >= 0),
  corrected_before bigint NOT NULL DEFAULT 0 CHECK (corrected_before >= 0),
  refused bigint NOT NULL DEFAULT 0 CHECK (refused >= 0),
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, deprecation_id),
  CONSTRAINT usage_deprecation_range CHECK (from_time < to_time),
  CONSTRAINT usage_deprecation_finished CHECK ((status = 'completed') = (finished_at IS NOT NULL)),
  CONSTRAINT usage_deprecation_reached CHECK ((reached_time IS NULL) = (reached_request_id IS NULL) AND reached_time >= from_time AND reached_time < to_time),
  CONSTRAINT usage_deprecation_org FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT usage_deprecation_sku FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('usage_deprecation');
GRANT UPDATE (status, reached_time, reached_request_id, voided, corrected_before, refused, finished_at) ON usage_deprecation TO tally_app;

-- It only goes forward, and what is completed stays.
CREATE FUNCTION usage_deprecation_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'completed' OR NEW.voided < OLD.voided OR NEW.corrected_before < OLD.corrected_before OR NEW.refused < OLD.refused
     OR (NEW.reached_time, NEW.reached_request_id) < (OLD.reached_time, OLD.reached_request_id) THEN
    RAISE EXCEPTION 'a deprecation only goes forward' USING ERRCODE = '23514', CONSTRAINT = 'usage_deprecation_forward';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER usage_deprecation_forward BEFORE UPDATE ON usage_deprecation FOR EACH ROW EXECUTE FUNCTION usage_deprecation_forward();

SELECT audit_rule('U5 deprecation that counts what it did not void', $q$
  SELECT d.tenant_id, d.deprecation_id FROM usage_deprecation d
   WHERE d.status = 'completed'
     AND d.voided <> (SELECT count(*) FROM metering_event e
                       WHERE e.tenant_id = d.tenant_id AND e.org_id = d.org_id AND e.sku = d.sku AND e.event_time >= d.from_time
                         AND e.event_time < d.to_time AND e.voids IS NOT NULL AND e.metadata ->> 'deprecation_id' = d.deprecation_id::text) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('U5 deprecation that counts what it did not void');
DROP TABLE usage_deprecation;
DROP FUNCTION usage_deprecation_forward();
`;
