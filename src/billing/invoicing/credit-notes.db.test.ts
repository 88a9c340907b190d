import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { sealCheckpoint } from '../../foundation/receipts/service.ts';
import { creditAndRetire } from './service/credit-notes.ts';

const s = await testServer();
const shop = openShop(s);
const { tenant_id } = s.tenant;
let plan_id: string;

/** A dollar a call; each customer has 3 calls in January, and an invoice of 3.00. */
beforeAll(async () => {
  plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
});

let made = 0;
async function billed(plan_ids = [plan_id], uses: [string, string][] = [['call', '3']]) {
  made += 1;
  const org_id = await shop.customer(`customer-${made}`, plan_ids);
  for (const [sku, quantity] of uses) await shop.use(org_id, sku, quantity, '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const { invoice_id } = await shop.newest(org_id);
  const rows = await s.t.superuser<{ line_id: string; charge_id: string; entry_id: string; sku: string }>(
    'SELECT line_id, charge_id, entry_id, sku FROM invoice_line WHERE invoice_id = $1 ORDER BY position',
    [invoice_id],
  );
  return { org_id, invoice_id: invoice_id as string, lines: rows, line: rows[0]! };
}

const credit = (invoice_id: string, lines: unknown = 'all') =>
  shop.made('POST', `/v1/invoices/${invoice_id}/credit-notes`, { reason: 'a test', lines });

/** A row again with some columns changed, columns that the database fills left out. */
const plant = (table: string, key: string, id: string, changes: Record<string, unknown>) =>
  s.t.superuser(`INSERT INTO ${table} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM ${table} t WHERE ${key} = $2`, [
    JSON.stringify(changes),
    id,
  ]);

/** Past the guards, as the database would have to be broken. */
async function past(tables: readonly string[], work: () => Promise<unknown>): Promise<void> {
  for (const table of tables) await s.t.superuser(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
  try {
    await work();
  } finally {
    for (const table of tables) await s.t.superuser(`ALTER TABLE ${table} ENABLE TRIGGER ALL`);
  }
}

const defects = async () => (await shop.defects()).map(({ defect }) => String(defect).split(' ')[0]!).sort();

describe('an issued credit note', () => {
  it('changes in nothing, and takes no more lines', async () => {
    const { invoice_id } = await billed();
    const { credit_note_id } = await credit(invoice_id);
    for (const statement of [
      "UPDATE credit_note SET reason = 'another'",
      'DELETE FROM credit_note',
      'UPDATE credit_note_line SET amount_minor = 1',
      'DELETE FROM credit_note_line',
    ])
      await expect(s.t.superuser(statement)).rejects.toThrow('append-only');
    const line = { line_id: randomUUID(), position: 2, invoice_line_id: (await billed()).line.line_id };
    await expect(plant('credit_note_line', 'credit_note_id', credit_note_id, line)).rejects.toThrow('cannot join');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['without lines', {}, /its lines are/],
    ['with a number that is not its place', { number: 'CN-000099' }, /credit_note_number_is_its_place/],
    ['with a number that is given', { seq: 1, number: 'CN-000001' }, /duplicate key/],
    ['of the series of invoices', { series: 'INV', number: 'INV-000900' }, /check constraint/],
    ['in another currency', { currency: 'USD' }, /payer and the currency/],
    ['for another payer', { org_id: 'other' }, /payer and the currency/],
    ['that says it came after a payment', { after_payment: true }, /takes no such credit note/],
    ['of something, without a ledger transaction', { ledger_transaction_id: null }, /credit_note_posts_its_total/],
    ['for no reason', { reason: '' }, /check constraint/],
    ['of another kind', { kind: 'gift' }, /check constraint/],
    ['for an invoice that is not there', { invoice_id: randomUUID() }, /cannot be seen/],
  ])('%s is refused', async (_what, changes, message) => {
    const { invoice_id, line } = await billed();
    const other = (await billed()).org_id;
    const { credit_note_id } = await credit(invoice_id, [{ line_id: line.line_id, amount: { amount: '1.00', currency: 'AUD' } }]);
    const note = {
      credit_note_id: randomUUID(),
      seq: 900,
      number: 'CN-000900',
      ...changes,
      ...(changes.org_id ? { org_id: other } : {}),
    };
    await expect(plant('credit_note', 'credit_note_id', credit_note_id, note)).rejects.toThrow(message);
  });

  it('for a void invoice is refused, and a void of what was credited', async () => {
    const [void_one, credited] = [await billed(), await billed()];
    const { credit_note_id } = await credit(credited.invoice_id);
    await shop.void(void_one.invoice_id);
    const note = {
      credit_note_id: randomUUID(),
      seq: 900,
      number: 'CN-000900',
      invoice_id: void_one.invoice_id,
      org_id: void_one.org_id,
    };
    await expect(plant('credit_note', 'credit_note_id', credit_note_id, note)).rejects.toThrow('takes no such credit note');
    const part = await billed();
    await credit(part.invoice_id, [{ line_id: part.line.line_id, amount: { amount: '1.00', currency: 'AUD' } }]);
    await expect(
      s.t.superuser("UPDATE invoice SET status = 'void', voided_at = now(), void_reason = 'r' WHERE invoice_id = $1", [
        part.invoice_id,
      ]),
    ).rejects.toThrow('has credit notes');
  });

  /** A second note with one line, in one transaction, as a program that does not ask would write it. */
  async function second(over: {
    invoice: Awaited<ReturnType<typeof billed>>;
    amount_minor: number;
    line_id?: string;
    total_minor?: number;
  }) {
    const { invoice, amount_minor, line_id = invoice.line.line_id, total_minor = amount_minor } = over;
    const [note, line] = [randomUUID(), randomUUID()];
    const [{ credit_note_id }] = (await s.t.superuser('SELECT credit_note_id FROM credit_note WHERE invoice_id = $1', [
      invoice.invoice_id,
    ])) as [{ credit_note_id: string }];
    await s.t.superuser(
      `WITH note AS (
         INSERT INTO credit_note SELECT (jsonb_populate_record(n, jsonb_build_object('credit_note_id', $1::uuid, 'seq', 900, 'number', 'CN-000900',
           'total_minor', $2::bigint, 'xid', pg_current_xact_id()))).* FROM credit_note n WHERE credit_note_id = $3 RETURNING 1)
       INSERT INTO credit_note_line SELECT (jsonb_populate_record(l, jsonb_build_object('credit_note_id', $1::uuid, 'line_id', $4::uuid,
           'invoice_line_id', $5::uuid, 'amount_minor', $6::bigint))).* FROM credit_note_line l WHERE credit_note_id = $3`,
      [note, total_minor, credit_note_id, line, line_id, amount_minor],
    );
  }

  it.each<[string, { amount_minor: number; total_minor?: number; foreign?: true }, RegExp]>([
    ['more than the line has left', { amount_minor: 201 }, /would be credited 301/],
    ['less than nothing', { amount_minor: -101 }, /would be credited -1/],
    ['nothing of a line over something', { amount_minor: 0 }, /lines of its own invoice/],
    ['a line of another invoice', { amount_minor: 1, foreign: true }, /lines of its own invoice/],
    ['another sum than its total', { amount_minor: 100, total_minor: 99 }, /is 99 but its lines are 100/],
  ])('that credits %s is refused', async (_what, { foreign, ...over }, message) => {
    const invoice = await billed();
    await credit(invoice.invoice_id, [{ line_id: invoice.line.line_id, amount: { amount: '1.00', currency: 'AUD' } }]);
    const line_id = foreign ? (await billed()).line.line_id : invoice.line.line_id;
    await expect(second({ invoice, ...over, line_id })).rejects.toThrow(message);
  });

  it('that takes an invoice’s credits past its total is refused, though each line stands for it', async () => {
    const mixed = await shop.plan('mixed', 'AUD', {
      in: { model: 'unit', unit_amount: '1' },
      out: { model: 'unit', unit_amount: '-1' },
    });
    // 10.00 − 4.00 = 6.00
    const invoice = await billed(
      [mixed],
      [
        ['in', '10'],
        ['out', '4'],
      ],
    );
    const into = invoice.lines.find(({ sku }) => sku === 'in')!.line_id;
    await credit(invoice.invoice_id, [{ line_id: into, amount: { amount: '5.00', currency: 'AUD' } }]);
    await expect(second({ invoice, line_id: into, amount_minor: 101 })).rejects.toThrow('of 600 would be credited 601');
    const refused = await s.call('POST', `/v1/invoices/${invoice.invoice_id}/credit-notes`, {
      reason: 'r',
      lines: [{ line_id: into, amount: { amount: '1.01', currency: 'AUD' } }],
    });
    expect(refused).toMatchObject({ status: 422, body: { code: 'credit_exceeds_invoice' } });
    // The rest of both lines: 5.00 − 4.00.
    expect(await credit(invoice.invoice_id)).toMatchObject({ total: { amount: '1.00' } });
    expect(await defects()).toEqual([]);
  });
});

describe('a ledger line that takes another back', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['beyond it', { amount_gross: -301, net: -301 }, /go beyond it/],
    ['in the other direction', { amount_gross: 1, net: 1 }, /go beyond it/],
    ['in another currency', { currency: 'USD' }, /does not correct/],
    ['of another SKU', { sku: null }, /does not correct/],
    ['with a charge of its own', { charge_id: randomUUID() }, /ledger_correction_form/],
  ])('%s is refused', async (_what, changes, message) => {
    const { line } = await billed();
    const entry = { entry_id: randomUUID(), corrects: line.entry_id, charge_id: null, amount_gross: -1, net: -1, ...changes };
    await expect(plant('ledger', 'entry_id', line.entry_id, entry)).rejects.toThrow(message);
  });

  it('of itself, of a correction, or of a line that is reversed is refused', async () => {
    const { invoice_id, line } = await billed();
    const entry = (corrects: string) => ({ entry_id: randomUUID(), corrects, charge_id: null, amount_gross: -1, net: -1 });
    await credit(invoice_id);
    await expect(plant('ledger', 'entry_id', line.entry_id, entry(line.entry_id))).rejects.toThrow('does not correct');
    const [{ entry_id }] = (await s.t.superuser('SELECT entry_id FROM ledger WHERE corrects = $1', [line.entry_id])) as [
      { entry_id: string },
    ];
    await expect(plant('ledger', 'entry_id', entry_id, entry(entry_id))).rejects.toThrow('does not correct');
  });
});

