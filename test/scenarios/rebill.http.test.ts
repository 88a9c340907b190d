import { expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

/** Every document of an organization verifies offline. */
async function verifyAll(org_id: string): Promise<void> {
  const jwks = Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  const invoices = (await shop.made('GET', `/v1/invoices?org_id=${org_id}`)).data;
  const notes = (await shop.made('GET', `/v1/credit-notes?org_id=${org_id}`)).data;
  const paths = [
    ...invoices.map(({ invoice_id }: { invoice_id: string }) => `/v1/invoices/${invoice_id}/bundle`),
    ...notes.map(({ credit_note_id }: { credit_note_id: string }) => `/v1/credit-notes/${credit_note_id}/bundle`),
  ];
  for (const path of paths) {
    const report = verifyBundle(Buffer.from(JSON.stringify(await shop.made('GET', path))), { jwks });
    expect(report, path).toMatchObject({ authenticated: true, consistent: true, findings: [] });
  }
}

it('bills a period again whole, at the price of its time, when usage of a SKU comes late that says so', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'call', type: 'action', unit: 'call', late_policy: 'rebill' });
  await shop.made('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  const plan_id = await shop.plan(
    'again',
    'AUD',
    { call: { model: 'unit', unit_amount: '1', included_quantity: '4' }, mail: { model: 'unit', unit_amount: '0.5' } },
    { base_amount: '10.00' },
  );
  const org_id = await shop.customer('again', [plan_id]);
  await shop.use(org_id, 'call', '5', '2025-01-10T00:00:00Z');
  await shop.use(org_id, 'mail', '2', '2025-01-10T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01');
  const january = await shop.newest(org_id);
  expect(january.total.amount).toBe('12.00');
  await shop.made('POST', `/v1/invoices/${january.invoice_id}:mark-paid`, { reference: 'bank' });

  await shop.made('PUT', `/v1/plans/${plan_id}/skus/call`, { price: { model: 'unit', unit_amount: '9' } });
  await shop.use(org_id, 'call', '3', '2025-01-20T00:00:00Z');
  await shop.use(org_id, 'mail', '4', '2025-01-20T00:00:00Z');
  expect(await shop.bill('2025-02-01', '2025-03-01')).toMatchObject({ status: 'completed', invoices: 2, errors: [] });
  const [february, again] = (await shop.made('GET', `/v1/invoices?org_id=${org_id}`)).data;

  const [note] = (await shop.made('GET', `/v1/credit-notes?org_id=${org_id}`)).data;
  expect(note).toMatchObject({ kind: 'rebill', invoice_id: january.invoice_id, total: { amount: '12.00' }, after_payment: true });
  expect(again).toMatchObject({ period: { from: '2025-01-01', to: '2025-02-01' }, total: { amount: '17.00' } });
  expect(february).toMatchObject({ period: { from: '2025-02-01', to: '2025-03-01' }, total: { amount: '10.00' } });
  // 10.00; 5 + 3 calls less 4 at January's 1.00; 2 + 4 mails at 0.50. Then February's base fee alone.
  expect(await shop.lines(org_id)).toEqual([
    'base 1 10.00',
    'call 5 1.00',
    'mail 2 1.00',
    'base 1 10.00',
    'call 8 4.00',
    'mail 6 3.00',
    'base 1 10.00',
  ]);
  // Each line names the one that it replaces, and the credit note's that took it back.
  const { invoice } = await shop.made('GET', `/v1/invoices/${again.invoice_id}/bundle`);
  const before = (await shop.made('GET', `/v1/invoices/${january.invoice_id}`)).lines;
  const credited = (await shop.made('GET', `/v1/credit-notes/${note.credit_note_id}`)).lines;
  expect(invoice.lines.map((line: { replaces: unknown }) => line.replaces)).toEqual(
    [0, 1, 2].map((at) => ({
      invoice_id: january.invoice_id,
      number: january.number,
      line_id: before[at].line_id,
      credited_by: { credit_note_id: note.credit_note_id, number: note.number, line_id: credited[at].line_id },
    })),
  );
  await verifyAll(org_id);
  // The same run again does nothing, whatever came meanwhile; the next bills it again.
  await shop.use(org_id, 'call', '1', '2025-01-21T00:00:00Z');
  expect(await shop.bill('2025-02-01', '2025-03-01', org_id)).toMatchObject({ invoices: 0, already_billed: 1, errors: [] });
  expect((await shop.made('GET', `/v1/credit-notes?org_id=${org_id}`)).data).toHaveLength(1);
  expect(await shop.bill('2025-03-01', '2025-04-01', org_id)).toMatchObject({ invoices: 2, errors: [] });
  // The run after finds nothing new.
  expect(await shop.bill('2025-04-01', '2025-05-01', org_id)).toMatchObject({ invoices: 1, errors: [] });
  expect((await shop.made('GET', `/v1/credit-notes?org_id=${org_id}`)).data).toHaveLength(2);
  expect(await shop.audit()).toEqual([]);
});

