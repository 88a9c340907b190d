/** Events that take others back or stand in their place, and what rollups count without them. */
export const up = /* sql */ `
ALTER TABLE metering_event
  ADD COLUMN voids text COLLATE "C" NULL,
  ADD COLUMN amends text COLLATE "C" NULL,
  ADD CONSTRAINT metering_event_correction CHECK (voids IS NULL OR amends IS NULL),
  -- One counter-event an event: what it takes back is its key. Long ids are hashed.
  ADD CONSTRAINT metering_event_counter CHECK (voids IS NULL OR request_id = 'void:' ||
    CASE WHEN octet_length(voids) <= 250 THEN voids ELSE encode(sha256(convert_to(voids, 'UTF8')), 'hex') END),
  ADD CONSTRAINT metering_event_amends_other CHECK (amends <> request_id);
CREATE INDEX metering_event_counters ON metering_event (tenant_id, org_id, sku, event_time) WHERE voids IS NOT NULL;
CREATE INDEX metering_event_amends ON metering_event (tenant_id, amends) WHERE amends IS NOT NULL;

-- What the day's events count for: a counter-event is a leaf like any other, and takes one away.
ALTER TABLE usage_rollup ADD COLUMN counted bigint;
ALTER TABLE usage_rollup
  ALTER COLUMN counted TYPE bigint USING count,
  ALTER COLUMN counted SET NOT NULL,
  ADD CONSTRAINT usage_rollup_counted CHECK (counted BETWEEN -count AND count AND (count - counted) % 2 = 0);

-- A correction is put on record in its own transaction, which is ingest's: its slot in the audit log.
CREATE VIEW metering_audit WITH (security_invoker = true) AS
  SELECT tenant_id, audit_id, at, actor_kind, actor_id, actor_name, action, target_type, target_id, org_id, before, after, request_id, correlation_id
    FROM audit_log;
GRANT INSERT ON metering_audit, audit_log TO tally_ingest;
CREATE POLICY ingest ON audit_log FOR INSERT TO tally_ingest WITH CHECK (target_type = 'usage_event');

SELECT drop_audit_rule('U1 rollup differs from its events');
SELECT audit_rule('U1 rollup differs from its events', $q$
  WITH event AS (
    SELECT e.tenant_id, e.org_id, e.sku, (e.event_time AT TIME ZONE z.time_zone)::date AS day, e.request_id, e.voids, e.quantity, e.amount, e.event_time,
           e.absorbed
      FROM metering_event e JOIN usage_zone z USING (tenant_id, org_id) JOIN usage_watermark w USING (tenant_id) WHERE e.xid < w.watermark),
  counter AS (SELECT tenant_id, voids AS request_id FROM event WHERE voids IS NOT NULL),
  summed AS (
    SELECT tenant_id, org_id, sku, day, count(*) AS count, count(*) - 2 * count(voids) AS counted, count(*) FILTER (WHERE absorbed) AS absorbed,
           coalesce(sum(quantity), 0) AS quantity_sum, max(quantity) FILTER (WHERE stands) AS quantity_max,
           min(quantity) FILTER (WHERE stands) AS quantity_min,
           (array_agg(quantity::numeric ORDER BY event_time DESC, request_id COLLATE "C" DESC) FILTER (WHERE stands AND quantity IS NOT NULL))[1] AS quantity_latest,
           sum(amount) AS amount_sum, min(event_time) AS first_time, max(event_time) AS last_time
      FROM (SELECT e.*, e.voids IS NULL AND c.request_id IS NULL AS stands FROM event e LEFT JOIN counter c USING (tenant_id, request_id)) e
     GROUP BY tenant_id, org_id, sku, day)
  SELECT coalesce(s.tenant_id, r.tenant_id), coalesce(s.org_id, r.org_id) || ' ' || coalesce(s.sku, r.sku) || ' ' || coalesce(s.day, r.day)
    FROM summed s FULL JOIN usage_rollup r USING (tenant_id, org_id, sku, day)
    LEFT JOIN usage_watermark w ON w.tenant_id = coalesce(s.tenant_id, r.tenant_id)
   WHERE (s.count, s.counted, s.absorbed, s.quantity_sum, s.quantity_max, s.quantity_min, s.quantity_latest, s.amount_sum, s.first_time, s.last_time)
         IS DISTINCT FROM
         (r.count, r.counted, r.absorbed, r.quantity_sum, r.quantity_max, r.quantity_min, r.quantity_latest, r.amount_sum, r.first_time, r.last_time)
     -- A row ahead of the watermark belongs to a rollup that is under way.
     AND NOT coalesce(r.watermark > w.watermark OR w.watermark IS NULL, false) $q$);
SELECT audit_rule('U3 counter-event that is not the opposite of its event', $q$
  SELECT c.tenant_id, c.request_id FROM metering_event c LEFT JOIN metering_event e ON (e.tenant_id, e.request_id) = (c.tenant_id, c.voids)
   WHERE c.voids IS NOT NULL
     AND (e.request_id IS NULL OR e.voids IS NOT NULL
       OR (c.org_id, c.sku, c.project_id, c.event_time, c.properties, c.quantity, c.amount, c.absorbed)
          IS DISTINCT FROM (e.org_id, e.sku, e.project_id, e.event_time, e.properties, -e.quantity, -e.amount, e.absorbed)) $q$);
SELECT audit_rule('U4 replacement beside what it replaces', $q$
  SELECT e.tenant_id, e.request_id FROM metering_event e
   WHERE e.amends IS NOT NULL
     AND (NOT EXISTS (SELECT FROM metering_event c WHERE c.tenant_id = e.tenant_id AND c.voids = e.amends)
       OR EXISTS (SELECT FROM metering_event o WHERE o.tenant_id = e.tenant_id AND o.amends = e.amends AND o.request_id <> e.request_id)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('U4 replacement beside what it replaces'), drop_audit_rule('U3 counter-event that is not the opposite of its event'),
       drop_audit_rule('U1 rollup differs from its events');
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
     AND NOT coalesce(r.watermark > w.watermark OR w.watermark IS NULL, false) $q$);
DROP POLICY ingest ON audit_log;
REVOKE INSERT ON audit_log FROM tally_ingest;
DROP VIEW metering_audit;
ALTER TABLE usage_rollup DROP COLUMN counted;
DROP INDEX metering_event_amends, metering_event_counters;
ALTER TABLE metering_event DROP COLUMN amends, DROP COLUMN voids;
`;
