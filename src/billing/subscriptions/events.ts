import { z } from 'zod';
import { SUBSCRIPTION_STATUSES } from './model.ts';

const status = z.enum(SUBSCRIPTION_STATUSES);

/** What the room emits. Times are RFC 3339. */
export const events = {
  'subscription.created': {
    version: 1,
    data: z.object({ subscription_id: z.string(), org_id: z.string(), plan_id: z.string(), effective_at: z.string(), status }),
  },
  /** When it ends is set, or moved, and it has not come to that yet. */
  'subscription.updated': {
    version: 1,
    data: z.object({ subscription_id: z.string(), org_id: z.string(), ended_at: z.string() }),
  },
  'subscription.status.changed': {
    version: 1,
    data: z.object({
      subscription_id: z.string(),
      org_id: z.string(),
      from: status,
      to: status,
      /** The moment at which its times made the step: when it starts or ends. */
      at: z.string(),
      ended_at: z.string().nullable(),
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
