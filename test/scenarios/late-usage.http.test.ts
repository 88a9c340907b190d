import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { executeRun } from '../../src/billing/invoicing/service/run.ts';
import { clock } from '../../src/platform/clock.ts';
import { testServer } from '../support/server.ts';
import { differencesOf } from '../support/shop.ts';

const s = await testServer();

async function made(method: string, path: string, body?: unknown) {
  const answer = await s.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

const policies = ['adjust_next', 'absorb', 'reject'] as const;
type Policy = (typeof policies)[number];
for (const late_policy of policies) {
  await made('POST', '/v1/skus', { sku: late_policy, type: 'action', unit: 'call', aggregation: 'sum', late_policy });
}
const { model_id } = await made('POST', '/v1/business-models', { code: 'late', name: 'Late', currency: 'AUD' });
const { plan_id } = await made('POST', '/v1/plans', { model_id, name: 'By the dollar' });
for (const sku of policies) await made('PUT', `/v1/plans/${plan_id}/skus/${sku}`, { overage_price: '1' });

async function customer(slug: string): Promise<string> {
  const organization = { legal_name: slug, org_slug: slug, billing_email: 'a@example.com', default_timezone: 'UTC' };
  const { org_id } = await made('POST', '/v1/orgs', organization);
  await made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at: '2025-01-01T00:00:00Z' });
  return org_id;
}

/** Closes a month of 2025 (from 1) and answers the run. */
async function close(month: number, org_id?: string) {
  const first = Temporal.PlainDate.from({ year: 2025, month, day: 1 });
  const { run_id } = await made('POST', '/v1/billing/runs', { from: `${first}`, to: `${first.add({ months: 1 })}`, org_id });
  return executeRun({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, run_id });
}

interface Sent {
  request_id: string;
  org_id: string;
  sku: Policy;
  quantity: number;
  time: string;
}

/**
 * The events that the lines of invoices that count bill, by request id: the number of the invoice each time. A correction shows the whole
 * period again, and bills what of it no invoice before had.
 */
async function billed(org_id?: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const invoices = (await made('GET', `/v1/invoices?limit=100${org_id === undefined ? '' : `&org_id=${org_id}`}`)).data;
  for (const { invoice_id, number, status } of invoices.toReversed()) {
    if (status === 'void') continue;
    const bundle = await made('GET', `/v1/invoices/${invoice_id}/bundle`);
    for (const [index, { days, inputs }] of bundle.charges.entries()) {
      let sum = 0;
      for (const { events } of days) {
        for (const { event } of events) {
          if (inputs.billed && found.has(event.request_id)) continue;
          found.set(event.request_id, [...(found.get(event.request_id) ?? []), number]);
          sum += Number.parseInt(event.quantity, 10);
        }
      }
      // A dollar each: the quantity, the amount and the events of a line say the same.
      expect(bundle.invoice.lines[index]).toMatchObject({ quantity: `${sum}`, amount: `${sum}.00` });
    }
  }
  return found;
}

const event = (over: Partial<Sent> & Pick<Sent, 'request_id' | 'org_id'>): Sent => ({
  sku: 'adjust_next',
  quantity: 1,
  time: '2025-01-15T12:00:00Z',
  ...over,
});

const linesOf = async (invoice_id: string) =>
  (await made('GET', `/v1/invoices/${invoice_id}`)).lines.map(({ sku, quantity, amount, period }: Record<string, unknown>) => ({
    sku,
    quantity,
    amount,
    period,
  }));

