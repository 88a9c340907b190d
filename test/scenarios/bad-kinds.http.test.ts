import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectPointer, expectProblem } from '../support/problem.ts';
import { testServer } from '../support/server.ts';
import { populate, type World } from '../support/world.ts';

const s = await testServer();
let world: World;
let made = 0;

beforeAll(async () => {
  world = await populate(s, s.tenant, 'kinds');
  await s.call('PUT', '/v1/test-clock', { now: '2026-06-01T12:00:00Z' });
});

const good = (over: object = {}) => {
  made += 1;
  return {
    request_id: `good-${made}`,
    org_id: world.ids.org,
    sku: world.ids.sku,
    quantity: '1',
    time: '2026-05-01T00:00:00Z',
    ...over,
  };
};

const send = (events: unknown) => s.call('POST', '/v1/metering/events', events);
const stored = async () => (await s.t.superuser<{ count: string }>('SELECT count(*) FROM metering_event'))[0]!.count;

/** What is wrong with a lone event, which is then refused whole; with a good one beside it only it is, and the good one is kept. */
async function expectRejected(event: object, code: string, named: RegExp): Promise<void> {
  const before = await stored();
  const alone = await send([event]);
  expectProblem(alone, code);
  expect(alone).toMatchObject({
    status: 422,
    body: { code: 'events_all_rejected', accepted: 0, rejected: [{ index: 0, code }] },
  });
  expect(await stored()).toBe(before);
  const beside = await send([good(), event]);
  expect(beside).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0, rejected: [{ index: 1, code }] } });
  expect(beside.body.rejected[0].detail).toMatch(named);
}

describe('a usage event is refused, named by its place, and the others of its batch are kept', () => {
  it.each(['request_id', 'org_id', 'sku', 'time'])('without its %s', async (name) => {
    const { [name]: _gone, ...event } = good() as Record<string, unknown>;
    await expectRejected(event, 'field_missing', new RegExp(name));
  });

  it('without a quantity, unless its SKU counts', async () => {
    await expectRejected(good({ quantity: undefined }), 'quantity_required', /quantity/);
    await s.call('POST', '/v1/skus', { sku: 'counted', type: 'action', unit: 'call', aggregation: 'count' });
    expect((await send([good({ sku: 'counted', quantity: undefined })])).body).toMatchObject({ accepted: 1 });
  });

  it.each([
    'NaN',
    'Infinity',
    '-Infinity',
    '1e3',
    '',
    ' 1',
    '1,5',
    '0x1',
    '+1',
    `${'9'.repeat(27)}`,
    `0.${'1'.repeat(13)}`,
    '١',
    true,
    {},
    [],
  ])('with the quantity %j', async (quantity) => {
    await expectRejected(good({ quantity }), 'quantity_invalid', /quantity must be a decimal/);
  });

  it('with a negative quantity that its SKU does not allow', async () => {
    await expectRejected(good({ quantity: '-0.5' }), 'quantity_negative', /negative/);
  });

  it.each(['1e2', '12345678901234567', '0.12345678901234567'])(
    'with the JSON number %s, which is named by its pointer',
    async (number) => {
      const answer = await send(`[${JSON.stringify(good({ quantity: '?' })).replace('"?"', number)}]`);
      expectProblem(answer, number);
      expectPointer(answer, '/0/quantity', number);
    },
  );

  it('of an unknown SKU, organization or project', async () => {
    await expectRejected(good({ sku: 'no.such' }), 'sku_unknown', /SKU/);
    await expectRejected(good({ org_id: randomUUID() }), 'org_unknown', /organization/);
    await expectRejected(good({ project_id: randomUUID() }), 'project_unknown', /project/);
    await expectRejected(good({ org_id: world.ids.loose, project_id: world.ids.project }), 'project_unknown', /project/);
  });

  it('from too far ahead or behind, and says the window: from 2000 to 24 hours from now', async () => {
    // Now is 2026-06-01T12:00:00Z on the tenant's clock.
    expect((await send([good({ time: '2026-06-02T12:00:00Z' }), good({ time: '2000-01-01T00:00:00Z' })])).body).toMatchObject({
      accepted: 2,
    });
    const window = /2000-01-01T00:00:00Z and 2026-06-02T12:00:00Z/;
    await expectRejected(good({ time: '2026-06-02T12:00:01Z' }), 'time_out_of_window', window);
    await expectRejected(good({ time: '1999-12-31T23:59:59Z' }), 'time_out_of_window', window);
  });

  it.each(['2026-02-30T00:00:00Z', '2026-05-01T00:00:00', '0000-01-01T00:00:00Z', '2026-05-01', 'now', '2026-05-01T25:00:00Z'])(
    'at the time %s',
    async (time) => {
      await expectRejected(good({ time }), /^0000/.test(time) ? 'time_out_of_window' : 'time_invalid', /time must/);
    },
  );

  it('with an unknown field, an odd source or documents that are too large', async () => {
    await expectRejected(good({ extra: 1 }), 'field_unknown', /extra/);
    await expectRejected(good({ source: 'elsewhere' }), 'field_invalid', /source must be one of/);
    await expectRejected(good({ metadata: { a: 'x'.repeat(20_000) } }), 'field_invalid', /metadata/);
    await expectRejected(good({ properties: [] }), 'field_invalid', /properties/);
  });

  it('under a request id that was used with another body, in the batch or before it; the first stays as it was', async () => {
    const first = good({ quantity: '7' });
    const other = { ...first, quantity: '8' };
    expect((await send([first, other])).body).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, code: 'request_id_conflict' }],
    });
    for (const change of [
      { quantity: '8' },
      { time: '2026-05-02T00:00:00Z' },
      { org_id: world.ids.loose },
      { metadata: { a: 1 } },
    ]) {
      await expectRejected({ ...first, ...change }, 'request_id_conflict', /another body/);
    }
    const rows = await s.t.superuser('SELECT trim_scale(quantity)::text AS quantity FROM metering_event WHERE request_id = $1', [
      first.request_id,
    ]);
    expect(rows).toEqual([{ quantity: '7' }]);
  });

  it('never for being there already: the same event twice in a batch, or written otherwise, is a duplicate', async () => {
    const event = good({ quantity: '1.5' });
    expect((await send([event, event])).body).toMatchObject({ accepted: 1, duplicates: 1, rejected: [] });
    const spelled = { ...event, quantity: '01.50', time: '2026-05-01T10:00:00+10:00', source: 'backend', metadata: null };
    expect((await send([spelled])).body).toMatchObject({ accepted: 0, duplicates: 1, rejected: [] });
    expect((await send([{ ...event, quantity: 1.5 }])).body).toMatchObject({ accepted: 0, duplicates: 1 });
  });
});

