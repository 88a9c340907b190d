/** Registers that count or report intervals, devices that are replaced, readings that stand in for others, the usage they became, and photos. */
export const up = /* sql */ `
ALTER TABLE meter_register
  ADD COLUMN kind text NOT NULL DEFAULT 'cumulative' CHECK (kind IN ('interval', 'cumulative')),
  ADD COLUMN every_minutes int NULL CHECK (every_minutes BETWEEN 1 AND 527040),
  ADD COLUMN digits int NULL CHECK (digits BETWEEN 1 AND 12),
  ADD COLUMN multiplier qty NOT NULL DEFAULT 1 CHECK (multiplier > 0),
  ADD CONSTRAINT meter_register_of_its_kind CHECK (kind = 'cumulative' OR (digits IS NULL AND coalesce(every_minutes, 1) <= 1440));
COMMENT ON COLUMN meter_register.every_minutes IS 'the length of an interval, or how often the counter is expected to be read';
COMMENT ON COLUMN meter_register.digits IS 'before the point: past them the counter starts at zero again';
GRANT UPDATE (every_minutes) ON meter_register TO tally_app;

-- What a register was until now can be told from its readings: those of files have none.
ALTER TABLE meter_register NO FORCE ROW LEVEL SECURITY;
ALTER TABLE meter_reading NO FORCE ROW LEVEL SECURITY;
UPDATE meter_register r SET kind = 'interval'
 WHERE register ~ '^[A-Z][0-9A-Z]$'
   AND NOT EXISTS (SELECT FROM meter_reading m WHERE (m.tenant_id, m.meter_id, m.register) = (r.tenant_id, r.meter_id, r.register));

-- A device that took another's place. The first device of a meter has no row: what it is stands in the register.
CREATE TABLE meter_device (
  tenant_id uuid NOT NULL,
  meter_id uuid NOT NULL,
  register text COLLATE "C" NOT NULL,
  installed_at tsok NOT NULL,
  serial text NULL CHECK (length(serial) BETWEEN 1 AND 64),
  digits int NULL CHECK (digits BETWEEN 1 AND 12),
  multiplier qty NOT NULL CHECK (multiplier > 0),
  created_at tsok NOT NULL,
  CONSTRAINT meter_device_once PRIMARY KEY (tenant_id, meter_id, register, installed_at),
  FOREIGN KEY (tenant_id, meter_id, register) REFERENCES meter_register (tenant_id, meter_id, register)
);
SELECT tenant_table('meter_device');
SELECT append_only('meter_device');

CREATE TABLE reading_photo (
  tenant_id uuid NOT NULL,
  photo_id uuid NOT NULL,
  sha256 sha256_hash NOT NULL,
  media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
  bytes int NOT NULL CHECK (bytes > 0),
  created_by jsonb NOT NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, photo_id),
  CONSTRAINT reading_photo_once UNIQUE (tenant_id, sha256)
);
SELECT tenant_table('reading_photo');
SELECT append_only('reading_photo');

-- What readings became in metering: each live row is one usage event, and no time of a register is in two.
CREATE TABLE reading_usage (
  tenant_id uuid NOT NULL,
  usage_id uuid NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  meter_id uuid NOT NULL,
  register text COLLATE "C" NOT NULL,
  starts_at tsok NOT NULL,
  ends_at tsok NOT NULL,
  request_id text COLLATE "C" NOT NULL CHECK (length(request_id) BETWEEN 1 AND 255),
  -- The event that this one was put in the place of.
  replaces text COLLATE "C" NULL,
  org_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  quantity qty NOT NULL,
  quality text NOT NULL,
  source text NOT NULL CHECK (source IN ('manual', 'meter', 'import')),
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'replaced', 'voided')),
  -- Whether metering has been told of the row, and of its end.
  told boolean NOT NULL DEFAULT false,
  void_told boolean NOT NULL DEFAULT false,
  refusal text NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, usage_id),
  CONSTRAINT reading_usage_request UNIQUE (tenant_id, request_id),
  CONSTRAINT reading_usage_forward CHECK (starts_at < ends_at),
  FOREIGN KEY (tenant_id, meter_id, register) REFERENCES meter_register (tenant_id, meter_id, register),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT reading_usage_counts_once EXCLUDE USING gist
    (tenant_id WITH =, meter_id WITH =, register WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state = 'live')
);
CREATE INDEX reading_usage_untold ON reading_usage (tenant_id, meter_id, seq) WHERE NOT told OR (state = 'voided' AND NOT void_told);
CREATE INDEX reading_usage_of_register ON reading_usage (tenant_id, meter_id, register, starts_at);
SELECT tenant_table('reading_usage');
GRANT UPDATE (state, told, void_told, refusal) ON reading_usage TO tally_app;

ALTER TABLE reading_usage NO FORCE ROW LEVEL SECURITY;
INSERT INTO reading_usage (tenant_id, usage_id, meter_id, register, starts_at, ends_at, request_id, org_id, sku, quantity, quality, source, told, created_at)
SELECT tenant_id, reading_id, meter_id, register, used_from, read_at, request_id, org_id, sku, quantity, quality, 'manual', true, created_at
  FROM meter_reading WHERE request_id IS NOT NULL;
ALTER TABLE reading_usage FORCE ROW LEVEL SECURITY;

SELECT drop_audit_rule('M2 reading below the one before it');
ALTER TABLE meter_reading
  DROP CONSTRAINT meter_reading_once, DROP CONSTRAINT meter_reading_usage_whole, DROP CONSTRAINT meter_reading_after_the_one_before,
  DROP CONSTRAINT meter_reading_value_check,
  DROP COLUMN used_from, DROP COLUMN request_id, DROP COLUMN org_id, DROP COLUMN sku, DROP COLUMN quantity,
  ADD COLUMN is_last boolean NOT NULL DEFAULT false,
  ADD COLUMN state text NOT NULL DEFAULT 'counted' CHECK (state IN ('counted', 'held', 'superseded', 'rejected')),
  ADD COLUMN source text NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'gateway', 'import', 'estimate')),
  ADD COLUMN flags text[] NOT NULL DEFAULT '{}',
  ADD COLUMN photo_id uuid NULL,
  ADD COLUMN created_by jsonb NULL,
  ADD CONSTRAINT meter_reading_photo FOREIGN KEY (tenant_id, photo_id) REFERENCES reading_photo (tenant_id, photo_id);
COMMENT ON COLUMN meter_reading.is_last IS 'the last of a device that was taken away at that time';
ALTER TABLE meter_register FORCE ROW LEVEL SECURITY;
ALTER TABLE meter_reading FORCE ROW LEVEL SECURITY;
-- Of a register at a time one reading counts; those it took the place of stay.
CREATE UNIQUE INDEX meter_reading_once ON meter_reading (tenant_id, meter_id, register, read_at, is_last) WHERE state = 'counted';

-- A reading says for ever what it said; only whether it counts may change, and never back.
DROP TRIGGER deny_row ON meter_reading;
CREATE FUNCTION meter_reading_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'meter_reading is append-only (DELETE)' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state' THEN
    RAISE EXCEPTION 'meter_reading is append-only (UPDATE)' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  IF NOT (OLD.state, NEW.state) IN (('held', 'counted'), ('held', 'rejected'), ('counted', 'superseded')) THEN
    RAISE EXCEPTION 'a reading that is % does not become %', OLD.state, NEW.state USING ERRCODE = '42501', CONSTRAINT = 'meter_reading_stays';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER meter_reading_stays BEFORE UPDATE OR DELETE ON meter_reading FOR EACH ROW EXECUTE FUNCTION meter_reading_stays();
ALTER TABLE meter_reading ENABLE ALWAYS TRIGGER meter_reading_stays;
GRANT UPDATE (state) ON meter_reading TO tally_app;

SELECT audit_rule('M2 usage of a register that no reading begins or ends', $q$
  SELECT u.tenant_id, u.usage_id FROM reading_usage u JOIN meter_register r USING (tenant_id, meter_id, register)
   WHERE u.state = 'live' AND (
     NOT EXISTS (SELECT FROM meter_reading m WHERE (m.tenant_id, m.meter_id, m.register, m.read_at) = (u.tenant_id, u.meter_id, u.register, u.starts_at) AND m.state = 'counted')
     OR (r.kind = 'cumulative' AND NOT EXISTS (
       SELECT FROM meter_reading m WHERE (m.tenant_id, m.meter_id, m.register, m.read_at) = (u.tenant_id, u.meter_id, u.register, u.ends_at) AND m.state = 'counted'))) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('M2 usage of a register that no reading begins or ends');
DROP TRIGGER meter_reading_stays ON meter_reading;
DROP FUNCTION meter_reading_stays();
DROP INDEX meter_reading_once;
ALTER TABLE meter_reading NO FORCE ROW LEVEL SECURITY;
ALTER TABLE reading_usage NO FORCE ROW LEVEL SECURITY;
REVOKE UPDATE (state) ON meter_reading FROM tally_app;
DELETE FROM meter_reading WHERE state <> 'counted' OR is_last OR value < 0;
ALTER TABLE meter_reading
  DROP COLUMN is_last, DROP COLUMN state, DROP COLUMN source, DROP COLUMN flags, DROP COLUMN photo_id, DROP COLUMN created_by,
  ADD COLUMN used_from tsok NULL,
  ADD COLUMN request_id text COLLATE "C" NULL,
  ADD COLUMN org_id uuid NULL,
  ADD COLUMN sku text COLLATE "C" NULL,
  ADD COLUMN quantity qty NULL CHECK (quantity >= 0),
  ADD CONSTRAINT meter_reading_value_check CHECK (value >= 0),
  ADD CONSTRAINT meter_reading_once UNIQUE (tenant_id, meter_id, register, read_at),
  ADD FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id);
UPDATE meter_reading m SET used_from = u.starts_at, request_id = u.request_id, org_id = u.org_id, sku = u.sku, quantity = u.quantity
  FROM reading_usage u
 WHERE (u.tenant_id, u.meter_id, u.register, u.ends_at) = (m.tenant_id, m.meter_id, m.register, m.read_at) AND u.state = 'live' AND u.quantity >= 0;
ALTER TABLE meter_reading
  ADD CONSTRAINT meter_reading_usage_whole CHECK (num_nonnulls(used_from, request_id, org_id, sku, quantity) IN (0, 5)),
  ADD CONSTRAINT meter_reading_after_the_one_before CHECK (used_from < read_at);
ALTER TABLE meter_reading FORCE ROW LEVEL SECURITY;
CREATE TRIGGER deny_row BEFORE UPDATE OR DELETE ON meter_reading FOR EACH ROW EXECUTE FUNCTION deny_change();
ALTER TABLE meter_reading ENABLE ALWAYS TRIGGER deny_row;
SELECT audit_rule('M2 reading below the one before it', $q$
  SELECT r.tenant_id, r.reading_id FROM meter_reading r JOIN meter_reading b
      ON (b.tenant_id, b.meter_id, b.register) = (r.tenant_id, r.meter_id, r.register) AND b.read_at = r.used_from
   WHERE b.value > r.value $q$);
DROP TABLE reading_usage, reading_photo, meter_device;
REVOKE UPDATE (every_minutes) ON meter_register FROM tally_app;
ALTER TABLE meter_register
  DROP CONSTRAINT meter_register_of_its_kind, DROP COLUMN kind, DROP COLUMN every_minutes, DROP COLUMN digits, DROP COLUMN multiplier;
`;
