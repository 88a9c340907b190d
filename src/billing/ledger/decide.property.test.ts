import { Decimal as Oracle } from 'decimal.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { add, formatDecimal, parseDecimal, ZERO } from '../../kernel/decimal.ts';
import { currencyDecimals } from '../../kernel/money.ts';
import { correctLine, runOn } from './decide.ts';
import type { Line } from './model.ts';

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

it('a line cut into parts gives back exactly itself, and no party ever more than it has', () => {
  const gross = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(gross, fc.bigInt({ min: 0n, max: 10_000n }), cuts, (gross_minor, hundredths, parts) => {
      const partner_minor = (gross_minor * hundredths) / 10_000n;
      const line = lineOf(gross_minor, partner_minor);
      const corrections: Line[] = [];
      const left = (of: (line: Line) => bigint) => corrections.reduce((sum, each) => sum + of(each), of(line));
      const correct = (credit_minor: bigint) => {
        const made = correctLine(line, corrections, { entry_id: 'c', corrects: 'l', credit_minor });
        corrections.push({ ...line, ...made, status: 'pending', corrects: 'l' });
        expect(made.partner_minor + made.net_minor).toBe(-credit_minor);
        expect(made.whole).toBe(left((each) => each.gross_minor) === 0n);
        for (const of of [(each: Line) => each.gross_minor, (each: Line) => each.partner_minor, (each: Line) => each.net_minor]) {
          const [rest, whole] = [left(of), of(line)];
          expect(whole < 0n ? rest <= 0n && rest >= whole : rest >= 0n && rest <= whole).toBe(true);
        }
      };
      for (const part of parts) {
        const rest = left((each) => each.gross_minor);
        const credit_minor = (rest * BigInt(Math.floor(part * 1000))) / 1000n;
        if (credit_minor !== 0n && credit_minor !== rest) correct(credit_minor);
      }
      correct(left((each) => each.gross_minor));
      expect([left((each) => each.gross_minor), left((each) => each.partner_minor), left((each) => each.net_minor)]).toEqual([
        0n,
        0n,
        0n,
      ]);
      for (const text of ['quantity', 'amount_exact'] as const) {
        const sum = corrections.reduce((total, each) => add(total, parseDecimal(each[text])), parseDecimal(line[text]));
        expect(formatDecimal(sum)).toBe('0');
      }
    }),
    { numRuns: 2000 },
  );
});

function lineOf(gross_minor: bigint, partner_minor: bigint): Line {
  return {
    entry_id: 'l',
    org_id: 'o',
    project_id: null,
    sku: 'call',
    quantity: '12.5',
    amount_exact: '49.625',
    gross_minor,
    currency: 'AUD',
    partner_id: 'p',
    partner_pct: '15',
    partner_minor,
    net_minor: gross_minor - partner_minor,
    status: 'pending',
    charge_id: 'c',
    invoice_id: 'i',
    period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
    corrects: null,
    created_at: '2026-02-01T00:00:00Z',
  };
}
