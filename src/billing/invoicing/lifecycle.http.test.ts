import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stepsOf, stepsTaken } from '../../../test/support/lifecycles.ts';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { applyTransition } from '../../kernel/lifecycle.ts';
import { errors } from './errors.ts';
import { InvoiceStatus, lifecycle } from './model.ts';
import { applyLifecycle } from './service/lifecycle.ts';

const s = await testServer();
const shop = openShop(s);
const { tenant_id } = s.tenant;
let plan_id: string;
let made = 0;

/** A dollar a call. */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
});

/** An open invoice over 3.00. */
async function issued(): Promise<{ invoice_id: string; org_id: string }> {
  made += 1;
  const org_id = await shop.customer(`customer-${made}`, [plan_id]);
  await shop.use(org_id, 'call', '3', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  return { invoice_id: (await shop.newest(org_id)).invoice_id, org_id };
}

const invoiceNow = (invoice_id: string) => shop.made('GET', `/v1/invoices/${invoice_id}`);
const act = (invoice_id: string, verb: string, body: object = {}) => s.call('POST', `/v1/invoices/${invoice_id}:${verb}`, body);
/** `from → to` of each step that was told, oldest first. */
const told = async (invoice_id: string): Promise<string[]> =>
  (await shop.made('GET', `/v1/events?type=invoice.status.changed&aggregate_id=${invoice_id}&limit=100`)).data
    .reverse()
    .map(({ data }: { data: { from: string; to: string } }) => `${data.from} → ${data.to}`);

const steps = [
  'draft → open',
  'open → paid',
  'open → uncollectible',
  'open → void',
  'uncollectible → paid',
  'uncollectible → void',
];

describe('the lifecycle of an invoice', () => {
  it('has these steps and no others, here and in the database', async () => {
    expect(stepsOf(lifecycle)).toEqual(steps);
    const none = { paid_at: 'NULL', payment_reference: 'NULL', voided_at: 'NULL', void_reason: 'NULL', uncollectible_at: 'NULL' };
    const set = (more: Partial<typeof none>) =>
      Object.entries({ ...none, ...more })
        .map(([column, value]) => `${column} = ${value}`)
        .join(', ');
    const taken = await stepsTaken<InvoiceStatus>(s.t, {
      table: 'invoice',
      column: 'status',
      where: `invoice_id = '${(await issued()).invoice_id}'`,
      set: {
        draft: set({}),
        open: set({}),
        paid: set({ paid_at: 'now()' }),
        void: set({ voided_at: 'now()', void_reason: "'a reason'" }),
        uncollectible: set({ uncollectible_at: 'now()' }),
      },
    });
    expect(taken).toEqual({ steps, begins: ['draft'] });
    expect([...lifecycle.begins]).toEqual(taken.begins);
  });

  it.each(InvoiceStatus.options.flatMap((from) => InvoiceStatus.options.map((to) => [from, to] as const)))(
    'takes or refuses the step from %s to %s by name',
    (from, to) => {
      const apply = () => applyTransition(lifecycle, { from, to }, errors.invoice_transition);
      if (steps.includes(`${from} → ${to}`)) expect(apply()).toBe(to);
      else expect(apply).toThrow(expect.objectContaining({ code: 'invoice_transition' }));
    },
  );
});

describe('an invoice', () => {
  it('begins as a draft and is open once it is issued, which is on record and told', async () => {
    const { invoice_id, org_id } = await issued();
    const { data } = await shop.made('GET', `/v1/events?aggregate_id=${invoice_id}`);
    expect(data.reverse().map(({ type, data }: { type: string; data: object }) => [type, data])).toMatchObject([
      ['invoice.generated', { invoice_id }],
      ['invoice.status.changed', { invoice_id, from: 'draft', to: 'open' }],
    ]);
    const { data: entries } = await shop.made('GET', `/v1/audit-entries?target_id=${invoice_id}`);
    expect(entries).toMatchObject([
      { action: 'invoice.finalised', org_id, before: { status: 'draft' }, after: { status: 'open' } },
    ]);
  });

  it('that nobody will pay stays owed, and can be paid after all', async () => {
    const { invoice_id } = await issued();
    const { data: before } = await shop.made('GET', '/v1/ledger/trial-balance');
    const marked = await act(invoice_id, 'mark-uncollectible', { reason: 'insolvent' });
    expect(marked).toMatchObject({
      status: 200,
      body: { status: 'uncollectible', balance: { amount: '3.00' }, uncollectible_at: expect.any(String) },
    });
    expect((await shop.made('GET', '/v1/ledger/trial-balance')).data).toEqual(before);
    const { data } = await shop.made('GET', `/v1/audit-entries?target_id=${invoice_id}&limit=1`);
    expect(data).toMatchObject([{ action: 'invoice.marked_uncollectible', after: { reason: 'insolvent' } }]);
    const paid = await act(invoice_id, 'mark-paid');
    expect(paid.body).toMatchObject({
      status: 'paid',
      balance: { amount: '0.00' },
      uncollectible_at: marked.body.uncollectible_at,
    });
    expect(await told(invoice_id)).toEqual(['draft → open', 'open → uncollectible', 'uncollectible → paid']);
    expect(await shop.audit()).toEqual([]);
  });

  it('that nobody will pay can be voided, and takes no credit note', async () => {
    const { invoice_id } = await issued();
    await act(invoice_id, 'mark-uncollectible');
    const note = await s.call('POST', `/v1/invoices/${invoice_id}/credit-notes`, { reason: 'a reason', lines: 'all' });
    expect(note).toMatchObject({ status: 409, body: { code: 'invoice_not_creditable' } });
    expect(await act(invoice_id, 'void', { reason: 'a reason' })).toMatchObject({ status: 200, body: { status: 'void' } });
    expect(await shop.audit()).toEqual([]);
  });

  it('refuses any other step, naming both states and what is allowed', async () => {
    const { invoice_id } = await issued();
    await act(invoice_id, 'mark-paid');
    for (const [verb, to] of [
      ['void', 'void'],
      ['mark-paid', 'paid'],
      ['mark-uncollectible', 'uncollectible'],
    ] as const)
      expect(await act(invoice_id, verb, verb === 'void' ? { reason: 'a reason' } : {})).toMatchObject({
        status: 409,
        body: { code: 'invoice_transition', from: 'paid', to, allowed: [], detail: expect.stringContaining('nothing follows') },
      });
  });

  it.each([
    ['voided', 'void', 'open → void'],
    ['paid', 'mark-paid', 'open → paid'],
    ['given up', 'mark-uncollectible', 'open → uncollectible'],
  ])('that is %s by many at once is so once, and the others are refused', async (_what, verb, step) => {
    const { invoice_id } = await issued();
    const body = verb === 'void' ? { reason: 'a reason' } : {};
    const answers = await Promise.all([1, 2, 3, 4].map(() => act(invoice_id, verb, body)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409]);
    expect(await told(invoice_id)).toEqual(['draft → open', step]);
    expect(await shop.audit()).toEqual([]);
  });

  it('one of which refuses a step keeps its state, and so do those asked with it', async () => {
    const [one, two] = [await issued(), await issued()];
    await act(two.invoice_id, 'mark-paid');
    const change = s.t.transact(
      (tx) => applyLifecycle(tx, [one.invoice_id, two.invoice_id], { to: 'uncollectible', reason: null }),
      {
        tenant_id,
      },
    );
    await expect(change).rejects.toEqual(expect.objectContaining({ code: 'invoice_transition' }));
    expect((await invoiceNow(one.invoice_id)).status).toBe('open');
  });
});

const verbs: Record<string, (invoice_id: string) => Promise<{ status: number }>> = {
  void: (id) => act(id, 'void', { reason: 'a reason' }),
  pay: (id) => act(id, 'mark-paid'),
  'give up': (id) => act(id, 'mark-uncollectible'),
  'credit all': (id) => s.call('POST', `/v1/invoices/${id}/credit-notes`, { reason: 'a reason', lines: 'all' }),
};

it('whatever is asked of an invoice, it moves by the table alone, and what was told comes to the state it is in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(verbs)), { maxLength: 5 }), async (asked) => {
      const { invoice_id } = await issued();
      for (const verb of asked) expect([200, 201, 409]).toContain((await verbs[verb]!(invoice_id)).status);
      let state: InvoiceStatus = 'draft';
      for (const step of await told(invoice_id)) {
        const [from, to] = step.split(' → ') as [InvoiceStatus, InvoiceStatus];
        expect(from).toBe(state);
        state = applyTransition(lifecycle, { from, to }, errors.invoice_transition);
      }
      expect((await invoiceNow(invoice_id)).status).toBe(state);
    }),
    { numRuns: 15 },
  );
  expect(await shop.audit()).toEqual([]);
});
