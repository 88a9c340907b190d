/** Usage events, their rollups by local day, the watermark up to which they are rolled up, and the periods that are closed. */
export const up = /* sql */ `
-- What ingest and rollups need to know of what stands below, and no more.
CREATE VIEW metering_org WITH (security_invoker = true) AS SELECT tenant_id, org_id, default_timezone AS time_zone FROM organization;
CREATE VIEW metering_project WITH (security_invoker = true) AS SELECT tenant_id, project_id, org_id FROM project;
CREATE VIEW metering_sku WITH (security_invoker = true) AS SELECT tenant_id, sku, aggregation, late_policy, allow_negative FROM product_sku;
-- Ingest tells what it stored through this window on the outbox, in the statement that stores.
CREATE VIEW metering_report WITH (security_invoker = true) AS
  SELECT tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, created_at FROM billing_events;
GRANT SELECT ON metering_org TO tally_app, tally_ingest, tally_auditor;
GRANT SELECT ON metering_project, metering_sku TO tally_ingest;
GRANT INSERT ON metering_report TO tally_ingest;
GRANT SELECT (tenant_id, org_id, default_timezone) ON organization TO tally_ingest;
GRANT SELECT (tenant_id, project_id, org_id) ON project TO tally_ingest;
GRANT SELECT (tenant_id, sku, aggregation, late_policy, allow_negative) ON product_sku TO tally_ingest;
CREATE POLICY ingest ON organization FOR SELECT TO tally_ingest USING (true);
CREATE POLICY ingest ON project FOR SELECT TO tally_ingest USING (true);
CREATE POLICY ingest ON product_sku FOR SELECT TO tally_ingest USING (true);

CREATE TABLE metering_event (
  tenant_id uuid NOT NULL,
  request_id text COLLATE "C" NOT NULL CHECK (length(request_id) BETWEEN 1 AND 255),
  event_id uuid NOT NULL,
  org_id uuid NOT NULL,
  project_id uuid NULL,
  sku text COLLATE "C" NOT NULL,
  quantity qty NULL,
  amount qty NULL,
  properties jsonb NULL,
  event_time tsok NOT NULL,
  source text COLLATE "C" NOT NULL CHECK (source IN ('form_submit', 'backend', 'meter', 'import', 'manual', 'replay')),
  metadata jsonb NULL,
  salt bytea NOT NULL CHECK (length(salt) = 16),
  leaf sha256_hash NOT NULL,
  -- Told when it came that it is late and will not be billed (late_policy absorb). What was not told so is billed.
  absorbed boolean NOT NULL DEFAULT false,
  -- The arrival. Once every transaction below some id has ended, the rows below that id are all there and stay as they are.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  received_at tsok NOT NULL,
  CONSTRAINT metering_event_measures CHECK (quantity IS NOT NULL OR amount IS NOT NULL),
  -- The deduplication: for ever, and nothing else decides it.
  PRIMARY KEY (tenant_id, request_id)
);
CREATE INDEX metering_event_by_time ON metering_event (tenant_id, org_id, sku, event_time);
CREATE INDEX metering_event_by_arrival ON metering_event (tenant_id, xid);
SELECT tenant_table('metering_event');
SELECT append_only('metering_event');
REVOKE INSERT ON metering_event FROM tally_app;
CREATE POLICY ingest ON metering_event TO tally_ingest USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON metering_event TO tally_ingest;
CREATE POLICY due ON metering_event FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, xid) ON metering_event TO tally_due;

-- The first moment of a local day. Where a clock set back shows midnight twice, the first of the two.
CREATE FUNCTION day_start(day date, time_zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(day::timestamp AT TIME ZONE time_zone, ((day::timestamp - interval '1 hour') AT TIME ZONE time_zone) + interval '1 hour');

-- Derived: each row is the aggregate of the day's events that arrived below its watermark. None arrived since, up to the tenant's.
CREATE TABLE usage_rollup (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  day date NOT NULL,
  count bigint NOT NULL CHECK (count > 0),
  -- How many of them no take holds.
  absorbed bigint NOT NULL CHECK (absorbed BETWEEN 0 AND count),
  quantity_sum qty NOT NULL,
  quantity_max qty NULL,
  quantity_min qty NULL,
  quantity_latest qty NULL,
  amount_sum qty NULL,
  root sha256_hash NOT NULL,
  day_leaf sha256_hash NOT NULL,
  first_time tsok NOT NULL,
  last_time tsok NOT NULL,
  watermark xid8 NOT NULL,
  PRIMARY KEY (tenant_id, org_id, sku, day)
);
SELECT tenant_table('usage_rollup');
GRANT UPDATE, DELETE ON usage_rollup TO tally_app;

-- The last watermark at which any rollup of an organization's month changed: tells late usage without looking at days.
CREATE TABLE usage_month (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  watermark xid8 NOT NULL,
  PRIMARY KEY (tenant_id, org_id, month)
);
SELECT tenant_table('usage_month');
GRANT UPDATE (watermark) ON usage_month TO tally_app;

-- The zone in which all rollups of an organization are cut.
CREATE TABLE usage_zone (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  time_zone text NOT NULL,
  PRIMARY KEY (tenant_id, org_id)
);
SELECT tenant_table('usage_zone');
GRANT UPDATE (time_zone) ON usage_zone TO tally_app;

CREATE TABLE usage_watermark (
  tenant_id uuid NOT NULL,
  watermark xid8 NOT NULL,
  at tsok NOT NULL,
  PRIMARY KEY (tenant_id)
);
SELECT tenant_table('usage_watermark');
GRANT UPDATE (watermark, at) ON usage_watermark TO tally_app;
CREATE POLICY due ON usage_watermark FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, watermark) ON usage_watermark TO tally_due;

-- Usage from before closed_until is late: billing has been there.
CREATE TABLE usage_closure (
  tenant_id uuid NOT NULL,
  org_id uuid NOT NULL,
  closed_until tsok NOT NULL,
  PRIMARY KEY (tenant_id, org_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id)
);
SELECT tenant_table('usage_closure');
GRANT UPDATE (closed_until) ON usage_closure TO tally_app;
CREATE POLICY ingest ON usage_closure FOR SELECT TO tally_ingest USING (true);
GRANT SELECT ON usage_closure TO tally_ingest;

-- Watermarks and closures only go forward, whoever writes them.
CREATE FUNCTION usage_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'usage_watermark' THEN
    NEW.watermark := greatest(NEW.watermark, OLD.watermark);
  ELSE
    NEW.closed_until := greatest(NEW.closed_until, OLD.closed_until);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER usage_forward BEFORE UPDATE ON usage_watermark FOR EACH ROW EXECUTE FUNCTION usage_forward();
CREATE TRIGGER usage_forward BEFORE UPDATE ON usage_closure FOR EACH ROW EXECUTE FUNCTION usage_forward();

SELECT audit_rule('U1 rollup differs from its events', $q$
  WITH event AS (
    SELECT e.tenant_id, e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date AS day, e.quantity, e.amount, e.event_time, e.absorbed, e.xid
      FROM metering_event e JOIN usage_zone z USING (tenant_id, org_id) JOIN usage_watermark w USING (tenant_id) WHERE e.xid < w.watermark),
  summed AS (
    SELECT tenant_id, org_id, sku, day, count(*) AS count, count(*) FILTER (WHERE absorbed) AS absorbed, coalesce(sum(quantity), 0) AS quantity_sum, max(quantity) AS quantity_max,
           min(quantity) AS quantity_min, sum(amount) AS amount_sum, min(event_time) AS first_time, max(event_time) AS last_time
      FROM event GROUP BY tenant_id, org_id, sku, day)
  SELECT coalesce(s.tenant_id, r.tenant_id), coalesce(s.org_id, r.org_id) || ' ' || coalesce(s.sku, r.sku) || ' ' || coalesce(s.day, r.day)
    FROM summed s FULL JOIN usage_rollup r USING (tenant_id, org_id, sku, day)
    LEFT JOIN usage_watermark w ON w.tenant_id = coalesce(s.tenant_id, r.tenant_id)
   WHERE (s.count, s.absorbed, s.quantity_sum, s.quantity_max, s.quantity_min, s.amount_sum, s.first_time, s.last_time) IS DISTINCT FROM
         (r.count, r.absorbed, r.quantity_sum, r.quantity_max, r.quantity_min, r.amount_sum, r.first_time, r.last_time)
     -- A row ahead of the watermark belongs to a rollup that is under way.
     AND NOT coalesce(r.watermark > w.watermark OR w.watermark IS NULL, false) $q$);
SELECT audit_rule('U2 usage below the watermark in no zone', $q$
  SELECT DISTINCT e.tenant_id, e.org_id FROM metering_event e JOIN usage_watermark w USING (tenant_id)
   WHERE e.xid < w.watermark AND NOT EXISTS (SELECT FROM usage_zone z WHERE (z.tenant_id, z.org_id) = (e.tenant_id, e.org_id)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('U2 usage below the watermark in no zone'), drop_audit_rule('U1 rollup differs from its events');
DROP TABLE usage_closure, usage_watermark, usage_zone, usage_month, usage_rollup, metering_event;
DROP FUNCTION usage_forward(), day_start(date, text);
DROP VIEW metering_report, metering_sku, metering_project, metering_org;
DROP POLICY ingest ON organization;
DROP POLICY ingest ON project;
DROP POLICY ingest ON product_sku;
REVOKE ALL (tenant_id, org_id, default_timezone) ON organization FROM tally_ingest;
REVOKE ALL (tenant_id, project_id, org_id) ON project FROM tally_ingest;
REVOKE ALL (tenant_id, sku, aggregation, late_policy, allow_negative) ON product_sku FROM tally_ingest;
`;