it('bills the others when one cannot be billed again with what came, and names it', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'zone', type: 'action', unit: 'call', late_policy: 'rebill' });
  const eu = { match: { region: 'eu' }, price: { model: 'unit', unit_amount: '1' } };
  const plan_id = await shop.plan('zones', 'AUD', { zone: { model: 'matrix', dimensions: ['region'], cells: [eu] } });
  const [odd, even] = [await shop.customer('odd', [plan_id]), await shop.customer('even', [plan_id])];
  const call = (request_id: string, org_id: string, region: string) =>
    shop.made('POST', '/v1/metering/events', [
      { request_id, org_id, sku: 'zone', quantity: '1', properties: { region }, time: '2025-01-10T00:00:00Z' },
    ]);
  await call('odd-1', odd, 'eu');
  await call('even-1', even, 'eu');
  await shop.bill('2025-01-01', '2025-02-01');
  // No cell is for it, and there is no default.
  await call('odd-2', odd, 'mars');
  await call('even-2', even, 'eu');
  expect(await shop.bill('2025-02-01', '2025-03-01')).toMatchObject({
    status: 'completed',
    errors: [{ org_id: odd, code: 'no_cell' }],
  });
  expect(await shop.lines(even)).toEqual(['zone 1 1.00', 'zone 2 2.00']);
  // Nothing of the one that cannot be priced was taken back.
  expect(await shop.lines(odd)).toEqual(['zone 1 1.00']);
  expect((await shop.made('GET', `/v1/credit-notes?org_id=${odd}`)).data).toEqual([]);
  await shop.made('POST', '/v1/metering/events/odd-2:void', { reason: 'no such region' });
  expect(await shop.bill('2025-02-01', '2025-03-01')).toMatchObject({ status: 'completed', errors: [] });
  await verifyAll(even);
  await verifyAll(odd);
  expect(await shop.audit()).toEqual([]);
});

it('bills the base fee of its time again, whatever the plan costs since', async () => {
  await shop.made('POST', '/v1/skus', { sku: 'seat', type: 'action', unit: 'seat', late_policy: 'rebill' });
  const plan_id = await shop.plan('dearer', 'AUD', { seat: { model: 'unit', unit_amount: '1' } }, { base_amount: '10.00' });
  const org_id = await shop.customer('dearer', [plan_id]);
  await shop.use(org_id, 'seat', '2', '2025-01-10T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const { draft_id } = await shop.made('POST', '/v1/pricing/drafts', { name: 'Dearer', plan_id, base_amount: '99.00' });
  await shop.made('POST', `/v1/pricing/drafts/${draft_id}:publish`, {});
  await shop.use(org_id, 'seat', '3', '2025-01-20T00:00:00Z');
  await shop.bill('2025-02-01', '2025-03-01', org_id);
  // January with 2 seats, January again with 5, and February's base fee, which is the new one.
  expect(await shop.lines(org_id)).toEqual(['base 1 10.00', 'seat 2 2.00', 'base 1 10.00', 'seat 5 5.00', 'base 1 99.00']);
  expect(await shop.audit()).toEqual([]);
});
