import { skusByCode } from '../../../offer/catalog/service.ts';
import type { Tx } from '../../../platform/postgres.ts';
import type { RatedSubscription } from '../../rating/model.ts';
import { type LateBilledPeriod, lateBilledPeriods } from '../../rating/service/late.ts';
import { ratedSubscriptions } from '../../rating/service/subscriptions.ts';
import { asBilled, chargesOfPeriods, storePeriods } from '../../rating/service.ts';
import type { Subscription } from '../../subscriptions/model.ts';
import { selectLinesOfCharges } from '../sql/credit-notes.ts';
import { markSavepoint, returnToSavepoint, selectInvoicesByIds } from '../sql.ts';
import { creditAndRetire } from './credit-notes.ts';
import { issueInvoices, party } from './issue.ts';
import { type PlannedRun, planRated, widely } from './plan.ts';

type ChargesOfPeriod = Awaited<ReturnType<typeof chargesOfPeriods>>;

interface Reopened extends LateBilledPeriod {
  charges: ChargesOfPeriod;
}

const reason = 'Usage of the period came, or was corrected, after it had been billed; it is billed again.';

/**
 * The late policy `rebill`: each billed period in which usage of such a SKU came, or was corrected, since is taken back by a credit note and
 * billed again whole, at the prices of its time, on a new invoice whose lines name those that they replace. In the run's transaction.
 * What stands on an invoice that takes no credit note, and what cannot be priced with what came, is left to be corrected as `adjust_next`
 * does. Answers how many invoices there are.
 */
export async function rebillLate(tx: Tx, run: PlannedRun, subscriptions: readonly Subscription[]): Promise<number> {
  let reopened = await periodsToReopen(tx, run, subscriptions);
  while (reopened.length > 0) {
    await markSavepoint(tx);
    const { invoices, faulty } = await billAgain(tx, run, reopened);
    if (faulty.size === 0) return invoices;
    // One subscription's fault is its own: its credit notes are taken back, and the others are billed again without it.
    await returnToSavepoint(tx);
    reopened = reopened.filter(({ subscription }) => !faulty.has(subscription.subscription_id));
  }
  return 0;
}

/** Stops where subscriptions cannot be rated: what was put on record by then is to be taken back. */
async function billAgain(
  tx: Tx,
  run: PlannedRun,
  reopened: readonly Reopened[],
): Promise<{ invoices: number; faulty: ReadonlySet<string> }> {
  const charge_ids = reopened.flatMap(({ charges }) => charges.map((charge) => charge.charge_id));
  const retired = await creditAndRetire(tx, { charge_ids, reason });
  const charges = new Map(reopened.flatMap((each) => each.charges.map((charge) => [charge.charge_id, charge] as const)));
  const owners = new Map(reopened.map((each) => [each.period.billed_period_id, each.subscription]));
  const replaced = new Map(
    retired.map(({ charge_id, invoice_id, invoice_number, line_id, credited }) => {
      const { billed_period_id, sku, inputs } = charges.get(charge_id)!;
      const key = replacedKey(owners.get(billed_period_id)!, { sku, from: inputs.period?.from ?? '' });
      return [
        key,
        { invoice_id, number: invoice_number, line_id, ...(credited ? { credited_by: { ...credited } } : {}) },
      ] as const;
    }),
  );
  let invoices = 0;
  for (const of_dates of Map.groupBy(reopened, ({ period }) => `${period.from_date} ${period.to_date}`).values()) {
    const { from_date, to_date } = of_dates[0]!.period;
    const rated = of_dates.map((each) => asBilled(each.subscription, each.charges, each.items));
    const { outcome, organizations, own, partners } = await planRated(tx, { ...run, from_date, to_date }, rated);
    if (outcome.faults.length > 0)
      return { invoices, faulty: new Set(outcome.faults.map(({ subscription_id }) => subscription_id)) };
    invoices += await issueInvoices(tx, {
      run_id: run.run_id,
      period: { from: from_date, to: to_date },
      charges: await storePeriods(tx, outcome.planned),
      seller: party(own),
      organizations,
      partners,
      replaces: (charge) =>
        replaced.get(replacedKey(charge, { sku: charge.sku, from: charge.inputs.period?.from ?? '' })) ?? null,
    });
  }
  return { invoices, faulty: new Set() };
}

function replacedKey(
  { subscription_id }: Pick<RatedSubscription, 'subscription_id'>,
  { sku, from }: { sku: string | null; from: string },
): string {
  return `${subscription_id} ${sku ?? ''} ${from}`;
}

async function periodsToReopen(tx: Tx, run: PlannedRun, subscriptions: readonly Subscription[]): Promise<Reopened[]> {
  const skus = await skusByCode(tx);
  const rebilled = new Set([...skus.values()].filter((sku) => sku.late_policy === 'rebill').map(({ sku }) => sku));
  if (rebilled.size === 0) return [];
  const { rated } = await ratedSubscriptions(tx, subscriptions);
  const late = await lateBilledPeriods(tx, rated, { until: widely(run).from, watermark: run.watermark, run });
  const wanted = late.filter((each) => [...each.skus].some((sku) => rebilled.has(sku)));
  const charges = Map.groupBy(
    await chargesOfPeriods(
      tx,
      wanted.map(({ period }) => period.billed_period_id),
    ),
    (charge) => charge.billed_period_id,
  );
  const creditable = await creditableCharges(tx, [...charges.values()].flat());
  return wanted
    .map((each) => ({ ...each, charges: charges.get(each.period.billed_period_id) ?? [] }))
    .filter(({ charges }) => charges.length > 0 && charges.every((charge) => creditable.has(charge.charge_id)));
}

/** Charges on invoices that take credit notes. */
async function creditableCharges(tx: Tx, charges: ChargesOfPeriod): Promise<Set<string>> {
  const lines = await selectLinesOfCharges(
    tx,
    charges.map((charge) => charge.charge_id),
  );
  const invoices = await selectInvoicesByIds(tx, [...new Set(lines.map((line) => line.invoice_id))], null);
  const open = new Set(invoices.filter(({ status }) => status === 'open' || status === 'paid').map((each) => each.invoice_id));
  return new Set(lines.filter((line) => open.has(line.invoice_id)).map((line) => line.charge_id));
}
