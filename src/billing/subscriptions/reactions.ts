import type { Reaction } from '../../foundation/events/service/react.ts';
import { applyDue } from './service/lifecycle.ts';
import { ensureItemsOfPlan } from './service.ts';

/** A SKU that a plan gains is priced for those who are on the plan already. */
export const giveItems: Reaction = {
  name: 'subscriptions.give-items',
  async react(tx, event) {
    await ensureItemsOfPlan(tx, String(event.data.plan_id));
  },
};

/** A test clock that moves brings subscriptions to their next state at once, in the tenant's own time. */
export const followTestClock: Reaction = {
  name: 'subscriptions.follow-test-clock',
  async react(tx) {
    while (await applyDue(tx));
  },
};
