import type { Clock } from '../../../platform/clock.ts';
import type { Principal } from '../../../platform/http.ts';
import { seal, unseal } from '../../../platform/keys.ts';
import type { SharedStore } from '../../../platform/redis.ts';
import { hashOf } from './tokens.ts';

/** How long a session is taken for granted where processes share a store: what ends or changes it holds everywhere within this. */
export const session_cached_ms = 1000;

/**
 * Sessions that all processes look up once a second together, instead of each for each request: a page of the console asks a dozen times
 * at once. Only those of staff of live tenants, as a test tenant's clock and an organization's subtree move between two requests. Sealed,
 * so that whoever reads or writes the store learns and forges nothing.
 */
export function keptSessions<S extends { principal: Principal }>(
  { shared, clock }: { shared?: SharedStore | null; clock: Clock },
  look: (token: string) => Promise<S>,
): { get(token: string): Promise<S>; forget(token: string): Promise<void> } {
  if (!shared) return { get: look, forget: async () => undefined };
  const placeOf = (token: string) => `tallystick:session:${hashOf(token).toString('base64url')}`;
  return {
    async get(token) {
      const place = placeOf(token);
      const sealed = await shared.ask((redis) => redis.getBuffer(place));
      const kept = sealed ? opened<S>(sealed, place) : null;
      if (kept) {
        const { scopes, session } = kept;
        return { ...session, principal: { ...session.principal, now: clock.now(), scopes: new Set(scopes) } };
      }
      const session = await look(token);
      const { principal } = session;
      if (principal.mode === 'live' && principal.org_ids === null) {
        const text = JSON.stringify({ session, scopes: [...principal.scopes] });
        await shared.ask((redis) => redis.set(place, seal(Buffer.from(text), place), 'PX', session_cached_ms));
      }
      return session;
    },
    async forget(token) {
      await shared.ask((redis) => redis.del(placeOf(token)));
    },
  };
}

/** Null for what was not sealed here, for this place. */
function opened<S>(sealed: Buffer, place: string): { session: S; scopes: string[] } | null {
  try {
    return JSON.parse(unseal(sealed, place).toString());
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}
