import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { formatDecimal } from '../../kernel/decimal.ts';
import { clock } from '../../platform/clock.ts';
import { executeBacktest } from './service/backtest/run.ts';

const s = await testServer();
const shop = openShop(s);

const decimal = (max: bigint, scale: number, min = 0n) =>
  fc.tuple(fc.bigInt({ min, max }), fc.nat({ max: scale })).map(([units, decimals]) => formatDecimal({ units, scale: decimals }));
const rate = decimal(10n ** 5n, 5);
const money = decimal(10n ** 4n, 2);
const size = decimal(10n ** 3n, 1, 1n);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const tiers = fc
  .tuple(fc.uniqueArray(fc.bigInt({ min: 1n, max: 300n }), { maxLength: 3 }), fc.array(rate, { minLength: 4, maxLength: 4 }))
  .map(([bounds, rates]) =>
    [...bounds.sort((a, b) => (a < b ? -1 : 1)).map(String), null].map((up_to, index) => ({ up_to, unit_amount: rates[index]! })),
  );
const bare = fc.oneof(
  rate.map((unit_amount) => ({ model: 'unit', unit_amount })),
  money.map((amount) => ({ model: 'flat', amount })),
  tiers.map((each) => ({ model: 'graduated', tiers: each })),
  tiers.map((each) => ({ model: 'volume', tiers: each })),
  fc.tuple(size, money).map(([package_size, package_amount]) => ({ model: 'package', package_size, package_amount })),
);
const cents = (min: bigint, max: bigint) => fc.bigInt({ min, max }).map((units) => formatDecimal({ units, scale: 2 }));
const limits = fc.tuple(maybe(cents(0n, 1000n)), maybe(cents(1000n, 10n ** 6n)));
const overQuantity = fc
  .record({ price: bare, included: maybe(decimal(200n, 1)), limits, percent: maybe(decimal(100n, 0)) })
  .map(({ price, included, limits: [minimum_amount, maximum_amount], percent }) => ({
    ...price,
    ...(included === undefined || price.model === 'flat' ? {} : { included_quantity: included }),
    ...(minimum_amount === undefined ? {} : { minimum_amount }),
    ...(maximum_amount === undefined ? {} : { maximum_amount }),
    ...(percent === undefined ? {} : { discounts: [{ percent }] }),
  }));
/** Over single events, which are not summed before the price sees them. */
const overEvents = fc.oneof(
  fc.record({
    model: fc.constant('percentage'),
    rate: decimal(1000n, 2),
    fixed_amount: maybe(decimal(100n, 2)),
    free_events: maybe(fc.nat({ max: 2 })),
  }),
  rate.map((unit_amount) => ({ model: 'unit', unit_amount, bucket: 'P1D' })),
  rate.map((unit_amount) => ({
    model: 'time_of_use',
    time_zone: 'Australia/Sydney',
    bands: [{ name: 'day', from: '07:00', to: '19:00', price: { model: 'unit', unit_amount: '0.5' } }],
    default: { model: 'unit', unit_amount },
  })),
);
const items = [
  { sku: 'summed', aggregation: 'sum' },
  { sku: 'peak', aggregation: 'max' },
  { sku: 'last', aggregation: 'latest' },
  { sku: 'single', aggregation: 'sum' },
] as const;
const event = fc.record({
  sku: fc.constantFrom(...items.map(({ sku }) => sku)),
  month: fc.integer({ min: 1, max: 3 }),
  day: fc.integer({ min: 1, max: 28 }),
  hour: fc.nat({ max: 23 }),
  quantity: decimal(2000n, 1),
});
const shape = fc.record({
  prices: fc.tuple(overQuantity, overQuantity, overQuantity, overEvents),
  base_amount: maybe(money),
  billing_interval: fc.constantFrom('P1M', 'P1M', 'P3M', 'P1W'),
  customers: fc.array(
    fc.record({
      time_zone: fc.constantFrom('UTC', 'Australia/Sydney', 'America/New_York'),
      effective_at: fc.constantFrom('2024-06-01T00:00:00Z', '2025-01-11T15:30:00Z', '2025-02-20T00:00:00Z'),
      ends: fc.boolean(),
      events: fc.array(event, { maxLength: 25 }),
      late: fc.array(event, { maxLength: 4 }),
    }),
    { minLength: 2, maxLength: 2 },
  ),
});

