/** Where readings are missing, as the nightly look found it. */
export const up = /* sql */ `
CREATE TABLE meter_gap (
  tenant_id uuid NOT NULL,
  gap_id uuid NOT NULL,
  meter_id uuid NOT NULL,
  register text COLLATE "C" NOT NULL,
  starts_at tsok NOT NULL,
  ends_at tsok NOT NULL,
  missing int NOT NULL CHECK (missing > 0),
  found_at tsok NOT NULL,
  -- When it was found to be filled.
  closed_at tsok NULL,
  PRIMARY KEY (tenant_id, gap_id),
  FOREIGN KEY (tenant_id, meter_id, register) REFERENCES meter_register (tenant_id, meter_id, register),
  CONSTRAINT meter_gap_forward CHECK (starts_at < ends_at),
  CONSTRAINT meter_gap_found_once EXCLUDE USING gist
    (tenant_id WITH =, meter_id WITH =, register WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (closed_at IS NULL)
);
CREATE INDEX meter_gap_open ON meter_gap (tenant_id, meter_id, register, starts_at) WHERE closed_at IS NULL;
SELECT tenant_table('meter_gap');
GRANT UPDATE (ends_at, missing, closed_at) ON meter_gap TO tally_app;
`;

export const down = /* sql */ `
DROP TABLE meter_gap;
`;
