import { describe, expect, it } from 'vitest';
import { commissionPct, endPartner, organizationOf, statusOf } from './decide.ts';
import type { PartnerOfRecord } from './model.ts';

const now = Temporal.Instant.from('2026-03-01T00:00:00Z');
const coded = (code: string) => expect.objectContaining({ code });

describe('a partner of record', () => {
  const request = { partner_id: 'p', start_at: '2026-01-01T00:00:00Z' };
  const record: PartnerOfRecord = {
    ...request,
    partner_of_record_id: 'r',
    org_id: 'o',
    end_at: null,
    status: 'active',
    created_at: '2026-01-01T00:00:00Z',
  };

  it('is of an organization, which is another one', () => {
    expect(organizationOf({ ...request, org_id: 'o' })).toBe('o');
    expect(() => organizationOf(request)).toThrow(coded('org_id_required'));
    expect(() => organizationOf({ ...request, org_id: 'p' })).toThrow(coded('partner_is_organization'));
  });

  it('of a billing account is refused by name', () => {
    expect(() => organizationOf({ ...request, billing_account_id: 'b' })).toThrow(coded('billing_account_unavailable'));
  });

  it('is expired from the moment it ends', () => {
    const { start_at } = request;
    expect(statusOf({ start_at, end_at: null }, now)).toBe('active');
    expect(statusOf({ start_at, end_at: '2026-03-01T00:00:00.000001Z' }, now)).toBe('active');
    expect(statusOf({ start_at, end_at: '2026-03-01T00:00:00Z' }, now)).toBe('expired');
    expect(() => statusOf({ start_at, end_at: start_at }, now)).toThrow(coded('partner_ends_before_start'));
  });

  it('ends once', () => {
    const ended = endPartner(record, '2026-02-01T00:00:00Z', now);
    expect(ended).toEqual({ ...record, end_at: '2026-02-01T00:00:00Z', status: 'expired' });
    expect(() => endPartner(ended, '2026-02-02T00:00:00Z', now)).toThrow(coded('partner_of_record_ended'));
  });
});

describe('a commission rate', () => {
  it.each([
    ['10', '10'],
    ['12.50', '12.5'],
    [0, '0'],
    ['100.00', '100'],
    [7.25, '7.25'],
  ])('of %s is %s percent', (json, pct) => expect(commissionPct(json)).toBe(pct));

  it.each(['100.01', '-0.01', '1.005', 'NaN', '1e1', '', '1000'])('of %j is refused', (json) => {
    expect(() => commissionPct(json)).toThrow(coded('commission_pct_invalid'));
  });
});
