import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import { newId } from '../../kernel/id.ts';
import { createSku } from '../../offer/catalog/service.ts';
import type { Tx } from '../../platform/postgres.ts';
import { billedLegs, type Leg, type NewLine } from './model.ts';
import {
  accountsFor,
  insertLines,
  linesOf,
  postMany,
  postRunning,
  postTransaction,
  reverseTransaction,
  setLineStatus,
  trialBalance,
} from './service.ts';

const t = await testDatabase();
const now = t.scope().now;
let org_id = '';
let aud: { receivable: string; revenue: string };

const orgOf = (slug: string) => ({
  legal_name: slug,
  org_slug: slug,
  billing_email: `${slug}@example.com`,
  default_timezone: 'Australia/Sydney',
});

beforeAll(async () => {
  await t.transact(async (tx) => {
    org_id = (await createOrganization(tx, orgOf('customer'))).org_id;
    await createSku(tx, { sku: 'sms', type: 'action', unit: 'message' });
    const [receivable, revenue] = await accountsFor(tx, [
      { kind: 'receivable', owner: org_id, currency: 'AUD' },
      { kind: 'revenue', owner: null, currency: 'AUD' },
    ]);
    aud = { receivable: receivable!, revenue: revenue! };
  });
});

const legs = (amount_minor: bigint): Leg[] => [
  { account_id: aud.receivable, currency: 'AUD', amount_minor },
  { account_id: aud.revenue, currency: 'AUD', amount_minor: -amount_minor },
];

async function header(tx: Tx, reverses: string | null = null): Promise<string> {
  const id = newId(now);
  await tx.write(sql`INSERT INTO ledger_transaction (tenant_id, transaction_id, kind, idem_key, reverses, created_at)
    VALUES (${tx.tenant_id}, ${id}, 'test', ${id}, ${reverses}, ${now.toString()})`);
  return id;
}

async function leg(tx: Tx, transaction_id: string, rows: [number, string, string, number | string][]): Promise<void> {
  await tx.write(sql`INSERT INTO posting (tenant_id, transaction_id, line, account_id, currency, amount_minor)
    VALUES ${sql.join(rows.map(([line, account, currency, amount]) => sql`(${tx.tenant_id}, ${transaction_id}, ${line}, ${account}, ${currency}, ${amount})`))}`);
}

const constraint = (name: string) => expect.objectContaining({ constraint: name });

