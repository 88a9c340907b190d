import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  period_overlaps: { status: 409, title: 'The period overlaps one that was billed' },
  not_entitled: { status: 422, title: 'The organization has no live subscription with this SKU' },
  override_unusable: { status: 409, title: 'An override of the subscription no longer fits the price of its plan' },
  amount_out_of_range: { status: 422, title: 'The amount is larger than can be billed' },
  price_needs_events: { status: 422, title: 'The price is over single events' },
  quantity_negative: { status: 422, title: 'The SKU does not take negative quantities' },
  charge_conflict: { status: 409, title: 'The request id was used for another charge' },
  backtest_unknown: { status: 404, title: 'Unknown backtest' },
  backtest_ended: { status: 409, title: 'The backtest has ended' },
  backtest_invalid: { status: 422, title: 'The backtest does not say what to try' },
  backtest_months_invalid: { status: 422, title: 'The months cannot be tried' },
  backtest_org_unknown: { status: 422, title: 'An organization of the backtest is unknown' },
  backtest_not_passed: { status: 409, title: 'The backtest does not meet what the plan demands' },
  usage_transition: { status: 409, title: 'The usage is in a state that does not allow this' },
  currencies_differ: { status: 422, title: 'The subscriptions are in more than one currency' },
});

/** What the database's own refusals mean. */
export const constraints = {
  period_overlaps: () => errors.period_overlaps(),
  usage_taken_once: () => errors.period_overlaps({ detail: 'Some of this usage was billed meanwhile.' }),
  charge_once: () => errors.period_overlaps(),
  charge_request_once: () => errors.charge_conflict(),
  usage_transition: () => errors.usage_transition(),
  backtest_ended: () => errors.backtest_ended(),
};
