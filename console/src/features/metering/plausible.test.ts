import { expect, it } from 'vitest';
import type { Reading, Register } from '../../api/types.ts';
import { plausibility } from './plausible.ts';

const register: Register = {
  register: '1',
  sku: 'water',
  unit: 'm3',
  direction: 'import',
  kind: 'cumulative',
  every_minutes: null,
  digits: null,
  multiplier: '1',
};
const last = {
  time: '2025-02-01T00:00:00Z',
  value: '150.5',
  usage: { time: '2025-01-02T00:00:00Z', quantity: '30' },
} as Reading;
const on = (day: string) => `2025-02-${day}T00:00:00Z`;

it('says what a value would come to, and doubts what falls, comes before, or is ten times as much a day', () => {
  expect(plausibility(register, '160', on('11'), last)).toEqual({ doubtful: false, text: '9.5 m3 in 10 days.' });
  // 30 m3 in 30 days before: 100 in 10 days is ten times as much, 100.5 is more
  expect(plausibility(register, '250.5', on('11'), last)?.doubtful).toBe(false);
  expect(plausibility(register, '251', on('11'), last)?.doubtful).toBe(true);
  expect(plausibility(register, '150.4', on('11'), last)?.text).toContain('wait for review');
  expect(plausibility({ ...register, digits: 5 }, '3', on('11'), last)?.text).toContain('through zero');
  expect(plausibility(register, '100', '2025-01-15T00:00:00Z', last)?.doubtful).toBe(true);
});

it('says nothing of what is no number yet, or of an interval', () => {
  expect(plausibility(register, '15.', on('11'), last)).toBeNull();
  expect(plausibility(register, '151', '', last)).toBeNull();
  expect(plausibility({ ...register, kind: 'interval' }, '151', on('11'), last)).toBeNull();
  expect(plausibility(register, '151', on('11'), null)?.text).toContain('first reading');
});