describe('a rebill', () => {
  it('takes back one billed period of an invoice and sets it free; the rest of the invoice stands', async () => {
    const other = await shop.plan('sms', 'AUD', { sms: { model: 'unit', unit_amount: '2' } });
    // 3 × 1.00 and 4 × 2.00 on one invoice of 11.00, from two subscriptions.
    const { org_id, invoice_id, lines } = await billed(
      [plan_id, other],
      [
        ['call', '3'],
        ['sms', '4'],
      ],
    );
    await shop.use(org_id, 'call', '2', '2025-01-20T00:00:00Z');
    const calls = lines.find(({ sku }) => sku === 'call')!;
    const retired = await s.t.transact(
      async (tx) => {
        const done = await creditAndRetire(tx, { charge_ids: [calls.charge_id], reason: 'Late usage' });
        await sealCheckpoint(tx);
        return done;
      },
      { tenant_id },
    );
    expect(retired).toMatchObject([
      { charge_id: calls.charge_id, invoice_id, line_id: calls.line_id, credited: { number: expect.stringMatching(/^CN-/) } },
    ]);
    const note = await shop.made('GET', `/v1/credit-notes/${retired[0]!.credited!.credit_note_id}`);
    expect(note).toMatchObject({
      kind: 'rebill',
      total: { amount: '3.00' },
      lines: [{ line_id: retired[0]!.credited!.line_id, sku: 'call' }],
    });
    expect(await shop.made('GET', `/v1/invoices/${invoice_id}`)).toMatchObject({ status: 'open', balance: { amount: '8.00' } });
    expect(await defects()).toEqual([]);

    // The period is free: billed again with what came late, 5 × 1.00, while the other subscription is billed already.
    expect(await shop.bill('2025-01-01', '2025-02-01', org_id)).toMatchObject({ invoices: 1, already_billed: 1, errors: [] });
    expect(await shop.newest(org_id)).toMatchObject({ total: { amount: '5.00' }, balance: { amount: '5.00' } });
    expect(await defects()).toEqual([]);
  });

  it('credits what corrections left of a line, and nothing where they left nothing', async () => {
    const [part, whole] = [await billed(), await billed()];
    await credit(part.invoice_id, [{ line_id: part.line.line_id, amount: { amount: '1.00', currency: 'AUD' } }]);
    await credit(whole.invoice_id);
    const charge_ids = [part.line.charge_id, whole.line.charge_id];
    const retired = await s.t.transact((tx) => creditAndRetire(tx, { charge_ids, reason: 'Late usage' }), { tenant_id });
    const of = (charge_id: string) => retired.find((each) => each.charge_id === charge_id)!.credited;
    expect(of(whole.line.charge_id)).toBeNull();
    const note = await shop.made('GET', `/v1/credit-notes/${of(part.line.charge_id)!.credit_note_id}`);
    expect(note).toMatchObject({ total: { amount: '2.00' }, lines: [{ left: { amount: '0.00' } }] });
    expect(await defects()).toEqual([]);
  });

  it('of a period over nothing names the line that it replaces, once', async () => {
    const free = await shop.plan('free', 'AUD', { free: { model: 'unit', unit_amount: '0' } });
    const { invoice_id, line } = await billed([free], [['free', '7']]);
    const retire = () =>
      s.t.transact((tx) => creditAndRetire(tx, { charge_ids: [line.charge_id], reason: 'Late usage' }), { tenant_id });
    const [retired] = await retire();
    const note = await shop.made('GET', `/v1/credit-notes/${retired!.credited!.credit_note_id}`);
    expect(note).toMatchObject({ invoice_id, total: { amount: '0.00' }, lines: [{ invoice_line_id: line.line_id }] });
    expect(await retire()).toMatchObject([{ credited: null }]);
    expect(await defects()).toEqual([]);
  });

  it('may pass the total of an invoice whose other lines are below zero', async () => {
    const out = await shop.plan('out', 'AUD', { export: { model: 'unit', unit_amount: '-1' } });
    // 3.00 − 2.00 = 1.00, from two subscriptions.
    const { invoice_id, lines } = await billed(
      [plan_id, out],
      [
        ['call', '3'],
        ['export', '2'],
      ],
    );
    const { charge_id } = lines.find(({ sku }) => sku === 'call')!;
    await s.t.transact((tx) => creditAndRetire(tx, { charge_ids: [charge_id], reason: 'Late usage' }), { tenant_id });
    expect(await shop.made('GET', `/v1/invoices/${invoice_id}`)).toMatchObject({ status: 'open', balance: { amount: '-2.00' } });
    expect(await defects()).toEqual([]);
  });

  it('is nothing when its transaction does not commit', async () => {
    const { invoice_id, line } = await billed();
    const failed = s.t.transact(
      async (tx) => {
        await creditAndRetire(tx, { charge_ids: [line.charge_id], reason: 'Late usage' });
        throw new Error('killed');
      },
      { tenant_id },
    );
    await expect(failed).rejects.toThrow('killed');
    expect((await shop.made('GET', `/v1/credit-notes?invoice_id=${invoice_id}`)).data).toEqual([]);
    expect(await defects()).toEqual([]);
  });
});

