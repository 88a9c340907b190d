/** Who earns on an organization's lines, when, and how much. */
export const up = /* sql */ `
CREATE TABLE partner_of_record (
  tenant_id uuid NOT NULL,
  partner_of_record_id uuid NOT NULL,
  org_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  start_at tsok NOT NULL,
  end_at tsok NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'expired', 'disputed')),
  created_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, org_id, partner_id, start_at),
  UNIQUE (tenant_id, partner_of_record_id),
  FOREIGN KEY (tenant_id, org_id) REFERENCES organization (tenant_id, org_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES organization (tenant_id, org_id),
  CONSTRAINT partner_of_record_is_another CHECK (partner_id <> org_id),
  CONSTRAINT partner_of_record_ends_after_start CHECK (end_at > start_at),
  CONSTRAINT partner_of_record_expired_has_end CHECK (status <> 'expired' OR end_at IS NOT NULL),
  -- One partner at a time. What is disputed earns nothing, and so is in nobody's way.
  CONSTRAINT partner_of_record_one_at_a_time EXCLUDE USING gist
    (tenant_id WITH =, org_id WITH =, tstzrange(start_at::timestamptz, end_at::timestamptz, '[)') WITH &&) WHERE (status <> 'disputed')
);
CREATE INDEX partner_of_record_by_partner ON partner_of_record (tenant_id, partner_id, org_id);
SELECT tenant_table('partner_of_record');
GRANT UPDATE (end_at, status) ON partner_of_record TO tally_app;
CREATE TRIGGER deny_delete BEFORE DELETE ON partner_of_record FOR EACH ROW EXECUTE FUNCTION deny_change();

CREATE TABLE commission_rate (
  tenant_id uuid NOT NULL,
  partner_tier text COLLATE "C" NOT NULL CHECK (length(partner_tier) BETWEEN 1 AND 50),
  sku text COLLATE "C" NOT NULL,
  pct numeric(5,2) NOT NULL CHECK (pct BETWEEN 0 AND 100),
  updated_at tsok NOT NULL,
  PRIMARY KEY (tenant_id, partner_tier, sku),
  FOREIGN KEY (tenant_id, sku) REFERENCES product_sku (tenant_id, sku)
);
SELECT tenant_table('commission_rate');
GRANT UPDATE (pct, updated_at) ON commission_rate TO tally_app;
CREATE TRIGGER deny_delete BEFORE DELETE ON commission_rate FOR EACH ROW EXECUTE FUNCTION deny_change();
`;

export const down = /* sql */ `
DROP TABLE commission_rate, partner_of_record;
`;
