import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  sku_unknown: { status: 404, title: 'Unknown SKU' },
  sku_exists: { status: 409, title: 'The SKU exists already' },
  sku_field_fixed: { status: 409, title: 'What past billing stands on cannot change' },
  aggregation_unfit: { status: 422, title: 'The price does not fit the aggregation of the SKU' },
  dimension_required: { status: 422, title: 'A dimension is needed' },
  dimension_unknown: { status: 422, title: 'The SKU has no such dimension' },
  business_model_unknown: { status: 404, title: 'Unknown business model' },
  business_model_exists: { status: 409, title: 'The code belongs to another business model' },
  business_model_retired: { status: 409, title: 'The business model is retired' },
  default_plan_foreign: { status: 422, title: 'The default plan belongs to another business model' },
  plan_unknown: { status: 404, title: 'Unknown plan' },
  plan_retired: { status: 409, title: 'The plan is retired' },
  plan_sku_unknown: { status: 404, title: 'The plan has no price for this SKU' },
  base_amount_invalid: { status: 422, title: 'The base amount is not an amount of the currency' },
  billing_interval_invalid: { status: 422, title: 'The billing interval is not a calendar interval' },
  price_required: { status: 422, title: 'A price or an overage price is needed' },
  draft_unknown: { status: 404, title: 'Unknown price draft' },
  draft_final: { status: 409, title: 'The draft was published or discarded, and does not change' },
  backtest_required: { status: 409, title: 'The plan demands a passed backtest' },
  publish_policy_invalid: { status: 422, title: 'The publish policy cannot be met or broken' },
  included_quantity_twice: { status: 422, title: 'The included quantity is given twice' },
});

/** What the database's constraints mean to a caller. */
export const constraints = {
  product_sku_pkey: () => errors.sku_exists(),
  business_model_tenant_id_code_key: () => errors.business_model_exists(),
  business_model_default_plan: () => errors.default_plan_foreign(),
  price_draft_final: () => errors.draft_final(),
  price_draft_backtest_required: () => errors.backtest_required(),
};
