import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';

const s = await testServer();
const other = { authorization: `Bearer ${s.other_key}` };
const start_at = '2026-01-01T00:00:00Z';
const unknown = '019ca6b1-dc00-7c10-9cde-d00607d992f3';
let [org_id, partner_id] = ['', ''];

beforeAll(async () => {
  const org = { legal_name: 'Org', org_slug: 'org', billing_email: 'a@example.com', default_timezone: 'UTC' };
  org_id = (await s.call('POST', '/v1/orgs', org)).body.org_id;
  partner_id = (await s.call('POST', '/v1/orgs', { ...org, org_slug: 'partner', partner_tier: 'gold' })).body.org_id;
  await s.call('POST', '/v1/skus', { sku: 'sms', type: 'action', unit: 'message' });
});

describe('a partner of record', () => {
  it('is made, listed and ended once', async () => {
    const made = await s.call('POST', '/v1/partners-of-record', { org_id, partner_id, start_at });
    expect(made).toMatchObject({ status: 201, body: { org_id, partner_id, start_at, end_at: null, status: 'active' } });
    expect((await s.call('GET', `/v1/partners-of-record?org_id=${org_id}`)).body.data).toEqual([made.body]);
    const twice = await s.call('POST', '/v1/partners-of-record', { org_id, partner_id, start_at: '2026-02-01T00:00:00Z' });
    expect(twice).toMatchObject({ status: 409, body: { code: 'partner_of_record_overlaps' } });
    const url = `/v1/partners-of-record/${made.body.partner_of_record_id}`;
    expect(await s.call('PATCH', url, { end_at: start_at })).toMatchObject({
      status: 422,
      body: { code: 'partner_ends_before_start' },
    });
    const foreign = await s.call('PATCH', url, { end_at: '2026-03-01T00:00:00Z' }, other);
    const missing = await s.call('PATCH', `/v1/partners-of-record/${unknown}`, { end_at: '2026-03-01T00:00:00Z' }, other);
    expect([foreign.status, foreign.body.code]).toEqual([404, missing.body.code]);
    expect(await s.call('PATCH', url, { end_at: '2026-03-01T00:00:00Z' })).toMatchObject({
      status: 200,
      body: { end_at: '2026-03-01T00:00:00Z' },
    });
    expect(await s.call('PATCH', url, { end_at: '2026-04-01T00:00:00Z' })).toMatchObject({
      status: 409,
      body: { code: 'partner_of_record_ended' },
    });
  });

  it.each([
    ['of a billing account', () => ({ billing_account_id: unknown, partner_id, start_at }), 422, 'billing_account_unavailable'],
    ['of nobody', () => ({ partner_id, start_at }), 422, 'org_id_required'],
    ['of itself', () => ({ org_id: partner_id, partner_id, start_at }), 422, 'partner_is_organization'],
    ['without a tier', () => ({ org_id: partner_id, partner_id: org_id, start_at }), 422, 'not_a_partner'],
    ['that does not exist', () => ({ org_id, partner_id: unknown, start_at }), 404, 'org_not_found'],
    [
      'that ends before it starts',
      () => ({ org_id, partner_id, start_at, end_at: '2025-01-01T00:00:00Z' }),
      422,
      'partner_ends_before_start',
    ],
  ])('%s is refused', async (_what, body, status, code) => {
    expect(await s.call('POST', '/v1/partners-of-record', body())).toMatchObject({ status, body: { code } });
  });
});

describe('a commission rate', () => {
  it('is set and listed', async () => {
    const put = await s.call('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'sms', pct: '12.50' });
    expect(put).toMatchObject({ status: 200, body: { partner_tier: 'gold', sku: 'sms', pct: '12.5' } });
    expect((await s.call('GET', '/v1/commission-rates')).body).toEqual({ data: [put.body], next_cursor: null });
    expect((await s.call('GET', '/v1/commission-rates', undefined, other)).body.data).toEqual([]);
  });

  it.each(['100.01', '-1', '1.234', 'NaN', '1e2'])('of %s percent is refused', async (pct) => {
    const answer = await s.call('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'sms', pct });
    expect(answer).toMatchObject({ status: 422, body: { code: 'commission_pct_invalid', errors: [{ pointer: '/pct' }] } });
  });
});
