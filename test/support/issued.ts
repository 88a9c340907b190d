import { expect } from 'vitest';
import type { Difference } from '../../src/desk/reconciliation/model.ts';
import type { TestServer } from './server.ts';
import { openShop, verificationOf } from './shop.ts';

/** Plants SQL that no trigger of the program sees, looks, and puts every row of the table back. */
export async function planted(s: TestServer, table: string, sql: string): Promise<Difference[]> {
  const past = (text: string) =>
    s.t.superuser(`ALTER TABLE ${table} DISABLE TRIGGER ALL; ${text}; ALTER TABLE ${table} ENABLE TRIGGER ALL`);
  await s.t.superuser(`CREATE TABLE public.kept AS SELECT * FROM ${table}`);
  await past(sql);
  try {
    return (await verificationOf(s, s.tenant.tenant_id)).differences;
  } finally {
    await past(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM public.kept`);
    await s.t.superuser('DROP TABLE public.kept');
  }
}

/** `number line sku: field field`, sorted. */
export function named(differences: readonly Difference[]): string[] {
  return differences
    .map(({ subject, document, line, sku, fields }) => {
      const what = document === null ? subject : [subject, document, ...(line === null ? [] : [line])].join(' ');
      return `${what} ${sku ?? '-'}: ${[...new Set(fields.map((each) => each.field))].sort().join(' ')}`;
    })
    .sort();
}

/**
 * A business of three organizations in as many zones, two of them a partner's, over two months: charges of every kind of usage and outside
 * cycles, corrections, a period billed again, credit notes before and after payment, a void. Answers the organizations.
 */
export async function issueEverything(s: TestServer): Promise<string[]> {
  const shop = openShop(s);
  const orgs: string[] = [];

  await shop.made('POST', '/v1/skus', { sku: 'call', type: 'action', unit: 'call' });
  await shop.made('POST', '/v1/skus', { sku: 'again', type: 'action', unit: 'call', late_policy: 'rebill' });
  await shop.made('POST', '/v1/skus', { sku: 'peak', type: 'action', unit: 'kW', aggregation: 'max' });
  await shop.made('POST', '/v1/skus', { sku: 'stock', type: 'hosting', unit: 'GB', aggregation: 'weighted_sum' });
  const plan_id = await shop.plan(
    'plan',
    'AUD',
    {
      call: {
        model: 'graduated',
        tiers: [
          { up_to: '5', unit_amount: '1.005' },
          { up_to: null, unit_amount: '0.5' },
        ],
      },
      again: { model: 'unit', unit_amount: '0.3' },
      peak: { model: 'unit', unit_amount: '2' },
      stock: { model: 'unit', unit_amount: '0.07' },
      share: { model: 'percentage', rate: '2.9', fixed_amount: '0.30' },
      daily: { model: 'unit', unit_amount: '0.1', bucket: 'P1D' },
      cell: {
        model: 'matrix',
        dimensions: ['region'],
        cells: [{ match: { region: 'eu' }, price: { model: 'unit', unit_amount: '1' } }],
        default: { model: 'unit', unit_amount: '3' },
      },
      act: { model: 'unit', unit_amount: '0.004' },
    },
    { base_amount: '10.00' },
  );
  const zones = ['UTC', 'Australia/Sydney', 'America/New_York'];
  const partner = await shop.made('POST', '/v1/orgs', {
    ...{
      legal_name: 'partner',
      org_slug: 'partner',
      billing_email: 'a@example.com',
      default_timezone: 'UTC',
      partner_tier: 'gold',
    },
  });
  for (const sku of ['call', 'again', 'act'])
    await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku, pct: '12.5' });
  for (const [at, default_timezone] of zones.entries()) {
    const slug = `org-${at}`;
    const { org_id } = await shop.made('POST', '/v1/orgs', {
      ...{ legal_name: slug, org_slug: slug, billing_email: 'a@example.com', default_timezone },
    });
    const start = Temporal.PlainDate.from('2025-01-01').toZonedDateTime(default_timezone).toInstant().toString();
    await shop.made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at: start });
    if (at < 2) await shop.made('POST', '/v1/partners-of-record', { org_id, partner_id: partner.org_id, start_at: start });
    orgs.push(org_id);
  }
  const event = (org_id: string, request_id: string, more: object) => ({
    org_id,
    request_id: `${org_id}-${request_id}`,
    ...more,
  });
  await shop.made(
    'POST',
    '/v1/metering/events',
    orgs.flatMap((org_id) =>
      ['01', '02'].flatMap((month) => [
        ...[3, 9, 20].map((day) =>
          event(org_id, `call-${month}-${day}`, {
            sku: 'call',
            quantity: '3',
            time: `2025-${month}-${String(day).padStart(2, '0')}T05:00:00Z`,
          }),
        ),
        event(org_id, `again-${month}`, { sku: 'again', quantity: '7', time: `2025-${month}-05T05:00:00Z` }),
        event(org_id, `peak-${month}-1`, { sku: 'peak', quantity: '4', time: `2025-${month}-05T05:00:00Z` }),
        event(org_id, `peak-${month}-2`, { sku: 'peak', quantity: '2', time: `2025-${month}-06T05:00:00Z` }),
        event(org_id, `stock-${month}`, { sku: 'stock', quantity: '31', time: `2025-${month}-10T05:00:00Z` }),
        event(org_id, `share-${month}`, { sku: 'share', quantity: '1', amount: '120', time: `2025-${month}-10T05:00:00Z` }),
        event(org_id, `daily-${month}`, { sku: 'daily', quantity: '5', time: `2025-${month}-10T05:00:00Z` }),
        event(org_id, `cell-${month}`, {
          sku: 'cell',
          quantity: '2',
          properties: { region: 'eu' },
          time: `2025-${month}-10T05:00:00Z`,
        }),
      ]),
    ),
  );
  for (let at = 0; at < 4; at += 1)
    await shop.made('POST', '/v1/billing/charges', {
      org_id: orgs[0],
      lines: [
        { sku: 'act', quantity: '1', request_id: `act-${at}-a` },
        { sku: 'act', quantity: '2', request_id: `act-${at}-b` },
      ],
    });
  await shop.bill('2025-01-01', '2025-02-01');
  const first = await shop.newest(orgs[0]!);
  const { lines } = await shop.made('GET', `/v1/invoices/${first.invoice_id}`);
  const call = lines.find((line: { sku: string }) => line.sku === 'call');
  for (const amount of ['1.11', '0.50'])
    await shop.made('POST', `/v1/invoices/${first.invoice_id}/credit-notes`, {
      reason: 'A reason',
      lines: [{ line_id: call.line_id, amount: { amount, currency: 'AUD' } }],
    });
  await shop.made('POST', `/v1/invoices/${first.invoice_id}:mark-paid`, { reference: 'bank' });
  await shop.made('POST', `/v1/invoices/${first.invoice_id}/credit-notes`, {
    reason: 'A reason',
    lines: [{ line_id: call.line_id }],
  });
  await shop.void((await shop.newest(orgs[2]!)).invoice_id);
  await shop.bill('2025-01-01', '2025-02-01', orgs[2]);
  // Late: corrected by the next run, or the period billed again; one is taken back by a counter-event.
  await shop.made(
    'POST',
    '/v1/metering/events',
    orgs
      .slice(1)
      .flatMap((org_id) => [
        event(org_id, 'late-call', { sku: 'call', quantity: '4', time: '2025-01-11T05:00:00Z' }),
        event(org_id, 'late-peak', { sku: 'peak', quantity: '9', time: '2025-01-11T05:00:00Z' }),
        event(org_id, 'late-cell', { sku: 'cell', quantity: '1', time: '2025-01-11T05:00:00Z' }),
      ]),
  );
  await shop.made('POST', '/v1/metering/events', [
    event(orgs[0]!, 'late-again', { sku: 'again', quantity: '2', time: '2025-01-11T05:00:00Z' }),
  ]);
  await shop.made('POST', `/v1/metering/events/${encodeURIComponent(`${orgs[1]}-call-01-9`)}:void`, { reason: 'A reason' });
  expect(await shop.bill('2025-02-01', '2025-02-15')).toMatchObject({ errors: [] });
  await shop.made('PUT', `/v1/plans/${plan_id}/skus/call`, { price: { model: 'unit', unit_amount: '2' } });
  expect(await shop.bill('2025-02-15', '2025-03-01')).toMatchObject({ errors: [] });
  return orgs;
}
