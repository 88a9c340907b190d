/** Months of events that went into the document store, and what the audit says of events, with those counted in. */
export const up = /* sql */ `
-- A month of events that is in the document store: written once its document was read back and found whole, kept when its events are gone.
CREATE TABLE event_archive (
  month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
  document text NOT NULL CHECK (length(document) BETWEEN 1 AND 500),
  bytes bigint NOT NULL CHECK (bytes > 0),
  sha256 sha256_hash NOT NULL,
  events bigint NOT NULL CHECK (events >= 0),
  verified_at tsok NOT NULL,
  -- Null until the events are gone from the database.
  dropped_at tsok NULL
);
GRANT SELECT ON event_archive TO tally_relay, tally_auditor;
GRANT INSERT (month, document, bytes, sha256, events, verified_at), UPDATE (document, bytes, sha256, events, verified_at) ON event_archive TO tally_relay;

-- What of it is each tenant's: positions stay dense with what is archived counted in.
CREATE TABLE event_archive_tenant (
  tenant_id uuid NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  events bigint NOT NULL CHECK (events > 0),
  first_position bigint NOT NULL CHECK (first_position >= 1),
  last_position bigint NOT NULL CHECK (last_position >= first_position),
  PRIMARY KEY (tenant_id, month)
);
SELECT tenant_table('event_archive_tenant');
REVOKE INSERT ON event_archive_tenant FROM tally_app;
CREATE POLICY months ON event_archive_tenant TO tally_owner USING (true) WITH CHECK (true);

-- Takes a month away that is over, all routed, and in the document store with exactly as many events.
CREATE FUNCTION event_month_archived(gone date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tally, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  suffix text := to_char(gone, '_YYYY_MM');
  starts timestamptz := gone::timestamp AT TIME ZONE 'UTC';
  ends timestamptz := (gone + interval '1 month')::timestamp AT TIME ZONE 'UTC';
  counted bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7310012);
  IF to_regclass('billing_events' || suffix) IS NULL OR ends > event_month(clock_timestamp()) THEN
    RETURN false;
  END IF;
  LOCK TABLE billing_events, event_inbox IN ACCESS EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM billing_events WHERE recorded_at >= starts AND recorded_at < ends AND routed_at IS NULL) THEN
    RETURN false;
  END IF;
  SELECT count(*) INTO counted FROM billing_events WHERE recorded_at >= starts AND recorded_at < ends;
  IF NOT EXISTS (SELECT FROM event_archive a WHERE a.month = gone AND a.events = counted AND a.dropped_at IS NULL) THEN
    RAISE EXCEPTION 'the month % has % events, and no document with as many', gone, counted USING ERRCODE = '55000';
  END IF;
  INSERT INTO event_archive_tenant (tenant_id, month, events, first_position, last_position)
  SELECT tenant_id, gone, count(*), min(position), max(position) FROM billing_events WHERE recorded_at >= starts AND recorded_at < ends GROUP BY tenant_id;
  EXECUTE format('ALTER TABLE event_inbox DETACH PARTITION %I', 'event_inbox' || suffix);
  EXECUTE format('DROP TABLE %I', 'event_inbox' || suffix);
  EXECUTE format('ALTER TABLE billing_events DETACH PARTITION %I', 'billing_events' || suffix);
  EXECUTE format('DROP TABLE %I', 'billing_events' || suffix);
  UPDATE event_archive a SET dropped_at = clock_timestamp() WHERE a.month = gone;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION event_month_archived(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_month_archived(date) TO tally_relay;

SELECT audit_rule('E1 event position gap', $q$
  SELECT p.tenant_id, 'last ' || p.last || ', ' || here.n || ' here, ' || gone.n || ' archived, highest ' || coalesce(here.top, 0)
    FROM event_position p
    CROSS JOIN LATERAL (SELECT count(DISTINCT e.position) AS n, max(e.position) AS top FROM billing_events e WHERE e.tenant_id = p.tenant_id AND e.position IS NOT NULL) here
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.events), 0) AS n, coalesce(max(a.last_position), 0) AS top FROM event_archive_tenant a WHERE a.tenant_id = p.tenant_id) gone
   WHERE p.last <> here.n + gone.n OR p.last <> greatest(coalesce(here.top, 0), gone.top)
  UNION ALL
  SELECT DISTINCT e.tenant_id, 'position ' || e.position || ' and no counter' FROM billing_events e
   WHERE e.position IS NOT NULL AND NOT EXISTS (SELECT FROM event_position p WHERE p.tenant_id = e.tenant_id) $q$);
SELECT audit_rule('E2 event dead', $q$
  SELECT tenant_id, event_id || ' ' || type || ': ' || last_error FROM billing_events WHERE status = 'dead' $q$);
-- No index of a partitioned table spans its months: what each of these says is held within a month by one.
SELECT audit_rule('E3 event that is there twice', $q$
  SELECT tenant_id, event_id FROM billing_events GROUP BY tenant_id, event_id HAVING count(*) > 1 $q$);
SELECT audit_rule('E4 event position given twice', $q$
  SELECT tenant_id, position FROM billing_events WHERE position IS NOT NULL GROUP BY tenant_id, position HAVING count(*) > 1 $q$);
SELECT audit_rule('E5 reaction that took effect twice', $q$
  SELECT tenant_id, event_id || ' ' || reaction FROM event_inbox GROUP BY tenant_id, event_id, reaction HAVING count(*) > 1 $q$);
SELECT audit_rule('E6 archived month whose tenants do not have its events', $q$
  SELECT ''::text, coalesce(a.month, t.month)
    FROM (SELECT month, events FROM event_archive WHERE dropped_at IS NOT NULL AND events > 0) a
    FULL JOIN (SELECT month, sum(events) AS events FROM event_archive_tenant GROUP BY month) t ON t.month = a.month
   WHERE a.events IS DISTINCT FROM t.events $q$);
`;

export const down = /* sql */ `
DO $$
BEGIN
  IF EXISTS (SELECT FROM event_archive WHERE dropped_at IS NOT NULL) THEN
    RAISE EXCEPTION 'there are archived months, whose events are not in the database';
  END IF;
END $$;
SELECT drop_audit_rule('E1 event position gap'), drop_audit_rule('E2 event dead'), drop_audit_rule('E3 event that is there twice'),
       drop_audit_rule('E4 event position given twice'), drop_audit_rule('E5 reaction that took effect twice'),
       drop_audit_rule('E6 archived month whose tenants do not have its events');
DROP FUNCTION event_month_archived(date);
DROP TABLE event_archive_tenant, event_archive;
`;
