import { z } from 'zod';

/** What rating emits. Percentages are decimal text. */
export const events = {
  'backtest.completed': {
    version: 1,
    data: z.object({
      backtest_id: z.string(),
      plan_id: z.string(),
      draft_id: z.string().nullable(),
      content_hash: z.string(),
      organizations: z.int(),
      percent: z.string().nullable(),
    }),
  },
} as const;
