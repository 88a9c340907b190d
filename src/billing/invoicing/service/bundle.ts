import { proofFor, receiptFor } from '../../../foundation/receipts/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { type Bundle, buildBundle, type ChargeParts, type InvoiceDocument, type SaltedEvent } from '../../../kernel/bundle.ts';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { saltText } from '../../../kernel/proof.ts';
import type { Db } from '../../../platform/postgres.ts';
import { eventsOfTake } from '../../../usage/metering/service.ts';
import type { StoredCharge } from '../../rating/model.ts';
import { chargesByIds, rectanglesOfCharge } from '../../rating/service.ts';
import { selectDocument, selectLines } from '../sql.ts';
import { requireInvoice, type Sight } from './invoices.ts';

/** Everything a customer needs to check one invoice offline (docs/bundle-format.md). Throws `invoice_unknown`, `receipt_not_sealed`. */
export async function bundleOf(db: Db, invoice_id: string, org_ids: Sight): Promise<Bundle> {
  await requireInvoice(db, invoice_id, org_ids);
  const receipt = await receiptFor(db, 'invoice', invoice_id);
  assert(receipt, 'an issued invoice has a receipt');
  const proof = await proofFor(db, receipt);
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
  return buildBundle({ invoice: (await selectDocument(db, invoice_id)) as InvoiceDocument, charges: parts, proof });
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
