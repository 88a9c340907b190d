import { describe, expect, it } from 'vitest';
import { isCrossSite, lockSeconds, networkOf, requireRoleHeld, requireScopesHeld } from './decide.ts';
import { roles, scopes, scopesOf } from './model.ts';

describe('a key or a member', () => {
  it('is given no scope that its giver lacks', () => {
    const held = new Set(['usage:read', 'keys:write']);
    expect(() => requireScopesHeld(['usage:read'], held, false)).not.toThrow();
    expect(() => requireScopesHeld(['usage:read', 'usage:write'], held, false)).toThrow(
      expect.objectContaining({ code: 'scope_not_held' }),
    );
    expect(() => requireScopesHeld(['*'], held, false)).toThrow(expect.objectContaining({ code: 'scope_not_held' }));
    expect(() => requireScopesHeld(['*', 'audit:read'], new Set(['*']), false)).not.toThrow();
  });

  it('is given no scope that does not exist, not even by who holds all', () => {
    expect(() => requireScopesHeld(['everything:write'], new Set(['*']), false)).toThrow(
      expect.objectContaining({
        code: 'scope_unknown',
        details: expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/scopes/0' })] }),
      }),
    );
  });

  it('that is bound to one organization is given no scope whose routes reach beyond it', () => {
    expect(() => requireScopesHeld(['usage:read'], new Set(['*']), true)).not.toThrow();
    for (const scope of ['*', 'billing:write', 'catalog:read', 'keys:write']) {
      expect(() => requireScopesHeld([scope], new Set(['*']), true)).toThrow(
        expect.objectContaining({ code: 'scope_not_boundable' }),
      );
    }
  });

  it('is given no role that holds more than its giver', () => {
    const own = { is_own: true };
    expect(() => requireRoleHeld('admin', own, scopesOf('technical', own))).toThrow(
      expect.objectContaining({ code: 'role_not_held' }),
    );
    expect(() => requireRoleHeld('user', own, scopesOf('finance', own))).not.toThrow();
    expect(() => requireRoleHeld('admin', { is_own: false }, scopesOf('admin', { is_own: false }))).not.toThrow();
  });

  it('has a role made of scopes that exist; a party never writes anything but its members and webhooks', () => {
    for (const role of roles) {
      for (const is_own of [true, false]) for (const scope of scopesOf(role, { is_own })) expect(scopes).toContain(scope);
      const writes = [...scopesOf(role, { is_own: false })].filter((scope) => !scope.endsWith(':read'));
      expect(writes.filter((scope) => scope !== 'members:write' && scope !== 'webhooks:write')).toEqual([]);
    }
  });
});

describe('the brake on sign-in', () => {
  it('is free for the first failures, then doubles from five seconds to fifteen minutes', () => {
    // the fifth failure waits 5 s, the sixth 10 s, the seventh 20 s; 5 × 2^8 = 1280 is over 900
    expect([1, 4, 5, 6, 7, 13].map((failures) => lockSeconds('account_at_address', failures))).toEqual([0, 0, 5, 10, 20, 900]);
    expect(lockSeconds('account', 29)).toBe(0);
    expect(lockSeconds('address', 100)).toBe(5);
    expect(lockSeconds('address', 100_000)).toBe(900);
  });

  it('counts a household of IPv6 addresses as one, and an IPv4 address as itself', () => {
    expect(networkOf('203.0.113.7')).toBe('203.0.113.7');
    expect(networkOf('::ffff:203.0.113.7')).toBe('::ffff:203.0.113.7');
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:0DB8:0001:0002::9')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
  });
});

describe('a request', () => {
  it('is of another site only when the browser says so', () => {
    expect(['cross-site', 'same-site'].map(isCrossSite)).toEqual([true, true]);
    expect(['same-origin', 'none', undefined].map(isCrossSite)).toEqual([false, false, false]);
  });
});
