import { z } from 'zod';

export const events = {
  'api_key.created': { version: 1, data: z.object({ api_key_id: z.string(), scopes: z.array(z.string()) }) },
  'api_key.revoked': { version: 1, data: z.object({ api_key_id: z.string() }) },
  'member.invited': { version: 1, data: z.object({ org_id: z.string(), user_id: z.string(), role: z.string() }) },
  'member.joined': { version: 1, data: z.object({ org_id: z.string(), user_id: z.string() }) },
  'member.role.changed': { version: 1, data: z.object({ org_id: z.string(), user_id: z.string(), role: z.string() }) },
  'member.removed': { version: 1, data: z.object({ org_id: z.string(), user_id: z.string() }) },
} as const;
