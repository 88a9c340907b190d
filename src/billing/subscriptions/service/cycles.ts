import type { Db } from '../../../platform/postgres.ts';
import type { Subscription } from '../model.ts';
import { selectSubscribers, selectUnbilled } from '../sql/cycles.ts';

/** What organizations have that is still to be billed some time: all but what ended and is billed to its end. */
export function unbilledSubscriptions(db: Db, org_ids: readonly string[]): Promise<Subscription[]> {
  return selectUnbilled(db, org_ids);
}

/** The organizations that have, or had, a subscription. */
export function subscribers(db: Db): Promise<string[]> {
  return selectSubscribers(db);
}
