import { newId } from '../../../kernel/id.ts';
import { fromMinor } from '../../../kernel/money.ts';
import type { Postgres, Scope } from '../../../platform/postgres.ts';
import { rollUp } from '../../../usage/metering/service/rollup.ts';
import { settledWatermark } from '../../../usage/metering/service/watermark.ts';
import type { Preview } from '../model.ts';
import { planFor, subscriptionsToBill } from './plan.ts';

/**
 * What a run over local dates would bill an organization now, by the code that bills it, stopped before anything is put on record; the
 * dates may lie ahead. Throws `usage_unsettled`. Opens transactions of its own, for the rollups that it reads.
 */
export async function previewOf(
  postgres: Postgres,
  scope: Scope,
  request: { org_id: string; from: string; to: string },
): Promise<Preview> {
  const watermark = await settledWatermark(postgres);
  await rollUp(postgres, scope.tenant_id, watermark, scope.now);
  return postgres.read(scope, async (db) => {
    const run = { from_date: request.from, to_date: request.to, org_id: request.org_id };
    const subscriptions = await subscriptionsToBill(db, run);
    const { outcome } = await planFor(db, { ...run, run_id: newId(scope.now), watermark, subscriptions });
    const charges = outcome.planned.flatMap((period) => period.charges);
    const invoices = Map.groupBy(charges, (charge) => charge.currency);
    return {
      org_id: request.org_id,
      period: { from: request.from, to: request.to },
      already_billed: outcome.already_billed.length,
      errors: [
        ...outcome.faults,
        ...outcome.overlapping.map(({ billed, ...each }) => ({
          ...each,
          code: 'period_overlaps',
          detail: `${billed.from} to ${billed.to} is billed already.`,
        })),
      ],
      invoices: [...invoices].map(([currency, own]) => ({
        total: {
          amount: fromMinor(
            own.reduce((sum, each) => sum + each.amount_minor, 0n),
            currency,
          ),
          currency,
        },
        lines: own.map((charge) => ({
          description: charge.description,
          sku: charge.sku,
          unit: charge.unit,
          quantity: charge.quantity,
          amount: { amount: fromMinor(charge.amount_minor, currency), currency },
          amount_exact: charge.amount_exact,
          period: { from: charge.from, to: charge.to },
          steps: charge.steps.map((step) => ({ ...step })),
        })),
      })),
    };
  });
}
