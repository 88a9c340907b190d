/** What readings have to keep to, and those that wait for somebody to look at them. */
export const up = /* sql */ `
CREATE TABLE reading_rule (
  tenant_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  sku text COLLATE "C" NULL,
  meter_id uuid NULL,
  kind text NOT NULL CHECK (kind IN ('below_min', 'above_max', 'spike', 'zeros', 'negative', 'backwards', 'future', 'unit_mismatch', 'no_occupant')),
  action text NOT NULL CHECK (action IN ('accept_and_flag', 'hold')),
  -- below_min and above_max: usage of one interval, in the register's unit. spike: times the trailing average. zeros: how many in a row.
  threshold qty NULL CHECK (threshold >= 0),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, rule_id),
  CONSTRAINT reading_rule_of_one CHECK (num_nonnulls(sku, meter_id) = 1),
  CONSTRAINT reading_rule_threshold CHECK ((threshold IS NOT NULL) = (kind IN ('below_min', 'above_max', 'spike', 'zeros'))),
  CONSTRAINT reading_rule_once UNIQUE NULLS NOT DISTINCT (tenant_id, sku, meter_id, kind),
  FOREIGN KEY (tenant_id, meter_id) REFERENCES meter (tenant_id, meter_id),
  CONSTRAINT reading_rule_sku FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('reading_rule');
GRANT DELETE ON reading_rule TO tally_app;

CREATE TABLE reading_review (
  tenant_id uuid NOT NULL,
  review_id uuid NOT NULL,
  reading_id uuid NOT NULL,
  reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array' AND jsonb_array_length(reasons) > 0),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'corrected', 'rejected')),
  note text NULL CHECK (length(note) BETWEEN 1 AND 500),
  -- What was counted in its place.
  corrected_by uuid NULL,
  decided_by jsonb NULL,
  decided_at tsok NULL,
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, review_id),
  FOREIGN KEY (tenant_id, reading_id) REFERENCES meter_reading (tenant_id, reading_id),
  FOREIGN KEY (tenant_id, corrected_by) REFERENCES meter_reading (tenant_id, reading_id),
  CONSTRAINT reading_review_decided CHECK ((status = 'open') = (decided_at IS NULL) AND (status = 'open') = (decided_by IS NULL)),
  CONSTRAINT reading_review_corrected CHECK ((status = 'corrected') = (corrected_by IS NOT NULL))
);
CREATE UNIQUE INDEX reading_review_open_once ON reading_review (tenant_id, reading_id) WHERE status = 'open';
SELECT tenant_table('reading_review');
GRANT UPDATE (status, note, corrected_by, decided_by, decided_at) ON reading_review TO tally_app;

-- Rows of a file that wait.
ALTER TABLE usage_import ADD COLUMN held bigint NOT NULL DEFAULT 0 CHECK (held >= 0);
GRANT UPDATE (held) ON usage_import TO tally_app;

CREATE FUNCTION reading_review_stays_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'open' THEN
    RAISE EXCEPTION 'a review is decided once' USING ERRCODE = '42501', CONSTRAINT = 'reading_review_stays_decided';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reading_review_stays_decided BEFORE UPDATE ON reading_review FOR EACH ROW EXECUTE FUNCTION reading_review_stays_decided();

SELECT audit_rule('M3 held reading that nobody is asked about, or asked about although it is not held', $q$
  SELECT coalesce(m.tenant_id, v.tenant_id), coalesce(m.reading_id, v.reading_id)
    FROM (SELECT * FROM meter_reading WHERE state = 'held') m
    FULL JOIN (SELECT * FROM reading_review WHERE status = 'open') v USING (tenant_id, reading_id)
   WHERE m.reading_id IS NULL OR v.reading_id IS NULL $q$);
`;

export const down = /* sql */ `
SELECT drop_audit_rule('M3 held reading that nobody is asked about, or asked about although it is not held');
DROP TABLE reading_review, reading_rule;
ALTER TABLE usage_import DROP COLUMN held;
DROP FUNCTION reading_review_stays_decided();
`;