describe('the database refuses a transaction', () => {
  it('that is not zero in sum', async () => {
    const planted = t.transact(async (tx) =>
      leg(tx, await header(tx), [
        [1, aud.receivable, 'AUD', 100],
        [2, aud.revenue, 'AUD', -99],
      ]),
    );
    await expect(planted).rejects.toEqual(constraint('ledger_zero_sum'));
  });

  it('with one leg', async () => {
    const planted = t.transact(async (tx) => leg(tx, await header(tx), [[1, aud.receivable, 'AUD', 100]]));
    await expect(planted).rejects.toEqual(constraint('ledger_two_legs'));
  });

  it('without legs, at commit', async () => {
    await expect(t.transact((tx) => header(tx))).rejects.toEqual(constraint('ledger_two_legs'));
  });

  it('with a leg of zero', async () => {
    const planted = t.transact(async (tx) =>
      leg(tx, await header(tx), [
        [1, aud.receivable, 'AUD', 0],
        [2, aud.revenue, 'AUD', 0],
      ]),
    );
    await expect(planted).rejects.toEqual(constraint('posting_not_zero'));
  });

  it('with a leg in another currency than its account', async () => {
    const planted = t.transact(async (tx) =>
      leg(tx, await header(tx), [
        [1, aud.receivable, 'USD', 100],
        [2, aud.revenue, 'USD', -100],
      ]),
    );
    await expect(planted).rejects.toEqual(constraint('posting_account'));
  });

  it('that balances only across currencies', async () => {
    const planted = t.transact(async (tx) => {
      const [usd] = await accountsFor(tx, [{ kind: 'receivable', owner: org_id, currency: 'USD' }]);
      await leg(tx, await header(tx), [
        [1, usd!, 'USD', 100],
        [2, aud.revenue, 'AUD', -100],
      ]);
    });
    await expect(planted).rejects.toEqual(constraint('ledger_zero_sum'));
  });

  it('with a leg beyond what the ledger holds', async () => {
    const planted = t.transact(async (tx) =>
      leg(tx, await header(tx), [
        [1, aud.receivable, 'AUD', '9007199254740992'],
        [2, aud.revenue, 'AUD', '-9007199254740992'],
      ]),
    );
    await expect(planted).rejects.toEqual(constraint('money_minor_check'));
  });

  it('that was posted under the same key', async () => {
    const post = () => t.transact((tx) => postTransaction(tx, { kind: 'test', idem_key: 'once', postings: legs(5n) }));
    await post();
    await expect(post()).rejects.toEqual(constraint('ledger_transaction_posted_once'));
  });

  it('that gets balanced legs later, in another database transaction', async () => {
    const [id] = await t.transact((tx) => postMany(tx, [{ kind: 'test', idem_key: 'early', postings: legs(5n) }]));
    const late = t.transact((tx) =>
      leg(tx, id!, [
        [3, aud.receivable, 'AUD', 1],
        [4, aud.revenue, 'AUD', -1],
      ]),
    );
    await expect(late).rejects.toEqual(constraint('ledger_transaction_closed'));
  });

  it('with legs and no header', async () => {
    const planted = t.transact((tx) =>
      leg(tx, newId(now), [
        [1, aud.receivable, 'AUD', 1],
        [2, aud.revenue, 'AUD', -1],
      ]),
    );
    await expect(planted).rejects.toEqual(constraint('ledger_transaction_closed'));
  });

  it('whose legs belong to another tenant by the time it commits', async () => {
    const planted = t.transact(async (tx) => {
      await header(tx);
      await tx.write(sql`SELECT set_config('tally.tenant_id', ${t.other_tenant_id}, true)`);
    });
    await expect(planted).rejects.toEqual(constraint('ledger_two_legs'));
  });

  it('whose header names a database transaction of its own choice', async () => {
    const planted = t.transact((tx) =>
      tx.write(sql`INSERT INTO ledger_transaction (tenant_id, transaction_id, kind, idem_key, created_at, xid)
        VALUES (${tx.tenant_id}, ${newId(now)}, 'test', 'forged', ${now.toString()}, '1')`),
    );
    await expect(planted).rejects.toThrow(/permission denied/);
  });

  it('that changes or goes', async () => {
    for (const change of [
      'UPDATE posting SET amount_minor = 1',
      'DELETE FROM posting',
      'TRUNCATE posting',
      'UPDATE ledger_transaction SET memo = NULL',
      'DELETE FROM ledger_transaction',
      'DELETE FROM ledger_account',
      'DELETE FROM ledger',
      'UPDATE ledger SET net = net',
    ]) {
      await expect(t.transact((tx) => tx.write(sql.raw(change)))).rejects.toThrow(/permission denied/);
    }
    await expect(t.superuser('UPDATE posting SET amount_minor = 1')).rejects.toThrow(/append-only/);
  });
});

