import type { Organization } from '../../../foundation/tenancy/model.ts';
import { organizationsByIds, ownOrganization, requireTenant } from '../../../foundation/tenancy/service.ts';
import { startOfDay } from '../../../kernel/period.ts';
import type { Db } from '../../../platform/postgres.ts';
import { commissionRates } from '../../partners/service.ts';
import type { RatedSubscription } from '../../rating/model.ts';
import { contextsWith } from '../../rating/service/contexts.ts';
import { endedWithLateUsage } from '../../rating/service/late.ts';
import { ratedSubscriptions, subscriptionsWithin } from '../../rating/service/subscriptions.ts';
import { type PlanOutcome, planPeriods, watermarkFor } from '../../rating/service.ts';
import type { Subscription } from '../../subscriptions/model.ts';
import type { PartnerShare } from './issue.ts';

export interface RunPlan {
  outcome: PlanOutcome;
  organizations: ReadonlyMap<string, Organization>;
  own: Organization;
  /** By `partner_id`, as the charges' inputs name it. */
  partners: ReadonlyMap<string, PartnerShare>;
}

/** A run over local dates, or a part of one. */
export interface PlannedRun {
  run_id: string;
  from_date: string;
  to_date: string;
  watermark: string;
  /** In which the dates are, where that is not each organization's own of today. */
  time_zone?: string | null;
}

/** What a run bills some subscriptions, and for whom. Reads only: a run goes on to issue it, a preview shows it. */
export async function planFor(db: Db, run: PlannedRun & { subscriptions: readonly Subscription[] }): Promise<RunPlan> {
  const { rated, faults } = await ratedSubscriptions(db, run.subscriptions);
  const plan = await planRated(db, run, inZone(rated, run.time_zone ?? null));
  plan.outcome.faults.push(...faults.map((fault) => ({ ...fault, code: 'override_unusable', usage: [] })));
  return plan;
}

/** Subscriptions as they are billed in a zone that may not be their organization's of today; as they are where it is null. */
export function inZone(subscriptions: readonly RatedSubscription[], time_zone: string | null): RatedSubscription[] {
  return subscriptions.map((subscription) => (time_zone === null ? subscription : { ...subscription, time_zone }));
}

/** The same for subscriptions whose prices are known. */
export async function planRated(db: Db, run: PlannedRun, rated: readonly RatedSubscription[]): Promise<RunPlan> {
  const org_ids = [...new Set(rated.map((each) => each.org_id))];
  const [organizations, own, tenant] = [
    await organizationsByIds(db, org_ids),
    await ownOrganization(db),
    await requireTenant(db),
  ];
  const tiers: PartnersByTier = new Map();
  const outcome = await planPeriods(db, {
    run_id: run.run_id,
    from: Temporal.PlainDate.from(run.from_date),
    to: Temporal.PlainDate.from(run.to_date),
    watermark: await watermarkFor(
      db,
      rated.map((each) => each.subscription_id),
      run.watermark,
    ),
    rounding: tenant.rounding_mode,
    subscriptions: rated,
    contextsOf: contextsWith(db, tiers),
  });
  return { outcome, organizations, own, partners: await partnerShares(db, tiers) };
}

/** What runs at some moment of the run's dates, and what has ended and was used or corrected since it was billed. */
export async function subscriptionsToBill(
  db: Db,
  run: { from_date: string; to_date: string; org_id: string | null },
): Promise<Subscription[]> {
  const live = await subscriptionsWithin(db, { ...widely(run), org_id: run.org_id });
  const known = new Set(live.map((each) => each.subscription_id));
  const ended_by = startOfDay(Temporal.PlainDate.from(run.from_date), 'UTC').add({ hours: 12 }).toString();
  const ended = await endedWithLateUsage(db, { org_id: run.org_id, ended_by });
  return [...live, ...ended.filter((each) => !known.has(each.subscription_id))];
}

/** A run's dates in any time zone on earth (UTC−12 to UTC+14); rating cuts exactly. */
export function widely(run: { from_date: string; to_date: string }): { from: string; to: string } {
  const from = startOfDay(Temporal.PlainDate.from(run.from_date), 'UTC').subtract({ hours: 14 });
  const to = startOfDay(Temporal.PlainDate.from(run.to_date), 'UTC').add({ hours: 12 });
  return { from: from.toString(), to: to.toString() };
}

/** Partner → its tier now. */
type PartnersByTier = Map<string, string>;

async function partnerShares(db: Db, partners: PartnersByTier): Promise<Map<string, PartnerShare>> {
  if (partners.size === 0) return new Map();
  const rateOf = await commissionRates(db);
  return new Map(
    [...partners].map(
      ([partner_id, partner_tier]) => [partner_id, { partner_id, pctOf: (sku) => rateOf(partner_tier, sku) }] as const,
    ),
  );
}
