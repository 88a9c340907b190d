import { emitMany } from '../../../foundation/events/service.ts';
import { appendReceipts } from '../../../foundation/receipts/service.ts';
import type { Organization } from '../../../foundation/tenancy/model.ts';
import { assert } from '../../../kernel/assert.ts';
import { canonicalJson, type JsonObject } from '../../../kernel/canonical-json.ts';
import { newId } from '../../../kernel/id.ts';
import { fromMinor } from '../../../kernel/money.ts';
import { documentHash } from '../../../kernel/proof.ts';
import type { Tx } from '../../../platform/postgres.ts';
import type { NewLine } from '../../ledger/model.ts';
import { insertLines } from '../../ledger/service.ts';
import { splitGross } from '../../partners/model.ts';
import type { ChargeOnRecord } from '../../rating/model.ts';
import { billUsage } from '../../rating/service/lifecycle.ts';
import { documentNumber, draftInvoice, type InvoiceDraft, type IssuedLine, type ReplacedLine } from '../decide.ts';
import type { events } from '../events.ts';
import { selectLinesOfCharges } from '../sql/credit-notes.ts';
import { insertInvoiceLines, insertInvoices, type NewInvoiceLine, takeNumbers } from '../sql.ts';
import { applyLifecycle } from './lifecycle.ts';
import { postDocuments } from './post.ts';

const series = 'INV';

/** Who earns on an organization's lines, and the rate for each SKU (percent text). */
export interface PartnerShare {
  partner_id: string;
  pctOf: (sku: string | null) => string;
}

export interface IssueRequest {
  run_id: string;
  period: { from: string; to: string };
  charges: readonly ChargeOnRecord[];
  seller: JsonObject;
  organizations: ReadonlyMap<string, Organization>;
  /** By `partner_id`, as the charges' inputs name it. */
  partners: ReadonlyMap<string, PartnerShare>;
  /** The line that a charge's line takes the place of, where a period is billed again. */
  replaces?: (charge: ChargeOnRecord) => ReplacedLine | null;
}

interface Issued extends InvoiceDraft {
  invoice_id: string;
  seq: bigint;
  number: string;
  org_id: string;
  currency: string;
  lines: readonly {
    charge: ChargeOnRecord;
    charge_id: string;
    line_id: string;
    adjusts: IssuedLine | null;
    replaces: ReplacedLine | null;
    entry: NewLine & { entry_id: string };
  }[];
}

/**
 * Turns stored charges into invoices, one for each payer and currency, all in the transaction of the charges: ledger lines with
 * the partner's split, gapless numbers, one zero-sum transaction each, lines, receipts, events; and finalises them, for there is no grace
 * period: their usage is billed. Answers how many.
 */
export async function issueInvoices(tx: Tx, request: IssueRequest): Promise<number> {
  const groups = [...Map.groupBy(request.charges, (charge) => `${charge.org_id} ${charge.currency}`).values()];
  if (groups.length === 0) return 0;
  const first = await takeNumbers(tx, series, groups.length);
  const corrected = await correctedLines(tx, request.charges);
  const issued = groups.map((charges, index) => draft(tx, request, { charges, seq: first + BigInt(index), corrected }));
  const transactions = await postDocuments(
    tx,
    issued.map(({ invoice_id, number, org_id, currency, lines }) => {
      const entries = lines.map((line) => line.entry);
      return { kind: 'invoice' as const, document_id: invoice_id, number, org_id, currency, entries };
    }),
  );
  await insertInvoices(
    tx,
    issued.map((invoice, index) => ({
      invoice_id: invoice.invoice_id,
      series,
      seq: invoice.seq,
      number: invoice.number,
      org_id: invoice.org_id,
      run_id: request.run_id,
      currency: invoice.currency,
      from_date: request.period.from,
      to_date: request.period.to,
      total_minor: invoice.total_minor,
      document: canonicalJson(invoice.document),
      document_hash: documentHash(invoice.document),
      ledger_transaction_id: transactions[index] ?? null,
      issued_at: invoice.document.issued_at,
      due_at: invoice.due_at,
    })),
  );
  await insertLines(
    tx,
    issued.flatMap((invoice) => invoice.lines.map((line) => line.entry)),
  );
  await insertInvoiceLines(tx, issued.flatMap(invoiceLines));
  await appendReceipts(
    tx,
    issued.map((invoice) => ({ kind: 'invoice', subject_id: invoice.invoice_id, payload: invoice.document })),
  );
  await emitMany<typeof events>(
    tx,
    issued.map((invoice) => ({
      type: 'invoice.generated' as const,
      aggregate_type: 'invoice',
      aggregate_id: invoice.invoice_id,
      org_id: invoice.org_id,
      data: {
        invoice_id: invoice.invoice_id,
        number: invoice.number,
        org_id: invoice.org_id,
        run_id: request.run_id,
        total: { amount: invoice.document.total, currency: invoice.currency },
        due_at: invoice.due_at,
      },
    })),
  );
  await applyLifecycle(
    tx,
    issued.map((invoice) => invoice.invoice_id),
    { to: 'open' },
  );
  await billUsage(
    tx,
    request.run_id,
    issued.flatMap(({ invoice_id, lines }) => lines.map(({ charge }) => ({ charge, invoice_id }))),
  );
  return issued.length;
}

