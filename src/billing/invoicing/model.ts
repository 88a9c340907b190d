import { z } from 'zod';
import type { Lifecycle } from '../../kernel/lifecycle.ts';
import { Amount, Decimal, DecimalText, Id, page } from '../../platform/schemas.ts';

export const InvoiceStatus = z.enum(['draft', 'open', 'paid', 'void', 'uncollectible']);
export type InvoiceStatus = z.infer<typeof InvoiceStatus>;

/** What may become of an invoice. Without a grace period it is a draft only within the transaction that issues it. */
export const lifecycle: Lifecycle<InvoiceStatus> = {
  noun: 'invoice',
  begins: ['draft'],
  transitions: {
    draft: ['open'],
    open: ['paid', 'void', 'uncollectible'],
    uncollectible: ['paid', 'void'],
    paid: [],
    void: [],
  },
};

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
  credited: Amount.meta({ description: 'the sum of its credit notes' }),
  balance: Amount.meta({ description: 'what is still to be paid; below zero, what is to be given back' }),
  issued_at: z.string(),
  due_at: z.string(),
  paid_at: z.string().nullable(),
  voided_at: z.string().nullable(),
  uncollectible_at: z
    .string()
    .nullable()
    .meta({ description: 'when nobody was expected to pay it any more; stays when it is paid or void after all' }),
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
  credited: Amount,
  period: z.object({ from: z.string(), to: z.string() }),
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

/** Where the signed log has a document. */
const ReceiptPlace = z.object({ seq: z.number().int(), hash: z.string(), issued_at: z.string() });

export const Invoice = InvoiceSummary.extend({
  run_id: z.string(),
  void_reason: z.string().nullable(),
  payment_reference: z.string().nullable(),
  lines: z.array(InvoiceLine),
  receipt: ReceiptPlace.nullable(),
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
      lines: z.array(
        InvoiceLine.omit({ line_id: true, credited: true }).extend({ steps: z.array(z.record(z.string(), z.unknown())) }),
      ),
    }),
  ),
});
export type Preview = z.infer<typeof Preview>;

/** `correction` takes back what was billed wrongly; `rebill` takes back lines that come again on a new invoice. */
export const CreditKind = z.enum(['correction', 'rebill']);
export type CreditKind = z.infer<typeof CreditKind>;

/** All that stands of an invoice, or lines of it, each as far as it stands unless an amount is given. */
export const LinesToCredit = z.union([
  z.literal('all'),
  z
    .array(
      z.strictObject({
        line_id: Id,
        amount: z
          .strictObject({ amount: Decimal, currency: z.string().max(3) })
          .optional()
          .meta({ description: 'with the sign of the line; what it has left unless given' }),
      }),
    )
    .min(1)
    .max(10_000),
]);
export type LinesToCredit = z.output<typeof LinesToCredit>;

export const CreditNoteSummary = z.object({
  credit_note_id: z.string(),
  number: z.string(),
  kind: CreditKind,
  invoice_id: z.string(),
  invoice_number: z.string(),
  org_id: z.string(),
  org_name: z.string(),
  currency: z.string(),
  total: Amount,
  reason: z.string(),
  after_payment: z.boolean().meta({ description: 'the invoice was paid before: the amount is owed to the payer' }),
  issued_at: z.string(),
});
export type CreditNoteSummary = z.infer<typeof CreditNoteSummary>;
export const CreditNotePage = page(CreditNoteSummary);

export const CreditNote = CreditNoteSummary.extend({
  lines: z.array(
    z.object({
      line_id: z.string(),
      invoice_line_id: z.string(),
      description: z.string(),
      sku: z.string().nullable(),
      amount: Amount,
      left: Amount.meta({ description: "what of the invoice's line stood after this note" }),
    }),
  ),
  receipt: ReceiptPlace.nullable(),
});
export type CreditNote = z.infer<typeof CreditNote>;

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
