import { z } from 'zod';

export const events = {
  /** Internal: usage was stored; one per tenant and flush, written by the ingest statement itself. */
  'usage.reported': { version: 1, data: z.object({ count: z.number().int() }) },
  /** Events were taken back by one call or one batch of it: so many for good, and so many for what stands in their place. */
  'usage.corrected': { version: 1, data: z.object({ voided: z.number().int(), amended: z.number().int() }) },
  /** A range of usage was taken back, to its end. */
  'usage.deprecated': {
    version: 1,
    data: z.object({
      deprecation_id: z.string(),
      org_id: z.string(),
      sku: z.string(),
      from: z.string(),
      to: z.string(),
      voided: z.number().int(),
      corrected_before: z.number().int(),
      refused: z.number().int(),
    }),
  },
  /** Usage was brought back through ingest, from a file or from the store. */
  'usage.replayed': {
    version: 1,
    data: z.object({
      replay_id: z.string(),
      accepted: z.number().int(),
      duplicates: z.number().int(),
      rejected: z.number().int(),
    }),
  },
  /** The rollups of an organization hold everything that arrived below the watermark; these local days changed. */
  'usage.rolled_up': { version: 1, data: z.object({ watermark: z.string(), from_day: z.string(), to_day: z.string() }) },
} as const;
