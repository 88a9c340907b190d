import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { add, formatDecimal, parseDecimal, subtract } from '../kernel/decimal.ts';
import { CodedError } from '../kernel/errors.ts';
import { checkPrice } from './check.ts';
import { autumn } from './elsewhere/autumn.fixture.ts';
import { flexprice } from './elsewhere/flexprice.fixture.ts';
import { killbill } from './elsewhere/killbill.fixture.ts';
import { lago } from './elsewhere/lago.fixture.ts';
import { lagoDocs } from './elsewhere/lago-docs.fixture.ts';
import { lagoProrated } from './elsewhere/lago-prorated.fixture.ts';
import { meteroid } from './elsewhere/meteroid.fixture.ts';
import { openmeter } from './elsewhere/openmeter.fixture.ts';
import { orb } from './elsewhere/orb.fixture.ts';
import { stripe } from './elsewhere/stripe.fixture.ts';
import type { Group, Split, Suite } from './elsewhere/suite.fixture.ts';
import { evaluate } from './evaluate.ts';

const suites: readonly Suite[] = [
  ...lago,
  ...lagoDocs,
  ...lagoProrated,
  ...openmeter,
  ...stripe,
  ...killbill,
  ...flexprice,
  ...autumn,
  ...meteroid,
  ...orb,
];
const page = readFileSync(new URL('../../docs/prices-from-elsewhere.md', import.meta.url), 'utf8');

describe.each(suites)('$product, $source', ({ groups }) => {
  it.each(groups)('$test', (group) => {
    for (const [usage, theirs, ours] of group.answers)
      expect(priced(group, usage), JSON.stringify(usage)).toBe(ours ?? formatted(group, theirs));
  });
});

describe('where another product’s answer is not ours', () => {
  const differing = suites.flatMap(({ groups }) => groups.filter(({ because }) => because !== undefined));

  it('has a heading on the page, which says why', () => {
    for (const { because, test } of differing) expect(page, test).toContain(`\n### ${because}\n`);
  });

  it('is marked, and nothing else is', () => {
    for (const { because, answers, test } of suites.flatMap(({ groups }) => groups))
      expect(
        answers.some(([, , ours]) => ours !== undefined),
        test,
      ).toBe(because !== undefined);
  });

  it('is named by its test on the page', () => {
    for (const { test } of differing) expect(page).toContain(test.split(/[:(]/)[0]!.trim());
  });
});

describe('the page', () => {
  const prices = [...page.matchAll(/```json\n([^`]+)```/g)].map(([, json]) => JSON.parse(json!) as unknown);

  it('shows prices that may be written', () => {
    expect(prices.length).toBeGreaterThan(25);
    for (const price of prices) expect(() => checkPrice(price, { currency: 'USD' }), JSON.stringify(price)).not.toThrow();
  });
});

/** What our price comes to, written as theirs is; or the code of our refusal. */
function priced(group: Group, usage: Group['answers'][number][0]): string {
  try {
    if (typeof usage === 'string') return costOf(group, { quantity: usage });
    if (isSplit(usage)) {
      const whole = formatDecimal(add(parseDecimal(usage.prior), parseDecimal(usage.quantity)));
      const [total, before] = [whole, usage.prior].map((quantity) => parseDecimal(costOf(group, { quantity })));
      return formatDecimal(subtract(total!, before!));
    }
    return costOf(group, { events: usage });
  } catch (thrown) {
    if (thrown instanceof CodedError) return thrown.code;
    throw thrown;
  }
}

function costOf(
  { price, currency, aggregation, allow_negative, rounded }: Group,
  usage: Pick<Parameters<typeof evaluate>[0], 'quantity' | 'events'>,
): string {
  const { amount, amount_exact } = evaluate({ currency: currency ?? 'USD', price, aggregation, allow_negative, ...usage });
  return rounded ? amount : amount_exact;
}

function formatted({ rounded }: Group, amount: string): string {
  return rounded ? amount : formatDecimal(parseDecimal(amount));
}

function isSplit(usage: Group['answers'][number][0]): usage is Split {
  return typeof usage === 'object' && 'prior' in usage;
}