describe('usage that comes after its period was billed', () => {
  it('is treated as its SKU says, and the answer says how', async () => {
    const org_id = await customer('told');
    const all = (request_id: string, time: string) =>
      policies.map((sku) => event({ request_id: `${request_id}-${sku}`, org_id, sku, quantity: 10, time }));
    expect(await made('POST', '/v1/metering/events', all('on-time', '2025-01-31T23:59:59.999999Z'))).toMatchObject({
      accepted: 3,
      late: [],
    });
    await close(1, org_id);

    // The last microsecond of January is late now, the first of February is not.
    const late = await made('POST', '/v1/metering/events', all('late', '2025-01-31T23:59:59.999999Z'));
    expect(late).toMatchObject({
      accepted: 2,
      late: [
        { index: 0, request_id: 'late-adjust_next', late_policy: 'adjust_next' },
        { index: 1, request_id: 'late-absorb', late_policy: 'absorb' },
      ],
      rejected: [{ index: 2, request_id: 'late-reject', code: 'period_closed' }],
    });
    expect(await made('POST', '/v1/metering/events', all('next', '2025-02-01T00:00:00Z'))).toMatchObject({
      accepted: 3,
      late: [],
    });
    // What was rejected was not kept: the same event is rejected again, and is no duplicate.
    expect((await s.call('POST', '/v1/metering/events', all('late', '2025-01-31T23:59:59.999999Z'))).body).toMatchObject({
      duplicates: 2,
      rejected: [{ code: 'period_closed' }],
    });

    await close(2, org_id);
    await close(3, org_id);
    const by_number = await billed(org_id);
    const invoices = (await made('GET', `/v1/invoices?org_id=${org_id}`)).data;
    const [february, january] = invoices;
    // March has nothing to bill, so there is no third invoice: the late event was billed once.
    expect(invoices).toHaveLength(2);
    const period = (from: string, to: string) => ({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` });
    const line = (sku: string, amount: string, of: object) => ({
      sku,
      quantity: amount,
      amount: { amount: `${amount}.00`, currency: 'AUD' },
      period: of,
    });
    const [in_january, in_february] = [period('2025-01-01', '2025-02-01'), period('2025-02-01', '2025-03-01')];
    expect(await linesOf(january.invoice_id)).toEqual([
      line('absorb', '10', in_january),
      line('adjust_next', '10', in_january),
      line('reject', '10', in_january),
    ]);
    // February's, and a correction of January by the 10 that came late.
    expect(await linesOf(february.invoice_id)).toEqual([
      line('absorb', '10', in_february),
      line('adjust_next', '10', in_february),
      line('reject', '10', in_february),
      line('adjust_next', '10', in_january),
    ]);
    // The correction names the line that it corrects, under a receipt of its own.
    const document = (await made('GET', `/v1/invoices/${february.invoice_id}/bundle`)).invoice;
    const corrected = (await made('GET', `/v1/invoices/${january.invoice_id}`)).lines[1];
    expect(document.lines[3].adjusts).toEqual({
      invoice_id: january.invoice_id,
      number: january.number,
      line_id: corrected.line_id,
    });
    expect(by_number.get('late-adjust_next')).toEqual([february.number]);
    expect(by_number.get('late-absorb')).toBeUndefined();
    expect(by_number.get('late-reject')).toBeUndefined();
  });

  it('goes back with a void: billed again, the lines are the same, late ones included, under a new number', async () => {
    const org_id = await customer('again');
    await made('POST', '/v1/metering/events', [event({ request_id: 'again-1', org_id, quantity: 3 })]);
    await close(1, org_id);
    await made('POST', '/v1/metering/events', [event({ request_id: 'again-2', org_id, quantity: 4 })]);
    await made('POST', '/v1/metering/events', [
      event({ request_id: 'again-3', org_id, quantity: 5, time: '2025-02-02T00:00:00Z' }),
    ]);
    await close(2, org_id);
    const [february] = (await made('GET', `/v1/invoices?org_id=${org_id}`)).data;
    const lines = await linesOf(february.invoice_id);
    // 5 of February, 4 that came late for January.
    expect(lines).toMatchObject([
      { sku: 'adjust_next', quantity: '5' },
      { sku: 'adjust_next', quantity: '4' },
    ]);
    await made('POST', `/v1/invoices/${february.invoice_id}:void`, { reason: 'Wrong address' });
    expect(await close(2, org_id)).toMatchObject({ status: 'completed', invoices: 1, already_billed: 0, errors: [] });
    const [again, was] = (await made('GET', `/v1/invoices?org_id=${org_id}`)).data;
    expect(was).toMatchObject({ number: february.number, status: 'void' });
    const number = (text: string) => Number.parseInt(text.slice('INV-'.length), 10);
    expect(number(again.number)).toBe(number(february.number) + 1);
    expect(await linesOf(again.invoice_id)).toEqual(lines);
    expect(again.total).toEqual(february.total);
    const by_number = await billed(org_id);
    expect(
      [by_number.get('again-1'), by_number.get('again-2'), by_number.get('again-3')].map((numbers) => numbers!.length),
    ).toEqual([1, 1, 1]);
    expect((await s.call('POST', `/v1/invoices/${february.invoice_id}:void`, { reason: 'Twice' })).status).toBe(409);
  });
});

describe('usage that arrives while its period is being billed', () => {
  it('is billed once, or is said to be late and treated as its SKU says (random arrivals against a model)', {
    timeout: 60_000,
  }, async () => {
    const seed = 20_260_805;
    const random = generator(seed);
    const orgs = await Promise.all(['a', 'b', 'c', 'd'].map((name) => customer(`racing-${name}`)));
    const model = new Map<string, { event: Sent; fate: 'billed' | 'absorbed' | 'rejected' }>();
    const acks: string[] = [];
    let closing = true;
    let made_up = 0;
    const sender = async () => {
      while (closing) {
        const events = Array.from({ length: 1 + random(12) }, () => {
          made_up += 1;
          const day = Temporal.PlainDate.from('2025-01-01').add({ days: random(120) });
          const time = `${day}T${`${random(24)}`.padStart(2, '0')}:30:00Z`;
          return event({
            request_id: `racing-${made_up}`,
            org_id: orgs[random(4)]!,
            sku: policies[random(3)]!,
            quantity: 1 + random(9),
            time,
          });
        });
        const { body } = await s.call('POST', '/v1/metering/events?leaves=true', events);
        const late = new Map<number, Policy>(
          (body.late ?? []).map((each: { index: number; late_policy: Policy }) => [each.index, each.late_policy]),
        );
        const rejected = new Map<number, string>(
          body.rejected.map((each: { index: number; code: string }) => [each.index, each.code]),
        );
        const kept = events.flatMap((one, index) =>
          rejected.has(index) ? [] : [{ ...named(one), late_policy: late.get(index) }],
        );
        for (const [index, one] of events.entries()) {
          if (rejected.has(index)) expect([rejected.get(index), one.sku]).toEqual(['period_closed', 'reject']);
          const fate = rejected.has(index) ? 'rejected' : late.get(index) === 'absorb' ? 'absorbed' : 'billed';
          model.set(one.request_id, { event: one, fate });
        }
        if (body.ack !== undefined)
          acks.push(JSON.stringify({ ack: body.ack, events: kept.map((one, at) => ({ ...one, leaf: body.leaves[at] })) }));
        await sleep(random(8));
      }
    };
    const senders = Array.from({ length: 4 }, sender);
    for (const month of [1, 2, 3, 4]) {
      const runs = await Promise.all([close(month), close(month)]);
      for (const run of runs) expect(run).toMatchObject({ status: 'completed', errors: [] });
    }
    closing = false;
    await Promise.all(senders);
    // One more, for what came late for all the others.
    await close(5);
    const found = await billed();
    const wrong: string[] = [];
    for (const [request_id, { event: one, fate }] of model) {
      const times = found.get(request_id)?.length ?? 0;
      if (times !== (fate === 'billed' ? 1 : 0))
        wrong.push(`${request_id} (${one.sku}, ${one.time}) is ${fate} and billed ${times} times`);
    }
    expect(wrong, `of ${model.size}, seed ${seed}`).toEqual([]);
    // All three fates occurred, or nothing was shown.
    expect(new Set([...model.values()].map(({ fate }) => fate))).toEqual(new Set(['billed', 'absorbed', 'rejected']));
    await verifyAll(acks);
    expect(await s.t.superuser('SELECT defect, what FROM audit')).toEqual([]);
    expect(await differencesOf(s, s.tenant.tenant_id)).toEqual([]);
  });
});

const named = ({ request_id, org_id, sku, time }: Sent) => ({ request_id, org_id, sku, time });

/** Every bundle is right offline, and holds what was acknowledged before it was issued. */
async function verifyAll(acks: readonly string[]): Promise<void> {
  const jwks = Buffer.from(JSON.stringify(await made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  let acknowledged = 0;
  for (const { invoice_id } of (await made('GET', '/v1/invoices?limit=100')).data) {
    const bundle = Buffer.from(JSON.stringify(await made('GET', `/v1/invoices/${invoice_id}/bundle`)));
    const report = verifyBundle(bundle, { jwks, acks: Buffer.from(acks.join('\n')) });
    expect(report.findings.filter(({ weight }) => weight !== 'note')).toEqual([]);
    expect(report).toMatchObject({ authenticated: true, consistent: true });
    acknowledged += report.summary.acknowledged ?? 0;
  }
  expect(acknowledged).toBeGreaterThan(acks.length);
}

/** Numbers from 0 to n − 1 (mulberry32). */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}
