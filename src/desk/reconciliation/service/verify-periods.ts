import { invoiceNumbersOfCharges } from '../../../billing/invoicing/service/again.ts';
import type { BilledPeriodAgain } from '../../../billing/rating/service/again.ts';
import type { Db } from '../../../platform/postgres.ts';
import type { UsageTake } from '../../../usage/metering/model.ts';
import type { Measurement } from '../decide/measure.ts';
import type { Checked, Difference } from '../model.ts';
import { measured } from './usage-again.ts';

/** Usage that billed periods took and no charge of theirs is for. */
export async function verifyPeriods(db: Db, periods: readonly BilledPeriodAgain[], checked: Checked): Promise<Difference[]> {
  checked.billed_periods += periods.length;
  const asked = periods.flatMap((period) => period.uncharged.map((part) => ({ period, ...part })));
  const takes = asked.map(({ period, sku, rectangles }): UsageTake => {
    return { org_id: period.org_id, sku, time_zone: 'UTC', rectangles };
  });
  const found: Difference[] = [];
  for await (const { take, ...measurement } of measured(db, takes)) {
    checked.events += measurement.measured.count;
    const { period, sku, aggregation } = asked[take]!;
    if (period.kind === 'period' || asksForCorrection(measurement, aggregation)) found.push(uncharged(period, sku, measurement));
  }
  const numbers = await invoiceNumbersOfCharges(
    db,
    periods.flatMap(({ charges }) => charges.map((charge) => charge.charge_id)),
  );
  const documents = new Map(periods.map((each) => [each.billed_period_id, documentOf(each, numbers)]));
  found.push(...periods.flatMap((period) => unbilled(period, numbers)));
  return found.map((each) => ({ ...each, document: documents.get(each.subject_id) ?? null }));
}

/** The invoice on which a period's charges are. */
function documentOf({ charges }: BilledPeriodAgain, numbers: ReadonlyMap<string, string>): string | null {
  return charges.flatMap(({ charge_id }) => numbers.get(charge_id) ?? [])[0] ?? null;
}

/** Charges that are on no invoice. */
function unbilled(period: BilledPeriodAgain, numbers: ReadonlyMap<string, string>): Difference[] {
  return period.charges
    .filter(({ charge_id }) => !numbers.has(charge_id))
    .map(({ sku }) => ({
      ...{
        subject: 'billed_period',
        document: null,
        org_id: period.org_id,
        line: null,
        sku,
        subject_id: period.billed_period_id,
      },
      fields: [{ field: 'invoice line', expected: 'present', found: null, in: ['invoice line'] }],
      events: [],
    }));
}

/**
 * What came late and takes itself back is no correction. Whether the highest, or a price over single events, would have changed is not told by
 * what came alone: such usage is passed over.
 */
function asksForCorrection({ measured: usage }: Measurement, aggregation: string): boolean {
  if (aggregation === 'count') return usage.counted !== 0;
  return aggregation === 'sum' && usage.quantity_sum !== '0';
}

function uncharged(period: BilledPeriodAgain, sku: string, { measured: usage, changed }: Measurement): Difference {
  const { count, quantity_sum } = usage;
  return {
    ...{ subject: 'billed_period', document: null, org_id: period.org_id, line: null, sku, subject_id: period.billed_period_id },
    fields: [
      {
        field: 'line',
        expected: `${count} events, in sum ${quantity_sum}`,
        found: null,
        in: ['charge', 'invoice line', 'document'],
      },
    ],
    events: changed,
  };
}
