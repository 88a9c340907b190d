import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { clock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { jobs } from './jobs.ts';

const s = await testServer();
const shop = openShop(s);
const nobody = '00000000-0000-7000-8000-000000000000';
let plan_id: string;
let org_id: string;

/** Five dollars a month and a quarter a call; 8 calls in each month of 2025's first quarter: 5.00 + 2.00. */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '0.25' } }, { base_amount: '5.00' });
  org_id = await shop.customer('one', [plan_id]);
  for (const month of ['01', '02', '03']) await shop.use(org_id, 'call', '8', `2025-${month}-15T00:00:00Z`);
  await shop.bill('2025-01-01', '2025-02-01', org_id);
});

const run = (body: object) => s.call('POST', '/v1/billing/runs', body);

describe('a billing run is refused', () => {
  it.each([
    ['over an unknown organization', { from: '2025-02-01', to: '2025-03-01', org_id: nobody }, 404, 'org_not_found'],
    ['over nothing', { from: '2025-02-01', to: '2025-02-01' }, 422, 'period_empty'],
    ['backwards', { from: '2025-03-01', to: '2025-02-01' }, 422, 'period_empty'],
    ['into the future', { from: '2025-02-01', to: '2098-01-01' }, 422, 'period_in_future'],
    ['from an hour that is no midnight', { from: '2025-02-01T01:00:00Z', to: '2025-03-01' }, 422, 'period_not_midnight'],
    ['over a day that does not exist', { from: '2025-02-30', to: '2025-03-01' }, 422, 'validation_failed'],
    ['without an end', { from: '2025-02-01' }, 422, 'validation_failed'],
    ['with a field that is not known', { from: '2025-02-01', to: '2025-03-01', force: true }, 422, 'validation_failed'],
  ])('%s', async (_what, body, status, code) => {
    expect(await run(body)).toMatchObject({ status, body: { code } });
  });

  it('over a part of what is billed, naming it', async () => {
    expect(await run({ from: '2025-01-15', to: '2025-02-15', org_id })).toMatchObject({
      status: 409,
      body: { code: 'period_overlaps', detail: expect.stringContaining('2025-01-01 to 2025-02-01') },
    });
  });
});

describe('a billing run', () => {
  it('over what is billed does nothing, and says so', async () => {
    const again = await shop.bill('2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z', org_id);
    expect(again).toMatchObject({ status: 'completed', invoices: 0, already_billed: 1, errors: [] });
  });

  it('that a kill cut off goes on, and reports as one that was not', async () => {
    const { run_id } = await shop.request('2025-02-01', '2025-03-01', org_id);
    const first = await shop.execute(run_id);
    await s.t.superuser("UPDATE billing_run SET status = 'running', finished_at = NULL WHERE run_id = $1", [run_id]);
    const second = await shop.execute(run_id);
    expect(second).toEqual({ ...first, finished_at: second.finished_at });
    expect(second).toMatchObject({ total: 1, done: 1, invoices: 1, already_billed: 0 });
  });

  it('that two workers bring to its end tells it once', async () => {
    const { run_id } = await shop.request('2025-03-01', '2025-04-01', org_id);
    const ends = await Promise.all([shop.execute(run_id), shop.execute(run_id)]);
    for (const end of ends) expect(end).toMatchObject({ status: 'completed', invoices: 1, done: 1 });
    const { data } = await shop.made('GET', `/v1/events?aggregate_id=${run_id}&type=billing.run.completed`);
    expect(data).toHaveLength(1);
  });

  it('that fails for good ends as failed, and the same period is billed once the cause is gone', async () => {
    const { run_id } = await shop.request('2025-04-01', '2025-05-01', org_id);
    const job = jobs.find(({ name }) => name === 'invoicing.run')!;
    const attempt = (last_attempt: boolean) =>
      job.run(
        { tenant_id: s.tenant.tenant_id, run_id },
        { postgres: s.t.postgres, clock, log: createLogger('silent'), signal: new AbortController().signal, last_attempt },
      );
    await s.t.superuser('ALTER TABLE charge ADD CONSTRAINT planted CHECK (false) NOT VALID');
    await expect(attempt(false)).rejects.toThrow('planted');
    expect(await shop.made('GET', `/v1/billing/runs/${run_id}`)).toMatchObject({ status: 'running', finished_at: null });
    await expect(attempt(true)).rejects.toThrow('planted');
    const failed = await shop.made('GET', `/v1/billing/runs/${run_id}`);
    expect(failed).toMatchObject({
      status: 'failed',
      invoices: 0,
      errors: [{ code: 'internal_error' }],
      finished_at: expect.any(String),
    });
    await s.t.superuser('ALTER TABLE charge DROP CONSTRAINT planted');
    expect(await shop.bill('2025-04-01', '2025-05-01', org_id)).toMatchObject({ status: 'completed', invoices: 1 });
  });

  it('is listed, newest first', async () => {
    const page = await shop.made('GET', '/v1/billing/runs?limit=2');
    expect(page.data).toHaveLength(2);
    const next = await shop.made('GET', `/v1/billing/runs?limit=2&cursor=${encodeURIComponent(page.next_cursor)}`);
    expect(next.data[0].run_id < page.data[1].run_id).toBe(true);
  });
});

