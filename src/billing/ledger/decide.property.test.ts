import { Decimal as Oracle } from 'decimal.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDecimal, parseDecimal, ZERO } from '../../kernel/decimal.ts';
import { currencyDecimals } from '../../kernel/money.ts';
import { runOn } from './decide.ts';

const NOTHING_RUN = { amount_exact: ZERO, posted_minor: 0n };

Oracle.set({ precision: 200 });

const amount = fc
  .tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.integer({ min: 0, max: 20 }))
  .map(([units, scale]) => formatDecimal({ units, scale }));

it('what was posted is the rounded exact total, after every charge, whoever rounds', () => {
  fc.assert(
    fc.property(
      fc.array(amount, { maxLength: 30 }),
      fc.constantFrom('AUD', 'JPY', 'KWD'),
      fc.constantFrom('half_up', 'half_even'),
      (amounts, currency, rounding) => {
        const { after, posts_minor } = runOn(NOTHING_RUN, amounts.map(parseDecimal), { currency, rounding });
        let [total, posted] = [new Oracle(0), new Oracle(0)];
        for (const [index, each] of amounts.entries()) {
          total = total.plus(each);
          posted = posted.plus(posts_minor[index]!.toString());
          const mode = rounding === 'half_up' ? Oracle.ROUND_HALF_UP : Oracle.ROUND_HALF_EVEN;
          const rounded = total
            .toDecimalPlaces(currencyDecimals(currency), mode)
            .times(new Oracle(10).pow(currencyDecimals(currency)));
          expect(posted.eq(rounded)).toBe(true);
        }
        expect(new Oracle(formatDecimal(after.amount_exact)).eq(total)).toBe(true);
      },
    ),
  );
});

it('in one go and one after another, charges post the same', () => {
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 20 }), fc.nat(20), (amounts, cut) => {
      const decimals = amounts.map(parseDecimal);
      const together = runOn(NOTHING_RUN, decimals, { currency: 'AUD', rounding: 'half_up' });
      const first = runOn(NOTHING_RUN, decimals.slice(0, cut), { currency: 'AUD', rounding: 'half_up' });
      const second = runOn(first.after, decimals.slice(cut), { currency: 'AUD', rounding: 'half_up' });
      expect([...first.posts_minor, ...second.posts_minor]).toEqual(together.posts_minor);
    }),
  );
});
