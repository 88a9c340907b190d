import { strict as assert } from 'node:assert';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import type { Answer } from '../support/server.ts';
import { type Expected, expectedBills, prices, type Used } from './invoices-oracle.ts';
import { randomFrom } from './random.ts';

/** A server at work, whether behind a port or within a test. */
export interface Api {
  call(method: string, path: string, body?: unknown): Promise<Pick<Answer, 'status' | 'body'>>;
  /** Bills `[from, to)` to its end. */
  bill(from: string, to: string): Promise<{ errors: unknown[] }>;
}

export interface InvoiceRunOptions {
  seed: number;
  events: number;
  customers: number;
  /** Events of a request. */
  batch: number;
  tell?: (line: string) => void;
}

export interface InvoiceRunCounts {
  events: number;
  sent: number;
  duplicates: number;
  voided: number;
  amended: number;
  late: number;
  invoices: number;
  credit_notes: number;
  billed: string;
  bundles_verified: number;
}

/** A random event, and what becomes of it. */
interface Planned {
  used: Used;
  /** 0: before January is billed, 1: before February is, 2: before March is. */
  phase: number;
}

/**
 * Sends random usage of January and February, shuffled, a tenth of it twice, some of it after its month was billed, voids and amends some,
 * bills the months and one more, and holds what every customer was invoiced, less credit notes, against an independent calculation.
 */
