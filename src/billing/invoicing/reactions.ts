import type { Envelope } from '../../foundation/events/model.ts';
import type { Reaction } from '../../foundation/events/service/react.ts';
import { billClosedCycle, watchOrganization } from './service/cycles.ts';

/** A cycle that ended is billed. One that a run closed is billed already. */
export const billCycle: Reaction & { concerns(event: Envelope): boolean } = {
  name: 'invoicing.bill-cycle',
  concerns: (event) => event.data.closed_by === 'scheduler',
  async react(tx, event) {
    await billClosedCycle(tx, String(event.data.cycle_id));
  },
};

/** A subscription that begins or ends may change when its organization's cycle does. */
export const watchCycles: Reaction = {
  name: 'invoicing.watch-cycles',
  async react(tx, event) {
    await watchOrganization(tx, String(event.data.org_id));
  },
};
