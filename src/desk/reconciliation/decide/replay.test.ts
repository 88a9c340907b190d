import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPLAY_STATUSES } from '../model.ts';
import { chunkOf, controlled, requireSelection, restAfter } from './replay.ts';

const code = (act: () => unknown) => {
  try {
    return act();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a replay', () => {
  it('is paused, resumed and cancelled from these states, and from no other', () => {
    const table = REPLAY_STATUSES.map((status) => [
      status,
      ...(['pause', 'resume', 'cancel'] as const).map((control) => code(() => controlled(status, control))),
    ]);
    expect(table).toEqual([
      ['queued', 'paused', 'replay_not_paused', 'cancelled'],
      ['running', 'paused', 'replay_not_paused', 'cancelled'],
      ['paused', 'replay_not_running', 'running', 'cancelled'],
      ['completed', 'replay_ended', 'replay_ended', 'replay_ended'],
      ['cancelled', 'replay_ended', 'replay_ended', 'replay_ended'],
      ['failed', 'replay_ended', 'replay_ended', 'replay_ended'],
    ]);
  });

  it('says what it selects, in an order of time', () => {
    const at = (from: string, to: string) => ({ from: `2025-01-0${from}T00:00:00Z`, to: `2025-01-0${to}T00:00:00Z` });
    expect(code(() => requireSelection({}))).toBe('replay_selection_invalid');
    expect(code(() => requireSelection({ dead_only: false }))).toBe('replay_selection_invalid');
    expect(code(() => requireSelection(at('2', '2')))).toBe('replay_selection_invalid');
    for (const selection of [at('1', '2'), { dead_only: true }, { types: ['invoice.generated'] }, { correlation_id: 'a' }])
      expect(code(() => requireSelection(selection))).toBeUndefined();
  });

  it('never sends more than its rate allows since it began', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }),
        (rate_per_second, delays) => {
          let [elapsed_ms, sent] = [0, 0];
          for (const delay of delays) {
            sent += chunkOf(rate_per_second);
            elapsed_ms += delay;
            elapsed_ms += restAfter(sent, { rate_per_second, elapsed_ms });
            expect((sent * 1000) / elapsed_ms).toBeLessThanOrEqual(rate_per_second);
          }
        },
      ),
    );
  });
});
