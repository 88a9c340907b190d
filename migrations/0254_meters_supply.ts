/** The daily supply charge: each day on which somebody occupies a site is one of a SKU, whatever was used there. */
export const up = /* sql */ `
ALTER TABLE site
  ADD COLUMN supply_sku text COLLATE "C" NULL,
  -- The first local day that was not reported yet.
  ADD COLUMN supplied_until date NULL CHECK (isfinite(supplied_until)),
  ADD CONSTRAINT site_supply_sku FOREIGN KEY (tenant_id, supply_sku) REFERENCES product_sku (tenant_id, sku),
  ADD CONSTRAINT site_supplied_has_sku CHECK (supplied_until IS NULL OR supply_sku IS NOT NULL);
GRANT UPDATE (supplied_until) ON site TO tally_app;
CREATE INDEX site_to_supply ON site (tenant_id, supplied_until NULLS FIRST) WHERE supply_sku IS NOT NULL;
`;

export const down = /* sql */ `
ALTER TABLE site DROP COLUMN supplied_until, DROP COLUMN supply_sku;
`;
