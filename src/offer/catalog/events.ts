import { z } from 'zod';

const status = z.enum(['active', 'retired']);

/** What the catalog emits. Amounts are decimal text. */
export const events = {
  'sku.created': { version: 1, data: z.object({ sku: z.string(), type: z.string(), unit: z.string(), aggregation: z.string() }) },
  'sku.updated': { version: 1, data: z.object({ sku: z.string(), fields: z.array(z.string()) }) },
  'business_model.created': { version: 1, data: z.object({ model_id: z.string(), code: z.string(), currency: z.string() }) },
  'business_model.updated': {
    version: 1,
    data: z.object({ model_id: z.string(), version: z.int(), status, default_plan_id: z.string().nullable() }),
  },
  'plan.created': {
    version: 1,
    data: z.object({
      plan_id: z.string(),
      model_id: z.string(),
      name: z.string(),
      base_amount: z.string().nullable(),
      currency: z.string(),
    }),
  },
  'plan.updated': { version: 1, data: z.object({ plan_id: z.string(), status }) },
  'price.changed': {
    version: 1,
    data: z.object({
      plan_id: z.string(),
      sku: z.string(),
      price_version_id: z.string(),
      version: z.int(),
      price_hash: z.string(),
      previous_price_version_id: z.string().nullable(),
    }),
  },
  'price_draft.created': { version: 1, data: z.object({ draft_id: z.string(), plan_id: z.string(), content_hash: z.string() }) },
  'price_draft.updated': {
    version: 1,
    data: z.object({
      draft_id: z.string(),
      plan_id: z.string(),
      status: z.enum(['draft', 'discarded']),
      content_hash: z.string(),
    }),
  },
  'price_draft.published': {
    version: 1,
    data: z.object({
      draft_id: z.string(),
      plan_id: z.string(),
      content_hash: z.string(),
      backtest_id: z.string().nullable(),
      price_version_ids: z.array(z.string()),
    }),
  },
} as const;
