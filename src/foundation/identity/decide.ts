import { errors } from './errors.ts';
import { boundable, type Role, scopes, scopesOf } from './model.ts';

/** Throws unless every scope exists (`scope_unknown`), its giver has it (`scope_not_held`), and it fits a key that is `bound` to an organization (`scope_not_boundable`). */
export function requireScopesHeld(asked: readonly string[], held: ReadonlySet<string>, bound: boolean): void {
  for (const [index, scope] of asked.entries()) {
    const fault = (code: string, detail: string) => ({ detail, errors: [{ pointer: `/scopes/${index}`, code, detail }] });
    if (!scopes.includes(scope)) throw errors.scope_unknown(fault('scope_unknown', `There is no scope ${scope}.`));
    if (!held.has('*') && !held.has(scope))
      throw errors.scope_not_held(fault('scope_not_held', `You do not have the scope ${scope}.`));
    if (bound && !boundable.includes(scope)) {
      throw errors.scope_not_boundable(
        fault('scope_not_boundable', `A key of one organization can have ${boundable.join(', ')}.`),
      );
    }
  }
}

/** Nobody makes another more powerful than themselves. */
export function requireRoleHeld(role: Role, organization: { is_own: boolean }, held: ReadonlySet<string>): void {
  if (held.has('*')) return;
  const beyond = [...scopesOf(role, organization)].filter((scope) => !held.has(scope));
  if (beyond.length > 0) throw errors.role_not_held({ detail: `The role ${role} holds ${beyond.join(', ')}, which you do not.` });
}

export type ThrottleKind = 'account_at_address' | 'account' | 'address';

/**
 * How many sign-ins may fail before the next must wait: few for one account from one address, more for an account from
 * anywhere (so that others cannot lock its owner out cheaply), more again for an address (an office shares one).
 */
export const free_failures: Readonly<Record<ThrottleKind, number>> = { account_at_address: 5, account: 30, address: 100 };

/** After this long without a failure the count starts anew. */
export const forgotten_after_s = 3600;

/** Seconds to wait after the given number of failures: none while free, then 5, 10, 20, … at most fifteen minutes. */
export function lockSeconds(kind: ThrottleKind, failures: number): number {
  const over = failures - free_failures[kind];
  return over < 0 ? 0 : Math.min(5 * 2 ** over, 900);
}

/** `lockSeconds` for one failure, two, three, …, up to the longest wait. */
export function lockTable(kind: ThrottleKind): number[] {
  return Array.from({ length: free_failures[kind] + 9 }, (_, index) => lockSeconds(kind, index + 1));
}

/** The network that an address counts for: itself, or its /64 for IPv6, where one household has 2^64 of them. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(8 - before.length - after.length, 0) }, () => '0');
  const groups = [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ''));
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** Whether a browser says that the request comes from a page of another site (W3C Fetch Metadata). Other clients say nothing. */
export function isCrossSite(sec_fetch_site: string | undefined): boolean {
  return sec_fetch_site !== undefined && sec_fetch_site !== 'same-origin' && sec_fetch_site !== 'none';
}
