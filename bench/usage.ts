import pg from 'pg';
import { openDatabase } from '../src/app/database.ts';
import { scopeOfTenant } from '../src/billing/invoicing/service/run.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { createOrganization } from '../src/foundation/tenancy/service.ts';
import { createSku } from '../src/offer/catalog/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres, Scope } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { rollUp } from '../src/usage/metering/service/rollup.ts';
import { type UsageQuery, usageOf } from '../src/usage/metering/service/usage.ts';
import { settledWatermark } from '../src/usage/metering/service/watermark.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import type { Figure } from './figure.ts';
import { fill } from './fill.ts';

const organizations = 500;
const skus = ['sms', 'email', 'lookup', 'storage', 'minutes'];
const events = 5_000_000;
const generation = 1_000_000;
/** Arrived since the last rollup. */
const fresh_events = 10_000;
const rounds = 1000;

/**
 * One organization's month of usage at 5 million stored events (10,000 of them its own, some of them above the rollups' watermark), asked
 * as the API asks it, in a transaction each; as p50 and p99, and as a ratio to a bare lookup of one event by its primary key. Interleaved.
 */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('error'));
  try {
    return await measure(database.postgres, database.admin);
  } finally {
    await database.stop();
    folder.remove();
  }
}

async function measure(postgres: Postgres, admin: pg.PoolConfig): Promise<Figure[]> {
  const { tenant_id } = await createTenantWithAdmin(
    { postgres, clock },
    { name: 'Bench', slug: 'bench', currency: 'AUD' },
    async (tx) => {
      await createTenantKeys(tx);
    },
  );
  const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
  const org_ids = await makeOrganizations(postgres, scope);
  const client = new pg.Client({ ...admin, options: '-c search_path=tally,public' });
  await client.connect();
  try {
    // Five closed generations, and a hot one that is still empty.
    const generations = [...Array.from({ length: events / generation }, () => generation), 0];
    await fill(client, postgres, { tenant_id, generations, rows });
    await rollUp(postgres, tenant_id, await settledWatermark(postgres), clock.now());
    await client.query('VACUUM (ANALYZE) usage_rollup');
    await fill(client, postgres, { tenant_id, generations: [fresh_events], start: events, rows });
    const month = { from: '2026-03-01', to: '2026-04-01', org_ids: null } as const;
    const asked: Record<string, Omit<UsageQuery, 'org_id'>> = {
      'by day and SKU': { ...month, window: 'day', group_by: ['sku'] },
      'one SKU by month': { ...month, window: 'month', group_by: [], sku: 'sms' },
      'one SKU by day and dimension': { ...month, window: 'day', group_by: ['region'], sku: 'sms' },
    };
    const ask = (query: Omit<UsageQuery, 'org_id'>) => async (round: number) => {
      const org_id = org_ids[(round * 7919) % organizations]!;
      const { data } = await postgres.read(scope, (db) => usageOf(db, { ...query, org_id }));
      if (data.length === 0) throw new Error('an organization has no usage');
    };
    const lookup = async (round: number) => {
      const found = await client.query({
        name: 'bare',
        text: 'SELECT * FROM metering_event WHERE gen = $1 AND tenant_id = $2 AND request_id = $3',
        values: [1 + Math.floor(((round * 104_729) % events) / generation), tenant_id, `bench/${(round * 104_729) % events}`],
      });
      if (found.rowCount !== 1) throw new Error('an event was not found');
    };
    return await compare(lookup, Object.fromEntries(Object.entries(asked).map(([name, query]) => [name, ask(query)])));
  } finally {
    await client.end();
  }
}

type Side = (round: number) => Promise<void>;

async function compare(base: Side, sides: Record<string, Side>): Promise<Figure[]> {
  const all = Object.entries({ base, ...sides }).map(([name, side]) => ({ name, side, times: [] as number[] }));
  for (let round = -50; round < rounds; round += 1) {
    for (const { side, times } of all) {
      const start = clock.monotonic_ms();
      await side(Math.abs(round));
      // The first rounds warm up.
      if (round >= 0) times.push(clock.monotonic_ms() - start);
    }
  }
  const [bare, ...measured] = all.map(({ name, times }) => ({ name, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }));
  return measured.map(({ name, p50, p99 }) => ({
    name: `usage of one organization and month, ${name}, vs lookup by primary key`,
    ratio: p50 / bare!.p50,
    detail: `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms against p50 ${bare!.p50.toFixed(2)} ms, p99 ${bare!.p99.toFixed(2)} ms; lower is better`,
  }));
}

async function makeOrganizations(postgres: Postgres, scope: Scope): Promise<string[]> {
  return postgres.transact(scope, async (tx) => {
    for (const sku of skus) await createSku(tx, { sku, type: 'action', unit: 'use', aggregation: 'sum', dimensions: ['region'] });
    const org_ids: string[] = [];
    for (let index = 0; index < organizations; index += 1) {
      const org_slug = `org-${index}`;
      const made = {
        legal_name: org_slug,
        org_slug,
        billing_email: `${org_slug}@bench.invalid`,
        default_timezone: 'Australia/Sydney',
      };
      org_ids.push((await createOrganization(tx, made)).org_id);
    }
    return org_ids;
  });
}

/** In the order that usage arrives in: by time, the organizations mixed. */
const rows = `
  SELECT 'bench/' || n AS request_id, o.ids[1 + (n * 7919) % ${organizations}] AS org_id,
         (ARRAY[${skus.map((sku) => `'${sku}'`).join(',')}])[1 + (n / ${organizations}) % ${skus.length}] AS sku, 1 + n % 3 AS quantity,
         jsonb_build_object('region', 'r' || n % 7) AS properties,
         timestamptz '2026-03-01T00:00:00Z' + (n % ${events}) * interval '30 days' / ${events} AS event_time
    FROM generate_series($1::bigint, $2::bigint) AS n,
         (SELECT array_agg(org_id) AS ids FROM tally.organization WHERE tenant_id = $3 AND NOT is_own) AS o`;

function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)]!;
}
