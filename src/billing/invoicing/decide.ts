import type { InvoiceDocument, InvoiceLineDocument } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import { fromMinor } from '../../kernel/money.ts';
import { isStartOfDay, localDate } from '../../kernel/period.ts';
import { documentHash, utcText } from '../../kernel/proof.ts';
import type { RatedCharge } from '../rating/model.ts';
import { errors } from './errors.ts';
import type { InvoiceStatus } from './model.ts';

/** Days until an invoice is due, where nothing else is agreed. */
export const payment_terms_days = 14;

/**
 * A run's bound as a local date: a date, or a moment that is a midnight in the time zone. Throws `period_not_midnight`.
 */
export function boundAsDate(bound: string, time_zone: string, pointer: string): Temporal.PlainDate {
  if (/^\d{4}-\d\d-\d\d$/.test(bound)) return Temporal.PlainDate.from(bound);
  const moment = Temporal.Instant.from(bound);
  if (isStartOfDay(moment, time_zone)) return localDate(moment, time_zone);
  const detail = `${bound} is not a midnight in ${time_zone}.`;
  throw errors.period_not_midnight({ detail, errors: [{ pointer, code: 'period_not_midnight', detail }] });
}

/** Throws `period_empty`. */
export function requireDays(from: Temporal.PlainDate, to: Temporal.PlainDate): void {
  if (Temporal.PlainDate.compare(from, to) < 0) return;
  const detail = `from ${from} is not before to ${to}.`;
  throw errors.period_empty({ detail, errors: [{ pointer: '/to', code: 'period_empty', detail }] });
}

/** Throws `period_empty` and `period_in_future`. `today` is the local date now. */
export function requireEndedPeriod(from: Temporal.PlainDate, to: Temporal.PlainDate, today: Temporal.PlainDate): void {
  requireDays(from, to);
  if (Temporal.PlainDate.compare(to, today) > 0) {
    const detail = `The period ends on ${to}, and today is ${today}.`;
    throw errors.period_in_future({ detail, errors: [{ pointer: '/to', code: 'period_in_future', detail }] });
  }
}

/** A line of an invoice that was issued. */
export interface IssuedLine {
  invoice_id: string;
  number: string;
  line_id: string;
}

/** A line that was taken back to be billed again, and the credit note's line that took it back. */
export interface ReplacedLine extends IssuedLine {
  credited_by?: { credit_note_id: string; number: string; line_id: string };
}

export interface ChargeToInvoice {
  charge: RatedCharge;
  /** The line that it corrects, if it corrects one. */
  adjusts: IssuedLine | null;
  /** The line that it takes the place of, where a period is billed again. */
  replaces: ReplacedLine | null;
  charge_id: string;
  line_id: string;
}

/** What is on one invoice: one payer, one currency. */
export interface InvoiceFacts {
  tenant_id: string;
  invoice_id: string;
  number: string;
  org_id: string;
  currency: string;
  period: { from: string; to: string };
  issued_at: Temporal.Instant;
  seller: JsonObject;
  customer: JsonObject;
  charges: readonly ChargeToInvoice[];
}

export interface InvoiceDraft {
  document: InvoiceDocument;
  total_minor: bigint;
  due_at: string;
}

/** The invoice as it will be issued. Its total is the sum of its lines, each rounded once when it was charged. */
export function draftInvoice(facts: InvoiceFacts): InvoiceDraft {
  const total_minor = facts.charges.reduce((sum, { charge }) => sum + charge.amount_minor, 0n);
  const due_at = utcText(facts.issued_at.add({ hours: 24 * payment_terms_days }));
  return {
    total_minor,
    due_at,
    document: {
      tenant_id: facts.tenant_id,
      invoice_id: facts.invoice_id,
      number: facts.number,
      org_id: facts.org_id,
      currency: facts.currency,
      issued_at: utcText(facts.issued_at),
      due_at,
      period: facts.period,
      seller: facts.seller,
      customer: facts.customer,
      lines: facts.charges.map(lineDocument),
      total: fromMinor(total_minor, facts.currency),
    },
  };
}

function lineDocument({ charge, line_id, adjusts, replaces }: ChargeToInvoice): InvoiceLineDocument {
  return {
    line_id,
    org_id: charge.org_id,
    ...(charge.project_id === null ? {} : { project_id: charge.project_id }),
    ...(charge.sku === null ? {} : { sku: charge.sku }),
    ...(charge.unit === null ? {} : { unit: charge.unit }),
    description: charge.description,
    period: { from: charge.from, to: charge.to },
    ...(adjusts === null ? {} : { adjusts: { ...adjusts } }),
    ...(replaces === null ? {} : { replaces: { ...replaces } }),
    quantity: charge.quantity,
    amount: fromMinor(charge.amount_minor, charge.currency),
    amount_exact: charge.amount_exact,
    inputs_hash: charge.inputs_hash.toString('hex'),
    steps_hash: documentHash([...charge.steps]).toString('hex'),
    usage: charge.usage ? { root: charge.usage.root.toString('hex'), count: charge.usage.count, sum: charge.usage.sum } : null,
  };
}

/** What is still to be paid of an invoice, minor units; below zero it is to be given back. */
export function balanceOf(invoice: {
  status: InvoiceStatus;
  total_minor: bigint;
  credited_minor: bigint;
  /** Of `credited_minor`, what was credited once the invoice was paid. */
  credited_after_payment_minor: bigint;
}): bigint {
  switch (invoice.status) {
    case 'draft':
    case 'open':
    case 'uncollectible':
      return invoice.total_minor - invoice.credited_minor;
    case 'paid':
      return -invoice.credited_after_payment_minor;
    case 'void':
      return 0n;
  }
}

/** `INV-000042`. */
export function documentNumber(series: string, seq: bigint): string {
  return `${series}-${seq.toString().padStart(6, '0')}`;
}
