import { formatDecimal, readDecimal } from '../../kernel/decimal.ts';
import { errors } from './errors.ts';
import type { NewPartnerOfRecord, PartnerOfRecord } from './model.ts';

/** The organization that a partner is to be of record for. Throws `billing_account_unavailable`, `org_id_required`, `partner_is_organization`. */
export function organizationOf({ org_id, billing_account_id, partner_id }: NewPartnerOfRecord): string {
  if (billing_account_id !== undefined) {
    const detail = 'A partner of record of a billing account is not available yet: give org_id.';
    throw errors.billing_account_unavailable({
      detail,
      errors: [{ pointer: '/billing_account_id', code: 'billing_account_unavailable', detail }],
    });
  }
  if (org_id === undefined) {
    const detail = 'Give the organization as org_id.';
    throw errors.org_id_required({ detail, errors: [{ pointer: '/org_id', code: 'org_id_required', detail }] });
  }
  if (org_id === partner_id) throw errors.partner_is_organization();
  return org_id;
}

/** What a time makes of a partnership: one whose end has come is expired. Throws `partner_ends_before_start`. */
export function statusOf(
  { start_at, end_at }: { start_at: string; end_at: string | null },
  now: Temporal.Instant,
): 'active' | 'expired' {
  if (end_at === null) return 'active';
  const end = Temporal.Instant.from(end_at);
  if (Temporal.Instant.compare(end, Temporal.Instant.from(start_at)) <= 0) {
    const detail = `end_at is not after ${start_at}, when the partner starts.`;
    throw errors.partner_ends_before_start({
      detail,
      errors: [{ pointer: '/end_at', code: 'partner_ends_before_start', detail }],
    });
  }
  return Temporal.Instant.compare(end, now) <= 0 ? 'expired' : 'active';
}

/** The partnership, ended. An end may be set once. Throws `partner_of_record_ended`, `partner_ends_before_start`. */
export function endPartner(record: PartnerOfRecord, end_at: string, now: Temporal.Instant): PartnerOfRecord {
  if (record.end_at !== null) throw errors.partner_of_record_ended({ detail: `It ends at ${record.end_at}.` });
  const status = statusOf({ start_at: record.start_at, end_at }, now);
  return { ...record, end_at, status: record.status === 'disputed' ? 'disputed' : status };
}

/** A percentage from 0 to 100 with at most two decimals, as shortest text. Throws `commission_pct_invalid`. */
export function commissionPct(json: unknown): string {
  const pct = readDecimal(json, { decimals: 2, digits: 3 });
  if (typeof pct === 'string' || pct.units < 0n || hundredths(pct.units, pct.scale) > 10_000n) {
    const detail = 'pct must be from 0 to 100 with at most two decimals.';
    throw errors.commission_pct_invalid({ detail, errors: [{ pointer: '/pct', code: 'commission_pct_invalid', detail }] });
  }
  return formatDecimal(pct);
}

/** Hundredths of a percent. */
function hundredths(units: bigint, scale: number): bigint {
  return units * 10n ** BigInt(2 - scale);
}
