import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { listAuditEntries } from '../../foundation/audit/service.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import { createSku } from '../../offer/catalog/service.ts';
import { loadMasterKey } from '../../platform/keys.ts';
import {
  commissionRates,
  createPartnerOfRecord,
  endPartnerOfRecord,
  listCommissionRates,
  listPartnersOfRecord,
  partnersOfRecord,
  putCommissionRate,
} from './service.ts';

const t = await testDatabase();
const id: Record<string, string> = {};
const org = (org_slug: string, partner_tier?: string) => ({
  legal_name: org_slug,
  org_slug,
  billing_email: `${org_slug}@example.com`,
  default_timezone: 'UTC',
  ...(partner_tier === undefined ? {} : { partner_tier }),
});
const coded = (code: string) => expect.objectContaining({ code });
const constraint = (name: string) => expect.objectContaining({ constraint: name });
const all = { org_ids: null, limit: 100 };

beforeAll(async () => {
  loadMasterKey('', Buffer.alloc(32, 1).toString('base64'));
  await t.transact(async (tx) => {
    for (const slug of ['a', 'b', 'c']) id[slug] = (await createOrganization(tx, org(slug))).org_id;
    for (const slug of ['gold', 'silver']) id[slug] = (await createOrganization(tx, org(slug, slug))).org_id;
    await createSku(tx, { sku: 'sms', type: 'action', unit: 'message' });
    await createSku(tx, { sku: 'mail', type: 'action', unit: 'message' });
  });
});

const create = (slug: string, partner: string, start_at: string, end_at?: string) =>
  t.transact((tx) => createPartnerOfRecord(tx, { org_id: id[slug]!, partner_id: id[partner]!, start_at, end_at }));

describe('an organization', () => {
  it('has one partner of record at a time, and the one of the time asked for', async () => {
    await create('a', 'gold', '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
    await create('a', 'silver', '2026-01-01T00:00:00Z');
    const at = (time: string) =>
      t.read(async (db) => (await partnersOfRecord(db, [id.a!, id.c!], time)).get(id.a!)?.partner_tier);
    expect(await at('2024-12-31T23:59:59Z')).toBeUndefined();
    expect(await at('2025-01-01T00:00:00Z')).toBe('gold');
    expect(await at('2025-12-31T23:59:59Z')).toBe('gold');
    expect(await at('2026-01-01T00:00:00Z')).toBe('silver');
    await expect(create('a', 'gold', '2027-01-01T00:00:00Z')).rejects.toEqual(constraint('partner_of_record_one_at_a_time'));
    await expect(create('a', 'gold', '2025-06-01T00:00:00Z', '2025-07-01T00:00:00Z')).rejects.toEqual(
      constraint('partner_of_record_one_at_a_time'),
    );
  });

  it('is free for another partner once the first ended, which it does once', async () => {
    const first = await create('b', 'gold', '2026-01-01T00:00:00Z');
    const end = () => t.transact((tx) => endPartnerOfRecord(tx, first.partner_of_record_id, '2026-02-01T00:00:00Z'));
    expect(await end()).toMatchObject({ status: 'expired', end_at: '2026-02-01T00:00:00Z' });
    await expect(end()).rejects.toEqual(coded('partner_of_record_ended'));
    await create('b', 'silver', '2026-02-01T00:00:00Z');
    const found = await t.read((db) => listPartnersOfRecord(db, { ...all, org_id: id.b! }));
    expect(new Set(found.data.map((one) => one.partner_id))).toEqual(new Set([id.silver, id.gold]));
    const audit = await t.read((db) => listAuditEntries(db, { ...all, target_id: first.partner_of_record_id }));
    expect(audit.data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'partner_of_record.created', before: null, after: first }),
        expect.objectContaining({ action: 'partner_of_record.ended', before: first }),
      ]),
    );
  });

  it('has a partner with a tier, of its own tenant', async () => {
    await expect(create('c', 'a', '2026-01-01T00:00:00Z')).rejects.toEqual(coded('not_a_partner'));
    const foreign = t.transact(
      (tx) => createPartnerOfRecord(tx, { org_id: id.c!, partner_id: id.gold!, start_at: '2026-01-01T00:00:00Z' }),
      { tenant_id: t.other_tenant_id },
    );
    await expect(foreign).rejects.toEqual(coded('org_not_found'));
  });

  it('of others is not seen or changed by who may see some only', async () => {
    const record = await create('c', 'gold', '2026-01-01T00:00:00Z');
    const seen = await t.read((db) => listPartnersOfRecord(db, { ...all, org_ids: [id.a!] }));
    expect(seen.data.every((one) => one.org_id === id.a)).toBe(true);
    const blind = t.transact((tx) => endPartnerOfRecord(tx, record.partner_of_record_id, '2026-02-01T00:00:00Z', [id.a!]));
    await expect(blind).rejects.toEqual(coded('partner_of_record_unknown'));
  });
});

describe('a commission rate', () => {
  it('is looked up by tier and SKU, and zero where there is none', async () => {
    await t.transact((tx) => putCommissionRate(tx, { partner_tier: 'gold', sku: 'sms', pct: '12.50' }));
    const rateOf = await t.read((db) => commissionRates(db));
    expect([rateOf('gold', 'sms'), rateOf('gold', 'mail'), rateOf('silver', 'sms'), rateOf('gold', null)]).toEqual([
      '12.5',
      '0',
      '0',
      '0',
    ]);
  });

  it('replaces the one before, with both on record', async () => {
    for (const [hours, pct] of ['5', '6', '6.00'].entries()) {
      const now = t.scope().now.add({ hours });
      await t.transact((tx) => putCommissionRate(tx, { partner_tier: 'silver', sku: 'mail', pct }), { now });
    }
    const audit = await t.read((db) => listAuditEntries(db, { ...all, target_id: 'silver/mail' }));
    expect(
      audit.data.map((entry) => [(entry.before as { pct: string } | null)?.pct, (entry.after as { pct: string }).pct]),
    ).toEqual([
      ['5', '6'],
      [undefined, '5'],
    ]);
    const listed = await t.read((db) => listCommissionRates(db, { limit: 1 }));
    expect(listed.data).toMatchObject([{ partner_tier: 'gold', sku: 'sms', pct: '12.5' }]);
    const next = await t.read((db) => listCommissionRates(db, { limit: 1, cursor: listed.next_cursor! }));
    expect(next).toMatchObject({ data: [{ partner_tier: 'silver', sku: 'mail', pct: '6' }], next_cursor: null });
  });

  it('of an unknown SKU is refused', async () => {
    const unknown = t.transact((tx) => putCommissionRate(tx, { partner_tier: 'gold', sku: 'fax', pct: '1' }));
    await expect(unknown).rejects.toEqual(coded('sku_unknown'));
  });
});
