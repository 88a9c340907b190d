/**
 * Closed generations whose events were moved to the document store. What deduplication needs of them stays here for ever, and an index by which
 * a take finds its events in the document.
 */
const archived = "metering_archive_block b JOIN metering_generation g ON g.gen = b.gen AND g.state = 'archived'";
const wrapping = 'SELECT rule.tenant, rule.what FROM (';
/** For tenants without an archive. */
const whole = `) AS rule(tenant, what) WHERE NOT EXISTS (SELECT FROM ${archived} WHERE b.tenant_id = rule.tenant)`;
/** For days after the last archived event. */
const later = `) AS rule(tenant, what)
  LEFT JOIN (SELECT b.tenant_id, (max(b.last_time) AT TIME ZONE 'UTC')::date + 1 AS until FROM ${archived} GROUP BY b.tenant_id) a ON a.tenant_id = rule.tenant
 WHERE NOT coalesce(right(rule.what, 10)::date <= a.until, false)`;
const narrowed = [
  ['U1 rollup differs from its events', later],
  ['U3 counter-event that is not the opposite of its event', whole],
  ['U4 replacement beside what it replaces', whole],
  ['U5 deprecation that counts what it did not void', whole],
] as const;
const text = (sql: string) => `$text$${sql}$text$`;

export const up = /* sql */ `
ALTER TABLE metering_generation
  DROP CONSTRAINT metering_generation_state_check, DROP CONSTRAINT metering_generation_closed, DROP CONSTRAINT metering_generation_filter,
  ADD CONSTRAINT metering_generation_state_check CHECK (state IN ('hot', 'sealed', 'closed', 'archived')),
  ADD CONSTRAINT metering_generation_closed CHECK ((state IN ('closed', 'archived')) = (closed_at IS NOT NULL AND events IS NOT NULL)),
  ADD CONSTRAINT metering_generation_filter CHECK ((filter IS NULL) = (filter_hash IS NULL) AND (filter IS NULL OR closed_at IS NOT NULL));

-- The manifest of an archived generation: written once its document was read back and found whole.
CREATE TABLE metering_archive (
  gen int PRIMARY KEY REFERENCES metering_generation (gen),
  document text NOT NULL CHECK (length(document) BETWEEN 1 AND 500),
  bytes bigint NOT NULL CHECK (bytes > 0),
  sha256 sha256_hash NOT NULL,
  events bigint NOT NULL CHECK (events > 0),
  -- The Merkle root over the events' leaves, in the order of the document.
  root sha256_hash NOT NULL,
  verified_at tsok NOT NULL
);
GRANT SELECT ON metering_archive TO tally_app, tally_auditor;
GRANT SELECT, INSERT ON metering_archive TO tally_ingest;
SELECT append_only('metering_archive');

-- Up to a thousand events of one tenant that follow each other in the order of the document: a part of it that can be read by itself.
CREATE TABLE metering_archive_block (
  tenant_id uuid NOT NULL,
  gen int NOT NULL,
  block int NOT NULL CHECK (block >= 0),
  at bigint NOT NULL CHECK (at >= 0),
  bytes int NOT NULL CHECK (bytes > 0),
  sha256 sha256_hash NOT NULL,
  events int NOT NULL CHECK (events > 0),
  first_org uuid NOT NULL,
  first_sku text COLLATE "C" NOT NULL,
  last_org uuid NOT NULL,
  last_sku text COLLATE "C" NOT NULL,
  first_time tsok NOT NULL,
  last_time tsok NOT NULL,
  first_xid xid8 NOT NULL,
  last_xid xid8 NOT NULL,
  PRIMARY KEY (tenant_id, gen, block)
);
SELECT tenant_table('metering_archive_block');
SELECT append_only('metering_archive_block');
REVOKE INSERT ON metering_archive_block FROM tally_app;
CREATE POLICY ingest ON metering_archive_block TO tally_ingest USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON metering_archive_block TO tally_ingest;

-- What is known of archived events: 64 bytes each, the key (16), the salt (16) and the leaf (32), some hundred to a row, in the order of the keys.
CREATE TABLE metering_archive_key (
  gen int NOT NULL REFERENCES metering_archive (gen),
  first_key uuid NOT NULL,
  entries bytea NOT NULL CHECK (length(entries) > 0 AND length(entries) % 64 = 0),
  PRIMARY KEY (gen, first_key)
);
ALTER TABLE metering_archive_key ALTER COLUMN entries SET STORAGE EXTERNAL;
GRANT SELECT ON metering_archive_key TO tally_auditor;
GRANT SELECT, INSERT ON metering_archive_key TO tally_ingest;
SELECT append_only('metering_archive_key');

GRANT SELECT (gen, state) ON metering_generation TO tally_app;

-- Until when an organization is rolled up decides, too.
CREATE POLICY ingest ON usage_watermark FOR SELECT TO tally_ingest USING (true);
GRANT SELECT (tenant_id, watermark) ON usage_watermark TO tally_ingest;

-- Takes a closed generation's events away, once its manifest is there and as many keys are kept as it has events.
CREATE FUNCTION metering_archived(generation int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = tally, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  name text := 'metering_event_' || generation;
  kept bigint;
  counted bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7310221);
  IF NOT EXISTS (SELECT FROM metering_generation WHERE gen = generation AND state = 'closed') THEN
    RETURN false;
  END IF;
  SELECT count(*) INTO counted FROM metering_event WHERE gen = generation;
  SELECT coalesce(sum(length(entries) / 64), 0) INTO kept FROM metering_archive_key WHERE gen = generation;
  IF kept <> counted OR NOT EXISTS (SELECT FROM metering_archive WHERE gen = generation AND events = counted) THEN
    RAISE EXCEPTION 'generation % has % events, of which % are kept', generation, counted, kept USING ERRCODE = '55000';
  END IF;
  PERFORM pg_advisory_xact_lock(7310220);
  EXECUTE format('ALTER TABLE metering_event DETACH PARTITION %I', name);
  EXECUTE format('DROP TABLE %I', name);
  UPDATE metering_generation SET state = 'archived' WHERE gen = generation;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION metering_archived(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering_archived(int) TO tally_ingest;

-- What rules say of events that are in documents, these say themselves: they were found whole when they were written.
${narrowed.map(([rule, narrowing]) => `UPDATE audit_rule_source SET query = ${text(wrapping)} || query || ${text(narrowing)} WHERE name = ${text(rule)};`).join('\n')}
SELECT audit_rule('U9 request id that is archived and stored again', $q$
  SELECT e.tenant_id, e.request_id
    FROM (SELECT encode(substring(k.entries FROM 1 + 64 * i FOR 16), 'hex')::uuid AS key
            FROM metering_archive_key k JOIN metering_generation g ON g.gen = k.gen AND g.state = 'archived', generate_series(0, length(k.entries) / 64 - 1) AS i) a
    JOIN metering_event e ON metering_key(e.tenant_id, e.request_id) = a.key $q$);
SELECT audit_rule('U10 archived generation without its manifest, its blocks or some of its keys', $q$
  SELECT ''::text, g.gen FROM metering_generation g LEFT JOIN metering_archive a USING (gen)
   WHERE g.state = 'archived' AND ((a.events, a.events, a.events) IS DISTINCT FROM
     (g.events, (SELECT sum(b.events)::bigint FROM metering_archive_block b WHERE b.gen = g.gen),
      (SELECT sum(length(k.entries) / 64)::bigint FROM metering_archive_key k WHERE k.gen = g.gen))) $q$);
`;