/** By charge: the line on which it was billed, of the charges that others correct. */
async function correctedLines(tx: Tx, charges: readonly ChargeOnRecord[]): Promise<Map<string, IssuedLine>> {
  const ids = charges.flatMap(({ adjusts }) => (adjusts?.charge_id ? [adjusts.charge_id] : []));
  const lines = ids.length === 0 ? [] : await selectLinesOfCharges(tx, ids);
  return new Map(lines.map(({ charge_id, invoice_number: number, ...line }) => [charge_id, { ...line, number }]));
}

function draft(
  tx: Tx,
  request: IssueRequest,
  { charges, seq, corrected }: { charges: readonly ChargeOnRecord[]; seq: bigint; corrected: ReadonlyMap<string, IssuedLine> },
): Issued {
  const [{ org_id, currency }] = charges as [ChargeOnRecord];
  const organization = request.organizations.get(org_id);
  assert(organization, 'a charged organization is known');
  const invoice_id = newId(tx.now);
  const number = documentNumber(series, seq);
  const lines = charges.map((charge) => ({
    charge,
    charge_id: charge.charge_id,
    line_id: newId(tx.now),
    adjusts: corrected.get(charge.adjusts?.charge_id ?? '') ?? null,
    replaces: request.replaces?.(charge) ?? null,
    entry: ledgerLine(charge, invoice_id, newId(tx.now), request.partners.get(String(charge.inputs.partner_id))),
  }));
  return {
    invoice_id,
    seq,
    number,
    org_id,
    currency,
    lines,
    ...draftInvoice({
      tenant_id: tx.tenant_id,
      invoice_id,
      number,
      org_id,
      currency,
      period: request.period,
      issued_at: tx.now,
      seller: request.seller,
      customer: party(organization),
      charges: lines,
    }),
  };
}

/** How a party stands on an invoice. */
export function party(organization: Organization): JsonObject {
  return {
    legal_name: organization.legal_name,
    org_slug: organization.org_slug,
    billing_email: organization.billing_email,
    time_zone: organization.default_timezone,
    ...(organization.tax_id === null ? {} : { tax_id: organization.tax_id }),
  };
}

export function ledgerLine(
  charge: ChargeOnRecord,
  invoice_id: string | null,
  entry_id: string,
  partner: PartnerShare | undefined,
): NewLine & { entry_id: string } {
  const pct = partner ? partner.pctOf(charge.sku) : '0';
  const split = splitGross({ gross_minor: charge.amount_minor, pct });
  return {
    entry_id,
    org_id: charge.org_id,
    project_id: charge.project_id,
    sku: charge.sku,
    quantity: charge.quantity,
    amount_exact: charge.amount_exact,
    gross_minor: charge.amount_minor,
    currency: charge.currency,
    partner_id: partner?.partner_id ?? null,
    partner_pct: pct,
    partner_minor: split.partner_minor,
    net_minor: split.net_minor,
    charge_id: charge.charge_id,
    invoice_id,
    period: { from: charge.from, to: charge.to },
  };
}

function invoiceLines(invoice: Issued): NewInvoiceLine[] {
  return invoice.lines.map(({ charge, charge_id, line_id, entry }, index) => ({
    invoice_id: invoice.invoice_id,
    line_id,
    position: index + 1,
    charge_id,
    entry_id: entry.entry_id,
    description: charge.description,
    sku: charge.sku,
    unit: charge.unit,
    quantity: charge.quantity,
    amount_exact: charge.amount_exact,
    amount_minor: charge.amount_minor,
    from: charge.from,
    to: charge.to,
  }));
}

/** `12.34` of minor units, as answers carry amounts. */
export function amountOf(minor: string | bigint, currency: string): { amount: string; currency: string } {
  return { amount: fromMinor(BigInt(minor), currency), currency };
}
