import type { Reaction } from '../../foundation/events/service/react.ts';
import { ensureItemsOfPlan } from './service.ts';

/** A SKU that a plan gains is priced for those who are on the plan already. */
export const giveItems: Reaction = {
  name: 'subscriptions.give-items',
  async react(tx, event) {
    await ensureItemsOfPlan(tx, String(event.data.plan_id));
  },
};
