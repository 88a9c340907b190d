/** Where usage is metered: sites, who occupies them, meters with their registers and readings, and imports of files. */
export const up = /* sql */ `
CREATE TABLE site (
  tenant_id uuid NOT NULL,
  site_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  address text NULL CHECK (length(address) BETWEEN 1 AND 500),
  time_zone text NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, site_id),
  -- Raises 22023 for a zone that PostgreSQL does not know, so that no later query meets one.
  CONSTRAINT site_time_zone_known CHECK ((created_at::timestamptz AT TIME ZONE time_zone) IS NOT NULL)
);
SELECT tenant_table('site');

CREATE TABLE occupancy (
  tenant_id uuid NOT NULL,
  occupancy_id uuid NOT NULL,
  site_id uuid NOT NULL,
  org_id uuid NOT NULL,
  starts_at tsok NOT NULL,
  ends_at tsok NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, occupancy_id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, site_id),
  CONSTRAINT occupancy_organization FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT occupancy_ends_after_start CHECK (ends_at > starts_at),
  CONSTRAINT occupancy_overlaps EXCLUDE USING gist (tenant_id WITH =, site_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
);
CREATE INDEX occupancy_of_organization ON occupancy (tenant_id, org_id, site_id);
SELECT tenant_table('occupancy');
GRANT UPDATE (ends_at) ON occupancy TO tally_app;

CREATE TABLE meter (
  tenant_id uuid NOT NULL,
  meter_id uuid NOT NULL,
  site_id uuid NOT NULL,
  identifier text COLLATE "C" NOT NULL CHECK (identifier ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
  sku text COLLATE "C" NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, meter_id),
  CONSTRAINT meter_identifier UNIQUE (tenant_id, identifier),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, site_id),
  CONSTRAINT meter_sku FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
CREATE INDEX meter_of_site ON meter (tenant_id, site_id, meter_id);
SELECT tenant_table('meter');

CREATE TABLE meter_register (
  tenant_id uuid NOT NULL,
  meter_id uuid NOT NULL,
  register text COLLATE "C" NOT NULL CHECK (register ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$'),
  sku text COLLATE "C" NOT NULL,
  unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 32),
  direction text NOT NULL CHECK (direction IN ('import', 'export')),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, meter_id, register),
  FOREIGN KEY (tenant_id, meter_id) REFERENCES meter (tenant_id, meter_id),
  CONSTRAINT meter_register_sku FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('meter_register');
COMMENT ON COLUMN meter_register.unit IS 'of manual readings; a meter file names its own';

-- A counter read by hand. The difference to the reading before is usage, sent with the request_id kept here.
CREATE TABLE meter_reading (
  tenant_id uuid NOT NULL,
  reading_id uuid NOT NULL,
  meter_id uuid NOT NULL,
  register text COLLATE "C" NOT NULL,
  read_at tsok NOT NULL,
  value qty NOT NULL CHECK (value >= 0),
  quality text NOT NULL CHECK (quality IN ('actual', 'estimated', 'substituted', 'final', 'customer')),
  used_from tsok NULL,
  request_id text COLLATE "C" NULL,
  org_id uuid NULL,
  sku text COLLATE "C" NULL,
  quantity qty NULL CHECK (quantity >= 0),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, reading_id),
  CONSTRAINT meter_reading_once UNIQUE (tenant_id, meter_id, register, read_at),
  FOREIGN KEY (tenant_id, meter_id, register) REFERENCES meter_register (tenant_id, meter_id, register),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT meter_reading_usage_whole CHECK (num_nonnulls(used_from, request_id, org_id, sku, quantity) IN (0, 5)),
  CONSTRAINT meter_reading_after_the_one_before CHECK (used_from < read_at)
);
SELECT tenant_table('meter_reading');
SELECT append_only('meter_reading');

CREATE TABLE usage_import (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  filename text NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
  sha256 sha256_hash NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  options jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object'),
  options_hash sha256_hash NOT NULL,
  org_id uuid NULL,
  format text NOT NULL CHECK (format IN ('auto', 'csv', 'nem12')),
  on_error text NOT NULL CHECK (on_error IN ('reject', 'keep_good')),
  status text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'rejected', 'failed')),
  -- Rows are checked in a first pass over the file and stored in a second; where bad rows are left out there is only the second.
  phase text NOT NULL DEFAULT 'check' CHECK (phase IN ('check', 'store')),
  items_done bigint NOT NULL DEFAULT 0 CHECK (items_done >= 0),
  bytes_read bigint NOT NULL DEFAULT 0 CHECK (bytes_read >= 0),
  bytes_to_read bigint NOT NULL CHECK (bytes_to_read >= 0),
  lines bigint NOT NULL DEFAULT 0,
  accepted bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  unmapped bigint NOT NULL DEFAULT 0,
  missing bigint NOT NULL DEFAULT 0,
  quantities jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(quantities) = 'object'),
  error_count bigint NOT NULL DEFAULT 0,
  same_as uuid NULL,
  -- Who works on it; a run that lost its lease to another writes nothing more.
  lease uuid NULL,
  leased_at timestamptz NULL,
  attempts int NOT NULL DEFAULT 0,
  created_by jsonb NOT NULL,
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, import_id),
  CONSTRAINT usage_import_organization FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, same_as) REFERENCES usage_import (tenant_id, import_id),
  CONSTRAINT usage_import_finished CHECK ((finished_at IS NOT NULL) = (status IN ('completed', 'rejected', 'failed'))),
  CONSTRAINT usage_import_rejected_whole CHECK (status <> 'rejected' OR (accepted = 0 AND duplicates = 0))
);
-- The same bytes with the same options are imported once, unless nothing or not everything came of it.
CREATE UNIQUE INDEX usage_import_once ON usage_import (tenant_id, sha256, options_hash)
  WHERE status IN ('queued', 'running') OR (status = 'completed' AND rejected = 0 AND same_as IS NULL);
SELECT tenant_table('usage_import');
GRANT UPDATE (format, status, phase, items_done, bytes_read, bytes_to_read, lines, accepted, duplicates, rejected, unmapped, missing, quantities, error_count,
  lease, leased_at, attempts, finished_at) ON usage_import TO tally_app;

CREATE TABLE usage_import_error (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  severity text NOT NULL CHECK (severity IN ('error', 'note')),
  position int NOT NULL CHECK (position BETWEEN 1 AND 1000),
  line int NOT NULL CHECK (line >= 0),
  code text NOT NULL CHECK (length(code) BETWEEN 1 AND 64),
  detail text NOT NULL CHECK (length(detail) BETWEEN 1 AND 1000),
  PRIMARY KEY (tenant_id, import_id, severity, position),
  FOREIGN KEY (tenant_id, import_id) REFERENCES usage_import (tenant_id, import_id)
);
SELECT tenant_table('usage_import_error');
-- A job that was killed and runs again lists its findings anew.
GRANT DELETE ON usage_import_error TO tally_app;

SELECT audit_rule('M1 finished import whose errors are not all counted', $q$
  SELECT i.tenant_id, i.import_id FROM usage_import i JOIN usage_import_error e USING (tenant_id, import_id)
   WHERE e.severity = 'error' AND i.finished_at IS NOT NULL GROUP BY i.tenant_id, i.import_id, i.error_count HAVING count(*) > i.error_count $q$);
SELECT audit_rule('M2 reading below the one before it', $q$
  SELECT r.tenant_id, r.reading_id FROM meter_reading r JOIN meter_reading b
      ON (b.tenant_id, b.meter_id, b.register) = (r.tenant_id, r.meter_id, r.register) AND b.read_at = r.used_from
   WHERE b.value > r.value $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('M2 reading below the one before it');
SELECT drop_audit_rule('M1 finished import whose errors are not all counted');
DROP TABLE usage_import_error, usage_import, meter_reading, meter_register, meter, occupancy, site;
`;