type Event = typeof event extends fc.Arbitrary<infer One> ? One : never;

interface Total {
  org_slug: string;
  before: { amount: { amount: string } };
  draft: { amount: { amount: string }; difference: { amount: string } };
}

it('of the live prices over billed months comes to what was billed, to the cent, for any plan', async () => {
  const shapes = fc.sample(shape, { seed: 20_250_101, numRuns: 14 });
  for (const { sku, aggregation } of items)
    await shop.made('POST', '/v1/skus', { sku, type: 'action', unit: 'piece', aggregation });
  let made = 0;
  const use = async (org_id: string, events: Event[]) => {
    const sent = events.map(({ sku, month, day, hour, quantity }) => {
      made += 1;
      const pad = (value: number) => `${value}`.padStart(2, '0');
      const amount = sku === 'single' ? { amount: quantity } : {};
      return {
        request_id: `any-${made}`,
        org_id,
        sku,
        quantity,
        ...amount,
        time: `2025-${pad(month)}-${pad(day)}T${pad(hour)}:30:00Z`,
      };
    });
    if (sent.length > 0) await shop.made('POST', '/v1/metering/events', sent);
  };
  const plans: { plan_id: string; customers: { org_id: string; late: Event[] }[] }[] = [];
  for (const [at, { prices, base_amount, billing_interval, customers }] of shapes.entries()) {
    const own = Object.fromEntries(items.map(({ sku }, index) => [sku, prices[index]!]));
    const plan_id = await shop.plan(`plan-${at}`, 'AUD', own, {
      billing_interval,
      ...(base_amount === undefined ? {} : { base_amount }),
    });
    const subscribed = [];
    for (const [place, { time_zone, effective_at, ends, events, late }] of customers.entries()) {
      const org_id = await shop.customer(`customer-${at}-${place}`, []);
      await shop.made('PATCH', `/v1/orgs/${org_id}`, { default_timezone: time_zone });
      const entitled = await shop.made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at });
      if (ends)
        await shop.made('POST', `/v1/subscriptions/${entitled.subscription_id}:end`, { ended_at: '2025-03-15T12:00:00Z' });
      await use(org_id, events);
      subscribed.push({ org_id, late });
    }
    plans.push({ plan_id, customers: subscribed });
  }
  // January in two parts, then February; what comes late is corrected by the run that bills March.
  await shop.bill('2025-01-01', '2025-01-16');
  await shop.bill('2025-01-16', '2025-02-01');
  await shop.bill('2025-02-01', '2025-03-01');
  for (const { customers } of plans) for (const { org_id, late } of customers) await use(org_id, late);
  expect(await shop.bill('2025-03-01', '2025-04-01')).toMatchObject({ status: 'completed' });

  let worth = 0;
  for (const { plan_id, customers } of plans) {
    const { backtest_id } = await shop.made('POST', '/v1/pricing/backtests', { plan_id, from: '2025-01', to: '2025-04' });
    await executeBacktest({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, backtest_id });
    const { summary } = await shop.made('GET', `/v1/pricing/backtests/${backtest_id}`);
    const { data } = await shop.made('GET', `/v1/pricing/backtests/${backtest_id}/organizations`);
    const told = JSON.stringify({ plan: await shop.made('GET', `/v1/plans/${plan_id}`), by_sku: summary.by_sku, data });
    for (const { org_slug, before, draft } of data as Total[])
      expect(draft.difference.amount, `${org_slug}: ${before.amount.amount} and ${draft.amount.amount}: ${told}`).toBe('0.00');
    // What the invoices say, read another way.
    const lines = await s.t.superuser<{ total: string }>(
      'SELECT coalesce(sum(amount_minor), 0)::text AS total FROM charge WHERE live AND org_id = ANY ($1)',
      [customers.map(({ org_id }) => org_id)],
    );
    expect(summary.before.revenue.amount.replace('.', '').replace(/^(-?)0+(?=\d)/, '$1'), told).toBe(lines[0]!.total);
    if (lines[0]!.total !== '0') worth += 1;
  }
  expect(worth).toBeGreaterThan(10);
  expect(await shop.audit()).toEqual([]);
}, 120_000);
