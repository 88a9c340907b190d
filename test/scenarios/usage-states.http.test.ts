import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errors } from '../../src/billing/rating/errors.ts';
import { lifecycle, USAGE_STATES, type UsageState, type UsageStateEntry } from '../../src/billing/rating/model/lifecycle.ts';
import { applyTransition } from '../../src/kernel/lifecycle.ts';
import { stepsOf, stepsTaken } from '../support/lifecycles.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);
const unit = (unit_amount: string) => ({ model: 'unit', unit_amount });
const [january, february, march] = ['2025-01-01', '2025-02-01', '2025-03-01'] as const;
const moment = (date: string) => `${date}T00:00:00Z`;

const statesOf = async (org_id: string, more = ''): Promise<UsageStateEntry[]> =>
  (await shop.made('GET', `/v1/metering/usage-states?org_id=${org_id}${more}`)).data;
/** `sku from state`, by SKU and time. */
const shown = async (org_id: string): Promise<string[]> =>
  (await statesOf(org_id)).map(({ sku, period, state }) => `${sku} ${period.from.slice(0, 10)} ${state}`).sort();

interface Told {
  sku: string;
  from: string;
}
/** What was told of an organization's usage, oldest first: `state sku from`. */
async function told(org_id: string): Promise<string[]> {
  const { data } = await shop.made('GET', `/v1/events?aggregate_id=${org_id}&limit=100`);
  return data
    .filter(({ type }: { type: string }) => /^usage\.(rated|billed|voided)$/.test(type))
    .reverse()
    .flatMap(({ type, data }: { type: string; data: { usage: Told[] } }) =>
      data.usage.map(({ sku, from }) => `${type.replace('usage.', '')} ${sku} ${from.slice(0, 10)}`),
    );
}

describe('the lifecycle of usage', () => {
  const steps = ['billed → voided', 'rated → billed', 'reported → rated', 'voided → rated'];

  it('has these steps and no others, here and in the database', async () => {
    expect(stepsOf(lifecycle)).toEqual(steps);
    const org_id = await shop.customer('steps', [await shop.plan('steps', 'AUD', { step: unit('1') })]);
    await shop.use(org_id, 'step', '1', moment(january));
    await shop.bill(january, february, org_id);
    const [{ usage_state_id, charge_id, invoice_id }] = (await statesOf(org_id)) as [UsageStateEntry];
    const set = (charge: string | null, invoice: string | null) =>
      `charge_id = ${charge ? `'${charge}'` : 'NULL'}, invoice_id = ${invoice ? `'${invoice}'` : 'NULL'}`;
    const taken = await stepsTaken<UsageState>(s.t, {
      table: 'usage_state',
      column: 'state',
      where: `usage_state_id = '${usage_state_id}'`,
      set: {
        reported: set(null, null),
        rated: set(charge_id, null),
        billed: set(charge_id, invoice_id),
        voided: set(charge_id, invoice_id),
      },
    });
    expect(taken).toEqual({ steps, begins: ['reported'] });
    expect([...lifecycle.begins]).toEqual(taken.begins);
    await expect(s.t.superuser('DELETE FROM usage_state WHERE usage_state_id = $1', [usage_state_id])).rejects.toThrow(
      'append-only',
    );
  });

  it.each(USAGE_STATES.flatMap((from) => USAGE_STATES.map((to) => [from, to] as const)))(
    'takes or refuses the step from %s to %s by name',
    (from, to) => {
      const apply = () => applyTransition(lifecycle, { from, to }, errors.usage_transition);
      if (steps.includes(`${from} → ${to}`)) expect(apply()).toBe(to);
      else expect(apply).toThrow(expect.objectContaining({ code: 'usage_transition' }));
    },
  );
});

