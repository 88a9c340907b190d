import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { plan } from '../support/random-plans.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

/**
 * The parity harness: random plans and usage through estimate, preview and real billing, which must not differ by a cent, and through the
 * offline verifier, which must come to the same.
 */
const s = await testServer();
const shop = openShop(s);

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