export const down = /* sql */ `
DO $$
BEGIN
  IF EXISTS (SELECT FROM metering_generation WHERE state = 'archived') THEN
    RAISE EXCEPTION 'there are archived generations, whose events are not in the database';
  END IF;
END $$;
SELECT drop_audit_rule('U10 archived generation without its manifest, its blocks or some of its keys'), drop_audit_rule('U9 request id that is archived and stored again');
${narrowed
  .map(([rule, narrowing]) => {
    const length = `length(query) - length(${text(wrapping)}) - length(${text(narrowing)})`;
    return `UPDATE audit_rule_source SET query = substring(query FROM length(${text(wrapping)}) + 1 FOR ${length}) WHERE name = ${text(rule)};`;
  })
  .join('\n')}
SELECT rebuild_audit();
DROP FUNCTION metering_archived(int);
REVOKE SELECT (gen, state) ON metering_generation FROM tally_app;
DROP POLICY ingest ON usage_watermark;
REVOKE SELECT (tenant_id, watermark) ON usage_watermark FROM tally_ingest;
DROP TABLE metering_archive_key, metering_archive_block, metering_archive;
ALTER TABLE metering_generation
  DROP CONSTRAINT metering_generation_state_check, DROP CONSTRAINT metering_generation_closed, DROP CONSTRAINT metering_generation_filter,
  ADD CONSTRAINT metering_generation_state_check CHECK (state IN ('hot', 'sealed', 'closed')),
  ADD CONSTRAINT metering_generation_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (events IS NOT NULL)),
  ADD CONSTRAINT metering_generation_filter CHECK ((filter IS NULL) = (filter_hash IS NULL) AND (filter IS NULL OR state = 'closed'));
`;
