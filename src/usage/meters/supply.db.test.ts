import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import { type SuppliedSite, supplyDays } from './decide/supply.ts';
import { createOccupancy, createSite } from './service/sites.ts';
import { reportSupply } from './service/supply.ts';

const t = await testDatabase();
const usage = testUsage(t);
const sydney: SuppliedSite = { site_id: 's', time_zone: 'Australia/Sydney', supply_sku: 'supply.days', supplied_until: null };
const occupied = (org_id: string, from: string, to: string | null) => ({ occupancy_id: org_id, site_id: 's', org_id, from, to });

it('is one a local day, from its first moment, for who is there then or comes in its course', () => {
  // Sydney is UTC+11 until 6 April 2025, a day of 25 hours, and UTC+10 after it.
  const days = supplyDays(
    sydney,
    [occupied('ada', '2025-04-03T20:00:00Z', '2025-04-05T13:00:00Z'), occupied('bea', '2025-04-06T20:00:00Z', null)],
    Temporal.Instant.from('2025-04-08T02:00:00Z'),
  );
  expect(days.events.map(({ request_id, org_id, time }) => [request_id, org_id, time])).toEqual([
    // Ada moves in at 07:00 of the 4th, and out at midnight of the 6th; Bea comes at 06:00 of the 7th.
    ['supply/s/2025-04-04', 'ada', '2025-04-03T20:00:00Z'],
    ['supply/s/2025-04-05', 'ada', '2025-04-04T13:00:00Z'],
    ['supply/s/2025-04-07', 'bea', '2025-04-06T20:00:00Z'],
    ['supply/s/2025-04-08', 'bea', '2025-04-07T14:00:00Z'],
  ]);
  expect(days.until).toBe('2025-04-09');
});

it('is reported once for each day, also where an occupancy is told afterwards', async () => {
  await usage.sku('supply.days');
  const org_id = await usage.organization({ time_zone: 'UTC' });
  const { site_id } = await t.transact((tx) => createSite(tx, { name: 'A home', time_zone: 'UTC', supply_sku: 'supply.days' }));
  const at = (now: string) => ({
    postgres: t.postgres,
    clock: { now: () => Temporal.Instant.from(now), monotonic_ms: () => 0 },
    ingest: usage.ingest,
  });
  const days = async () => {
    const rows = await t.superuser<{ request_id: string }>('SELECT request_id FROM metering_event ORDER BY request_id');
    return rows.map((row) => row.request_id.slice(-10));
  };
  const signal = new AbortController().signal;
  await reportSupply(at('2025-03-03T05:00:00Z'), signal);
  expect(await days()).toEqual([]);
  await t.transact((tx) => createOccupancy(tx, site_id, { org_id, from: '2025-03-02T00:00:00Z', to: '2025-03-04T00:00:00Z' }));
  for (const now of ['2025-03-03T05:00:00Z', '2025-03-03T06:00:00Z', '2025-03-06T05:00:00Z']) await reportSupply(at(now), signal);
  expect(await days()).toEqual(['2025-03-02', '2025-03-03']);
  await t.transact((tx) => createOccupancy(tx, site_id, { org_id, from: '2025-03-05T00:00:00Z' }));
  await reportSupply(at('2025-03-06T05:00:00Z'), signal);
  expect(await days()).toEqual(['2025-03-02', '2025-03-03', '2025-03-05', '2025-03-06']);
  expect(await t.superuser('SELECT defect, what FROM audit')).toEqual([]);
});
