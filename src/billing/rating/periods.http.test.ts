import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
let plan_id: string;

/** A dollar a call above the ten that each month includes. */
const above_ten = { model: 'unit', unit_amount: '1', included_quantity: '10' };

beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: above_ten });
});

describe('periods that are billed out of order', () => {
  it('leave late usage of a later period to the run that follows it', async () => {
    const org_id = await shop.customer('late-of-later', [plan_id]);
    await shop.use(org_id, 'call', '11', '2025-01-15T00:00:00Z');
    await shop.use(org_id, 'call', '12', '2025-02-15T00:00:00Z');
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    const january = await shop.newest(org_id);
    await shop.bill('2025-02-01', '2025-03-01', org_id);
    await shop.use(org_id, 'call', '40', '2025-02-20T00:00:00Z');
    await shop.void(january.invoice_id);
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    await shop.bill('2025-03-01', '2025-04-01', org_id);
    // February's 12 − 10, January's 11 − 10 again, and with March the 40 that February lacked: 12 + 40 − 10 = 42, of which 2 are billed.
    expect(await shop.lines(org_id)).toEqual(['call 12 2.00', 'call 11 1.00', 'call 40 40.00']);
  });

  it('price a part again together with the later part of its interval', async () => {
    const org_id = await shop.customer('part-again', [plan_id]);
    await shop.use(org_id, 'call', '6', '2025-01-05T00:00:00Z');
    await shop.use(org_id, 'call', '7', '2025-01-20T00:00:00Z');
    await shop.bill('2025-01-01', '2025-01-15', org_id);
    const first = await shop.newest(org_id);
    await shop.bill('2025-01-15', '2025-02-01', org_id);
    // 6 are included; then 6 + 7 − 10 = 3.
    expect(await shop.lines(org_id)).toEqual(['call 6 0.00', 'call 7 3.00']);
    await shop.void(first.invoice_id);
    await shop.use(org_id, 'call', '2', '2025-01-06T00:00:00Z');
    await shop.bill('2025-01-01', '2025-01-15', org_id);
    // 8 + 7 − 10 = 5, of which 3 are billed.
    expect(await shop.lines(org_id)).toEqual(['call 7 3.00', 'call 8 2.00']);
  });

  it('take all of a period again that was billed in two parts, each part’s late usage taken by later runs', async () => {
    const org_id = await shop.customer('parts-to-whole', [plan_id]);
    await shop.use(org_id, 'call', '11', '2025-01-05T00:00:00Z');
    await shop.bill('2025-01-01', '2025-01-15', org_id);
    const first = await shop.newest(org_id);
    // Arrives between the watermarks of the two parts, for the second.
    await shop.use(org_id, 'call', '20', '2025-01-20T00:00:00Z');
    await shop.bill('2025-01-15', '2025-02-01', org_id);
    const second = await shop.newest(org_id);
    await shop.use(org_id, 'call', '15', '2025-02-05T00:00:00Z');
    await shop.bill('2025-02-01', '2025-03-01', org_id);
    await shop.void(first.invoice_id);
    await shop.void(second.invoice_id);
    await shop.use(org_id, 'call', '12', '2025-03-05T00:00:00Z');
    await shop.bill('2025-03-01', '2025-04-01', org_id);
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    // February 15 − 10, March 12 − 10, January 11 + 20 − 10.
    expect(await shop.lines(org_id)).toEqual(['call 15 5.00', 'call 12 2.00', 'call 31 21.00']);
  });
});

describe('what comes late for a part that had been charged nothing', () => {
  it('counts with the parts after it, where quantities do not add up', async () => {
    await shop.made('POST', '/v1/skus', { sku: 'peak', type: 'energy', unit: 'kW', aggregation: 'max' });
    const own = await shop.plan('quarterly', 'AUD', { peak: { model: 'unit', unit_amount: '1' } }, { billing_interval: 'P3M' });
    const org_id = await shop.customer('late-peak', [own]);
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    await shop.bill('2025-02-01', '2025-03-01', org_id);
    await shop.use(org_id, 'peak', '8', '2025-02-10T00:00:00Z');
    await shop.use(org_id, 'peak', '5', '2025-03-10T00:00:00Z');
    await shop.bill('2025-03-01', '2025-04-01', org_id);
    // The quarter's highest is February's 8, which its correction bills; March's 5 adds nothing to it.
    expect(await shop.lines(org_id)).toEqual(['peak 0 0.00', 'peak 8 8.00']);
  });
});

