import { lifecycle as invoice } from '../billing/invoicing/model.ts';
import { lifecycle as usage } from '../billing/rating/model/lifecycle.ts';
import { lifecycle as subscription } from '../billing/subscriptions/model.ts';
import { stateDiagram } from '../kernel/lifecycle.ts';

/** The diagram of each lifecycle, by the folder of the room whose README shows it. */
export const diagrams: Readonly<Record<string, string>> = {
  'billing/subscriptions': stateDiagram(subscription),
  'billing/rating': stateDiagram(usage),
  'billing/invoicing': stateDiagram(invoice),
};
