import { z } from 'zod';

/** What charges outside a cycle tell the rest of the house. */
export const events = {
  'charge.created': {
    version: 1,
    data: z.object({
      charge_id: z.string(),
      entry_id: z.string(),
      org_id: z.string(),
      sku: z.string(),
      quantity: z.string(),
      amount_exact: z.string(),
      currency: z.string(),
    }),
  },
} as const;
