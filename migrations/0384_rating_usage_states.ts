/**
 * How far the usage of an organization, SKU and period has come: reported, rated, billed, voided. It moves by the steps of `lifecycle` in
 * src/billing/rating/model/lifecycle.ts, in the transaction of its charge.
 */
export const up = /* sql */ `
CREATE TABLE usage_state (
  tenant_id uuid NOT NULL,
  usage_state_id uuid NOT NULL,
  org_id uuid NOT NULL,
  sku text COLLATE "C" NOT NULL,
  subscription_id uuid NOT NULL,
  during tstzrange NOT NULL CHECK (lower_inc(during) AND NOT upper_inc(during) AND NOT isempty(during) AND isfinite(lower(during)) AND isfinite(upper(during))),
  state text NOT NULL CHECK (state IN ('reported', 'rated', 'billed', 'voided')),
  charge_id uuid NULL,
  invoice_id uuid NULL,
  problem jsonb NULL CHECK (jsonb_typeof(problem) = 'object'),
  changed_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, usage_state_id),
  CONSTRAINT usage_state_once UNIQUE (tenant_id, org_id, sku, during),
  CONSTRAINT usage_state_charge CHECK ((state = 'reported') = (charge_id IS NULL)),
  CONSTRAINT usage_state_invoice CHECK ((state IN ('billed', 'voided')) = (invoice_id IS NOT NULL)),
  CONSTRAINT usage_state_problem CHECK (problem IS NULL OR state IN ('reported', 'voided')),
  FOREIGN KEY (tenant_id, subscription_id, org_id) REFERENCES org_entitlement (tenant_id, subscription_id, org_id),
  FOREIGN KEY (tenant_id, charge_id) REFERENCES charge (tenant_id, charge_id)
);
CREATE INDEX usage_state_in ON usage_state (tenant_id, state, usage_state_id);
SELECT tenant_table('usage_state');
GRANT UPDATE (state, charge_id, invoice_id, subscription_id, problem, changed_at), DELETE ON usage_state TO tally_app;
COMMENT ON COLUMN usage_state.charge_id IS 'the charge that rated it last';
COMMENT ON COLUMN usage_state.invoice_id IS 'the invoice that billed it last';
COMMENT ON COLUMN usage_state.problem IS 'code and detail: why it could not be rated, or not again';

-- What was billed by now, and what was voided and not billed again. The policies are for this statement alone.
CREATE POLICY fill ON invoice_line FOR SELECT TO tally_owner USING (true);
ALTER TABLE charge NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_state NO FORCE ROW LEVEL SECURITY;
INSERT INTO usage_state (tenant_id, usage_state_id, org_id, sku, subscription_id, during, state, charge_id, invoice_id, changed_at)
SELECT DISTINCT ON (c.tenant_id, c.org_id, c.sku, c.during)
       c.tenant_id, c.charge_id, c.org_id, c.sku, c.subscription_id, c.during, CASE WHEN c.live THEN 'billed' ELSE 'voided' END, c.charge_id, l.invoice_id,
       c.created_at
  FROM charge c JOIN invoice_line l ON (l.tenant_id, l.charge_id) = (c.tenant_id, c.charge_id)
 WHERE c.kind = 'usage' AND c.adjusts_period_id IS NULL
 ORDER BY c.tenant_id, c.org_id, c.sku, c.during, c.live DESC, c.created_at DESC, c.charge_id DESC;
ALTER TABLE usage_state FORCE ROW LEVEL SECURITY;
ALTER TABLE charge FORCE ROW LEVEL SECURITY;
DROP POLICY fill ON invoice_line;

CREATE TRIGGER usage_state_begins BEFORE INSERT ON usage_state FOR EACH ROW
  WHEN (NEW.state <> 'reported') EXECUTE FUNCTION refuse_transition('usage_transition', 'state');
CREATE TRIGGER usage_state_transition BEFORE UPDATE ON usage_state FOR EACH ROW
  WHEN (OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (('reported', 'rated'), ('rated', 'billed'), ('billed', 'voided'), ('voided', 'rated')))
  EXECUTE FUNCTION refuse_transition('usage_transition', 'state');
ALTER TABLE usage_state ENABLE ALWAYS TRIGGER usage_state_begins;
ALTER TABLE usage_state ENABLE ALWAYS TRIGGER usage_state_transition;
-- What is charged stays on record; what was reported only, of a period that is billed in other parts, does not.
CREATE TRIGGER usage_state_kept BEFORE DELETE ON usage_state FOR EACH ROW WHEN (OLD.state <> 'reported') EXECUTE FUNCTION deny_change();
ALTER TABLE usage_state ENABLE ALWAYS TRIGGER usage_state_kept;

SELECT audit_rule('T1 usage that is rated or billed by a charge that does not count, or is another''s', $q$
  SELECT u.tenant_id::text, u.usage_state_id::text FROM usage_state u LEFT JOIN charge c ON (c.tenant_id, c.charge_id) = (u.tenant_id, u.charge_id)
   WHERE u.state IN ('rated', 'billed')
     AND (c.live, c.kind, c.org_id, c.sku, c.during, c.subscription_id, c.adjusts_period_id)
         IS DISTINCT FROM (true, 'usage', u.org_id, u.sku, u.during, u.subscription_id, NULL::uuid) $q$);
SELECT audit_rule('T2 charge for usage that counts, and whose usage is not billed by it', $q$
  SELECT c.tenant_id::text, c.charge_id::text FROM charge c
    LEFT JOIN usage_state u ON (u.tenant_id, u.org_id, u.sku, u.during) = (c.tenant_id, c.org_id, c.sku, c.during)
   WHERE c.live AND c.kind = 'usage' AND c.adjusts_period_id IS NULL AND (u.state, u.charge_id) IS DISTINCT FROM ('billed', c.charge_id) $q$);
SELECT audit_rule('T3 usage that is voided though its charge counts', $q$
  SELECT u.tenant_id::text, u.usage_state_id::text FROM usage_state u JOIN charge c ON (c.tenant_id, c.charge_id) = (u.tenant_id, u.charge_id)
   WHERE u.state = 'voided' AND c.live $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule(name) FROM (VALUES ('T1 usage that is rated or billed by a charge that does not count, or is another''s'),
  ('T2 charge for usage that counts, and whose usage is not billed by it'), ('T3 usage that is voided though its charge counts')) AS rule (name);
DROP TABLE usage_state;
`;