describe('usage', () => {
  it('is rated and billed by a run, voided with its invoice, and rated again', async () => {
    const org_id = await shop.customer('round', [await shop.plan('round', 'AUD', { one: unit('1'), two: unit('2') })]);
    await shop.use(org_id, 'one', '3', moment(january));
    await shop.use(org_id, 'two', '3', moment(january));
    expect(await shown(org_id)).toEqual([]);
    const { run_id } = await shop.bill(january, february, org_id);
    const { invoice_id } = await shop.newest(org_id);
    expect(await shown(org_id)).toEqual(['one 2025-01-01 billed', 'two 2025-01-01 billed']);
    expect(await statesOf(org_id, '&sku=one&state=billed')).toMatchObject([
      { org_id, sku: 'one', period: { from: moment(january), to: moment(february) }, invoice_id, problem: null },
    ]);
    const both = (state: string) => [`${state} one 2025-01-01`, `${state} two 2025-01-01`];
    expect(await told(org_id)).toEqual([...both('rated'), ...both('billed')]);
    const { data } = await shop.made('GET', `/v1/events?aggregate_id=${run_id}`);
    expect(data).toMatchObject([
      { type: 'billing.run.completed' },
      { type: 'rating.completed', data: { run_id, subscriptions: 1, charges: 2, failed: 0 } },
    ]);

    await shop.void(invoice_id);
    expect(await shown(org_id)).toEqual(['one 2025-01-01 voided', 'two 2025-01-01 voided']);
    await shop.bill(january, february, org_id);
    expect(await shown(org_id)).toEqual(['one 2025-01-01 billed', 'two 2025-01-01 billed']);
    const again = await statesOf(org_id);
    expect(again[0]!.invoice_id).toBe((await shop.newest(org_id)).invoice_id);
    expect(await told(org_id)).toEqual([
      ...[...both('rated'), ...both('billed')],
      ...both('voided'),
      ...[...both('rated'), ...both('billed')],
    ]);
    expect(await shop.audit()).toEqual([]);
  });

  it('that cannot be rated stays reported and says why, and is rated once it can be', async () => {
    const matrix = { model: 'matrix', dimensions: ['zone'], cells: [{ match: { zone: 'a' }, price: unit('1') }] };
    await shop.made('POST', '/v1/skus', { sku: 'zoned', type: 'action', unit: 'one', aggregation: 'sum', dimensions: ['zone'] });
    const plan_id = await shop.plan('zoned', 'AUD', { plain: unit('1'), zoned: matrix });
    const org_id = await shop.customer('zoned', [plan_id]);
    await shop.use(org_id, 'plain', '2', moment(january));
    await shop.use(org_id, 'zoned', '2', moment(january));
    const run = await shop.bill(january, february, org_id);
    expect(run.errors).toMatchObject([{ org_id, code: 'no_cell' }]);
    expect(Object.keys(run.errors[0]!).sort()).toEqual(['code', 'detail', 'org_id', 'subscription_id']);
    expect(await shown(org_id)).toEqual(['plain 2025-01-01 reported', 'zoned 2025-01-01 reported']);
    expect((await statesOf(org_id))[0]).toMatchObject({ charge_id: null, invoice_id: null, problem: { code: 'no_cell' } });
    const { subscription_id } = run.errors[0]!;
    const failed = (await shop.made('GET', `/v1/events?type=rating.failed&aggregate_id=${subscription_id}`)).data;
    expect(failed).toMatchObject([
      { org_id, data: { run_id: run.run_id, code: 'no_cell', usage: [{ sku: 'plain' }, { sku: 'zoned' }] } },
    ]);
    expect(await shop.audit()).toEqual([]);

    // With a price for every cell it can be rated; in two parts, which do away with the whole month that was only reported.
    const whole = { ...matrix, default: unit('3') };
    await shop.made('PUT', `/v1/plans/${plan_id}/skus/zoned`, { price: whole });
    await shop.bill(january, '2025-01-16', org_id);
    await shop.bill('2025-01-16', february, org_id);
    // A price by events is priced whole in each part: the second has a line over nothing.
    expect(await shown(org_id)).toEqual(['plain 2025-01-01 billed', 'zoned 2025-01-01 billed', 'zoned 2025-01-16 billed']);
    expect(await told(org_id)).toEqual([
      ...['rated plain 2025-01-01', 'rated zoned 2025-01-01'],
      ...['billed plain 2025-01-01', 'billed zoned 2025-01-01'],
      ...['rated zoned 2025-01-16', 'billed zoned 2025-01-16'],
    ]);
    expect(await shop.audit()).toEqual([]);
  });

  it('that is billed again for what came late is voided and rated in one go; a correction leaves it billed', async () => {
    await shop.made('POST', '/v1/skus', { sku: 'again', type: 'action', unit: 'one', late_policy: 'rebill' });
    await shop.made('POST', '/v1/skus', { sku: 'next', type: 'action', unit: 'one', late_policy: 'adjust_next' });
    const org_id = await shop.customer('late', [await shop.plan('late', 'AUD', { again: unit('1'), next: unit('1') })]);
    await shop.use(org_id, 'next', '1', moment(january));
    await shop.bill(january, february, org_id);
    await shop.use(org_id, 'next', '1', moment(january));
    await shop.bill(february, march, org_id);
    expect(await shop.lines(org_id)).toEqual(['next 1 1.00', 'next 1 1.00']);
    expect(await told(org_id)).toEqual(['rated next 2025-01-01', 'billed next 2025-01-01']);

    await shop.use(org_id, 'again', '1', moment(january));
    await shop.bill(march, '2025-04-01', org_id);
    expect(await shown(org_id)).toEqual(['again 2025-01-01 billed', 'next 2025-01-01 billed']);
    expect((await told(org_id)).slice(2)).toEqual([
      'voided next 2025-01-01',
      ...['rated again 2025-01-01', 'rated next 2025-01-01'],
      ...['billed again 2025-01-01', 'billed next 2025-01-01'],
    ]);
    expect(await shop.audit()).toEqual([]);
  });

  it('is voided and billed again by one of many at once', async () => {
    const org_id = await shop.customer('race', [await shop.plan('race', 'AUD', { race: unit('1') })]);
    await shop.use(org_id, 'race', '1', moment(january));
    await shop.bill(january, february, org_id);
    const { invoice_id } = await shop.newest(org_id);
    const voids = [1, 2, 3].map(() => s.call('POST', `/v1/invoices/${invoice_id}:void`, { reason: 'a race' }));
    expect((await Promise.all(voids)).map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    await Promise.all([1, 2, 3].map(() => shop.bill(january, february, org_id)));
    const steps = ['rated', 'billed', 'voided', 'rated', 'billed'];
    expect(await told(org_id)).toEqual(steps.map((state) => `${state} race 2025-01-01`));
    expect(await shop.audit()).toEqual([]);
  });

  it('is listed by pages, and only to those who may see its organization', async () => {
    const plan_id = await shop.plan('seen', 'AUD', { seen: unit('1'), heard: unit('1') });
    const [mine, theirs] = [await shop.customer('mine', [plan_id]), await shop.customer('theirs', [plan_id])];
    for (const org_id of [mine, theirs]) for (const sku of ['seen', 'heard']) await shop.use(org_id, sku, '1', moment(january));
    await shop.bill(january, february, mine);
    await shop.bill(january, february, theirs);
    const first = await shop.made('GET', `/v1/metering/usage-states?org_id=${mine}&limit=1`);
    const rest = await shop.made('GET', `/v1/metering/usage-states?org_id=${mine}&limit=1&cursor=${first.next_cursor}`);
    expect([...first.data, ...rest.data].map(({ sku }: { sku: string }) => sku).sort()).toEqual(['heard', 'seen']);
    expect(rest.next_cursor).toBeNull();
    const { key } = await shop.made('POST', '/v1/api-keys', { name: 'mine', scopes: ['usage:read'], org_id: mine });
    const look = (query: string) =>
      s.call('GET', `/v1/metering/usage-states${query}`, undefined, { authorization: `Bearer ${key}` });
    const seen = await look('');
    expect(new Set(seen.body.data.map(({ org_id }: { org_id: string }) => org_id))).toEqual(new Set([mine]));
    expect((await look(`?org_id=${theirs}`)).body.data).toEqual([]);
  });
});

const commands = ['bill january', 'bill half', 'bill february', 'use january', 'use february', 'void newest', 'credit newest'];

it('whatever is billed, voided and used, each state follows from what was told, and the books agree', async () => {
  const plan_id = await shop.plan('any', 'AUD', { this: unit('1'), that: unit('2') });
  await s.call('PATCH', '/v1/skus/that', { late_policy: 'rebill' });
  let customers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...commands), { minLength: 1, maxLength: 7 }), async (asked) => {
      customers += 1;
      const org_id = await shop.customer(`any-${customers}`, [plan_id]);
      const run = async (from: string, to: string) => {
        const { status, body } = await s.call('POST', '/v1/billing/runs', { from, to, org_id });
        if (status === 202) await shop.execute(body.run_id);
        else expect(body.code).toBe('period_overlaps');
      };
      const use = async (time: string) => {
        for (const sku of ['this', 'that']) await shop.use(org_id, sku, '1', time);
      };
      await use(moment('2025-01-10'));
      for (const command of asked) {
        if (command === 'bill january') await run(january, february);
        if (command === 'bill half') await run(january, '2025-01-16');
        if (command === 'bill february') await run(february, march);
        if (command === 'use january') await use(moment('2025-01-20'));
        if (command === 'use february') await use(moment('2025-02-10'));
        const newest = await shop.newest(org_id);
        if (command === 'void newest' && newest)
          await s.call('POST', `/v1/invoices/${newest.invoice_id}:void`, { reason: 'a reason' });
        if (command === 'credit newest' && newest)
          await s.call('POST', `/v1/invoices/${newest.invoice_id}/credit-notes`, { reason: 'a reason', lines: 'all' });
      }
      const replayed = new Map<string, UsageState>();
      const { data } = await shop.made('GET', `/v1/events?aggregate_id=${org_id}&limit=100`);
      for (const { type, data: told } of data.reverse()) {
        const to = type.replace('usage.', '') as UsageState;
        if (!['rated', 'billed', 'voided'].includes(to)) continue;
        for (const { sku, from, to: until } of told.usage) {
          const key = `${sku} ${from} ${until}`;
          replayed.set(key, applyTransition(lifecycle, { from: replayed.get(key) ?? 'reported', to }, errors.usage_transition));
        }
      }
      const kept = (await statesOf(org_id, '&limit=100')).map(({ sku, period, state }) => {
        return [`${sku} ${period.from} ${period.to}`, state] as const;
      });
      expect(new Map(kept)).toEqual(replayed);
      expect(await shop.audit()).toEqual([]);
    }),
    { numRuns: 10 },
  );
});
