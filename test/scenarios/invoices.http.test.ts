import { expect, it } from 'vitest';
import { agreeOnInvoices } from '../chaos/invoices.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

it('invoices what an independent calculation says, of usage that is shuffled, doubled, late, voided and amended', async () => {
  const counts = await agreeOnInvoices(
    { call: (method, path, body) => s.call(method, path, body), bill: (from, to) => shop.bill(from, to) },
    { seed: 20_261_125, events: 4000, customers: 6, batch: 500 },
  );
  // Nothing was shown if one of these did not happen.
  for (const count of [counts.duplicates, counts.voided, counts.amended, counts.late, counts.credit_notes])
    expect(count).toBeGreaterThan(0);
  expect(counts).toMatchObject({ events: 4000, bundles_verified: 10 });
  expect(await shop.audit()).toEqual([]);
});
