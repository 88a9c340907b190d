import { z } from 'zod';

/** What reconciliation tells the rest of the house. */
export const events = {
  'replay.completed': {
    version: 1,
    data: z.object({
      replay_id: z.string(),
      status: z.enum(['completed', 'cancelled', 'failed']),
      dry_run: z.boolean(),
      events: z.number().int(),
    }),
  },
  'verification.completed': {
    version: 1,
    data: z.object({ verification_id: z.string(), invoices: z.number().int(), differences: z.number().int() }),
  },
} as const;
