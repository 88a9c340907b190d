import { beforeAll, describe, expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

interface Usage {
  quantity?: string;
  amount?: string;
  properties?: Record<string, unknown>;
  time: string;
}

let used = 0;
const use = (org_id: string, sku: string, usage: readonly Usage[]) =>
  shop.made(
    'POST',
    '/v1/metering/events',
    usage.map((each) => {
      used += 1;
      return { request_id: `every-${used}`, org_id, sku, ...each };
    }),
  );
const sku = (name: string, more: object = {}) =>
  shop.made('POST', '/v1/skus', { sku: name, type: 'analytics', unit: 'unit', ...more });

/** Every invoice of an organization verifies offline; answers its lines. */
async function verified(org_id: string): Promise<string[]> {
  const jwks = Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  for (const { invoice_id } of (await shop.made('GET', `/v1/invoices?org_id=${org_id}`)).data) {
    const bundle = Buffer.from(JSON.stringify(await shop.made('GET', `/v1/invoices/${invoice_id}/bundle`)));
    const report = verifyBundle(bundle, { jwks });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ authenticated: true, consistent: true });
  }
  return shop.lines(org_id);
}

/** What a preview says is what the run then bills, line by line. */
async function previewedAndBilled(org_id: string, from: string, to: string): Promise<void> {
  const preview = await shop.made('POST', '/v1/billing/previews', { org_id, from, to });
  const run = await shop.bill(from, to, org_id);
  expect(run).toMatchObject({ status: 'completed', errors: [] });
  const invoice = await shop.made('GET', `/v1/invoices/${(await shop.newest(org_id)).invoice_id}`);
  const bare = ({ line_id: _id, steps: _steps, credited: _credited, ...line }: Record<string, unknown>) => line;
  expect(preview.invoices[0].lines.map(bare)).toEqual(invoice.lines.map(bare));
  expect(preview.invoices[0].total).toEqual(invoice.total);
}

/** One plan for each price, on a SKU of its own. */
async function customerOf(name: string, skus: object, price: object): Promise<string> {
  await sku(name, skus);
  return shop.customer(name, [await shop.plan(`plan-${name}`, 'AUD', { [name]: price })]);
}

const at = (day: string, time = '12:00:00Z') => `2025-01-${day}T${time}`;

