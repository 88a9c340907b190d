import { expect, it } from 'vitest';
import { CodedError } from '../kernel/errors.ts';
import { type EvaluateInput, evaluate } from './evaluate.ts';

/**
 * The price language sentence by sentence, each at its edges: what a request comes to (`amount_exact`, or another answer by
 * name), or by which code and at which pointer it is refused.
 */
export type Case = readonly [request: Omit<EvaluateInput, 'currency'> & { currency?: string }, expected: string | object];

export function holds(sentence: string, cases: readonly Case[]): void {
  it(sentence, () => {
    for (const [request, expected] of cases) {
      const answer = answerTo(request);
      if (typeof expected === 'string') expect(answer, JSON.stringify(request)).toBe(expected);
      else expect(evaluate({ currency: 'USD', ...request }), JSON.stringify(request)).toMatchObject(expected);
    }
  });
}

function answerTo(request: Case[0]): string {
  try {
    return evaluate({ currency: 'USD', ...request }).amount_exact;
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    expect(thrown.status).toBe(422);
    const [first] = thrown.details.errors ?? [];
    return first && first.code !== thrown.code
      ? `${thrown.code} ${first.pointer} ${first.code}`
      : `${thrown.code} ${first?.pointer}`;
  }
}

export const unit = (unit_amount: string, more: object = {}) => ({ model: 'unit', unit_amount, ...more });
export const tiers = (...list: readonly (readonly [string | null, object])[]) =>
  list.map(([up_to, terms]) => ({ up_to, ...terms }));
