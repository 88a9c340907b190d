import { lastMoment } from '../../../kernel/period.ts';
import type { Db } from '../../../platform/postgres.ts';
import { partnersOfPairs } from '../../partners/service.ts';
import type { ContextsOf } from './facts.ts';

/**
 * What prices may depend on beside usage, for a bill and for a backtest alike. A service period is its partner's who is of record when it ends,
 * whatever else is billed; the partners' tiers, by `partner_id`, are put into `tiers`.
 */
export function contextsWith(db: Db, tiers: Map<string, string>): ContextsOf {
  return async (periods) => {
    const found = await partnersOfPairs(
      db,
      periods.map(({ org_id, to }) => ({ org_id, at: lastMoment(to) })),
    );
    return found.map((partner) => {
      if (!partner) return {};
      tiers.set(partner.partner_id, partner.partner_tier);
      return { partner_id: partner.partner_id };
    });
  };
}
