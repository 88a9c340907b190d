import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseDecimal } from '../kernel/decimal.ts';
import { exact, formatExact } from '../kernel/exact.ts';
import { anyPrice, decimal, flag, quantity, rate, tiers } from './arbitrary.fixture.ts';
import { checkPrice } from './check.ts';
import { compilePrice } from './compile.ts';
import { amountOf, evaluate, evaluateCompiled } from './evaluate.ts';
import { oracle } from './oracle.fixture.ts';

const RUNS = { numRuns: 10_000 };
vi.setConfig({ testTimeout: 300_000 });
const Wide = Decimal.clone({ precision: 300, toExpNeg: -1000, toExpPos: 1000 });

const compile = (price: object) => compilePrice(checkPrice(price, { currency: 'USD' }), 'USD');
const run = (price: object, given: string, more: object = {}) => evaluate({ currency: 'USD', price, quantity: given, ...more });

describe('every price over a quantity', () => {
  it('equals an oracle written another way', () => {
    fc.assert(
      fc.property(anyPrice, quantity, (price, given) => {
        const expected = oracle(price, given);
        const result = run(price, given);
        expect(result.amount_exact).toBe(expected.toFixed());
        expect(result.amount).toBe(expected.toFixed(2, Decimal.ROUND_HALF_UP));
      }),
      RUNS,
    );
  });

  it('costs the same by the short way, without steps', () => {
    fc.assert(
      fc.property(anyPrice, quantity, (price, given) => {
        const compiled = compile(price);
        expect(formatExact(amountOf(compiled, parseDecimal(given)))).toBe(
          evaluateCompiled(compiled, { quantity: given }).amount_exact,
        );
      }),
      RUNS,
    );
  });

  it('is mirrored below zero, apart from flat amounts, minimum and amount discounts', () => {
    fc.assert(
      fc.property(anyPrice, quantity, (price, given) => {
        const bare = {
          ...price,
          minimum_amount: undefined,
          discounts: price.discounts?.filter((one) => !('amount' in one)),
          ...('tiers' in price ? { tiers: price.tiers.map((tier) => ({ ...tier, flat_amount: undefined })) } : {}),
        };
        const negative = run(price, `-${given}`, { allow_negative: true });
        // Minus nothing is nothing, and then the price is not below zero.
        if (new Wide(given).isZero()) return;
        expect(new Wide(negative.amount_exact).negated().plus(0).toFixed()).toBe(
          new Wide(run(bare, given).amount_exact).toFixed(),
        );
        expect(new Wide(negative.amount).negated().toFixed()).toBe(new Wide(run(bare, given).amount).toFixed());
      }),
      RUNS,
    );
  });
});

describe('graduated prices', () => {
  const plainTiers = tiers.map((list) => list.map(({ up_to, unit_amount }) => ({ up_to, unit_amount })));

  it('never fall as the quantity rises, where no amount is negative', () => {
    fc.assert(
      fc.property(tiers, flag, quantity, quantity, (list, first_tier_flat_at_zero, a, b) => {
        const compiled = compile({ model: 'graduated', tiers: list, first_tier_flat_at_zero });
        const [low, high] = new Wide(a).lessThan(b) ? [a, b] : [b, a];
        const [less, more] = [low, high].map((given) => new Wide(evaluateCompiled(compiled, { quantity: given }).amount_exact));
        expect(less!.lessThanOrEqualTo(more!)).toBe(true);
      }),
      RUNS,
    );
  });

  it('are continuous at each boundary, where they have no flat amounts', () => {
    fc.assert(
      fc.property(plainTiers, (list) => {
        const compiled = compile({ model: 'graduated', tiers: list });
        const at = (given: string) => new Wide(evaluateCompiled(compiled, { quantity: given }).amount_exact);
        const hair = new Wide('0.000000000001');
        list.forEach(({ up_to }, index) => {
          if (up_to === null) return;
          const after = at(new Wide(up_to).plus(hair).toFixed()).minus(at(up_to));
          const before = at(up_to).minus(at(new Wide(up_to).minus(hair).toFixed()));
          // A hair past the boundary costs a hair of the next tier; a hair before it, a hair of this one.
          expect(after.toFixed()).toBe(hair.times(list[index + 1]!.unit_amount ?? 0).toFixed());
          expect(before.toFixed()).toBe(hair.times(list[index]!.unit_amount ?? 0).toFixed());
        });
      }),
      RUNS,
    );
  });
});

