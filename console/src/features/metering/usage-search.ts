export interface UsageSearch {
  org_id?: string;
  sku?: string;
  from?: string;
  to?: string;
  window?: string;
}
