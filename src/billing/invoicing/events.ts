import { z } from 'zod';
import { InvoiceStatus } from './model.ts';

const amount = z.object({ amount: z.string(), currency: z.string() });

/** What invoicing tells the rest of the house. */
export const events = {
  'billing.cycle.closed': {
    version: 1,
    data: z.object({
      cycle_id: z.string(),
      org_id: z.string(),
      from: z.string(),
      to: z.string(),
      time_zone: z.string(),
      closed_by: z.enum(['scheduler', 'run']),
    }),
  },
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
  'credit_note.issued': {
    version: 1,
    data: z.object({
      credit_note_id: z.string(),
      number: z.string(),
      kind: z.enum(['correction', 'rebill']),
      invoice_id: z.string(),
      invoice_number: z.string(),
      org_id: z.string(),
      total: amount,
      after_payment: z.boolean(),
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
  /** Every step, from a draft on: an invoice that is generated is finalised next. */
  'invoice.status.changed': {
    version: 1,
    data: z.object({ invoice_id: z.string(), number: z.string(), from: InvoiceStatus, to: InvoiceStatus }),
  },
} as const;
