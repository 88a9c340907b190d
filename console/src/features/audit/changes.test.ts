import { describe, expect, it } from 'vitest';
import { changesBetween } from './changes.ts';

describe('what changed', () => {
  it('names only the fields that differ', () => {
    expect(changesBetween({ status: 'open', n: 1 }, { status: 'void', n: 1, reason: 'wrong' })).toEqual([
      { field: 'status', before: 'open', after: 'void' },
      { field: 'reason', before: null, after: 'wrong' },
    ]);
  });

  it('is everything when there was nothing before', () => {
    expect(changesBetween(null, { name: 'a' })).toEqual([{ field: 'name', before: null, after: 'a' }]);
  });
});
