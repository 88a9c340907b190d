import { appendReceipts, receiptFor, sealCheckpoint } from '../../../foundation/receipts/service.ts';
import { organizationsByIds } from '../../../foundation/tenancy/service.ts';
import { utcText } from '../../../kernel/proof.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { paidLegs } from '../../ledger/model.ts';
import { accountsFor, postTransaction, reverseTransaction, setLineStatus } from '../../ledger/service.ts';
import { retireCharges } from '../../rating/service.ts';
import { balanceOf } from '../decide.ts';
import { errors } from '../errors.ts';
import type { Invoice, InvoiceStatus, InvoiceSummary } from '../model.ts';
import { lockInvoices, selectCreditableLines } from '../sql/credit-notes.ts';
import { type InvoiceRow, lockBilling, selectInvoices, selectInvoicesByIds, selectLines } from '../sql.ts';
import { amountOf } from './issue.ts';
import { applyLifecycle, requireTransition } from './lifecycle.ts';

/** Which organizations the asker may see; null sees all of the tenant. */
export type Sight = readonly string[] | null;

/** Throws `invoice_unknown`, for another's invoice as for none. */
export async function invoiceById(db: Db, invoice_id: string, org_ids: Sight): Promise<Invoice> {
  const row = await requireInvoice(db, invoice_id, org_ids);
  const [summary] = await summaries(db, [row]);
  const lines = await selectLines(db, invoice_id);
  const credited = new Map(
    (await selectCreditableLines(db, [invoice_id])).map((line) => [line.invoice_line_id, line.credited_minor]),
  );
  const receipt = await receiptFor(db, 'invoice', invoice_id);
  return {
    ...summary!,
    run_id: row.run_id,
    void_reason: row.void_reason,
    payment_reference: row.payment_reference,
    lines: lines.map((line) => ({
      line_id: line.line_id,
      description: line.description,
      sku: line.sku,
      unit: line.unit,
      quantity: shortestDecimal(line.quantity),
      amount: amountOf(line.amount_minor, row.currency),
      amount_exact: shortestDecimal(line.amount_exact),
      credited: amountOf(credited.get(line.line_id)!, row.currency),
      period: { from: line.from, to: line.to },
    })),
    receipt: receipt ? { seq: receipt.seq, hash: receipt.hash, issued_at: receipt.issued_at } : null,
  };
}

export interface InvoiceQuery {
  org_id?: string | undefined;
  status?: InvoiceStatus | undefined;
  run_id?: string | undefined;
  org_ids: Sight;
  limit: number;
  cursor?: string | undefined;
}

/** Newest number first. Throws `cursor_invalid`. */
export async function listInvoices(db: Db, query: InvoiceQuery): Promise<{ data: InvoiceSummary[]; next_cursor: string | null }> {
  const sort = 'invoices.seq';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { org_id, status, run_id, org_ids, limit } = query;
  const rows = await selectInvoices(db, { org_id, status, run_id, org_ids, limit, before: below });
  const { data, next_cursor } = toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.seq]));
  return { data: await summaries(db, data), next_cursor };
}

/**
 * Takes an invoice back: its ledger transaction is reversed, its lines too, and its usage may be billed again. The number stays
 * used. Throws `invoice_unknown`, `invoice_transition`, `invoice_credited`.
 */
export async function voidInvoice(tx: Tx, invoice_id: string, reason: string): Promise<Invoice> {
  await lockBilling(tx);
  const row = await holdInvoice(tx, invoice_id);
  requireTransition(row.status, 'void');
  if (row.credit_notes > 0) throw errors.invoice_credited({ detail: `Invoice ${row.number} has credit notes: credit the rest.` });
  const lines = await selectLines(tx, invoice_id);
  if (row.ledger_transaction_id !== null) {
    await reverseTransaction(tx, row.ledger_transaction_id, {
      kind: 'invoice_void',
      idem_key: `invoice_void/${invoice_id}`,
      memo: row.number,
    });
  }
  await setLineStatus(
    tx,
    lines.map((line) => line.entry_id),
    'reversed',
  );
  await retireCharges(
    tx,
    lines.map((line) => line.charge_id),
  );
  await applyLifecycle(tx, [invoice_id], { to: 'void', reason });
  const payload = {
    tenant_id: tx.tenant_id,
    invoice_id,
    number: row.number,
    org_id: row.org_id,
    reason,
    voided_at: utcText(tx.now),
  };
  await appendReceipts(tx, [{ kind: 'invoice_void', subject_id: invoice_id, payload }]);
  await sealCheckpoint(tx);
  return invoiceById(tx, invoice_id, null);
}

