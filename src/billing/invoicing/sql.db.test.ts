import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { openShop } from '../../../test/support/shop.ts';
import { takeNumbers } from './sql.ts';

const s = await testServer();
const shop = openShop(s);
const { tenant_id } = s.tenant;
let invoice: { invoice_id: string; number: string };
let other: { invoice_id: string; number: string };

/** Two invoices over 3 calls at a dollar: INV-000001 and INV-000002. */
beforeAll(async () => {
  const plan_id = await shop.plan('calls', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
  const org_ids = [await shop.customer('one', [plan_id]), await shop.customer('two', [plan_id])];
  for (const org_id of org_ids) await shop.use(org_id, 'call', '3', '2025-01-15T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01');
  [invoice, other] = [await shop.newest(org_ids[0]!), await shop.newest(org_ids[1]!)];
});

/** A row again with some columns changed, columns that the database fills left out. */
const plant = (table: string, from: string, id: string, changes: Record<string, unknown>) =>
  s.t.superuser(`INSERT INTO ${table} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM ${table} t WHERE ${from} = $2`, [
    JSON.stringify(changes),
    id,
  ]);

/** What the guards would refuse is done past them: the audit has to find it. */
async function past(table: string, work: () => Promise<unknown>): Promise<void> {
  await s.t.superuser(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
  try {
    await work();
  } finally {
    await s.t.superuser(`ALTER TABLE ${table} ENABLE TRIGGER ALL`);
  }
}

const defects = async () => (await shop.defects()).map(({ defect, what }) => `${String(defect).split(' ')[0]} ${what}`);

describe('an issued invoice', () => {
  it('takes no more lines', async () => {
    const charge_id = randomUUID();
    const [known] = await s.t.superuser<{ charge_id: string }>('SELECT charge_id FROM invoice_line WHERE invoice_id = $1', [
      invoice.invoice_id,
    ]);
    await plant('charge', 'charge_id', known!.charge_id, { charge_id, sku: 'more', amount_minor: 0 });
    const line = { line_id: randomUUID(), charge_id, position: 2, amount_minor: 0 };
    await expect(plant('invoice_line', 'invoice_id', invoice.invoice_id, line)).rejects.toThrow('cannot join');
    await past('charge', () => s.t.superuser('DELETE FROM charge WHERE charge_id = $1', [charge_id]));
  });

  it('changes nothing but its state, and that only forward', async () => {
    for (const change of ["number = 'INV-000009'", 'total_minor = 1', "document = '{}'", 'due_at = now()', "status = 'open'"])
      await expect(s.t.superuser(`UPDATE invoice SET ${change} WHERE invoice_id = $1`, [invoice.invoice_id])).rejects.toThrow(
        /does not change|cannot become/,
      );
    await expect(s.t.superuser('DELETE FROM invoice')).rejects.toThrow(/does not change/);
    await expect(s.t.superuser('UPDATE invoice_line SET amount_minor = 1')).rejects.toThrow('append-only');
    await expect(s.t.superuser('DELETE FROM invoice_line')).rejects.toThrow('append-only');
  });

  it.each([
    ['is not its lines', { total_minor: 1 }, 'its lines are'],
    ['has a number that is not its place', { number: 'INV-000099' }, 'invoice_number_is_its_place'],
    ['has a number that is given', { seq: 1, number: 'INV-000001' }, /invoice_number_once|duplicate/],
    ['begins as anything but a draft', { status: 'open' }, 'does not begin as open'],
    ['is due before it is issued', { due_at: '2001-01-01T00:00:00Z' }, /check constraint/],
    ['names a transaction that is not there', { ledger_transaction_id: randomUUID() }, /foreign key/],
  ])('that %s is refused', async (_what, changes, message) => {
    const made = { invoice_id: randomUUID(), seq: 3, number: 'INV-000003', status: 'draft', ...changes };
    await expect(plant('invoice', 'invoice_id', invoice.invoice_id, made)).rejects.toThrow(message);
  });

  it.each([
    ['paid at no time', "status = 'paid'"],
    ['void for no reason', "status = 'void', voided_at = now()"],
    ['uncollectible at no time', "status = 'uncollectible'"],
  ])('is not %s', async (_what, change) => {
    await expect(s.t.superuser(`UPDATE invoice SET ${change} WHERE invoice_id = $1`, [invoice.invoice_id])).rejects.toThrow(
      /check constraint/,
    );
  });

  it('is not left a draft', async () => {
    const made = {
      invoice_id: randomUUID(),
      seq: 3,
      number: 'INV-000003',
      status: 'draft',
      total_minor: 0,
      ledger_transaction_id: null,
    };
    await expect(plant('invoice', 'invoice_id', invoice.invoice_id, made)).rejects.toThrow('was left a draft');
  });

  it('gives the app no say over the database transaction that it belongs to', async () => {
    const [may] = await s.t.superuser("SELECT has_column_privilege('tally_app', 'invoice', 'xid', 'INSERT') AS may");
    expect(may).toEqual({ may: false });
  });
});

describe('numbers', () => {
  it('have no gap, whatever is rolled back', async () => {
    const scope = { tenant_id };
    const take = (series: string) => s.t.transact((tx) => takeNumbers(tx, series, 2), scope);
    expect(await take('TEST')).toBe(1n);
    const failed = s.t.transact(async (tx) => {
      await takeNumbers(tx, 'TEST', 5);
      throw new Error('killed');
    }, scope);
    await expect(failed).rejects.toThrow('killed');
    expect(await take('TEST')).toBe(3n);
  });

  it('are given once to many at the same moment', async () => {
    const take = () => s.t.transact((tx) => takeNumbers(tx, 'RACE', 3), { tenant_id });
    const firsts = await Promise.all(Array.from({ length: 10 }, take));
    expect(firsts.sort((a, b) => (a < b ? -1 : 1))).toEqual(Array.from({ length: 10 }, (_, at) => BigInt(at * 3 + 1)));
    await s.t.superuser("DELETE FROM invoice_counter WHERE series IN ('TEST', 'RACE')");
  });
});

describe('the audit finds', () => {
  it('nothing in what was billed', async () => {
    expect(await defects()).toEqual([]);
  });

  it('a total that is not its lines, nor its ledger transaction', async () => {
    await past('invoice', () =>
      s.t.superuser('UPDATE invoice SET total_minor = 400 WHERE invoice_id = $1', [invoice.invoice_id]),
    );
    expect(await defects()).toEqual(expect.arrayContaining([`I4 ${invoice.invoice_id}`, `I4f ${invoice.invoice_id}`]));
    await past('invoice', () =>
      s.t.superuser('UPDATE invoice SET total_minor = 300 WHERE invoice_id = $1', [invoice.invoice_id]),
    );
    expect(await defects()).toEqual([]);
  });

  it('a line that is neither its charge nor its ledger line', async () => {
    const [{ line_id }] = (await s.t.superuser('SELECT line_id FROM invoice_line WHERE invoice_id = $1', [
      invoice.invoice_id,
    ])) as [{ line_id: string }];
    const set = (amount: number) =>
      past('invoice_line', () =>
        s.t.superuser('UPDATE invoice_line SET amount_minor = $1 WHERE line_id = $2', [amount, line_id]),
      );
    await set(299);
    expect(await defects()).toEqual(expect.arrayContaining([`I4b ${line_id}`, `I4e ${line_id}`, `I4 ${invoice.invoice_id}`]));
    await set(300);
  });

  it('a void that the ledger does not know, and whose charges count on', async () => {
    const state = (sets: string) =>
      past('invoice', () => s.t.superuser(`UPDATE invoice SET ${sets} WHERE invoice_id = $1`, [invoice.invoice_id]));
    await state("status = 'void', voided_at = now(), void_reason = 'planted'");
    const found = await defects();
    expect(found.map((each) => each.split(' ')[0]).sort()).toEqual(['I11b', 'I4c', 'I4e', 'I4f']);
    await state("status = 'open', voided_at = NULL, void_reason = NULL");
  });

  it('a charge that is on no invoice', async () => {
    const [{ charge_id }] = (await s.t.superuser('SELECT charge_id FROM invoice_line WHERE invoice_id = $1', [
      other.invoice_id,
    ])) as [{ charge_id: string }];
    await past('invoice_line', () => s.t.superuser('DELETE FROM invoice_line WHERE charge_id = $1', [charge_id]));
    expect(await defects()).toEqual(expect.arrayContaining([`I4d ${charge_id}`, `I4 ${other.invoice_id}`]));
  });

  it('a number that is missing, at the end too', async () => {
    await past('invoice', () => s.t.superuser('DELETE FROM invoice WHERE invoice_id = $1', [other.invoice_id]));
    expect((await defects()).some((each) => each.startsWith('I8 INV max 1 count 1 counter 2'))).toBe(true);
    await past('invoice', () => s.t.superuser('DELETE FROM invoice'));
    expect((await defects()).some((each) => each.startsWith('I8 INV max count 0 counter 2'))).toBe(true);
  });
});
