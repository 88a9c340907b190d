import { formatDecimal, parseDecimal, subtract } from '../../../kernel/decimal.ts';
import { fromMinor } from '../../../kernel/money.ts';
import type { Db } from '../../../platform/postgres.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { firstEventsOfTake } from '../../../usage/metering/service.ts';
import type { StoredCharge } from '../../rating/model.ts';
import { chargesByIds, rectanglesOfCharge } from '../../rating/service.ts';
import { errors } from '../errors.ts';
import type { Explanation } from '../model.ts';
import { selectLines } from '../sql.ts';
import { requireInvoice, type Sight } from './invoices.ts';

const first_events = 20;

/** How a line came to its amount: steps, price version, rounding, and the usage behind it. Throws `invoice_unknown`, `line_unknown`. */
export async function explainLine(db: Db, invoice_id: string, line_id: string, org_ids: Sight): Promise<Explanation> {
  const invoice = await requireInvoice(db, invoice_id, org_ids);
  const line = (await selectLines(db, invoice_id)).find((each) => each.line_id === line_id);
  if (!line) throw errors.line_unknown({ detail: `There is no line ${line_id} on this invoice.` });
  const charge = (await chargesByIds(db, [line.charge_id])).get(line.charge_id)!;
  const amount = fromMinor(BigInt(charge.amount_minor), invoice.currency);
  const { price, rounding, price_version } = charge.inputs as typeof charge.inputs & { price_version?: number };
  return {
    line_id,
    steps: charge.steps,
    amount: { amount, currency: invoice.currency },
    amount_exact: charge.amount_exact,
    quantity: charge.quantity,
    rounding: { mode: rounding, amount: formatDecimal(subtract(parseDecimal(amount), parseDecimal(charge.amount_exact))) },
    price_version: {
      price_version_id: charge.price_version_id,
      version: price_version ?? null,
      price: price as Record<string, unknown>,
    },
    inputs: charge.inputs as Record<string, unknown>,
    inputs_hash: charge.inputs_hash.toString('hex'),
    usage: await usageOf(db, charge),
  };
}

async function usageOf(db: Db, charge: StoredCharge): Promise<Explanation['usage']> {
  if (charge.usage_root === null || charge.sku === null) return null;
  const rectangles = await rectanglesOfCharge(db, charge);
  const take = { org_id: charge.org_id, sku: charge.sku, time_zone: charge.inputs.time_zone ?? 'UTC', rectangles };
  const events = await firstEventsOfTake(db, take, first_events + 1);
  return {
    count: Number.parseInt(charge.usage_count ?? '0', 10),
    sum: shortestDecimal(charge.usage_sum ?? '0'),
    root: charge.usage_root.toString('hex'),
    events: events.slice(0, first_events).map(({ event }) => ({ ...event })),
    more: events.length > first_events,
  };
}
