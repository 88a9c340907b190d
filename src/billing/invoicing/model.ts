import { z } from 'zod';
import { Amount, DecimalText, page } from '../../platform/schemas.ts';

export const InvoiceStatus = z.enum(['open', 'paid', 'void', 'uncollectible']);
export type InvoiceStatus = z.infer<typeof InvoiceStatus>;

export const InvoiceSummary = z.object({
  invoice_id: z.string(),
  number: z.string(),
  org_id: z.string(),
  org_name: z.string(),
  status: InvoiceStatus,
  currency: z.string(),
  period: z
    .object({ from: z.string(), to: z.string() })
    .meta({ description: "local dates, half-open, in the organization's time zone" }),
  total: Amount,
  issued_at: z.string(),
  due_at: z.string(),
  paid_at: z.string().nullable(),
  voided_at: z.string().nullable(),
});
export type InvoiceSummary = z.infer<typeof InvoiceSummary>;
export const InvoicePage = page(InvoiceSummary);

export const InvoiceLine = z.object({
  line_id: z.string(),
  description: z.string(),
  sku: z.string().nullable(),
  unit: z.string().nullable(),
  quantity: DecimalText,
  amount: Amount,
  amount_exact: DecimalText,
  period: z.object({ from: z.string(), to: z.string() }),
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

export const Invoice = InvoiceSummary.extend({
  run_id: z.string(),
  void_reason: z.string().nullable(),
  payment_reference: z.string().nullable(),
  lines: z.array(InvoiceLine),
  receipt: z.object({ seq: z.number().int(), hash: z.string(), issued_at: z.string() }).nullable(),
});
export type Invoice = z.infer<typeof Invoice>;

/** What a run would bill an organization. */
export const Preview = z.object({
  org_id: z.string(),
  period: z.object({ from: z.string(), to: z.string() }),
  already_billed: z.number().int().meta({ description: 'subscriptions whose period is billed' }),
  errors: z.array(z.object({ org_id: z.string(), subscription_id: z.string(), code: z.string(), detail: z.string() })),
  invoices: z.array(
    z.object({
      total: Amount,
      lines: z.array(InvoiceLine.omit({ line_id: true }).extend({ steps: z.array(z.record(z.string(), z.unknown())) })),
    }),
  ),
});
export type Preview = z.infer<typeof Preview>;

export const Explanation = z.object({
  line_id: z.string(),
  steps: z.array(z.record(z.string(), z.unknown())),
  amount: Amount,
  amount_exact: DecimalText,
  quantity: DecimalText,
  rounding: z.object({ mode: z.string(), amount: DecimalText.meta({ description: 'amount − amount_exact' }) }),
  price_version: z.object({
    price_version_id: z.string().nullable(),
    version: z.number().int().nullable(),
    price: z.record(z.string(), z.unknown()),
  }),
  inputs: z.record(z.string(), z.unknown()),
  inputs_hash: z.string(),
  usage: z
    .object({
      count: z.number().int(),
      sum: DecimalText,
      root: z.string(),
      events: z.array(z.record(z.string(), z.unknown())),
      more: z.boolean(),
    })
    .nullable(),
});
export type Explanation = z.infer<typeof Explanation>;

export const BillingRun = z.object({
  run_id: z.string(),
  from: z.string(),
  to: z.string(),
  org_id: z.string().nullable(),
  status: z.enum(['queued', 'running', 'completed', 'failed']),
  progress: z.object({ total: z.number().int(), done: z.number().int() }),
  invoices: z.number().int(),
  already_billed: z
    .number()
    .int()
    .meta({ description: 'subscriptions whose period had been billed before: the run did nothing for them' }),
  errors: z.array(
    z.object({ org_id: z.string().optional(), subscription_id: z.string().optional(), code: z.string(), detail: z.string() }),
  ),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type BillingRun = z.infer<typeof BillingRun>;
export const BillingRunPage = page(BillingRun);

export type RunError = BillingRun['errors'][number];
