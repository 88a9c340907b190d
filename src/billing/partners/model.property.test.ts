import { Decimal as Oracle } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../kernel/decimal.ts';
import { splitGross } from './model.ts';

Oracle.set({ precision: 100 });

const gross = fc.bigInt({ min: -9_007_199_254_740_991n, max: 9_007_199_254_740_991n });
const pct = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => formatDecimal({ units: BigInt(hundredths), scale: 2 }));

describe('a split', () => {
  it('sums to the gross, and its share is what an independent calculation rounds', () => {
    fc.assert(
      fc.property(gross, pct, fc.constantFrom('half_up', 'half_even'), (gross_minor, percent, rounding) => {
        const { partner_minor, net_minor } = splitGross({ gross_minor, pct: percent, rounding });
        expect(partner_minor + net_minor).toBe(gross_minor);
        const exact = new Oracle(gross_minor.toString()).times(percent).div(100);
        const mode = rounding === 'half_up' ? Oracle.ROUND_HALF_UP : Oracle.ROUND_HALF_EVEN;
        expect(exact.toDecimalPlaces(0, mode).eq(partner_minor.toString())).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('of what is given back mirrors the split of what was taken', () => {
    fc.assert(
      fc.property(gross, pct, (gross_minor, percent) => {
        const taken = splitGross({ gross_minor, pct: percent });
        const back = splitGross({ gross_minor: -gross_minor, pct: percent });
        expect(back).toEqual({ partner_minor: -taken.partner_minor, net_minor: -taken.net_minor });
      }),
    );
  });

  it('by hand', () => {
    // 12.5 % of 1.00 is 12.5 cents, away from zero 13; of −1.00 −13; 33.33 % of 0.10 is 3.333 → 3.
    expect(splitGross({ gross_minor: 100n, pct: '12.5' })).toEqual({ partner_minor: 13n, net_minor: 87n });
    expect(splitGross({ gross_minor: -100n, pct: '12.50' })).toEqual({ partner_minor: -13n, net_minor: -87n });
    expect(splitGross({ gross_minor: 10n, pct: '33.33' })).toEqual({ partner_minor: 3n, net_minor: 7n });
    expect(splitGross({ gross_minor: 1n, pct: '100' })).toEqual({ partner_minor: 1n, net_minor: 0n });
  });

  it.each(['100.01', '-1', '1.234'])('at %s percent is a defect of the program', (percent) => {
    expect(() => splitGross({ gross_minor: 1n, pct: percent })).toThrow('commission rate');
  });
});
