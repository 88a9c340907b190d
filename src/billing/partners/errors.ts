import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  partner_of_record_unknown: { status: 404, title: 'Unknown partner of record' },
  partner_of_record_overlaps: { status: 409, title: 'The organization has a partner of record at that time' },
  partner_of_record_ended: { status: 409, title: 'The partner of record was ended already' },
  partner_ends_before_start: { status: 422, title: 'The partner of record would end before it starts' },
  partner_is_organization: { status: 422, title: 'An organization cannot be its own partner' },
  not_a_partner: { status: 422, title: 'The organization has no partner tier' },
  org_id_required: { status: 422, title: 'An organization is needed' },
  billing_account_unavailable: { status: 422, title: 'Billing accounts are not available yet' },
  commission_pct_invalid: { status: 422, title: 'A commission rate is from 0 to 100 with at most two decimals' },
});

/** What the database's constraints mean to a caller. */
export const constraints = {
  partner_of_record_pkey: () => errors.partner_of_record_overlaps(),
  partner_of_record_one_at_a_time: () => errors.partner_of_record_overlaps(),
  partner_of_record_is_another: () => errors.partner_is_organization(),
  partner_of_record_ends_after_start: () => errors.partner_ends_before_start(),
};