describe('a reversal', () => {
  it('is built from the legs on record, and brings every account back', async () => {
    const before = await t.read((db) => trialBalance(db, now));
    const id = await t.transact((tx) => postTransaction(tx, { kind: 'test', idem_key: 'wrong', postings: legs(777n) }));
    await t.transact((tx) => reverseTransaction(tx, id, { kind: 'test_reversal', idem_key: 'right' }));
    const after = await t.read((db) => trialBalance(db, now));
    const net = (rows: typeof after) => rows.map((row) => [row.kind, row.currency, row.debit_minor - row.credit_minor]);
    expect(net(after)).toEqual(net(before));
  });

  it('is had once', async () => {
    const id = await t.transact((tx) => postTransaction(tx, { kind: 'test', idem_key: 'r1', postings: legs(1n) }));
    await t.transact((tx) => reverseTransaction(tx, id, { kind: 'test_reversal', idem_key: 'r2' }));
    const again = t.transact((tx) => reverseTransaction(tx, id, { kind: 'test_reversal', idem_key: 'r3' }));
    await expect(again).rejects.toEqual(constraint('ledger_transaction_reversed_once'));
  });

  it("is refused for another tenant's transaction as for none", async () => {
    const id = await t.transact((tx) => postTransaction(tx, { kind: 'test', idem_key: 'r4', postings: legs(1n) }));
    const foreign = t.transact((tx) => reverseTransaction(tx, id, { kind: 'test_reversal', idem_key: 'r5' }), {
      tenant_id: t.other_tenant_id,
    });
    await expect(foreign).rejects.toEqual(expect.objectContaining({ code: 'transaction_unknown' }));
  });
});

describe('an account', () => {
  it('is one for its kind, owner and currency, however often and together it is asked for', async () => {
    const names = [
      { kind: 'cash', owner: null, currency: 'AUD' },
      { kind: 'cash', owner: null, currency: 'USD' },
      { kind: 'cash', owner: null, currency: 'AUD' },
      { kind: 'partner_payable', owner: org_id, currency: 'AUD' },
    ] as const;
    const [first, second] = await Promise.all([
      t.transact((tx) => accountsFor(tx, names)),
      t.transact((tx) => accountsFor(tx, names)),
    ]);
    expect(first).toEqual(second);
    expect(first[0]).toBe(first[2]);
    expect(new Set(first).size).toBe(3);
  });
});

const line = (over: Partial<NewLine> = {}): NewLine => ({
  org_id,
  project_id: null,
  sku: 'sms',
  quantity: '1',
  amount_exact: '0.001',
  gross_minor: 0n,
  currency: 'AUD',
  partner_id: null,
  partner_pct: '0',
  partner_minor: 0n,
  net_minor: 0n,
  charge_id: null,
  invoice_id: null,
  period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
  ...over,
});

describe('a ledger line', () => {
  it('comes back as it went in', async () => {
    const partner = await t.transact((tx) => createOrganization(tx, orgOf('partner')));
    const given = line({
      quantity: '12.5',
      amount_exact: '1.0049999999999999999999999',
      gross_minor: 100n,
      partner_id: partner.org_id,
      partner_pct: '12.5',
      partner_minor: 13n,
      net_minor: 87n,
      charge_id: newId(now),
      invoice_id: newId(now),
    });
    const [entry_id] = await t.transact((tx) => insertLines(tx, [given]));
    const [found] = await t.read((db) => linesOf(db, { entry_ids: [entry_id!] }));
    expect(found).toEqual({ ...given, entry_id, status: 'pending', corrects: null, created_at: '2026-03-01T00:00:00Z' });
  });

  it('whose parts are not its whole is refused', async () => {
    await expect(
      t.transact((tx) =>
        tx.write(sql`INSERT INTO ledger (tenant_id, entry_id, org_id, quantity, amount_exact, amount_gross, net, currency, created_at)
          VALUES (${tx.tenant_id}, ${newId(now)}, ${org_id}, 1, 1, 100, 99, 'AUD', ${now.toString()})`),
      ),
    ).rejects.toEqual(constraint('ledger_split'));
  });

  it('goes from pending to settled to reversed, and never back', async () => {
    const [entry_id] = await t.transact((tx) => insertLines(tx, [line()]));
    const to = (status: 'pending' | 'settled' | 'reversed') => t.transact((tx) => setLineStatus(tx, [entry_id!], status));
    await to('settled');
    await expect(to('pending')).rejects.toEqual(constraint('ledger_status_transition'));
    await to('reversed');
    await expect(to('reversed')).rejects.toEqual(constraint('ledger_status_transition'));
    await expect(t.transact((tx) => setLineStatus(tx, [newId(now)], 'settled'))).rejects.toEqual(
      expect.objectContaining({ code: 'line_unknown' }),
    );
  });

  it('is one for its charge', async () => {
    const charge_id = newId(now);
    await t.transact((tx) => insertLines(tx, [line({ charge_id })]));
    await expect(t.transact((tx) => insertLines(tx, [line({ charge_id })]))).rejects.toEqual(constraint('ledger_charged_once'));
  });
});

