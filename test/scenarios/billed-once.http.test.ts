import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { type Finished, tallystick } from '../support/processes.ts';
import { testServer } from '../support/server.ts';
import { differencesOf } from '../support/shop.ts';
import { holdTable } from '../support/tables-held.ts';

const s = await testServer({ jobs: true });
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-bill-'));
afterAll(() => rmSync(data_dir, { recursive: true, force: true }));

const organizations = 28;
const org_ids: string[] = [];

async function made(method: string, path: string, body?: unknown) {
  const answer = await s.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

/** Every organization uses `place + 1` calls a month, at 25 cents, on top of 5 dollars; the twenty-eighth in Sydney's time. */
beforeAll(async () => {
  await made('POST', '/v1/skus', { sku: 'calls', type: 'action', unit: 'call', aggregation: 'sum' });
  const { model_id } = await made('POST', '/v1/business-models', { code: 'm', name: 'M', currency: 'AUD' });
  const { plan_id } = await made('POST', '/v1/plans', { model_id, name: 'Plan', base_amount: '5.00' });
  await made('PUT', `/v1/plans/${plan_id}/skus/calls`, { overage_price: '0.25' });
  const events: object[] = [];
  for (let place = 0; place < organizations; place += 1) {
    const default_timezone = place === organizations - 1 ? 'Australia/Sydney' : 'UTC';
    const organization = {
      legal_name: `Org ${place}`,
      org_slug: `org-${place}`,
      billing_email: 'a@example.com',
      default_timezone,
    };
    const { org_id } = await made('POST', '/v1/orgs', organization);
    await made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at: '2025-01-01T00:00:00Z' });
    org_ids.push(org_id);
    for (let month = 1; month <= 12; month += 1) {
      const time = `2025-${`${month}`.padStart(2, '0')}-15T12:00:00Z`;
      events.push({ request_id: `${place}-${month}`, org_id, sku: 'calls', quantity: `${place + 1}`, time });
    }
  }
  expect((await made('POST', '/v1/metering/events', events)).accepted).toBe(organizations * 12);
});

const bounds = (month: number) => {
  const first = Temporal.PlainDate.from({ year: 2025, month, day: 1 });
  return { from: `${first}`, to: `${first.add({ months: 1 })}` };
};

