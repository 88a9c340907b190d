import { describe, expect, it } from 'vitest';
import { parseDecimal, ZERO } from '../../kernel/decimal.ts';
import { assertBalanced, runOn } from './decide.ts';
import { billedLegs, paidLegs } from './model.ts';

const NOTHING_RUN = { amount_exact: ZERO, posted_minor: 0n };

const aud = { currency: 'AUD', rounding: 'half_up' } as const;
const run = (...amounts: string[]) => runOn(NOTHING_RUN, amounts.map(parseDecimal), aud).posts_minor;

describe('a running total', () => {
  it('posts what a charge adds to the rounded total', () => {
    // Totals 0.004, 0.008, 0.012, 0.016 round to 0, 1, 1, 2 cents.
    expect(run('0.004', '0.004', '0.004', '0.004')).toEqual([0n, 1n, 0n, 1n]);
  });

  it('rounds halves away from zero, on both sides', () => {
    expect(run('0.005')).toEqual([1n]);
    expect(run('-0.005')).toEqual([-1n]);
    // 0.005 → 1 cent, then 0.000 → 0: the cent is taken back.
    expect(run('0.005', '-0.005')).toEqual([1n, -1n]);
  });

  it('rounds halves to even where the tenant chose so', () => {
    expect(runOn(NOTHING_RUN, [parseDecimal('0.005')], { currency: 'AUD', rounding: 'half_even' }).posts_minor).toEqual([0n]);
  });

  it('goes on from where it stood', () => {
    const { after, posts_minor } = runOn(
      { amount_exact: parseDecimal('9.994'), posted_minor: 999n },
      [parseDecimal('0.001')],
      aud,
    );
    // 9.995 → 1000 cents.
    expect(posts_minor).toEqual([1n]);
    expect(after).toEqual({ amount_exact: parseDecimal('9.995'), posted_minor: 1000n });
  });
});

describe('the legs of what is billed', () => {
  const accounts = { currency: 'AUD', receivable: 'r', revenue: 'v' };

  it('are owed by the customer, earned by the tenant, owed to the partner and the tax office', () => {
    // 100.00 + 10.00 tax = 90.00 net + 10.00 share + 10.00 tax.
    const legs = billedLegs({
      ...accounts,
      gross_minor: 10_000n,
      net_minor: 9_000n,
      partners: [{ account_id: 'p', amount_minor: 1_000n }],
      tax: { account_id: 't', amount_minor: 1_000n },
    });
    expect(legs.map((leg) => [leg.account_id, leg.amount_minor])).toEqual([
      ['r', 11_000n],
      ['v', -9_000n],
      ['p', -1_000n],
      ['t', -1_000n],
    ]);
    assertBalanced({ kind: 'invoice', idem_key: 'a', postings: legs });
  });

  it('leave out what is zero: nothing billed is no leg', () => {
    expect(billedLegs({ ...accounts, gross_minor: 0n, net_minor: 0n })).toEqual([]);
    expect(
      billedLegs({ ...accounts, gross_minor: 1n, net_minor: 1n, partners: [{ account_id: 'p', amount_minor: 0n }] }),
    ).toHaveLength(2);
  });

  it('stay two when lines cancel out but their shares do not', () => {
    // +100 at 0 % and −100 at 10 %: the customer owes nothing, the partner gives 10 back, the tenant bears it.
    const legs = billedLegs({
      ...accounts,
      gross_minor: 0n,
      net_minor: 10n,
      partners: [{ account_id: 'p', amount_minor: -10n }],
    });
    expect(legs.map((leg) => [leg.account_id, leg.amount_minor])).toEqual([
      ['v', -10n],
      ['p', 10n],
    ]);
  });

  it('of a payment move it from receivable to cash', () => {
    const legs = paidLegs({ currency: 'AUD', cash: 'c', receivable: 'r', amount_minor: 5n });
    expect(legs.map((leg) => [leg.account_id, leg.amount_minor])).toEqual([
      ['c', 5n],
      ['r', -5n],
    ]);
  });
});

it.each([
  ['one leg', [{ account_id: 'a', currency: 'AUD', amount_minor: 1n }]],
  [
    'a leg of zero',
    [
      { account_id: 'a', currency: 'AUD', amount_minor: 0n },
      { account_id: 'b', currency: 'AUD', amount_minor: 0n },
    ],
  ],
  [
    'two currencies that only cancel as numbers',
    [
      { account_id: 'a', currency: 'AUD', amount_minor: 1n },
      { account_id: 'b', currency: 'USD', amount_minor: -1n },
    ],
  ],
])('a transaction with %s is a defect of the program', (_what, postings) => {
  expect(() => assertBalanced({ kind: 'test', idem_key: 'a', postings })).toThrow('ledger transaction');
});
