import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../../test/support/server.ts';
import { differencesOf, openShop, verificationOf } from '../../../../test/support/shop.ts';
import type { Difference } from '../model.ts';

const s = await testServer();
const shop = openShop(s);
const { tenant_id } = s.tenant;
const verify = (request: { from?: string; to?: string; org_id?: string } = {}) => differencesOf(s, tenant_id, request);

/** Plants SQL that no trigger of the program sees, looks, and puts every row of the table back. */
async function planted(table: string, sql: string): Promise<Difference[]> {
  const past = (text: string) =>
    s.t.superuser(`ALTER TABLE ${table} DISABLE TRIGGER ALL; ${text}; ALTER TABLE ${table} ENABLE TRIGGER ALL`);
  await s.t.superuser(`CREATE TABLE public.kept AS SELECT * FROM ${table}`);
  await past(sql);
  try {
    return await verify();
  } finally {
    await past(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM public.kept`);
    await s.t.superuser('DROP TABLE public.kept');
  }
}

/** `number line sku: field field`, sorted. */
function named(differences: readonly Difference[]): string[] {
  return differences
    .map(({ subject, document, line, sku, fields }) => {
      const what = document === null ? subject : [subject, document, ...(line === null ? [] : [line])].join(' ');
      return `${what} ${sku ?? '-'}: ${[...new Set(fields.map((each) => each.field))].sort().join(' ')}`;
    })
    .sort();
}

const orgs: string[] = [];

beforeAll(async () => {
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
}, 120_000);

describe('what was issued', () => {
  it('comes to the same again, all of it', async () => {
    expect(await shop.audit()).toEqual([]);
    expect(named(await verify())).toEqual([]);
  });

  it('is looked at by period and organization', async () => {
    const of = async (request: object) => (await verificationOf(s, tenant_id, request)).verification.checked;
    const all = await of({});
    expect(all).toMatchObject({ invoices: 11, credit_notes: 4, actions: 8 });
    expect(await of({ from: '2025-02-01', to: '2025-02-15' })).toMatchObject({ invoices: 3, credit_notes: 0, actions: 0 });
    expect(await of({ org_id: orgs[2] })).toMatchObject({ invoices: 4, credit_notes: 0, actions: 0 });
    expect(await of({ org_id: orgs[0] })).toMatchObject({ actions: 8 });
    // Every event of an organization is under its first invoices' lines, and under those that replace or correct them.
    expect(all.events).toBeGreaterThan(100);
  });
});

/** The charge and the ledger line behind a line of the first invoice: `again`, by the sum, with a partner's share. */
const line = (column: string) =>
  `(SELECT ${column} FROM invoice_line JOIN invoice USING (tenant_id, invoice_id) WHERE number = 'INV-000001' AND position = 2)`;
const again = (...fields: string[]) => [`invoice_line INV-000001 2 again: ${fields.join(' ')}`];
const event = (name: string) => `request_id = '${orgs[0]}-${name}'`;
const set = (table: string, change: string, where: string) => `UPDATE ${table} SET ${change} WHERE ${where}`;
const legs = (change: string, transaction: string) =>
  set(
    'posting',
    `amount_minor = amount_minor + CASE line WHEN 1 THEN ${change} WHEN 2 THEN -${change} ELSE 0 END`,
    `transaction_id = ${transaction}`,
  );
const copied = (changes: string) =>
  `INSERT INTO metering_event SELECT (e).* FROM
     (SELECT jsonb_populate_record(m, '${changes}') AS e FROM metering_event m WHERE ${event('daily-01')}) AS copy`;

// An event of January is under the line of the invoice that was credited, and under the line that replaced it: both are named, no other.
const twice = (sku: string, place: number, fields: string) =>
  ['INV-000001', 'INV-000005'].map((number) => `invoice_line ${number} ${place} ${sku}: ${fields}`);
const priced = 'amount amount_exact net quantity steps';
const shared = 'amount amount_exact net partner_amount quantity steps';

const plants: [what: string, table: string, sql: () => string, names: () => string[]][] = [
  [
    'the quantity of an event',
    'metering_event',
    () => set('metering_event', 'quantity = 4', event('call-01-9')),
    () => twice('call', 3, `${shared} usage.root usage.sum`),
  ],
  [
    'the quantity of an event of one invoice',
    'metering_event',
    () => set('metering_event', 'quantity = 4', event('call-02-20')),
    () => [`invoice_line INV-000009 2 call: ${shared} usage.root usage.sum`],
  ],
  [
    'the quantity of an event whose period was corrected since',
    'metering_event',
    () => set('metering_event', 'quantity = 4', `request_id = '${orgs[1]}-call-01-3'`),
    () => ['INV-000002 3', 'INV-000007 8'].map((place) => `invoice_line ${place} call: ${shared} usage.root usage.sum`),
  ],
  [
    'the dimension of an event',
    'metering_event',
    () => set('metering_event', `properties = '{"region": "us"}'`, event('cell-01')),
    () => twice('cell', 4, 'amount amount_exact net steps usage.root'),
  ],
  [
    'the amount of an event',
    'metering_event',
    () => set('metering_event', 'amount = 121', event('share-01')),
    () => twice('share', 7, `${priced} usage.root`),
  ],
  [
    'the largest event',
    'metering_event',
    () => set('metering_event', 'quantity = 5', event('peak-01-1')),
    () => twice('peak', 6, `${priced} usage.root usage.sum`),
  ],
  [
    'what a stock began with',
    'metering_event',
    () => set('metering_event', 'quantity = 3', event('stock-01')),
    () => [
      ...twice('stock', 8, `${priced} usage.root usage.sum`),
      ...['INV-000006', 'INV-000009'].map((number) => `invoice_line ${number} 7 stock: ${priced} usage.opening`),
    ],
  ],
  [
    'the day of an event',
    'metering_event',
    () => set('metering_event', `event_time = '2025-01-21T00:00:00Z'`, event('call-01-20')),
    () => twice('call', 3, 'usage.root'),
  ],
  [
    'the month of an event, to one that was billed',
    'metering_event',
    () => set('metering_event', `event_time = '2025-02-21T00:00:00Z'`, event('call-01-20')),
    () => [
      ...twice('call', 3, `${shared} usage.count usage.root usage.sum`),
      `invoice_line INV-000009 2 call: ${shared} usage.count usage.root usage.sum`,
    ],
  ],
  [
    'the month of an event, to one that was not',
    'metering_event',
    () => set('metering_event', `event_time = '2025-04-21T00:00:00Z'`, event('call-01-20')),
    () => twice('call', 3, `${shared} usage.count usage.root usage.sum`),
  ],
  [
    'the leaf of an event',
    'metering_event',
    () => set('metering_event', `leaf = sha256('another')`, event('call-01-20')),
    () => twice('call', 3, 'usage.leaves'),
  ],
  [
    'an event that is gone',
    'metering_event',
    () => `DELETE FROM metering_event WHERE ${event('share-01')}`,
    () => twice('share', 7, 'line'),
  ],
  [
    'an event more',
    'metering_event',
    () => copied('{"request_id": "more"}'),
    () => twice('daily', 5, `${priced} usage.count usage.root usage.sum`),
  ],
  [
    'an event more of a SKU that had none',
    'metering_event',
    () => copied('{"request_id": "more", "sku": "act"}'),
    () => ['billed_period INV-000001 act: line', 'billed_period INV-000005 act: line'],
  ],
  [
    'the amount of a charge',
    'charge',
    () => set('charge', 'amount_minor = amount_minor + 1', `charge_id = ${line('charge_id')}`),
    () => again('amount'),
  ],
  [
    'the steps of a charge',
    'charge',
    () => set('charge', `steps = '[]'`, `charge_id = ${line('charge_id')}`),
    () => again('steps'),
  ],
  [
    'the usage of a charge',
    'charge',
    () => set('charge', 'usage_count = 9', `charge_id = ${line('charge_id')}`),
    () => again('usage.count'),
  ],
  [
    'the price of a charge',
    'charge',
    () =>
      set('charge', `inputs = inputs || '{"price": {"model": "unit", "unit_amount": "9"}}'`, `charge_id = ${line('charge_id')}`),
    () => again('amount amount_exact inputs net partner_amount steps'),
  ],
  [
    'a charge that is gone',
    'charge',
    () => `DELETE FROM charge WHERE charge_id = ${line('charge_id')}`,
    () => ['billed_period INV-000001 again: line', ...again('charge')],
  ],
  [
    'the time that a period took',
    'usage_take',
    () =>
      set(
        'usage_take',
        `during = tstzrange(lower(during), upper(during) - interval '15 days')`,
        `billed_period_id = (SELECT billed_period_id FROM charge WHERE charge_id = ${line('charge_id')})`,
      ),
    () => [`invoice_line INV-000001 3 call: ${shared} usage.count usage.root usage.sum`],
  ],
  [
    'the gross of a ledger line',
    'ledger',
    () => set('ledger', 'amount_gross = amount_gross + 5, net = net + 5', `entry_id = ${line('entry_id')}`),
    () => again('amount net'),
  ],
  [
    'the split of a ledger line',
    'ledger',
    () => set('ledger', 'partner_amount = partner_amount + 5, net = net - 5', `entry_id = ${line('entry_id')}`),
    () => again('net partner_amount'),
  ],
  [
    'the rate of a ledger line',
    'ledger',
    () => set('ledger', 'partner_pct = 20', `entry_id = ${line('entry_id')}`),
    () => again('net partner_amount'),
  ],
  ['a ledger line that is gone', 'ledger', () => `DELETE FROM ledger WHERE entry_id = ${line('entry_id')}`, () => again('line')],
  [
    'a ledger line more',
    'ledger',
    () =>
      `INSERT INTO ledger SELECT (e).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object('entry_id', gen_random_uuid(), 'charge_id', NULL)) AS e
         FROM ledger l WHERE entry_id = ${line('entry_id')}) AS copy`,
    () => ['invoice INV-000001 -: ledger line'],
  ],
  [
    'the posting of an invoice',
    'posting',
    () => legs('7', `(SELECT ledger_transaction_id FROM invoice WHERE number = 'INV-000001')`),
    () => ['invoice INV-000001 -: posting'],
  ],
  [
    'the posting of a void',
    'posting',
    () => legs('7', '(SELECT transaction_id FROM ledger_transaction WHERE reverses IS NOT NULL)'),
    () => ['invoice INV-000003 -: posting of the void'],
  ],
  [
    'the posting of a payment',
    'posting',
    () => legs('7', `(SELECT transaction_id FROM ledger_transaction WHERE kind = 'payment')`),
    () => ['invoice INV-000001 -: posting of the payment'],
  ],
  [
    'the posting of a credit note',
    'posting',
    () => legs('7', `(SELECT ledger_transaction_id FROM credit_note WHERE number = 'CN-000002')`),
    () => ['credit_note CN-000002 -: posting'],
  ],
  [
    'the posting of single charges',
    'posting',
    () => legs('7', `(SELECT min(transaction_id::text)::uuid FROM ledger_transaction WHERE kind = 'charge')`),
    () => ['action -: posting'],
  ],
  [
    'an amount of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{lines,1,amount}', '"99.00"')`, `number = 'INV-000001'`),
    () => again('amount'),
  ],
  [
    'a description of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{lines,1,description}', '"Other"')`, `number = 'INV-000001'`),
    () => again('content'),
  ],
  [
    'the customer of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{customer,legal_name}', '"Other"')`, `number = 'INV-000001'`),
    () => ['invoice INV-000001 -: document'],
  ],
  [
    'a line less of a document',
    'invoice',
    () => set('invoice', `document = document #- '{lines,1}'`, `number = 'INV-000001'`),
    () => again('line'),
  ],
  [
    'the total of an invoice',
    'invoice',
    () => set('invoice', 'total_minor = total_minor + 1', `number = 'INV-000001'`),
    () => ['invoice INV-000001 -: total'],
  ],
  [
    'the amount of an invoice line',
    'invoice_line',
    () => set('invoice_line', 'amount_minor = amount_minor + 1', `charge_id = ${line('charge_id')}`),
    () => again('amount'),
  ],
  [
    'an invoice line that is gone',
    'invoice_line',
    () => `DELETE FROM invoice_line WHERE charge_id = ${line('charge_id')}`,
    () => ['billed_period INV-000001 again: invoice line', 'invoice INV-000001 -: ledger line line'],
  ],
  [
    'what a credit note left',
    'credit_note',
    () => set('credit_note', `document = jsonb_set(document, '{lines,0,left}', '"99.00"')`, `number = 'CN-000002'`),
    () => ['credit_note_line CN-000002 1 call: left'],
  ],
  [
    'the reason of a credit note',
    'credit_note',
    () => set('credit_note', `document = jsonb_set(document, '{reason}', '"Other"')`, `number = 'CN-000002'`),
    () => ['credit_note CN-000002 -: content'],
  ],
  [
    'the total of a credit note',
    'credit_note',
    () => set('credit_note', 'total_minor = 1', `number = 'CN-000002'`),
    () => ['credit_note CN-000002 -: total'],
  ],
  [
    'the amount of a credit note line',
    'credit_note_line',
    () =>
      set(
        'credit_note_line',
        'amount_minor = amount_minor + 1',
        `credit_note_id = (SELECT credit_note_id FROM credit_note WHERE number = 'CN-000002')`,
      ),
    () => ['credit_note_line CN-000002 1 call: amount'],
  ],
  [
    'the split of a line that takes back',
    'ledger',
    () =>
      set(
        'ledger',
        'partner_amount = partner_amount - 1, net = net + 1',
        `entry_id = (SELECT entry_id FROM credit_note_line JOIN credit_note USING (tenant_id, credit_note_id) WHERE number = 'CN-000002')`,
      ),
    () => ['credit_note_line CN-000002 1 call: net partner_amount'],
  ],
  [
    'the quantity of a single charge',
    'charge',
    () => set('charge', 'quantity = 9', `request_id = 'act-1-b'`),
    () => ['action act: quantity'],
  ],
  [
    'the exact amount of a single charge',
    'charge',
    () => set('charge', 'amount_exact = 9', `request_id = 'act-1-b'`),
    () => ['action act: amount_exact'],
  ],
  [
    'what a single charge posted',
    'ledger',
    () =>
      set(
        'ledger',
        'amount_gross = amount_gross + 5, net = net + 5',
        `charge_id = (SELECT charge_id FROM charge WHERE request_id = 'act-1-b')`,
      ),
    () => ['action act: net posted'],
  ],
];

describe('one change that no trigger saw is named, and nothing else', () => {
  it.each(plants)('%s', async (_what, table, sql, names) => {
    expect(named(await planted(table, sql()))).toEqual(names());
  });

  it('and when all are taken back, nothing is', async () => {
    expect(await shop.audit()).toEqual([]);
  });
});
