import { beforeAll, describe, expect, it } from 'vitest';
import { issueEverything, named, planted } from '../../../../test/support/issued.ts';
import { testServer } from '../../../../test/support/server.ts';
import { openShop } from '../../../../test/support/shop.ts';

const s = await testServer();
const shop = openShop(s);
beforeAll(async () => {
  await issueEverything(s);
}, 120_000);

/** The charge and the ledger line behind a line of the first invoice: `again`, by the sum, with a partner's share. */
const line = (column: string) =>
  `(SELECT ${column} FROM invoice_line JOIN invoice USING (tenant_id, invoice_id) WHERE number = 'INV-000001' AND position = 2)`;
const again = (...fields: string[]) => [`invoice_line INV-000001 2 again: ${fields.join(' ')}`];
const set = (table: string, change: string, where: string) => `UPDATE ${table} SET ${change} WHERE ${where}`;
const legs = (change: string, transaction: string) =>
  set(
    'posting',
    `amount_minor = amount_minor + CASE line WHEN 1 THEN ${change} WHEN 2 THEN -${change} ELSE 0 END`,
    `transaction_id = ${transaction}`,
  );
const shared = 'amount amount_exact net partner_amount quantity steps';

const plants: [what: string, table: string, sql: () => string, names: () => string[]][] = [
  [
    'the amount of a charge',
    'charge',
    () => set('charge', 'amount_minor = amount_minor + 1', `charge_id = ${line('charge_id')}`),
    () => again('amount'),
  ],
  [
    'the steps of a charge',
    'charge',
    () => set('charge', `steps = '[]'`, `charge_id = ${line('charge_id')}`),
    () => again('steps'),
  ],
  [
    'the usage of a charge',
    'charge',
    () => set('charge', 'usage_count = 9', `charge_id = ${line('charge_id')}`),
    () => again('usage.count'),
  ],
  [
    'the price of a charge',
    'charge',
    () =>
      set('charge', `inputs = inputs || '{"price": {"model": "unit", "unit_amount": "9"}}'`, `charge_id = ${line('charge_id')}`),
    () => again('amount amount_exact inputs net partner_amount steps'),
  ],
  [
    'a charge that is gone',
    'charge',
    () => `DELETE FROM charge WHERE charge_id = ${line('charge_id')}`,
    () => ['billed_period INV-000001 again: line', ...again('charge')],
  ],
  [
    'the time that a period took',
    'usage_take',
    () =>
      set(
        'usage_take',
        `during = tstzrange(lower(during), upper(during) - interval '15 days')`,
        `billed_period_id = (SELECT billed_period_id FROM charge WHERE charge_id = ${line('charge_id')})`,
      ),
    () => [`invoice_line INV-000001 3 call: ${shared} usage.count usage.root usage.sum`],
  ],
  [
    'the gross of a ledger line',
    'ledger',
    () => set('ledger', 'amount_gross = amount_gross + 5, net = net + 5', `entry_id = ${line('entry_id')}`),
    () => again('amount net'),
  ],
  [
    'the split of a ledger line',
    'ledger',
    () => set('ledger', 'partner_amount = partner_amount + 5, net = net - 5', `entry_id = ${line('entry_id')}`),
    () => again('net partner_amount'),
  ],
  [
    'the rate of a ledger line',
    'ledger',
    () => set('ledger', 'partner_pct = 20', `entry_id = ${line('entry_id')}`),
    () => again('net partner_amount'),
  ],
  ['a ledger line that is gone', 'ledger', () => `DELETE FROM ledger WHERE entry_id = ${line('entry_id')}`, () => again('line')],
  [
    'a ledger line more',
    'ledger',
    () =>
      `INSERT INTO ledger SELECT (e).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object('entry_id', gen_random_uuid(), 'charge_id', NULL)) AS e
         FROM ledger l WHERE entry_id = ${line('entry_id')}) AS copy`,
    () => ['invoice INV-000001 -: ledger line'],
  ],
  [
    'the posting of an invoice',
    'posting',
    () => legs('7', `(SELECT ledger_transaction_id FROM invoice WHERE number = 'INV-000001')`),
    () => ['invoice INV-000001 -: posting'],
  ],
  [
    'the posting of a void',
    'posting',
    () => legs('7', '(SELECT transaction_id FROM ledger_transaction WHERE reverses IS NOT NULL)'),
    () => ['invoice INV-000003 -: posting of the void'],
  ],
  [
    'the posting of a payment',
    'posting',
    () => legs('7', `(SELECT transaction_id FROM ledger_transaction WHERE kind = 'payment')`),
    () => ['invoice INV-000001 -: posting of the payment'],
  ],
  [
    'the posting of a credit note',
    'posting',
    () => legs('7', `(SELECT ledger_transaction_id FROM credit_note WHERE number = 'CN-000002')`),
    () => ['credit_note CN-000002 -: posting'],
  ],
  [
    'the posting of single charges',
    'posting',
    () => legs('7', `(SELECT min(transaction_id::text)::uuid FROM ledger_transaction WHERE kind = 'charge')`),
    () => ['action -: posting'],
  ],
  [
    'an amount of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{lines,1,amount}', '"99.00"')`, `number = 'INV-000001'`),
    () => again('amount'),
  ],
  [
    'a description of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{lines,1,description}', '"Other"')`, `number = 'INV-000001'`),
    () => again('content'),
  ],
  [
    'the customer of a document',
    'invoice',
    () => set('invoice', `document = jsonb_set(document, '{customer,legal_name}', '"Other"')`, `number = 'INV-000001'`),
    () => ['invoice INV-000001 -: document'],
  ],
  [
    'a line less of a document',
    'invoice',
    () => set('invoice', `document = document #- '{lines,1}'`, `number = 'INV-000001'`),
    () => again('line'),
  ],
  [
    'the total of an invoice',
    'invoice',
    () => set('invoice', 'total_minor = total_minor + 1', `number = 'INV-000001'`),
    () => ['invoice INV-000001 -: total'],
  ],
  [
    'the amount of an invoice line',
    'invoice_line',
    () => set('invoice_line', 'amount_minor = amount_minor + 1', `charge_id = ${line('charge_id')}`),
    () => again('amount'),
  ],
  [
    'an invoice line that is gone',
    'invoice_line',
    () => `DELETE FROM invoice_line WHERE charge_id = ${line('charge_id')}`,
    () => ['billed_period INV-000001 again: invoice line', 'invoice INV-000001 -: ledger line line'],
  ],
  [
    'what a credit note left',
    'credit_note',
    () => set('credit_note', `document = jsonb_set(document, '{lines,0,left}', '"99.00"')`, `number = 'CN-000002'`),
    () => ['credit_note_line CN-000002 1 call: left'],
  ],
  [
    'the reason of a credit note',
    'credit_note',
    () => set('credit_note', `document = jsonb_set(document, '{reason}', '"Other"')`, `number = 'CN-000002'`),
    () => ['credit_note CN-000002 -: content'],
  ],
  [
    'the total of a credit note',
    'credit_note',
    () => set('credit_note', 'total_minor = 1', `number = 'CN-000002'`),
    () => ['credit_note CN-000002 -: total'],
  ],
  [
    'the amount of a credit note line',
    'credit_note_line',
    () =>
      set(
        'credit_note_line',
        'amount_minor = amount_minor + 1',
        `credit_note_id = (SELECT credit_note_id FROM credit_note WHERE number = 'CN-000002')`,
      ),
    () => ['credit_note_line CN-000002 1 call: amount'],
  ],
  [
    'the split of a line that takes back',
    'ledger',
    () =>
      set(
        'ledger',
        'partner_amount = partner_amount - 1, net = net + 1',
        `entry_id = (SELECT entry_id FROM credit_note_line JOIN credit_note USING (tenant_id, credit_note_id) WHERE number = 'CN-000002')`,
      ),
    () => ['credit_note_line CN-000002 1 call: net partner_amount'],
  ],
  [
    'the quantity of a single charge',
    'charge',
    () => set('charge', 'quantity = 9', `request_id = 'act-1-b'`),
    () => ['action act: quantity'],
  ],
  [
    'the exact amount of a single charge',
    'charge',
    () => set('charge', 'amount_exact = 9', `request_id = 'act-1-b'`),
    () => ['action act: amount_exact'],
  ],
  [
    'what a single charge posted',
    'ledger',
    () =>
      set(
        'ledger',
        'amount_gross = amount_gross + 5, net = net + 5',
        `charge_id = (SELECT charge_id FROM charge WHERE request_id = 'act-1-b')`,
      ),
    () => ['action act: net posted'],
  ],
];

describe('one change that no trigger saw is named, and nothing else', () => {
  it.each(plants)('%s', async (_what, table, sql, names) => {
    expect(named(await planted(s, table, sql()))).toEqual(names());
  });

  it('and when all are taken back, nothing is', async () => {
    expect(await shop.audit()).toEqual([]);
  });
});