describe('charges outside a cycle', () => {
  it('of a tenth of a cent, a thousand times and from several sides at once, are a dollar', async () => {
    const other = await t.transact((tx) => createOrganization(tx, orgOf('thousand')));
    const charge = { org_id: other.org_id, project_id: null, sku: 'sms', currency: 'AUD', amount_exact: '0.001' };
    const batch = () =>
      t.transact(async (tx) => {
        const charges = Array.from({ length: 100 }, () => charge);
        const grosses = await postRunning(tx, charges);
        await insertLines(
          tx,
          grosses.map((gross_minor) => line({ org_id: other.org_id, gross_minor, net_minor: gross_minor, period: null })),
        );
      });
    await Promise.all(Array.from({ length: 10 }, batch));
    const lines = await t.read((db) => linesOf(db, { org_id: other.org_id }));
    // 1,000 × 0.001 = 1.00: 100 minor units on 1,000 lines, of which 900 post nothing.
    expect(lines.reduce((sum, one) => sum + one.gross_minor, 0n)).toBe(100n);
    expect(lines.filter((one) => one.gross_minor === 0n)).toHaveLength(900);
  });

  it('are apart for each project, SKU and currency', async () => {
    const other = await t.transact((tx) => createOrganization(tx, orgOf('apart')));
    const charge = { org_id: other.org_id, project_id: null, sku: 'sms', currency: 'AUD', amount_exact: '0.004' };
    const project_id = newId(now);
    await expect(
      t.transact(async (tx) => {
        // 0.004 + 0.004 = 0.008 → 1 cent in the second; the others stand alone at 0.004 → 0; yen have no cents: 0.6 → 1.
        const posted = await postRunning(tx, [
          charge,
          { ...charge, project_id },
          charge,
          { ...charge, currency: 'JPY', amount_exact: '0.6' },
        ]);
        throw Object.assign(new Error('rolled back'), { posted });
      }),
    ).rejects.toEqual(expect.objectContaining({ posted: [0n, 0n, 1n, 1n] }));
  });
});

describe('thousands of transactions', () => {
  it('balance, at a cost that is a few statements', async () => {
    const count = 10_000;
    const transactions = Array.from({ length: count }, (_, index) => ({
      kind: 'bulk',
      idem_key: `bulk ${index}`,
      postings: billedLegs({
        currency: 'AUD',
        receivable: aud.receivable,
        revenue: aud.revenue,
        gross_minor: 100n,
        net_minor: 90n,
        partners: [{ account_id: aud.revenue, amount_minor: 10n }],
      }),
    }));
    const before = performance.now();
    await t.transact((tx) => postMany(tx, transactions));
    const took_ms = performance.now() - before;
    expect(took_ms).toBeLessThan(20_000);
    const [row] = await t.superuser<{ legs: string }>(
      "SELECT count(*) AS legs FROM posting p JOIN ledger_transaction USING (tenant_id, transaction_id) WHERE kind = 'bulk'",
    );
    expect(row!.legs).toBe('30000');
  });
});

it('leaves nothing for the audit to find', async () => {
  expect(await t.superuser("SELECT * FROM audit WHERE defect LIKE 'I%'")).toEqual([]);
});
