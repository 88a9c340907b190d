import { z } from 'zod';

const partnership = z.object({ partner_of_record_id: z.string(), org_id: z.string(), partner_id: z.string() });

/** What the room emits. Times are RFC 3339, `pct` is decimal text. */
export const events = {
  'partner_of_record.created': { version: 1, data: partnership.extend({ start_at: z.string(), end_at: z.string().nullable() }) },
  'partner_of_record.ended': { version: 1, data: partnership.extend({ end_at: z.string() }) },
  'commission_rate.changed': {
    version: 1,
    data: z.object({ partner_tier: z.string(), sku: z.string(), pct: z.string(), previous_pct: z.string().nullable() }),
  },
} as const;
