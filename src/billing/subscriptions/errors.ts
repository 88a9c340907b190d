import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  subscription_unknown: { status: 404, title: 'Unknown subscription' },
  subscription_ended: { status: 409, title: 'The subscription was ended already' },
  subscription_transition: { status: 409, title: 'The subscription is in a state that does not allow this' },
  subscription_ends_before_start: { status: 422, title: 'The subscription would end before it starts' },
  sku_already_entitled: { status: 409, title: 'The organization has this SKU in another live subscription' },
  plan_already_entitled: { status: 409, title: 'The organization is on this plan at that time' },
  period_closed: { status: 409, title: 'The period is billed, and nothing in it can change' },
  currency_mismatch: { status: 422, title: 'The organization is billed in another currency' },
  plan_of_another_model: { status: 422, title: 'The plan belongs to another business model' },
  sku_not_in_plan: { status: 422, title: 'The plan has no price for an overridden SKU' },
  override_empty: { status: 422, title: 'An override says nothing' },
  business_model_not_assigned: { status: 404, title: 'The organization has no business model' },
  assignment_conflict: { status: 409, title: 'Another assignment was made at the same moment' },
});

/** What the database's constraints mean to a caller. */
export const constraints = {
  subscription_item_once: () => errors.sku_already_entitled(),
  subscription_transition: () => errors.subscription_transition(),
  org_entitlement_plan_once: () => errors.plan_already_entitled(),
  org_entitlement_ends_after_start: () => errors.subscription_ends_before_start(),
  org_entitlement_period_closed: () => errors.period_closed(),
  org_business_model_current: () => errors.assignment_conflict(),
};
