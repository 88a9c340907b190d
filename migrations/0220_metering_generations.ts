/**
 * Usage events in generations by arrival: one name, `metering_event`, over a partition each. The newest is hot and takes what comes; the one
 * before it is sealed until its indexes are built and it is closed. Together with `metering_key_…` they make every request id unique for
 * ever at a flat cost: see docs/decisions/0006-deduplication-by-generations.md.
 */
export const up = /* sql */ `
SELECT drop_audit_rule('U2 usage below the watermark in no zone'), drop_audit_rule('U1 rollup differs from its events');

-- What was there before becomes generation 0, and keeps its own keys and policies out of the way of the new table's.
ALTER TABLE metering_event RENAME TO metering_event_0;
ALTER TABLE metering_event_0 RENAME CONSTRAINT metering_event_pkey TO metering_event_0_once;
ALTER INDEX metering_event_by_time RENAME TO metering_event_0_by_time;
ALTER INDEX metering_event_by_arrival RENAME TO metering_event_0_by_arrival;
ALTER TABLE metering_event_0 ADD COLUMN gen int NOT NULL DEFAULT 0;
ALTER TABLE metering_event_0 ALTER COLUMN gen DROP DEFAULT;
DROP TRIGGER deny_row ON metering_event_0;
DROP POLICY tenant ON metering_event_0;
DROP POLICY ingest ON metering_event_0;
DROP POLICY due ON metering_event_0;
REVOKE ALL ON metering_event_0 FROM tally_app, tally_ingest, tally_due, tally_auditor;
REVOKE ALL (tenant_id, xid) ON metering_event_0 FROM tally_due;

-- Row-level security would hide its rows from the questions below.
ALTER TABLE metering_event_0 NO FORCE ROW LEVEL SECURITY;

CREATE TABLE metering_event (LIKE metering_event_0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (gen);
CREATE INDEX metering_event_by_arrival ON metering_event (tenant_id, xid);
SELECT tenant_table('metering_event');
SELECT append_only('metering_event');
REVOKE INSERT ON metering_event FROM tally_app;
CREATE POLICY ingest ON metering_event TO tally_ingest USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON metering_event TO tally_ingest;
CREATE POLICY due ON metering_event FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, xid) ON metering_event TO tally_due;
-- For the functions below, which run as the owner.
CREATE POLICY generations ON metering_event FOR SELECT TO tally_owner USING (true);

CREATE TABLE metering_generation (
  gen int PRIMARY KEY CHECK (gen >= 0),
  state text NOT NULL CHECK (state IN ('hot', 'sealed', 'closed')),
  -- In which its first event arrived, by the database's clock in UTC.
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at timestamptz NULL,
  events bigint NULL CHECK (events >= 0),
  -- Over the keys of a closed generation: no is certain. Null only for what was there before there were generations.
  filter bytea NULL,
  filter_hash sha256_hash NULL,
  CONSTRAINT metering_generation_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (events IS NOT NULL)),
  CONSTRAINT metering_generation_filter CHECK ((filter IS NULL) = (filter_hash IS NULL) AND (filter IS NULL OR state = 'closed'))
);
ALTER TABLE metering_generation ALTER COLUMN filter SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX metering_generation_hot ON metering_generation (state) WHERE state = 'hot';
CREATE UNIQUE INDEX metering_generation_sealed ON metering_generation (state) WHERE state = 'sealed';
GRANT SELECT ON metering_generation TO tally_ingest, tally_auditor;

-- The keys of the hot and the sealed generation, even and odd ones in a table each. Unlogged: a crash empties them, the row of zeros too, and
-- whoever misses that row fills them again from the events, which are logged and the truth.
CREATE UNLOGGED TABLE metering_key_0 (key uuid PRIMARY KEY, salt bytea NOT NULL, leaf bytea NOT NULL);
CREATE UNLOGGED TABLE metering_key_1 (LIKE metering_key_0 INCLUDING ALL);
INSERT INTO metering_key_0 VALUES ('00000000-0000-0000-0000-000000000000', '', '');
INSERT INTO metering_key_1 VALUES ('00000000-0000-0000-0000-000000000000', '', '');
GRANT SELECT, INSERT ON metering_key_0, metering_key_1 TO tally_ingest;
GRANT SELECT ON metering_key_0, metering_key_1 TO tally_auditor;

-- What a request id is known by: as keyOf in the program makes it.
CREATE FUNCTION metering_key(tenant_id uuid, request_id text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(substring(sha256(convert_to(tenant_id::text || ':' || request_id, 'UTF8')) FROM 1 FOR 16), 'hex')::uuid;

-- The first step of every transaction that stores events. The lock is held to its end, and nobody changes generations meanwhile; what the
-- answer says is read in a statement of its own, whose snapshot is younger than the lock.
CREATE FUNCTION metering_enter(OUT hot int, OUT sealed int, OUT oldest int, OUT is_ready boolean, OUT key_pages int, OUT month_is_over boolean)
LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'usage is stored in read committed transactions alone' USING ERRCODE = '25001';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(7310220);
  SELECT h.gen, (SELECT s.gen FROM metering_generation s WHERE s.state = 'sealed'), (SELECT min(o.gen) FROM metering_generation o),
         EXISTS (SELECT FROM metering_key_0 WHERE key = '00000000-0000-0000-0000-000000000000') AND
         EXISTS (SELECT FROM metering_key_1 WHERE key = '00000000-0000-0000-0000-000000000000'),
         pg_relation_size(CASE h.gen % 2 WHEN 0 THEN 'metering_key_0'::regclass ELSE 'metering_key_1'::regclass END) / 8192,
         h.month < date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')
    INTO hot, sealed, oldest, is_ready, key_pages, month_is_over FROM metering_generation h WHERE h.state = 'hot';
END $$;

-- What follows changes generations: for role ingest through these functions alone. One at a time (7310221), and while nobody stores (7310220).
-- Whoever stores and hangs makes them give up, to be tried again: it must not stop everybody else.
CREATE FUNCTION metering_open(generation int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text := 'metering_event_' || generation;
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE metering_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  -- Its pages are frozen once, when it is closed.
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, SET (autovacuum_vacuum_insert_threshold = -1)', name);
  EXECUTE format('CREATE INDEX %I ON %I (tenant_id, org_id, sku)', name || '_by_org', name);
  EXECUTE format('CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION deny_change()', name);
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER deny_truncate', name);
  EXECUTE format('ALTER TABLE metering_event ATTACH PARTITION %I FOR VALUES IN (%s)', name, generation);
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER deny_row', name);
  EXECUTE format('GRANT MAINTAIN ON %I TO tally_ingest', name);
END $$;
REVOKE ALL ON FUNCTION metering_open(int) FROM PUBLIC;

-- Seals the hot generation and opens the next; false where that is done already, or the last one is not closed yet.
CREATE FUNCTION metering_roll(generation int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7310221);
  IF NOT EXISTS (SELECT FROM metering_generation WHERE gen = generation AND state = 'hot')
     OR EXISTS (SELECT FROM metering_generation WHERE state = 'sealed') THEN
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM metering_event WHERE gen = generation) THEN
    UPDATE metering_generation SET month = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') WHERE gen = generation;
    RETURN false;
  END IF;
  PERFORM metering_open(generation + 1);
  PERFORM pg_advisory_xact_lock(7310220);
  UPDATE metering_generation SET state = 'sealed' WHERE gen = generation;
  INSERT INTO metering_generation (gen, state, month) VALUES (generation + 1, 'hot', date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC'));
  RETURN true;
END $$;

-- Builds what readers and the deduplication need of a sealed generation, each index at once: the unique one proves the generation again.
CREATE FUNCTION metering_index(generation int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp
SET max_parallel_maintenance_workers = 0 SET maintenance_work_mem = '128MB' AS $$
DECLARE name text := 'metering_event_' || generation;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221);
  IF EXISTS (SELECT FROM metering_generation WHERE gen = generation AND state = 'sealed') AND to_regclass(name || '_once') IS NULL THEN
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (tenant_id, request_id)', name || '_once', name);
    EXECUTE format('CREATE INDEX %I ON %I (tenant_id, org_id, sku, event_time)', name || '_by_time', name);
  END IF;
END $$;

-- Takes a generation from the sealed to the closed, with the filter over as many keys as it has events, and frees its table of keys.
CREATE FUNCTION metering_close(generation int, keys bigint, filter bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  name text := 'metering_event_' || generation;
  table_of_keys text := 'metering_key_' || generation % 2;
  counted bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221);
  IF NOT EXISTS (SELECT FROM metering_generation WHERE gen = generation AND state = 'sealed') THEN
    RETURN false;
  END IF;
  SELECT count(*) INTO counted FROM metering_event WHERE gen = generation;
  IF keys IS DISTINCT FROM counted OR to_regclass(name || '_once') IS NULL THEN
    RAISE EXCEPTION 'generation % has % events and a filter over % keys', generation, counted, keys USING ERRCODE = '55000';
  END IF;
  PERFORM pg_advisory_xact_lock(7310220);
  UPDATE metering_generation g SET state = 'closed', closed_at = clock_timestamp(), events = counted, filter = metering_close.filter,
         filter_hash = sha256(metering_close.filter) WHERE gen = generation;
  EXECUTE format('TRUNCATE %I', table_of_keys);
  EXECUTE format('INSERT INTO %I VALUES (%L, %L, %L)', table_of_keys, '00000000-0000-0000-0000-000000000000', '', '');
  EXECUTE format('REVOKE MAINTAIN ON %I FROM tally_ingest', name);
  RETURN true;
END $$;

-- A closed generation no longer needs the index that its hot time had. Left for another time where a reader holds the table.
CREATE FUNCTION metering_trim(generation int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '200ms' AS $$
BEGIN
  IF EXISTS (SELECT FROM metering_generation WHERE gen = generation AND state = 'closed') THEN
    EXECUTE format('DROP INDEX IF EXISTS %I', 'metering_event_' || generation || '_by_org');
  END IF;
EXCEPTION WHEN lock_not_available THEN
  NULL;
END $$;

-- Fills the tables of keys that a crash has emptied.
CREATE FUNCTION metering_recover() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '60s' AS $$
DECLARE
  parity int;
  is_ready boolean;
  generation int;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221), pg_advisory_xact_lock(7310220);
  FOR parity IN 0..1 LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM metering_key_%s WHERE key = %L)', parity, '00000000-0000-0000-0000-000000000000') INTO is_ready;
    CONTINUE WHEN is_ready;
    EXECUTE format('TRUNCATE metering_key_%s', parity);
    SELECT gen INTO generation FROM metering_generation WHERE state IN ('hot', 'sealed') AND gen % 2 = parity;
    IF FOUND THEN
      EXECUTE format('INSERT INTO metering_key_%s SELECT metering_key(tenant_id, request_id) AS key, salt, leaf FROM metering_event WHERE gen = %s ORDER BY key',
                     parity, generation);
    END IF;
    EXECUTE format('INSERT INTO metering_key_%s VALUES (%L, %L, %L)', parity, '00000000-0000-0000-0000-000000000000', '', '');
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION metering_roll(int), metering_index(int), metering_close(int, bigint, bytea), metering_trim(int), metering_recover() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering_roll(int), metering_index(int), metering_close(int, bigint, bytea), metering_trim(int), metering_recover() TO tally_ingest;

DO $$
BEGIN
  IF EXISTS (SELECT FROM metering_event_0) THEN
    ALTER TABLE metering_event_0 FORCE ROW LEVEL SECURITY;
    ALTER TABLE metering_event ATTACH PARTITION metering_event_0 FOR VALUES IN (0);
    ALTER TABLE metering_event_0 ENABLE ALWAYS TRIGGER deny_row;
    INSERT INTO metering_generation (gen, state, month, closed_at, events)
    SELECT 0, 'closed', date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC'), clock_timestamp(), count(*) FROM metering_event;
  ELSE
    DROP TABLE metering_event_0;
  END IF;
  PERFORM metering_open(1);
  INSERT INTO metering_generation (gen, state, month) VALUES (1, 'hot', date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC'));
END $$;

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
SELECT audit_rule('U6 request id that is stored twice', $q$
  SELECT tenant_id, request_id FROM metering_event GROUP BY tenant_id, request_id HAVING count(*) > 1 $q$);
-- A table of keys that a crash has emptied is filled before anything is stored: then there is nothing to compare with.
SELECT audit_rule('U7 event without its key', $q$
  SELECT e.tenant_id, e.request_id FROM metering_event e JOIN metering_generation g ON g.gen = e.gen AND g.state <> 'closed'
    LEFT JOIN (SELECT key, 0 AS parity FROM metering_key_0 UNION ALL SELECT key, 1 FROM metering_key_1) k
      ON k.key = metering_key(e.tenant_id, e.request_id) AND k.parity = e.gen % 2
   WHERE k.key IS NULL AND EXISTS (SELECT FROM metering_key_0 WHERE key = '00000000-0000-0000-0000-000000000000')
     AND EXISTS (SELECT FROM metering_key_1 WHERE key = '00000000-0000-0000-0000-000000000000') $q$);
SELECT audit_rule('U8 closed generation without its filter, its unique key or some of its events', $q$
  SELECT ''::text, g.gen FROM metering_generation g LEFT JOIN (SELECT gen, count(*) FROM metering_event GROUP BY gen) e USING (gen)
   WHERE g.state = 'closed' AND (g.filter_hash IS DISTINCT FROM sha256(g.filter) OR e.count IS DISTINCT FROM g.events
     OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = to_regclass('tally.metering_event_' || g.gen) AND i.indisunique AND i.indisvalid)) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('U8 closed generation without its filter, its unique key or some of its events'), drop_audit_rule('U7 event without its key'),
       drop_audit_rule('U6 request id that is stored twice'), drop_audit_rule('U2 usage below the watermark in no zone'), drop_audit_rule('U1 rollup differs from its events');
DROP FUNCTION metering_recover(), metering_trim(int), metering_close(int, bigint, bytea), metering_index(int), metering_roll(int), metering_open(int), metering_enter();
ALTER TABLE metering_event RENAME TO metering_event_parts;
DROP INDEX metering_event_by_arrival;
CREATE TABLE metering_event (LIKE metering_event_parts INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO metering_event SELECT * FROM metering_event_parts;
ALTER TABLE metering_event DROP COLUMN gen;
ALTER TABLE metering_event ADD PRIMARY KEY (tenant_id, request_id);
DROP TABLE metering_event_parts, metering_key_0, metering_key_1, metering_generation;
DROP FUNCTION metering_key(uuid, text);
CREATE INDEX metering_event_by_time ON metering_event (tenant_id, org_id, sku, event_time);
CREATE INDEX metering_event_by_arrival ON metering_event (tenant_id, xid);
SELECT tenant_table('metering_event');
SELECT append_only('metering_event');
REVOKE INSERT ON metering_event FROM tally_app;
CREATE POLICY ingest ON metering_event TO tally_ingest USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON metering_event TO tally_ingest;
CREATE POLICY due ON metering_event FOR SELECT TO tally_due USING (true);
GRANT SELECT (tenant_id, xid) ON metering_event TO tally_due;
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
SELECT audit_rule('U2 usage below the watermark in no zone', $q$
  SELECT DISTINCT e.tenant_id, e.org_id FROM metering_event e JOIN usage_watermark w USING (tenant_id)
   WHERE e.xid < w.watermark AND NOT EXISTS (SELECT FROM usage_zone z WHERE (z.tenant_id, z.org_id) = (e.tenant_id, e.org_id)) $q$);
`;
