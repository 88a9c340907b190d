import { describe, expect, it } from 'vitest';
import { CodedError, defineErrors } from './errors.ts';
import { applyTransition, type Lifecycle, stateDiagram } from './lifecycle.ts';

const door: Lifecycle<'open' | 'shut' | 'walled up'> = {
  noun: 'entrance',
  begins: ['open'],
  transitions: { open: ['shut'], shut: ['open', 'walled up'], 'walled up': [] },
};
const errors = defineErrors({ door_transition: { status: 409, title: 'The door does not do this' } });

describe('a lifecycle', () => {
  it('answers the new state where the table has the step', () => {
    expect(applyTransition(door, { from: 'open', to: 'shut' }, errors.door_transition)).toBe('shut');
  });

  it('refuses any other step, to the state itself too, and names both states and what is allowed', () => {
    const refusal = (from: 'open' | 'walled up', to: 'open' | 'walled up') => {
      try {
        applyTransition(door, { from, to }, errors.door_transition);
      } catch (error) {
        return error as CodedError;
      }
      throw new Error('it was allowed');
    };
    const refused = refusal('open', 'walled up');
    expect(refused).toBeInstanceOf(CodedError);
    expect(refused).toMatchObject({
      code: 'door_transition',
      message: 'An entrance that is open cannot become walled up, only shut.',
      details: { extensions: { from: 'open', to: 'walled up', allowed: ['shut'] } },
    });
    expect(refusal('open', 'open').message).toBe('An entrance that is open cannot become open, only shut.');
    expect(refusal('walled up', 'open').message).toBe('An entrance that is walled up cannot become open, and nothing follows.');
  });

  it('is drawn from its table', () => {
    const cell: Lifecycle<'new' | 'used'> = { noun: 'cell', begins: ['new'], transitions: { new: ['used'], used: [] } };
    expect(stateDiagram(cell)).toBe('stateDiagram-v2\n    [*] --> new\n    new --> used\n    used --> [*]');
  });
});
