/**
 * Corrections of what was billed: usage that came, or was corrected, after its period had been billed is charged by itself, at the price of
 * that period, under a billed period of its own that holds what it took.
 */
export const up = /* sql */ `
ALTER TABLE billed_period ADD COLUMN kind text NOT NULL DEFAULT 'period' CHECK (kind IN ('period', 'adjustment'));
ALTER TABLE billed_period ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE billed_period DROP CONSTRAINT period_overlaps;
ALTER TABLE billed_period ADD CONSTRAINT period_overlaps
  EXCLUDE USING gist (tenant_id WITH =, subscription_id WITH =, during WITH &&) WHERE (live AND kind = 'period');
ALTER TABLE charge ADD COLUMN adjusts_period_id uuid, ADD COLUMN adjusts_charge_id uuid,
  ADD FOREIGN KEY (tenant_id, adjusts_period_id, subscription_id) REFERENCES billed_period (tenant_id, billed_period_id, subscription_id),
  ADD FOREIGN KEY (tenant_id, adjusts_charge_id) REFERENCES charge (tenant_id, charge_id),
  ADD CONSTRAINT charge_adjusts_usage CHECK (adjusts_period_id IS NULL OR kind = 'usage'),
  ADD CONSTRAINT charge_adjusts_of_period CHECK (adjusts_charge_id IS NULL OR adjusts_period_id IS NOT NULL);
CREATE INDEX charge_adjusting ON charge (tenant_id, adjusts_charge_id) WHERE adjusts_charge_id IS NOT NULL;

SELECT drop_audit_rule('I6 overlapping billed periods');
SELECT audit_rule('I6 overlapping billed periods', $q$
  SELECT a.tenant_id::text, a.billed_period_id || ' ' || b.billed_period_id FROM billed_period a JOIN billed_period b
      ON a.tenant_id = b.tenant_id AND a.subscription_id = b.subscription_id AND a.billed_period_id < b.billed_period_id AND a.during && b.during
   WHERE a.live AND b.live AND a.kind = 'period' AND b.kind = 'period' $q$);
SELECT audit_rule('I6c correction outside an adjustment, or first charge within one', $q$
  SELECT c.tenant_id::text, c.charge_id::text FROM charge c JOIN billed_period p USING (tenant_id, billed_period_id)
   WHERE (p.kind = 'adjustment') <> (c.adjusts_period_id IS NOT NULL) $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('I6c correction outside an adjustment, or first charge within one');
SELECT drop_audit_rule('I6 overlapping billed periods');
SELECT audit_rule('I6 overlapping billed periods', $q$
  SELECT a.tenant_id::text, a.billed_period_id || ' ' || b.billed_period_id FROM billed_period a JOIN billed_period b
      ON a.tenant_id = b.tenant_id AND a.subscription_id = b.subscription_id AND a.billed_period_id < b.billed_period_id AND a.during && b.during
   WHERE a.live AND b.live $q$);
ALTER TABLE charge DROP COLUMN adjusts_charge_id, DROP COLUMN adjusts_period_id;
ALTER TABLE billed_period DROP CONSTRAINT period_overlaps;
ALTER TABLE billed_period DROP COLUMN kind;
ALTER TABLE billed_period ADD CONSTRAINT period_overlaps EXCLUDE USING gist (tenant_id WITH =, subscription_id WITH =, during WITH &&) WHERE (live);
`;
