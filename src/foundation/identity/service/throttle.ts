import type pg from 'pg';
import { forgotten_after_s, lockTable, networkOf, type ThrottleKind } from '../decide.ts';
import { errors } from '../errors.ts';
import { countFailure, forgiveThrottles, readThrottles } from '../sql/lookup.ts';
import type { IdentityDeps } from './authenticate.ts';
import { hashOf } from './tokens.ts';

/**
 * Runs an attempt to prove who somebody is. Each attempt counts as failed until it succeeds, for its account at its address, for
 * the account and for the address, so that attempts made at once do not slip past the limit. Throws `sign_in_throttled`.
 */
export async function throttled<T>(
  { postgres, clock }: Pick<IdentityDeps, 'postgres' | 'clock'>,
  who: { email: string; remote_address: string },
  attempt: () => Promise<T>,
): Promise<T> {
  const auth = postgres.pool('auth');
  const wall = clock.now();
  const [email, network] = [who.email.toLowerCase(), networkOf(who.remote_address)];
  const keys: { kind: ThrottleKind; key: Buffer }[] = [
    { kind: 'account_at_address', key: hashOf(`${email}\n${network}`) },
    { kind: 'account', key: hashOf(email) },
    { kind: 'address', key: hashOf(network) },
  ];
  for (const entry of keys) {
    const counted = await countFailure(auth, { ...entry, at: wall.toString(), forgotten_after_s, lock_s: lockTable(entry.kind) });
    if (!counted) throw await lockedOut(auth, keys, wall);
  }
  const result = await attempt();
  await forgiveThrottles(auth, keys, wall.toString());
  return result;
}

async function lockedOut(
  auth: pg.Pool,
  keys: readonly { kind: ThrottleKind; key: Buffer }[],
  wall: Temporal.Instant,
): Promise<Error> {
  const rows = await readThrottles(auth, keys);
  const waits = rows.map((row) => Math.ceil(wall.until(Temporal.Instant.from(row.locked_until)).total('seconds')));
  const seconds = Math.max(1, ...waits);
  return errors.sign_in_throttled({ detail: `Try again in ${seconds} s.`, headers: { 'retry-after': String(seconds) } });
}
