import { z } from 'zod';

/** What the room emits. Times are RFC 3339. */
export const events = {
  'subscription.created': {
    version: 1,
    data: z.object({ subscription_id: z.string(), org_id: z.string(), plan_id: z.string(), effective_at: z.string() }),
  },
  'subscription.status.changed': {
    version: 1,
    data: z.object({
      subscription_id: z.string(),
      org_id: z.string(),
      from: z.enum(['scheduled', 'active']),
      to: z.literal('ended'),
      ended_at: z.string(),
    }),
  },
  'business_model.assigned': {
    version: 1,
    data: z.object({
      org_id: z.string(),
      model_id: z.string(),
      plan_id: z.string(),
      subscription_id: z.string(),
      previous_plan_id: z.string().nullable(),
      effective_at: z.string(),
    }),
  },
} as const;