export async function agreeOnInvoices(api: Api, options: InvoiceRunOptions): Promise<InvoiceRunCounts> {
  const { seed, events, customers, tell = () => undefined } = options;
  const random = randomFrom(seed);
  const made = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, body);
    assert(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 500)}`);
    return answer.body;
  };
  const orgs = await sell(made, customers);
  const planned = planUsage({ events, orgs, random });
  const counts = { sent: 0, duplicates: 0, voided: 0, amended: 0 };
  const months = ['2025-01-01', '2025-02-01', '2025-03-01', '2025-04-01'];
  for (const phase of [0, 1, 2]) {
    const mine = planned.filter((each) => each.phase === phase).map(({ used }) => used);
    const again = planned.filter((each) => each.phase <= phase && random.below(10) === 0).map(({ used }) => used);
    const sent = await send(made, shuffled([...mine, ...again.slice(0, Math.ceil(mine.length / 10))], random), options.batch);
    counts.sent += sent.accepted + sent.duplicates;
    counts.duplicates += sent.duplicates;
    tell(`${sent.accepted + sent.duplicates} events sent before ${months[phase + 1]}, ${sent.duplicates} of them again`);
    const corrected = await correct(
      made,
      planned.filter((each) => each.phase <= phase).map(({ used }) => used),
      random,
    );
    counts.voided += corrected.voided;
    counts.amended += corrected.amended;
    const run = await api.bill(months[phase]!, months[phase + 1]!);
    assert.deepEqual(run.errors, []);
  }
  // What was amended after March was billed is nobody's; what came before it is on somebody's invoice.
  const expected = expectedBills(planned.map(({ used }) => used));
  const found = await billedTotals(made, orgs, expected);
  const jwks = Buffer.from(JSON.stringify(await jwksOf(made)));
  let bundles_verified = 0;
  for (const { invoice_id } of (await made('GET', '/v1/invoices?limit=10')).data) {
    const report = verifyBundle(Buffer.from(JSON.stringify(await made('GET', `/v1/invoices/${invoice_id}/bundle`))), { jwks });
    assert.deepEqual([report.authenticated, report.consistent], [true, true], JSON.stringify(report.findings.slice(0, 3)));
    bundles_verified += 1;
  }
  const late = planned.filter(({ used, phase }) => used.time < (months[phase] ?? '')).length;
  return { events, ...counts, late, ...found, bundles_verified };
}

type Made = (method: string, path: string, body?: unknown) => Promise<Answer['body']>;

/** Two plans with the same prices: on one, late usage of one SKU has the whole period billed again. */
async function sell(made: Made, customers: number): Promise<string[]> {
  const { model_id } = await made('POST', '/v1/business-models', { code: 'oracle', name: 'Oracle', currency: 'AUD' });
  const plans: string[] = [];
  for (const late_policy of ['adjust_next', 'rebill']) {
    const { plan_id } = await made('POST', '/v1/plans', { model_id, name: late_policy });
    plans.push(plan_id);
    for (const [name, { price, ...sku }] of Object.entries(prices)) {
      const own = `${name}.${late_policy}`;
      await made('POST', '/v1/skus', { sku: own, type: 'analytics', unit: 'unit', late_policy, ...sku });
      await made('PUT', `/v1/plans/${plan_id}/skus/${own}`, { price });
    }
  }
  const orgs: string[] = [];
  for (let at = 0; at < customers; at += 1) {
    const org_slug = `oracle-${at}`;
    const organization = { legal_name: org_slug, org_slug, billing_email: 'a@example.com', default_timezone: 'UTC' };
    const { org_id } = await made('POST', '/v1/orgs', organization);
    await made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id: plans[at % 2], effective_at: '2025-01-01T00:00:00Z' });
    orgs.push(org_id);
  }
  return orgs;
}

function planUsage({
  events,
  orgs,
  random,
}: {
  events: number;
  orgs: readonly string[];
  random: ReturnType<typeof randomFrom>;
}): Planned[] {
  const names = Object.keys(prices);
  const start = Temporal.Instant.from('2025-01-01T00:00:00Z').epochMilliseconds;
  const days = 59;
  return Array.from({ length: events }, (_each, at): Planned => {
    const org = random.below(orgs.length);
    const second = random.below(days * 86_400);
    const time = Temporal.Instant.fromEpochMilliseconds(start + second * 1000).toString();
    const month = second < 31 * 86_400 ? 0 : 1;
    // One in twenty comes when its month is billed.
    const phase = month + (random.below(20) === 0 ? 1 : 0);
    const name = random.of(names);
    const used: Used = {
      request_id: `o-${at.toString(36)}-${random.below(2 ** 30).toString(36)}`,
      org_id: orgs[org]!,
      name,
      sku: `${name}.${org % 2 === 0 ? 'adjust_next' : 'rebill'}`,
      hundredths: 1 + random.below(50_000),
      region: random.of(['eu', 'us', 'asia']),
      time,
      voided: false,
      amended_to: null,
    };
    return { used, phase };
  });
}

async function send(made: Made, events: readonly Used[], batch: number): Promise<{ accepted: number; duplicates: number }> {
  const outcome = { accepted: 0, duplicates: 0 };
  let next = 0;
  const sender = async () => {
    while (next < events.length) {
      const part = events.slice(next, next + batch);
      next += batch;
      const answer = await made('POST', '/v1/metering/events', part.map(wire));
      assert.deepEqual(answer.rejected, []);
      outcome.accepted += answer.accepted;
      outcome.duplicates += answer.duplicates;
    }
  };
  await Promise.all(Array.from({ length: 4 }, sender));
  return outcome;
}

function wire({ request_id, org_id, sku, hundredths, region, time }: Used) {
  return { request_id, org_id, sku, ...measures(hundredths), properties: { region }, time };
}

function measures(hundredths: number) {
  const text = `${Math.floor(hundredths / 100)}.${`${hundredths % 100}`.padStart(2, '0')}`;
  return { quantity: text, amount: text };
}

/** Voids one event in a hundred and amends another, of those that were not corrected yet. */
async function correct(
  made: Made,
  events: readonly Used[],
  random: ReturnType<typeof randomFrom>,
): Promise<{ voided: number; amended: number }> {
  const corrections: object[] = [];
  const outcome = { voided: 0, amended: 0 };
  for (const event of events) {
    if (event.voided || event.amended_to !== null) continue;
    const chance = random.below(200);
    if (chance > 3) continue;
    if (chance < 2) {
      event.voided = true;
      outcome.voided += 1;
      corrections.push({ voids: event.request_id, reason: 'was counted in error' });
    } else {
      event.amended_to = 1 + random.below(50_000);
      outcome.amended += 1;
      const request_id = `${event.request_id}-again`;
      corrections.push({ amends: event.request_id, request_id, reason: 'was read wrongly', ...measures(event.amended_to) });
    }
  }
  for (let at = 0; at < corrections.length; at += 2000) {
    const answer = await made('POST', '/v1/metering/corrections', { corrections: corrections.slice(at, at + 2000) });
    assert.deepEqual(answer.rejected, []);
  }
  return outcome;
}

async function billedTotals(
  made: Made,
  orgs: readonly string[],
  expected: Expected,
): Promise<{ invoices: number; credit_notes: number; billed: string }> {
  let [invoices, credit_notes, billed] = [0, 0, 0n];
  const cents = (text: string) => BigInt(text.replace('.', ''));
  for (const org_id of orgs) {
    const issued = (await made('GET', `/v1/invoices?limit=100&org_id=${org_id}`)).data;
    const credited = (await made('GET', `/v1/credit-notes?limit=100&org_id=${org_id}`)).data;
    const total =
      issued.reduce((sum: bigint, each: { total: { amount: string } }) => sum + cents(each.total.amount), 0n) -
      credited.reduce((sum: bigint, each: { total: { amount: string } }) => sum + cents(each.total.amount), 0n);
    assert.equal(total, expected.get(org_id) ?? 0n, `${org_id} was billed ${total} cents, and owes ${expected.get(org_id)}`);
    invoices += issued.length;
    credit_notes += credited.length;
    billed += total;
  }
  return { invoices, credit_notes, billed: `${billed / 100n}.${`${billed % 100n}`.padStart(2, '0')}` };
}

async function jwksOf(made: Made): Promise<unknown> {
  const [invoice] = (await made('GET', '/v1/invoices?limit=1')).data;
  const { invoice: document } = await made('GET', `/v1/invoices/${invoice.invoice_id}/bundle`);
  return made('GET', `/.well-known/jwks.json?tenant=${document.tenant_id}`);
}

function shuffled<T>(list: T[], random: ReturnType<typeof randomFrom>): T[] {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [list[at], list[other]] = [list[other]!, list[at]!];
  }
  return list;
}
