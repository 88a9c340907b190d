import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
let org_id: string;
let project_id: string;
let partner_id: string;

/** Calls at 10 cents above the first two in dollars, pings at a tenth of a cent, and boxes at 100 yen. */
beforeAll(async () => {
  const dollars = await shop.plan('dollars', 'AUD', {
    call: { model: 'unit', unit_amount: '0.10', included_quantity: '2' },
    ping: { model: 'unit', unit_amount: '0.001' },
    graded: { model: 'unit', unit_amount: '1', included_quantity: '5' },
  });
  const yen = await shop.plan('yen', 'JPY', { box: { model: 'unit', unit_amount: '100' } });
  org_id = await shop.customer('customer', [dollars, yen]);
  project_id = (await shop.made('POST', '/v1/projects', { org_id, name: 'One' })).project_id;
  const partner = {
    legal_name: 'P',
    org_slug: 'partner',
    billing_email: 'a@example.com',
    default_timezone: 'UTC',
    partner_tier: 'gold',
  };
  partner_id = (await shop.made('POST', '/v1/orgs', partner)).org_id;
});

const line = (sku: string, quantity: string, request_id = randomUUID() as string) => ({ sku, quantity, request_id });
const charge = (lines: object[], more: object = {}) => s.call('POST', '/v1/billing/charges', { org_id, lines, ...more });
const gross = (answer: Awaited<ReturnType<typeof charge>>) =>
  answer.body.lines.map((each: { amount_gross: { amount: string; currency: string } }) =>
    Object.values(each.amount_gross).join(' '),
  );
const balances = async () =>
  (await shop.made('GET', '/v1/ledger/trial-balance')).data.map(
    (row: Record<string, string>) => `${row.kind} ${row.balance} ${row.currency}`,
  );

describe('a charge outside a cycle', () => {
  it('counts on what the month was charged before: what is included is used up once', async () => {
    // 3 − 2 included = 1 at 0.10; then 4 more at 0.10.
    expect(gross(await charge([line('call', '3'), line('call', '4')]))).toEqual(['0.10 AUD', '0.40 AUD']);
    expect(gross(await charge([line('call', '1')]))).toEqual(['0.10 AUD']);
  });

  it('posts a thousand tenths of a cent as a dollar', async () => {
    const lines = Array.from({ length: 1000 }, () => line('ping', '1'));
    const answer = await charge(lines);
    const cents = gross(answer).filter((amount: string) => amount !== '0.00 AUD');
    expect(cents).toHaveLength(100);
    expect(new Set(cents)).toEqual(new Set(['0.01 AUD']));
  });

  it('posts each currency by itself', async () => {
    const before = await balances();
    expect(gross(await charge([line('call', '10'), line('box', '3')]))).toEqual(['1.00 AUD', '300 JPY']);
    const after = await balances();
    expect(before.some((row: string) => row.endsWith('JPY'))).toBe(false);
    expect(after).toEqual(expect.arrayContaining(['receivable 300 JPY', 'revenue -300 JPY']));
  });

  it('keeps with each charge the amount that its own inputs come to', async () => {
    // 4 of 5 included; 4 + 4 − 5 = 3; 4 more.
    for (const quantity of ['4', '4', '4']) await charge([line('graded', quantity)]);
    const rows = await s.t.superuser(
      "SELECT amount_minor, amount_exact::text FROM charge WHERE sku = 'graded' ORDER BY charge_id",
    );
    expect(rows).toEqual([
      { amount_minor: '0', amount_exact: '0' },
      { amount_minor: '300', amount_exact: '3' },
      { amount_minor: '400', amount_exact: '4' },
    ]);
  });

  it('starts its counters anew under a new price', async () => {
    const plan_id = await shop.plan('moving', 'AUD', { hit: { model: 'unit', unit_amount: '1' } });
    const mover = await shop.customer('mover', [plan_id]);
    expect(gross(await charge([line('hit', '10')], { org_id: mover }))).toEqual(['10.00 AUD']);
    await shop.made('PUT', `/v1/plans/${plan_id}/skus/hit`, { price: { model: 'unit', unit_amount: '2' } });
    // 1 × 2.00, and not 11 × 2.00 − 10.00.
    expect(gross(await charge([line('hit', '1')], { org_id: mover }))).toEqual(['2.00 AUD']);
  });

  it('gives the partner of record its share of the gross', async () => {
    await shop.made('PUT', '/v1/commission-rates', { partner_tier: 'gold', sku: 'box', pct: '15' });
    await shop.made('POST', '/v1/partners-of-record', { org_id, partner_id, start_at: '2025-01-01T00:00:00Z' });
    const { body } = await charge([line('box', '3')]);
    // 15 % of 300 is 45.
    expect(body.lines).toMatchObject([
      { partner_id, partner_amount: { amount: '45' }, net: { amount: '255' }, invoice_id: null, period: null },
    ]);
  });
});