describe('a plan bills by events', () => {
  it('a percentage of each, after a free part', async () => {
    const price = { model: 'percentage', rate: '2.9', fixed_amount: '0.30', free_events: '1', max_per_event: '5.00' };
    const org_id = await customerOf('payment', {}, price);
    await use(org_id, 'payment', [
      { amount: '50', time: at('02') },
      { amount: '100', time: at('03') },
      { amount: '1000', time: at('04') },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    // The first is free; 2.90 + 0.30 = 3.20; 29.00 + 0.30 is above 5.00.
    expect(await verified(org_id)).toEqual(['payment 1150 8.20']);
  });

  it('amounts that they carry themselves, a correction’s below zero too', async () => {
    const org_id = await customerOf('cloud', { allow_negative: true }, { model: 'dynamic', multiplier: '1.2' });
    await use(org_id, 'cloud', [
      { amount: '10.005', time: at('02') },
      { amount: '-2', time: at('03') },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    // 8.005 × 1.2 = 9.606
    expect(await verified(org_id)).toEqual(['cloud 8.005 9.61']);
  });

  it('the cell of a matrix that their properties match, tiers of its own and an included quantity over all', async () => {
    const cell = (region: string, unit_amount: string) => ({ match: { region }, price: { model: 'unit', unit_amount } });
    const price = {
      model: 'matrix',
      dimensions: ['region'],
      included_quantity: '3',
      cells: [cell('eu', '0.10'), cell('us', '0.20')],
      default: { model: 'flat', amount: '7.00' },
    };
    const org_id = await customerOf('gigabyte', { dimensions: ['region'] }, price);
    await use(org_id, 'gigabyte', [
      { quantity: '10', properties: { region: 'eu' }, time: at('02') },
      { quantity: '5', properties: { region: 'us' }, time: at('03') },
      { quantity: '1', properties: { region: 'mars' }, time: at('04') },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    // 3 of the first 10 are included: 7 × 0.10 + 5 × 0.20 + 7.00 = 8.70
    expect(await verified(org_id)).toEqual(['gigabyte 16 8.70']);
  });

  it('the band of the clock in which they begin, on the day with 23 hours and on the one with 25', async () => {
    const unit = (unit_amount: string) => ({ model: 'unit', unit_amount });
    const price = {
      model: 'time_of_use',
      time_zone: 'Australia/Sydney',
      bands: [{ name: 'night', from: '22:00', to: '07:00', price: unit('0.10') }],
      default: unit('0.40'),
    };
    await sku('kwh', { type: 'energy' });
    const org_id = await shop.customer('tariff', [await shop.plan('plan-kwh', 'AUD', { kwh: price })]);
    const hours = (from: string, count: number) =>
      Array.from({ length: count }, (_each, hour) => ({
        quantity: '1',
        time: Temporal.Instant.from(from).add({ hours: hour }).toString(),
      }));
    // 6 April 2025 (25 hours: 10 at night, 15 by day) and 5 October 2025 (23 hours: 8 and 15), each from local midnight to midnight.
    await use(org_id, 'kwh', [...hours('2025-04-05T13:00:00Z', 25), ...hours('2025-10-04T14:00:00Z', 23)]);
    await previewedAndBilled(org_id, '2025-04-01', '2025-05-01');
    await previewedAndBilled(org_id, '2025-10-01', '2025-11-01');
    // 10 × 0.10 + 15 × 0.40 = 7.00; 8 × 0.10 + 15 × 0.40 = 6.80
    expect(await verified(org_id)).toEqual(['kwh 25 7.00', 'kwh 23 6.80']);
  });

  it('each day’s highest by itself, in the organization’s time zone', async () => {
    const org_id = await customerOf('demand', { aggregation: 'max' }, { model: 'unit', unit_amount: '1.5', bucket: 'P1D' });
    await use(org_id, 'demand', [
      { quantity: '4', time: at('02', '08:00:00Z') },
      { quantity: '6', time: at('02', '18:00:00Z') },
      { quantity: '5', time: at('03', '18:00:00Z') },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    // 6 + 5 at 1.50; the highest of all is 6.
    expect(await verified(org_id)).toEqual(['demand 6 16.50']);
  });

  it.each([
    // 1, 2 and 6: a third of 9
    ['average', {}, '3', '6.00'],
    // a, b and a: two distinct
    ['unique_count', { dimensions: ['user'] }, '2', '4.00'],
    // 31 days: 1 for 30 of them, 2 more for 15, 6 more for 10: (30 + 30 + 60) / 31 = 3.870967…, at 2.00
    ['weighted_sum', {}, '3.870967741935483871', '7.74'],
  ])('the %s of their quantities', async (aggregation, more, quantity, amount) => {
    const org_id = await customerOf(aggregation.replace('_', '-'), { aggregation, ...more }, { model: 'unit', unit_amount: '2' });
    await use(org_id, aggregation.replace('_', '-'), [
      { quantity: '1', properties: { user: 'a' }, time: '2025-01-02T00:00:00Z' },
      { quantity: '2', properties: { user: 'b' }, time: '2025-01-17T00:00:00Z' },
      { quantity: '6', properties: { user: 'a' }, time: '2025-01-22T00:00:00Z' },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    expect(await verified(org_id)).toEqual([`${aggregation.replace('_', '-')} ${quantity} ${amount}`]);
  });

  it('a stock that goes on from the month before', async () => {
    const org_id = await customerOf(
      'stock',
      { aggregation: 'weighted_sum', allow_negative: true },
      { model: 'unit', unit_amount: '1' },
    );
    await use(org_id, 'stock', [
      { quantity: '31', time: at('01', '00:00:00Z') },
      { quantity: '-17', time: '2025-02-15T00:00:00Z' },
    ]);
    await previewedAndBilled(org_id, '2025-01-01', '2025-02-01');
    await previewedAndBilled(org_id, '2025-02-01', '2025-03-01');
    // 31 all January; 31 − 17 × 14 / 28 = 22.5 in February
    expect(await verified(org_id)).toEqual(['stock 31 31.00', 'stock 22.5 22.50']);
  });
});

describe('a period billed in parts, and late', () => {
  const tiers = [
    { up_to: '10', unit_amount: '1' },
    { up_to: null, unit_amount: '0.5' },
  ];
  let org_id: string;

  beforeAll(async () => {
    await sku('call', { dimensions: ['country'] });
    await sku('peak', { aggregation: 'max' });
    const plan_id = await shop.plan('parts', 'AUD', {
      call: { model: 'matrix', dimensions: ['country'], cells: [], default: { model: 'graduated', tiers } },
      peak: { model: 'unit', unit_amount: '2' },
    });
    org_id = await shop.customer('parts', [plan_id]);
  });

  it('comes to what the whole comes to, each part a difference, and names what it corrects', async () => {
    const calls = (quantity: string, day: string) => use(org_id, 'call', [{ quantity, time: at(day) }]);
    const peak = (quantity: string, day: string) => use(org_id, 'peak', [{ quantity, time: at(day) }]);
    await calls('8', '03');
    await peak('5', '03');
    await previewedAndBilled(org_id, '2025-01-01', '2025-01-15');
    await calls('6', '20');
    await peak('9', '20');
    await previewedAndBilled(org_id, '2025-01-15', '2025-02-01');
    // Late for the first part, of a month that is closed.
    await calls('4', '04');
    await peak('12', '04');
    await previewedAndBilled(org_id, '2025-02-01', '2025-03-01');
    expect(await verified(org_id)).toEqual([
      // 8 at 1.00; the highest is 5, at 2.00
      'call 8 8.00',
      'peak 5 10.00',
      // 14: 10 + 4 × 0.50 = 12.00, less 8.00; 9 at 2.00 is 18.00, less 10.00
      'call 6 4.00',
      'peak 4 8.00',
      // 18: 10 + 8 × 0.50 = 14.00, less 12.00; 12 at 2.00 is 24.00, less 18.00
      'call 4 2.00',
      'peak 3 6.00',
    ]);
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
