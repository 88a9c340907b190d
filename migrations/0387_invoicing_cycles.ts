/** Billing cycles: which periods of an organization are closed, when the next one ends, and who wants them closed without being asked. */
export const up = /* sql */ `
CREATE TABLE billing_setting (
  tenant_id uuid PRIMARY KEY REFERENCES tenant (tenant_id),
  automatic boolean NOT NULL,
  grace_s int NOT NULL CHECK (grace_s BETWEEN 0 AND 14 * 86400),
  -- nothing before this date is billed automatically; null stands for the cycle in which it was switched on
  from_date date CHECK (isfinite(from_date)),
  switched_on_at tsok,
  updated_at tsok NOT NULL,
  CHECK (NOT automatic OR switched_on_at IS NOT NULL)
);
SELECT tenant_table('billing_setting');
GRANT UPDATE (automatic, grace_s, from_date, switched_on_at, updated_at) ON billing_setting TO tally_app;
CREATE POLICY due ON billing_setting FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, automatic) ON billing_setting TO tally_due;
CREATE INDEX billing_setting_automatic ON billing_setting (tenant_id) WHERE automatic;

-- The zone in which the cycles of a run end, where that is not the organization's own of today.
ALTER TABLE billing_run ADD COLUMN time_zone text CHECK (length(time_zone) BETWEEN 1 AND 64);

CREATE TABLE billing_cycle (
  tenant_id uuid NOT NULL,
  cycle_id uuid NOT NULL,
  org_id uuid NOT NULL,
  from_date date NOT NULL,
  to_date date NOT NULL CHECK (to_date > from_date AND isfinite(from_date) AND isfinite(to_date)),
  time_zone text NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64),
  -- the moments at which those dates began
  from_at tsok NOT NULL,
  to_at tsok NOT NULL,
  closed_at tsok NOT NULL,
  closed_by text NOT NULL CHECK (closed_by IN ('scheduler', 'run')),
  run_id uuid,
  -- why no run could be requested: {code, detail}
  refusal jsonb CHECK (jsonb_typeof(refusal) = 'object'),
  PRIMARY KEY (tenant_id, cycle_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, run_id) REFERENCES billing_run (tenant_id, run_id),
  CHECK (to_at::timestamptz > from_at::timestamptz),
  CHECK (closed_by = 'scheduler' OR run_id IS NOT NULL),
  CHECK (refusal IS NULL OR run_id IS NULL),
  -- A day of an organization is closed once.
  CONSTRAINT billing_cycle_once EXCLUDE USING gist (tenant_id WITH =, org_id WITH =, daterange(from_date, to_date) WITH &&)
);
CREATE INDEX billing_cycle_newest ON billing_cycle (tenant_id, cycle_id DESC);
CREATE INDEX billing_cycle_of_org ON billing_cycle (tenant_id, org_id, to_date DESC);
CREATE INDEX billing_cycle_of_run ON billing_cycle (tenant_id, run_id);
SELECT tenant_table('billing_cycle');
GRANT UPDATE (run_id, refusal) ON billing_cycle TO tally_app;

-- What is closed stays closed, as it was.
CREATE FUNCTION billing_cycle_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - ARRAY['run_id', 'refusal']) IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['run_id', 'refusal']) THEN
    RAISE EXCEPTION 'a closed cycle does not change' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_cycle_guard BEFORE UPDATE OR DELETE ON billing_cycle FOR EACH ROW EXECUTE FUNCTION billing_cycle_guard();
ALTER TABLE billing_cycle ENABLE ALWAYS TRIGGER billing_cycle_guard;

-- When to look at an organization's cycle next, by its tenant's clock: one row each, so that nobody has to look at all of them.
CREATE TABLE billing_cycle_due (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  due_at tsok NOT NULL,
  -- the cycle that runs, as far as it was looked at; its zone is kept to its end
  from_date date,
  to_date date CHECK (to_date > from_date),
  time_zone text CHECK (length(time_zone) BETWEEN 1 AND 64),
  to_at tsok,
  -- how often it could not be looked at when it was due; the log says why
  failures int NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- when to try again, by the wall clock: a test clock stands still
  retry_at tsok,
  PRIMARY KEY (tenant_id, org_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CHECK (num_nulls(from_date, to_date, time_zone, to_at) IN (0, 4))
);
CREATE INDEX billing_cycle_due_next ON billing_cycle_due (tenant_id, due_at, org_id);
SELECT tenant_table('billing_cycle_due');
GRANT UPDATE (due_at, from_date, to_date, time_zone, to_at, failures, retry_at), DELETE ON billing_cycle_due TO tally_app;
CREATE POLICY due ON billing_cycle_due FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, org_id, due_at, retry_at) ON billing_cycle_due TO tally_due;

SELECT audit_rule('Y1 cycles of an organization that share a moment', $q$
  SELECT a.tenant_id::text, a.cycle_id || ' ' || b.cycle_id FROM billing_cycle a JOIN billing_cycle b
      ON b.tenant_id = a.tenant_id AND b.org_id = a.org_id AND b.from_date >= a.to_date WHERE b.from_at::timestamptz < a.to_at::timestamptz $q$);
SELECT audit_rule('Y2 cycle whose run is of another organization or period', $q$
  SELECT c.tenant_id::text, c.cycle_id::text FROM billing_cycle c JOIN billing_run r USING (tenant_id, run_id)
   WHERE coalesce(r.org_id, c.org_id) <> c.org_id OR (r.from_date, r.to_date) <> (c.from_date, c.to_date) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('Y2 cycle whose run is of another organization or period'), drop_audit_rule('Y1 cycles of an organization that share a moment');
DROP TABLE billing_cycle_due, billing_cycle, billing_setting;
DROP FUNCTION billing_cycle_guard();
ALTER TABLE billing_run DROP COLUMN time_zone;
`;
