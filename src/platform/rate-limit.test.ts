import { expect, it } from 'vitest';
import { createRateLimiter } from './rate-limit.ts';

it('those of one IPv6 network are one caller, and IPv4 addresses one each, however they are written', async () => {
  const limiter = createRateLimiter({ limit: 1, shared: null });
  const take = (address: string) =>
    limiter.take({ address }).then(
      () => 'taken',
      (error: { code: string }) => error.code,
    );
  expect(await take('2001:db8:1:2::1')).toBe('taken');
  expect(await take('2001:db8:1:2:ffff::9')).toBe('rate_limited');
  expect(await take('2001:db8:1:3::1')).toBe('taken');
  expect(await take('192.0.2.1')).toBe('taken');
  expect(await take('::ffff:192.0.2.1')).toBe('rate_limited');
  expect(await take('192.0.2.2')).toBe('taken');
});
