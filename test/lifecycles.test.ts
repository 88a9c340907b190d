import { expect, it } from 'vitest';
import { readmes } from '../scripts/lifecycles.ts';

it.each(readmes())(
  '$path draws the lifecycle that the program goes by; after a change run npm run lifecycles',
  ({ is, should }) => {
    expect(is).toBe(should);
  },
);
