import pg from 'pg';
import { openDatabase } from '../src/app/database.ts';
import { scopeOfTenant } from '../src/billing/invoicing/service/run.ts';
import { executeBacktest } from '../src/billing/rating/service/backtest/run.ts';
import { requestBacktest } from '../src/billing/rating/service/backtests.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres, Scope } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { rollUp } from '../src/usage/metering/service/rollup.ts';
import { settledWatermark } from '../src/usage/metering/service/watermark.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import { makeSubscriptions, median, skus, subscriptions, timed } from './billing.ts';
import type { Figure } from './figure.ts';
import { fill } from './fill.ts';

const months = 3;
/** Of one organization and SKU in a month, each on a day of its own. */
const days = 6;
const rounds = 5;

/**
 * A backtest of 10,000 organizations × 3 months × 5 SKUs, nothing of it billed, so that every month is rated at the live prices and under the
 * draft; as a ratio to the bare GROUP BY of the same rollups by organization, SKU and month.
 */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('error'));
  const client = new pg.Client(database.admin);
  await client.connect();
  try {
    return await measure(database.postgres, client);
  } finally {
    await client.end();
    await database.stop();
    folder.remove();
  }
}

async function measure(postgres: Postgres, client: pg.Client): Promise<Figure[]> {
  const tenant = { name: 'Bench', slug: 'bench', currency: 'AUD' };
  const { tenant_id } = await createTenantWithAdmin({ postgres, clock }, tenant, async (tx) => {
    await createTenantKeys(tx);
  });
  const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
  const plan_id = await makeSubscriptions(postgres, scope);
  await loadMonths(client, postgres, tenant_id);
  await rollUp(postgres, tenant_id, await settledWatermark(postgres), clock.now());
  await client.query('VACUUM (ANALYZE) tally.usage_rollup');
  const bare: number[] = [];
  const tried: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await timed(() => groupBy(client, tenant_id)));
    if (round % 2 === 0) tried.push(await timed(() => tryDraft(postgres, scope, plan_id)));
  }
  const [base, seconds] = [median(bare), median(tried)];
  const rate = Math.round(subscriptions / seconds);
  const detail = `${seconds.toFixed(1)} s (median of ${tried.length}), ${rate} organizations/s, against ${base.toFixed(2)} s (median of ${bare.length}); lower is better`;
  return [
    { name: 'backtest of 10,000 organizations × 3 months vs bare GROUP BY of their rollups', ratio: seconds / base, detail },
  ];
}

async function tryDraft(postgres: Postgres, scope: Scope, plan_id: string): Promise<void> {
  const dearer = {
    model: 'graduated',
    tiers: [
      { up_to: '80', unit_amount: '0.021' },
      { up_to: null, unit_amount: '0.012' },
    ],
  };
  const { backtest_id } = await postgres.transact(scope, (tx) =>
    requestBacktest(tx, { plan_id, skus: { sms: dearer, email: dearer }, from: '2026-01-01', to: '2026-04-01' }),
  );
  const { summary } = await executeBacktest({ postgres, clock }, { tenant_id: scope.tenant_id, backtest_id });
  if (summary?.organizations !== subscriptions || summary.faulty_organizations > 0)
    throw new Error(`the backtest found ${summary?.organizations} organizations`);
}

/** Loaded past the ingest path, a generation a month. What an organization uses grows with the square of its place, so that few use most. */
async function loadMonths(client: pg.Client, postgres: Postgres, tenant_id: string): Promise<void> {
  const per_month = days * skus.length * subscriptions;
  await fill(client, postgres, {
    tenant_id,
    generations: Array.from({ length: months }, () => per_month),
    rows: `
      SELECT concat_ws('/', 'bench', n) AS request_id, o.ids[1 + at.place] AS org_id, (ARRAY[${skus.map((sku) => `'${sku}'`).join(',')}])[at.sku] AS sku,
             1 + ((at.place + 1) * 31 % 97) ^ 2 / 400 AS quantity, NULL::jsonb AS properties,
             make_timestamptz(2026, at.month, 4 * at.day, ((at.place + 1) % 24)::int, 0, 0, 'UTC') AS event_time
        FROM generate_series($1::bigint, $2::bigint) AS n
       CROSS JOIN LATERAL (SELECT (n / ${per_month})::int + 1 AS month, (n / ${skus.length * subscriptions} % ${days})::int + 1 AS day,
                                  (n / ${subscriptions} % ${skus.length})::int + 1 AS sku, (n % ${subscriptions})::int AS place) AS at,
             (SELECT array_agg(org_id ORDER BY org_id) AS ids FROM tally.organization WHERE tenant_id = $3 AND NOT is_own) AS o`,
  });
}

async function groupBy(client: pg.Client, tenant_id: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT count(*) AS groups FROM (
       SELECT org_id, sku, date_trunc('month', day), sum(count), sum(quantity_sum) FROM tally.usage_rollup WHERE tenant_id = $1 GROUP BY 1, 2, 3) AS g`,
    [tenant_id],
  );
  if (rows[0].groups !== String(subscriptions * skus.length * months))
    throw new Error(`the rollups have ${rows[0].groups} groups`);
}