/** Money that came by hand, all that is still to be paid: cash rises, the receivable falls. Throws `invoice_unknown`, `invoice_transition`. */
export async function markPaid(
  tx: Tx,
  invoice_id: string,
  payment: { paid_at?: string | undefined; reference?: string | undefined },
): Promise<Invoice> {
  const row = await holdInvoice(tx, invoice_id);
  requireTransition(row.status, 'paid');
  const amount_minor = balanceOfRow(row);
  if (amount_minor !== 0n) {
    const { currency, org_id } = row;
    const [cash, receivable] = (await accountsFor(tx, [
      { kind: 'cash', owner: null, currency },
      { kind: 'receivable', owner: org_id, currency },
    ])) as [string, string];
    const postings = paidLegs({ currency, cash, receivable, amount_minor });
    await postTransaction(tx, { kind: 'payment', idem_key: `payment/${invoice_id}`, memo: row.number, postings });
  }
  const { paid_at = utcText(tx.now), reference = null } = payment;
  await applyLifecycle(tx, [invoice_id], { to: 'paid', paid_at, reference });
  return invoiceById(tx, invoice_id, null);
}

/**
 * Nobody is expected to pay an open invoice any more. It is a judgement, and no write-off: the receivable stands in the ledger, the charges
 * count, and the invoice can be paid or voided after all. Throws `invoice_unknown`, `invoice_transition`.
 */
export async function markUncollectible(tx: Tx, invoice_id: string, reason: string | null): Promise<Invoice> {
  await holdInvoice(tx, invoice_id);
  await applyLifecycle(tx, [invoice_id], { to: 'uncollectible', reason });
  return invoiceById(tx, invoice_id, null);
}

/** Throws `invoice_unknown`. */
export async function requireInvoice(db: Db, invoice_id: string, org_ids: Sight): Promise<InvoiceRow> {
  const [row] = await selectInvoicesByIds(db, [invoice_id], org_ids);
  if (!row) throw errors.invoice_unknown({ detail: `There is no invoice ${invoice_id}.` });
  return row;
}

/** Held first and read afterwards: what it was credited stands until the transaction ends. Throws `invoice_unknown`. */
async function holdInvoice(tx: Tx, invoice_id: string): Promise<InvoiceRow> {
  await lockInvoices(tx, [invoice_id]);
  return requireInvoice(tx, invoice_id, null);
}

function balanceOfRow({ status, total_minor, credited_minor, credited_after_payment_minor }: InvoiceRow): bigint {
  return balanceOf({
    status,
    total_minor: BigInt(total_minor),
    credited_minor: BigInt(credited_minor),
    credited_after_payment_minor: BigInt(credited_after_payment_minor),
  });
}

async function summaries(db: Db, rows: readonly InvoiceRow[]): Promise<InvoiceSummary[]> {
  const organizations = await organizationsByIds(db, [...new Set(rows.map((row) => row.org_id))]);
  return rows.map((row) => ({
    invoice_id: row.invoice_id,
    number: row.number,
    org_id: row.org_id,
    org_name: organizations.get(row.org_id)?.legal_name ?? '',
    status: row.status,
    currency: row.currency,
    period: { from: row.from_date, to: row.to_date },
    total: amountOf(row.total_minor, row.currency),
    credited: amountOf(row.credited_minor, row.currency),
    balance: amountOf(balanceOfRow(row), row.currency),
    issued_at: row.issued_at,
    due_at: row.due_at,
    paid_at: row.paid_at,
    voided_at: row.voided_at,
    uncollectible_at: row.uncollectible_at,
  }));
}
