/** Price drafts, what a plan demands before one is published, and versions that know the draft they came from. */
export const up = /* sql */ `
ALTER TABLE plan ADD COLUMN publish_policy jsonb NULL CHECK (jsonb_typeof(publish_policy) = 'object');
GRANT UPDATE (publish_policy, base_amount) ON plan TO tally_app;
COMMENT ON COLUMN plan.publish_policy IS 'what a backtest must have shown before a price of the plan changes; null where nothing is demanded';

CREATE TABLE price_draft (
  tenant_id uuid NOT NULL,
  draft_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'discarded')),
  base_amount qty NULL CHECK (base_amount >= 0),
  skus jsonb NOT NULL CHECK (jsonb_typeof(skus) = 'object'),
  content_hash sha256_hash NOT NULL,
  created_at tsok NOT NULL,
  created_by text NOT NULL,
  updated_at tsok NOT NULL,
  published_at tsok NULL,
  published_by text NULL,
  published_policy jsonb NULL,
  backtest_id uuid NULL,
  PRIMARY KEY (tenant_id, draft_id),
  UNIQUE (tenant_id, draft_id, plan_id),
  UNIQUE (tenant_id, draft_id, content_hash),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plan (tenant_id, plan_id),
  CHECK ((status = 'published') = (published_at IS NOT NULL AND published_by IS NOT NULL)),
  CHECK (status = 'published' OR (published_policy IS NULL AND backtest_id IS NULL)),
  -- What the plan demanded was met by a backtest, which is named.
  CONSTRAINT price_draft_backtest_required CHECK (published_policy IS NULL OR backtest_id IS NOT NULL)
);
CREATE INDEX price_draft_by_plan ON price_draft (tenant_id, plan_id, draft_id DESC);
SELECT tenant_table('price_draft');
GRANT UPDATE (name, status, base_amount, skus, content_hash, updated_at, published_at, published_by, published_policy, backtest_id) ON price_draft TO tally_app;
COMMENT ON COLUMN price_draft.skus IS 'SKU to price: what changes over the live prices of the plan';
COMMENT ON COLUMN price_draft.content_hash IS 'SHA-256 of the canonical JSON of plan, base amount and prices: what a backtest was of';
COMMENT ON COLUMN price_draft.backtest_id IS 'the passed backtest that publishing stood on';

-- What is published or discarded stays as it is.
CREATE FUNCTION guard_price_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.status <> 'draft' THEN
    RAISE EXCEPTION 'a draft that is % does not change', OLD.status USING ERRCODE = '42501', CONSTRAINT = 'price_draft_final';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON price_draft FOR EACH ROW EXECUTE FUNCTION guard_price_draft();
ALTER TABLE price_draft ENABLE ALWAYS TRIGGER guard_row;

ALTER TABLE price_version ADD COLUMN draft_id uuid NULL;
ALTER TABLE price_version ADD CONSTRAINT price_version_draft FOREIGN KEY (tenant_id, draft_id, plan_id) REFERENCES price_draft (tenant_id, draft_id, plan_id);
COMMENT ON COLUMN price_version.draft_id IS 'the draft whose publication made the version; null where it was set directly';

-- While a plan demands a backtest, its prices change by publishing a draft that met the demand, and in no other way.
CREATE FUNCTION price_version_keeps_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM plan p WHERE p.tenant_id = NEW.tenant_id AND p.plan_id = NEW.plan_id AND p.publish_policy IS NOT NULL)
     AND NOT EXISTS (SELECT 1 FROM price_draft d WHERE d.tenant_id = NEW.tenant_id AND d.draft_id = NEW.draft_id AND d.backtest_id IS NOT NULL) THEN
    RAISE EXCEPTION 'plan % demands a passed backtest', NEW.plan_id USING ERRCODE = '23514', CONSTRAINT = 'price_draft_backtest_required';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER price_version_keeps_policy AFTER INSERT ON price_version DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION price_version_keeps_policy();
ALTER TABLE price_version ENABLE ALWAYS TRIGGER price_version_keeps_policy;

SELECT audit_rule('C3 price version of a draft that was not published', $q$
  SELECT v.tenant_id, v.price_version_id FROM price_version v JOIN price_draft d ON (d.tenant_id, d.draft_id) = (v.tenant_id, v.draft_id)
   WHERE d.status <> 'published' OR NOT d.skus ? v.sku OR d.skus -> v.sku IS DISTINCT FROM v.price $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('C3 price version of a draft that was not published');
DROP TRIGGER price_version_keeps_policy ON price_version;
DROP FUNCTION price_version_keeps_policy();
ALTER TABLE price_version DROP COLUMN draft_id;
DROP TABLE price_draft;
DROP FUNCTION guard_price_draft();
REVOKE UPDATE (publish_policy, base_amount) ON plan FROM tally_app;
ALTER TABLE plan DROP COLUMN publish_policy;
`;
