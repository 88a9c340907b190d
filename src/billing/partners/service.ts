import { recordAudit } from '../../foundation/audit/service.ts';
import { emit } from '../../foundation/events/service.ts';
import { organizationsByIds, requireOrganization, requireVisible } from '../../foundation/tenancy/service.ts';
import { newId } from '../../kernel/id.ts';
import { requireSku } from '../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { commissionPct, endPartner, organizationOf, statusOf } from './decide.ts';
import { errors } from './errors.ts';
import type { events } from './events.ts';
import type { CommissionRate, NewCommissionRate, NewPartnerOfRecord, Partner, PartnerOfRecord, RateOf } from './model.ts';
import * as store from './sql.ts';

/**
 * Throws `org_not_found`, `not_a_partner`, `partner_is_organization`, `partner_ends_before_start`, `billing_account_unavailable`, and by
 * constraint `partner_of_record_overlaps`.
 */
export async function createPartnerOfRecord(
  tx: Tx,
  request: NewPartnerOfRecord,
  org_ids: readonly string[] | null = null,
): Promise<PartnerOfRecord> {
  const org_id = organizationOf(request);
  requireVisible(org_ids, org_id);
  const { partner_id, start_at, end_at = null } = request;
  const status = statusOf({ start_at, end_at }, tx.now);
  await requireOrganization(tx, org_id);
  const partner = await requireOrganization(tx, partner_id);
  if (partner.partner_tier === null) throw errors.not_a_partner({ detail: `${partner.legal_name} has no partner tier.` });
  const partner_of_record_id = newId(tx.now);
  const made = await store.insertPartnerOfRecord(tx, {
    partner_of_record_id,
    org_id,
    partner_id,
    start_at,
    end_at,
    status,
    created_at: tx.now.toString(),
  });
  await recordAudit(tx, {
    action: 'partner_of_record.created',
    target_type: 'partner_of_record',
    target_id: partner_of_record_id,
    org_id,
    before: null,
    after: made,
  });
  await emit<typeof events>(tx, {
    type: 'partner_of_record.created',
    aggregate_type: 'partner_of_record',
    aggregate_id: partner_of_record_id,
    org_id,
    data: { partner_of_record_id, org_id, partner_id, start_at, end_at },
  });
  return made;
}

/** Throws `partner_of_record_unknown`, `partner_of_record_ended`, `partner_ends_before_start`. */
export async function endPartnerOfRecord(
  tx: Tx,
  partner_of_record_id: string,
  end_at: string,
  org_ids: readonly string[] | null = null,
): Promise<PartnerOfRecord> {
  const before = await store.lockPartnerOfRecord(tx, partner_of_record_id);
  if (!before || (org_ids !== null && !org_ids.includes(before.org_id)))
    throw errors.partner_of_record_unknown({ detail: `There is no partner of record ${partner_of_record_id}.` });
  const after = await store.updatePartnerOfRecord(tx, endPartner(before, end_at, tx.now));
  const { org_id, partner_id } = after;
  await recordAudit(tx, {
    action: 'partner_of_record.ended',
    target_type: 'partner_of_record',
    target_id: partner_of_record_id,
    org_id,
    before,
    after,
  });
  await emit<typeof events>(tx, {
    type: 'partner_of_record.ended',
    aggregate_type: 'partner_of_record',
    aggregate_id: partner_of_record_id,
    org_id,
    data: { partner_of_record_id, org_id, partner_id, end_at },
  });
  return after;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listPartnersOfRecord(
  db: Db,
  query: {
    org_id?: string | undefined;
    partner_id?: string | undefined;
    org_ids: readonly string[] | null;
    limit: number;
    cursor?: string | undefined;
  },
) {
  const sort = 'partners_of_record.id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { org_id = null, partner_id = null, org_ids, limit } = query;
  const rows = await store.selectPartnersOfRecord(db, { org_id, partner_id, org_ids, limit: limit + 1, below });
  return toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.partner_of_record_id]));
}

/** The partner of each organization at a time (RFC 3339 or an instant); an organization without one is not in the map. */
export async function partnersOfRecord(
  db: Db,
  org_ids: readonly string[],
  at: string | Temporal.Instant,
): Promise<Map<string, Partner>> {
  const found = await store.selectPartnersAt(db, org_ids, at.toString());
  const organizations = await organizationsByIds(db, [...new Set(found.map((row) => row.partner_id))]);
  return new Map(
    found.flatMap(({ org_id, partner_id }) => {
      const partner_tier = organizations.get(partner_id)?.partner_tier;
      // A partner that lost its tier since earns nothing until it has one again.
      return partner_tier === null || partner_tier === undefined ? [] : [[org_id, { partner_id, partner_tier }] as const];
    }),
  );
}

/** The partners of pairs of organization and moment, each in its place; loaded together. */
export async function partnersOfPairs(
  db: Db,
  asked: readonly { org_id: string; at: string }[],
): Promise<(Partner | undefined)[]> {
  const found = new Map((await store.selectPartnersOfPairs(db, asked)).map((row) => [row.n, row.partner_id]));
  const organizations = await organizationsByIds(db, [...new Set(found.values())]);
  return asked.map((_, index) => {
    const partner_id = found.get(index + 1);
    const partner_tier = partner_id === undefined ? null : (organizations.get(partner_id)?.partner_tier ?? null);
    return partner_id === undefined || partner_tier === null ? undefined : { partner_id, partner_tier };
  });
}

/** Throws `sku_unknown`, `commission_pct_invalid`. The rate that stands already changes nothing. */
export async function putCommissionRate(tx: Tx, request: NewCommissionRate): Promise<CommissionRate> {
  const { partner_tier, sku } = request;
  const pct = commissionPct(request.pct);
  await requireSku(tx, sku);
  const before = await store.lockCommissionRate(tx, partner_tier, sku);
  if (before?.pct === pct) return before;
  const after = await store.upsertCommissionRate(tx, { partner_tier, sku, pct });
  await recordAudit(tx, {
    action: 'commission_rate.changed',
    target_type: 'commission_rate',
    target_id: `${partner_tier}/${sku}`,
    before: before ?? null,
    after,
  });
  await emit<typeof events>(tx, {
    type: 'commission_rate.changed',
    aggregate_type: 'commission_rate',
    aggregate_id: `${partner_tier}/${sku}`,
    data: { partner_tier, sku, pct, previous_pct: before?.pct ?? null },
  });
  return after;
}

/** In order of tier and SKU. Throws `cursor_invalid`. */
export async function listCommissionRates(
  db: Db,
  query: { partner_tier?: string | undefined; sku?: string | undefined; limit: number; cursor?: string | undefined },
) {
  const sort = 'commission_rates.tier_sku';
  const [tier, sku] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectCommissionRates(db, {
    partner_tier: query.partner_tier ?? null,
    sku: query.sku ?? null,
    limit: query.limit + 1,
    after: tier !== undefined && sku !== undefined ? [tier, sku] : null,
  });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.partner_tier, row.sku]));
}

/** Every rate of the tenant as a lookup; '0' where there is none, and for a base fee, which has no SKU. */
export async function commissionRates(db: Db): Promise<RateOf> {
  const rates = new Map<string, Map<string, string>>();
  for (const { partner_tier, sku, pct } of await store.selectCommissionRates(db, {
    partner_tier: null,
    sku: null,
    limit: null,
    after: null,
  })) {
    const tier = rates.get(partner_tier) ?? new Map<string, string>();
    rates.set(partner_tier, tier.set(sku, pct));
  }
  return (partner_tier, sku) => (sku === null ? '0' : (rates.get(partner_tier)?.get(sku) ?? '0'));
}
