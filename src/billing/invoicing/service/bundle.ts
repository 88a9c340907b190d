import { type Bundle, buildBundle, type ChargeParts, type InvoiceDocument, type SaltedEvent } from '../../../kernel/bundle.ts';
import { proofFor, receiptFor, sealCheckpoint } from '../../../foundation/receipts/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { saltText } from '../../../kernel/proof.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { eventsOfTake } from '../../../usage/metering/service.ts';
import type { StoredCharge } from '../../rating/model.ts';
import { chargesByIds, rectanglesOfCharge } from '../../rating/service.ts';
import { selectDocument, selectLines } from '../sql.ts';
import { requireInvoice, type Sight } from './invoices.ts';

/**
 * Everything a customer needs to check one invoice offline (docs/bundle-format.md). Seals a checkpoint first where none covers
 * the invoice's receipt yet. Throws `invoice_unknown`.
 */
export async function bundleOf(tx: Tx, invoice_id: string, org_ids: Sight): Promise<Bundle> {
  await requireInvoice(tx, invoice_id, org_ids);
  const receipt = await receiptFor(tx, 'invoice', invoice_id);
  assert(receipt, 'an issued invoice has a receipt');
  await sealCheckpoint(tx);
  const lines = await selectLines(tx, invoice_id);
  const charges = await chargesByIds(
    tx,
    lines.map((line) => line.charge_id),
  );
  const parts: ChargeParts[] = [];
  for (const line of lines) {
    const charge = charges.get(line.charge_id);
    assert(charge, 'a line has its charge');
    parts.push({ line_id: line.line_id, inputs: charge.inputs, steps: charge.steps, days: await daysOf(tx, charge) });
  }
  return buildBundle({ invoice: (await selectDocument(tx, invoice_id)) as InvoiceDocument, charges: parts, proof: await proofFor(tx, receipt) });
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
