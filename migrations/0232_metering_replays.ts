/** Usage that is brought back through ingest, from a file or from the store itself, and what came of it. */
export const up = /* sql */ `
CREATE TABLE usage_replay (
  tenant_id uuid NOT NULL,
  replay_id uuid NOT NULL,
  origin text NOT NULL CHECK (origin IN ('file', 'store')),
  -- SHA-256 of the file.
  sha256 sha256_hash NULL,
  -- Of a replay from the store: what is read again. Null for all.
  org_id uuid NULL,
  sku text COLLATE "C" NULL,
  from_time tsok NULL,
  to_time tsok NULL,
  -- What arrived below it is read.
  watermark xid8 NOT NULL DEFAULT pg_snapshot_xmax(pg_current_snapshot()),
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed')),
  -- The last event that was read, in the order of organization, SKU, time and request id.
  reached_org_id uuid NULL,
  reached_sku text COLLATE "C" NULL,
  reached_time tsok NULL,
  reached_request_id text COLLATE "C" NULL,
  accepted bigint NOT NULL DEFAULT 0 CHECK (accepted >= 0),
  duplicates bigint NOT NULL DEFAULT 0 CHECK (duplicates >= 0),
  rejected bigint NOT NULL DEFAULT 0 CHECK (rejected >= 0),
  -- The first of them: [{line, request_id, code, detail}].
  rejections jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(rejections) = 'array' AND jsonb_array_length(rejections) <= 100),
  created_at tsok NOT NULL,
  finished_at tsok NULL,
  PRIMARY KEY (tenant_id, replay_id),
  CONSTRAINT usage_replay_origin CHECK (CASE origin WHEN 'file' THEN sha256 IS NOT NULL AND from_time IS NULL AND to_time IS NULL
                                                    ELSE sha256 IS NULL AND from_time IS NOT NULL AND to_time IS NOT NULL AND from_time < to_time END),
  CONSTRAINT usage_replay_finished CHECK ((status = 'completed') = (finished_at IS NOT NULL)),
  CONSTRAINT usage_replay_reached CHECK (num_nulls(reached_org_id, reached_sku, reached_time, reached_request_id) IN (0, 4)),
  CONSTRAINT usage_replay_org FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT usage_replay_sku FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('usage_replay');
GRANT UPDATE (status, reached_org_id, reached_sku, reached_time, reached_request_id, accepted, duplicates, rejected, rejections, finished_at)
  ON usage_replay TO tally_app;
`;

export const down = /* sql */ `
DROP TABLE usage_replay;
`;
