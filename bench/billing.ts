import pg from 'pg';
import { openDatabase } from '../src/app/database.ts';
import { executeRun, requestRun, scopeOfTenant } from '../src/billing/invoicing/service/run.ts';
import { createEntitlement } from '../src/billing/subscriptions/service.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { createOrganization } from '../src/foundation/tenancy/service.ts';
import { createBusinessModel, createPlan, createSku, setPrice } from '../src/offer/catalog/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres, Scope } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { rollUp } from '../src/usage/metering/service/rollup.ts';
import { settledWatermark } from '../src/usage/metering/service/watermark.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import type { Figure } from './figure.ts';
import { fill } from './fill.ts';

export const subscriptions = 10_000;
export const skus = ['sms', 'email', 'lookup', 'storage', 'minutes'];
const events = 5_000_000;
const generation = 1_000_000;
const rounds = 3;

/**
 * A billing run of 10,000 subscriptions × 5 SKUs over 5 million events on a durable server, as a ratio to the bare GROUP BY of the
 * same events. Rollups are kept while usage arrives, so the run is measured with them current, and once from nothing.
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
  await makeSubscriptions(postgres, scope);
  const client = new pg.Client(admin);
  await client.connect();
  try {
    await loadEvents(client, postgres, tenant_id);
    const bare = [];
    for (let round = 0; round < rounds; round += 1) bare.push(await timed(() => groupBy(client, tenant_id)));
    const rollup_s = await timed(async () => {
      await rollUp(postgres, tenant_id, await settledWatermark(postgres), clock.now());
    });
    const run_s = await timed(async () => {
      const { run_id } = await postgres.transact(scope, (tx) =>
        requestRun(tx, { from: '2026-03-01', to: '2026-04-01' }, { run_at: clock.now().add({ hours: 1 }) }),
      );
      const run = await executeRun({ postgres, clock }, { tenant_id, run_id });
      if (run.invoices !== subscriptions || run.errors.length > 0) throw new Error(`the run made ${run.invoices} invoices`);
    });
    for (let round = 0; round < rounds; round += 1) bare.push(await timed(() => groupBy(client, tenant_id)));
    const base = median(bare);
    const detail = (seconds: number) =>
      `${seconds.toFixed(1)} s against ${base.toFixed(2)} s (median of ${bare.length}); lower is better`;
    return [
      { name: 'billing run, rollups current, vs bare GROUP BY of its events', ratio: run_s / base, detail: detail(run_s) },
      { name: 'rollup of all events from nothing vs bare GROUP BY', ratio: rollup_s / base, detail: detail(rollup_s) },
      {
        name: 'rollup from nothing and billing run vs bare GROUP BY',
        ratio: (rollup_s + run_s) / base,
        detail: detail(rollup_s + run_s),
      },
    ];
  } finally {
    await client.end();
  }
}

/** Answers the plan that all of them are on, from January 2026. */
export async function makeSubscriptions(postgres: Postgres, scope: Scope): Promise<string> {
  const plan_id = await postgres.transact(scope, async (tx) => {
    for (const sku of skus) await createSku(tx, { sku, type: 'action', unit: 'use', aggregation: 'sum' });
    const { model_id } = await createBusinessModel(tx, { code: 'bench', name: 'Bench', currency: 'AUD' });
    const plan = await createPlan(tx, { model_id, name: 'Bench', base_amount: '10.00' });
    const tiers = [
      { up_to: '50', unit_amount: '0.02' },
      { up_to: '100', unit_amount: '0.015' },
      { up_to: null, unit_amount: '0.01' },
    ];
    for (const sku of skus)
      await setPrice(tx, { plan_id: plan.plan_id, sku }, { price: { model: 'graduated', included_quantity: '10', tiers } });
    return plan.plan_id;
  });
  for (let start = 0; start < subscriptions; start += 500) {
    await postgres.transact(scope, async (tx) => {
      for (let index = start; index < start + 500; index += 1) {
        const slug = `org-${index}`;
        const { org_id } = await createOrganization(tx, {
          legal_name: slug,
          org_slug: slug,
          billing_email: `${slug}@bench.invalid`,
          default_timezone: 'UTC',
        });
        await createEntitlement(tx, org_id, { plan_id, effective_at: '2026-01-01T00:00:00Z' });
      }
    });
  }
  return plan_id;
}

/** Loaded past the ingest path, in the order that usage arrives in: by time, the organizations mixed. */
async function loadEvents(client: pg.Client, postgres: Postgres, tenant_id: string): Promise<void> {
  const names = skus.map((sku) => `'${sku}'`).join(',');
  await fill(client, postgres, {
    tenant_id,
    generations: Array.from({ length: events / generation }, () => generation),
    rows: `SELECT 'bench/' || n AS request_id, o.ids[1 + (n * 7919) % ${subscriptions}] AS org_id,
                  (ARRAY[${names}])[1 + (n / ${subscriptions}) % ${skus.length}] AS sku, 1 + n % 3 AS quantity, NULL::jsonb AS properties,
                  timestamptz '2026-03-01T00:00:00Z' + (n * interval '31 days') / ${events} AS event_time
             FROM generate_series($1::bigint, $2::bigint) AS n,
                  (SELECT array_agg(org_id) AS ids FROM tally.organization WHERE tenant_id = $3 AND NOT is_own) AS o`,
  });
}

async function groupBy(client: pg.Client, tenant_id: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT count(*) AS groups, sum(quantity) AS quantity FROM (
       SELECT org_id, sku, count(*), sum(quantity) AS quantity FROM tally.metering_event
        WHERE tenant_id = $1 AND event_time >= '2026-03-01T00:00:00Z' AND event_time < '2026-04-01T00:00:00Z' GROUP BY org_id, sku) AS g`,
    [tenant_id],
  );
  if (rows[0].groups !== String(subscriptions * skus.length)) throw new Error(`the events have ${rows[0].groups} groups`);
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const start = clock.monotonic_ms();
  await work();
  return (clock.monotonic_ms() - start) / 1000;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
