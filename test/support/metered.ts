import { afterAll, beforeAll } from 'vitest';
import { createOrganization } from '../../src/foundation/tenancy/service.ts';
import type { CodedError } from '../../src/kernel/errors.ts';
import { createSku } from '../../src/offer/catalog/service.ts';
import { toCodedError } from '../../src/platform/problem.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { constraints } from '../../src/usage/meters/errors.ts';
import type { RecordedReading } from '../../src/usage/meters/model/readings.ts';
import type { Meter } from '../../src/usage/meters/model.ts';
import { meteringCorrections } from '../../src/usage/meters/service/corrections.ts';
import { type NewRegister, registerMeter } from '../../src/usage/meters/service/meters.ts';
import { type NewReading, recordReadings } from '../../src/usage/meters/service/readings.ts';
import { createOccupancy, createSite } from '../../src/usage/meters/service/sites.ts';
import type { UsageDeps } from '../../src/usage/meters/service/tell-usage.ts';
import type { TestDatabase } from './database.ts';

export interface Metered {
  deps: UsageDeps;
  acme: string;
  /** A meter of water at a site that acme occupies since 2025, with one register unless given. */
  meter(registers?: readonly Partial<NewRegister>[]): Promise<Meter>;
  /** One reading, actual unless said otherwise. */
  read(meter_id: string, time: string, value: string, over?: Partial<NewReading>): Promise<RecordedReading>;
  /** `quantity from start` of all usage that readings of the meter became and that stands, by start. */
  usage(meter_id: string): Promise<string[]>;
  /** The same as metering has it. */
  metered(meter_id: string): Promise<string[]>;
  codeOf(work: Promise<unknown>): Promise<string>;
}

/** The whole way from readings into metering, and back. */
export function usageDeps({ postgres, ingest }: Pick<UsageDeps, 'postgres' | 'ingest'>): UsageDeps {
  return { postgres, ingest, corrections: meteringCorrections({ postgres }) };
}

/** What metering holds of an organization and was not taken back. */
export async function standing(t: TestDatabase, org_id: string): Promise<{ count: number; sum: string }> {
  const [row] = await t.superuser<{ count: number; sum: string }>(
    `SELECT count(*)::int AS count, trim_scale(coalesce(sum(quantity), 0))::text AS sum FROM (${events_standing}) e WHERE org_id = $1`,
    [org_id],
  );
  return row!;
}

const events_standing = `
  SELECT e.* FROM metering_event e
   WHERE e.voids IS NULL AND NOT EXISTS (SELECT FROM metering_event c WHERE c.tenant_id = e.tenant_id AND c.voids = e.request_id)`;

/** What tests of readings need: an occupied site, meters, and the whole way into metering. */
export function metered(t: TestDatabase): Metered {
  const ingest = createIngest(t.postgres, { queue_events: 10_000 });
  afterAll(() => ingest.close());
  const deps = usageDeps({ postgres: t.postgres, ingest });
  let number = 0;
  const made: Metered = {
    deps,
    acme: '',
    async meter(registers = [{}]) {
      number += 1;
      const { site_id } = await t.transact((tx) => createSite(tx, { name: `Unit ${number}`, time_zone: 'Australia/Sydney' }));
      await t.transact((tx) => createOccupancy(tx, site_id, { org_id: made.acme, from: '2025-01-01T00:00:00Z' }));
      const named = registers.map((one) => ({ register: '1', ...one }));
      return t.transact((tx) => registerMeter(tx, { site_id, identifier: `W-${number}`, sku: 'water', registers: named }));
    },
    async read(meter_id, time, value, over = {}) {
      const reading = { meter_id, time, value, quality: 'actual' as const, ...over };
      const [recorded] = await t.transact((tx) => recordReadings(tx, deps, [reading], 'manual'));
      return recorded!;
    },
    async usage(meter_id) {
      const rows = await t.superuser<{ quantity: string; starts_at: string }>(
        `SELECT trim_scale(quantity)::text AS quantity, starts_at FROM reading_usage WHERE meter_id = $1 AND state = 'live' ORDER BY starts_at`,
        [meter_id],
      );
      return rows.map((row) => `${row.quantity} from ${row.starts_at.slice(0, 10)}`);
    },
    async metered(meter_id) {
      const rows = await t.superuser<{ quantity: string; event_time: string }>(
        `SELECT trim_scale(quantity)::text AS quantity, event_time FROM (${events_standing}) e WHERE request_id LIKE '%' || $1 || '/%' ORDER BY event_time`,
        [meter_id],
      );
      return rows.map((row) => `${row.quantity} from ${row.event_time.slice(0, 10)}`);
    },
    codeOf: (work) =>
      work.then(
        () => 'done',
        (error: unknown) => (toCodedError(error, constraints) as CodedError).code,
      ),
  };
  beforeAll(async () => {
    const org = { legal_name: 'Acme', org_slug: 'acme', billing_email: 'a@example.com', default_timezone: 'UTC' };
    made.acme = (await t.transact((tx) => createOrganization(tx, org))).org_id;
    await t.transact((tx) => createSku(tx, { sku: 'water', type: 'energy', unit: 'm3' }));
  });
  return made;
}
