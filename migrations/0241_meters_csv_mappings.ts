/** How a tenant's CSV files of meter values are to be read. An import keeps a copy of the mapping that it was started with. */
export const up = /* sql */ `
CREATE TABLE csv_mapping (
  tenant_id uuid NOT NULL,
  mapping_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object' AND pg_column_size(definition) <= 262144),
  created_at tsok NOT NULL,
  updated_at tsok NOT NULL CHECK (updated_at >= created_at),
  PRIMARY KEY (tenant_id, mapping_id),
  CONSTRAINT csv_mapping_name UNIQUE (tenant_id, name)
);
SELECT tenant_table('csv_mapping');
GRANT UPDATE (definition, updated_at), DELETE ON csv_mapping TO tally_app;
`;

export const down = /* sql */ `
DROP TABLE csv_mapping;
`;