describe('events', () => {
  const START = Temporal.Instant.from('2026-03-28T00:00:00Z');
  const event = fc
    .record({ quantity: decimal(10n ** 4n, 3), minutes: fc.nat({ max: 4000 }), key: fc.constantFrom('a', 'b', 'c') })
    .map(({ quantity: given, minutes, key }) => ({
      quantity: given,
      time: START.add({ minutes }).toString(),
      properties: { key },
    }));
  const events = fc.array(event, { maxLength: 12 });
  const runEvents = (price: object, given: object[], more: object = {}) =>
    evaluate({ currency: 'USD', price, events: given, ...more });
  const totalOf = (given: { quantity: string }[]) => given.reduce((sum, one) => sum.plus(one.quantity), new Wide(0)).toFixed();

  it('cost what their sum costs', () => {
    fc.assert(
      fc.property(anyPrice, events, (price, given) => {
        expect(runEvents(price, given).amount_exact).toBe(run(price, totalOf(given)).amount_exact);
      }),
      RUNS,
    );
  });

  it('cost the same in a single cell, a single band and a single bucket', () => {
    fc.assert(
      fc.property(anyPrice, fc.array(event, { minLength: 1, maxLength: 8 }), (price, given) => {
        const plain = runEvents(price, given).amount_exact;
        expect(runEvents({ model: 'matrix', dimensions: ['key'], cells: [{ match: {}, price }] }, given).amount_exact).toBe(
          plain,
        );
        expect(
          runEvents({ model: 'time_of_use', time_zone: 'Europe/Berlin', bands: [], default: price }, given).amount_exact,
        ).toBe(plain);
        expect(runEvents({ ...price, bucket: 'P1Y' }, given).amount_exact).toBe(plain);
      }),
      RUNS,
    );
  });

  it('use an outer included quantity of one cell as a plain price does, corrections and all', () => {
    const signed = fc.array(
      fc
        .tuple(event, fc.boolean())
        .map(([one, negative]) => ({ ...one, quantity: negative ? `-${one.quantity}` : one.quantity })),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(signed, decimal(10n ** 4n, 3), rate, (given, included_quantity, unit_amount) => {
        const unit = { model: 'unit', unit_amount };
        const plain = runEvents({ ...unit, included_quantity }, given, { allow_negative: true });
        const matrix = { model: 'matrix', dimensions: ['key'], cells: [{ match: {}, price: unit }], included_quantity };
        expect(runEvents(matrix, given, { allow_negative: true }).amount_exact).toBe(plain.amount_exact);
      }),
      RUNS,
    );
  });

  it('cost the whole price when every unit is held for the whole period', () => {
    fc.assert(
      fc.property(anyPrice, fc.array(event, { minLength: 1, maxLength: 8 }), (price, given) => {
        const held = given.map((one) => ({ ...one, fraction: '1/1' }));
        expect(runEvents(price, held).amount_exact).toBe(runEvents(price, given).amount_exact);
      }),
      RUNS,
    );
  });
});

describe('the amount of an average', () => {
  it('is rounded from the exact total, in every sense', () => {
    const senses = {
      half_up: Decimal.ROUND_HALF_UP,
      half_even: Decimal.ROUND_HALF_EVEN,
      up: Decimal.ROUND_UP,
      down: Decimal.ROUND_DOWN,
    } as const;
    fc.assert(
      fc.property(
        fc.array(decimal(10n ** 4n, 3), { minLength: 1, maxLength: 9 }),
        rate,
        fc.constantFrom(...(Object.keys(senses) as (keyof typeof senses)[])),
        (quantities, unit_amount, rounding) => {
          const events = quantities.map((given) => ({ quantity: given }));
          const result = evaluate({
            currency: 'USD',
            price: { model: 'unit', unit_amount },
            events,
            aggregation: 'average',
            rounding,
          });
          const total = quantities.reduce((sum, given) => sum.plus(given), new Wide(0)).times(unit_amount);
          expect(result.amount).toBe(total.dividedBy(quantities.length).toFixed(2, senses[rounding]));
          expect(exact(parseDecimal(result.amount_exact)).scale).toBeLessThanOrEqual(18);
        },
      ),
      RUNS,
    );
  });
});
