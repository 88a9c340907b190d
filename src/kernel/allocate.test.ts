import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, allocateByDecimal } from './allocate.ts';
import { parseDecimal } from './decimal.ts';

describe('allocation', () => {
  it('gives the units left over to the largest remainders', () => {
    // 100 × 1/3 = 33 each, one left over, equal remainders: the first part gets it.
    expect(allocate(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
    // 10 × (7, 2, 1)/10 is even.
    expect(allocate(10n, [7n, 2n, 1n])).toEqual([7n, 2n, 1n]);
    // 5 × 1/6 = 0.83, 5 × 2/6 = 1.67, 5 × 3/6 = 2.5: whole 0, 1, 2; two left over for remainders 0.83 and 0.67.
    expect(allocate(5n, [1n, 2n, 3n])).toEqual([1n, 2n, 2n]);
  });

  it('mirrors a negative total', () => {
    expect(allocate(-100n, [1n, 1n, 1n])).toEqual([-34n, -33n, -33n]);
    expect(allocate(-5n, [1n, 2n, 3n])).toEqual([-1n, -2n, -2n]);
  });

  it('splits by decimal weights', () => {
    // 33.3 % and 66.7 % of 1000: 333 and 667.
    expect(allocateByDecimal(1000n, [parseDecimal('33.3'), parseDecimal('66.7')])).toEqual([333n, 667n]);
  });

  it('refuses weights that are negative or all zero', () => {
    expect(() => allocate(1n, [])).toThrow('allocation needs weights');
    expect(() => allocate(1n, [0n])).toThrow('allocation needs weights');
    expect(() => allocate(1n, [2n, -1n])).toThrow('allocation needs weights');
  });

  it('always sums to the whole, each part within one unit of its share, none for no weight', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), weights, (total, parts) => {
        const sum = parts.reduce((a, b) => a + b, 0n);
        fc.pre(sum > 0n);
        const allocated = allocate(total, parts);
        expect(allocated.reduce((a, b) => a + b, 0n)).toBe(total);
        for (const [index, part] of allocated.entries()) {
          const apart = part * sum - total * parts[index]!;
          expect(apart > -sum && apart < sum).toBe(true);
          if (parts[index] === 0n) expect(part).toBe(0n);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