/** `tallystick bill` as a process of its own, on the same database. */
function bill(month: number) {
  const { from, to } = bounds(month);
  return tallystick(['bill', '--from', from, '--to', to, '--tenant', 'first', '--json'], {
    DATABASE_URL: s.t.url,
    TALLYSTICK_DATA_DIR: data_dir,
    TALLYSTICK_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
}

function report({ code, stdout, stderr }: Finished): {
  status: string;
  invoices: number;
  already_billed: number;
  errors: unknown[];
} {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function invoicesOf(month: number) {
  const { from, to } = bounds(month);
  const all = (await made('GET', '/v1/invoices?limit=100')).data;
  const pages = [all, ...(all.length === 100 ? [await rest()] : [])].flat();
  return pages.filter((invoice) => invoice.period.from === from && invoice.period.to === to && invoice.status !== 'void');
}

async function rest() {
  const found: { period: { from: string; to: string }; status: string }[] = [];
  let cursor = (await made('GET', '/v1/invoices?limit=100')).next_cursor;
  while (cursor !== null) {
    const page = await made('GET', `/v1/invoices?limit=100&cursor=${encodeURIComponent(cursor)}`);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  return found;
}

/** One invoice for every organization, of what it used and no more; numbers of all invoices without a gap; nothing amiss in the audit. */
async function expectBilledOnce(month: number): Promise<void> {
  const invoices = await invoicesOf(month);
  const by_org = new Map(invoices.map((invoice) => [invoice.org_id, invoice]));
  expect(invoices).toHaveLength(organizations);
  expect(by_org.size).toBe(organizations);
  for (const [place, org_id] of org_ids.entries()) {
    // Base 5.00 and 0.25 for each of place + 1 calls.
    const cents = 500 + 25 * (place + 1);
    expect(by_org.get(org_id).total.amount, `Org ${place}`).toBe(
      `${Math.trunc(cents / 100)}.${`${cents % 100}`.padStart(2, '0')}`,
    );
  }
  const seqs = await s.t.superuser<{ seq: string }>('SELECT seq FROM invoice WHERE tenant_id = $1 ORDER BY seq', [
    s.tenant.tenant_id,
  ]);
  expect(seqs.map((row) => row.seq)).toEqual(seqs.map((_row, at) => `${at + 1}`));
  expect(await s.t.superuser('SELECT defect, what FROM audit')).toEqual([]);
}

async function finished(run_id: string) {
  for (;;) {
    const run = await made('GET', `/v1/billing/runs/${run_id}`);
    if (run.status === 'completed' || run.status === 'failed') return run;
    await sleep(20);
  }
}

describe('a period that is billed twice at the same moment', () => {
  it('from two processes gives one invoice for each organization, and the processes share them', async () => {
    const [one, two] = (await Promise.all([bill(1).finished, bill(1).finished])).map(report);
    expect(one!.invoices + two!.invoices).toBe(organizations);
    expect(one!.already_billed + two!.already_billed).toBe(organizations);
    await expectBilledOnce(1);
    expect(report(await bill(1).finished)).toMatchObject({
      status: 'completed',
      invoices: 0,
      already_billed: organizations,
      errors: [],
    });
    await expectBilledOnce(1);
  });

  it('over HTTP gives one invoice for each organization, and the second says that it was billed', async () => {
    const asked = await Promise.all([1, 2, 3].map(() => made('POST', '/v1/billing/runs', bounds(2))));
    const runs = await Promise.all(asked.map(({ run_id }) => finished(run_id)));
    expect(runs.map(({ status, errors }) => ({ status, errors }))).toEqual(runs.map(() => ({ status: 'completed', errors: [] })));
    expect(runs.reduce((sum, run) => sum + run.invoices, 0)).toBe(organizations);
    expect(runs.reduce((sum, run) => sum + run.already_billed, 0)).toBe(2 * organizations);
    await expectBilledOnce(2);
  });

  it('from a process and over HTTP at once gives one invoice for each organization', async () => {
    const child = bill(3);
    const { run_id } = await made('POST', '/v1/billing/runs', bounds(3));
    const [one, two] = [report(await child.finished), await finished(run_id)];
    expect(one.invoices + two.invoices).toBe(organizations);
    await expectBilledOnce(3);
  });
});

describe('a billing process that is killed', () => {
  // Each table is written at another step: periods, numbers, invoices, ledger, receipts; the last when all but the end of the run is done.
  it.each([
    ['billed_period', 4, 0],
    ['invoice_counter', 5, 0],
    ['ledger', 6, 0],
    ['receipt', 7, 0],
    ['checkpoint', 8, organizations],
  ] as const)('while it writes %s leaves nothing half done, and the next one bills the period', async (table, month, kept) => {
    const hold = await holdTable(s.t, table);
    const child = bill(month);
    await hold.waitedFor();
    child.kill('SIGKILL');
    expect((await child.finished).signal).toBe('SIGKILL');
    await hold.release();
    const again = report(await bill(month).finished);
    expect(again).toMatchObject({ status: 'completed', invoices: organizations - kept, already_billed: kept, errors: [] });
    await expectBilledOnce(month);
    const [invoice] = await invoicesOf(month);
    const bundle = Buffer.from(JSON.stringify(await made('GET', `/v1/invoices/${invoice.invoice_id}/bundle`)));
    const jwks = Buffer.from(JSON.stringify(await made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
    expect(verifyBundle(bundle, { jwks })).toMatchObject({ authenticated: true, consistent: true, findings: [] });
  });
});

describe('a period that cannot be billed', () => {
  const refused = async (body: object, status: number, code: string, pointer?: string) => {
    const answer = await s.call('POST', '/v1/billing/runs', body);
    expect(answer, JSON.stringify(body)).toMatchObject({ status, body: { code } });
    if (pointer !== undefined) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  it('is refused: overlapping, in the future, empty, not from midnight to midnight', async () => {
    await refused({ from: '2025-01-01', to: '2025-01-16' }, 409, 'period_overlaps');
    await refused({ from: '2025-01-16', to: '2025-02-16' }, 409, 'period_overlaps');
    await refused({ from: '2025-01-01', to: '2025-04-01', org_id: org_ids[3] }, 409, 'period_overlaps');
    const tomorrow = `${Temporal.PlainDate.from(await today()).add({ days: 2 })}`;
    await refused({ from: '2025-09-01', to: tomorrow }, 422, 'period_in_future', '/to');
    await refused({ from: '2025-10-01', to: '2025-10-01' }, 422, 'period_empty', '/to');
    await refused({ from: '2025-11-01', to: '2025-10-01' }, 422, 'period_empty', '/to');
    await refused({ from: '2025-09-01T00:00:01Z', to: '2025-10-01', org_id: org_ids[0] }, 422, 'period_not_midnight', '/from');
    await refused({ from: '2025-09-01', to: '2025-10-01T12:00:00Z', org_id: org_ids[0] }, 422, 'period_not_midnight', '/to');
    // A midnight of UTC is none in Sydney, and one in Sydney (+10:00 in September) is.
    const sydney = org_ids.at(-1);
    await refused(
      { from: '2025-09-01T00:00:00Z', to: '2025-10-01T00:00:00Z', org_id: sydney },
      422,
      'period_not_midnight',
      '/from',
    );
    const { run_id } = await made('POST', '/v1/billing/runs', {
      from: '2025-09-01T00:00:00+10:00',
      to: '2025-09-30T14:00:00Z',
      org_id: sydney,
    });
    expect(await finished(run_id)).toMatchObject({ from: '2025-09-01', to: '2025-10-01', invoices: 1 });
  });

  it('for some only is billed for the others, and says for whom it was not', async () => {
    const [first] = org_ids;
    const one = await made('POST', '/v1/billing/runs', { from: '2025-11-01', to: '2025-11-11', org_id: first });
    expect(await finished(one.run_id)).toMatchObject({ status: 'completed', errors: [] });
    const { run_id } = await made('POST', '/v1/billing/runs', bounds(11));
    const run = await finished(run_id);
    expect(run).toMatchObject({
      status: 'completed',
      invoices: organizations - 1,
      errors: [{ org_id: first, code: 'period_overlaps' }],
    });
    expect(await invoicesOf(11)).toHaveLength(organizations - 1);
    expect(await s.t.superuser('SELECT defect, what FROM audit')).toEqual([]);
  });

  async function today(): Promise<string> {
    return (await made('GET', '/v1/test-clock')).now.slice(0, 10);
  }
});

describe('a void', () => {
  it('sets the period free: billed again, it has the same lines under a new number, and the old number stays used', async () => {
    const month = 1;
    const [old] = (await invoicesOf(month)).filter((invoice) => invoice.org_id === org_ids[9]);
    const lines = async (invoice_id: string) =>
      (await made('GET', `/v1/invoices/${invoice_id}`)).lines.map(({ line_id: _id, ...line }: { line_id: string }) => line);
    const before = await lines(old.invoice_id);
    expect(before).toHaveLength(2);
    await made('POST', `/v1/invoices/${old.invoice_id}:void`, { reason: 'Wrong address' });
    expect(await lines(old.invoice_id)).toEqual(before);
    const again = report(await bill(month).finished);
    expect(again).toMatchObject({ invoices: 1, already_billed: organizations - 1, errors: [] });
    const [now] = (await invoicesOf(month)).filter((invoice) => invoice.org_id === org_ids[9]);
    expect(now.number).not.toBe(old.number);
    expect(now.total).toEqual(old.total);
    expect(await lines(now.invoice_id)).toEqual(before);
    expect((await s.call('POST', `/v1/invoices/${old.invoice_id}:void`, { reason: 'Twice' })).body.code).toBe(
      'invoice_transition',
    );
    expect((await s.call('POST', `/v1/invoices/${old.invoice_id}:mark-paid`, {})).body.code).toBe('invoice_transition');
    await expectBilledOnce(month);
    const { totals } = await made('GET', '/v1/ledger/trial-balance');
    for (const { debit, credit } of totals) expect(debit).toBe(credit);
    expect(await differencesOf(s, s.tenant.tenant_id)).toEqual([]);
  });
});
