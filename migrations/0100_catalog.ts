/** What is sold: business models, plans, SKUs, and their prices, whose versions never change. */
export const up = /* sql */ `
CREATE TABLE business_model (
  tenant_id uuid NOT NULL,
  model_id uuid NOT NULL,
  code text COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 1 AND 64),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
  version int NOT NULL DEFAULT 1 CHECK (version >= 1),
  currency ccy NOT NULL,
  default_plan_id uuid NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, model_id),
  UNIQUE (tenant_id, code)
);
SELECT tenant_table('business_model');
GRANT UPDATE (name, status, version, default_plan_id) ON business_model TO tally_app;

CREATE TABLE plan (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  model_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  tier text NULL CHECK (length(tier) BETWEEN 1 AND 64),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
  notes text NULL CHECK (length(notes) <= 2000),
  base_amount qty NULL CHECK (base_amount >= 0),
  billing_interval text NOT NULL DEFAULT 'P1M' CHECK (billing_interval ~ '^P[1-9][0-9]{0,2}[DWMY]$'),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, plan_id),
  UNIQUE (tenant_id, model_id, plan_id),
  FOREIGN KEY (tenant_id, model_id) REFERENCES business_model (tenant_id, model_id)
);
SELECT tenant_table('plan');
GRANT UPDATE (status, notes) ON plan TO tally_app;
COMMENT ON COLUMN plan.base_amount IS 'per billing interval, in the currency of the business model, major units; null without a base fee';
-- A model's default plan is one of its own.
ALTER TABLE business_model ADD CONSTRAINT business_model_default_plan
  FOREIGN KEY (tenant_id, model_id, default_plan_id) REFERENCES plan (tenant_id, model_id, plan_id);

CREATE TABLE product_sku (
  tenant_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL CHECK (sku ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$'),
  type text NOT NULL CHECK (type IN ('hosting', 'object', 'validation', 'action', 'analytics', 'energy')),
  unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 32),
  aggregation text NOT NULL DEFAULT 'sum'
    CHECK (aggregation IN ('sum', 'count', 'max', 'min', 'latest', 'unique_count', 'average', 'weighted_sum')),
  dimensions text[] NOT NULL DEFAULT '{}' CHECK (cardinality(dimensions) <= 16 AND array_position(dimensions, NULL) IS NULL),
  late_policy text NOT NULL DEFAULT 'adjust_next' CHECK (late_policy IN ('adjust_next', 'absorb', 'rebill', 'reject')),
  allow_negative boolean NOT NULL DEFAULT false,
  cost qty NULL,
  retail qty NULL,
  tax_code text NULL CHECK (length(tax_code) BETWEEN 1 AND 64),
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, sku)
);
SELECT tenant_table('product_sku');
-- What past billing stands on (type, unit, aggregation, dimensions, allow_negative) has no grant and so cannot change.
GRANT UPDATE (late_policy, cost, retail, tax_code, metadata) ON product_sku TO tally_app;

CREATE TABLE price_version (
  tenant_id uuid NOT NULL,
  price_version_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  version int NOT NULL CHECK (version >= 1),
  price jsonb NOT NULL CHECK (jsonb_typeof(price) = 'object' AND price ? 'model'),
  price_hash sha256_hash NOT NULL,
  created_at tsok NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (tenant_id, price_version_id),
  UNIQUE (tenant_id, plan_id, sku, version),
  UNIQUE (tenant_id, plan_id, sku, price_version_id),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plan (tenant_id, plan_id),
  FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('price_version');
SELECT append_only('price_version');
COMMENT ON COLUMN price_version.price_hash IS 'SHA-256 of the canonical JSON (RFC 8785) of the price';

CREATE TABLE plan_sku (
  tenant_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  included_qty qty NULL,
  overage_price qty NULL,
  tiers jsonb NULL CHECK (jsonb_typeof(tiers) = 'array'),
  price_version_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, sku),
  FOREIGN KEY (tenant_id, plan_id, sku, price_version_id) REFERENCES price_version (tenant_id, plan_id, sku, price_version_id)
);
SELECT tenant_table('plan_sku');
GRANT UPDATE (included_qty, overage_price, tiers, price_version_id) ON plan_sku TO tally_app;
COMMENT ON TABLE plan_sku IS 'points at the current price version; included_qty, overage_price and tiers repeat what it says';

SELECT audit_rule('C1 price versions with a gap', $q$
  SELECT tenant_id, plan_id || ' ' || sku FROM price_version GROUP BY tenant_id, plan_id, sku HAVING max(version) <> count(*) $q$);
SELECT audit_rule('C2 plan_sku that does not point at the newest version', $q$
  SELECT c.tenant_id, c.plan_id || ' ' || c.sku FROM plan_sku c JOIN price_version v USING (tenant_id, price_version_id)
   WHERE EXISTS (SELECT 1 FROM price_version n WHERE (n.tenant_id, n.plan_id, n.sku) = (v.tenant_id, v.plan_id, v.sku) AND n.version > v.version) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('C2 plan_sku that does not point at the newest version');
SELECT drop_audit_rule('C1 price versions with a gap');
DROP TABLE plan_sku, price_version, product_sku;
ALTER TABLE business_model DROP CONSTRAINT business_model_default_plan;
DROP TABLE plan, business_model;
`;
