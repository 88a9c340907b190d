import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import type { CodedError } from '../../kernel/errors.ts';
import { createSku } from '../../offer/catalog/service.ts';
import { toCodedError } from '../../platform/problem.ts';
import { constraints } from './errors.ts';
import { listMeters, registerMeter, requireMeter } from './service/meters.ts';
import { createOccupancy, createSite, endOccupancy, listOccupancies, listSites, requireSite } from './service/sites.ts';

const t = await testDatabase();

let number = 0;
let acme = '';
let globex = '';

beforeAll(async () => {
  const org = (org_slug: string) =>
    t.transact((tx) =>
      createOrganization(tx, { legal_name: org_slug, org_slug, billing_email: 'a@example.com', default_timezone: 'UTC' }),
    );
  acme = (await org('acme')).org_id;
  globex = (await org('globex')).org_id;
  await t.transact((tx) => createSku(tx, { sku: 'water', type: 'energy', unit: 'm3' }));
});

/** The code that the caller would be answered. */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (toCodedError(error, constraints) as CodedError).code,
  );

const site = () =>
  t.transact((tx) => createSite(tx, { name: 'Unit 1', address: '1 Tally Street', time_zone: 'Australia/Sydney' }));
const occupy = (site_id: string, org_id: string, from: string, to?: string) =>
  t.transact((tx) => createOccupancy(tx, site_id, { org_id, from, to }));

async function meter(registers?: { register: string; unit?: string }[]) {
  number += 1;
  const { site_id } = await site();
  await occupy(site_id, acme, '2025-01-01T00:00:00Z');
  return t.transact((tx) => registerMeter(tx, { site_id, identifier: `W-${number}`, sku: 'water', registers }));
}

describe('a site', () => {
  it('is found by who occupies it, has occupied it or will, and by nobody else', async () => {
    const { site_id } = await site();
    await occupy(site_id, globex, '2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z');
    const of = async (org_id: string) =>
      (await t.read((db) => listSites(db, { org_id, org_ids: null, limit: 100 }))).data.map((one) => one.site_id);
    expect(await of(globex)).toContain(site_id);
    expect(await of(acme)).not.toContain(site_id);
    const seen = await t.read((db) => listSites(db, { org_ids: [acme], limit: 100 }));
    expect(seen.data.map((one) => one.site_id)).not.toContain(site_id);
  });

  it('says who occupies it now', async () => {
    const { site_id } = await site();
    expect((await t.read((db) => requireSite(db, site_id))).org_id).toBeNull();
    await occupy(site_id, acme, '2025-01-01T00:00:00Z', '2026-03-01T00:00:01Z');
    expect((await t.read((db) => requireSite(db, site_id))).org_id).toBe(acme);
  });

  it('of another tenant is unknown', async () => {
    const { site_id } = await site();
    expect(await codeOf(t.read((db) => requireSite(db, site_id), { tenant_id: t.other_tenant_id }))).toBe('site_not_found');
  });

  it('is never occupied by two at once, not even by two that ask at the same moment', async () => {
    const { site_id } = await site();
    const asked = await Promise.all(
      [acme, globex].map((org_id) => codeOf(occupy(site_id, org_id, '2025-01-01T00:00:00Z', '2025-06-01T00:00:00Z'))),
    );
    expect(asked.sort()).toEqual(['done', 'occupancy_overlaps']);
    expect(await codeOf(occupy(site_id, acme, '2025-05-31T23:59:59Z'))).toBe('occupancy_overlaps');
    expect(await codeOf(occupy(site_id, acme, '2025-06-01T00:00:00Z'))).toBe('done');
    expect(await codeOf(occupy(site_id, globex, '2030-01-01T00:00:00Z'))).toBe('occupancy_overlaps');
  });

  it('is let again from the moment that an occupancy ends', async () => {
    const { site_id } = await site();
    const { occupancy_id } = await occupy(site_id, acme, '2025-01-01T00:00:00Z');
    const end = (to: string) => t.transact((tx) => endOccupancy(tx, site_id, occupancy_id, to));
    expect(await codeOf(end('2025-01-01T00:00:00Z'))).toBe('occupancy_ends_before_start');
    await end('2025-07-01T00:00:00Z');
    await occupy(site_id, globex, '2025-07-01T00:00:00Z');
    expect(await t.read((db) => listOccupancies(db, site_id))).toMatchObject([
      { org_id: acme, from: '2025-01-01T00:00:00Z', to: '2025-07-01T00:00:00Z' },
      { org_id: globex, from: '2025-07-01T00:00:00Z', to: null },
    ]);
  });

  it('is not occupied by an unknown organization, nor backwards', async () => {
    const { site_id } = await site();
    expect(await codeOf(occupy(site_id, crypto.randomUUID(), '2025-01-01T00:00:00Z'))).toBe('org_not_found');
    expect(await codeOf(occupy(site_id, acme, '2025-02-01T00:00:00Z', '2025-01-01T00:00:00Z'))).toBe(
      'occupancy_ends_before_start',
    );
  });
});

describe('a meter', () => {
  it('has one register called 1 unless it is said otherwise, in the unit of its SKU', async () => {
    const made = await meter();
    expect(made.registers).toEqual([
      {
        register: '1',
        sku: 'water',
        unit: 'm3',
        direction: 'import',
        kind: 'cumulative',
        every_minutes: null,
        digits: null,
        multiplier: '1',
      },
    ]);
    const listed = await t.read((db) => listMeters(db, { site_id: made.site_id, org_ids: null, limit: 10 }));
    expect(listed.data).toEqual([made]);
  });

  it('has an identifier of its own in the tenant', async () => {
    const { identifier, site_id } = await meter();
    expect(await codeOf(t.transact((tx) => registerMeter(tx, { site_id, identifier, sku: 'water' })))).toBe(
      'meter_identifier_taken',
    );
  });

  it('is refused for an unknown SKU or site, registers listed twice and units of something else', async () => {
    const { site_id } = await site();
    const ask = (over: object) =>
      codeOf(t.transact((tx) => registerMeter(tx, { site_id, identifier: 'W-refused', sku: 'water', ...over })));
    expect(await ask({ sku: 'unheard' })).toBe('sku_unknown');
    expect(await ask({ site_id: crypto.randomUUID() })).toBe('site_not_found');
    expect(await ask({ registers: [{ register: '1' }, { register: '1' }] })).toBe('register_repeated');
    expect(await ask({ registers: [{ register: '1', unit: 'kWh' }] })).toBe('unit_mismatch');
    expect(await ask({ registers: [{ register: '1', kind: 'interval', digits: 5 }] })).toBe('register_invalid');
    expect(await ask({ registers: [{ register: '1', multiplier: '0' }] })).toBe('register_invalid');
  });

  it('of another tenant is unknown', async () => {
    const { meter_id } = await meter();
    expect(await codeOf(t.read((db) => requireMeter(db, meter_id), { tenant_id: t.other_tenant_id }))).toBe('meter_not_found');
  });
});
