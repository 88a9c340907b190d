import { beforeAll, describe, expect, it } from 'vitest';
import { issueEverything, named, planted } from '../../../../test/support/issued.ts';
import { testServer } from '../../../../test/support/server.ts';
import { openShop } from '../../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
let orgs: string[] = [];

beforeAll(async () => {
  orgs = await issueEverything(s);
}, 120_000);

const event = (name: string) => `request_id = '${orgs[0]}-${name}'`;
const set = (table: string, change: string, where: string) => `UPDATE ${table} SET ${change} WHERE ${where}`;
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
];

describe('one change that no trigger saw is named, and nothing else', () => {
  it.each(plants)('%s', async (_what, table, sql, names) => {
    expect(named(await planted(s, table, sql()))).toEqual(names());
  });

  it('and when all are taken back, nothing is', async () => {
    expect(await shop.audit()).toEqual([]);
  });
});
