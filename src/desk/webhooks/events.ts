import { z } from 'zod';
import { disabledReasons } from './model.ts';

const named = { webhook_id: z.string() };

export const events = {
  'webhook.created': { version: 1, data: z.object({ ...named, event_types: z.array(z.string()) }) },
  'webhook.changed': { version: 1, data: z.object({ ...named, changed: z.array(z.string()) }) },
  'webhook.secret.rotated': { version: 1, data: z.object({ ...named, old_until: z.string() }) },
  'webhook.enabled': { version: 1, data: z.object(named) },
  'webhook.disabled': { version: 1, data: z.object({ ...named, reason: z.enum(disabledReasons) }) },
  'webhook.deleted': { version: 1, data: z.object(named) },
  'webhook.delivery.failed': {
    version: 1,
    data: z.object({ ...named, delivery_id: z.string(), event_id: z.string(), event_type: z.string(), reason: z.string() }),
  },
} as const;
