import { expect, it } from 'vitest';
import { durationOf, graceOf, graceText } from './grace.ts';

it.each([
  ['PT6H', 6, 0, '6 h'],
  ['P1DT6H30M', 30, 30, '30 h 30 min'],
  ['PT90M', 1, 30, '1 h 30 min'],
  ['PT5400S', 1, 30, '1 h 30 min'],
  ['PT0S', 0, 0, 'at once'],
  ['P14D', 336, 0, '336 h'],
])('reads %s as hours and minutes', (duration, hours, minutes, text) => {
  expect(graceOf(duration)).toEqual({ hours, minutes });
  expect(graceText(duration)).toBe(text);
});

it('writes what it reads', () => {
  expect(graceOf(durationOf({ hours: 300, minutes: 59 }))).toEqual({ hours: 300, minutes: 59 });
});