describe('the audit finds', () => {
  let invoice: Awaited<ReturnType<typeof billed>>;
  let note: { credit_note_id: string };
  beforeAll(async () => {
    invoice = await billed();
    note = await credit(invoice.invoice_id, [{ line_id: invoice.line.line_id, amount: { amount: '1.00', currency: 'AUD' } }]);
    expect(await defects()).toEqual([]);
  });

  /** Plants a change, looks, and takes it back. */
  async function found(tables: readonly string[], plant: [string, unknown[]], undo: [string, unknown[]]): Promise<string[]> {
    await past(tables, () => s.t.superuser(...plant));
    const answer = await defects();
    await past(tables, () => s.t.superuser(...undo));
    expect(await defects()).toEqual([]);
    return answer;
  }

  it('a total that is not its lines, nor what was posted', async () => {
    const set = (minor: number): [string, unknown[]] => [
      'UPDATE credit_note SET total_minor = $1 WHERE credit_note_id = $2',
      [minor, note.credit_note_id],
    ];
    expect(await found(['credit_note'], set(99), set(100))).toEqual(['I9', 'I9e']);
    expect(await found(['credit_note'], set(301), set(100))).toEqual(['I9', 'I9c', 'I9e']);
  });

  it('a line credited beyond itself, and not as its ledger line says', async () => {
    const set = (minor: number): [string, unknown[]] => [
      'UPDATE credit_note_line SET amount_minor = $1 WHERE credit_note_id = $2',
      [minor, note.credit_note_id],
    ];
    expect(await found(['credit_note_line'], set(301), set(100))).toEqual(['I9', 'I9b', 'I9f']);
  });

  it('a credit note for another payer', async () => {
    const { org_id } = await billed();
    const set = (id: string): [string, unknown[]] => [
      'UPDATE credit_note SET org_id = $1 WHERE credit_note_id = $2',
      [id, note.credit_note_id],
    ];
    expect(await found(['credit_note'], set(org_id), set(invoice.org_id))).toEqual(['I9d']);
  });

  it('a number that is missing', async () => {
    const set = (seq: number): [string, unknown[]] => [
      "UPDATE credit_note SET seq = $1::int, number = 'CN-' || lpad($1::text, 6, '0') WHERE credit_note_id = $2",
      [seq, note.credit_note_id],
    ];
    const [{ seq }] = (await s.t.superuser('SELECT seq FROM credit_note WHERE credit_note_id = $1', [note.credit_note_id])) as [
      { seq: string },
    ];
    expect(await found(['credit_note'], set(777), set(Number.parseInt(seq, 10)))).toEqual(['I8']);
  });

  it('a correction that is not reversed with its line, or goes beyond it', async () => {
    const status = (text: string): [string, unknown[]] => [
      'UPDATE ledger SET status = $1 WHERE entry_id = $2',
      [text, invoice.line.entry_id],
    ];
    expect(await found(['ledger'], status('reversed'), status('pending'))).toEqual(['I4e', 'I5d']);
    const gross = (minor: number): [string, unknown[]] => [
      'UPDATE ledger SET amount_gross = $1, net = $1 WHERE corrects = $2',
      [minor, invoice.line.entry_id],
    ];
    expect(await found(['ledger'], gross(-301), gross(-100))).toEqual(['I5c', 'I9e', 'I9f']);
  });

  it('a charge that ceased to count though its line stands', async () => {
    const live = (is: boolean): [string, unknown[]] => [
      'UPDATE charge SET live = $1 WHERE charge_id = $2',
      [is, invoice.line.charge_id],
    ];
    expect(await found(['charge'], live(false), live(true))).toEqual(['I4c', 'I6b', 'T1']);
  });
});