describe('what changes between runs', () => {
  it('is not billed backwards: a new price counts from its own first part on', async () => {
    const own = await shop.plan('changing', 'AUD', { minute: { model: 'unit', unit_amount: '0.25' } });
    const org_id = await shop.customer('new-price', [own]);
    await shop.use(org_id, 'minute', '100', '2025-01-05T00:00:00Z');
    await shop.use(org_id, 'minute', '100', '2025-01-20T00:00:00Z');
    await shop.bill('2025-01-01', '2025-01-15', org_id);
    await shop.made('PUT', `/v1/plans/${own}/skus/minute`, { price: { model: 'unit', unit_amount: '0.5' } });
    await shop.bill('2025-01-15', '2025-02-01', org_id);
    // 100 × 0.25, then 100 × 0.50.
    expect(await shop.lines(org_id)).toEqual(['minute 100 25.00', 'minute 100 50.00']);
  });

  it.each([
    // Sydney is UTC+11: 1 February there is 13:00 of 31 January, so 11 hours are billed already.
    ['east', 'Australia/Sydney', '2025-02-28T14:00:00Z', 'call 13 3.00'],
    // Los Angeles is UTC−8: 1 February there is 08:00, so 8 hours stand between.
    ['west', 'America/Los_Angeles', '2025-03-01T07:00:00Z', 'call 13 13.00'],
  ])('bills every hour once when the organization moves %s', async (to, default_timezone, after, last) => {
    const org_id = await shop.customer(`moves-${to}`, [plan_id]);
    await shop.use(org_id, 'call', '11', '2025-01-31T20:00:00Z');
    await shop.bill('2025-01-01', '2025-02-01', org_id);
    await shop.made('PATCH', `/v1/orgs/${org_id}`, { default_timezone });
    await shop.use(org_id, 'call', '12', '2025-02-01T02:00:00Z');
    const run = await shop.bill('2025-02-01', '2025-03-01', org_id);
    expect(run).toMatchObject({ status: 'completed', errors: [] });
    // 28 February 14:00 is 1 March in Sydney; 1 March 07:00 is 28 February in Los Angeles.
    await shop.use(org_id, 'call', '13', after);
    await shop.bill('2025-03-01', '2025-04-01', org_id);
    // What is after the 28th in Sydney is March's 13 − 10; what is the 28th in Los Angeles came late: 12 + 13 − 10 = 15, 2 of it billed.
    expect(await shop.lines(org_id)).toEqual(['call 11 1.00', 'call 12 2.00', last]);
  });
});

describe('usage that comes to more than can be billed', () => {
  it('keeps nobody else from being billed, and the run says whose it is', async () => {
    const own = await shop.plan('huge', 'AUD', { token: { model: 'unit', unit_amount: '1' } });
    const [slip, other] = [await shop.customer('slip', [own]), await shop.customer('sound', [own])];
    await shop.use(slip, 'token', '99999999999999999999999999', '2025-06-05T00:00:00Z');
    await shop.use(slip, 'token', '99999999999999999999999999', '2025-06-06T00:00:00Z');
    await shop.use(other, 'token', '3', '2025-06-05T00:00:00Z');
    const run = await shop.bill('2025-06-01', '2025-07-01');
    expect(run).toMatchObject({ status: 'completed', errors: [{ org_id: slip }] });
    expect(await shop.lines(other)).toEqual(['token 3 3.00']);
    expect(await shop.lines(slip)).toEqual([]);
  });

  it('is refused where it is charged at once', async () => {
    const own = await shop.plan('huge-now', 'AUD', { ping: { model: 'unit', unit_amount: '1' } });
    const org_id = await shop.customer('slip-now', [own]);
    const lines = [{ sku: 'ping', quantity: '99999999999999999999', request_id: 'slip-now' }];
    expect(await s.call('POST', '/v1/billing/charges', { org_id, lines })).toMatchObject({
      status: 422,
      body: { code: 'amount_out_of_range' },
    });
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
