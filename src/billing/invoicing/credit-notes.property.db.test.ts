import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
let plan_id: string;

/** 7.00 a month, 0.37 a call of which the partner has 12.34 %, and 0.11 for what is fed in, of which it has 50 %. */
beforeAll(async () => {
  const prices = { call: { model: 'unit', unit_amount: '0.37' }, feed_in: { model: 'unit', unit_amount: '-0.11' } };
  plan_id = await shop.plan('mixed', 'AUD', prices, { base_amount: '7.00' });
  for (const [sku, pct] of Object.entries({ call: '12.34', feed_in: '50' }))
    await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku, pct });
});

let made = 0;
async function billed(): Promise<string> {
  made += 1;
  const org = {
    billing_email: 'a@example.com',
    default_timezone: 'UTC',
    legal_name: 'P',
    org_slug: `partner-${made}`,
    partner_tier: 'gold',
  };
  const { org_id: partner_id } = await shop.made('POST', '/v1/orgs', org);
  const org_id = await shop.customer(`customer-${made}`, [plan_id]);
  await shop.made('POST', '/v1/partners-of-record', { org_id, partner_id, start_at: '2025-01-01T00:00:00Z' });
  await shop.use(org_id, 'call', '101', '2025-01-15T00:00:00Z');
  await shop.use(org_id, 'feed_in', '33', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  return (await shop.newest(org_id)).invoice_id;
}

interface Line {
  line_id: string;
  amount: { amount: string };
  credited: { amount: string };
}

const minor = (amount: string) => BigInt(amount.replace('.', ''));

/** A line by place, a part of what it has left in thousandths, and whether the invoice is paid before. */
const step = fc.record({ line: fc.nat(2), thousandths: fc.bigInt({ min: -100n, max: 1200n }), pay: fc.boolean() });

it('however an invoice is credited, no line and no total is passed, the books balance, and the last credit leaves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const invoice_id = await billed();
      for (const { line: place, thousandths, pay } of steps) {
        const { lines, status, total, credited } = await shop.made('GET', `/v1/invoices/${invoice_id}`);
        const line = lines[place] as Line;
        const left = minor(line.amount.amount) - minor(line.credited.amount);
        const part = (left * thousandths) / 1000n;
        const text = `${part < 0n ? '-' : ''}${String(part < 0n ? -part : part)
          .padStart(3, '0')
          .replace(/(..)$/, '.$1')}`;
        const answer = await s.call('POST', `/v1/invoices/${invoice_id}/credit-notes`, {
          reason: 'a step',
          lines: [{ line_id: line.line_id, amount: { amount: text, currency: 'AUD' } }],
        });
        // It is a part of what the line has left, other than nothing, and the credits stay between nothing and the total.
        const sum = minor(credited.amount) + part;
        const fits = part * left > 0n && (left > 0n ? part <= left : part >= left) && sum >= 0n && sum <= minor(total.amount);
        expect([answer.status, left === 0n && answer.status === 409]).toEqual(
          fits ? [201, false] : left === 0n ? [409, true] : [422, false],
        );
        if (pay && status === 'open') await s.call('POST', `/v1/invoices/${invoice_id}:mark-paid`, {});
      }
      await s.call('POST', `/v1/invoices/${invoice_id}/credit-notes`, { reason: 'the rest', lines: 'all' });
      const { total, credited, org_id, status } = await shop.made('GET', `/v1/invoices/${invoice_id}`);
      expect(credited).toEqual(total);
      expect(status).toBe('paid');
      const { data } = await shop.made('GET', `/v1/ledger/lines?org_id=${org_id}&limit=100`);
      for (const member of ['amount_gross', 'partner_amount', 'net'])
        expect(
          data.reduce((sum: bigint, each: Record<string, { amount: string }>) => sum + minor(each[member]!.amount), 0n),
        ).toBe(0n);
      expect(await shop.audit()).toEqual([]);
    }),
    { numRuns: 12 },
  );
});
