import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { accountsFor, insertLines, postTransaction } from './service.ts';

const s = await testServer();
const other = { authorization: `Bearer ${s.other_key}` };
const scope = { tenant_id: s.tenant.tenant_id, now: Temporal.Instant.from('2026-02-01T00:00:00Z') };
let org_id = '';

beforeAll(async () => {
  const org = { legal_name: 'Org', org_slug: 'org', billing_email: 'a@example.com', default_timezone: 'UTC' };
  org_id = (await s.call('POST', '/v1/orgs', org)).body.org_id;
  await s.call('POST', '/v1/skus', { sku: 'sms', type: 'action', unit: 'message' });
  const line = {
    org_id,
    project_id: null,
    sku: 'sms',
    quantity: '10',
    amount_exact: '1.2345',
    gross_minor: 123n,
    currency: 'AUD',
    partner_id: null,
    partner_pct: '0',
    partner_minor: 0n,
    net_minor: 123n,
    charge_id: null,
    invoice_id: null,
    period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
  };
  await s.t.transact(async (tx) => {
    await insertLines(tx, [line, line, { ...line, status: 'settled' }]);
    const [receivable, revenue] = await accountsFor(tx, [
      { kind: 'receivable', owner: org_id, currency: 'AUD' },
      { kind: 'revenue', owner: null, currency: 'AUD' },
    ]);
    const postings = [
      { account_id: receivable!, currency: 'AUD', amount_minor: 369n },
      { account_id: revenue!, currency: 'AUD', amount_minor: -369n },
    ];
    await postTransaction(tx, { kind: 'test', idem_key: 'a', postings });
  }, scope);
});

describe('ledger lines', () => {
  it('show gross, share and net with their currency', async () => {
    const { body } = await s.call('GET', '/v1/ledger/lines?status=settled');
    expect(body).toEqual({
      data: [
        {
          entry_id: expect.any(String),
          org_id,
          project_id: null,
          sku: 'sms',
          quantity: '10',
          amount_exact: '1.2345',
          amount_gross: { amount: '1.23', currency: 'AUD' },
          partner_id: null,
          partner_pct: '0',
          partner_amount: { amount: '0.00', currency: 'AUD' },
          net: { amount: '1.23', currency: 'AUD' },
          status: 'settled',
          charge_id: null,
          invoice_id: null,
          period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
          corrects: null,
          created_at: '2026-02-01T00:00:00Z',
        },
      ],
      next_cursor: null,
    });
  });

  it('come page by page, each once', async () => {
    const first = await s.call('GET', '/v1/ledger/lines?limit=2');
    const second = await s.call('GET', `/v1/ledger/lines?limit=2&cursor=${first.body.next_cursor}`);
    const ids = [...first.body.data, ...second.body.data].map((line) => line.entry_id);
    expect([ids.length, new Set(ids).size, second.body.next_cursor]).toEqual([3, 3, null]);
    const stolen = await s.call('GET', `/v1/ledger/lines?limit=2&cursor=${first.body.next_cursor}`, undefined, other);
    expect(stolen).toMatchObject({ status: 400, body: { code: 'cursor_invalid' } });
  });

  it('are found by organization, SKU and time', async () => {
    const count = async (query: string) => (await s.call('GET', `/v1/ledger/lines?${query}`)).body.data.length;
    expect(await count(`org_id=${org_id}&sku=sms&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z`)).toBe(3);
    expect(await count('to=2026-02-01T00:00:00Z')).toBe(0);
    expect(await count('sku=mail')).toBe(0);
    expect((await s.call('GET', `/v1/ledger/lines?org_id=${org_id}`, undefined, other)).body.data).toEqual([]);
  });
});

it('the trial balance is even, at any moment', async () => {
  const now = await s.call('GET', '/v1/ledger/trial-balance');
  expect(now.body.data).toEqual([
    { kind: 'receivable', currency: 'AUD', debit: '3.69', credit: '0.00', balance: '3.69' },
    { kind: 'revenue', currency: 'AUD', debit: '0.00', credit: '3.69', balance: '-3.69' },
  ]);
  expect(now.body.totals).toEqual([{ currency: 'AUD', debit: '3.69', credit: '3.69' }]);
  const before = await s.call('GET', '/v1/ledger/trial-balance?at=2026-01-31T23:59:59Z');
  expect(before.body).toEqual({ at: '2026-01-31T23:59:59Z', data: [], totals: [] });
  expect((await s.call('GET', '/v1/ledger/trial-balance?at=2026-02-30T00:00:00Z')).status).toBe(422);
});
