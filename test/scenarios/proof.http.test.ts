import { describe, expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { executeRun } from '../../src/billing/invoicing/service/run.ts';
import { clock } from '../../src/platform/clock.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();

async function made(path: string, body: unknown, method = 'POST') {
  const answer = await s.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

/** A customer on a plan in January 2026, with usage around the turn of its local month; billed. Answers the invoice's bundle. */
async function billedBundle() {
  const org = await made('/v1/orgs', {
    legal_name: 'Zoë’s Café',
    org_slug: 'zoe',
    billing_email: 'zoe@example.com',
    default_timezone: 'Australia/Sydney',
    currency: 'AUD',
  });
  await made('/v1/skus', { sku: 'grid.import', type: 'energy', unit: 'kWh', aggregation: 'sum' });
  await made('/v1/skus', { sku: 'calls', type: 'action', unit: 'call', aggregation: 'count' });
  const { model_id } = await made('/v1/business-models', { code: 'retail', name: 'Retail', currency: 'AUD' });
  const { plan_id } = await made('/v1/plans', { model_id, name: 'Home', base_amount: '10.00' });
  const tiers = [
    { up_to: '10', unit_amount: '0.2511' },
    { up_to: null, unit_amount: '0.3' },
  ];
  await made(`/v1/plans/${plan_id}/skus/grid.import`, { price: { model: 'graduated', tiers, included_quantity: '1.5' } }, 'PUT');
  await made(`/v1/plans/${plan_id}/skus/calls`, { included_qty: '2', overage_price: '0.05' }, 'PUT');
  await made(`/v1/orgs/${org.org_id}/entitlements`, { plan_id, effective_at: '2026-01-01T00:00:00+11:00' });
  const start = Temporal.Instant.from('2026-01-01T00:00:00+11:00');
  const events = Array.from({ length: 200 }, (_, at) => ({
    request_id: `e-${at}`,
    org_id: org.org_id,
    sku: at % 4 === 0 ? 'calls' : 'grid.import',
    time: start.add({ minutes: 200 * at }).toString(),
    quantity: at % 4 === 0 ? '1' : `0.${100 + at}`,
    metadata: { at, note: 'ключ' },
  }));
  const answer = await made('/v1/metering/events', { events });
  const run = await made('/v1/billing/runs', { from: '2026-01-01', to: '2026-02-01', org_id: org.org_id });
  await executeRun({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, run_id: run.run_id });
  const invoices = (await s.call('GET', `/v1/invoices?org_id=${org.org_id}`)).body;
  const invoice_id = invoices.data[0].invoice_id as string;
  const bundle = await s.call('GET', `/v1/invoices/${invoice_id}/bundle`);
  expect(bundle.status).toBe(200);
  return { bundle: bundle.body, events, ack: answer.ack as string };
}

describe('from usage to a bundle that verifies', () => {
  it('offline, with the published keys, the kept acknowledgement and the kept checkpoint; and not once it is changed', async () => {
    const { bundle, events, ack } = await billedBundle();
    const { body: keys } = await s.call('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`);
    const jwks = Buffer.from(JSON.stringify(keys));
    const acks = Buffer.from(
      JSON.stringify({ ack, events: events.map(({ request_id, org_id, sku, time }) => ({ request_id, org_id, sku, time })) }),
    );
    const { body: checkpoints } = await s.call('GET', '/v1/checkpoints');
    const since = Buffer.from(checkpoints.data[0].jws as string);
    const report = verifyBundle(Buffer.from(JSON.stringify(bundle)), { jwks, acks, since });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      authenticated: true,
      consistent: true,
      summary: { lines: 3, usage_lines: 2, events: 200, acknowledged: 200 },
    });

    bundle.charges.find((charge: { days: unknown[] }) => charge.days.length > 0).days[0].events[0].event.quantity = '9';
    const changed = verifyBundle(Buffer.from(JSON.stringify(bundle)), { jwks });
    expect(changed.consistent).toBe(false);
    expect(changed.findings.map(({ where }) => where)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\/charges\/\d\/days\/0\/root$/)]),
    );
  });
});
