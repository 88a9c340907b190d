import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ChargeInputs } from '../kernel/bundle.ts';
import { add, formatDecimal, parseDecimal } from '../kernel/decimal.ts';
import { CodedError } from '../kernel/errors.ts';
import { anyPrice, decimal, events, everyPrice, quantity } from './arbitrary.fixture.ts';
import { priceCharge } from './charge.ts';
import { checkPrice } from './check.ts';
import { evaluate } from './evaluate.ts';
import type { Price } from './language.ts';
import type { MeteredEvent } from './metered.ts';
import { oracleOfEvents } from './oracle.fixture.ts';

const RUNS = { numRuns: 10_000 };
vi.setConfig({ testTimeout: 300_000 });
const Wide = Decimal.clone({ precision: 300, toExpNeg: -1000, toExpPos: 1000 });
const sumOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum.plus(text), new Wide(0)).toFixed();
const USD = { currency: 'USD' };

describe('a price of any model', () => {
  it('equals an oracle written another way, over events', () => {
    fc.assert(
      fc.property(everyPrice, events, (price, given) => {
        const checked = checkPrice(price, USD);
        const expected = oracleOfEvents(checked, given);
        const answer = evaluate({ ...USD, price, events: given });
        expect(answer.amount_exact).toBe(expected.toFixed());
        expect(answer.amount).toBe(
          expected
            .plus(0)
            .toFixed(2, Decimal.ROUND_HALF_UP)
            .replace(/^-(0\.00)$/, '$1'),
        );
      }),
      RUNS,
    );
  });

  it('has steps that sum to the exact amount, whatever the aggregation, the sign and the fractions', () => {
    const fraction = fc.oneof(fc.constant(undefined), fc.constantFrom('0', '1', '0.25', '1/3', '11/30', '29/31'));
    const aggregation = fc.constantFrom('sum', 'count', 'max', 'min', 'latest', 'average');
    fc.assert(
      fc.property(
        everyPrice,
        events,
        fc.array(fraction, { minLength: 10, maxLength: 10 }),
        fc.boolean(),
        aggregation,
        (price, given, fractions, negative, how) => {
          const used = given.map((event, index) => ({
            ...event,
            quantity: negative && index % 3 === 1 ? `-${event.quantity}` : event.quantity,
            ...(how === 'sum' ? { fraction: fractions[index] } : {}),
          }));
          const answer = codedOr(() => evaluate({ ...USD, price, events: used, aggregation: how, allow_negative: true }));
          if (typeof answer === 'string') expect(['fraction_unsupported', 'running_total_negative']).toContain(answer);
          else expect(sumOf(answer.steps.map(({ amount }) => amount))).toBe(answer.amount_exact);
        },
      ),
      RUNS,
    );
  });

  it('is its own normal form once checked', () => {
    fc.assert(
      fc.property(everyPrice, (price) => {
        const checked = checkPrice(price, USD);
        expect(checkPrice(JSON.parse(JSON.stringify(checked)), USD)).toEqual(checked);
      }),
      RUNS,
    );
  });

  it('has an amount for every quantity within limits, or says why not in one of a few words', () => {
    const edge = fc.constantFrom('0', '0.000000000001', '1', '99999999999999999999999999.999999999999', '100000.01');
    const any = fc.oneof(edge, quantity, decimal(10n ** 26n - 1n, 12));
    fc.assert(
      fc.property(everyPrice, any, fc.boolean(), (price, given, negative) => {
        const answer = codedOr(() => evaluate({ ...USD, price, quantity: negative ? `-${given}` : given, allow_negative: true }));
        if (typeof answer === 'string') expect(answer).toBe(overEvents(price) ? 'events_required' : 'no answer at all');
        else expect(answer.amount).toMatch(/^-?\d+\.\d\d$/);
      }),
      RUNS,
    );
  });
});

describe('a period split into parts', () => {
  it('comes to what the whole comes to, each part priced on top of those before and billing the difference', () => {
    fc.assert(
      fc.property(
        anyPrice,
        fc.array(quantity, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('half_up', 'half_even', 'up', 'down'),
        (price, parts, rounding) => {
          const inputs = { ...USD, price: JSON.parse(JSON.stringify(price)), rounding, aggregation: 'sum' };
          const billed = { quantity: '0', amount: '0', amount_exact: '0' };
          for (const [index, part] of parts.entries()) {
            const open = index < parts.length - 1;
            const prior = index === 0 ? {} : { prior: { ...billed } };
            const charge = priceCharge({ ...inputs, quantity: part, open, ...prior } as ChargeInputs);
            expect(sumOf(charge.steps.map(({ amount }) => `${amount}`))).toBe(new Wide(charge.amount_exact).toFixed());
            for (const [name, more] of Object.entries({
              quantity: part,
              amount: charge.amount,
              amount_exact: charge.amount_exact,
            }))
              billed[name as keyof typeof billed] = formatDecimal(
                add(parseDecimal(billed[name as keyof typeof billed]), parseDecimal(more)),
              );
          }
          const whole = evaluate({ ...USD, price, quantity: billed.quantity, rounding });
          expect(billed.amount_exact).toBe(whole.amount_exact);
          // Nothing is left over by rounding: every part takes up what the ones before rounded away.
          expect(new Wide(billed.amount).toFixed(2)).toBe(whole.amount);
        },
      ),
      RUNS,
    );
  });

  it('comes to what evaluate says of all the events, whatever the model, each part pricing all that came so far less what was billed', () => {
    fc.assert(
      fc.property(
        everyPrice,
        events,
        fc.nat({ max: 10 }),
        fc.constantFrom('sum', 'count', 'max', 'latest', 'average'),
        (price, given, cut, aggregation) => {
          const metered = given.map((event, index) => ({ ...event, request_id: `r${index}` })) as MeteredEvent[];
          const inputs = {
            ...USD,
            price: JSON.parse(JSON.stringify(price)),
            rounding: 'half_up',
            aggregation,
            by_events: true,
            quantity: '0',
          };
          const first = priceCharge({ ...inputs, open: true }, metered.slice(0, cut));
          const { quantity: used, amount, amount_exact } = first;
          const last = priceCharge({ ...inputs, billed: { quantity: used, amount, amount_exact } }, metered);
          const whole = evaluate({ ...USD, price, events: metered as object[], aggregation });
          expect(sumOf([amount_exact, last.amount_exact])).toBe(new Wide(whole.amount_exact).toFixed());
          expect(new Wide(amount).plus(last.amount).toFixed(2)).toBe(whole.amount);
          for (const { steps, amount_exact: stated } of [first, last])
            expect(sumOf(steps.map((step) => `${step.amount}`))).toBe(new Wide(stated).toFixed());
        },
      ),
      RUNS,
    );
  });
});

/** The answer, or the code of a refusal, which must be a 422. Anything else that is thrown fails the property. */
function codedOr<T>(answer: () => T): T | string {
  try {
    return answer();
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    expect(thrown.status).toBe(422);
    return thrown.code;
  }
}

/** Whether a bare quantity cannot say enough: a matrix sends one to the first cell that asks for nothing, or to its default. */
function overEvents(price: Price): boolean {
  switch (price.model) {
    case 'percentage':
    case 'dynamic':
    case 'time_of_use':
      return true;
    case 'matrix':
      return overEvents((price.cells.find(({ match }) => Object.keys(match).length === 0) ?? { price: price.default! }).price);
    case 'flat':
    case 'graduated_percentage':
      return false;
    default:
      return price.bucket !== undefined;
  }
}
