import { proofFor, receiptFor } from '../../../foundation/receipts/service.ts';
import { assert } from '../../../kernel/assert.ts';
import {
  type Bundle,
  buildBundle,
  buildCreditNoteBundle,
  type ChargeParts,
  type CreditNoteBundle,
  type CreditNoteDocument,
  type ProofParts,
  type SaltedEvent,
} from '../../../kernel/bundle.ts';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { saltText } from '../../../kernel/proof.ts';
import type { Db } from '../../../platform/postgres.ts';
import { eventsOfTake } from '../../../usage/metering/service.ts';
import type { StoredCharge } from '../../rating/model.ts';
import { chargesByIds, rectanglesOfCharge } from '../../rating/service.ts';
import { selectCreditNoteDocument } from '../sql/credit-notes.ts';
import { selectDocuments, selectLines } from '../sql.ts';
import { requireCreditNote } from './credit-notes.ts';
import { requireInvoice, type Sight } from './invoices.ts';

/** Everything a customer needs to check one invoice offline (docs/bundle-format.md). Throws `invoice_unknown`, `receipt_not_sealed`. */
export async function bundleOf(db: Db, invoice_id: string, org_ids: Sight): Promise<Bundle> {
  await requireInvoice(db, invoice_id, org_ids);
  const proof = await proofOf(db, 'invoice', invoice_id);
  const lines = await selectLines(db, invoice_id);
  const charges = await chargesByIds(
    db,
    lines.map((line) => line.charge_id),
  );
  const parts: ChargeParts[] = [];
  for (const line of lines) {
    const charge = charges.get(line.charge_id);
    assert(charge, 'a line has its charge');
    parts.push({ line_id: line.line_id, inputs: charge.inputs, steps: charge.steps, days: await daysOf(db, charge) });
  }
  return buildBundle({ invoice: (await selectDocuments(db, [invoice_id])).get(invoice_id)!, charges: parts, proof });
}

/** The same for one credit note. Throws `credit_note_unknown`, `receipt_not_sealed`. */
export async function bundleOfCreditNote(db: Db, credit_note_id: string, org_ids: Sight): Promise<CreditNoteBundle> {
  const { invoice_id } = await requireCreditNote(db, credit_note_id, org_ids);
  return buildCreditNoteBundle({
    credit_note: (await selectCreditNoteDocument(db, credit_note_id)) as CreditNoteDocument,
    invoice: (await selectDocuments(db, [invoice_id])).get(invoice_id)!,
    proof: await proofOf(db, 'credit_note', credit_note_id),
  });
}

async function proofOf(db: Db, kind: 'invoice' | 'credit_note', subject_id: string): Promise<ProofParts> {
  const receipt = await receiptFor(db, kind, subject_id);
  assert(receipt, 'an issued document has a receipt');
  return proofFor(db, receipt);
}

async function daysOf(db: Db, charge: StoredCharge): Promise<ChargeParts['days']> {
  if (charge.usage_root === null || charge.sku === null) return [];
  const rectangles = await rectanglesOfCharge(db, charge);
  const take = { org_id: charge.org_id, sku: charge.sku, time_zone: charge.inputs.time_zone ?? 'UTC', rectangles };
  const days = new Map<string, { sum: Decimal; events: SaltedEvent[] }>();
  for await (const { day, event, salt } of eventsOfTake(db, take)) {
    const known = days.get(day) ?? { sum: ZERO, events: [] };
    known.sum = event.quantity == null ? known.sum : add(known.sum, parseDecimal(event.quantity));
    known.events.push({ event, salt: saltText(salt) });
    days.set(day, known);
  }
  return [...days].map(([day, { sum, events }]) => ({ day, sum: formatDecimal(sum), events }));
}
