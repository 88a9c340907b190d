import { z } from 'zod';

const period = { sku: z.string(), from: z.string(), to: z.string() };
/** The usage of one organization that moved together. */
const usage = z.array(z.object({ ...period, charge_id: z.string() }));

/** What rating emits. Percentages are decimal text. */
export const events = {
  'usage.rated': { version: 1, data: z.object({ org_id: z.string(), run_id: z.string(), usage }) },
  'usage.billed': { version: 1, data: z.object({ org_id: z.string(), invoice_id: z.string(), usage }) },
  'usage.voided': { version: 1, data: z.object({ org_id: z.string(), usage: z.array(z.object(period)) }) },
  /** A part of a run is rated: some hundred subscriptions, whose usage `usage.rated` names by organization. */
  'rating.completed': {
    version: 1,
    data: z.object({ run_id: z.string(), subscriptions: z.int(), charges: z.int(), failed: z.int() }),
  },
  /** One subscription of a run could not be rated; its usage stays as it is. A run that is taken up again says so again. */
  'rating.failed': {
    version: 1,
    data: z.object({
      run_id: z.string(),
      subscription_id: z.string(),
      org_id: z.string(),
      code: z.string(),
      detail: z.string(),
      usage: z.array(z.object(period)),
    }),
  },
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
