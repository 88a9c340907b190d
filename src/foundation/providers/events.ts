import { z } from 'zod';

export const events = {
  /** Of kinds that no room has taken up itself: whoever wants such a message reads it by its id. */
  'inbound_webhook.received': {
    version: 1,
    data: z.object({
      inbound_webhook_id: z.string(),
      endpoint_id: z.string(),
      kind: z.string(),
      type: z.string().nullable(),
    }),
  },
  'inbound_webhook.dead': {
    version: 1,
    data: z.object({ inbound_webhook_id: z.string(), endpoint_id: z.string(), kind: z.string(), code: z.string() }),
  },
} as const;
