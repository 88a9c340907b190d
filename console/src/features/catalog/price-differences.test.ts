import { expect, it } from 'vitest';
import { priceDifferences } from './price-differences.ts';

it('names every place in which two prices differ, and no other', () => {
  const before = {
    model: 'graduated',
    included_quantity: '10',
    tiers: [
      { up_to: '100', unit_amount: '0.3' },
      { up_to: null, unit_amount: '0.2' },
    ],
  };
  const after = {
    model: 'graduated',
    tiers: [
      { up_to: '100', unit_amount: '0.3' },
      { up_to: '500', unit_amount: '0.25' },
      { up_to: null, unit_amount: '0.2' },
    ],
  };
  expect(priceDifferences(before, after)).toEqual([
    { place: 'tiers › 2 › up_to', before: 'no end', after: '500' },
    { place: 'tiers › 2 › unit_amount', before: '0.2', after: '0.25' },
    { place: 'tiers › 3 › up_to', before: null, after: 'no end' },
    { place: 'tiers › 3 › unit_amount', before: null, after: '0.2' },
    { place: 'included_quantity', before: '10', after: null },
  ]);
  expect(priceDifferences(after, { ...after })).toEqual([]);
});