describe('a batch', () => {
  it('is refused when it is empty, too large or no list', async () => {
    for (const [body, code] of [
      [[], 'events_missing'],
      [{ events: [] }, 'events_missing'],
      [{ events: null }, 'events_missing'],
      [{}, 'events_missing'],
      [Array.from({ length: 10_001 }, () => good()), 'events_too_many'],
    ] as const) {
      const answer = await send(body);
      expectProblem(answer, code);
      expect(answer).toMatchObject({ status: 422, body: { code } });
    }
  });

  it('of nothing but what is no event names each by its place', async () => {
    const answer = await send([null, 1, 'x', [], {}]);
    expect(answer.status).toBe(422);
    expect(answer.body.rejected.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('a price is refused, and said where', () => {
  const tier = (up_to: string | null, more: object = { unit_amount: '1' }) => ({ up_to, ...more });
  const unit = { model: 'unit', unit_amount: '1' };
  const cases: [string, unknown, string][] = [
    ['whose tiers descend', { model: 'graduated', tiers: [tier('10'), tier('5'), tier(null)] }, '/price/tiers'],
    ['whose tiers overlap', { model: 'graduated', tiers: [tier('10'), tier('10'), tier(null)] }, '/price/tiers'],
    ['whose tiers never end', { model: 'volume', tiers: [tier('10'), tier('20')] }, '/price/tiers'],
    ['whose tiers end in the middle', { model: 'graduated', tiers: [tier(null), tier('20')] }, '/price/tiers'],
    ['without tiers', { model: 'graduated', tiers: [] }, '/price/tiers'],
    ['with a tier at zero', { model: 'graduated', tiers: [tier('0'), tier(null)] }, '/price/tiers'],
    ['with minor units that the currency lacks', { model: 'flat', amount: '1.005' }, '/price/amount'],
    [
      'with minor units in a tier that the currency lacks',
      { model: 'graduated', tiers: [tier(null, { flat_amount: '0.001' })] },
      '/price/tiers/0/flat_amount',
    ],
    ['with thirteen decimals', { model: 'unit', unit_amount: '0.0000000000001' }, '/price/unit_amount'],
    ['with an exponent', { model: 'unit', unit_amount: '1e3' }, '/price/unit_amount'],
    ['that is not a number', { model: 'unit', unit_amount: 'NaN' }, '/price/unit_amount'],
    ['that is infinite', { model: 'unit', unit_amount: 'Infinity' }, '/price/unit_amount'],
    ['without an amount', { model: 'unit' }, '/price/unit_amount'],
    ['of packages of nothing', { model: 'package', package_size: '0', package_amount: '1' }, '/price/package_size'],
    ['of packages below nothing', { model: 'package', package_size: '-1', package_amount: '1' }, '/price/package_size'],
    ['with a discount over 100 percent', { ...unit, discounts: [{ percent: '100.1' }] }, '/price/discounts/0/percent'],
    ['with a discount of nothing said', { ...unit, discounts: [{}] }, '/price/discounts/0'],
    ['with a minimum above its maximum', { ...unit, minimum_amount: '2', maximum_amount: '1' }, '/price'],
    ['that divides by zero', { ...unit, transform: { divide: '0' } }, '/price/transform/divide'],
    ['with an unknown model', { model: 'guess' }, '/price/model'],
    ['without a model', {}, '/price/model'],
    ['with an unknown field', { ...unit, extra: '1' }, '/price/extra'],
    ['that is none', null, '/price'],
    ['that is a list', [], '/price'],
    ['that is a text', 'unit', '/price'],
  ];

  it.each(cases)('%s', async (label, price, pointer) => {
    const on_plan = await s.call('PUT', `/v1/plans/${world.ids.addon}/skus/${world.ids.extra}`, { price });
    expectProblem(on_plan, label);
    expect(on_plan.status, label).toBe(422);
    expectPointer(on_plan, pointer, label);
    const evaluated = await s.call('POST', '/v1/pricing/evaluate', { currency: 'AUD', price, quantity: '1' });
    expectProblem(evaluated, label);
    expect(evaluated.status, label).toBe(422);
    expectPointer(evaluated, pointer, label);
  });

  it('with an included quantity given twice, or with nothing', async () => {
    const path = `/v1/plans/${world.ids.addon}/skus/${world.ids.extra}`;
    const twice = await s.call('PUT', path, { included_qty: '1', price: { ...unit, included_quantity: '1' } });
    expectProblem(twice, 'twice');
    expect(twice.body.code).toBe('included_quantity_twice');
    expectProblem(await s.call('PUT', path, {}), 'nothing');
  });

  it('in a currency that there is not, or with decimals that the yen lacks', async () => {
    for (const currency of ['ZZZ', 'aud', 'AU', '', 'BTC']) {
      const answer = await s.call('POST', '/v1/pricing/evaluate', { currency, price: unit, quantity: '1' });
      expectProblem(answer, currency);
      expectPointer(answer, '/currency', currency);
      const model = await s.call('POST', '/v1/business-models', { code: `m-${currency}`, name: 'x', currency });
      expectProblem(model, currency);
      expectPointer(model, '/currency', currency);
    }
    const yen = await s.call('POST', '/v1/pricing/evaluate', {
      currency: 'JPY',
      price: { model: 'flat', amount: '1.5' },
      quantity: '1',
    });
    expectPointer(yen, '/price/amount', 'JPY');
  });

  it('never changes what is billed: a new price is a new version, and the old line still explains itself by the old one', async () => {
    const { lines } = (await s.call('GET', `/v1/invoices/${world.ids.org_invoice}`)).body;
    const line = lines.find((each: { sku: string | null }) => each.sku === world.ids.sku);
    const explanation = `/v1/invoices/${world.ids.org_invoice}/lines/${line.line_id}/explanation`;
    const before = (await s.call('GET', explanation)).body;
    const changed = await s.call('PUT', `/v1/plans/${world.ids.plan}/skus/${world.ids.sku}`, { overage_price: '99' });
    expect(changed.body.version).toBe(before.price_version.version + 1);
    expect((await s.call('GET', explanation)).body).toEqual(before);
    const planted = s.t.superuser("UPDATE price_version SET price = '{}' WHERE plan_id = $1", [world.ids.plan]);
    await expect(planted).rejects.toMatchObject({ code: '42501' });
  });
});