describe('a request id', () => {
  it('is charged once: the same again answers the same line, beside new ones', async () => {
    const first = await charge([line('box', '1', 'same')], { project_id });
    const again = await charge([line('box', '1.0', 'same'), line('box', '1', 'fresh')], { project_id });
    expect(again.status).toBe(201);
    expect(again.body.lines[0]).toEqual(first.body.lines[0]);
    expect(again.body.lines[1].charge_id).not.toBe(first.body.lines[0].charge_id);
  });

  it('is charged once by twenty at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => charge([line('box', '1', 'race')])));
    expect(new Set(answers.map(({ body }) => body.lines[0].charge_id)).size).toBe(1);
    expect(await s.t.superuser("SELECT 1 FROM charge WHERE request_id = 'race'")).toHaveLength(1);
  });
});

describe('is refused', () => {
  const nobody = '00000000-0000-7000-8000-000000000000';
  it.each([
    ['an unknown organization', () => charge([line('call', '1')], { org_id: nobody }), 404, 'org_not_found'],
    ['an unknown project', () => charge([line('call', '1')], { project_id: nobody }), 404, 'project_not_found'],
    [
      'another organization’s project',
      () => charge([line('call', '1')], { org_id: partner_id, project_id }),
      404,
      'project_not_found',
    ],
    ['a SKU of no live subscription', () => charge([line('nothing', '1')]), 422, 'not_entitled'],
    ['a negative quantity', () => charge([line('call', '-1')]), 422, 'quantity_negative'],
    [
      'a request id twice in one request',
      () => charge([line('call', '1', 'twice'), line('call', '1', 'twice')]),
      422,
      'duplicate_request_id',
    ],
    ['a request id with another quantity', () => charge([line('box', '2', 'race')]), 409, 'charge_request_conflict'],
    [
      'a request id with another project',
      () => charge([line('box', '1', 'race')], { project_id }),
      409,
      'charge_request_conflict',
    ],
    ['no line', () => charge([]), 422, 'validation_failed'],
    ['a quantity with an exponent', () => charge([line('call', '1e3')]), 422, 'validation_failed'],
    ['an unknown field', () => charge([{ ...line('call', '1'), price: '0' }]), 422, 'validation_failed'],
  ])('%s', async (_what, ask, status, code) => {
    expect(await ask()).toMatchObject({ status, body: { code } });
  });

  it('as a whole: no line of a refused request is charged', async () => {
    expect((await charge([line('box', '1', 'half'), line('nothing', '1')])).status).toBe(422);
    expect(await s.t.superuser("SELECT 1 FROM charge WHERE request_id = 'half'")).toEqual([]);
  });

  it('for a key that is bound to an organization', async () => {
    const bound = { name: 'Bound', scopes: ['billing:write'], org_id };
    expect(await s.call('POST', '/v1/api-keys', bound)).toMatchObject({ status: 422, body: { code: 'scope_not_boundable' } });
  });
});

it('leaves an audit without defects', async () => {
  expect(await shop.audit()).toEqual([]);
});
