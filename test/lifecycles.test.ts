import { expect, it } from 'vitest';
import { readmes } from '../scripts/lifecycles.ts';
import { readSources } from './support/sources.ts';

it.each(readmes())(
  '$path draws the lifecycle that the program goes by; after a change run npm run lifecycles',
  ({ is, should }) => {
    expect(is).toBe(should);
  },
);

/** Statements that write a state, one for each lifecycle. */
const writes = /UPDATE (invoice|usage_state) |UPDATE org_entitlement \w* ?SET (?!ended_at|billed_until)/g;

it('only the one place in each room that applies its lifecycle writes a state', () => {
  const found = Object.entries(readSources(['src']))
    .filter(([path]) => !/\.test\.ts$/.test(path))
    .flatMap(([path, text]) => [...text.matchAll(writes)].map(() => path));
  expect(found.sort()).toEqual(['invoicing', 'rating', 'subscriptions'].map((room) => `src/billing/${room}/sql/lifecycle.ts`));
});
