import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { emptyFilter, filterOf, keyHash } from './decide/filter.ts';

const key = (n: number) => createHash('sha256').update(`${n}`).digest('hex').slice(0, 32);

it('never denies a key it was given, and rarely knows one it was not', () => {
  const count = 50_000;
  const filter = emptyFilter(count);
  for (let n = 0; n < count; n += 1) filter.add(keyHash(key(n)));
  // 24 bits a key.
  expect(filter.bytes.length).toBe((count * 24) / 8 + 16);
  const copy = filterOf(Buffer.from(filter.bytes));
  let wrong = 0;
  for (let n = 0; n < count; n += 1) {
    expect(copy.mayHold(keyHash(key(n)))).toBe(true);
    if (copy.mayHold(keyHash(key(count + n)))) wrong += 1;
  }
  // About one in 6,000 is expected: 8 of 50,000.
  expect(wrong).toBeLessThan(25);
});

it('reads a key with hyphens as it reads one without', () => {
  expect(keyHash('01234567-89ab-cdef-0123-456789abcdef')).toEqual({ high: 0x01234567, low: 0x89abcdef });
  expect(keyHash('0123456789abcdef0123456789abcdef')).toEqual({ high: 0x01234567, low: 0x89abcdef });
});

it('holds nothing while it is empty', () => {
  expect(emptyFilter(0).mayHold(keyHash(key(1)))).toBe(false);
});
