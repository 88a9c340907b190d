import { z } from 'zod';

export const events = {
  'organization.created': {
    version: 1,
    data: z.object({ org_id: z.string(), org_slug: z.string(), parent_org_id: z.string().nullable() }),
  },
  'organization.changed': { version: 1, data: z.object({ org_id: z.string(), changed: z.array(z.string()) }) },
  'project.created': { version: 1, data: z.object({ project_id: z.string(), org_id: z.string() }) },
  'test_clock.advanced': { version: 1, data: z.object({ from: z.string(), to: z.string() }) },
} as const;
