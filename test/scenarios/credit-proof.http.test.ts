import { expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { creditAndRetire } from '../../src/billing/invoicing/service/credit-notes.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

async function verifier() {
  const keys = await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`);
  const jwks = Buffer.from(JSON.stringify(keys));
  return (value: unknown) => verifyBundle(Buffer.from(JSON.stringify(value)), { jwks });
}

it('a credit note comes as a bundle that verifies offline at once, bound to the invoice and its line', async () => {
  const plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '0.25' } });
  const org_id = await shop.customer('customer', [plan_id]);
  await shop.use(org_id, 'call', '33', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const { invoice_id } = await shop.newest(org_id);
  const invoice = await shop.made('GET', `/v1/invoices/${invoice_id}`);
  const [{ line_id }] = invoice.lines;
  const note = await shop.made('POST', `/v1/invoices/${invoice_id}/credit-notes`, {
    reason: 'Read wrongly',
    lines: [{ line_id, amount: { amount: '2.00', currency: 'AUD' } }],
  });
  const { body: bundle, headers } = await s.call('GET', `/v1/credit-notes/${note.credit_note_id}/bundle`);
  expect(headers['content-disposition']).toBe(`attachment; filename="${note.number}.bundle.json"`);
  const verify = await verifier();
  expect(verify(bundle)).toMatchObject({
    authenticated: true,
    consistent: true,
    findings: [],
    summary: {
      document: 'credit_note',
      number: note.number,
      corrects: invoice.number,
      total: '2.00',
      receipt_seq: note.receipt.seq,
    },
  });

  const of_invoice = await shop.made('GET', `/v1/invoices/${invoice_id}/bundle`);
  expect(verify(of_invoice)).toMatchObject({ authenticated: true, consistent: true, findings: [] });
  expect(bundle.invoice).toEqual(of_invoice.invoice);
  expect(bundle.credit_note.corrects.hash).toBe(of_invoice.receipt.payload_hash);
  // 33 × 0.25 = 8.25, of which 2.00 was taken back.
  expect(bundle.credit_note.lines).toMatchObject([{ corrects: { line_id }, amount: '2.00', left: '6.25' }]);

  const dearer = { ...bundle, credit_note: { ...bundle.credit_note, total: '3.00' } };
  expect(verify(dearer).findings.map(({ where }) => where)).toEqual(['/credit_note', '/credit_note/total']);
  expect(verify({ ...bundle, receipt: of_invoice.receipt }).consistent).toBe(false);
});

it('a period that is credited and billed anew leaves three bundles that verify: what was, what took it back, and what is', async () => {
  const plan_id = await shop.plan('sms', 'AUD', { sms: { model: 'unit', unit_amount: '0.10' } }, { base_amount: '3.00' });
  const org_id = await shop.customer('late', [plan_id]);
  await shop.use(org_id, 'sms', '20', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const before = await shop.newest(org_id);
  await shop.use(org_id, 'sms', '5', '2025-01-16T00:00:00Z');
  const charges = await s.t.superuser<{ charge_id: string }>('SELECT charge_id FROM charge WHERE org_id = $1', [org_id]);
  const charge_ids = charges.map(({ charge_id }) => charge_id);
  const retired = await s.t.transact((tx) => creditAndRetire(tx, { charge_ids, reason: 'Late usage' }), {
    tenant_id: s.tenant.tenant_id,
  });
  const [note_id] = new Set(retired.map(({ credited }) => credited!.credit_note_id));
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const after = await shop.newest(org_id);

  const verify = await verifier();
  const paths = [`invoices/${before.invoice_id}`, `credit-notes/${note_id}`, `invoices/${after.invoice_id}`];
  const reports = [];
  for (const path of paths) reports.push(verify(await shop.made('GET', `/v1/${path}/bundle`)));
  for (const report of reports) expect(report).toMatchObject({ authenticated: true, consistent: true, findings: [] });
  // 3.00 + 20 × 0.10 = 5.00, all of it taken back, and 3.00 + 25 × 0.10 = 5.50 instead.
  expect(reports.map(({ summary }) => summary.total)).toEqual(['5.00', '5.00', '5.50']);
  expect(await shop.made('GET', `/v1/invoices/${before.invoice_id}`)).toMatchObject({
    status: 'paid',
    balance: { amount: '0.00' },
  });
  expect(await shop.audit()).toEqual([]);
});
