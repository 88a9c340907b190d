import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
const nobody = '00000000-0000-7000-8000-000000000000';
let plan_id: string;
let partner_id: string;
let made = 0;

/**
 * Five dollars a month, to nobody's benefit, and a quarter a call, of which the partner has 15 %. 33 calls in January:
 * 5.00 + 8.25 = 13.25; the partner's share of 8.25 is 1.2375, rounded 1.24, and 7.01 is left.
 */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '0.25' } }, { base_amount: '5.00' });
  const partner = { legal_name: 'P', billing_email: 'a@example.com', default_timezone: 'UTC', partner_tier: 'gold' };
  partner_id = (await shop.made('POST', '/v1/orgs', { ...partner, org_slug: 'partner' })).org_id;
  await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'call', pct: '15' });
});

/** A customer of its own for each test, with its invoice of 13.25. */
async function billed(plan_ids = [plan_id]) {
  made += 1;
  const org_id = await shop.customer(`customer-${made}`, plan_ids);
  await shop.made('POST', '/v1/partners-of-record', { org_id, partner_id, start_at: '2025-01-01T00:00:00Z' });
  await shop.use(org_id, 'call', '33', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const { invoice_id } = await shop.newest(org_id);
  const invoice = await shop.made('GET', `/v1/invoices/${invoice_id}`);
  const line = (sku: string | null) => invoice.lines.find((each: { sku: string | null }) => each.sku === sku).line_id as string;
  return { org_id, invoice_id: invoice_id as string, invoice, base: line(null), call: line('call') };
}

const credit = (invoice_id: string, body: object, headers = {}) =>
  s.call('POST', `/v1/invoices/${invoice_id}/credit-notes`, { reason: 'Read wrongly', ...body }, headers);
const aud = (amount: string) => ({ amount, currency: 'AUD' });
const invoiceNow = (invoice_id: string) => shop.made('GET', `/v1/invoices/${invoice_id}`);

const minor = (amount = '0.00') => BigInt(amount.replace('.', ''));

/** Balances by kind of account, of all that was posted. */
async function balances(): Promise<Record<string, string>> {
  const { data } = await shop.made('GET', '/v1/ledger/trial-balance?at=2099-01-01T00:00:00Z');
  return Object.fromEntries(data.map(({ kind, balance }: { kind: string; balance: string }) => [kind, balance]));
}

describe('a credit note', () => {
  it('takes a part of a line back, the partner’s share with it, and then the rest, which pays the invoice', async () => {
    const { org_id, invoice_id, call, base } = await billed();
    expect(await balances()).toEqual({ receivable: '13.25', revenue: '-12.01', partner_payable: '-1.24' });
    const first = await credit(invoice_id, { lines: [{ line_id: call, amount: aud('2.00') }] });
    expect(first).toMatchObject({
      status: 201,
      body: {
        number: 'CN-000001',
        kind: 'correction',
        invoice_id,
        org_id,
        reason: 'Read wrongly',
        after_payment: false,
        total: aud('2.00'),
        lines: [{ invoice_line_id: call, sku: 'call', amount: aud('2.00'), left: aud('6.25') }],
        receipt: { seq: expect.any(Number) },
      },
    });
    // Of 2.00, 124/825 is 0.3006 and 701/825 is 1.6994: 0.30 and 1.69, and the cent left over goes to the larger remainder.
    expect(await balances()).toEqual({ receivable: '11.25', revenue: '-10.31', partner_payable: '-0.94' });
    expect(await invoiceNow(invoice_id)).toMatchObject({ status: 'open', credited: aud('2.00'), balance: aud('11.25') });

    const second = await credit(invoice_id, { lines: 'all' });
    expect(second.body).toMatchObject({ number: 'CN-000002', total: aud('11.25') });
    expect(
      second.body.lines.map(({ invoice_line_id, amount, left }: Record<string, unknown>) => [invoice_line_id, amount, left]),
    ).toEqual(
      expect.arrayContaining([
        [base, aud('5.00'), aud('0.00')],
        [call, aud('6.25'), aud('0.00')],
      ]),
    );
    expect(await balances()).toEqual({ receivable: '0.00', revenue: '0.00', partner_payable: '0.00' });
    const settled = await invoiceNow(invoice_id);
    expect(settled).toMatchObject({ status: 'paid', credited: aud('13.25'), balance: aud('0.00'), payment_reference: null });
    expect(settled.lines.map((line: { credited: object }) => line.credited)).toEqual(
      expect.arrayContaining([aud('5.00'), aud('8.25')]),
    );

    // Two lines of the invoice, two corrections of the one, one of the other: all reversed, and nothing in sum.
    const { data } = await shop.made('GET', `/v1/ledger/lines?org_id=${org_id}`);
    expect(data.map(({ status }: { status: string }) => status)).toEqual(Array(5).fill('reversed'));
    const shares = data
      .filter((line: { sku: string | null }) => line.sku === 'call')
      .map((line: { partner_amount: { amount: string } }) => line.partner_amount.amount);
    expect(shares.sort()).toEqual(['-0.30', '-0.94', '1.24']);

    const told = async (type: string, id: string) => (await shop.made('GET', `/v1/events?type=${type}&aggregate_id=${id}`)).data;
    expect(await told('credit_note.issued', second.body.credit_note_id)).toHaveLength(1);
    const states = (await told('invoice.status.changed', invoice_id)).map(
      ({ data }: { data: { from: string; to: string } }) => data,
    );
    expect(states).toMatchObject([
      { from: 'open', to: 'paid' },
      { from: 'draft', to: 'open' },
    ]);
    const { data: entries } = await shop.made('GET', `/v1/audit-entries?target_id=${second.body.credit_note_id}`);
    expect(entries).toMatchObject([{ action: 'credit_note.issued', after: { reason: 'Read wrongly', settles_invoice: true } }]);
    expect(await shop.audit()).toEqual([]);
  });

  it('before the payment leaves less to pay, and after it is owed to the payer', async () => {
    const { invoice_id, base, call } = await billed();
    const before = await balances();
    await credit(invoice_id, { lines: [{ line_id: base, amount: aud('3.25') }] });
    await shop.made('POST', `/v1/invoices/${invoice_id}:mark-paid`, {});
    // 13.25 − 3.25
    expect((await balances()).cash).toBe('10.00');
    expect(await invoiceNow(invoice_id)).toMatchObject({ status: 'paid', balance: aud('0.00') });
    const late = await credit(invoice_id, { lines: [{ line_id: call, amount: aud('1.00') }] });
    expect(late.body).toMatchObject({ after_payment: true });
    expect(await invoiceNow(invoice_id)).toMatchObject({ status: 'paid', credited: aud('4.25'), balance: aud('-1.00') });
    // The receivable had all 13.25 of it; now it has the 1.00 that is to be given back, on the other side.
    const after = await balances();
    expect(minor(before.receivable) - minor(after.receivable)).toBe(1425n);
    expect(await shop.audit()).toEqual([]);
  });

  it('is issued once for an idempotency key, and the key is bound to what was asked', async () => {
    const { invoice_id, base } = await billed();
    const body = { lines: [{ line_id: base, amount: aud('1.00') }] };
    const key = { 'idempotency-key': 'credit-once' };
    const [first, again] = [await credit(invoice_id, body, key), await credit(invoice_id, body, key)];
    expect(again).toMatchObject({ status: 201, body: { credit_note_id: first.body.credit_note_id } });
    expect(await credit(invoice_id, { lines: 'all' }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect((await shop.made('GET', `/v1/credit-notes?invoice_id=${invoice_id}`)).data).toHaveLength(1);
  });

  it('is listed by organization and invoice, newest first, page by page', async () => {
    const { org_id, invoice_id, base } = await billed();
    for (const amount of ['0.01', '0.02', '0.03']) await credit(invoice_id, { lines: [{ line_id: base, amount: aud(amount) }] });
    const page = await shop.made('GET', `/v1/credit-notes?org_id=${org_id}&limit=2`);
    expect(page.data.map(({ total }: { total: object }) => total)).toEqual([aud('0.03'), aud('0.02')]);
    const rest = await shop.made(
      'GET',
      `/v1/credit-notes?org_id=${org_id}&limit=2&cursor=${encodeURIComponent(page.next_cursor)}`,
    );
    expect(rest).toMatchObject({ data: [{ total: aud('0.01'), invoice_id }], next_cursor: null });
    expect(await shop.made('GET', `/v1/credit-notes?org_id=${nobody}`)).toEqual({ data: [], next_cursor: null });
  });

  it('of an invoice below zero takes back what was given', async () => {
    const solar = await shop.plan('solar', 'AUD', { feed_in: { model: 'unit', unit_amount: '-0.10' } });
    const org_id = await shop.customer('solar', [solar]);
    await shop.use(org_id, 'feed_in', '25', '2025-01-15T00:00:00Z');
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    const { invoice_id } = await shop.newest(org_id);
    const [{ line_id }] = (await invoiceNow(invoice_id)).lines;
    for (const amount of ['1.00', '-2.51'])
      expect(await credit(invoice_id, { lines: [{ line_id, amount: aud(amount) }] })).toMatchObject({ status: 422 });
    await credit(invoice_id, { lines: [{ line_id, amount: aud('-1.00') }] });
    // −2.50 + 1.00
    expect(await invoiceNow(invoice_id)).toMatchObject({ status: 'open', credited: aud('-1.00'), balance: aud('-1.50') });
    expect(await shop.audit()).toEqual([]);
  });
});

describe('a credit note is refused', () => {
  let it_is: Awaited<ReturnType<typeof billed>>;
  beforeAll(async () => {
    it_is = await billed();
  });
  const one = (more: object) => [{ line_id: it_is.call, ...more }];

  it.each<[string, () => object, number, string, string?]>([
    ['above its line', () => ({ lines: one({ amount: aud('8.26') }) }), 422, 'credit_exceeds_line', '/lines/0/amount/amount'],
    ['below zero', () => ({ lines: one({ amount: aud('-0.01') }) }), 422, 'credit_exceeds_line', '/lines/0/amount/amount'],
    ['of nothing', () => ({ lines: one({ amount: aud('0.00') }) }), 422, 'credit_exceeds_line', '/lines/0/amount/amount'],
    [
      'in another currency',
      () => ({ lines: one({ amount: { amount: '1.00', currency: 'USD' } }) }),
      422,
      'credit_currency',
      '/lines/0/amount/currency',
    ],
    ['finer than the currency', () => ({ lines: one({ amount: aud('0.001') }) }), 422, 'amount_inexact'],
    ['of a line twice', () => ({ lines: [...one({}), ...one({})] }), 422, 'credit_line_repeated', '/lines/1/line_id'],
    ['of a line of no invoice', () => ({ lines: [{ line_id: nobody }] }), 422, 'credit_line_unknown', '/lines/0/line_id'],
    ['of no line', () => ({ lines: [] }), 422, 'validation_failed'],
    ['of some lines', () => ({ lines: 'some' }), 422, 'validation_failed'],
    ['without lines', () => ({}), 422, 'validation_failed'],
    ['without a reason', () => ({ lines: 'all', reason: '' }), 422, 'validation_failed'],
    ['with a field that is not known', () => ({ lines: 'all', kind: 'rebill' }), 422, 'validation_failed'],
    ['with an amount that is no number', () => ({ lines: one({ amount: aud('NaN') }) }), 422, 'validation_failed'],
  ])('%s', async (_what, body, status, code, pointer) => {
    const answer = await credit(it_is.invoice_id, body());
    expect(answer).toMatchObject({ status, body: { code } });
    if (pointer !== undefined) expect(answer.body.errors[0].pointer).toBe(pointer);
    expect(await invoiceNow(it_is.invoice_id)).toMatchObject({ credited: aud('0.00'), balance: aud('13.25') });
  });

  it('of a line of another invoice', async () => {
    const other = await billed();
    expect(await credit(it_is.invoice_id, { lines: [{ line_id: other.call }] })).toMatchObject({
      status: 422,
      body: { code: 'credit_line_unknown' },
    });
  });

  it('of what was credited, and of a void invoice; and what was credited is not made void', async () => {
    const { invoice_id, call } = await billed();
    expect(await credit(invoice_id, { lines: [{ line_id: call }] })).toMatchObject({ status: 201, body: { total: aud('8.25') } });
    expect(await credit(invoice_id, { lines: [{ line_id: call }] })).toMatchObject({
      status: 409,
      body: { code: 'credit_nothing_left' },
    });
    expect(await s.call('POST', `/v1/invoices/${invoice_id}:void`, { reason: 'r' })).toMatchObject({
      status: 409,
      body: { code: 'invoice_credited' },
    });
    const gone = await billed();
    await shop.void(gone.invoice_id);
    expect(await credit(gone.invoice_id, { lines: 'all' })).toMatchObject({
      status: 409,
      body: { code: 'invoice_not_creditable' },
    });
    expect(await shop.audit()).toEqual([]);
  });

  it('of an invoice that is not there, or another tenant’s', async () => {
    const unknown = { status: 404, body: { code: 'invoice_unknown' } };
    expect(await credit(nobody, { lines: 'all' })).toMatchObject(unknown);
    const headers = { authorization: `Bearer ${s.other_key}` };
    expect(await credit(it_is.invoice_id, { lines: 'all' }, headers)).toMatchObject(unknown);
    const { body: note } = await credit(it_is.invoice_id, { lines: [{ line_id: it_is.base, amount: aud('0.01') }] });
    for (const [path, asked] of [
      [note.credit_note_id, headers],
      [`${note.credit_note_id}.pdf`, headers],
      [`${note.credit_note_id}/bundle`, headers],
      [nobody, {}],
      [`${nobody}.pdf`, {}],
      [`${nobody}/bundle`, {}],
    ] as const)
      expect(await s.call('GET', `/v1/credit-notes/${path}`, undefined, asked)).toMatchObject({
        status: 404,
        body: { code: 'credit_note_unknown' },
      });
  });
});

describe('at the same moment', () => {
  it('two credits of all: one is issued', async () => {
    const { invoice_id } = await billed();
    const answers = await Promise.all([1, 2, 3, 4].map(() => credit(invoice_id, { lines: 'all' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(await invoiceNow(invoice_id)).toMatchObject({ status: 'paid', credited: aud('13.25') });
    expect(await shop.audit()).toEqual([]);
  });

  it('many credits of a part: as many as there is room for', async () => {
    const { invoice_id, base } = await billed();
    const part = { lines: [{ line_id: base, amount: aud('1.50') }] };
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => credit(invoice_id, part)));
    // 5.00 holds 1.50 three times.
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 422, 422, 422]);
    expect(await invoiceNow(invoice_id)).toMatchObject({ credited: aud('4.50'), balance: aud('8.75') });
    expect(await shop.audit()).toEqual([]);
  });

  it('a credit and a payment: what is paid is what is left, or the credit is owed back', async () => {
    const { invoice_id, base } = await billed();
    await Promise.all([
      credit(invoice_id, { lines: [{ line_id: base }] }),
      s.call('POST', `/v1/invoices/${invoice_id}:mark-paid`, {}),
    ]);
    const invoice = await invoiceNow(invoice_id);
    const { data } = await shop.made('GET', `/v1/credit-notes?invoice_id=${invoice_id}`);
    expect(invoice).toMatchObject({ status: 'paid', credited: aud('5.00') });
    expect(invoice.balance).toEqual(aud(data[0].after_payment ? '-5.00' : '0.00'));
    expect(await shop.audit()).toEqual([]);
  });

  it('a credit and a void: one of them', async () => {
    const { invoice_id } = await billed();
    const answers = await Promise.all([
      credit(invoice_id, { lines: 'all' }),
      s.call('POST', `/v1/invoices/${invoice_id}:void`, { reason: 'r' }),
    ]);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
    expect(await shop.audit()).toEqual([]);
  });
});

describe('a credit note as a document', () => {
  it('comes as a PDF under its number', async () => {
    const { invoice_id } = await billed();
    const { body } = await credit(invoice_id, { lines: 'all' });
    const { status, headers, body: file } = await s.call('GET', `/v1/credit-notes/${body.credit_note_id}.pdf`);
    expect([status, headers['content-type'], headers['content-disposition']]).toEqual([
      200,
      'application/pdf',
      `inline; filename="${body.number}.pdf"`,
    ]);
    expect(file.subarray(0, 5).toString()).toBe('%PDF-');
    expect((await s.call('GET', `/v1/invoices/${invoice_id}.pdf`)).body.subarray(0, 5).toString()).toBe('%PDF-');
  });
});
