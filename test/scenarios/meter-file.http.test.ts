import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { executeRun } from '../../src/billing/invoicing/service/run.ts';
import { clock } from '../../src/platform/clock.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { importFile } from '../../src/usage/meters/service/imports.ts';
import { testServer } from '../support/server.ts';
import { differencesOf } from '../support/shop.ts';

const real = fileURLToPath(new URL('../../../shared/data/meter/nem/Example_NEM12_month_solar.csv', import.meta.url));
const s = await testServer();
const ingest = createIngest(s.t.postgres, { queue_events: 100_000 });

async function made(path: string, body: unknown, method = 'POST') {
  const answer = await s.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

const scope = () => s.t.scope({ tenant_id: s.tenant.tenant_id, now: clock.now() });

function bring(content: string, org: string) {
  const deps = { postgres: s.t.postgres, clock, ingest, data_dir: s.config.data_dir };
  return importFile(deps, scope(), { content: Readable.from([content]), filename: 'meter.csv', request: { org } });
}

/** Bills [from, to) at once, without the queue. */
async function bill(from: string, to: string, org_id: string) {
  const { run_id } = await made('/v1/billing/runs', { from, to, org_id });
  return executeRun({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, run_id });
}

async function customer(slug: string, effective_at: string) {
  const org = await made('/v1/orgs', {
    legal_name: slug,
    org_slug: slug,
    billing_email: 'a@b.example',
    default_timezone: 'Australia/Brisbane',
  });
  return {
    org_id: org.org_id as string,
    entitle: (plan_id: string) => made(`/v1/orgs/${org.org_id}/entitlements`, { plan_id, effective_at }),
  };
}

async function solarPlan(name: string) {
  const { model_id } = await made('/v1/business-models', { code: `retail-${name}`, name, currency: 'AUD' });
  const { plan_id } = await made('/v1/plans', { model_id, name, base_amount: '30.00' });
  await made(`/v1/plans/${plan_id}/skus/energy`, { overage_price: '0.285' }, 'PUT');
  await made(`/v1/plans/${plan_id}/skus/energy-export`, { price: { model: 'unit', unit_amount: '-0.05' } }, 'PUT');
  return plan_id as string;
}

describe('a meter file', () => {
  it('of two days becomes an invoice with its sums, a PDF and a bundle that verifies', async () => {
    const { org_id, entitle } = await customer('two-days', '2026-03-01T00:00:00+10:00');
    const day = (date: string, value: string) => `300,${date},${Array.from({ length: 48 }, () => value).join(',')},A,,,,`;
    const rows = ['200,NMI0000001,E1,E1,E1,N1,M1,kWh,30,', day('20260301', '0.5'), day('20260302', '1.25')];
    const report = await bring(['100,NEM12,202603031200,A,B', ...rows, '900', ''].join('\n'), 'two-days');
    expect(report).toMatchObject({ status: 'completed', totals: { accepted: 96, duplicates: 0, rejected: 0 } });
    await made('/v1/skus', { sku: 'energy-export', type: 'energy', unit: 'kWh', aggregation: 'sum' });
    await entitle(await solarPlan('two'));
    expect(await bill('2026-03-01', '2026-04-01', org_id)).toMatchObject({ status: 'completed', invoices: 1 });

    const [{ invoice_id }] = (await s.call('GET', `/v1/invoices?org_id=${org_id}`)).body.data;
    const invoice = (await s.call('GET', `/v1/invoices/${invoice_id}`)).body;
    // 48 × 0.5 + 48 × 1.25 = 84 kWh × 0.285 = 23.94; 30.00 + 23.94 = 53.94
    expect(invoice.total).toEqual({ amount: '53.94', currency: 'AUD' });
    expect(
      invoice.lines.map((line: { quantity: string; amount: { amount: string } }) => [line.quantity, line.amount.amount]),
    ).toEqual([
      ['1', '30.00'],
      ['84', '23.94'],
    ]);
    const explanation = (await s.call('GET', `/v1/invoices/${invoice_id}/lines/${invoice.lines[1].line_id}/explanation`)).body;
    expect(explanation).toMatchObject({
      amount_exact: '23.94',
      usage: { count: 96, sum: '84', more: true },
      rounding: { mode: 'half_up', amount: '0' },
    });
    expect(explanation.steps).toMatchObject([{ kind: 'unit', quantity: '84', rate: '0.285', amount: '23.94' }]);
    expect(explanation.usage.events[0]).toMatchObject({ time: '2026-02-28T14:00:00Z', quantity: '0.5', source: 'meter' });

    const pdf = await s.call('GET', `/v1/invoices/${invoice_id}.pdf`);
    expect(pdf.headers['content-type']).toBe('application/pdf');
    expect(pdf.body.subarray(0, 5).toString()).toBe('%PDF-');

    const bundle = (await s.call('GET', `/v1/invoices/${invoice_id}/bundle`)).body;
    const jwks = Buffer.from(JSON.stringify((await s.call('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)).body));
    const report_of = (value: unknown) => verifyBundle(Buffer.from(JSON.stringify(value)), { jwks });
    expect(report_of(bundle)).toMatchObject({ authenticated: true, consistent: true });
    bundle.charges[1].days[0].events[3].event.quantity = '0.4';
    expect(report_of(bundle)).toMatchObject({ consistent: false });
  });

  it('is the same again: nothing changes, and the import says so', async () => {
    const file = [
      '100,NEM12,202603031200,A,B',
      '200,NMI0000002,E1,E1,E1,N1,M2,kWh,30,',
      `300,20260301,${Array.from({ length: 48 }, () => '1').join(',')},A,,,,`,
      '900',
      '',
    ];
    await customer('again', '2026-03-01T00:00:00+10:00');
    expect((await bring(file.join('\n'), 'again')).totals.accepted).toBe(48);
    const second = await bring(file.join('\n'), 'again');
    expect(second.totals.accepted).toBe(0);
  });

  it('of a real solar month is billed to its sums', async ({ skip }) => {
    if (!existsSync(real)) skip('../shared/data/meter is not here');
    const { org_id, entitle } = await customer('real-month', '2023-03-01T00:00:00+10:00');
    expect(await bring(readFileSync(real, 'utf8'), 'real-month')).toMatchObject({
      status: 'completed',
      totals: { accepted: 17_856, rejected: 0 },
    });
    await entitle(await solarPlan('real'));
    await bill('2023-03-01', '2023-04-01', org_id);
    const [{ invoice_id }] = (await s.call('GET', `/v1/invoices?org_id=${org_id}`)).body.data;
    const { lines, total } = (await s.call('GET', `/v1/invoices/${invoice_id}`)).body;
    // Sums by awk over the file: E1 270.738 kWh, B1 589.172 kWh. 270.738 × 0.285 = 77.16033; 589.172 × −0.05 = −29.4586.
    expect(
      lines.map((line: { sku: string; quantity: string; amount_exact: string }) => [line.sku, line.quantity, line.amount_exact]),
    ).toEqual([
      [null, '1', '30'],
      ['energy', '270.738', '77.16033'],
      ['energy-export', '589.172', '-29.4586'],
    ]);
    expect(total.amount).toBe('77.70');
  });
});

describe('a charge outside a cycle', () => {
  it('counts on the charges before it: included once, and a thousand tenths of a cent are a dollar', async () => {
    const { org_id, entitle } = await customer('actions', '2026-01-01T00:00:00+10:00');
    await made('/v1/skus', { sku: 'ping', type: 'action', unit: 'ping', aggregation: 'sum' });
    const { model_id } = await made('/v1/business-models', { code: 'pings', name: 'Pings', currency: 'AUD' });
    const { plan_id } = await made('/v1/plans', { model_id, name: 'Pings' });
    await made(`/v1/plans/${plan_id}/skus/ping`, { included_qty: '10', overage_price: '0.001' }, 'PUT');
    await entitle(plan_id);
    const charge = (from: number, count: number) =>
      made('/v1/billing/charges', {
        org_id,
        lines: Array.from({ length: count }, (_, at) => ({ sku: 'ping', quantity: '1', request_id: `p-${from + at}` })),
      });
    await charge(0, 505);
    await charge(505, 505);
    await charge(505, 505);
    const rows = await s.t.superuser<{ lines: string; gross: string; exact: string }>(
      'SELECT count(*) AS lines, sum(amount_gross) AS gross, sum(amount_exact) AS exact FROM ledger WHERE org_id = $1',
      [org_id],
    );
    // 1,010 pings, 10 included: 1,000 × 0.001 = 1.00, whatever the order in which cents fall due.
    expect(rows).toEqual([{ lines: '1010', gross: '100', exact: '1.000' }]);
    const clash = await s.call('POST', '/v1/billing/charges', {
      org_id,
      lines: [{ sku: 'ping', quantity: '2', request_id: 'p-0' }],
    });
    expect(clash).toMatchObject({ status: 409, body: { code: 'charge_request_conflict' } });
    const estimate = await made('/v1/pricing/estimate', { org_id, skus: { ping: '2.5' }, leads: '1000' });
    // 2,500 pings, 10 included: 2,490 × 0.001 = 2.49
    expect(estimate).toMatchObject({
      lines: [{ sku: 'ping', included: '10', overage: '2490', total: { amount: '2.49' } }],
      grand_total: { amount: '2.49' },
    });
  });
});

it('leaves nothing for the audit', async () => {
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
  expect(await differencesOf(s, s.tenant.tenant_id)).toEqual([]);
});
