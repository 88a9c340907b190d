import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { formatDecimal } from '../../src/kernel/decimal.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

/**
 * The parity harness: random plans and usage through estimate, preview and real billing, which must not differ by a cent, and through the
 * offline verifier, which must come to the same.
 */
const s = await testServer();
const shop = openShop(s);

const decimal = (max: number, scale: number, min = 0) =>
  fc
    .tuple(fc.integer({ min, max }), fc.nat({ max: scale }))
    .map(([units, decimals]) => formatDecimal({ units: BigInt(units), scale: decimals }));
const rate = decimal(100_000, 5);
const money = decimal(10_000, 2);
const cents = (min: number, max: number) =>
  fc.integer({ min, max }).map((units) => formatDecimal({ units: BigInt(units), scale: 2 }));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const tiersOf = <T extends object>(tier: fc.Arbitrary<T>) =>
  fc
    .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }), fc.array(tier, { minLength: 4, maxLength: 4 }))
    .map(([bounds, tiers]) => [...bounds.sort((a, b) => a - b).map(String), null].map((up_to, at) => ({ up_to, ...tiers[at]! })));
const tiers = tiersOf(fc.record({ unit_amount: rate, flat_amount: maybe(money) }).map(given));
const included_quantity = maybe(decimal(200, 1));
const total = {
  minimum_amount: maybe(cents(0, 500)),
  maximum_amount: maybe(cents(501, 90_000)),
  discounts: maybe(
    fc.array(
      fc.oneof(
        decimal(100, 0).map((percent) => ({ percent })),
        decimal(300, 2).map((amount) => ({ amount })),
      ),
      { maxLength: 2 },
    ),
  ),
};
const quantityPrice = fc.oneof(
  fc.record({ model: fc.constant('unit'), unit_amount: rate, included_quantity, ...total }),
  fc.record({ model: fc.constant('flat'), amount: money, ...total }),
  fc.record({
    model: fc.constant('graduated'),
    tiers,
    included_quantity,
    first_tier_flat_at_zero: maybe(fc.boolean()),
    ...total,
  }),
  fc.record({ model: fc.constant('volume'), tiers, included_quantity, ...total }),
  fc.record({
    model: fc.constant('package'),
    package_size: decimal(200, 1, 1),
    package_amount: money,
    included_quantity,
    ...total,
  }),
);
const eventPrice = fc.oneof(
  fc.record({
    model: fc.constant('percentage'),
    rate: decimal(1000, 2),
    fixed_amount: maybe(money),
    free_events: maybe(fc.nat(3)),
    free_amount: maybe(money),
    ...total,
  }),
  fc.record({ model: fc.constant('graduated_percentage'), tiers: tiersOf(fc.record({ rate: decimal(1000, 2) })), ...total }),
  fc.record({ model: fc.constant('dynamic'), multiplier: maybe(decimal(300, 2)), ...total }),
  fc.record({
    model: fc.constant('matrix'),
    dimensions: fc.constant(['region']),
    cells: fc.tuple(quantityPrice, quantityPrice).map(([eu, us]) => [
      { match: { region: 'eu' }, price: given(eu) },
      { match: { region: 'us' }, price: given(us) },
    ]),
    default: quantityPrice.map(given),
    included_quantity,
    ...total,
  }),
  fc.record({
    model: fc.constant('time_of_use'),
    time_zone: fc.constant('Australia/Sydney'),
    bands: fc.tuple(quantityPrice, quantityPrice).map(([weekend, night]) => [
      { name: 'weekend', days: ['sat', 'sun'], price: given(weekend) },
      { name: 'night', from: '22:00', to: '07:00', price: given(night) },
    ]),
    default: quantityPrice.map(given),
    included_quantity,
    ...total,
  }),
  fc.record({
    model: fc.constant('graduated'),
    tiers,
    bucket: fc.constantFrom('PT1H', 'P1D', 'P1W'),
    included_quantity,
    ...total,
  }),
);
const aggregations = ['sum', 'count', 'max', 'min', 'latest', 'average', 'unique_count', 'weighted_sum'] as const;
const event = fc.record({
  quantity: decimal(5000, 2),
  amount: decimal(5000, 2),
  region: fc.constantFrom('eu', 'us', 'asia'),
  minute: fc.nat(31 * 24 * 60 - 1),
});
const line = fc
  .record({
    aggregation: fc.constantFrom(...aggregations),
    by_events: fc.boolean(),
    one: quantityPrice,
    single: eventPrice,
    events: fc.array(event, { maxLength: 12 }),
  })
  .map(({ aggregation, by_events, one, single, events }) => {
    const fits = by_events && aggregation !== 'unique_count' && aggregation !== 'weighted_sum';
    return { aggregation, price: given((fits ? single : one) as object), events };
  });
const plan = fc.record({ base_amount: maybe(money), lines: fc.array(line, { minLength: 1, maxLength: 4 }) });

it('estimates, previews and bills the same, and proves it, for any plan and usage', { timeout: 240_000 }, async () => {
  const jwksOf = async () =>
    Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  let number = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ base_amount, lines }) => {
      number += 1;
      const [skus, events]: [string[], Record<string, object[]>] = [[], {}];
      const prices: Record<string, object> = {};
      for (const [at, { aggregation, price, events: used }] of lines.entries()) {
        const sku = `sku-${number}-${at}`;
        await shop.made('POST', '/v1/skus', { sku, type: 'action', unit: 'piece', aggregation, dimensions: ['region'] });
        skus.push(sku);
        prices[sku] = price;
        events[sku] = used.map(({ quantity, amount, region, minute }) => ({
          quantity,
          amount,
          properties: { region },
          time: Temporal.Instant.from('2025-03-01T00:00:00Z').add({ minutes: minute }).toString(),
        }));
      }
      const plan_id = await shop.plan(`plan-${number}`, 'AUD', prices, base_amount === undefined ? {} : { base_amount });
      const org_id = await shop.customer(`customer-${number}`, [plan_id], '2025-01-01T00:00:00Z');
      // Request ids in the order in which the estimate is given the events: that is the order among events of one moment.
      const sent = skus.flatMap((sku) =>
        events[sku]!.map((one, at) => ({ request_id: `${sku}-${`${at}`.padStart(6, '0')}`, org_id, sku, ...one })),
      );
      if (sent.length > 0) await shop.made('POST', '/v1/metering/events', sent);

      const estimate = await shop.made('POST', '/v1/pricing/estimate', { org_id, skus: {}, leads: '1', events });
      const preview = await shop.made('POST', '/v1/billing/previews', { org_id, from: '2025-03-01', to: '2025-04-01' });
      const run = await shop.bill('2025-03-01', '2025-04-01', org_id);
      expect(run.errors).toEqual([]);
      const newest = await shop.newest(org_id);
      const billed = newest ? newest.total.amount : '0.00';
      expect(preview.invoices[0]?.total.amount ?? '0.00').toBe(billed);
      expect(estimate.grand_total.amount).toBe(billed);
      if (!newest) return;
      const bundle = Buffer.from(JSON.stringify(await shop.made('GET', `/v1/invoices/${newest.invoice_id}/bundle`)));
      const report = verifyBundle(bundle, { jwks: await jwksOf() });
      expect(report).toMatchObject({ authenticated: true, consistent: true });
    }),
    { numRuns: 40, seed: 20_261_125 },
  );
  expect(await shop.audit()).toEqual([]);
});
