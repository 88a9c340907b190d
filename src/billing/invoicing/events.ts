import { z } from 'zod';

const amount = z.object({ amount: z.string(), currency: z.string() });

/** What invoicing tells the rest of the house. */
export const events = {
  'billing.run.completed': {
    version: 1,
    data: z.object({
      run_id: z.string(),
      from: z.string(),
      to: z.string(),
      invoices: z.number().int(),
      errors: z.number().int(),
    }),
  },
  'invoice.generated': {
    version: 1,
    data: z.object({
      invoice_id: z.string(),
      number: z.string(),
      org_id: z.string(),
      run_id: z.string(),
      total: amount,
      due_at: z.string(),
    }),
  },
  'invoice.status.changed': {
    version: 1,
    data: z.object({ invoice_id: z.string(), number: z.string(), from: z.string(), to: z.string() }),
  },
} as const;
