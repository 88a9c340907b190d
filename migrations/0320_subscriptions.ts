/** Organizations on plans: subscriptions, the items that hold a SKU for a time, and the history of business models. */
export const up = /* sql */ `
CREATE TABLE org_entitlement (
  tenant_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  org_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  overrides jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(overrides) = 'object'),
  effective_at tsok NOT NULL,
  ended_at tsok NULL,
  billed_until tsok NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, subscription_id),
  UNIQUE (tenant_id, subscription_id, org_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES plan (tenant_id, plan_id),
  CONSTRAINT org_entitlement_ends_after_start CHECK (ended_at >= effective_at),
  CONSTRAINT org_entitlement_period_closed CHECK (ended_at >= billed_until),
  CONSTRAINT org_entitlement_plan_once EXCLUDE USING gist
    (tenant_id WITH =, org_id WITH =, plan_id WITH =, tstzrange(effective_at::timestamptz, ended_at::timestamptz, '[)') WITH &&)
);
CREATE INDEX org_entitlement_by_org ON org_entitlement (tenant_id, org_id, subscription_id);
SELECT tenant_table('org_entitlement');
GRANT UPDATE (ended_at, billed_until) ON org_entitlement TO tally_app;
COMMENT ON COLUMN org_entitlement.billed_until IS 'usage and fees before this moment are billed; nothing before it may change';

-- What is billed stays billed, and an end that lies in a billed period does not move.
CREATE FUNCTION guard_org_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - ARRAY['ended_at', 'billed_until']) IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['ended_at', 'billed_until'])
     OR NEW.billed_until < OLD.billed_until OR (NEW.billed_until IS NULL AND OLD.billed_until IS NOT NULL) THEN
    RAISE EXCEPTION 'a subscription changes only when it ends' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON org_entitlement FOR EACH ROW EXECUTE FUNCTION guard_org_entitlement();

CREATE TABLE subscription_item (
  tenant_id uuid NOT NULL,
  item_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  org_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  during tstzrange NOT NULL CHECK (isempty(during) OR (lower_inc(during) AND NOT upper_inc(during) AND NOT lower_inf(during))),
  PRIMARY KEY (tenant_id, item_id),
  UNIQUE (tenant_id, subscription_id, sku),
  FOREIGN KEY (tenant_id, subscription_id, org_id) REFERENCES org_entitlement (tenant_id, subscription_id, org_id),
  FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku),
  -- The usage of a SKU has one subscription to be billed by, at any moment.
  CONSTRAINT subscription_item_once EXCLUDE USING gist (tenant_id WITH =, org_id WITH =, sku WITH =, during WITH &&)
);
SELECT tenant_table('subscription_item');
GRANT UPDATE (during) ON subscription_item TO tally_app;
CREATE TRIGGER deny_delete BEFORE DELETE ON subscription_item FOR EACH ROW EXECUTE FUNCTION deny_change();

CREATE TABLE org_business_model (
  tenant_id uuid NOT NULL,
  assignment_id uuid NOT NULL,
  org_id uuid NOT NULL,
  model_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  effective_at tsok NOT NULL,
  assigned_by text NOT NULL CHECK (length(assigned_by) BETWEEN 1 AND 200),
  assigned_at tsok NOT NULL,
  notes text NULL CHECK (length(notes) <= 2000),
  replaced_at tsok NULL,
  PRIMARY KEY (tenant_id, assignment_id),
  FOREIGN KEY (tenant_id, model_id, plan_id) REFERENCES plan (tenant_id, model_id, plan_id),
  FOREIGN KEY (tenant_id, subscription_id, org_id) REFERENCES org_entitlement (tenant_id, subscription_id, org_id)
);
CREATE UNIQUE INDEX org_business_model_current ON org_business_model (tenant_id, org_id) WHERE replaced_at IS NULL;
SELECT tenant_table('org_business_model');
GRANT UPDATE (replaced_at) ON org_business_model TO tally_app;
CREATE FUNCTION guard_org_business_model() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.replaced_at IS NOT NULL OR (to_jsonb(NEW) - 'replaced_at') IS DISTINCT FROM (to_jsonb(OLD) - 'replaced_at') THEN
    RAISE EXCEPTION 'an assignment is only replaced, once' USING ERRCODE = '42501', CONSTRAINT = 'append_only';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_row BEFORE UPDATE OR DELETE ON org_business_model FOR EACH ROW EXECUTE FUNCTION guard_org_business_model();

SELECT audit_rule('S1 item that runs at another time than its subscription', $q$
  SELECT i.tenant_id, i.item_id FROM subscription_item i JOIN org_entitlement e USING (tenant_id, subscription_id)
   WHERE i.during <> tstzrange(e.effective_at::timestamptz, e.ended_at::timestamptz, '[)') $q$);
SELECT audit_rule('S2 SKU in two live subscriptions of an organization', $q$
  SELECT a.tenant_id, a.org_id || ' ' || a.sku FROM subscription_item a JOIN subscription_item b
      ON b.tenant_id = a.tenant_id AND b.org_id = a.org_id AND b.sku = a.sku AND b.item_id > a.item_id AND b.during && a.during $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('S2 SKU in two live subscriptions of an organization'), drop_audit_rule('S1 item that runs at another time than its subscription');
DROP TABLE org_business_model, subscription_item, org_entitlement;
DROP FUNCTION guard_org_business_model(), guard_org_entitlement();
`;