describe('an invoice', () => {
  it('shows what its line came from, and the steps sum to it', async () => {
    const { data } = await shop.made('GET', `/v1/invoices?org_id=${org_id}`);
    const invoice = await shop.made('GET', `/v1/invoices/${data.at(-1).invoice_id}`);
    expect(invoice).toMatchObject({ number: 'INV-000001', status: 'open', total: { amount: '7.00', currency: 'AUD' } });
    const line = invoice.lines.find(({ sku }: { sku: string | null }) => sku === 'call');
    const explanation = await shop.made('GET', `/v1/invoices/${invoice.invoice_id}/lines/${line.line_id}/explanation`);
    // 8 × 0.25
    expect(explanation).toMatchObject({
      quantity: '8',
      amount_exact: '2',
      rounding: { amount: '0' },
      usage: { count: 1, sum: '8', more: false },
    });
    expect(explanation.steps).toMatchObject([{ amount: '2' }]);
  });

  it('is paid once, and then cannot be void; void once, and then cannot be paid', async () => {
    const { data } = await shop.made('GET', `/v1/invoices?org_id=${org_id}`);
    const [a, b] = data as { invoice_id: string }[];
    const act = (id: string, what: string, body: object) => s.call('POST', `/v1/invoices/${id}:${what}`, body);
    expect(await act(a!.invoice_id, 'mark-paid', { reference: 'R' })).toMatchObject({
      status: 200,
      body: { status: 'paid', payment_reference: 'R' },
    });
    const refused = { status: 409, body: { code: 'invoice_transition' } };
    expect(await act(a!.invoice_id, 'mark-paid', {})).toMatchObject(refused);
    expect(await act(a!.invoice_id, 'void', { reason: 'late' })).toMatchObject(refused);
    expect(await act(b!.invoice_id, 'void', { reason: 'wrong' })).toMatchObject({
      status: 200,
      body: { status: 'void', void_reason: 'wrong' },
    });
    expect(await act(b!.invoice_id, 'void', { reason: 'again' })).toMatchObject(refused);
    expect(await act(b!.invoice_id, 'mark-paid', {})).toMatchObject(refused);
  });

  it('that is paid and voided at the same moment becomes one of them, in the ledger too', async () => {
    for (let round = 0; round < 5; round += 1) {
      const racer = await shop.customer(`racer-${round}`, [plan_id]);
      await shop.bill('2025-01-01', '2025-02-01', racer);
      const { invoice_id } = await shop.newest(racer);
      const answers = await Promise.all([
        s.call('POST', `/v1/invoices/${invoice_id}:void`, { reason: 'race' }),
        s.call('POST', `/v1/invoices/${invoice_id}:mark-paid`, {}),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    }
    expect(await shop.audit()).toEqual([]);
  });

  it('over nothing is paid and void without a transaction', async () => {
    const free = await shop.plan('free', 'AUD', { hello: { model: 'unit', unit_amount: '1', included_quantity: '10' } });
    for (const what of ['void', 'mark-paid']) {
      const guest = await shop.customer(`guest-${what}`, [free]);
      await shop.use(guest, 'hello', '3', '2025-01-15T00:00:00Z');
      await shop.bill('2025-01-01', '2025-02-01', guest);
      const { invoice_id, total } = await shop.newest(guest);
      expect(total.amount).toBe('0.00');
      expect((await s.call('POST', `/v1/invoices/${invoice_id}:${what}`, what === 'void' ? { reason: 'r' } : {})).status).toBe(
        200,
      );
    }
    expect(await shop.audit()).toEqual([]);
  });

  it('is one for each currency, in the decimals that it has', async () => {
    const yen = await shop.plan('yen', 'JPY', { box: { model: 'unit', unit_amount: '0.5' } }, { base_amount: '300' });
    const dinar = await shop.plan('dinar', 'KWD', { bag: { model: 'unit', unit_amount: '0.0005' } }, { base_amount: '1.234' });
    const abroad = await shop.customer('abroad', [yen, dinar]);
    for (const sku of ['box', 'bag']) await shop.use(abroad, sku, '3', '2025-01-15T00:00:00Z');
    expect(await shop.bill('2025-01-01', '2025-02-01', abroad)).toMatchObject({ invoices: 2, errors: [] });
    const { data } = await shop.made('GET', `/v1/invoices?org_id=${abroad}`);
    // 300 + round(1.5) = 302; 1.234 + round(0.0015) = 1.236
    expect(data.map(({ total }: { total: object }) => Object.values(total).join(' ')).sort()).toEqual(['1.236 KWD', '302 JPY']);
  });

  it('below zero is a credit: paying it gives money back', async () => {
    const credit = await shop.plan('credit', 'AUD', { feed_in: { model: 'unit', unit_amount: '-0.10' } });
    const solar = await shop.customer('solar', [credit]);
    await shop.use(solar, 'feed_in', '25', '2025-01-15T00:00:00Z');
    await shop.bill('2025-01-01', '2025-02-01', solar);
    const { invoice_id, total } = await shop.newest(solar);
    expect(total.amount).toBe('-2.50');
    expect((await s.call('POST', `/v1/invoices/${invoice_id}:mark-paid`, {})).body.status).toBe('paid');
    expect(await shop.audit()).toEqual([]);
  });
});

describe('a run over several months', () => {
  it('gives each month’s lines to the partner of record when that month ended', async () => {
    const client = await shop.customer('client', [plan_id]);
    const body = { legal_name: 'P', billing_email: 'a@example.com', default_timezone: 'UTC', partner_tier: 'gold' };
    const [first, second] = [
      (await shop.made('POST', '/v1/orgs', { ...body, org_slug: 'partner-1' })).org_id,
      (await shop.made('POST', '/v1/orgs', { ...body, org_slug: 'partner-2' })).org_id,
    ];
    await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'call', pct: '10' });
    const record = (partner_id: string, start_at: string, end_at?: string) =>
      shop.made('POST', '/v1/partners-of-record', { org_id: client, partner_id, start_at, end_at });
    await record(first, '2025-02-01T00:00:00Z', '2025-03-31T12:00:00Z');
    await record(second, '2025-03-31T12:00:00Z');
    for (const month of ['01', '02', '03']) await shop.use(client, 'call', '8', `2025-${month}-15T00:00:00Z`);
    await shop.bill('2025-01-01', '2025-04-01', client);
    const { data } = await shop.made('GET', `/v1/ledger/lines?org_id=${client}&sku=call`);
    const shares = data.map(
      (line: { period: { from: string }; partner_id: string | null; partner_amount: { amount: string } }) => [
        line.period.from.slice(0, 7),
        line.partner_id,
        line.partner_amount.amount,
      ],
    );
    // 8 × 0.25 = 2.00, of which 10 %.
    expect(shares.sort()).toEqual([
      ['2025-01', null, '0.00'],
      ['2025-02', first, '0.20'],
      ['2025-03', second, '0.20'],
    ]);
    expect(await shop.audit()).toEqual([]);
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', `/v1/billing/runs/${nobody}`, undefined, 'run_unknown'],
    ['GET', `/v1/invoices/${nobody}`, undefined, 'invoice_unknown'],
    ['GET', `/v1/invoices/${nobody}.pdf`, undefined, 'invoice_unknown'],
    ['GET', `/v1/invoices/${nobody}/bundle`, undefined, 'invoice_unknown'],
    ['GET', `/v1/invoices/${nobody}/lines/${nobody}/explanation`, undefined, 'invoice_unknown'],
    ['POST', `/v1/invoices/${nobody}:void`, { reason: 'r' }, 'invoice_unknown'],
    ['POST', `/v1/invoices/${nobody}:mark-paid`, {}, 'invoice_unknown'],
  ])('answers 404 to %s %s', async (method, path, body, code) => {
    expect(await s.call(method, path, body)).toMatchObject({ status: 404, body: { code } });
  });

  it('answers 404 for a line of another invoice', async () => {
    const [a, b] = (await shop.made('GET', `/v1/invoices?org_id=${org_id}`)).data as { invoice_id: string }[];
    const { lines } = await shop.made('GET', `/v1/invoices/${a!.invoice_id}`);
    const path = `/v1/invoices/${b!.invoice_id}/lines/${lines[0].line_id}/explanation`;
    expect(await s.call('GET', path)).toMatchObject({ status: 404, body: { code: 'line_unknown' } });
  });
});
